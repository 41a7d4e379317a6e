"""From Pyrra's documents to SLOs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import promql_parser

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.foreign_fields import NAMES_HERE, known_name
from okrbridge.definitions.nodes import Document, Path, shortened
from okrbridge.definitions.pyrra import PyrraDocument, PyrraIndicator, PyrraLatency, PyrraNativeLatency, PyrraRatio
from okrbridge.definitions.slo_conversion import NO_ALERTS
from okrbridge.definitions.windowed_queries import sli_of_native_histogram
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import RollingWindow
from okrbridge.promql.selectors import Selector, selector_of
from okrbridge.promql.syntax import parse
from okrbridge.promql.terms import Term, terms_text

_OWN_LABELS = "pyrra.dev/"
"""Labels that Pyrra hands on to its rules, without this prefix."""

_BARE = 'Pyrra itself takes the rate, such as of http_requests_total{code=~"5.."}'
_FLOAT = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|\+?Inf")


def pyrra_slos(spot: Spot, model: PyrraDocument) -> Iterator[Slo]:
    """The SLO of a document; none when it has a fault."""
    spec, written = model.spec, model.metadata.name
    (name, path), *_ = pyrra_slo_names(spot.document)
    if spec.alerting is not None:
        spot.at("spec", "alerting").warn(NO_ALERTS, "alerts_not_sent", of_key=True)
    _doubt_target(spot.at("spec", "target"), spec.target)
    sli = _sli_of(spot.at("spec", "indicator"), spec.indicator, name)
    if not written:
        spot.at(*path).fault("is missing", "missing_key")
    elif not name:
        spot.at(*path).fault(f"cannot be a name here: {NAMES_HERE}", "wrong_name")
    elif sli is not None:
        if name != written:
            spot.at(*path).warn(f"{shortened(written)} is known here as {name}: {NAMES_HERE}", "renamed")
        labels = _labels_of(model)
        yield Slo(
            name=name,
            service=labels.get("service") or name,
            sli=sli,
            target_ratio=spec.target,
            window=RollingWindow(spec.window),
            display_name=written if name != written else "",
            description=spec.description,
            labels=labels,
        )


def pyrra_slo_names(document: Document) -> list[tuple[str, Path]]:
    """The name by which the SLO of a document is known here, and where; found even when it has faults."""
    return [(known_name(document.text("metadata", "name")), ("metadata", "name"))]


def _labels_of(model: PyrraDocument) -> dict[str, str]:
    """What Pyrra hands on to its rules: the namespace, and the labels with its prefix."""
    metadata = model.metadata
    labels = {"namespace": metadata.namespace} if metadata.namespace else {}
    own = {key: value for key, value in metadata.labels.items() if key.startswith(_OWN_LABELS)}
    return labels | {key.removeprefix(_OWN_LABELS): value for key, value in own.items()}


def _doubt_target(spot: Spot, ratio: float) -> None:
    if ratio < 0.01:
        spot.warn(f"is in percent, so this promises {ratio:.4%}; 99.9% is written 99.9", "doubtful")


def _sli_of(spot: Spot, indicator: PyrraIndicator, name: str) -> Sli | None:
    fields = {"ratio": "ratio", "latency": "latency", "latency_native": "latencyNative", "bool_gauge": "bool_gauge"}
    given = [(key, getattr(indicator, field)) for field, key in fields.items() if getattr(indicator, field) is not None]
    if len(given) != 1:
        found = " and ".join(key for key, _ in given) or "none"
        spot.fault(f"needs exactly one of {', '.join(fields.values())}; there is {found}", "indicator")
        return None
    ((key, model),) = given
    at = spot.at(key)
    note = _grouping_note(at, model.grouping)
    if isinstance(model, PyrraRatio):
        return _ratio(at, model, name, note)
    if isinstance(model, PyrraLatency):
        return _latency(at, model, name, note)
    if isinstance(model, PyrraNativeLatency):
        return _native_latency(at, model, name, note)
    gauge = _selector_at(at, model.metric)
    if gauge is None:
        return None
    return Sli(name, DEFAULT_SOURCE, gauge.text, good=gauge.text, kind=SliKind.SAMPLES, note=note)


def _grouping_note(spot: Spot, labels: Sequence[str]) -> str:
    """A warning where Pyrra would make several SLOs, and the note that the indicator carries of it."""
    if not labels:
        return ""
    listed = ", ".join(labels)
    spot.at("grouping").warn(
        f"Pyrra makes one SLO for each value of {listed}; okrbridge makes one over all of them. "
        "Where each needs a budget of its own, write one document for each value, with a matcher on it",
        "grouping",
        of_key=True,
    )
    return f"all values of {listed} are counted together"


def _ratio(spot: Spot, ratio: PyrraRatio, name: str, note: str) -> Sli | None:
    parts = {key: getattr(ratio, key) for key in ("errors", "success", "total")}
    given = {key: query for key, query in parts.items() if query is not None}
    if len(given) != 2:
        found = " and ".join(given) or "none"
        spot.fault(f"needs exactly two of {', '.join(parts)}; there is {found}", "good_or_bad")
        return None
    selectors = {key: _selector_at(spot.at(key), query.metric) for key, query in given.items()}
    errors, success, total = (selectors.get(key) for key in parts)
    if None in selectors.values():
        return None
    _doubt_equals(spot, selectors)
    if total is None:
        assert errors is not None, "two of three are there"  # noqa: S101 - narrows the type
        assert success is not None, "two of three are there"  # noqa: S101 - narrows the type
        everything = terms_text([Term(1, errors), Term(1, success)])
        return Sli(name, DEFAULT_SOURCE, everything, bad=errors.text, note=note)
    good, bad = (each.text if each else None for each in (success, errors))
    return Sli(name, DEFAULT_SOURCE, total.text, good=good, bad=bad, note=note)


def _latency(spot: Spot, latency: PyrraLatency, name: str, note: str) -> Sli | None:
    success = _selector_at(spot.at("success"), latency.success.metric)
    total = _selector_at(spot.at("total"), latency.total.metric)
    if success is None or total is None:
        return None
    if not any(one.label == "le" and _FLOAT.fullmatch(one.value) for one in success.matchers):
        spot.at("success", "metric").fault('needs the bucket that is fast enough, such as le="0.1"', "wrong_query")
        return None
    for key, selector, ending in (("success", success, "_bucket"), ("total", total, "_count")):
        if not selector.metric.endswith(ending):
            spot.at(key, "metric").warn(f"the metric of a histogram's {key} usually ends in {ending}", "doubtful")
    _doubt_equals(spot, {"success": success, "total": total})
    return Sli(name, DEFAULT_SOURCE, total.text, good=success.text, note=note)


def _native_latency(spot: Spot, latency: PyrraNativeLatency, name: str, note: str) -> Sli | None:
    selector = _selector_at(spot.at("total"), latency.total.metric)
    if selector is None:
        return None
    sli = sli_of_native_histogram(name, selector, latency.latency, note)
    spot.warn(sli.note, "as_written", of_key=True)
    return sli


def _doubt_equals(spot: Spot, selectors: dict[str, Selector | None]) -> None:
    (first, one), (second, other) = selectors.items()
    if one == other:
        spot.at(first, "metric").warn(f"counts the same as {second}", "doubtful")


def _selector_at(spot: Spot, query: str) -> Selector | None:
    """The plain selector under ``metric``; None, with a fault, when there is another expression."""
    spot = spot.at("metric")
    try:
        expression = parse(query)
        if not isinstance(expression, promql_parser.VectorSelector):
            spot.fault(f"must be a metric with its matchers and nothing around it; {_BARE}", "wrong_query")
            return None
        selector = selector_of(expression)
    except ValueError as error:
        spot.fault(str(error), "wrong_query")
        return None
    if expression.offset is not None or expression.at is not None:
        spot.warn("Pyrra leaves offset and @ out of its rules, and so does okrbridge", "ignored_key")
    spot.query(DEFAULT_SOURCE, selector.text)
    return selector
