"""The mistakes that teams usually make with OKRs and with their telemetry, numbered, each with what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Mistake:
    """A mistake that definitions or data show.

    Attributes:
        title: what is done wrong.
        codes: of the findings that show it.
        why: what it costs.
        remedy: what to do; the finding itself says it of its subject.
    """

    title: str
    codes: tuple[str, ...]
    why: str
    remedy: str


MISTAKES: Mapping[int, Mistake] = {
    number: Mistake(*row)
    for number, row in enumerate(
        (
            (
                "a target without a start",
                ("no_baseline",),
                "nobody knows how far the way is, so there is no progress",
                "write `from`, or have it measured with `baseline: {over: 90d}`",
            ),
            (
                "a promise without numbers",
                ("no_numbers",),
                "in the end everybody has reached it, or nobody",
                "say from where to where",
            ),
            (
                "tasks in place of outcomes",
                ("task_not_outcome",),
                "all of it gets done and nothing has changed",
                "say what will have changed once it is done; make the task an Initiative",
            ),
            (
                "output in place of outcomes",
                ("output_metric",),
                "more is made, whether it helps or not",
                "measure what it changes for those who use it",
            ),
            (
                "vanity metrics",
                ("vanity_cumulative",),
                "a number that can only grow tells nothing of this cycle",
                "count those of a period, or a rate",
            ),
            (
                "words that everybody measures in another way",
                ("undefined_metric", "definition_incomplete"),
                "two people read two numbers, and argue about them",
                "write `counted`, `excluded`, `sourceNote` and `contributionNote`",
            ),
            (
                "words against numbers",
                ("direction_conflict",),
                "reaching the target makes things worse",
                "turn the verb or the numbers around",
            ),
            (
                "one number alone",
                ("unguarded_metric",),
                "it is reached by breaking something else",
                "name in `guards` a key result that must hold as well",
            ),
            (
                "targets that chance reaches",
                ("target_within_noise",),
                "a good week looks like success",
                "ask for more, or measure something steadier",
            ),
            (
                "targets out of reach",
                ("F5",),
                "people stop trying, and learn that targets mean nothing",
                "leave the target, say what was learnt, and calibrate the next cycle",
            ),
            (
                "too many objectives",
                ("too_many_objectives",),
                "everything is begun and nothing is finished",
                "keep three for a team and postpone the others",
            ),
            (
                "too many key results, or one alone",
                ("too_many_key_results", "too_few_key_results"),
                "nobody keeps them in view; or one side of the goal is all that is seen",
                "keep two to five that decide",
            ),
            (
                "only looking back",
                ("no_leading_indicator",),
                "the result comes when nothing can be changed any more",
                "add a key result with `timing: leading`",
            ),
            (
                "a stand-in that nobody checked",
                ("proxy_without_note",),
                "the stand-in moves and what it stands for does not",
                "write in `proxyNote` how the two are known to go together",
            ),
            (
                "nobody answers for it",
                ("no_owner", "F4"),
                "it goes red and nobody does anything",
                "name who drives it with `owner`; answer or withdraw what was asked for",
            ),
            (
                "everybody answers for it",
                ("co_owners_without_lead",),
                "each waits for the other",
                "make a person the owner, or one objective for each team",
            ),
            (
                "nobody to ask",
                ("no_champion",),
                "each team does it in another way, and the practice fades",
                "name a `champion` in the Team",
            ),
            (
                "not aligned",
                ("orphan_objective", "north_star_not_served"),
                "good work that serves nothing the company wants now",
                "name its `parent`, say what it `serves`, or drop it",
            ),
            (
                "pulling apart",
                ("possible_conflict",),
                "two teams undo each other's work",
                "make one the guard of the other, or say which one yields",
            ),
            (
                "set and forget",
                ("stale_checkin", "stalled", "discuss"),
                "problems come up in the last week",
                "check in, talk about what got worse, change the initiative or drop the key result",
            ),
            (
                "nothing measures it, or with holes",
                ("F1",),
                "green is what nobody has looked at",
                "write `measure`; find out why the metric is not exported, or has gaps",
            ),
            (
                "averages that hide the worst",
                ("F3",),
                "all is well on average, and one group of customers suffers",
                "judge each member with `member`, or make a key result for the worst",
            ),
            (
                "a metric that moves and customers who notice nothing",
                ("F2", "no_customer_key_result"),
                "the number is reached and the outcome is not",
                "ask whether it is the right key result; add one about what customers notice",
            ),
            (
                "several truths for one metric",
                ("F6",),
                "meetings are about whose number is right",
                "find out which one counts right, and make it one Indicator",
            ),
            (
                "alerts that nobody heeds",
                ("F7",),
                "the one that matters is dismissed with the others",
                "raise the thresholds of the noisiest rules, or remove them",
            ),
        ),
        start=1,
    )
}
"""By number: 1 to 20 are about OKRs, 21 to 25 about telemetry."""

MISTAKE_BY_CODE: Mapping[str, int] = {code: number for number, one in MISTAKES.items() for code in one.codes}
"""The mistake that the findings of a code show."""
