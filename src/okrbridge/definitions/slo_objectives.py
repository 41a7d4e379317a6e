"""From the objectives of an OpenSLO SLO to indicators, targets and time slices of the domain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.indicator_conversion import sli_of
from okrbridge.definitions.openslo import SloTarget
from okrbridge.domain.composite import target_of
from okrbridge.domain.sli import CompositeMode, Member, Sli, SliKind
from okrbridge.domain.slo import Budgeting, TimeSlices

_NO_BUDGET = (
    "a target of 100% leaves no error budget to measure; choose one below it, such as 99.99%, "
    'or count failures with the annotation okrbridge.dev/count-budget: "5"'
)


@dataclass(frozen=True, slots=True)
class ConvertedObjective:
    """What one SLO promises of which indicator."""

    sli: Sli
    target_ratio: float
    time_slices: TimeSlices | None


@dataclass(frozen=True, slots=True)
class ObjectiveConverter:
    """Converts the objectives of one document.

    Attributes:
        slis: indicators of SLI documents, by name.
        budgeting: of the document.
        may_be_whole: whether a target may be 100 %, because failures are counted.
    """

    slis: Mapping[str, Sli]
    budgeting: Budgeting
    may_be_whole: bool

    def separate(self, spot: Spot, entry: SloTarget, sli: Sli | None) -> ConvertedObjective | None:
        """One objective of the document's indicator; None when it has a fault."""
        target, slices, has_slices = self._target(spot, entry), *self._time_slices(spot, entry)
        limited = _with_limit(spot, entry, sli)
        if entry.composite_weight is not None:
            message = "belongs to an objective with an indicator of its own; remove it"
            spot.at("compositeWeight").fault(message, "does_not_belong", of_key=True)
        if target is None or limited is None or not has_slices:
            return None
        return ConvertedObjective(limited, target, slices)

    def together(
        self, spot: Spot, entries: Sequence[SloTarget], name: str, mode: CompositeMode, target: float | None
    ) -> ConvertedObjective | None:
        """All objectives as one composite; None when one has a fault.

        Args:
            spot: the document's ``spec``.
            entries: its objectives.
            name: the document's.
            mode: how they make one error ratio.
            target: of the composite, when the document declares one.
        """
        places = [spot.at("objectives", index) for index in range(len(entries))]
        members = [self._member(place, entry, name) for place, entry in zip(places, entries, strict=True)]
        slices = [self._time_slices(place, entry) for place, entry in zip(places, entries, strict=True)]
        whole = [member for member in members if member is not None]
        if len(whole) < len(members) or not all(is_right for _, is_right in slices):
            return None
        first = slices[0][0]
        for place, (other, _) in zip(places, slices, strict=True):
            if other != first:
                place.fault("a composite has one kind of time slices; write the same in all objectives", "time_slices")
                return None
        sli = Sli(name, "", "", kind=SliKind.COMPOSITE, members=tuple(whole), mode=mode)
        return ConvertedObjective(sli, target_of(mode, whole) if target is None else target, first)

    def _member(self, spot: Spot, entry: SloTarget, name: str) -> Member | None:
        target = self._target(spot, entry)
        sli = _with_limit(spot, entry, self._own_indicator(spot, entry, name))
        if target is None or sli is None:
            return None
        return Member(sli, target, 1.0 if entry.composite_weight is None else entry.composite_weight)

    def _own_indicator(self, spot: Spot, entry: SloTarget, name: str) -> Sli | None:
        if (entry.indicator is None) == (entry.indicator_ref is None):
            found = "both" if entry.indicator else "none"
            message = f"an objective of a composite needs exactly one of indicator and indicatorRef; there are {found}"
            spot.fault(message, "indicator")
            return None
        if entry.indicator is None:
            return self.slis.get(entry.indicator_ref or "")
        named = entry.indicator.metadata.name if entry.indicator.metadata else f"{name}-{spot.path[-1]}"
        return sli_of(spot.at("indicator", "spec"), entry.indicator.spec, named)

    def _target(self, spot: Spot, entry: SloTarget) -> float | None:
        if (entry.target is None) == (entry.target_percent is None):
            found = "both" if entry.target else "none"
            spot.fault(f"needs exactly one of target and targetPercent; there are {found}", "target")
            return None
        target = entry.target if entry.target is not None else (entry.target_percent or 0) / 100
        if target == 1 and not self.may_be_whole:
            spot.at("target" if entry.target is not None else "targetPercent").fault(_NO_BUDGET, "no_error_budget")
            return None
        return target

    def _time_slices(self, spot: Spot, entry: SloTarget) -> tuple[TimeSlices | None, bool]:
        """Time slices, and whether the keys about them are right."""
        given = {"timeSliceTarget": entry.time_slice_target, "timeSliceWindow": entry.time_slice_window}
        wanted = {
            Budgeting.OCCURRENCES: (),
            Budgeting.TIMESLICES: ("timeSliceTarget", "timeSliceWindow"),
            Budgeting.RATIO_TIMESLICES: ("timeSliceWindow",),
        }[self.budgeting]
        strangers = [key for key, value in given.items() if value is not None and key not in wanted]
        for key in strangers:
            spot.at(key).fault(f"does not go with {self.budgeting}; remove it", "does_not_belong", of_key=True)
        missing = [key for key in wanted if given[key] is None]
        for key in missing:
            spot.fault(f"{self.budgeting} needs {key}, such as {_EXAMPLES[key]}", "missing_key")
        if strangers or missing or entry.time_slice_window is None:
            return None, not strangers and not missing
        return TimeSlices(entry.time_slice_window, entry.time_slice_target or 0.0), True


_EXAMPLES = {"timeSliceTarget": "0.95", "timeSliceWindow": "1m"}


def _with_limit(spot: Spot, entry: SloTarget, sli: Sli | None) -> Sli | None:
    """The indicator with the objective's limit when it compares a value; None when there is no limit."""
    if sli is None:
        return None
    if sli.kind is SliKind.THRESHOLD:
        if entry.op is None or entry.value is None:
            message = "a threshold metric needs op and value: the value is good when it is, say, op: lte, value: 0.5"
            spot.fault(message, "missing_key")
            return None
        return replace(sli, op=entry.op, limit=float(entry.value))
    for key in ("op", "value"):
        if getattr(entry, key) is not None:
            message = "belongs to threshold metrics; a ratio needs only its target, so this is ignored"
            spot.at(key).warn(message, "ignored_key", of_key=True)
    return sli
