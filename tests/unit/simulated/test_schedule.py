import itertools
from collections import defaultdict

import pytest

from okrbridge.sources.simulated.schedule import DAY, MINUTE, SERVICES, PodLife, pod_lives

SEED = 3
START = 1_790_000_000 // DAY * DAY
MONTH = START + 30 * DAY


def _by_ordinal(lives: list[PodLife]) -> dict[str, list[PodLife]]:
    found = defaultdict(list)
    for life in lives:
        found[life.pod.rpartition("-")[2]].append(life)
    return found


@pytest.mark.parametrize("service", SERVICES)
def test_three_pods_follow_each_other_without_ever_being_up_twice(service: str):
    pods = _by_ordinal(pod_lives(SEED, service, START, MONTH))
    assert set(pods) == {"0", "1", "2"}
    for lives in pods.values():
        assert lives[0].started_at <= START
        assert lives[-1].gone_at > MONTH
        for left, right in itertools.pairwise(lives):
            assert left.gone_at < right.started_at < right.serves_from == left.serves_until + MINUTE


@pytest.mark.parametrize("service", SERVICES)
def test_a_pod_serves_whole_minutes_and_is_up_a_little_longer(service: str):
    for life in pod_lives(SEED, service, START, MONTH):
        assert life.serves_from % MINUTE == life.serves_until % MINUTE == 0
        assert life.started_at < life.serves_from < life.serves_until < life.gone_at
        assert life.is_up(life.started_at)
        assert life.is_up(life.serves_until)
        assert not life.is_up(life.gone_at)


def test_a_month_has_daily_restarts_and_a_deployment_every_three_days():
    for lives in _by_ordinal(pod_lives(SEED, "api", START, MONTH)).values():
        names = [life.pod for life in lives]
        deployments = sum(left != right for left, right in itertools.pairwise(names))
        restarts = sum(left == right for left, right in itertools.pairwise(names))
        # 30 days hold 10 deployments of each service; one restart a day, but for those near a deployment.
        assert deployments == 10
        assert 25 <= restarts <= 30
        assert len(set(names)) == deployments + 1, "a name never comes back"


def test_a_short_look_finds_the_lives_a_long_one_finds():
    long = pod_lives(SEED, "search", START, MONTH)
    at = START + 11 * DAY + 12 * 3600
    assert pod_lives(SEED, "search", at, at) == [life for life in long if life.started_at <= at < life.gone_at]
