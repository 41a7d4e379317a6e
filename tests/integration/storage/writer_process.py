"""A process that works on a database, for tests that need more than one: run as a script.

Its steps are ``upgrade``; ``write``, the same ten slices fifty times; ``hang``, which stops inside a
transaction once it has written, says so, and waits to be killed; and ``even`` and ``odd``, two writers of different
SLIs that are packed together, which correct what they wrote and read windows on the way.
"""

import sys
import time
from contextlib import closing

from tests.ports.ledger_examples import GRID, ORIGIN, ZERO, measured, minutes, put
from tests.ports.record_examples import measurement, progress

from okrbridge.application.records import Evaluation
from okrbridge.domain.sli import Sli
from okrbridge.storage.database import open_database
from okrbridge.storage.migrations import runner

HANGING = "hanging"
SHARED_SLI = Sli("api", ORIGIN, total="requests_total", bad="errors_total")
SIDES = ("even", "odd")
ROUNDS = 130


def slis_of(side: str) -> list[Sli]:
    """Three indicators of one writer."""
    return [Sli("api", ORIGIN, total=f"requests_total{{side='{side}',n='{n}'}}", bad="errors_total") for n in range(3)]


def total_after(rounds: int) -> float:
    """Minute m counts m + 1 events at first, and one more after its correction, which comes a round later."""
    return rounds * (rounds + 1) / 2 + max(0, rounds - 1)


def main(step: str, url: str) -> None:
    if step == "upgrade":
        runner.upgrade(url)
        return
    with closing(open_database(url, grid=GRID)) as storage:
        if step == "hang":
            with storage.transaction() as database:
                _write(database, 3000)
                print(HANGING, flush=True)  # noqa: T201 - the test waits for this line
                time.sleep(600)
        if step in SIDES:
            _write_and_read(storage, step)
            return
        for _ in range(50):
            with storage.transaction() as database:
                _write(database, 10)


def _write_and_read(storage, side: str) -> None:
    """One minute a round, over three hours; what is read must be exact for the own SLIs and grow for the others'."""
    own, others = slis_of(side), slis_of(next(other for other in SIDES if other != side))
    seen = 0.0
    for minute in range(ROUNDS):
        with storage.transaction() as database:
            for sli in own:
                rows = [(minute - 1, 1.0, minute + 1.0)] if minute else []
                put(database, sli, measured(*rows, (minute, 1.0, minute + 1.0)))
            inside = _totals(database, own, minute + 1)
        with storage.reading() as database:
            after, beside = _totals(database, own, minute + 1), _totals(database, others, ROUNDS)
        expected = [total_after(minute + 1)] * len(own)
        if not inside == after == expected:
            raise AssertionError(f"{side}, round {minute}: {inside} inside, {after} after, not {expected}")
        if len(set(beside)) != 1 or beside[0] < seen:
            raise AssertionError(f"{side}, round {minute}: the other side has {beside} after {seen}")
        seen = beside[0]


def _totals(database, slis: list[Sli], end: int) -> list[float]:
    """Over all minutes up to an end; asked twice, for the second time from what is remembered."""
    keys, windows = [sli.key for sli in slis], [minutes(0, end), minutes(0, end)]
    first: list[float]
    first, second = database.ledger.window_sums(keys, windows).total.T.tolist()
    if first != second:
        raise AssertionError(f"the same window has {first} and {second}")
    return first


def _write(database, number: int) -> None:
    put(database, SHARED_SLI, measured(*((minute, 1.0, 2.0) for minute in range(number))))
    database.progress.save([measurement(0)], [progress(0)])
    database.evaluations.save(Evaluation("e1", ZERO, ZERO, ZERO, slices_written=number))


if __name__ == "__main__":
    main(*sys.argv[1:])
