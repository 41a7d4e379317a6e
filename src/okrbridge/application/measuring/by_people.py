"""Values that people say: the value of a manual measure, and what stands for a measured value for a while."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from okrbridge.application.measuring.found import Found
from okrbridge.application.okr_records import CheckIn, JsonValue
from okrbridge.application.records import Measurement, Quality
from okrbridge.domain.measures import ManualMeasure
from okrbridge.domain.windows import Interval

CHECK_IN = "check-in"
"""The question behind a value that people said."""


def manual_value(measure: ManualMeasure, said: CheckIn | None, at: datetime) -> Found:
    """The value of the newest check-in that says one; stale when it is too old or has expired."""
    if said is None or said.is_withdrawal:
        return Found(Interval(at, at), CHECK_IN).missing(Quality.NO_DATA, "no check-in has said a value yet")
    found = Found(Interval(said.at, said.at), CHECK_IN, said.override_value, details={"said": said_item(said)})
    until = min(filter(None, (said.at + measure.expires_after, said.override_expires_at)))
    if until <= at:
        return found.missing(Quality.STALE, f"the value of the check-in of {_day(said.at)} expired on {_day(until)}")
    return found


def overridden(measurement: Measurement, said: CheckIn | None) -> Measurement:
    """The measurement with a person's value in place of the machine's, while that stands.

    Who said it and until when is in the details, with what the machine measured.

    Args:
        said: the newest check-in that says a value or withdraws one; None when there is none.
    """
    if said is None or not said.overrides_at(measurement.at):
        return measurement
    told = {**said_item(said), "measured_value": measurement.value, "measured_quality": str(measurement.quality)}
    return replace(
        measurement,
        value=said.override_value,
        quality=Quality.OK,
        error="",
        query=CHECK_IN,
        is_filled=True,
        details={**measurement.details, "override": told},
    )


def said_item(check_in: CheckIn) -> dict[str, JsonValue]:
    """Who said a value, when, and until when it stands."""
    until = check_in.override_expires_at
    return {
        "by": check_in.by,
        "at": check_in.at.isoformat(),
        "until": until.isoformat() if until else None,
        "value": check_in.override_value,
    }


def _day(at: datetime) -> str:
    return f"{at:%Y-%m-%d}"
