"""From OpenSLO models to the domain: data sources, indicators, SLOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from okrbridge.definitions.annotations import PREFIX, SloOptions, slo_options
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.indicator_conversion import refuse_samples_here, sli_of
from okrbridge.definitions.nodes import Document, Path
from okrbridge.definitions.openslo import ConnectionDetails, DataSourceDocument, SloDocument, SloSpec, SloTarget
from okrbridge.definitions.release import RELEASE
from okrbridge.definitions.slo_objectives import ConvertedObjective, ObjectiveConverter
from okrbridge.definitions.time_windows import window_of
from okrbridge.domain.alerting import OKR_FACTOR, left_out_pairs_of
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.sli import CompositeMode, Sli
from okrbridge.domain.slo import Budgeting, BurnPolicy, Slo

_OWN_INDICATOR = frozenset({"indicator", "indicatorRef"})

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


def slos_of(spot: Spot, model: SloDocument, slis: Mapping[str, Sli]) -> Iterator[Slo]:
    """One SLO for each target, or one for a composite; none when the document has a fault.

    Args:
        spot: the document's root.
        model: the document.
        slis: indicators of SLI documents, by name.
    """
    spec, at = model.spec, spot.at("spec")
    if spec.alert_policies:
        at.at("alertPolicies").warn(NO_ALERTS, "alerts_not_sent", of_key=True)
    options = slo_options(spot.at("metadata", "annotations"), model.metadata.annotations)
    if spec.indicator is None and not any(each.indicator for each in spec.objectives):
        refuse_samples_here(spot.at("metadata", "annotations"))
    window = window_of(at.at("timeWindow", 0), spec.time_window[0])
    is_composite = is_composite_slo(spot.document)
    declared = _composite(spot, model, slis, options) if is_composite else _separate(spot, model, slis, options)
    names = [name for name, _ in slo_names(spot.document)]
    for index, objective in enumerate(declared):
        if objective is None or window is None:
            continue
        slo = Slo(
            name=names[index],
            service=spec.service,
            sli=objective.sli,
            target_ratio=objective.target_ratio,
            window=window,
            budgeting=Budgeting(spec.budgeting_method),
            time_slices=objective.time_slices,
            no_data=options.no_data,
            low_traffic=options.low_traffic,
            count_budget=options.count_budget,
            burn_policy=options.burn_policy,
            display_name=_display_name(model, spec.objectives[index], index),
            description=spec.description,
            labels=dict(model.metadata.labels),
        )
        _warn_of_policy(spot, slo)
        yield slo


def _separate(
    spot: Spot, model: SloDocument, slis: Mapping[str, Sli], options: SloOptions
) -> list[ConvertedObjective | None]:
    """The objectives of a document with one indicator, each an SLO."""
    at = spot.at("spec")
    for name, given in (("composite", options.composite), ("composite-target", options.composite_target)):
        if given is not None:
            message = "belongs to objectives with indicators of their own; here there is one indicator"
            spot.at("metadata", "annotations", f"{PREFIX}{name}").fault(message, "does_not_belong", of_key=True)
    sli = _indicator_of(at, model, slis)
    budgeting = Budgeting(model.spec.budgeting_method)
    converter = ObjectiveConverter(slis, budgeting, may_be_whole=options.count_budget is not None)
    places = enumerate(model.spec.objectives)
    return [converter.separate(at.at("objectives", index), entry, sli) for index, entry in places]


def _composite(
    spot: Spot, model: SloDocument, slis: Mapping[str, Sli], options: SloOptions
) -> list[ConvertedObjective | None]:
    """All objectives of a document together, as one SLO."""
    at, spec = spot.at("spec"), model.spec
    for key in ("indicator", "indicatorRef"):
        if at.document.node((*at.path, key)) is not None:
            message = "the objectives have indicators of their own; remove this one, or theirs"
            at.at(key).fault(message, "indicator", of_key=True)
    if options.count_budget is not None:
        message = "a composite's budget is a share; remove it, or write one SLO for each indicator"
        spot.at("metadata", "annotations", f"{PREFIX}count-budget").fault(message, "does_not_belong", of_key=True)
    mode = options.composite or CompositeMode.WEIGHTED
    converter = ObjectiveConverter(slis, Budgeting(spec.budgeting_method), may_be_whole=False)
    return [converter.together(at, spec.objectives, model.metadata.name, mode, options.composite_target)]


def _warn_of_policy(spot: Spot, slo: Slo) -> None:
    """A policy that was asked for by name and cannot be had is told; the scaled default pairs are not."""
    if slo.burn_policy is BurnPolicy.OKR_2X:
        dropped = [(pair, reason) for pair, reason in left_out_pairs_of(slo) if pair.factor == OKR_FACTOR]
        for pair, reason in dropped:
            message = f"the page above {pair.factor:g}x on {pair.long} and {pair.short} is left out: {reason}"
            place = spot.at("metadata", "annotations", f"{PREFIX}burn-policy")
            place.warn(message, "burn_pair_left_out")


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


def is_composite_slo(document: Document) -> bool:
    """Whether an SLO document's objectives are parts of one; told also when it has faults."""
    objectives = (value for _, value in document.matching(("spec", "objectives", "*")))
    return any(isinstance(each, dict) and not _OWN_INDICATOR.isdisjoint(each) for each in objectives)


def slo_names(document: Document) -> list[tuple[str, Path]]:
    """Names of the SLOs that an SLO document declares, and where; found even when the document has faults.

    The first target has the document's name, every further one NAME-TARGET, such as ``api-availability-0.99``. A
    composite is one SLO.
    """
    name = document.text("metadata", "name")
    names: list[tuple[str, Path]] = [(name, ("metadata", "name"))]
    if is_composite_slo(document):
        return names
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
