"""The window of an OpenSLO document: its model, and the domain's window."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import ConfigDict, JsonValue, PlainValidator, WithJsonSchema

from okrbridge.definitions.fields import refusal
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.nodes import shortened
from okrbridge.definitions.shapes import Shape
from okrbridge.definitions.wall_clock import TimeZoneName, WallClock
from okrbridge.domain.windows import CalendarWindow, RollingWindow, parse_calendar_duration, parse_duration

_LONGEST_DAYS = 3660
_CALENDAR_ONLY = re.compile(r"\d+[MQY]")
_CALENDAR_EXAMPLE = 'isRolling: false, calendar: {startTime: "2026-01-01 00:00:00", timeZone: Europe/Berlin}'


def _window_duration(value: object) -> str:
    """A duration of either kind of window; which one it must be is known when the whole window is."""
    if not isinstance(value, str):
        raise refusal("wrong_type", "must be a duration, such as 30d or 4w")
    text = value.strip()
    try:
        if _CALENDAR_ONLY.fullmatch(text):
            parse_calendar_duration(text)
            return text
        length = parse_duration(text)
    except ValueError as error:
        raise refusal("wrong_value", str(error)) from error
    if length.days > _LONGEST_DAYS:
        raise refusal("wrong_value", f"{shortened(value)} is longer than ten years")
    return text


WindowDuration = Annotated[
    str,
    PlainValidator(_window_duration),
    WithJsonSchema({"type": "string", "examples": ["30d", "4w", "1M", "1Q"]}),
]

_KINDS: dict[str, JsonValue] = {
    "oneOf": [
        {
            "not": {"required": ["calendar"]},
            "properties": {"isRolling": {"const": True}, "duration": {"pattern": r"^(\d+(ms|[smhdw]))+$"}},
        },
        {
            "required": ["calendar"],
            "properties": {"isRolling": {"const": False}, "duration": {"pattern": r"^\d+[dwMQY]$"}},
        },
    ]
}
"""A rolling window has no calendar, a calendar window has one."""


class Calendar(Shape):
    """When the periods of a calendar window begin."""

    start_time: WallClock
    """A time at which a period began, such as 2026-01-01 00:00:00; later and earlier periods follow from it."""
    time_zone: TimeZoneName
    """IANA name of the zone on whose wall clock periods begin."""


class TimeWindow(Shape):
    """The time over which an SLO promises its target."""

    model_config = ConfigDict(json_schema_extra=_KINDS)

    duration: WindowDuration
    """Length: in s, m (minute), h, d or w; of a calendar window 1d, 1w, 1M (month), 1Q, 1Y, or several of them."""
    is_rolling: bool | None = None
    """true: the window ends now; false: it begins anew with each calendar period. true without calendar."""
    calendar: Calendar | None = None
    """Makes it a calendar window."""


def window_of(spot: Spot, model: TimeWindow) -> RollingWindow | CalendarWindow | None:
    """The domain's window; None when the parts do not fit together."""
    is_rolling = model.calendar is None if model.is_rolling is None else model.is_rolling
    if is_rolling and model.calendar is not None:
        spot.at("calendar").fault(
            "goes with isRolling: false; a rolling window begins nowhere", "does_not_belong", of_key=True
        )
        return None
    if is_rolling:
        return _rolling(spot, model.duration)
    if model.calendar is None:
        spot.at("isRolling").fault(f"a calendar window needs its beginning; write {_CALENDAR_EXAMPLE}", "missing_key")
        return None
    try:
        unit, count = parse_calendar_duration(model.duration)
    except ValueError as error:
        spot.at("duration").fault(str(error), "wrong_value")
        return None
    return CalendarWindow(unit, model.calendar.time_zone, model.calendar.start_time, count)


def _rolling(spot: Spot, duration: str) -> RollingWindow | None:
    try:
        return RollingWindow(parse_duration(duration))
    except ValueError as error:
        spot.at("duration").fault(f"{error}; or a calendar window, with {_CALENDAR_EXAMPLE}", "wrong_value")
        return None
