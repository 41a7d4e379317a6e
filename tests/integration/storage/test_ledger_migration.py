"""A ledger of rows becomes a packed one without losing a count."""

from contextlib import closing
from datetime import timedelta

import numpy as np
import pytest
from sqlalchemy import insert, text
from sqlalchemy import table as named
from sqlalchemy.sql import column
from tests.integration.storage.earlier_schemas import make_schema
from tests.ports.ledger_examples import GRID, at, measured, minutes, new_sli, put, rows_of
from tests.unit.storage.schema_comparison import differences

from okrbridge.domain.ledger import SliceState
from okrbridge.domain.windows import epoch_seconds
from okrbridge.storage.address import DatabaseAddress
from okrbridge.storage.database import open_database
from okrbridge.storage.engine import begin_writing, make_engine
from okrbridge.storage.migrations import runner

pytestmark = pytest.mark.integration

NUMBERS = (1, 2, 255, 256, 700)
"""Of the SLIs: three blocks, with holes as a rolled-back insert left them."""


def test_every_slice_of_the_first_schema_is_there_after_the_upgrade(empty_url: str):
    slis = {number: new_sli() for number in NUMBERS}
    slices = {
        (number, minute, origin): _cell(number, minute, origin)
        for number in NUMBERS
        for origin in ("east", "west")
        for minute in range(0, 26 * 60, 1 if origin == "east" else 7)
        if (minute + number) % 11
    }
    engine = make_engine(DatabaseAddress.parse(empty_url))
    with engine.connect() as connection:
        begin_writing(connection)
        make_schema(connection, "0001")
        names = ("id", "key", "name", "source", "total", "bad", "step_seconds", "created_at_us")
        rows = [(number, sli.key, sli.name, sli.source, sli.total, sli.bad, 60, 5) for number, sli in slis.items()]
        _insert(connection, "slis", names, rows)
        columns = ("sli_id", "slice_start", "origin", "good", "total", "state")
        cells = [(one, epoch_seconds(at(minute)), by, *cell) for (one, minute, by), cell in slices.items()]
        _insert(connection, "ledger_slices", columns, cells)
        connection.commit()
    runner.upgrade(empty_url)
    runner.check(empty_url)
    assert differences(empty_url) == []
    with engine.connect() as connection:
        assert connection.execute(text("SELECT DISTINCT kind FROM slis")).scalars().all() == ["counters"]

    with closing(open_database(empty_url, grid=GRID)) as storage:
        with storage.reading() as database:
            for number, sli in slis.items():
                expected = _summed({(minute, by): cell for (one, minute, by), cell in slices.items() if one == number})
                assert rows_of(database.ledger.slices(sli.key, minutes(0, 1600))) == expected
                window = database.ledger.window_counts(sli.key, [minutes(0, 1600)])[0]
                known = [row for row in expected if row[3] == SliceState.MEASURED]
                assert window.total == sum(row[2] for row in known)
                assert window.measured == timedelta(minutes=len(known))
        # And it goes on: a new SLI gets the next number.
        with storage.transaction() as database:
            put(database, new_sli(), measured((0, 1, 2)))
    with engine.connect() as connection:
        assert connection.execute(text("SELECT max(id) FROM slis")).scalar_one() == 701
    engine.dispose()


def _cell(number: int, minute: int, origin: str) -> tuple[float, float, int]:
    if minute % 13 == 0:
        return (0.0, 0.0, 2)
    fraction = 0.1 if number == 2 and origin == "west" else 0.0
    return (float(minute % 300) + fraction, float(minute % 300 + number), 1)


def _summed(cells) -> list[tuple[int, float, float, SliceState]]:
    found = []
    for minute in sorted({minute for minute, _ in cells}):
        own = [cells[minute, by] for by in ("east", "west") if (minute, by) in cells]
        found.append(
            (minute, sum(one[0] for one in own), sum(one[1] for one in own), SliceState(min(one[2] for one in own)))
        )
    return found


def _insert(connection, name: str, names, rows) -> None:
    target = named(name, *(column(one) for one in names))
    connection.execute(insert(target), [dict(zip(names, row, strict=True)) for row in rows])


def test_an_empty_first_schema_is_upgraded_too(empty_url: str):
    engine = make_engine(DatabaseAddress.parse(empty_url))
    with engine.connect() as connection:
        begin_writing(connection)
        make_schema(connection, "0001")
        connection.commit()
    engine.dispose()
    runner.upgrade(empty_url)
    assert differences(empty_url) == []
    with closing(open_database(empty_url, grid=GRID)) as storage:
        storage.check()
        with storage.reading() as database:
            assert np.all(database.ledger.window_sums(["x"], [minutes(0, 60)]).total == 0)
