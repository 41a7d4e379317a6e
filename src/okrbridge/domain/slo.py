"""Service level objectives and the state each is in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import CalendarWindow, RollingWindow


class Budgeting(StrEnum):
    """How the budget is counted, in OpenSLO's words."""

    OCCURRENCES = "Occurrences"
    """Good events of all events."""
    TIMESLICES = "Timeslices"
    """Good time slices of all time slices; one is good when its own ratio reaches the slice target."""
    RATIO_TIMESLICES = "RatioTimeslices"
    """The mean of the time slices' ratios."""


class NoDataPolicy(StrEnum):
    """What unmeasured time in force counts as."""

    UNKNOWN = "unknown"
    """Nothing; it lowers the coverage, and below the floor nothing is decided."""
    GOOD = "good"
    """Time without failures."""
    BAD = "bad"
    """Time in which everything failed."""
    IGNORE = "ignore"
    """Time that is not in force."""


class BurnPolicy(StrEnum):
    """Which pairs of burn windows alert."""

    WORKBOOK = "workbook"
    """The four pairs of the SRE workbook, scaled to the SLO's window."""
    OKR_2X = "okr-2x"
    """Those, and a page while the budget burns above twice the even pace over a day and two hours."""


@dataclass(frozen=True)
class TimeSlices:
    """What makes a time slice good: a share of at least ``target_ratio`` over ``length``, a multiple of the grid's."""

    length: timedelta
    target_ratio: float


@dataclass(frozen=True)
class LowTraffic:
    """The least that the long window of a burn pair must hold before the pair counts."""

    minimum_events: float = 0.0
    minimum_failures: float = 0.0


@dataclass(frozen=True)
class Slo:
    """An objective for one SLI over one window.

    Attributes:
        name: unique among SLOs.
        service: the service it speaks of.
        sli: the indicator.
        target_ratio: 0 < target < 1; the share of good events promised. 1 with a count budget.
        window: the SLO's own window.
        budgeting: how the budget is counted.
        time_slices: for the two methods of time slices; None for Occurrences.
        count_budget: at most so many bad events in the window; None where the target makes the budget.
        burn_policy: which burn alerts.
    """

    name: str
    service: str
    sli: Sli
    target_ratio: float
    window: RollingWindow | CalendarWindow
    budgeting: Budgeting = Budgeting.OCCURRENCES
    time_slices: TimeSlices | None = None
    no_data: NoDataPolicy = NoDataPolicy.UNKNOWN
    low_traffic: LowTraffic = LowTraffic()
    count_budget: float | None = None
    burn_policy: BurnPolicy = BurnPolicy.WORKBOOK
    display_name: str = ""
    description: str = ""
    labels: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        if not 0 < self.target_ratio < 1 and not (self.target_ratio == 1 and self.count_budget is not None):
            raise ValueError(f"SLO {self.name!r}: target {self.target_ratio} is not between 0 and 1")
        if (self.time_slices is None) != (self.budgeting is Budgeting.OCCURRENCES):
            raise ValueError(f"SLO {self.name!r}: time slices belong to Timeslices and RatioTimeslices")

    @property
    def owner(self) -> str:
        """Who answers for it: its label ``owner``, or ``team``; empty when it has neither."""
        return self.labels.get("owner") or self.labels.get("team") or ""


class SloState(StrEnum):
    """What can be said of an SLO now; each value stands alone."""

    OK = "ok"
    BURNING = "burning"
    """A burn policy's pair of windows exceeds its factor."""
    EXHAUSTED = "exhausted"
    """The whole budget of the window is consumed."""
    NO_TRAFFIC = "no_traffic"
    """Measured, and not a single event in the window."""
    NO_DATA = "no_data"
    """The source answers, and nothing was measured in the window."""
    STALE = "stale"
    """The last measured slice is older than the look-back."""
    INVALID = "invalid"
    """The counts contradict each other: good above total."""
    ERROR = "error"
    """The last evaluation failed; the numbers are the last good ones."""


def slo_state(
    *,
    failed: bool,
    consistent: bool,
    coverage_ratio: float,
    is_stale: bool,
    total: float,
    budget_remaining_ratio: float,
    is_burning: bool,
    is_filled: bool = True,
) -> SloState:
    """The state, the first that applies: what makes the numbers doubtful comes before what they say.

    Args:
        is_filled: whether the window's history was asked for; until then an hour must not speak for a month, so that
            the budget is not called exhausted.
    """
    ranked = (
        (not consistent, SloState.INVALID),
        (failed, SloState.ERROR),
        (coverage_ratio <= 0, SloState.NO_DATA),
        (is_stale, SloState.STALE),
        (total <= 0, SloState.NO_TRAFFIC),
        (is_filled and budget_remaining_ratio <= 0, SloState.EXHAUSTED),
        (is_burning, SloState.BURNING),
    )
    return next((state for applies, state in ranked if applies), SloState.OK)
