from datetime import UTC, datetime, timedelta

import pytest
from tests.unit.domain.corpus import ROWS
from tests.unit.domain.okr_examples import START, known, progress_at

from okrbridge.domain.pacing import KeyResultStatus, pace_of
from okrbridge.domain.run_rate import CountingWindow, RunRate, counting_window, run_rate
from okrbridge.domain.windows import Interval

DAY = timedelta(days=1)


def test_on_day_3_of_a_month_no_incident_is_too_early_and_not_achieved():
    # Naively (0 - 12) / (3 - 12) = 1.3333; but 3/30 < 0.2.
    rate = run_rate(0, 3 / 30)
    assert rate.too_early
    declared = ROWS["K3"].resolved()
    progress = progress_at(declared, rate.value)
    pace = pace_of(declared, START + 3 * DAY, known(rate.value), progress, too_early=rate.too_early)
    assert pace.status is KeyResultStatus.TOO_EARLY


def test_r89_2_incidents_in_10_of_30_days_run_at_6_a_month():
    rate = run_rate(2, 10 / 30)
    assert rate == RunRate(6.0, too_early=False)
    # (6 - 12) / (3 - 12), not (2 - 12) / (3 - 12) = 1.1111
    assert progress_at(ROWS["K3"].resolved(), rate.value).ratio == pytest.approx(0.6667, abs=5e-5)


def test_1_incident_in_half_a_quarter_runs_at_2_a_quarter():
    half = counting_window(START, datetime(2026, 2, 15, tzinfo=UTC), "quarter")
    assert half.elapsed_ratio == 0.5  # 45 of 90 days
    rate = run_rate(1, half.elapsed_ratio)
    assert progress_at(ROWS["K31"].resolved(), rate.value).raw_ratio == 1.0  # (2 - 6) / (2 - 6), not 1.25


@pytest.mark.parametrize(
    ("elapsed", "share", "too_early"),
    [
        (0.2, 0.2, False),
        (1 - 0.8, 0.2, False),  # 0.19999999999999996 in floats
        (0.19, 0.2, True),
        (0.19, 0.1, False),
        (0.0, 0.0, True),  # nothing has passed
        (1.0, 1.0, False),
    ],
)
def test_it_is_too_early_below_the_least_elapsed_share(elapsed, share, too_early):
    assert run_rate(1, elapsed, share).too_early is too_early


def test_before_any_time_has_passed_there_is_no_rate():
    assert run_rate(0, 0.0) == RunRate(None, too_early=True)


@pytest.mark.parametrize(
    ("per", "at", "start", "elapsed"),
    [
        # Before a period has elapsed: since the start.
        ("month", datetime(2026, 1, 4, tzinfo=UTC), START, 3 / 31),
        ("week", datetime(2026, 1, 3, tzinfo=UTC), START, 2 / 7),
        # From then on the last whole period; a month is as long as the calendar makes it.
        ("month", datetime(2026, 2, 1, tzinfo=UTC), START, 1.0),
        ("month", datetime(2026, 3, 20, tzinfo=UTC), datetime(2026, 2, 20, tzinfo=UTC), 1.0),
        ("month", datetime(2026, 3, 31, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC), 1.0),
        ("quarter", datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC), 1.0),
        ("week", datetime(2026, 1, 29, 12, tzinfo=UTC), datetime(2026, 1, 22, 12, tzinfo=UTC), 1.0),
        ("day", datetime(2026, 1, 29, 12, tzinfo=UTC), datetime(2026, 1, 28, 12, tzinfo=UTC), 1.0),
        ("year", datetime(2026, 7, 2, tzinfo=UTC), START, 182 / 365),
    ],
)
def test_the_last_whole_period_is_counted_once_one_has_passed(per, at, start, elapsed):
    found = counting_window(START, at, per)
    assert found == CountingWindow(Interval(start, at), elapsed)


@pytest.mark.parametrize(
    ("start", "at"),
    [
        # The month before 28 February 12:00 begins on 28 January 12:00, before the 31st.
        (datetime(2026, 1, 31, tzinfo=UTC), datetime(2026, 2, 28, 12, tzinfo=UTC)),
        (datetime(2026, 5, 31, tzinfo=UTC), datetime(2026, 6, 30, tzinfo=UTC)),
        (datetime(2025, 11, 30, tzinfo=UTC), datetime(2026, 2, 28, tzinfo=UTC)),
    ],
)
def test_what_happened_before_the_start_never_counts(start: datetime, at: datetime):
    per = "quarter" if start.year == 2025 else "month"
    assert counting_window(start, at, per) == CountingWindow(Interval(start, at), 1.0)


def test_a_period_begins_at_midnight_of_the_zone():
    # October in Berlin has 31 days and one hour: from 30 September 22:00 to 31 October 23:00, in UTC.
    start = datetime(2026, 9, 30, 22, tzinfo=UTC)
    turn = datetime(2026, 10, 31, 23, tzinfo=UTC)
    before = counting_window(start, turn - timedelta(hours=1), "month", "Europe/Berlin")
    assert before.elapsed_ratio == pytest.approx(744 / 745)
    assert counting_window(start, turn, "month", "Europe/Berlin") == CountingWindow(Interval(start, turn), 1.0)


def test_before_the_start_there_is_nothing_to_count():
    assert counting_window(START, START - DAY, "month") == CountingWindow(Interval(START, START), 0.0)


def test_another_period_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="'shift' is no period to count in; write one of day, week, month"):
        counting_window(START, START + DAY, "shift")
