"""From Sloth's documents to SLOs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from okrbridge.definitions.findings import Spot
from okrbridge.definitions.foreign_fields import NAMES_HERE, as_text, known_name
from okrbridge.definitions.nodes import Document, Node, Path, shortened
from okrbridge.definitions.shapes import Shape, shape_at
from okrbridge.definitions.slo_conversion import NO_ALERTS
from okrbridge.definitions.sloth import (
    PlainSlothDocument,
    SlothAlerting,
    SlothEvents,
    SlothObject,
    SlothPlugins,
    SlothShape,
    SlothSli,
    SlothSlo,
    SlothSpec,
)
from okrbridge.definitions.windowed_queries import sli_of_events, sli_of_ratio
from okrbridge.domain.definition_set import DEFAULT_SOURCE
from okrbridge.domain.sli import Sli
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import RollingWindow, parse_duration
from okrbridge.promql.windows import with_windows

PERIOD = RollingWindow(parse_duration("30d"))
"""The window of every SLO: Sloth's documents do not name one, its flag --default-slo-period is 30 days by default."""

_ANY_WINDOW = "5m"
_PLUGINS = "Sloth's SLO plugins change the rules it writes and are not run here; this is accepted and not used"
_SLI_PLUGIN = (
    "Sloth's SLI plugins are programs that write queries, and none is run here; write the query it makes under raw"
)


def sloth_slos(spot: Spot, model: SlothObject | PlainSlothDocument) -> Iterator[Slo]:
    """The SLOs of a document, named SERVICE-SLO as Sloth's sloth_id; those with a fault are left out."""
    spec: SlothSpec = model.spec if isinstance(model, SlothObject) else model
    at = spot.at("spec") if isinstance(model, SlothObject) else spot
    for path in ignored_keys(spot.document, type(model)):
        Spot(spot.document, path, spot.findings).warn(
            "is no key of Sloth's, which ignores it", "ignored_key", of_key=True
        )
    _tell_unused(at, spec)
    _check_labels(at.at("labels"), spec.labels)
    names = sloth_slo_names(spot.document)
    for index, slo in enumerate(spec.slos):
        if slo.is_readable and (made := _slo_of(at.at("slos", index), spec, slo, names[index][0])):
            yield made


def sloth_slo_names(document: Document) -> list[tuple[str, Path]]:
    """The names by which the SLOs of a document are known here, and where; found even when it has faults."""
    root = _root(document)
    service = as_text(document.get(*root, "service"))
    return [
        (known_name(f"{service}-{as_text(document.get(*path, 'name'))}"), (*path, "name"))
        for path, _ in document.matching((*root, "slos", "*"))
    ]


def declared_apart(document: Document) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Each SLO's name, and the document with that SLO alone."""
    root = _root(document)
    for (name, _), (_, slo) in zip(sloth_slo_names(document), document.matching((*root, "slos", "*")), strict=True):
        if root:
            spec = {**dict(document.value["spec"]), "slos": [slo]}  # type: ignore[call-overload]  # a mapping, it was read
            yield name, {**document.value, "spec": spec}
        else:
            yield name, {**document.value, "slos": [slo]}


def _root(document: Document) -> Path:
    """Where the service and its SLOs stand."""
    return () if document.node(("apiVersion",)) is None else ("spec",)


def ignored_keys(document: Document, shape: type[Shape]) -> Iterator[Path]:
    """The keys of a document that its model does not know, where the model ignores such keys."""
    yield from _ignored(document.root, shape, ())


def _ignored(node: Node, owner: type[Shape] | None, path: Path) -> Iterator[Path]:
    """The same below a node, which is a mapping of the model ``owner``, or a list of such."""
    if owner is None:
        return
    known = {field.alias or name for name, field in owner.model_fields.items()}
    for part, child in node.children:
        if isinstance(part, int):
            yield from _ignored(child, owner, (*path, part))
        elif part in known:
            yield from _ignored(child, shape_at(owner, (part,)), (*path, part))
        elif issubclass(owner, SlothShape):
            yield (*path, part)


def _tell_unused(at: Spot, spec: SlothSpec) -> None:
    """Say once what has no effect here: alerts, and what plugins would do."""
    slos = [(index, slo) for index, slo in enumerate(spec.slos) if slo.is_readable]
    alerting = [index for index, slo in slos if not _is_silent(slo.alerting)]
    if alerting:
        at.at("slos", alerting[0], "alerting").warn(NO_ALERTS, "alerts_not_sent", of_key=True)
    if spec.slo_plugins != SlothPlugins():
        at.at(_key(spec, "slo_plugins")).warn(_PLUGINS, "ignored_key", of_key=True)
    for index, slo in slos:
        if slo.plugins != SlothPlugins():
            at.at("slos", index, "plugins").warn(_PLUGINS, "ignored_key", of_key=True)


def _is_silent(alerting: SlothAlerting) -> bool:
    return alerting.page_alert.disable and alerting.ticket_alert.disable


def _slo_of(spot: Spot, spec: SlothSpec, slo: SlothSlo, name: str) -> Slo | None:
    written = f"{spec.service}-{slo.name}"
    if not name:
        spot.at("name").fault(f"{shortened(written)} cannot be a name here: {NAMES_HERE}", "wrong_name")
        return None
    if name != written:
        spot.at("name").warn(f"{written} is known here as {name}: {NAMES_HERE}", "renamed")
    _check_labels(spot.at("labels"), slo.labels)
    _check_alerting(spot.at("alerting"), slo.alerting)
    sli = _sli_of(spot.at("sli"), slo.sli, name)
    if sli is None:
        return None
    if sli.note:
        spot.at("sli").warn(sli.note, "as_written", of_key=True)
    return Slo(
        name=name,
        service=spec.service,
        sli=sli,
        target_ratio=slo.objective,
        window=PERIOD,
        display_name=written if name != written else "",
        description=slo.description,
        labels={**spec.labels, **slo.labels},
    )


def _sli_of(spot: Spot, sli: SlothSli, name: str) -> Sli | None:
    given = [key for key in ("events", "raw", "plugin") if getattr(sli, key) is not None]
    if len(given) != 1:
        found = " and ".join(given) or "none"
        spot.fault(f"needs exactly one of events and raw; there is {found}", "indicator")
        return None
    if sli.events is not None:
        return _counted(spot.at("events"), sli.events, name)
    if sli.raw is not None:
        query = sli.raw.error_ratio_query
        spot.at("raw", _key(sli.raw, "error_ratio_query")).query(DEFAULT_SOURCE, with_windows(query, _ANY_WINDOW))
        return sli_of_ratio(name, query)
    spot.at("plugin").fault(_SLI_PLUGIN, "unsupported", of_key=True)
    return None


def _counted(spot: Spot, events: SlothEvents, name: str) -> Sli | None:
    if events.error_query == events.total_query:
        spot.at(_key(events, "error_query")).fault("asks for the same as the total query", "wrong_query")
        return None
    for field in ("error_query", "total_query"):
        spot.at(_key(events, field)).query(DEFAULT_SOURCE, with_windows(getattr(events, field), _ANY_WINDOW))
    return sli_of_events(name, bad=events.error_query, total=events.total_query)


def _check_alerting(spot: Spot, alerting: SlothAlerting) -> None:
    if _is_silent(alerting):
        return
    if not alerting.name:
        spot.fault("needs a name, unless both alerts are disabled", "missing_key")
    _check_labels(spot.at("labels"), alerting.labels)
    _check_labels(spot.at("annotations"), alerting.annotations)
    for field in ("page_alert", "ticket_alert"):
        alert = getattr(alerting, field)
        if not alert.disable:
            _check_labels(spot.at(_key(alerting, field), "labels"), alert.labels)
            _check_labels(spot.at(_key(alerting, field), "annotations"), alert.annotations)


def _check_labels(spot: Spot, labels: Mapping[str, str]) -> None:
    for key, value in labels.items():
        if not value:
            spot.at(key).fault("is empty; write a text, or remove the key", "empty")
        if not key or key == "__name__":
            spot.at(key).fault("is no name of a label", "wrong_name", of_key=True)


def _key(model: Shape, field: str) -> str:
    """A field's key in the document: the two forms of Sloth's documents write their keys differently."""
    return type(model).model_fields[field].alias or field
