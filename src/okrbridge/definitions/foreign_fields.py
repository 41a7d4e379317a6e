"""Types of the values in documents of other tools: read as those tools read them, refused where they refuse."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, PlainValidator

from okrbridge.definitions.fields import LONGEST_NAME, refusal
from okrbridge.definitions.nodes import shortened
from okrbridge.definitions.shapes import Shape

NAMES_HERE = "names are made of a-z, 0-9, - and ., at most 63 characters"
_HOURS = {"y": 8760, "w": 168, "d": 24, "h": 1, "m": 1 / 60, "s": 1 / 3600, "ms": 1 / 3_600_000}
_PROMETHEUS_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]+){unit})?" for unit in _HOURS))
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_LONGEST_DURATION = timedelta(days=3660)


def as_text(value: object) -> str:
    """The text that a scalar stands for; empty for anything else.

    Go's YAML reader turns a number or a truth value into text where text is wanted, so files hold them unquoted.
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value).removesuffix(".0") if isinstance(value, int | float) else ""


def _text(value: object) -> str:
    if isinstance(value, dict | list):
        raise refusal("wrong_type", f"must be text, not a {'mapping' if isinstance(value, dict) else 'list'}")
    return as_text(value)


def _percent(value: float) -> float:
    return percent_ratio(Decimal(repr(value)))


def _percent_text(value: object) -> float:
    text = _text(value)
    if not _DECIMAL.fullmatch(text):
        raise refusal("wrong_value", f"{shortened(text)} is no number of percent, such as 99.9")
    return percent_ratio(Decimal(text))


def percent_ratio(percent: Decimal) -> float:
    """A target in percent as a ratio; 99.9 is 0.999 exactly, as if it had been written so.

    Raises:
        PydanticCustomError: there is no error budget, or the target is not between 0 and 100.
    """
    if percent == 100:
        raise refusal(
            "no_error_budget", "a target of 100% leaves no error budget to measure; choose one below it, such as 99.99"
        )
    ratio = float(percent / 100)
    if not 0 < ratio < 1:
        raise refusal(
            "wrong_value", f"{float(percent):g} is not between 0 and 100; 99.9 means that 0.1% of events may be bad"
        )
    return ratio


def _prometheus_duration(value: object) -> timedelta:
    text = _text(value)
    parts = _PROMETHEUS_DURATION.fullmatch(text)
    if parts is None or not text:
        raise refusal("wrong_value", f"{shortened(text)} is no duration of Prometheus, such as 4w or 30d")
    try:
        length = timedelta(hours=sum(int(number or 0) * _HOURS[unit] for unit, number in parts.groupdict().items()))
    except OverflowError:
        length = timedelta.max
    if not timedelta(0) < length <= _LONGEST_DURATION:
        raise refusal("wrong_value", f"{shortened(text)} is not longer than nothing and at most ten years")
    return length


def _filled(text: str) -> str:
    if not text.strip():
        raise refusal("empty", "is empty; write a text")
    return text.strip()


Text = Annotated[str, PlainValidator(_text)]
"""A text, or a number or truth value that stands for its own text."""

FilledAnyText = Annotated[str, PlainValidator(_text), AfterValidator(_filled)]
"""As ``Text``, and not blank."""

Percent = Annotated[float, AfterValidator(_percent)]
"""A target in percent, as a ratio inside."""

PercentText = Annotated[float, PlainValidator(_percent_text)]
"""A target in percent that is written as text, as a ratio inside."""

PrometheusDuration = Annotated[timedelta, PlainValidator(_prometheus_duration)]
"""A duration as Prometheus reads it: units from years down to milliseconds, each at most once, in that order."""


class ForeignShape(Shape):
    """A mapping of another tool's document: a key without a value is as good as no key."""

    empty_is_absent: ClassVar[bool] = True


class ObjectMetadata(ForeignShape):
    """The metadata of a Kubernetes object; what it does not name here is kept by Kubernetes and not read."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    namespace: str = ""
    labels: dict[str, Text] = {}  # noqa: RUF012 - pydantic copies it
    annotations: dict[str, Any] = {}  # noqa: RUF012 - pydantic copies it


def known_name(text: str) -> str:
    """The name by which an object of another tool is known here; empty when it cannot be made one.

    Other tools allow capital letters and ``_`` in names.
    """
    slug = re.sub(r"[^a-z0-9.-]+", "-", text.lower()).strip("-.")
    return slug if len(slug) <= LONGEST_NAME else ""
