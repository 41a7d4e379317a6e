"""Values on their way into and out of the database: instants, texts, numbers, slices, intervals."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.okr_records import JsonValue
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.domain.windows import EPOCH, Grid, Interval
from okrbridge.storage.tables import LARGEST_COUNT

_MICROSECOND = timedelta(microseconds=1)


def to_microseconds(at: datetime) -> int:
    """Microseconds since 1970-01-01 UTC, exact. Raises ValueError for an instant without a time zone."""
    if at.tzinfo is None:
        raise ValueError(f"the instant {at.isoformat()} has no time zone")
    return (at - EPOCH) // _MICROSECOND


def from_microseconds(microseconds: int) -> datetime:
    """The aware UTC instant that many microseconds after 1970-01-01 UTC."""
    return EPOCH + timedelta(microseconds=microseconds)


_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


def storable(text: str) -> str:
    """A text that every database takes and no terminal obeys: what is not Unicode, and what controls, become a mark.

    Tabs and ends of lines stay. Sources say odd things, and so do people who send events.
    """
    if text.isprintable():
        return text
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", text.encode("utf-8", "replace").decode())


def microseconds_or_none(at: datetime | None) -> int | None:
    """Microseconds since 1970-01-01 UTC; None for no instant."""
    return None if at is None else to_microseconds(at)


def instant_or_none(microseconds: int | None) -> datetime | None:
    """The aware UTC instant; None for none."""
    return None if microseconds is None else from_microseconds(microseconds)


def storable_json(value: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The same JSON with texts that every database takes. Raises ValueError for a number that is not finite."""
    return {storable(key): _storable_value(one) for key, one in value.items()}


def _storable_value(value: JsonValue) -> JsonValue:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_storable_value(one) for one in value]
    if isinstance(value, dict):
        return storable_json(value)
    if isinstance(value, float) and not math.isfinite(value):
        raise ValueError(f"{value} is not stored")
    return value


def require_finite(what: str, numbers: Mapping[str, float | None]) -> None:
    """Raise ValueError when a number is NaN or infinite.

    Args:
        what: whose numbers they are, for the message.
        numbers: by name; None is no number and passes.
    """
    for name, number in numbers.items():
        if number is not None and not math.isfinite(number):
            raise ValueError(f"{what}: {name} is {number}, which is not stored")


def require_on_grid(interval: Interval, grid: Grid) -> None:
    """Raise ValueError unless both ends are slice boundaries and the end is not before the start."""
    for end in (interval.start, interval.end):
        if grid.floor(end) != end:
            raise ValueError(f"{end.isoformat()} is not on the grid of {grid.step_seconds} s slices")
    if interval.end < interval.start:
        raise ValueError(f"the interval ends before it starts: {interval.start.isoformat()}")


def require_sound(table: SliceTable, grid: Grid) -> None:
    """Raise ValueError for slices that the ledger must not hold.

    Starts lie on the grid, ascend and do not repeat; states are known; counts are finite; only measured slices have
    events. Counts below zero or good above total are not judged here: they are faults of the SLI, shown as such.
    """
    starts, states = table.starts, table.states
    if states.size == 0:
        return
    if np.any(starts % grid.step_seconds) or starts[0] < 0:
        raise ValueError(f"a slice start is not on the grid of {grid.step_seconds} s slices since 1970")
    if np.any(np.diff(starts) <= 0):
        raise ValueError("the slices do not ascend in time, or one start is there twice")
    if states.min() < SliceState.UNKNOWN or states.max() > SliceState.GAP:
        raise ValueError("a slice has a state that does not exist")
    for counts in (table.good, table.total):
        # Written so that NaN, which compares false with everything, is refused too.
        if not (counts.min() >= -LARGEST_COUNT and counts.max() <= LARGEST_COUNT):
            raise ValueError("a slice holds a count that is not a finite number")
        if np.any(counts[states != SliceState.MEASURED]):
            raise ValueError("a gap holds events; a slice in which events were seen is measured")


def steps_of(interval: Interval, step: timedelta, grid: Grid) -> int:
    """How many steps an interval on the grid has; the last one may be cut short by the interval's end.

    Raises:
        ValueError: the step is not a multiple of the grid's, or not above zero.
    """
    if step <= timedelta(0) or step % grid.step:
        raise ValueError(f"the step of {step} is not a multiple of the grid's {grid.step_seconds} s")
    return -((interval.start - interval.end) // step)
