"""SLOs as OpenSLO v1 documents: what ``validate`` reads back into equal SLOs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import yaml

from okrbridge.definitions.core_schema import plain_scalar
from okrbridge.definitions.indicator_conversion import SAMPLES_ANNOTATION
from okrbridge.definitions.openslo import OPENSLO
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.slo import Slo
from okrbridge.domain.windows import format_duration

Mapped = dict[str, object]


def openslo_yaml(slos: Iterable[Slo]) -> str:
    """YAML documents, one for each SLO, divided by ``---``."""
    return documents_yaml([openslo_document(slo) for slo in slos])


def documents_yaml(documents: Iterable[Mapping[str, object]]) -> str:
    """Documents as YAML 1.2, divided by ``---``; keys stay in their order."""
    return yaml.dump_all(documents, Dumper=_CoreDumper, sort_keys=False, allow_unicode=True, width=_WIDEST)


def openslo_document(slo: Slo) -> Mapped:
    """An SLO with one rolling window and its indicator inside.

    Raises:
        ValueError: a kind of SLO that no document of Sloth's or Pyrra's declares.
    """
    metadata = {"name": slo.name, "displayName": slo.display_name, "labels": dict(slo.labels)}
    indicator = {"metadata": _indicator_metadata(slo.sli), "spec": {"ratioMetric": _ratio_metric(slo.sli)}}
    spec: Mapped = {
        "description": slo.description,
        "service": slo.service,
        "indicator": indicator,
        "timeWindow": [{"duration": format_duration(slo.window.length), "isRolling": True}],
        "budgetingMethod": str(slo.budgeting),
        "objectives": [{"target": slo.target_ratio}],
    }
    return {"apiVersion": OPENSLO, "kind": "SLO", "metadata": _filled(metadata), "spec": _filled(spec)}


def _indicator_metadata(sli: Sli) -> Mapped:
    annotations = {SAMPLES_ANNOTATION: "true"} if sli.kind is SliKind.SAMPLES else {}
    return _filled({"name": sli.name, "annotations": annotations})


def _ratio_metric(sli: Sli) -> Mapped:
    if sli.kind in (SliKind.RATIO, SliKind.SAMPLES):
        return {"rawType": "failure" if sli.bad else "success", "raw": _metric(sli, sli.total)}
    if sli.kind not in (SliKind.COUNTERS, SliKind.EXPRESSIONS):
        raise ValueError(f"an indicator of kind {sli.kind} is declared by OpenSLO documents only")
    queries = {"good" if sli.good is not None else "bad": sli.part, "total": sli.total}
    if sli.kind is SliKind.EXPRESSIONS:
        # What was written of counters and evaluated as written is read so again; other values are counts themselves.
        queries |= dict(sli.written)
    is_of_counters = sli.kind is SliKind.COUNTERS or bool(sli.written)
    return {"counter": is_of_counters} | {part: _metric(sli, query) for part, query in queries.items()}


def _metric(sli: Sli, query: str) -> Mapped:
    return {"metricSource": {"metricSourceRef": sli.source, "spec": {"query": query}}}


def _filled(mapping: Mapping[str, object]) -> Mapped:
    return {key: value for key, value in mapping.items() if value not in ("", {})}


_WIDEST = 1000
"""Columns after which a text is broken: queries stay on one line."""


class _CoreDumper(yaml.SafeDumper):
    """Writes YAML that YAML 1.2's core schema reads as the same: PyYAML decides by the rules of YAML 1.1."""

    def ignore_aliases(self, data: object) -> bool:  # noqa: ARG002 - the base class calls it so
        return True


def _text(dumper: _CoreDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else "'" if _means_other(text) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _means_other(text: str) -> bool:
    """Whether a plain scalar of this text would be no text."""
    try:
        return not isinstance(plain_scalar(text), str)
    except ValueError:
        return True


_CoreDumper.add_representer(str, _text)
