"""What a lint says, how serious it is, and the limits that lints go by."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MOST_OBJECTIVES = 3
"""Active objectives of a team in a cycle; more are a warning."""
FAR_TOO_MANY_OBJECTIVES = 5
"""More than so many are an error."""
FEWEST_KEY_RESULTS = 2
MOST_KEY_RESULTS = 5
SMALLEST_CHANGE = 0.01
"""Relative changes below this share of the baseline are taken for noise where no history tells better."""


class Severity(StrEnum):
    """How serious a finding is."""

    ERROR = "error"
    """The key result or objective cannot do what it is for."""
    WARNING = "warning"
    HINT = "hint"
    """Advice that most definitions could take; told among the findings, not when files are checked."""


@dataclass(frozen=True, slots=True, order=True)
class LintFinding:
    """One remark.

    Attributes:
        code: a stable short name, such as ``no_baseline``.
        subject: what it is about: ``OBJECTIVE/NAME``, ``objective:NAME``, ``team:NAME``.
        message: what is wrong, and the remedy.
    """

    code: str
    subject: str
    message: str
    severity: Severity = Severity.WARNING
