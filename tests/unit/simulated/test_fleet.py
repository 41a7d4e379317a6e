import time

import numpy as np
import pytest

from okrbridge.sources.simulated.fleet import CODES, DEFAULT_SEED, REQUESTS, Fleet
from okrbridge.sources.simulated.schedule import DAY, MINUTE, SERVICES, PodLife
from okrbridge.sources.simulated.source import fleet_around
from okrbridge.sources.simulated.story import BOUNDS

ANCHOR = 1_795_300_000
BEGIN = ANCHOR // MINUTE * MINUTE - 6 * 3600


@pytest.fixture(scope="module")
def fleet() -> Fleet:
    return fleet_around(ANCHOR)


@pytest.fixture
def life(fleet: Fleet) -> PodLife:
    return fleet.lives(BEGIN, BEGIN)[0]


def test_a_single_instant_reads_as_it_does_in_a_history(fleet: Fleet, life: PodLife):
    instants = np.arange(life.started_at, life.gone_at, 7, dtype=np.int64)
    history = fleet.counts_at(life, instants)
    other_process = fleet_around(ANCHOR)
    for position in (0, 1, len(instants) // 2, len(instants) - 1):
        assert np.array_equal(other_process.counts_at(life, instants[[position]])[0], history[position])


def test_counters_only_rise_inside_a_life_and_begin_at_zero(fleet: Fleet, life: PodLife):
    counts = fleet.counts_at(life, np.arange(life.started_at, life.gone_at, dtype=np.int64))
    assert not counts[0].any()
    assert np.all(np.diff(counts, axis=0) >= 0)
    # Nothing happens in the drain: a scrape after the last minute has seen everything.
    assert np.array_equal(counts[life.serves_until - life.started_at], counts[-1])


def test_requests_by_code_and_by_latency_are_the_same_requests(fleet: Fleet, life: PodLife):
    rows = fleet.counted(life)
    assert np.array_equal(rows[:, : len(CODES)].sum(axis=1), rows[:, len(CODES) :].sum(axis=1))


def test_an_error_series_is_exposed_from_its_first_error_on(fleet: Fleet, life: PodLife):
    instants = np.arange(life.started_at, life.gone_at, MINUTE, dtype=np.int64)
    errors = next(one for one in fleet.series(life, instants) if one.name == REQUESTS and ("code", "500") in one.labels)
    assert not errors.is_there[0]
    assert errors.is_there[-1]
    assert np.array_equal(errors.is_there, errors.values > 0)


def test_buckets_are_cumulative_and_the_last_one_is_the_count(fleet: Fleet, life: PodLife):
    instants = np.array([life.serves_until], dtype=np.int64)
    series = {(one.name.rpartition("_")[2], dict(one.labels).get("le")): one for one in fleet.series(life, instants)}
    values = [float(series["bucket", bound].values[0]) for bound in BOUNDS]
    assert values == sorted(values)
    assert values[-1] == series["count", None].values[0] > 0


def test_true_counts_add_up_over_neighbouring_intervals(fleet: Fleet):
    middle, end = BEGIN + 2 * 3600, BEGIN + 5 * 3600
    whole = fleet.true_counts("api", BEGIN, end)
    parts = [fleet.true_counts("api", BEGIN, middle), fleet.true_counts("api", middle, end)]
    assert whole.requests == sum(part.requests for part in parts) > 0
    assert whole.failed == sum(part.failed for part in parts) > 0
    assert whole.by_bound["+Inf"] == whole.requests


def test_another_seed_tells_other_minutes(fleet: Fleet):
    other = fleet_around(ANCHOR, DEFAULT_SEED + 1)
    assert other.true_counts("api", BEGIN, ANCHOR) != fleet.true_counts("api", BEGIN, ANCHOR)


def test_a_month_of_all_series_is_computed_in_seconds():
    fresh = fleet_around(ANCHOR)
    began = time.perf_counter()
    for service in SERVICES:
        fresh.true_counts(service, ANCHOR - 30 * DAY, ANCHOR)
    assert time.perf_counter() - began < 5
