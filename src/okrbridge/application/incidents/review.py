"""The form of a postmortem, filled in as far as the data goes; what is left to people says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from okrbridge.application.incidents.impact import Impact
from okrbridge.application.markdown import quantity, rounded, words
from okrbridge.application.reports import Item
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.objectives import Initiative, InitiativeState
from okrbridge.domain.windows import Interval

MOST_LINKED = 100
"""Actions, key results and retrospectives in a form, of each."""

_RETROSPECTIVES = "/api/v1/retrospectives"


@dataclass(frozen=True)
class Review:
    """The form for one incident, as a caller sees it."""

    impact: Impact

    def item(self) -> Item:
        """The form of ``GET /incidents/{incident}/review``; text that would name what is hidden is replaced."""
        told = self.impact.item()
        impacted = [{**one, "summary": summary(one)} for one in told["key_results"] if one["is_impacted"] is not False]
        same = ("incident", "as_of", "counted_from", "counted_to", "slos_contributed", "slos", "notes")
        form = {
            **{key: told[key] for key in same},
            "key_results_impacted": impacted,
            "slos_contributed_reason": _reason(told),
            "action_items": [*self._actions()][:MOST_LINKED],
            "improvement_key_results": [*self._improvements()][:MOST_LINKED],
            "retrospectives": retrospective_items(self._definitions, self._cycles(impacted))[:MOST_LINKED],
        }
        to_fill = [{"field": field, "text": text} for field, text in _to_fill(form, self.impact.incident.event.whom)]
        return self.impact.sight.redacted({**form, "to_fill": to_fill})

    @property
    def _definitions(self) -> DefinitionSet:
        return self.impact.definitions

    @cached_property
    def _initiatives(self) -> Sequence[Initiative]:
        """Work that the incident names, and work under its own address or its postmortem's."""
        incident = self.impact.incident
        names = set(incident.names("initiatives"))
        addresses = {incident.event.url, incident.postmortem_url, *(one.url for one in incident.postmortems)} - {""}
        return [one for one in self._definitions.initiatives if one.name in names or one.url in addresses]

    def _actions(self) -> Iterator[Item]:
        for text in self.impact.incident.sentences("action_items"):
            unknown = dict.fromkeys(("initiative", "state", "is_over", "owner", "url"))
            yield {"action": text, "named_by": "event", **unknown}
        for one in self._initiatives:
            yield {
                "action": one.title,
                "named_by": "initiative",
                "initiative": one.name,
                "state": str(one.state),
                "is_over": one.state in (InitiativeState.DONE, InitiativeState.STOPPED),
                "owner": one.owner or None,
                "url": one.url or None,
            }

    def _improvements(self) -> Iterator[Item]:
        """Key results that shall keep it from happening again: those that are named, and what the work on it moves."""
        named = dict.fromkeys(self.impact.incident.names("improvement_key_results"), "event")
        moved = dict.fromkeys((name for one in self._initiatives for name in one.key_results), "initiative")
        for name, named_by in {**moved, **named}.items():
            one = self._definitions.key_result_by_id.get(name)
            if one is not None:
                cycle = self._definitions.objective_by_name[one.objective].cycle
                where = {"objective": one.objective, "key_result": one.name}
                yield {**where, "title": one.title, "cycle": cycle, "named_by": named_by}

    def _cycles(self, impacted: Sequence[Item]) -> Sequence[tuple[str, str]]:
        """Cycle and team of each key result that was hit; without any, the cycles it fell into, and no team."""
        if impacted:
            return sorted({(one["cycle"], one["team"] or "") for one in impacted})
        incident = self.impact.incident
        lasted = Interval(incident.event.start, incident.ended(self.impact.now))
        cycles = self._definitions.cycles
        return [
            (one.name, "") for one in cycles if lasted.start < one.interval.end and lasted.end >= one.interval.start
        ]


def retrospective_items(definitions: DefinitionSet, asked: Sequence[tuple[str, str]]) -> list[Item]:
    """The retrospectives of cycles and teams, all of a cycle's without a team; an empty place where there is none."""
    found: list[Item] = []
    for cycle, team in asked:
        held = [one for one in definitions.retrospectives if one.cycle == cycle and team in ("", one.team)]
        found += [
            {"cycle": cycle, "team": one.team, "retrospective": one.name, "path": f"{_RETROSPECTIVES}/{one.name}"}
            for one in held
        ] or [{"cycle": cycle, "team": team or None, "retrospective": None, "path": None}]
    return found


def summary(row: Item) -> str:
    """By how much an incident moved a key result, in one sentence."""
    parts = [row["reason"]] if row["reason"] else []
    before, after = row["before"], row["after"]
    if row["value_delta"] is not None:
        unit = {"unit": row["unit"]}
        parts.append(f"{quantity({**before, **unit}, 'value')} to {quantity({**after, **unit}, 'value')}")
    if row["progress_delta_ratio"] is not None:
        parts.append(f"progress {share(before['progress_ratio'])} to {share(after['progress_ratio'])}")
    if before and after and before["status"] != after["status"]:
        parts.append(f"{words(before['status'])} to {words(after['status'])}")
    if row["slo_contributed"]:
        parts.append(f"{share(row['budget_spent_ratio'])} of the error budget of {row['slo']} spent")
    return "; ".join(parts)


def share(ratio: float) -> str:
    """A ratio in percent with three significant digits."""
    return f"{rounded(100 * ratio):g}%"


def _reason(impact: Item) -> str:
    """Whether SLOs contributed, in a sentence with the numbers."""
    contributed = impact["slos_contributed"]
    if contributed is None:
        return "Too little was measured to tell."
    if not contributed:
        return "No: no error budget burnt faster than the even pace."
    told = [_contribution(one) for one in impact["slos"] if one["contributed"]]
    answer = "Yes" if impact["rule"] == "named" else "At the same time, and the incident names none"
    return f"{answer}: {'; '.join(told)}."


def _contribution(row: Item) -> str:
    counted = words(row["counted"])
    numbers = f"{row['bad']:.12g} of {row['total']:.12g} {counted} of {row['slo']} were bad"
    burnt = f"a burn rate of {rounded(row['burn_rate']):g}"
    return f"{numbers}, {burnt}, {share(row['budget_spent_ratio'])} of its error budget of {row['window']}"


def _to_fill(form: Item, whom: str) -> Iterator[tuple[str, str]]:
    """What people still have to say, and how they do."""
    event = f"an event of the kind postmortem with the subject {whom!r}"
    if not form["key_results_impacted"]:
        yield "key_results_impacted", f"Name them in key_results, an attribute of the incident or of {event}."
    if form["slos_contributed"] is None:
        yield "slos_contributed", f"Name what it touched in services or slos, attributes of the incident or of {event}."
    if not form["action_items"]:
        yield "action_items", f"Say what will be done in action_items of {event}, or give an initiative its url."
    if not form["improvement_key_results"]:
        yield "improvement_key_results", f"Name them in improvement_key_results of {event}."
    if form["incident"]["assignee"] is None:
        yield "assignee", f"Say who writes the postmortem in assignee of {event}."
    if form["incident"]["postmortem_url"] is None:
        yield "postmortem_url", f"Send {event} and the url where it is written."
    for one in form["retrospectives"]:
        if one["retrospective"] is None:
            whose = f" of {one['team']}" if one["team"] else ""
            yield "retrospectives", f"{one['cycle']} has no retrospective{whose} yet: POST {_RETROSPECTIVES}."
