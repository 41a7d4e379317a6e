"""Counts of windows on top of a ledger: exclusions, missing data, time slices, composites.

Times are minutes after 2026-03-02 00:00 UTC, a Monday, which lies on a whole hour.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fakes.sliced_ledger import SlicedLedger

from okrbridge.application.ports import Ledger
from okrbridge.application.slo_counts import CountMemory, SloCounts
from okrbridge.domain.calendar_budget import consumed_time_slices
from okrbridge.domain.error_budget import consumed_ratio
from okrbridge.domain.ledger import WindowCounts
from okrbridge.domain.maintenance import MaintenanceWindow, Recurrence
from okrbridge.domain.sli import CompositeMode, Member, Sli, SliKind
from okrbridge.domain.slo import Budgeting, NoDataPolicy, Slo, TimeSlices
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Grid, Interval, RollingWindow, epoch_seconds

START = datetime(2026, 3, 2, tzinfo=UTC)
FIRST = epoch_seconds(START)
MINUTE = timedelta(minutes=1)
GRID = Grid(MINUTE)
API = Sli("api", "prometheus", total="t", bad="b")
WEB = Sli("web", "prometheus", total="w", bad="b")


def minutes(start: float, end: float) -> Interval:
    return Interval(START + start * MINUTE, START + end * MINUTE)


def slo(sli: Sli = API, target: float = 0.99, **given: Any) -> Slo:
    return Slo("api", "api", sli, target, given.pop("window", RollingWindow(timedelta(days=30))), **given)


def sliced(method: Budgeting, length: int = 1, target: float = 0.95, **given: Any) -> Slo:
    return slo(budgeting=method, time_slices=TimeSlices(length * MINUTE, target), **given)


def composite(mode: CompositeMode, *members: Member) -> Sli:
    return Sli("all", "", "", kind=SliKind.COMPOSITE, members=members, mode=mode)


def maintenance(*once: Interval, name: str = "m", **given: Any) -> MaintenanceWindow:
    return MaintenanceWindow(name, once=once, **given)


def ledger_of(**rows: Sequence[tuple[float, float] | None]) -> SlicedLedger:
    ledger = SlicedLedger()
    for name, each in rows.items():
        ledger.put({"api": API, "web": WEB}[name].key, FIRST, each)
    return ledger


def counts_of(ledger: SlicedLedger, *windows: MaintenanceWindow, memory: CountMemory | None = None) -> SloCounts:
    return SloCounts(cast("Ledger", ledger), GRID, windows, memory)


def of_window(ledger: SlicedLedger, asked: Slo, window: Interval, *windows: MaintenanceWindow) -> WindowCounts:
    [found] = counts_of(ledger, *windows).window_counts(asked, [window])
    return found


def numbers(found: WindowCounts) -> tuple[float, float, float, float]:
    """Good, total, and minutes measured and in force."""
    return found.good, found.total, found.measured / MINUTE, found.in_force / MINUTE


# Plain SLOs


def test_a_plain_slo_has_the_ledgers_sums():
    ledger = ledger_of(api=[(9, 10), (10, 10), None])
    assert counts_of(ledger).is_plain(slo())
    assert numbers(of_window(ledger, slo(), minutes(0, 4))) == (19, 20, 2, 4)


@pytest.mark.parametrize(
    "other",
    [
        slo(no_data=NoDataPolicy.BAD),
        sliced(Budgeting.TIMESLICES),
        sliced(Budgeting.RATIO_TIMESLICES),
        slo(composite(CompositeMode.WORST, Member(API, 0.9))),
        slo(window=CalendarWindow(CalendarUnit.MONTH, "UTC", datetime(2026, 1, 1))),  # noqa: DTZ001 - a wall clock
    ],
)
def test_an_slo_whose_counts_are_made_is_not_plain(other):
    assert not counts_of(SlicedLedger()).is_plain(other)


def test_an_slo_with_excluded_maintenance_is_plain_only_where_its_window_holds_none():
    counts = counts_of(SlicedLedger(), maintenance(minutes(60, 120)))
    assert not counts.is_plain(slo())
    assert not counts.is_plain(slo(), START + 61 * MINUTE)
    assert counts.is_plain(slo(), START + 60 * MINUTE)
    assert counts.is_plain(slo(), START + timedelta(days=30, hours=2))


# Exclusions


def test_excluded_time_is_neither_counted_nor_in_force():
    ledger = ledger_of(api=[(10, 10), (0, 10), (0, 10), (10, 10)])
    found = of_window(ledger, slo(), minutes(0, 4), maintenance(minutes(1, 3)))
    assert numbers(found) == (20, 20, 2, 2)
    assert found.coverage_ratio == 1


def test_time_excluded_twice_is_taken_away_once():
    ledger = ledger_of(api=[(10, 10)] * 6)
    twice = (maintenance(minutes(1, 4), name="a"), maintenance(minutes(2, 5), minutes(2, 3), name="b"))
    # 1-4 and 2-5 are 1-5: two of six minutes are left.
    assert numbers(of_window(ledger, slo(), minutes(0, 6), *twice)) == (20, 20, 2, 2)


def test_a_maintenance_window_added_afterwards_changes_the_answer_at_once():
    ledger = ledger_of(api=[(10, 10), (0, 10)])
    assert of_window(ledger, slo(), minutes(0, 2)).bad == 10
    assert of_window(ledger, slo(), minutes(0, 2), maintenance(minutes(1, 2))).bad == 0


def test_a_slice_of_which_a_part_is_excluded_is_excluded_whole():
    # 1:30 to 2:15 touches the slices of minutes 1 and 2.
    counts = counts_of(SlicedLedger(), maintenance(minutes(1.5, 2.25)))
    assert counts.excluded(slo(), minutes(0, 9)) == [minutes(1, 3)]


def test_a_game_day_that_is_not_flagged_counts_and_holds_alerts():
    ledger = ledger_of(api=[(10, 10), (0, 10)])
    game_day = maintenance(minutes(1, 2), is_excluded=False)
    assert of_window(ledger, slo(), minutes(0, 2), game_day).bad == 10
    counts = counts_of(ledger, game_day)
    assert counts.excluded(slo(), minutes(0, 2)) == []
    assert counts.held_alerts(START + 1.5 * MINUTE) == (game_day,)
    assert counts.held_alerts(START + 2 * MINUTE) == ()


def test_maintenance_of_others_changes_nothing():
    ledger = ledger_of(api=[(0, 10)])
    other = maintenance(minutes(0, 1), services=frozenset({"web"}))
    counts = counts_of(ledger, other)
    assert counts.is_plain(slo())
    assert counts.window_counts(slo(), [minutes(0, 1)])[0].bad == 10


def test_a_window_that_is_excluded_whole_has_no_time_in_force():
    found = of_window(ledger_of(api=[(0, 10)]), slo(), minutes(0, 1), maintenance(minutes(0, 1)))
    assert numbers(found) == (0, 0, 0, 0)
    assert found.coverage_ratio == 0


def test_repeated_maintenance_is_excluded_each_time():
    daily = MaintenanceWindow("d", recurrence=Recurrence("FREQ=DAILY", START.replace(tzinfo=None), "UTC", 2 * MINUTE))
    # The first two minutes of each of three days.
    assert counts_of(SlicedLedger(), daily).excluded(slo(), minutes(0, 3 * 1440)) == [
        minutes(0, 2),
        minutes(1440, 1442),
        minutes(2880, 2882),
    ]


def test_slos_with_the_same_exclusions_are_summed_together():
    ledger = ledger_of(api=[(10, 10), (0, 10), (5, 10)], web=[(1, 2), (1, 2), (1, 2)])
    counts = counts_of(ledger, maintenance(minutes(1, 2)))
    [together] = counts.put_together([(slo(), "same"), (slo(WEB), "same")])
    [found] = counts.sums(together.batch, [minutes(0, 3), minutes(1, 2), minutes(2, 3)])
    assert found.known.good.tolist() == [[15, 0, 5], [2, 0, 1]]
    assert found.known.in_force.tolist() == [[120, 0, 60]] * 2
    assert found.asked_ratio.tolist() == [[1, 1, 1]] * 2


def test_slos_of_another_manner_question_or_exclusion_stand_apart():
    counts = counts_of(SlicedLedger(), maintenance(minutes(1, 2), services=frozenset({"api"})))
    web = replace(slo(WEB), name="web", service="web")
    asked = [(slo(), 1), (web, 1), (slo(WEB), 1), (slo(), 2), (replace(web, no_data=NoDataPolicy.BAD), 1)]
    found = [(each.question, [rows.tolist() for rows in each.rows]) for each in counts.put_together(asked)]
    # The maintenance is for service api alone; the last two share the exclusions and the question of the second.
    assert found == [(1, [[0, 2]]), (1, [[1], [4]]), (2, [[3]])]


_STRETCHES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 20)), max_size=6)


@given(_STRETCHES, st.integers(0, 2**32 - 1))
def test_exclusions_leave_exactly_the_slices_that_none_of_them_touches(stretches: list[tuple[int, int]], seed: int):
    rows = [(float(good), 10.0) for good in np.random.default_rng(seed).integers(0, 11, 60)]
    ledger = ledger_of(api=rows)
    windows = [maintenance(minutes(at, at + length), name=str(at + 100 * length)) for at, length in stretches]
    left = [place for place in range(60) if not any(at <= place < at + length for at, length in stretches)]
    found = of_window(ledger, slo(), minutes(0, 60), *windows)
    assert found.good == sum(rows[place][0] for place in left)
    assert found.in_force == len(left) * MINUTE


# Missing data


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        # 3 minutes of 10 events measured, 1 of them bad; 1 minute silent; 1 minute never answered for.
        (NoDataPolicy.UNKNOWN, (29, 30, 3, 5)),
        (NoDataPolicy.GOOD, (39, 40, 4, 5)),  # 30 events in 3 minutes: 10 in the silent one
        (NoDataPolicy.BAD, (29, 40, 4, 5)),
        (NoDataPolicy.IGNORE, (29, 30, 3, 4)),
    ],
)
def test_silent_time_counts_as_the_policy_says_and_unanswered_time_never_does(policy, expected):
    ledger = ledger_of(api=[(10, 10), (9, 10), (10, 10), None])
    assert numbers(of_window(ledger, slo(no_data=policy), minutes(0, 5))) == expected


def test_a_window_of_silence_is_wholly_bad_under_bad():
    # Nothing was measured, so there is no mean traffic: one event a slice.
    found = of_window(ledger_of(api=[None, None]), slo(no_data=NoDataPolicy.BAD), minutes(0, 2))
    assert numbers(found) == (0, 2, 2, 2)


def test_silence_inside_excluded_time_is_not_bad():
    ledger = ledger_of(api=[(10, 10), None])
    found = of_window(ledger, slo(no_data=NoDataPolicy.BAD), minutes(0, 2), maintenance(minutes(1, 2)))
    assert numbers(found) == (10, 10, 1, 1)


@pytest.mark.parametrize("method", [Budgeting.TIMESLICES, Budgeting.RATIO_TIMESLICES])
@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (NoDataPolicy.UNKNOWN, (2, 3, 3, 5)),
        (NoDataPolicy.GOOD, (3, 4, 4, 5)),
        (NoDataPolicy.BAD, (2, 4, 4, 5)),
        (NoDataPolicy.IGNORE, (2, 3, 3, 4)),
    ],
)
def test_silent_time_slices_count_as_slices(method, policy, expected):
    ledger = ledger_of(api=[(1000, 1000), (0, 10), (1, 1), None])
    assert numbers(of_window(ledger, sliced(method, no_data=policy), minutes(0, 5))) == expected


_ROWS = st.lists(st.one_of(st.none(), st.tuples(st.integers(0, 9), st.just(10.0))), min_size=1, max_size=30)


@pytest.mark.parametrize("method", [Budgeting.OCCURRENCES, Budgeting.TIMESLICES, Budgeting.RATIO_TIMESLICES])
@given(rows=_ROWS)
@settings(max_examples=40)
def test_good_and_bad_bound_what_is_measured(method: Budgeting, rows: list[tuple[float, float] | None]):
    def ratio(policy: NoDataPolicy) -> float | None:
        given = slo(no_data=policy) if method is Budgeting.OCCURRENCES else sliced(method, no_data=policy)
        found = of_window(ledger_of(api=rows), given, minutes(0, len(rows)))
        assert 0 <= found.coverage_ratio <= 1
        assert found.consistent
        return found.good / found.total if found.total else None

    low, measured, high = ratio(NoDataPolicy.BAD), ratio(NoDataPolicy.UNKNOWN), ratio(NoDataPolicy.GOOD)
    assert ratio(NoDataPolicy.IGNORE) == measured
    if low is not None and measured is not None and high is not None:
        assert low <= measured + 1e-12
        assert measured <= high + 1e-12


# Time slices

TWO_WEEKS = 14 * 24 * 60


def under_attack(length: int) -> SlicedLedger:
    """Two weeks of 100 requests a minute at 99 %, the last minutes of them at 1 %."""
    return ledger_of(api=[(99, 100)] * (TWO_WEEKS - length) + [(1, 100)] * length)


@pytest.mark.parametrize(
    ("method", "minutes_to_exhaustion"),
    [
        # Bad minutes count 1: 5 % of 20 160 are 1 008, 16 h 48 min.
        (Budgeting.TIMESLICES, 1008),
        # Each minute spends 1 - 0.99 or 1 - 0.01: n x 0.99 + (20 160 - n) x 0.01 = 1 008 at n = 822.9: 13 h 43 min.
        (Budgeting.RATIO_TIMESLICES, 823),
    ],
)
def test_an_attack_exhausts_the_budget_of_two_weeks(method, minutes_to_exhaustion):
    asked = sliced(method, target=0.95, window=RollingWindow(timedelta(days=14)))

    def consumed(length: int) -> float:
        found = of_window(under_attack(length), asked, minutes(0, TWO_WEEKS))
        return float(consumed_ratio(found.bad, found.total, 0.95))

    assert consumed(minutes_to_exhaustion) >= 1 - 1e-9
    assert consumed(minutes_to_exhaustion - 1) < 1 - 1e-6


def test_a_time_slice_is_judged_by_all_its_events():
    # 5 minutes of 100: 485 of 500 is 97 %, good at 95 %; 400 of 500 is bad. In RatioTimeslices 0.97 + 0.8.
    ledger = ledger_of(api=[(100, 100)] * 4 + [(85, 100)] + [(100, 100)] * 4 + [(0, 100)])
    assert numbers(of_window(ledger, sliced(Budgeting.TIMESLICES, 5), minutes(0, 10))) == (1, 2, 10, 10)
    found = of_window(ledger, sliced(Budgeting.RATIO_TIMESLICES, 5), minutes(0, 10))
    assert found.good == pytest.approx(1.77)


def test_a_time_slice_at_the_edge_of_a_window_counts_by_its_share():
    # The second slice is bad; of the 7 minutes 3 to 10, 2 lie in the good slice and 5 in the bad one.
    ledger = ledger_of(api=[(100, 100)] * 5 + [(0, 100)] * 5)
    found = of_window(ledger, sliced(Budgeting.TIMESLICES, 5), minutes(3, 10))
    assert (found.good, found.total) == pytest.approx((0.4, 1.4))


def test_neighbouring_windows_of_time_slices_add_up():
    ledger = ledger_of(api=[(100 - place, 100) for place in range(60)])
    asked = sliced(Budgeting.TIMESLICES, 5)
    whole, left, right = counts_of(ledger).window_counts(asked, [minutes(0, 60), minutes(0, 23), minutes(23, 60)])
    # 23 lies inside a slice; the window that ends there judges it by 3 of its minutes: 80, 79, 78 %, bad as a whole.
    assert left.good + right.good == pytest.approx(whole.good)
    assert left.total + right.total == pytest.approx(whole.total)


def test_an_idle_slice_is_good_and_an_idle_window_is_empty():
    ledger = ledger_of(api=[(0, 10), (0, 0), (0, 0), (0, 0)])
    assert numbers(of_window(ledger, sliced(Budgeting.TIMESLICES), minutes(0, 4))) == (3, 4, 4, 4)
    assert numbers(of_window(ledger, sliced(Budgeting.TIMESLICES), minutes(1, 4))) == (0, 0, 3, 3)


def test_excluded_minutes_do_not_judge_a_time_slice():
    # Without minutes 3 and 4 the slice of 5 is wholly good; 3 of its minutes are left.
    ledger = ledger_of(api=[(100, 100)] * 3 + [(0, 100)] * 2)
    found = of_window(ledger, sliced(Budgeting.TIMESLICES, 5), minutes(0, 5), maintenance(minutes(3, 5)))
    assert (found.good, found.total) == pytest.approx((0.6, 0.6))
    assert found.in_force == 3 * MINUTE


def test_good_above_total_shows_in_time_slices_too():
    found = of_window(ledger_of(api=[(10, 10), (12, 10)]), sliced(Budgeting.TIMESLICES), minutes(0, 2))
    assert not found.consistent


def test_a_calendar_month_of_time_slices_is_judged_against_the_whole_month():
    # 21 bad minutes on day 1 of 30 at 99.9 %: 21 / 43.2 = 0.486.
    ledger = ledger_of(api=[(0, 10)] * 21 + [(10, 10)] * (1440 - 21))
    found = of_window(ledger, sliced(Budgeting.TIMESLICES), minutes(0, 1440))
    assert consumed_time_slices(found.bad, 30 * 1440.0, 0.999) == pytest.approx(0.4861, abs=1e-4)


def test_a_month_is_judged_once_and_not_again_at_each_tick():
    ledger = ledger_of(api=[(99, 100)] * (3 * 1440))
    memory, asked = CountMemory(), sliced(Budgeting.TIMESLICES)

    def tick(at: int) -> WindowCounts:
        counts = counts_of(ledger, memory=memory)
        return counts.window_counts(asked, [minutes(at - 2 * 1440, at), minutes(at - 5, at)])[0]

    first = tick(3 * 1440 - 1)
    ledger.slices_read = 0
    again = tick(3 * 1440)
    assert (first.good, again.good) == (2880, 2880)
    # At most an hour at the left edge, an hour and a half at the right one, and the window of five minutes.
    assert ledger.slices_read <= 60 + 90 + 5


def test_slices_written_again_change_what_was_judged():
    ledger = ledger_of(api=[(100, 100)] * 1440)
    memory, asked = CountMemory(), sliced(Budgeting.TIMESLICES)
    [before] = counts_of(ledger, memory=memory).window_counts(asked, [minutes(0, 1440)])
    ledger.put(API.key, FIRST + 600 * 60, [(0, 100)] * 10)
    [after] = counts_of(ledger, memory=memory).window_counts(asked, [minutes(0, 1440)])
    assert (before.bad, after.bad) == (0, 10)


@given(st.integers(0, 300), st.integers(1, 300), st.sampled_from([1, 5, 7, 90]), st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_what_is_kept_by_the_hour_never_changes_a_sum(start: int, length: int, slice_minutes: int, seed: int):
    good = np.random.default_rng(seed).integers(80, 101, 660)
    ledger = ledger_of(api=[(float(each), 100.0) for each in good])
    asked = sliced(Budgeting.RATIO_TIMESLICES, slice_minutes)
    memory, window = CountMemory(), minutes(start, start + length)
    counts_of(ledger, memory=memory).window_counts(asked, [minutes(0, 660)])
    [kept] = counts_of(ledger, memory=memory).window_counts(asked, [window])
    [fresh] = counts_of(ledger).window_counts(asked, [window])
    assert kept.total == pytest.approx(fresh.total)
    if (start + length) % slice_minutes == 0 or slice_minutes == 1:
        assert kept.good == pytest.approx(fresh.good)


# Composites


@pytest.mark.parametrize(
    ("mode", "error"),
    [
        # 1 % with weight 3, 5 % with weight 1: (0.03 + 0.05) / 4
        (CompositeMode.WEIGHTED, 0.02),
        (CompositeMode.WORST, 0.05),
    ],
)
def test_a_composite_has_one_error_ratio(mode, error):
    ledger = ledger_of(api=[(990, 1000)], web=[(95, 100)])
    found = of_window(ledger, slo(composite(mode, Member(API, 0.99, 3), Member(WEB, 0.99, 1))), minutes(0, 1))
    assert found.total == 1100
    assert found.bad / found.total == pytest.approx(error)


def test_a_member_without_events_is_left_out_of_the_ratio():
    ledger = ledger_of(api=[(990, 1000)], web=[(0, 0)])
    found = of_window(ledger, slo(composite(CompositeMode.WEIGHTED, Member(API, 0.9), Member(WEB, 0.9))), minutes(0, 1))
    assert found.bad / found.total == pytest.approx(0.01)


def test_a_member_without_data_lowers_the_coverage_by_its_weight():
    ledger = ledger_of(api=[(990, 1000)], web=[None])
    members = (Member(API, 0.9, 3), Member(WEB, 0.9, 1))
    found = of_window(ledger, slo(composite(CompositeMode.WORST, *members)), minutes(0, 1))
    assert found.coverage_ratio == pytest.approx(0.75)


def test_all_needs_every_member_to_keep_its_own_target_in_each_slice():
    # Minute 1: both keep theirs. Minute 2: 98 % misses 99 %. Minute 3: 89 % misses 90 %. Minute 4: both miss.
    ledger = ledger_of(
        api=[(99, 100), (98, 100), (100, 100), (0, 100)],
        web=[(90, 100), (90, 100), (89, 100), (0, 100)],
    )
    asked = slo(composite(CompositeMode.ALL, Member(API, 0.99), Member(WEB, 0.9)), target=0.9)
    assert numbers(of_window(ledger, asked, minutes(0, 4))) == (1, 4, 4, 4)


def test_a_contradiction_of_one_member_shows_in_the_composite():
    ledger = ledger_of(api=[(12, 10)], web=[(100, 100)])
    for mode in CompositeMode:
        asked = slo(composite(mode, Member(API, 0.9), Member(WEB, 0.9)))
        assert not of_window(ledger, asked, minutes(0, 1)).consistent


# Steps


def test_steps_of_a_plain_slo_are_the_ledgers():
    found = counts_of(ledger_of(api=[(9, 10), (10, 10)])).buckets(slo(), minutes(0, 2), MINUTE)
    assert (found.good.tolist(), found.total.tolist(), found.measured_seconds.tolist()) == ([9, 10], [10, 10], [60, 60])


@pytest.mark.parametrize(
    ("asked", "good", "total"),
    [
        (slo(), [10, 0], [10, 0]),  # minutes 1 to 3 are excluded
        (slo(no_data=NoDataPolicy.BAD), [10, 0], [10, 0]),
        (sliced(Budgeting.TIMESLICES), [1, 0], [1, 0]),
        (slo(composite(CompositeMode.WORST, Member(API, 0.9))), [10, 0], [10, 0]),
    ],
)
def test_steps_leave_excluded_time_out(asked, good, total):
    ledger = ledger_of(api=[(10, 10), (0, 10), (0, 10), (0, 10)])
    found = counts_of(ledger, maintenance(minutes(1, 4))).buckets(asked, minutes(0, 4), 2 * MINUTE)
    assert (found.good.tolist(), found.total.tolist()) == (good, total)
    assert found.starts.tolist() == [FIRST, FIRST + 120]


def test_steps_add_up_to_the_window_under_a_policy():
    ledger = ledger_of(api=[(30, 30), (10, 10), None, None])
    asked = slo(no_data=NoDataPolicy.BAD)
    steps = counts_of(ledger).buckets(asked, minutes(0, 4), MINUTE)
    # 40 events in 2 minutes: 20 bad ones in each silent minute.
    assert steps.total.tolist() == [30, 10, 20, 20]
    assert steps.good.tolist() == [30, 10, 0, 0]
    assert of_window(ledger, asked, minutes(0, 4)).total == steps.total.sum()


def test_no_windows_and_no_steps_are_no_numbers():
    for asked in (slo(), sliced(Budgeting.TIMESLICES)):
        counts = counts_of(ledger_of(api=[(1, 1)]))
        assert counts.window_counts(asked, []) == []
        assert len(counts.buckets(asked, minutes(0, 0), MINUTE).starts) == 0
        assert counts.window_counts(asked, [minutes(3, 3)])[0].total == 0
