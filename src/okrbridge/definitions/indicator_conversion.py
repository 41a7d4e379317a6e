"""From OpenSLO indicators to the domain's."""

from __future__ import annotations

from collections.abc import Mapping

from okrbridge.definitions.counted_queries import UncountableQueryError, sli_of_counts, written
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.indicators import Metric, MetricSource, RatioMetric, SliSpec
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.promql.reduction import reduce_ratio
from okrbridge.promql.selectors import parse_selector
from okrbridge.promql.windows import with_windows

SAMPLES_ANNOTATION = "okrbridge.dev/samples"
"""``"true"`` in the metadata of an SLI, or of the SLO around it: each sample of the raw gauge is one event."""

_QUERY = ("metricSource", "spec", "query")
_ANY_WINDOW = "5m"
_WEIGHTED_BY_TIME = "each slice weighs the same, however many events it holds"
_COUNT_EVENTS = "to count events, write the two counters as good (or bad) and total"
_EXACTLY_ONE = "needs exactly one of good and bad beside total; there are {found}"


def sli_of(spot: Spot, spec: SliSpec, name: str) -> Sli | None:
    """An indicator; None, with a fault, when its parts do not fit together.

    A threshold metric has no limit yet: op and value stand in the objectives that use it.

    Args:
        spot: where ``spec`` stands.
        spec: the model.
        name: the name it is declared with.
    """
    if (spec.ratio_metric is None) == (spec.threshold_metric is None):
        found = "both" if spec.ratio_metric else "none"
        spot.fault(f"needs exactly one of ratioMetric and thresholdMetric; there are {found}", "indicator")
        return None
    if spec.threshold_metric is not None:
        source = _source_of(spot.at("thresholdMetric", "metricSource"), spec.threshold_metric.metric_source)
        query = spec.threshold_metric.metric_source.spec.query
        return None if source is None else Sli(name, source, query, kind=SliKind.THRESHOLD)
    assert spec.ratio_metric is not None, "one of the two is there"  # noqa: S101 - narrows the type
    if spec.ratio_metric.raw is not None or spec.ratio_metric.raw_type is not None:
        return _raw(spot, spec.ratio_metric, name)
    return _events(spot.at("ratioMetric"), spec.ratio_metric, name)


def _events(spot: Spot, ratio: RatioMetric, name: str) -> Sli | None:
    """An indicator of good or bad events out of all."""
    parts = {"good": ratio.good, "bad": ratio.bad, "total": ratio.total}
    metrics = {part: metric for part, metric in parts.items() if metric is not None}
    if not _are_complete(spot, ratio):
        return None
    source = _one_source(spot, metrics)
    if source is None:
        return None
    queries = {part: metric.metric_source.spec.query for part, metric in metrics.items()}
    if not ratio.counter:
        good, bad = queries.get("good"), queries.get("bad")
        return Sli(name, source, queries["total"], good=good, bad=bad, kind=SliKind.EXPRESSIONS)
    try:
        sli = sli_of_counts(name, source, queries)
    except UncountableQueryError as error:
        spot.at(error.part, *_QUERY).fault(str(error), "wrong_query")
        return None
    if sli.note:
        spot.warn(sli.note, "as_written")
    return sli


def _are_complete(spot: Spot, ratio: RatioMetric) -> bool:
    """Whether the keys of counted events fit together; each fault is told."""
    missing = [key for key, value in (("counter", ratio.counter), ("total", ratio.total)) if value is None]
    for key in missing:
        spot.at(key).fault("is missing", "missing_key")
    if (ratio.good is None) == (ratio.bad is None):
        spot.fault(_EXACTLY_ONE.format(found="both" if ratio.good else "none"), "good_or_bad")
        return False
    return not missing


def _raw(indicator: Spot, ratio: RatioMetric, name: str) -> Sli | None:
    """An indicator from a ratio that was computed elsewhere, or from a gauge of 0 and 1."""
    spot = indicator.at("ratioMetric")
    counted = {"good": ratio.good, "bad": ratio.bad, "total": ratio.total}
    strangers = [key for key, value in counted.items() if value is not None]
    for key in strangers:
        spot.at(key).fault("does not go with raw; remove one of the two", "does_not_belong", of_key=True)
    if ratio.raw is None or ratio.raw_type is None:
        missing = "raw" if ratio.raw is None else "rawType"
        spot.at(missing).fault("is missing; raw and rawType (success or failure) are needed together", "missing_key")
        return None
    source = _source_of(spot.at("raw", "metricSource"), ratio.raw.metric_source)
    is_samples = _counts_samples(indicator)
    if source is None or strangers or is_samples is None:
        return None
    query = ratio.raw.metric_source.spec.query
    if is_samples:
        return _samples(spot.at("raw", *_QUERY), name, source, query, ratio.raw_type)
    note = _WEIGHTED_BY_TIME
    if reduce_ratio(query).total is not None:
        note = f"{_WEIGHTED_BY_TIME}; {_COUNT_EVENTS}"
        spot.at("raw").warn(note, "weighted_by_time")
    good, bad = _told_part(query, ratio.raw_type)
    return Sli(name, source, query, good=good, bad=bad, kind=SliKind.RATIO, note=note)


def _samples(spot: Spot, name: str, source: str, query: str, raw_type: str) -> Sli | None:
    try:
        gauge = parse_selector(query).text
    except ValueError:
        message = f"{SAMPLES_ANNOTATION} counts samples of gauges; write a plain selector, such as probe_success{{…}}"
        spot.fault(message, "wrong_query")
        return None
    good, bad = _told_part(gauge, raw_type)
    return Sli(
        name,
        source,
        gauge,
        good=good,
        bad=bad,
        kind=SliKind.SAMPLES,
        written=written({"total": query}, {"total": gauge}),
    )


def _told_part(query: str, raw_type: str) -> tuple[str | None, str | None]:
    """The one query as the good part, or as the bad part."""
    return (query, None) if raw_type == "success" else (None, query)


def _counts_samples(indicator: Spot) -> bool | None:
    """Whether an annotation asks for samples; None, with a fault, when it says neither true nor false."""
    places = [("metadata", "annotations"), (*indicator.path[:-1], "metadata", "annotations")]
    answers = set()
    for place in dict.fromkeys(places):
        value = indicator.document.get(*place, SAMPLES_ANNOTATION)
        if value not in (None, "true", "false"):
            spot = Spot(indicator.document, (*place, SAMPLES_ANNOTATION), indicator.findings)
            spot.fault('must be "true" or "false", in quotes', "wrong_value")
            return None
        answers.add(value)
    return "true" in answers


def refuse_samples_here(spot: Spot) -> None:
    """A fault where an SLO that only refers to indicators asks for samples: the indicator is counted as it says.

    Args:
        spot: where the SLO's ``metadata.annotations`` stands.
    """
    place = spot.at(SAMPLES_ANNOTATION)
    if place.document.node(place.path) is not None:
        message = "belongs to the SLI document that indicatorRef names; move it to that document's metadata.annotations"
        place.fault(message, "does_not_belong", of_key=True)


def _one_source(spot: Spot, metrics: Mapping[str, Metric]) -> str | None:
    """The source that all metrics name; None, with a fault, when there is no such."""
    sources = {part: _source_of(spot.at(part, "metricSource"), one.metric_source) for part, one in metrics.items()}
    named = list(dict.fromkeys(sources.values()))
    if None in named:
        return None
    if len(named) > 1:
        message = f"counts in two sources, {named[0]!r} and {named[1]!r}; name one, they are read together"
        spot.fault(message, "two_sources")
        return None
    return named[0]


def _source_of(spot: Spot, source: MetricSource) -> str | None:
    """The source that a metric names, and a note that its query stands here."""
    if source.metric_source_ref is None and source.type is None:
        spot.fault("needs metricSourceRef: NAME, or type: Prometheus for the default source", "missing_key")
        return None
    name = source.metric_source_ref or DEFAULT_SOURCE
    spot.at("spec", "query").query(name, with_windows(source.spec.query, _ANY_WINDOW))
    return name
