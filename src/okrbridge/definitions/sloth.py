"""Models of Sloth's documents: ``version: prometheus/v1`` and the Kubernetes object PrometheusServiceLevel.

Both declare the same things; the first writes its keys in snake_case, the second in camelCase and its labels as text.
Source: https://github.com/slok/sloth, pkg/prometheus/api/v1 and pkg/kubernetes/api/sloth/v1, as of release 0.16. Sloth
ignores keys it does not know; so do these models, and ``ignored_keys`` names them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, ConfigDict, Field

from okrbridge.definitions.fields import FilledText, refusal
from okrbridge.definitions.foreign_fields import ForeignShape, ObjectMetadata, Percent, Text
from okrbridge.definitions.nodes import Path, shortened
from okrbridge.definitions.shapes import Shape
from okrbridge.promql.syntax import number_fault
from okrbridge.promql.windows import with_windows

SLOTH = "prometheus/v1"
SLOTH_KUBERNETES = "sloth.slok.dev/v1"
_WINDOW = re.compile(r"\{\{ *\.window *\}\}")

_NAME = re.compile(r"[A-Za-z0-9][-A-Za-z0-9_.]*[A-Za-z0-9]")


def _name(text: str) -> str:
    if not _NAME.fullmatch(text):
        made_of = "at least two of A-Z, a-z, 0-9, ., _ and -, with letters or digits at both ends"
        raise refusal("wrong_name", f"{shortened(text)} is no name to Sloth: {made_of}")
    return text


def _query(text: str) -> str:
    if not text.strip():
        raise refusal("empty", "is empty; write a query")
    if not _WINDOW.search(text):
        raise refusal("wrong_query", "needs {{.window}} where the length of the window belongs, as Sloth does")
    if fault := number_fault(with_windows(text, "1m")):
        raise refusal("wrong_query", fault)
    return text.strip()


Query = Annotated[str, AfterValidator(_query)]
SlothName = Annotated[str, AfterValidator(_name)]
AnySlothName = Annotated[Text, AfterValidator(_name)]


class SlothShape(ForeignShape):
    """A mapping of the Kubernetes object; keys it does not know are ignored."""

    model_config = ConfigDict(extra="ignore")


class SlothEvents(SlothShape):
    """Bad events and all events."""

    error_query: Query
    total_query: Query


class SlothRaw(SlothShape):
    """A ratio of errors that the query computes."""

    error_ratio_query: Query


class SlothSli(SlothShape):
    """The indicator; exactly one of events and raw."""

    events: SlothEvents | None = None
    raw: SlothRaw | None = None
    plugin: Any = None


class SlothAlert(SlothShape):
    """One of the two alerts."""

    disable: bool = False
    for_: Text | None = Field(default=None, alias="for")
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)


class SlothAlerting(SlothShape):
    """The alerts of an SLO."""

    name: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    page_alert: SlothAlert = SlothAlert()
    ticket_alert: SlothAlert = SlothAlert()


class SlothPlugin(SlothShape):
    """A step of Sloth's making of rules."""

    id: FilledText
    config: Any = None
    priority: int = 0


class SlothPlugins(SlothShape):
    """Steps of Sloth's making of rules; they do not change what is counted."""

    override_previous: bool = False
    chain: list[SlothPlugin] = Field(default_factory=list)


class SlothSlo(SlothShape):
    """One objective of the service."""

    name: SlothName
    description: str = ""
    objective: Percent
    labels: dict[str, str] = Field(default_factory=dict)
    plugins: SlothPlugins = SlothPlugins()
    sli: SlothSli
    alerting: SlothAlerting = SlothAlerting()


class SlothSpec(SlothShape):
    """The objectives of one service."""

    service: SlothName
    labels: dict[str, str] = Field(default_factory=dict)
    slo_plugins: SlothPlugins = SlothPlugins()
    slos: list[SlothSlo] = Field(min_length=1)


class SlothObject(SlothShape):
    """The Kubernetes object, for the Prometheus operator or for Google's managed Prometheus."""

    api_version: Literal["sloth.slok.dev/v1"]
    kind: Literal["PrometheusServiceLevel", "ManagedPrometheusServiceLevel"]
    metadata: ObjectMetadata = ObjectMetadata()
    spec: SlothSpec
    status: Any = None

    independent_items: ClassVar[Mapping[Path, type[Shape]]] = {("spec", "slos"): SlothSlo}
    stand_ins: ClassVar[Mapping[Path, object]] = {("spec", "service"): "unnamed"}


_SNAKE_CASE = ConfigDict(alias_generator=str)


class PlainEvents(SlothEvents):
    """Bad events and all events."""

    model_config = _SNAKE_CASE


class PlainRaw(SlothRaw):
    """A ratio of errors that the query computes."""

    model_config = _SNAKE_CASE


class PlainSli(SlothSli):
    """The indicator; exactly one of events and raw."""

    events: PlainEvents | None = None
    raw: PlainRaw | None = None


class PlainAlert(SlothAlert):
    """One of the two alerts."""

    labels: dict[str, Text] = Field(default_factory=dict)
    annotations: dict[str, Text] = Field(default_factory=dict)


class PlainAlerting(SlothAlerting):
    """The alerts of an SLO."""

    model_config = _SNAKE_CASE

    name: Text = ""
    labels: dict[str, Text] = Field(default_factory=dict)
    annotations: dict[str, Text] = Field(default_factory=dict)
    page_alert: PlainAlert = PlainAlert()
    ticket_alert: PlainAlert = PlainAlert()


class PlainSlo(SlothSlo):
    """One objective of the service."""

    name: AnySlothName
    description: Text = ""
    labels: dict[str, Text] = Field(default_factory=dict)
    sli: PlainSli
    alerting: PlainAlerting = PlainAlerting()


class PlainSlothDocument(SlothSpec):
    """The document without Kubernetes around it."""

    model_config = _SNAKE_CASE

    version: Literal["prometheus/v1"]
    service: AnySlothName
    labels: dict[str, Text] = Field(default_factory=dict)
    slos: list[PlainSlo] = Field(min_length=1)  # type: ignore[assignment]  # a frozen model's list is only read

    independent_items: ClassVar[Mapping[Path, type[Shape]]] = {("slos",): PlainSlo}
    stand_ins: ClassVar[Mapping[Path, object]] = {("service",): "unnamed"}
