"""From OpenSLO models to the domain: data sources, indicators, SLOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.nodes import Document, Path
from okrbridge.definitions.openslo import (
    ConnectionDetails,
    DataSourceDocument,
    MetricSource,
    RatioMetric,
    SliSpec,
    SloDocument,
    SloSpec,
    SloTarget,
)
from okrbridge.definitions.release import RELEASE
from okrbridge.domain.definition_set import DEFAULT_SOURCE, DataSource
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import RollingWindow

NO_ALERTS = f"{RELEASE} sends no alerts; this is accepted and not used"


def data_source_of(spot: Spot, model: DataSourceDocument) -> DataSource:
    """A data source; details that were not given are left out."""
    details = model.spec.connection_details
    for message, code in _contradictions(details):
        spot.at("spec", "connectionDetails").fault(message, code)
    given = details.model_dump(exclude_none=True, exclude_defaults=True)
    flat = {key: "true" if value is True else str(value) for key, value in given.items()}
    return DataSource(model.metadata.name, model.spec.type, flat)


def _contradictions(details: ConnectionDetails) -> Iterator[tuple[str, str]]:
    if (details.password or details.password_file) and not details.username:
        yield "a password needs a username beside it", "missing_key"
    if details.password and details.password_file:
        yield "needs one of password and passwordFile, not both", "wrong_value"
    if details.bearer_token_file and details.username:
        yield "needs one of bearerTokenFile and username, not both", "wrong_value"
    if (details.cert_file is None) != (details.key_file is None):
        yield "certFile and keyFile are needed together", "missing_key"


def sli_of(spot: Spot, spec: SliSpec, name: str) -> Sli | None:
    """An indicator; None when its parts do not fit together.

    Args:
        spot: where ``spec`` stands.
        spec: the model.
        name: the name it is declared with.
    """
    ratio, spot = spec.ratio_metric, spot.at("ratioMetric")
    if (ratio.good is None) == (ratio.bad is None):
        found = "both" if ratio.good else "none"
        spot.fault(f"needs exactly one of good and bad beside total; there are {found}", "good_or_bad")
        return None
    sources = [_source_of(spot.at(part, "metricSource"), metric) for part, metric in _parts(ratio)]
    if None in sources:
        return None
    part_source, total_source = sources
    if part_source != total_source:
        message = f"counts in two sources, {part_source!r} and {total_source!r}; name one, they are read together"
        spot.fault(message, "two_sources")
        return None
    good = ratio.good.metric_source.spec.query if ratio.good else None
    bad = ratio.bad.metric_source.spec.query if ratio.bad else None
    return Sli(name, total_source or "", ratio.total.metric_source.spec.query, good=good, bad=bad)


def _parts(ratio: RatioMetric) -> Iterator[tuple[str, MetricSource]]:
    for name, metric in (("good", ratio.good), ("bad", ratio.bad), ("total", ratio.total)):
        if metric is not None:
            yield name, metric.metric_source


def _source_of(spot: Spot, source: MetricSource) -> str | None:
    if source.metric_source_ref is None and source.type is None:
        spot.fault("needs metricSourceRef: NAME, or type: Prometheus for the default source", "missing_key")
        return None
    name = source.metric_source_ref or DEFAULT_SOURCE
    spot.at("spec", "query").query(name, source.spec.query)
    return name


def slos_of(spot: Spot, model: SloDocument, slis: Mapping[str, Sli]) -> Iterator[Slo]:
    """One SLO for each target; none when the document has a fault.

    Args:
        spot: the document's root.
        model: the document.
        slis: indicators of SLI documents, by name.
    """
    spec, at = model.spec, spot.at("spec")
    if spec.alert_policies:
        at.at("alertPolicies").warn(NO_ALERTS, "alerts_not_sent", of_key=True)
    sli = _indicator_of(at, model, slis)
    targets = [_target_of(at.at("objectives", index), target) for index, target in enumerate(spec.objectives)]
    names = [name for name, _ in slo_names(spot.document)]
    if sli is None:
        return
    for index, (target, entry) in enumerate(zip(targets, spec.objectives, strict=True)):
        if target is None:
            continue
        yield Slo(
            name=names[index],
            service=spec.service,
            sli=sli,
            target_ratio=target,
            window=RollingWindow(spec.time_window[0].duration),
            budgeting=spec.budgeting_method,
            display_name=_display_name(model, entry, index),
            description=spec.description,
            labels=dict(model.metadata.labels),
        )


def _display_name(model: SloDocument, entry: SloTarget, index: int) -> str:
    own, shared = entry.display_name or "", model.metadata.display_name or ""
    return (own or shared) if index else (shared or own)


def _indicator_of(spot: Spot, model: SloDocument, slis: Mapping[str, Sli]) -> Sli | None:
    spec: SloSpec = model.spec
    if (spec.indicator is None) == (spec.indicator_ref is None):
        found = "both" if spec.indicator else "none"
        spot.fault(f"needs exactly one of indicator and indicatorRef; there are {found}", "indicator")
        return None
    if spec.indicator is None:
        return slis.get(spec.indicator_ref or "")
    metadata = spec.indicator.metadata or model.metadata
    return sli_of(spot.at("indicator", "spec"), spec.indicator.spec, metadata.name)


def _target_of(spot: Spot, entry: SloTarget) -> float | None:
    for key in ("op", "value"):
        if getattr(entry, key) is not None:
            message = "belongs to threshold metrics; a ratio needs only its target, so this is ignored"
            spot.at(key).warn(message, "ignored_key", of_key=True)
    if (entry.target is None) == (entry.target_percent is None):
        found = "both" if entry.target else "none"
        spot.fault(f"needs exactly one of target and targetPercent; there are {found}", "target")
        return None
    return entry.target if entry.target is not None else (entry.target_percent or 0) / 100


def slo_names(document: Document) -> list[tuple[str, Path]]:
    """Names of the SLOs that an SLO document declares, and where; found even when the document has faults.

    The first target has the document's name, every further one NAME-TARGET, such as ``api-availability-0.99``.
    """
    name = document.text("metadata", "name")
    names: list[tuple[str, Path]] = [(name, ("metadata", "name"))]
    for path, value in document.matching(("spec", "objectives", "*")):
        if path[-1] != 0:
            names.append((f"{name}-{_written_target(value)}", path))
    return names


def _written_target(entry: object) -> str:
    target = entry.get("target") if isinstance(entry, dict) else None
    percent = entry.get("targetPercent") if isinstance(entry, dict) else None
    if isinstance(target, int | float):
        return f"{target:.12g}"
    return f"{percent / 100:.12g}" if isinstance(percent, int | float) else "?"
