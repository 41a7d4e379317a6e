"""The metrics page: families, values, escapes, the cap."""

import dataclasses
import math
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from tests.unit.api import snapshots as made

from okrbridge.application.metric_catalogue import BY_NAME, CATALOGUE, MetricType, Origin
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.publishing.families import label
from okrbridge.publishing.metrics import MetricsPage, number, render

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def _lines(page: bytes) -> list[str]:
    return [line for line in page.decode().splitlines() if not line.startswith("#")]


def _names(page: bytes) -> list[str]:
    return [line.removeprefix("# TYPE ").split()[0] for line in page.decode().splitlines() if line.startswith("# TYPE")]


def _page(snapshot: Snapshot | None = None) -> bytes:
    return render(snapshot or made.rich_snapshot())


@pytest.mark.parametrize(
    "line",
    [
        'okrbridge_slo_info{slo="checkout-availability",slo_service="checkout",window="30d",budgeting="Occurrences"} 1',
        'okrbridge_slo_target_ratio{slo="checkout-availability"} 0.999',
        'okrbridge_slo_events_total{slo="checkout-availability",outcome="good"} 190',
        'okrbridge_slo_events_total{slo="checkout-availability",outcome="bad"} 10',
        'okrbridge_slo_error_ratio{slo="checkout-availability",window="1h"} 0.002',
        'okrbridge_slo_burn_rate{slo="checkout-availability",window="1h"} 2',
        'okrbridge_slo_error_budget_remaining_ratio{slo="checkout-availability"} 0.5',
        'okrbridge_slo_coverage_ratio{slo="search-latency"} 0',
        'okrbridge_slo_state{slo="search-latency",state="no_data"} 1',
        'okrbridge_slo_evaluated_timestamp_seconds{slo="checkout-availability"} 1771113600',
        'okrbridge_key_result_value{okr_objective="fast-search",key_result="p99-latency"} 500',
        'okrbridge_key_result_status{okr_objective="fast-search",key_result="errors",status="no_data"} 1',
        'okrbridge_key_result_quality{okr_objective="fast-search",key_result="p99-latency",quality="error"} 1',
        'okrbridge_key_result_measurement_age_seconds{okr_objective="fast-search",key_result="p99-latency"} 120',
        'okrbridge_objective_progress_ratio{okr_objective="fast-search"} 0.16666666666666666',
        'okrbridge_cycle_elapsed_ratio{cycle="2026-q1"} 0.5',
        'okrbridge_source_up{source="prometheus"} 1',
        "okrbridge_history_filled_ratio 1",
        "okrbridge_metrics_series_dropped 0",
    ],
)
def test_the_page_tells_what_the_evaluation_found(line: str):
    assert line in _lines(_page())


def test_what_is_unknown_is_absent():
    lines = _lines(_page())

    for name in ("error_budget_remaining_ratio", "burn_rate", "error_ratio", "measured_timestamp_seconds"):
        assert not [line for line in lines if line.startswith(f'okrbridge_slo_{name}{{slo="search-latency"')]
    assert not [line for line in lines if "_value{" in line and 'key_result="errors"' in line]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_absent(value: float):
    report = dataclasses.replace(made.checkout_report(), sli_ratio=value, budget_remaining_ratio=value)
    page = _page(dataclasses.replace(made.rich_snapshot(), slos=(report,)))

    assert b"nan" not in page.lower()
    assert b"inf " not in page.lower()
    assert not [line for line in _lines(page) if line.startswith("okrbridge_slo_error_budget_remaining_ratio")]


def test_only_the_current_state_is_exported():
    states = [line for line in _lines(_page()) if line.startswith("okrbridge_slo_state{")]

    assert len(states) == len(made.rich_snapshot().slos)


def test_no_series_stands_twice():
    subjects = Counter(line.rsplit(" ", 1)[0] for line in _lines(_page()))

    assert [subject for subject, times in subjects.items() if times > 1] == []


def test_an_slo_over_three_days_has_its_own_window_once():
    report = made.checkout_report()
    slo = dataclasses.replace(report.slo, window=dataclasses.replace(report.slo.window, length=timedelta(days=3)))
    page = _page(dataclasses.replace(made.rich_snapshot(), slos=(dataclasses.replace(report, slo=slo),)))

    assert len([line for line in _lines(page) if 'error_ratio{slo="checkout-availability",window="3d"}' in line]) == 1


def test_every_sample_has_the_labels_of_the_catalogue():
    for line in _lines(_page()):
        match = _SAMPLE.match(line)
        assert match is not None, line
        labels = tuple(name for name, _ in _LABEL.findall(match["labels"] or ""))
        assert labels == BY_NAME[match["name"]].labels, line


def test_every_snapshot_metric_of_the_catalogue_is_on_a_rich_page_once_with_its_type():
    page = _page()
    expected = {metric.name for metric in CATALOGUE if metric.origin is Origin.SNAPSHOT}

    assert sorted(_names(page)) == sorted(expected)
    for metric in CATALOGUE:
        if metric.origin is Origin.SNAPSHOT:
            assert f"# TYPE {metric.name} {metric.type}\n".encode() in page


@pytest.mark.parametrize("metric", CATALOGUE, ids=lambda metric: metric.name)
def test_names_follow_the_conventions(metric):
    assert metric.name.startswith("okrbridge_")
    assert (metric.type is MetricType.COUNTER) == metric.name.endswith("_total")
    assert metric.help.endswith(".")
    assert not {"service", "env", "environment", "type", "owner", "cluster", "region"} & set(metric.labels)


def test_label_values_are_escaped():
    assert label("slo", 'a"b\\c\nd') == 'slo="a\\"b\\\\c\\nd"'


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.0, "1"), (0.999, "0.999"), (-2.5, "-2.5"), (1e-7, "1e-07"), (1e300, "1e+300"), (123456789.0, "123456789")],
)
def test_values_read_back_as_they_were(value: float, text: str):
    assert number(value) == text
    assert float(text) == value


def test_the_cap_keeps_slos_and_tells_what_it_dropped():
    everything = _lines(_page())
    about = [line for line in everything if re.match("okrbridge_(source|history|evaluation|metrics)_", line)]
    page = _lines(render(made.rich_snapshot(), max_series=10))

    assert len(page) == 10 + len(about)
    assert f"okrbridge_metrics_series_dropped {len(everything) - len(about) - 10}" in page
    assert "okrbridge_metrics_series 10" in page
    assert all(line.startswith("okrbridge_slo_") for line in page[:10])


def _metrics_page(holder: SnapshotHolder, after: timedelta = timedelta(0)) -> MetricsPage:
    now = made.rich_snapshot().published_at + after
    return MetricsPage(holder, lambda: now, lambda: b"okrbridge_ticks_total 7\n", version="1.2.3")


def test_the_process_own_metrics_follow():
    page = _metrics_page(SnapshotHolder(made.rich_snapshot()))()

    assert page.startswith(b"# HELP okrbridge_slo_info")
    assert b'okrbridge_build_info{version="1.2.3",pythonversion="3.' in page
    assert page.endswith(b"okrbridge_ticks_total 7\n")


def test_before_the_first_evaluation_there_are_only_the_process_own_metrics():
    page = _metrics_page(SnapshotHolder())()

    assert b"okrbridge_slo" not in page
    assert b"okrbridge_ticks_total 7" in page


def test_a_page_is_rendered_once_for_each_snapshot(monkeypatch: pytest.MonkeyPatch):
    rendered: list[Snapshot] = []

    def noting(snapshot: Snapshot, **_: int) -> bytes:
        rendered.append(snapshot)
        return b"page\n"

    monkeypatch.setattr("okrbridge.publishing.metrics.render", noting)
    holder = SnapshotHolder(made.rich_snapshot())
    page = _metrics_page(holder)
    page()
    page()
    holder.current = made.rich_snapshot()
    page()

    assert len(rendered) == 2


def test_numbers_of_a_service_that_stopped_evaluating_go_stale():
    page = _metrics_page(SnapshotHolder(made.rich_snapshot()), after=timedelta(hours=1))()

    assert b"okrbridge_slo" not in page
    assert b"okrbridge_evaluation_timestamp_seconds 1771113600" in page


def test_the_reference_page_lists_exactly_the_catalogue():
    rows = re.findall(r"^\| `(okrbridge_\w+)` \| (\w+) \| (.*?) \| (.*?) \|$", DOCS.read_text(), flags=re.MULTILINE)
    expected = [
        (metric.name, str(metric.type), ", ".join(f"`{one}`" for one in metric.labels), metric.help)
        for metric in CATALOGUE
    ]

    assert rows == expected
