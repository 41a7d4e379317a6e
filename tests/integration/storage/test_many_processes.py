"""Processes that share a database, and processes that die."""

import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from tests.integration.storage.writer_process import HANGING, ROUNDS, SHARED_SLI, SIDES, slis_of, total_after
from tests.ports.ledger_examples import GRID, measured, minutes, put
from tests.ports.record_examples import UPTIME

from okrbridge.storage.database import open_database
from okrbridge.storage.migrations import runner

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]


def start(step: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.integration.storage.writer_process", step, url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(processes: list[subprocess.Popen[str]]) -> None:
    for process in processes:
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0, errors


def test_processes_that_upgrade_one_empty_database_at_once_all_succeed(empty_url: str):
    finish([start("upgrade", empty_url) for _ in range(4)])
    runner.check(empty_url)


def test_two_processes_that_write_the_same_slices_leave_one_row_each(empty_url: str):
    runner.upgrade(empty_url)
    finish([start("write", empty_url) for _ in range(2)])
    with closing(open_database(empty_url, grid=GRID)) as storage, storage.reading() as database:
        assert len(database.ledger.slices(SHARED_SLI.key, minutes(0, 60))) == 10
        (window,) = database.ledger.window_counts(SHARED_SLI.key, [minutes(0, 60)])
    # Ten slices with 1 good event of 2.
    assert (window.good, window.total, window.measured) == (10, 20, timedelta(minutes=10))


def test_writers_that_share_a_block_lose_nothing_and_read_nothing_stale(empty_url: str):
    runner.upgrade(empty_url)
    finish([start(side, empty_url) for side in SIDES])  # each checks what it reads on the way
    slis = [sli for side in SIDES for sli in slis_of(side)]
    with closing(open_database(empty_url, grid=GRID)) as storage, storage.reading() as database:
        table = database.ledger.slices_of([sli.key for sli in slis], minutes(0, ROUNDS))
        sums = database.ledger.window_sums([sli.key for sli in slis], [minutes(0, ROUNDS)])
    # Corrected, minute m holds m + 2 events; the last one was not corrected.
    expected = [float(minute + 2) for minute in range(ROUNDS - 1)] + [float(ROUNDS)]
    assert table.total.tolist() == [expected] * len(slis)
    assert sums.total[:, 0].tolist() == [sum(expected)] * len(slis) == [total_after(ROUNDS)] * len(slis)
    assert sums.good[:, 0].tolist() == [ROUNDS] * len(slis)


def test_a_writer_killed_inside_its_transaction_leaves_nothing_half_written(empty_url: str):
    runner.upgrade(empty_url)
    process = start("hang", empty_url)
    try:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == HANGING
    finally:
        process.kill()
        process.communicate(timeout=30)
    with closing(open_database(empty_url, grid=GRID)) as storage:
        with storage.reading() as database:
            assert len(database.ledger.slices(SHARED_SLI.key, minutes(0, 3000))) == 0
            (window,) = database.ledger.window_counts(SHARED_SLI.key, [minutes(0, 3000)])
            assert window.total == 0
            assert database.progress.latest([UPTIME], minutes(0, 3000).end) == {}
            assert database.evaluations.latest() is None
        # And its lock went with it: the next writer need not wait.
        with storage.transaction() as database:
            put(database, SHARED_SLI, measured((0, 1, 1)))
        storage.check()
