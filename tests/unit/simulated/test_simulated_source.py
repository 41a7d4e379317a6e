from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from okrbridge.application.ports import Counted, CountRequest, MetricSource, ValueRequest
from okrbridge.domain.ledger import Slices, SliceState
from okrbridge.domain.sli import Sli, SliKind
from okrbridge.domain.windows import Grid, Interval, epoch_seconds, from_epoch
from okrbridge.errors import ConfigurationError, SourceFailureReason
from okrbridge.sources.simulated.source import SimulatedSource, fleet_of_url

ANCHOR = 1_795_300_000
NOW = from_epoch(ANCHOR)
BOUNDARY = Grid(timedelta(minutes=1)).floor(NOW)
API = 'http_requests_total{service="api"}'
FAILED = 'http_requests_total{service="api",code=~"5.."}'
AVAILABILITY = Sli("api", "prometheus", total=API, bad=FAILED)


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource(url=f"simulated:{ANCHOR}", clock=lambda: NOW)


def _count(source: SimulatedSource, sli: Sli, start: datetime, end: datetime) -> Counted:
    (counted,) = source.count([CountRequest((sli,), Interval(start, end))])
    return counted


def _slices(source: SimulatedSource, sli: Sli, start: datetime, end: datetime) -> Slices:
    counted = _count(source, sli, start, end)
    assert counted.failures == {}
    return counted.table.row(0)


def test_it_is_a_metric_source_in_place_of_the_default_one(source: SimulatedSource):
    port: MetricSource = source
    assert port.name == "prometheus"
    assert "exact" in port.counting_method(AVAILABILITY)


def test_thirty_days_add_up_to_the_truth(source: SimulatedSource):
    start = BOUNDARY - timedelta(days=30)
    slices = _slices(source, AVAILABILITY, start, BOUNDARY)
    truth = source.fleet.true_counts("api", epoch_seconds(start), epoch_seconds(BOUNDARY))
    assert len(slices) == 30 * 1440
    assert slices.measured.all()
    assert slices.total.sum() == truth.requests
    assert (slices.total - slices.good).sum() == truth.failed > 0


def test_a_slice_is_the_same_asked_alone_or_among_others(source: SimulatedSource):
    start = BOUNDARY - timedelta(hours=3)
    many = _slices(source, AVAILABILITY, start, BOUNDARY)
    one = _slices(source, AVAILABILITY, start + timedelta(minutes=70), start + timedelta(minutes=71))
    assert (one.starts[0], one.good[0], one.total[0]) == (many.starts[70], many.good[70], many.total[70])


def test_good_and_bad_are_two_views_of_the_same_events(source: SimulatedSource):
    start = BOUNDARY - timedelta(hours=6)
    good = Sli("good", "prometheus", total=API, good='http_requests_total{service="api",code!~"5.."}')
    by_good, by_bad = (_slices(source, sli, start, BOUNDARY) for sli in (good, AVAILABILITY))
    assert np.array_equal(by_good.good, by_bad.good)


def test_slices_before_the_history_and_in_the_future_are_gaps(source: SimulatedSource):
    begin = from_epoch(source.fleet.begins)
    early = _slices(source, AVAILABILITY, begin - timedelta(minutes=2), begin + timedelta(minutes=2))
    assert early.states.tolist() == [SliceState.GAP, SliceState.GAP, SliceState.MEASURED, SliceState.MEASURED]
    late = _slices(source, AVAILABILITY, BOUNDARY - timedelta(minutes=1), BOUNDARY + timedelta(minutes=2))
    assert late.states.tolist() == [SliceState.MEASURED, SliceState.GAP, SliceState.GAP]
    assert late.total[1:].tolist() == [0, 0]


def test_a_counter_nobody_exposes_is_a_gap(source: SimulatedSource):
    sli = Sli("x", "prometheus", total="nothing_total", bad="nothing_bad_total")
    slices = _slices(source, sli, BOUNDARY - timedelta(minutes=5), BOUNDARY)
    assert not slices.measured.any()


def test_sums_and_differences_of_selectors_are_counted_term_by_term(source: SimulatedSource):
    start = BOUNDARY - timedelta(hours=6)
    client = 'http_requests_total{service="api",code="404"}'
    sli = Sli("both", "prometheus", total=f"{API} - {client}", bad=f"{FAILED} + {client} - {client}")
    summed, plain = (_slices(source, one, start, BOUNDARY) for one in (sli, AVAILABILITY))
    truth = source.fleet.true_counts("api", epoch_seconds(start), epoch_seconds(BOUNDARY))
    assert summed.total.sum() == truth.requests - truth.by_code["404"]
    assert np.array_equal(summed.total - summed.good, plain.total - plain.good)


@pytest.mark.parametrize(
    "wrong",
    [
        Sli("x", "prometheus", total="sum(rate(http_requests_total[5m]))", bad=FAILED),
        Sli("x", "prometheus", total='http_requests_total{service="api"', bad=FAILED),
        Sli("x", "prometheus", total="count(up)", good="sum(up)", kind=SliKind.EXPRESSIONS),
        Sli("x", "prometheus", total="up", good="up", kind=SliKind.SAMPLES),
        Sli("x", "prometheus", total="up", kind=SliKind.THRESHOLD, op="gt", limit=1.0),
    ],
)
def test_a_query_it_cannot_count_fails_alone(source: SimulatedSource, wrong: Sli):
    interval = Interval(BOUNDARY - timedelta(minutes=5), BOUNDARY)
    [answer] = source.count([CountRequest((wrong, AVAILABILITY), interval)])
    assert {row: failure.reason for row, failure in answer.failures.items()} == {0: SourceFailureReason.BAD_QUERY}
    assert answer.failures[0].message
    assert answer.table.states.tolist() == [[SliceState.UNKNOWN] * 5, [SliceState.MEASURED] * 5]


@pytest.mark.parametrize(
    ("query", "value", "note", "reason"),
    [
        ("count(up)", 9.0, "", None),
        ("nothing", None, "the result is empty", None),
        ("count(up) / 0", None, "the result is inf, not a finite number", None),
        ("0 / 0", None, "the result is nan, not a finite number", None),
        ("up", None, "", SourceFailureReason.TOO_MANY_SERIES),
        ("up > 0", None, "", SourceFailureReason.BAD_QUERY),
        ("sum(", None, "", SourceFailureReason.BAD_QUERY),
    ],
)
def test_readings(
    source: SimulatedSource, query: str, value: float | None, note: str, reason: SourceFailureReason | None
):
    (reading,) = source.values([ValueRequest(query, NOW)])
    assert (reading.value, reading.note) == (value, note)
    assert (reading.failure.reason if reading.failure else None) == reason


def test_a_query_is_checked_without_reading_the_history(source: SimulatedSource):
    assert source.check_query("sum(increase(http_requests_total[30d]))") is None
    failure = source.check_query("quantile_over_time(0.9, up[1d])")
    assert failure is not None
    assert failure.reason is SourceFailureReason.BAD_QUERY


def test_the_url_names_the_anchor_or_means_the_last_midnight():
    assert fleet_of_url("simulated:1795300000", NOW).story.anchor == ANCHOR
    # 2026-11-21 22:26:40 UTC is the anchor; the midnight before it is 2026-11-21 00:00.
    assert from_epoch(fleet_of_url("simulated:", NOW).story.anchor) == datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize("url", ["simulated:soon", "simulated:-5", "http://127.0.0.1:9090"])
def test_another_url_is_refused(url: str):
    with pytest.raises(ConfigurationError, match="simulated:EPOCH_SECONDS"):
        SimulatedSource(url=url)
