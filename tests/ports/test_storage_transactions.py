import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.ports.ledger_examples import at, counts, gaps, measured, minutes, new_sli, put, stored, write
from tests.ports.record_examples import document, evaluation, measurement, progress

from okrbridge.application.ports import Storage
from okrbridge.errors import StorageError


class BrokenOffError(Exception):
    """What a test raises inside a transaction."""


def _write_everything_and_break_off(storage: Storage) -> None:
    with storage.transaction() as database:
        put(database, SLI, measured((0, 1, 1)))
        database.progress.save([measurement(0)], [progress(0)])
        database.evaluations.save(evaluation(1, 0))
        database.definitions.record([document("a", "1")], "file", at(0))
        raise BrokenOffError


SLI = new_sli()


def test_a_transaction_that_raises_keeps_nothing(storage: Storage):
    with pytest.raises(BrokenOffError):
        _write_everything_and_break_off(storage)
    with storage.reading() as database:
        assert len(database.ledger.slices(SLI.key, minutes(0, 60))) == 0
        assert database.progress.latest(["rock-solid-api/uptime"], at(9)) == {}
        assert database.progress.latest_good(["rock-solid-api/uptime"], at(9)) == {}
        assert database.evaluations.latest() is None
        assert database.definitions.revisions("SLO", "a") == []


def test_a_transaction_sees_what_it_wrote(storage: Storage):
    sli = new_sli()
    with storage.transaction() as database:
        put(database, sli, measured((0, 1, 2)))
        assert database.ledger.window_counts(sli.key, [minutes(0, 60)])[0].total == 2


def test_readers_see_nothing_of_an_unfinished_transaction_and_are_not_held_up(storage: Storage):
    sli = new_sli()
    with storage.transaction() as database:
        put(database, sli, measured((0, 1, 2)))
        assert counts(storage, sli, minutes(0, 60)).total == 0
    assert counts(storage, sli, minutes(0, 60)).total == 2


def test_reading_sees_one_state_from_its_first_look_on(storage: Storage):
    sli = new_sli()
    write(storage, sli, measured((0, 1, 1)))
    with storage.reading() as database:
        before = database.ledger.window_counts(sli.key, [minutes(0, 60)])
        write(storage, sli, measured((1, 1, 1)))
        assert database.ledger.window_counts(sli.key, [minutes(0, 60)]) == before
    assert counts(storage, sli, minutes(0, 60)).total == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda database: put(database, SLI, measured((0, 1, 1))),
        lambda database: database.progress.save([measurement(0)], []),
        lambda database: database.evaluations.save(evaluation(1, 0)),
        lambda database: database.definitions.record([document("a", "1")], "file", at(0)),
    ],
)
def test_writing_while_reading_is_an_error(storage: Storage, change):
    with pytest.raises(StorageError, match="while only reading"), storage.reading() as database:
        change(database)
    # The connection that refused serves writers again.
    with storage.transaction() as database:
        change(database)


def test_a_storage_in_order_passes_its_check_again_and_again(storage: Storage):
    storage.check()
    storage.check()


def test_two_threads_that_write_the_same_slices_leave_one_row_each(storage: Storage):
    sli = new_sli()
    start = threading.Barrier(2)

    def tick() -> None:
        start.wait(timeout=10)
        for minute in range(20):
            write(storage, sli, measured((minute, 1, 1), (minute + 1, 1, 1)))

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(tick), pool.submit(tick)]:
            done.result(timeout=60)
    assert len(stored(storage, sli, minutes(0, 60))) == 21
    assert counts(storage, sli, minutes(0, 60)).total == 21


def test_threads_that_write_different_slices_of_one_hour_lose_none(storage: Storage):
    sli = new_sli()
    start = threading.Barrier(4)

    def tick(number: int) -> None:
        start.wait(timeout=10)
        for minute in range(number, 60, 4):
            write(storage, sli, measured((minute, 1, 1)) if minute % 3 else gaps(minute), f"origin-{number}")

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(tick, number) for number in range(4)]:
            done.result(timeout=60)
    # Of 60 minutes every third is a gap: 40 measured ones, read from the hourly sums.
    assert counts(storage, sli, minutes(0, 60)).total == 40
    assert len(stored(storage, sli, minutes(0, 60))) == 60
