"""Lints of titles: tasks, output, vanity, vague words, things nobody defined, directions that contradict themselves."""

from __future__ import annotations

import re
from collections.abc import Iterator

from okrbridge.domain.lint.words import (
    CONTRADICTING,
    CUMULATIVE,
    NAMES_A_METRIC,
    OUTPUTS,
    PASSIVE_TASKS,
    TASKS,
    UNDEFINED,
    VAGUE,
    WAY,
)

_CLAUSE = re.compile(r"\s*(?:[,;]|\band\b)\s*", re.IGNORECASE)
_DIGIT = re.compile(r"\d")
_READ = 300
"""Characters of a title that are read: looking for words far apart takes long in texts without end."""

REMEDIES = {
    "task_not_outcome": "is a task, not an outcome; say what will have changed once it is done, from X to Y",
    "output_metric": "counts output, which grows without any effect; measure what it changes for those who use it",
    "vanity_cumulative": "can only grow; count those of a period, such as weekly active users, or a rate",
    "no_numbers": "promises a change without a number; say from where to where",
    "undefined_metric": "can be measured in many ways; say with counted what is counted",
    "direction_conflict": "asks for more of what is bad, or less of what is good; turn the direction around",
}
"""What is wrong with a title of each code, and what to do; the title stands before it."""


def title_codes(title: str, *, has_numbers: bool = True, is_defined: bool = False) -> tuple[str, ...]:
    """The lint codes of a key result's title.

    Worked examples: "Launch onboarding emails" is a task, "Fix 30 bugs" is output, "Total signups" is vanity, "Improve
    reliability" without numbers is vague, "Increase APIs response time" goes the wrong way.

    Args:
        has_numbers: whether the key result says numbers beside its title.
        is_defined: whether it says what is counted.
    """
    return tuple(_codes(title.strip()[:_READ], has_numbers=has_numbers, is_defined=is_defined))


def _codes(title: str, *, has_numbers: bool, is_defined: bool) -> Iterator[str]:
    is_output = OUTPUTS.search(title) is not None
    if is_output:
        yield "output_metric"
    elif is_task(title):
        yield "task_not_outcome"
    if CUMULATIVE.search(title):
        yield "vanity_cumulative"
    if not has_numbers and not _DIGIT.search(title) and VAGUE.search(title):
        yield "no_numbers"
    if not is_defined and UNDEFINED.search(title):
        yield "undefined_metric"
    if CONTRADICTING.search(title):
        yield "direction_conflict"


def is_task(title: str) -> bool:
    """Whether a title names work to do rather than a result.

    Worked examples: "Organize a course" does; "Deploy frequency" and "Release twice a week: from 2/week to 3/day" do
    not.
    """
    title = title[:_READ]
    if WAY.search(title):
        return False
    return PASSIVE_TASKS.search(title) is not None or any(map(_begins_a_task, _CLAUSE.split(title)))


def _begins_a_task(clause: str) -> bool:
    verb, _, rest = clause.partition(" ")
    return bool(rest) and verb.casefold() in TASKS and NAMES_A_METRIC.search(clause) is None


def about(title: str, code: str) -> str:
    """The message of a code for a title, with its remedy."""
    return f"{title!r} {REMEDIES[code]}"
