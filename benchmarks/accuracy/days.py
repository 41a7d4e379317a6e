"""The scenarios of a day: what happens to services, to the Prometheus that scrapes them, and to okrbridge."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np

from benchmarks.accuracy.scenarios import DAY, END, HOUR, MINUTE, OUTAGE, Run, Scenario, simulated
from benchmarks.accuracy.services import Counter, Process, Scraper, Span, Target
from benchmarks.accuracy.traffic import Load, Simulation

STEADY = Load(good=5.0, bad=0.05, carried=(3_456_789, 34_567))
_WINDOW = Span(END - DAY, END)


def _fleet(day: Simulation, pods: int = 3, load: Load = STEADY, unreachable: Sequence[Span] = ()) -> list[Target]:
    return [day.target(f"pod-{number}", [day.process(load)], unreachable=unreachable) for number in range(pods)]


def _steady(name: str) -> Scenario:
    day = Simulation(name, simulated(1))
    # One target's scrapes stand on the full minute, where Prometheus 2 sees a sample in two ranges.
    on_the_minute = dataclasses.replace(day.target("pod-3", [day.process(STEADY)]), phase=0.0)
    return Scenario(name, "steady", [*_fleet(day), on_the_minute])


def rolling_targets(day: Simulation) -> list[Target]:
    """Six pods, replaced one after the other once an hour; their error series, one a code, are born with an error."""
    targets = []
    load = Load(good=2.0, bad=8_000 / DAY / 6, is_hidden=True, codes=("500", "502", "503", "504"))
    begin = day.simulated.start
    for slot in range(6):
        started = begin - HOUR + slot * 30 + 0.37
        rollout = 0
        while started < END:
            ended = begin + rollout * HOUR + 600 + slot * 40 + float(np.round(day.chance.uniform(0, 20), 2))
            targets.append(day.pod(f"pod-{slot}-{rollout}", load, started, ended))
            # The next pod is ready before the old one goes.
            started = ended - float(np.round(day.chance.uniform(2, 9), 2))
            rollout += 1
    return targets


def _rolling(name: str) -> Scenario:
    return Scenario(name, "rolling restarts, error series born at first error", rolling_targets(_day(name)))


def _born_late(name: str) -> Scenario:
    day = _day(name)
    late = [_late_errors(day, number, at) for number, at in enumerate(day.instants(60, _WINDOW))]
    return Scenario(name, "error series born late, one to five errors each", _with_more(day, 5.0, late))


def _late_errors(day: Simulation, number: int, at: float) -> Counter:
    events = np.zeros(END + 1 - int(at), dtype=np.int64)
    again = day.chance.integers(0, len(events), int(day.chance.integers(0, 5)))
    np.add.at(events, [0, *again.tolist()], 1)
    return Counter({"code": "503", "path": f"/{number}"}, int(at), events, is_hidden=True)


def _with_more(day: Simulation, good: float, more: Sequence[Counter]) -> list[Target]:
    """Three pods that do no errors but in these counters."""
    load = Load(good=good, bad=0.0, carried=(3_456_789, 0))
    return [day.target(f"pod-{n}", [day.process(load, more=more[n::3])]) for n in range(3)]


def _short_lived(name: str) -> Scenario:
    day = _day(name)
    load = Load(good=10 / 60, bad=2 / 60, is_hidden=True)
    lives = day.instants(400, Span(_WINDOW.start, END - 5 * MINUTE))
    lengths = day.chance.uniform(40, 180, len(lives)).round(2).tolist()
    pods = [
        day.pod(f"job-{number}", load, at, at + length)
        for number, (at, length) in enumerate(zip(lives, lengths, strict=True))
    ]
    return Scenario(name, "short-lived pods, 40 s to 3 min", pods)


def _bursts(name: str) -> Scenario:
    day = _day(name)
    bursts = [
        Counter({"code": "500", "path": f"/{number}"}, int(at), np.array([50]), is_hidden=True)
        for number, at in enumerate(day.instants(20, _WINDOW))
    ]
    return Scenario(name, "bursts: 50 errors in the first scrape of a new series", _with_more(day, 3.0, bursts))


def _gap(name: str, title: str, length: int) -> Scenario:
    day = _day(name)
    out = Span(END - 9 * HOUR + 17.5, END - 9 * HOUR + 17.5 + length)
    # 12,000 errors in two hours are 100 a minute.
    bad = np.full(int(day.simulated.end - day.simulated.start), 0.05)
    begin = int(out.start - day.simulated.start)
    bad[begin : begin + length] = 12_000 / 7200 / 3
    return Scenario(name, title, _fleet(day, load=dataclasses.replace(STEADY, bad=bad), unreachable=[out]))


def _short_gap(name: str) -> Scenario:
    return _gap(name, "scrape gap of 3 min, counters alive", 3 * MINUTE)


def _long_gap(name: str) -> Scenario:
    return _gap(name, "scrape gap of 2 h, counters alive, 12,000 errors inside", 2 * HOUR)


def _source_down(name: str) -> Scenario:
    day = _day(name)
    return Scenario(name, "Prometheus down for 2 h", _fleet(day), [Scraper(down=[OUTAGE])], Run.SOURCE_DOWN)


def _lost(name: str) -> Scenario:
    day = _day(name)
    dies, born = OUTAGE.start + 30 * MINUTE + 0.37, OUTAGE.start + 31 * MINUTE + 0.37
    replaced = [
        day.target("pod-3", [day.process(STEADY, ended=dies)], Span(day.simulated.start, dies)),
        day.pod("pod-4", STEADY, born, END + 1.5),
    ]
    scrapers = [Scraper(down=[OUTAGE])]
    return Scenario(
        name, "Prometheus down for 2 h, a pod died in it", [*_fleet(day), *replaced], scrapers, is_complete=False
    )


def _absent(name: str) -> Scenario:
    return Scenario(name, "okrbridge down for 3 h", rolling_targets(_day(name)), run=Run.ABSENT)


def _joins(name: str) -> Scenario:
    day = _day(name)
    joined = day.target("pod-old", [day.process(STEADY)], Span(END - 10 * HOUR + 3.5, day.simulated.end))
    return Scenario(name, "long-lived target joins", [*_fleet(day), joined])


def _relabelled(name: str) -> Scenario:
    day = _day(name)
    changed = END - 10 * HOUR + 21.5
    targets = []
    for number in range(4):
        process, instance = day.process(STEADY), f"pod-{number}"
        before, after = Span(day.simulated.start, changed), Span(changed, day.simulated.end)
        one = day.target(instance, [process], before, labels={"zone": "a"})
        targets += [one, dataclasses.replace(one, labels={**one.labels, "zone": "eu-a"}, listed=after)]
    return Scenario(name, "targets relabelled", targets)


def _resets(name: str) -> Scenario:
    day = _day(name)
    singles = day.instants(20, _WINDOW)
    # Twice within a slice; and once just before a burst that passes the old peak within the slice.
    twice = [at for one in day.instants(6, _WINDOW) for at in (one // 60 * 60 + 12.5, one // 60 * 60 + 43.5)]
    targets = []
    for number in range(3):
        process = day.process(dataclasses.replace(STEADY, carried=(0, 0)))
        resets = tuple(sorted([*singles[number::3], *twice]))
        counters = [dataclasses.replace(one, resets=resets) for one in process.counters]
        targets.append(day.target(f"pod-{number}", [Process(process.started, counters)]))
    targets.append(_passing_its_peak(day))
    return Scenario(name, "counters reset in place, also twice in a slice and past the old peak", targets)


def _passing_its_peak(day: Simulation) -> Target:
    """A counter that shows 40, is reset, and shows 95 in the same slice; reset once more before that comes again."""
    second = np.arange(int(day.simulated.start) + 1, int(day.simulated.end))
    in_slice = second % (10 * MINUTE)
    events = np.select([in_slice == 301, in_slice == 342], [40, 90], 0)
    # The minute from 300 s on is scraped at 305: 40, 320: 40, 335: 5, 350: 95.
    events = np.where(in_slice == 322, 5, events)
    resets = tuple((second[(in_slice == 321) | (in_slice == 60)] + 0.5).tolist())
    counter = Counter({"code": "500"}, int(second[0]), events, resets=resets)
    good = day.process(Load(good=1.0, bad=0.0)).counters[0]
    target = day.target("pod-peak", [Process(day.simulated.start - DAY, [good, counter])])
    return dataclasses.replace(target, phase=5.0)


def _restarts_in_place(name: str) -> Scenario:
    day = _day(name)
    load = dataclasses.replace(STEADY, bad=0.01, is_hidden=True)
    targets = []
    for number in range(3):
        ends = [*day.instants(12, Span(day.simulated.start + HOUR, END - HOUR)), float("inf")]
        begins = [None, *(at + 6.25 for at in ends[:-1])]
        lives = [day.process(load, begin, end) for begin, end in zip(begins, ends, strict=True)]
        targets.append(day.target(f"pod-{number}", lives))
    return Scenario(name, "processes restart in place, same labels", targets)


def _low_traffic(name: str) -> Scenario:
    day = _day(name)
    load = Load(good=30 / DAY, bad=3 / DAY, is_hidden=True)
    return Scenario(name, "low traffic: about a hundred events a day", _fleet(day, load=load))


def _killed(name: str) -> Scenario:
    return Scenario(name, "okrbridge killed while it fills the window", rolling_targets(_day(name)), run=Run.KILLED)


def _late(name: str) -> Scenario:
    return Scenario(name, "samples arrive 5 min late for an hour", rolling_targets(_day(name)), run=Run.LATE)


def _replicas(name: str) -> Scenario:
    pair = [Scraper(), Scraper(shift=7.1)]
    return Scenario(name, "HA pair, questions alternate", _pair_targets(name), pair, Run.REPLICAS)


def _replica_labels(name: str) -> Scenario:
    pair = [
        Scraper(labels={"prometheus_replica": "a"}),
        Scraper(labels={"prometheus_replica": "b"}, shift=7.1),
    ]
    return Scenario(name, "HA pair in one VictoriaMetrics", _pair_targets(name), pair, Run.VICTORIA_METRICS)


def _pair_targets(name: str) -> list[Target]:
    day = _day(name)
    load = dataclasses.replace(STEADY, is_hidden=True)
    ends = day.instants(6, Span(_WINDOW.start + HOUR, END - HOUR))
    begins = [None, *(at - 5.5 for at in ends)]
    pods = [
        day.target(f"short-{n}", [day.process(load, begin, end)], Span(begin or day.simulated.start, end))
        for n, (begin, end) in enumerate(zip(begins, [*ends, END + 1.5], strict=True))
    ]
    return [*_fleet(day), *pods]


def _rolling_elsewhere(name: str) -> Scenario:
    title = "rolling restarts, on VictoriaMetrics"
    return Scenario(name, title, rolling_targets(_day(name)), run=Run.VICTORIA_METRICS)


def _day(name: str) -> Simulation:
    return Simulation(name, simulated(1))


DAYS: dict[str, Callable[[str], Scenario]] = {
    "steady": _steady,
    "rolling-restarts": _rolling,
    "born-late": _born_late,
    "short-lived": _short_lived,
    "bursts": _bursts,
    "short-gap": _short_gap,
    "long-gap": _long_gap,
    "prometheus-down": _source_down,
    "okrbridge-down": _absent,
    "okrbridge-killed": _killed,
    "long-lived-joins": _joins,
    "relabelled": _relabelled,
    "reset-in-place": _resets,
    "restart-in-place": _restarts_in_place,
    "low-traffic": _low_traffic,
    "late-samples": _late,
    "ha-alternating": _replicas,
    "ha-labels": _replica_labels,
    "rolling-on-vm": _rolling_elsewhere,
    "lost-for-good": _lost,
}
