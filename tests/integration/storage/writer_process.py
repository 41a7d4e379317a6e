"""A process that works on a database, for tests that need more than one: run as a script.

Its steps are ``upgrade``; ``write``, the same ten slices fifty times; and ``hang``, which stops inside a
transaction once it has written, says so, and waits to be killed.
"""

import sys
import time
from contextlib import closing

from tests.ports.ledger_examples import GRID, ORIGIN, ZERO, measured, put
from tests.ports.record_examples import measurement, progress

from okrbridge.application.records import Evaluation
from okrbridge.domain.sli import Sli
from okrbridge.storage.database import open_database
from okrbridge.storage.migrations import runner

HANGING = "hanging"
SHARED_SLI = Sli("api", ORIGIN, total="requests_total", bad="errors_total")


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
        for _ in range(50):
            with storage.transaction() as database:
                _write(database, 10)


def _write(database, number: int) -> None:
    put(database, SHARED_SLI, measured(*((minute, 1.0, 2.0) for minute in range(number))))
    database.progress.save([measurement(0)], [progress(0)])
    database.evaluations.save(Evaluation("e1", ZERO, ZERO, ZERO, slices_written=number))


if __name__ == "__main__":
    main(*sys.argv[1:])
