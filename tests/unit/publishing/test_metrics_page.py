"""The metrics page: families, values, escapes, the cap."""

import dataclasses
import gzip
import math
import re
import zlib
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.api import snapshots as made

from okrbridge.application.metric_catalogue import BY_NAME, CATALOGUE, MetricType, Origin
from okrbridge.application.snapshot import Snapshot, SnapshotHolder
from okrbridge.domain.key_results import Visibility
from okrbridge.domain.windows import RollingWindow
from okrbridge.publishing.gzip_parts import Compressed, compressed, finished
from okrbridge.publishing.metrics import MetricsPage, render
from okrbridge.publishing.slo_families import numbers
from okrbridge.publishing.text_format import label, number

DOCS = Path(__file__).parents[3] / "docs" / "reference" / "metrics.md"
_SAMPLE = re.compile(r"^(?P<name>[a-z_]+)(?:\{(?P<labels>.*)\})? (?P<value>\S+)$")
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')


def _lines(page: bytes) -> list[str]:
    return [line for line in page.decode().splitlines() if not line.startswith("#")]


def _names(page: bytes) -> list[str]:
    return [line.removeprefix("# TYPE ").split()[0] for line in page.decode().splitlines() if line.startswith("# TYPE")]


def _page(snapshot: Snapshot | None = None) -> bytes:
    return b"".join(render(snapshot or made.rich_snapshot()))


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
        'okrbridge_key_result_confidence{okr_objective="reliable-checkout",key_result="uptime"} 7',
        'okrbridge_key_result_forecast_ratio{okr_objective="reliable-checkout",key_result="uptime",quantile="0.5"} 1.1',
        'okrbridge_key_result_hit_probability_ratio{okr_objective="reliable-checkout",key_result="uptime"} 0.75',
        'okrbridge_key_result_guard_breached{okr_objective="reliable-checkout",key_result="uptime"} 0',
        'okrbridge_key_result_check_in_overdue{okr_objective="reliable-checkout",key_result="uptime"} 0',
        'okrbridge_objective_progress_ratio{okr_objective="fast-search"} 0.16666666666666666',
        'okrbridge_cycle_elapsed_ratio{cycle="2026-q1"} 0.5',
        'okrbridge_source_up{source="prometheus"} 1',
        "okrbridge_history_filled_ratio 1",
        "okrbridge_metrics_series_dropped 0",
    ],
)
def test_the_page_tells_what_the_evaluation_found(line: str):
    assert line in _lines(_page())


def test_restricted_key_results_and_objectives_are_in_no_metric_not_even_by_name():
    snapshot = made.rich_snapshot()
    one, other = snapshot.objectives
    hidden = dataclasses.replace(one.objective, visibility=Visibility.RESTRICTED)
    secret = tuple(dataclasses.replace(report, is_restricted=True) for report in one.key_results)
    partly = tuple(
        dataclasses.replace(report, is_restricted=report.key_result.name == "errors") for report in other.key_results
    )
    objectives = (
        dataclasses.replace(one, objective=hidden, key_results=secret),
        dataclasses.replace(other, key_results=partly),
    )
    page = _page(dataclasses.replace(snapshot, objectives=objectives)).decode()
    assert "reliable-checkout" not in page
    assert 'key_result="errors"' not in page
    assert 'key_result="p99-latency"' in page


def test_what_is_unknown_is_absent():
    lines = _lines(_page())

    for name in ("error_budget_remaining_ratio", "burn_rate", "error_ratio", "measured_timestamp_seconds"):
        assert not [line for line in lines if line.startswith(f'okrbridge_slo_{name}{{slo="search-latency"')]
    assert not [line for line in lines if "_value{" in line and 'key_result="errors"' in line]


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_absent(value: float):
    report = dataclasses.replace(made.checkout_report(), sli_ratio=value, budget_remaining_ratio=value)
    page = _page(dataclasses.replace(made.rich_snapshot(), slos=made.slo_reports(report)))

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
    slo = dataclasses.replace(report.slo, window=RollingWindow(timedelta(days=3)))
    page = _page(dataclasses.replace(made.rich_snapshot(), slos=made.slo_reports(dataclasses.replace(report, slo=slo))))

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
    page = _lines(b"".join(render(made.rich_snapshot(), max_series=10)))

    assert len(page) == 10 + len(about)
    assert f"okrbridge_metrics_series_dropped {len(everything) - len(about) - 10}" in page
    assert "okrbridge_metrics_series 10" in page
    assert all(line.startswith("okrbridge_slo_") for line in page[:10])


def test_no_cap_drops_nothing():
    assert render(made.rich_snapshot(), max_series=0) == render(made.rich_snapshot(), max_series=10**9)


@pytest.mark.parametrize("max_series", range(0, 120, 7))
def test_the_cap_counts_series_wherever_it_cuts(max_series: int):
    page = b"".join(render(made.rich_snapshot(), max_series=max_series or 1))
    [kept] = re.findall(rb"^okrbridge_metrics_series (\d+)$", page, re.MULTILINE)
    [dropped] = re.findall(rb"^okrbridge_metrics_series_dropped (\d+)$", page, re.MULTILINE)
    [everything] = re.findall(rb"^okrbridge_metrics_series (\d+)$", _page(), re.MULTILINE)

    assert int(kept) + int(dropped) == int(everything)
    assert int(kept) <= (max_series or 1)


def test_thousands_of_slos_are_written_in_blocks_that_make_whole_lines():
    # 2,000 SLOs are written together, so these need three blocks in every family
    report = made.checkout_report()
    reports = [
        dataclasses.replace(report, slo=dataclasses.replace(report.slo, name=f"slo-{number}"), sli_ratio=None)
        for number in range(4_001)
    ]
    page = b"".join(render(dataclasses.replace(made.rich_snapshot(), slos=made.slo_reports(*reports)), max_series=0))

    per_slo = Counter(line.partition("{")[0] for line in _lines(page) if line.startswith("okrbridge_slo_"))
    # one line of each single family, two outcomes, seven windows of burn and of error (the own window is unknown)
    assert per_slo["okrbridge_slo_info"] == 4_001
    assert per_slo["okrbridge_slo_events_total"] == 2 * 4_001
    assert per_slo["okrbridge_slo_burn_rate"] == per_slo["okrbridge_slo_error_ratio"] == 7 * 4_001
    assert all(_SAMPLE.match(line) for line in _lines(page))
    assert sum(per_slo.values()) >= 15 * 4_001
    assert [name for name, times in Counter(_names(page)).items() if times > 1] == []


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([], []),
        ([1.0, 0.0, -0.0, -2.5, 0.1], [b"1", b"0", b"0", b"-2.5", b"0.1"]),
        ([123456789.0, 1771113600.0], [b"123456789", b"1771113600"]),
    ],
)
def test_columns_of_numbers_are_written_without_needless_points(values: list[float], texts: list[bytes]):
    assert numbers(np.array(values)) == texts


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_columns_of_numbers_read_back_as_they_were(values: list[float]):
    assert [float(text) for text in numbers(np.array(values))] == values


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

    def noting(snapshot: Snapshot, **_: object) -> list[bytes]:
        rendered.append(snapshot)
        return [b"page\n"]

    monkeypatch.setattr("okrbridge.publishing.metrics.render", noting)
    holder = SnapshotHolder(made.rich_snapshot())
    page = _metrics_page(holder)
    page()
    page()
    holder.current = made.rich_snapshot()
    page()

    assert len(rendered) == 2


def test_a_compressed_page_is_the_page():
    page = _metrics_page(SnapshotHolder(made.rich_snapshot()))

    assert gzip.decompress(b"".join(page.parts(is_compressed=True))) == page()


def test_before_the_first_evaluation_the_compressed_page_is_whole():
    page = _metrics_page(SnapshotHolder())

    assert gzip.decompress(b"".join(page.parts(is_compressed=True))) == page()


def test_a_page_is_compressed_once_for_each_snapshot(monkeypatch: pytest.MonkeyPatch):
    done: list[int] = []

    def noting(blocks: Sequence[bytes]) -> Compressed:
        done.append(len(blocks))
        return compressed(blocks)

    monkeypatch.setattr("okrbridge.publishing.metrics.compressed", noting)
    page = _metrics_page(SnapshotHolder(made.rich_snapshot()))
    page.parts(is_compressed=False)
    page.parts(is_compressed=True)
    page.parts(is_compressed=True)

    assert len(done) == 1


@given(st.binary(), st.binary())
def test_a_gzip_file_may_be_finished_later(first: bytes, second: bytes):
    start = compressed([first])

    together = start.data + finished(start, second)

    # one member: what stands behind it would be left over
    reader = zlib.decompressobj(zlib.MAX_WBITS | 16)
    assert reader.decompress(together) == first + second
    assert (reader.eof, reader.unused_data) == (True, b"")


def test_labels_are_kept_while_the_definitions_are_the_same():
    reports = made.slo_reports(made.checkout_report())
    holder = SnapshotHolder(dataclasses.replace(made.rich_snapshot(), slos=reports))
    page = _metrics_page(holder)
    first = page()
    holder.current = dataclasses.replace(made.rich_snapshot(), slos=reports)
    again = page()
    holder.current = dataclasses.replace(made.rich_snapshot(), slos=made.slo_reports(made.search_report()))

    assert first == again
    assert b'okrbridge_slo_info{slo="search-latency"' in page()
    assert b"checkout-availability" not in page()


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
