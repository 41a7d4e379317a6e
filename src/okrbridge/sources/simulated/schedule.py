"""Which pod of the fleet lives when: daily restarts in place and rolling deployments.

All instants are whole epoch seconds. The schedule depends on the seed and the calendar only, so it is the same
for a history and for the exporter that continues it.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from okrbridge.sources.simulated.chance import pick

SERVICES = ("api", "search", "payments")
PODS_PER_SERVICE = 3

MINUTE = 60
DAY = 86_400

_FIRST_OF_2026 = 20_454
_DAYS_BETWEEN_DEPLOYMENTS = 3
_BETWEEN_PODS = 2 * MINUTE
_CLEAR_OF_DEPLOYMENT = 15 * MINUTE
_DRAIN = 15
_BOOT = 30
_BOOT_SPREAD = 10


@dataclass(frozen=True, slots=True)
class PodLife:
    """One process of one pod, from its start to its end.

    A pod takes its last request at ``serves_until`` and stays up a little longer, so that a scraper sees every
    request there was; a new process is up shortly before it takes its first one.

    Attributes:
        pod: its name, the ``instance`` label; kept over a restart, new after a deployment.
        started_at: start of the process.
        serves_from, serves_until: whole minutes between which it takes requests.
        gone_at: end of the process.
    """

    service: str
    pod: str
    started_at: int
    serves_from: int
    serves_until: int
    gone_at: int

    def is_up(self, at: int) -> bool:
        """Whether the process answers scrapes."""
        return self.started_at <= at < self.gone_at


def pod_lives(seed: int, service: str, start: int, end: int) -> list[PodLife]:
    """All lives of a service's pods that overlap ``[start, end]``, pod by pod, ascending in time."""
    lives = []
    for ordinal in range(PODS_PER_SERVICE):
        cuts = list(_cuts(seed, service, ordinal, start, end))
        for (born, revision), (ended, _) in itertools.pairwise(cuts):
            life = _life(seed, service, f"{service}-r{revision}-{ordinal}", born, ended)
            if life.started_at <= end and life.gone_at > start:
                lives.append(life)
    return lives


def _life(seed: int, service: str, pod: str, born: int, ended: int) -> PodLife:
    started = born - _BOOT - pick(_BOOT_SPREAD, seed, pod, born, "boot")
    until = ended - MINUTE
    return PodLife(service, pod, started, born, until, until + _DRAIN)


def _cuts(seed: int, service: str, ordinal: int, start: int, end: int) -> Iterator[tuple[int, int]]:
    """When a pod's processes take over, with the revision from then on; whole minutes, ascending.

    The span is wider than asked for: the life that runs at ``start`` began before it, by at most the time
    between two restarts, and the one that runs at ``end`` needs its end.
    """
    margin = _DAYS_BETWEEN_DEPLOYMENTS
    for day in range(start // DAY - margin, end // DAY + margin + 1):
        restart = _restart(seed, service, ordinal, day)
        since, revision = _deployment(seed, service, day)
        since += ordinal * _BETWEEN_PODS
        revision_at_restart = revision if restart >= since else revision - 1
        cuts = [(restart, revision_at_restart)] if abs(restart - since) > _CLEAR_OF_DEPLOYMENT else []
        if since // DAY == day:
            cuts.append((since, revision))
        yield from sorted(cuts)


def _deployment(seed: int, service: str, day: int) -> tuple[int, int]:
    """The last rolling deployment on or before a day: when it begins, in working hours, and its revision.

    Services take turns, a day apart.
    """
    revision, since = divmod(day - _FIRST_OF_2026 - SERVICES.index(service), _DAYS_BETWEEN_DEPLOYMENTS)
    deployed_on = day - since
    minute = 9 * 60 + pick(6 * 60, seed, service, deployed_on, "deployment")
    return deployed_on * DAY + minute * MINUTE, revision


def _restart(seed: int, service: str, ordinal: int, day: int) -> int:
    """When a pod restarts in place on a day; each pod in its own third of the day, well away from midnight."""
    third = DAY // PODS_PER_SERVICE
    within = third // MINUTE - 120
    return day * DAY + ordinal * third + (60 + pick(within, seed, service, ordinal, day, "restart")) * MINUTE
