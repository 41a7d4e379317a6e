"""SLOs of every kind, counted together on every ledger, have the numbers that a walk over their slices gives.

The walk knows nothing of groups, blocks and prefix sums: for each window it goes through its minutes one by one.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.ports.ledger_examples import GRID

from okrbridge.application.event_counters import EventCounters
from okrbridge.application.ports import Storage
from okrbridge.application.slo_counts import CountMemory, SloCounts
from okrbridge.application.slo_evaluation import SloEvaluation
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.ledger import SliceState, SliceTable, WindowCounts
from okrbridge.domain.maintenance import MaintenanceWindow
from okrbridge.domain.sli import CompositeMode, Member, Sli, SliKind
from okrbridge.domain.slo import Budgeting, NoDataPolicy, Slo, TimeSlices
from okrbridge.domain.windows import CalendarUnit, CalendarWindow, Interval, RollingWindow, epoch_seconds, from_epoch

MINUTE = timedelta(minutes=1)
HISTORY = 8 * 60
SLIS = 3

Slice = tuple[float, float, SliceState]
Minutes = Mapping[int, Slice]
"""The slices of an indicator by their start in epoch seconds; what is absent was never asked for."""


@dataclass(frozen=True)
class World:
    """Indicators with their slices, and SLOs of every kind over them."""

    end: datetime
    slis: tuple[Sli, ...]
    slices: Mapping[str, Minutes]
    slos: tuple[Slo, ...]
    maintenance: tuple[MaintenanceWindow, ...]

    def left_out(self, slo: Slo) -> list[Interval]:
        return [once for window in self.maintenance if window.applies_to(slo) for once in window.once]


_NUMBERS = count()


def world_of(seed: int) -> World:
    chance = np.random.default_rng(seed)
    end = datetime(2026, 3, 2, 12, tzinfo=UTC) + int(chance.integers(0, 120)) * MINUTE
    slis = tuple(Sli(f"s{next(_NUMBERS)}", "prometheus", total=f"t{next(_NUMBERS)}", bad="b") for _ in range(SLIS))
    slices = {sli.key: dict(_slices(chance, end)) for sli in slis}
    once = (Interval(end - 200 * MINUTE, end - 170 * MINUTE), Interval(end - 20 * MINUTE, end - 18 * MINUTE))
    maintenance = (MaintenanceWindow("deploy", services=frozenset({"maintained"}), once=once),)
    return World(end, slis, slices, tuple(_slos(slis)), maintenance)


def _slices(chance: np.random.Generator, end: datetime) -> Iterator[tuple[int, Slice]]:
    """A stretch with busy, idle, silent and unasked minutes in runs."""
    at, kind = epoch_seconds(end) - 60 * HISTORY, 0
    for minute in range(HISTORY):
        if chance.random() < 0.08:
            kind = int(chance.choice(4, p=[0.7, 0.1, 0.1, 0.1]))
        total = float(chance.integers(0, 50)) if kind == 0 else 0.0
        good = total - float(chance.integers(0, 4)) if total >= 3 else total
        if kind < 3:
            yield at + 60 * minute, (good, total, SliceState.GAP if kind == 2 else SliceState.MEASURED)


def _slos(slis: Sequence[Sli]) -> Iterator[Slo]:
    names = count()

    def slo(sli: Sli = slis[0], service: str = "api", window: timedelta = timedelta(hours=6), **given: Any) -> Slo:
        return Slo(f"slo-{next(names)}", service, sli, 0.9, RollingWindow(window), **given)

    members = (Member(slis[0], 0.95, 1.0), Member(slis[1], 0.9, 3.0))
    composites = [
        Sli(f"c-{mode}", "", "", kind=SliKind.COMPOSITE, members=members, mode=mode) for mode in CompositeMode
    ]
    sliced: list[dict[str, Any]] = [
        {"budgeting": method, "time_slices": TimeSlices(minutes * MINUTE, target)}
        for method, minutes, target in (
            (Budgeting.TIMESLICES, 1, 0.95),
            (Budgeting.TIMESLICES, 1, 0.9),
            (Budgeting.TIMESLICES, 5, 0.97),
            (Budgeting.RATIO_TIMESLICES, 1, 0.95),
            (Budgeting.RATIO_TIMESLICES, 10, 0.95),
        )
    ]
    for sli in slis:
        yield slo(sli)
        yield slo(sli, "maintained", window=timedelta(hours=3))
    yield slo(count_budget=7.0)
    for policy in NoDataPolicy:
        for service in ("api", "maintained"):
            yield slo(service=service, no_data=policy)
            yield slo(slis[1], service, no_data=policy, **sliced[2])
            for composite in composites:
                yield slo(composite, service, no_data=policy)
    for way in sliced:
        yield slo(**way)
        yield slo(slis[2], "maintained", **way)
        for composite in composites:
            yield slo(composite, **way)
    for sli in (slis[0], composites[0]):
        begin = datetime(2026, 1, 1, 5)  # noqa: DTZ001 - a wall clock
        yield Slo(f"day-{sli.name}", "api", sli, 0.9, CalendarWindow(CalendarUnit.DAY, "Europe/Berlin", begin))


# The walk


def walked(world: World, slo: Slo, interval: Interval) -> WindowCounts:
    """The counts of one window, minute by minute."""
    members = slo.sli.members or (Member(slo.sli, 0.0),)
    start, end = epoch_seconds(interval.start), epoch_seconds(interval.end)
    left_out = world.left_out(slo)
    in_force = [at for at in range(start, end, 60) if not any(from_epoch(at) in hole for hole in left_out)]
    if slo.time_slices is None and slo.sli.mode is not CompositeMode.ALL:
        return _walked_events(world, slo, members, in_force)
    return _walked_slices(world, slo, members, in_force, end)


def _walked_events(world: World, slo: Slo, members: Sequence[Member], in_force: Sequence[int]) -> WindowCounts:
    weight = sum(member.weight for member in members)
    goods, totals, measured, force = [], [], 0.0, 0.0
    for member in members:
        own = world.slices[member.sli.key]
        rows = [own[at] for at in in_force if at in own]
        known = [row for row in rows if row[2] is SliceState.MEASURED]
        silent = len(rows) - len(known)
        good, total, seen, time = sum(r[0] for r in known), sum(r[1] for r in known), len(known), len(in_force)
        made = total * silent / seen if seen else silent
        if slo.no_data in (NoDataPolicy.GOOD, NoDataPolicy.BAD):
            good, total, seen = good + (made if slo.no_data is NoDataPolicy.GOOD else 0), total + made, seen + silent
        elif slo.no_data is NoDataPolicy.IGNORE:
            time -= silent
        goods.append(good)
        totals.append(total)
        measured += member.weight / weight * seen
        force += member.weight / weight * time
    total = sum(totals)
    errors = [
        (member.weight, 1 - good / whole)
        for member, good, whole in zip(members, goods, totals, strict=True)
        if whole > 0
    ]
    if len(members) == 1 or not errors:
        return WindowCounts(sum(goods) if errors else 0.0, total, measured * MINUTE, force * MINUTE)
    worst = max(error for _, error in errors)
    mean = sum(part * error for part, error in errors) / sum(part for part, _ in errors)
    error = worst if slo.sli.mode is CompositeMode.WORST else mean
    return WindowCounts(total * (1 - error), total, measured * MINUTE, force * MINUTE)


def _walked_slices(
    world: World, slo: Slo, members: Sequence[Member], in_force: Sequence[int], end: int
) -> WindowCounts:
    length = int(slo.time_slices.length.total_seconds()) if slo.time_slices else 60
    good = busy = idle = measured = silent = 0.0
    weight = sum(member.weight for member in members)
    left_out = world.left_out(slo)
    for at in in_force:
        first = at // length * length
        slots = [
            one
            for one in range(first, min(first + length, end), 60)
            if not any(from_epoch(one) in hole for hole in left_out)
        ]
        rows = [[world.slices[member.sli.key].get(one) for one in slots] for member in members]
        events = [[row for row in each if row and row[2] is SliceState.MEASURED] for each in rows]
        now = [world.slices[member.sli.key].get(at) for member in members]
        seen = [row is not None and row[2] is SliceState.MEASURED for row in now]
        measured += sum(m.weight / weight for m, is_seen in zip(members, seen, strict=True) if is_seen)
        if not any(seen):
            silent += any(row is not None for row in now)
            continue
        sums = [(sum(row[0] for row in each), sum(row[1] for row in each)) for each in events]
        if not any(total for _, total in sums):
            idle += 60 / length
            continue
        busy += 60 / length
        good += 60 / length * _verdict(slo, members, sums)
    total, good = (busy + idle, good + idle) if busy else (0.0, 0.0)
    force, made = float(len(in_force)), silent * 60 / length
    if slo.no_data in (NoDataPolicy.GOOD, NoDataPolicy.BAD):
        total, measured = total + made, measured + silent
        good += made if slo.no_data is NoDataPolicy.GOOD else 0
    elif slo.no_data is NoDataPolicy.IGNORE:
        force -= silent
    return WindowCounts(good, total, measured * MINUTE, force * MINUTE)


def _verdict(slo: Slo, members: Sequence[Member], sums: Sequence[tuple[float, float]]) -> float:
    ratios = [(member, good / total) for member, (good, total) in zip(members, sums, strict=True) if total]
    if len(members) > 1 and slo.sli.mode is CompositeMode.ALL:
        return float(all(ratio >= member.target_ratio - 1e-12 for member, ratio in ratios))
    if len(members) > 1 and slo.sli.mode is CompositeMode.WORST:
        ratio = min(ratio for _, ratio in ratios)
    else:
        ratio = sum(m.weight * ratio for m, ratio in ratios) / sum(m.weight for m, _ in ratios)
    if slo.budgeting is Budgeting.RATIO_TIMESLICES:
        return ratio
    assert slo.time_slices is not None
    return float(ratio >= slo.time_slices.target_ratio - 1e-12)


# The comparison


def stored(storage: Storage, world: World) -> None:
    starts = np.arange(epoch_seconds(world.end) - 60 * HISTORY, epoch_seconds(world.end), 60, dtype=np.int64)
    table = SliceTable.unknown(starts, SLIS)
    for row, sli in enumerate(world.slis):
        for start, (good, total, state) in world.slices[sli.key].items():
            column = (start - starts[0]) // 60
            table.good[row, column], table.total[row, column], table.states[row, column] = good, total, state
    with storage.transaction() as database:
        database.ledger.write(world.slis, "prometheus", table)


def numbers(found: WindowCounts) -> list[float]:
    return [found.good, found.total, found.measured.total_seconds(), found.in_force.total_seconds()]


_EVERY_STORAGE = settings(
    max_examples=4, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@_EVERY_STORAGE
@given(st.integers(0, 2**32 - 1))
def test_slos_of_every_kind_have_the_counts_of_a_walk_over_their_slices(storage: Storage, seed: int):
    world = world_of(seed)
    stored(storage, world)
    memory = CountMemory()
    for end in (world.end - 61 * MINUTE, world.end - MINUTE, world.end):
        with storage.reading() as database:
            counts = SloCounts(database.ledger, GRID, world.maintenance, memory)
            for asked in counts.put_together([(slo, slo.window) for slo in world.slos]):
                windows = [GRID.covering(asked.question.at(end)), Interval(end - timedelta(minutes=5), end)]
                for rows, found in zip(asked.rows, counts.sums(asked.batch, windows), strict=True):
                    for row, place in enumerate(rows.tolist()):
                        slo = world.slos[place]
                        for column, window in enumerate(windows):
                            expected = pytest.approx(numbers(walked(world, slo, window)), abs=1e-6)
                            assert numbers(found.counts(row, column)) == expected, (slo, window)


@_EVERY_STORAGE
@given(st.integers(0, 2**32 - 1), st.sampled_from([1, 7, 60, 90]))
def test_many_windows_at_once_are_each_what_they_are_alone(storage: Storage, seed: int, apart: int):
    world = world_of(seed)
    stored(storage, world)
    end = GRID.floor(world.end).replace(minute=0)  # on a turn of every time slice
    ends = [end - place * 10 * apart * MINUTE for place in range(4)]
    with storage.reading() as database:
        counts = SloCounts(database.ledger, GRID, world.maintenance)
        for slo in world.slos:
            windows = [GRID.covering(slo.window.at(each)) for each in ends]
            together = counts.along(slo, windows)
            for place, alone in enumerate(counts.window_counts(slo, windows)):
                found = [together.good[place], together.total[place]]
                found += [together.measured[place], together.in_force[place]]
                assert found == pytest.approx(numbers(alone), abs=1e-6), (slo, windows[place])


@_EVERY_STORAGE
@given(st.integers(0, 2**32 - 1))
def test_a_tick_over_slos_of_every_kind_reports_the_counts_of_a_walk(storage: Storage, seed: int):
    world = world_of(seed)
    stored(storage, world)
    evaluation = SloEvaluation(DefinitionSet(slos=world.slos, maintenance=world.maintenance), GRID, {})
    with storage.reading() as database:
        reports = evaluation.reports(database.ledger, world.end, outcomes={}, events=EventCounters())
    for row, slo in enumerate(world.slos):
        expected = walked(world, slo, GRID.covering(slo.window.at(world.end)))
        columns = reports.columns
        found = [columns.good[row], columns.total[row], columns.measured_seconds[row], columns.in_force_seconds[row]]
        assert found == pytest.approx(numbers(expected), abs=1e-6), slo
        if expected.total > 0 and expected.measured > timedelta(0):
            assert columns.sli_ratio[row] == pytest.approx(expected.good / expected.total)
