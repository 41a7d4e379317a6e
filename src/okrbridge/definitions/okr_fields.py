"""Types of values that only documents of okrbridge.dev/v1 have."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PlainValidator, WithJsonSchema

from okrbridge.definitions.fields import refusal
from okrbridge.definitions.nodes import shortened
from okrbridge.domain.units import PLAIN, Quantity, parse_quantity
from okrbridge.errors import UnitError

_KEY_RESULT = re.compile(r"[^\s/]+(?:/[^\s/]+)?")
_READ_ONLY = re.compile(r"\s*(?:\(\s*)*(?:select|with|values|table)\b", re.IGNORECASE)
_PERCENTAGE_POINTS = re.compile(r"(?P<number>[^a-z%]*\d)\s*(?:pp|percent(?:age)? points?)", re.IGNORECASE)
_LARGEST_CHANGE = 100.0
_LARGEST_COUNT = 1_000_000_000


def _weight(value: float) -> float:
    if value < 0:
        raise refusal("wrong_value", f"a weight is 0 or more, not {value:g}")
    return value + 0.0


@dataclass(frozen=True, slots=True)
class DeclaredChange:
    """A signed way from a baseline.

    Attributes:
        quantity: a ratio of the baseline, or a quantity in the metric's unit.
        is_share: which of the two: ``+5%`` is a share of the baseline, ``+5pp`` and ``+5 points`` are not.
    """

    quantity: Quantity
    is_share: bool

    @property
    def value(self) -> float:
        """The signed number."""
        return self.quantity.value


def _change(value: object) -> DeclaredChange:
    """A share of a baseline from ``-40%`` or ``-0.4``, a way in the metric's unit from ``+5 points`` or ``+5pp``."""
    if not isinstance(value, str | int | float) or isinstance(value, bool):
        raise refusal("wrong_type", "must be a change, such as -40%, +5 points, or +5pp (percentage points)")
    points = _PERCENTAGE_POINTS.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        quantity = parse_quantity(f"{points['number']}%" if points else value)
    except UnitError as error:
        raise refusal("wrong_unit", str(error)) from error
    if points:
        return DeclaredChange(replace(quantity, text=str(value).strip()), is_share=False)
    if quantity.unit.dimension not in ("ratio", "number"):
        return DeclaredChange(quantity, is_share=False)
    return DeclaredChange(_share_of_baseline(quantity), is_share=True)


def _share_of_baseline(quantity: Quantity) -> Quantity:
    if quantity.unit == PLAIN and abs(quantity.value) > 1:
        message = f"must be a share of the baseline, such as {quantity.text}%, or have a unit, such as "
        raise refusal("wrong_value", f"{message}{quantity.text} points")
    if not -1 <= quantity.value <= _LARGEST_CHANGE:
        raise refusal("wrong_value", f"must be between -100% and +10000%, not {quantity.text}")
    return quantity


def _count(value: int) -> int:
    if not 0 <= value <= _LARGEST_COUNT:
        raise refusal("wrong_value", f"must be 0 or more, and at most {_LARGEST_COUNT}, not {value}")
    return value


def _positive_count(value: int) -> int:
    if value == 0:
        raise refusal("wrong_value", "must be 1 or more, not 0")
    return _count(value)


def _precision(value: int) -> int:
    if not 0 <= value <= 10:
        raise refusal("wrong_value", f"must be 0 to 10 digits, not {value}")
    return value


def _key_result_name(text: str) -> str:
    if not _KEY_RESULT.fullmatch(text):
        raise refusal("wrong_name", f"{shortened(text)} is no key result; write NAME or OBJECTIVE/NAME")
    return text


def _key_result_id(text: str) -> str:
    if "/" not in _key_result_name(text):
        raise refusal("wrong_name", f"{shortened(text)} is no key result; write OBJECTIVE/NAME")
    return text


def _select(text: str) -> str:
    if not _READ_ONLY.match(text):
        raise refusal("wrong_query", "must only read: begin with SELECT or WITH")
    return text.strip()


def _json_path(text: str) -> str:
    if not text.strip().startswith("$"):
        raise refusal("wrong_query", f"{shortened(text)} is no JSONPath, such as $.data.value")
    return text.strip()


def _relative_path(text: str) -> str:
    # Appended to the source's address; anything else could lead to another host.
    if not re.fullmatch(r"[/?][^\s#]*", text) or text.startswith("//"):
        raise refusal("wrong_value", f"{shortened(text)} is no path below the source's url, such as /v1/spend?by=team")
    return text


def web_address(text: str) -> str:
    """An http or https address without credentials. Raises what a validator raises."""
    # Shown as a link: other schemes could run in a reader's browser, and credentials would be seen by all.
    match = re.fullmatch(r"https?://(?P<authority>[^\s/?#]+)\S*", text.strip())
    if match is None:
        raise refusal("wrong_value", f"{shortened(text)} is no http or https address")
    if "@" in match["authority"]:
        raise refusal("secret_in_document", "an address holds no credentials; remove what stands before @")
    return text.strip()


Weight = Annotated[float, AfterValidator(_weight), Field(json_schema_extra={"minimum": 0})]
"""How much a member counts; 0 leaves it out."""

Change = Annotated[
    DeclaredChange,
    PlainValidator(_change),
    WithJsonSchema({"type": ["string", "number"], "examples": ["-40%", "+20%", -0.4, "+5 points", "+5pp"]}),
]
"""A signed share of a baseline, or a signed way from it in the metric's unit."""

Count = Annotated[int, AfterValidator(_count), Field(json_schema_extra={"minimum": 0, "maximum": _LARGEST_COUNT})]
"""A whole number, 0 or more."""

PositiveCount = Annotated[
    int, AfterValidator(_positive_count), Field(json_schema_extra={"minimum": 1, "maximum": _LARGEST_COUNT})
]
"""A whole number, 1 or more."""

Precision = Annotated[int, AfterValidator(_precision), Field(json_schema_extra={"minimum": 0, "maximum": 10})]
"""Digits after the point."""

KeyResultName = Annotated[
    str,
    AfterValidator(_key_result_name),
    Field(json_schema_extra={"pattern": f"^{_KEY_RESULT.pattern}$"}, examples=["uptime", "rock-solid-api/uptime"]),
]
"""A key result of the same objective by its name, any other by ``OBJECTIVE/NAME``."""

KeyResultId = Annotated[
    str,
    AfterValidator(_key_result_id),
    Field(json_schema_extra={"pattern": r"^[^\s/]+/[^\s/]+$"}, examples=["rock-solid-api/uptime"]),
]
"""A key result by ``OBJECTIVE/NAME``."""

SelectText = Annotated[str, AfterValidator(_select), Field(json_schema_extra={"minLength": 1})]
"""An SQL query that only reads."""

JsonPath = Annotated[str, AfterValidator(_json_path), Field(json_schema_extra={"pattern": r"^\s*\$"})]
"""A JSONPath."""

PathBelow = Annotated[str, AfterValidator(_relative_path), Field(json_schema_extra={"pattern": "^[/?]"})]
"""A path that is appended to a source's address."""

WebAddress = Annotated[str, AfterValidator(web_address), Field(json_schema_extra={"pattern": "^\\s*https?://"})]
"""An http or https address for people."""

CommitmentName = Literal["committed", "aspirational"]
StateName = Literal["draft", "active", "postponed", "dropped", "closed"]
VisibilityName = Literal["public", "restricted"]
AggregationName = Literal["count", "sum", "mean", "median", "p90", "p95", "p99", "max", "min", "last", "distinct"]
LayerName = Literal["L1", "L2", "L3", "L4", "L5", "L6", "L7", "L8", "L9", "L10"]
"""Edge, service, application, data, cloud, Kubernetes, serverless, CI/CD, incident response, security."""
