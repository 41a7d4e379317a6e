"""A database of the release before keeps every count through ``okrbridge db upgrade``."""

import json
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from tests.acceptance.known_fleet import epoch, now, slo_document
from tests.acceptance.okrbridge_process import okrbridge

from okrbridge.definitions.loader import load

FIRST_SCHEMA = Path(__file__).with_name("first_schema.sql")
"""What the release before made, as SQLite prints it."""

MINUTES = 26 * 60


def old_database(file: Path, config: Path, end: datetime) -> None:
    """Minutes of 10 requests up to an instant, in each third of them one bad, with a gap in each eleventh."""
    [sli] = load([config]).definitions.slis
    begin = round(epoch(end)) - MINUTES * 60
    rows = [
        (begin + minute * 60, *((0.0, 0.0, 2) if minute % 11 == 0 else (9.0 if minute % 3 == 0 else 10.0, 10.0, 1)))
        for minute in range(MINUTES)
    ]
    with closing(sqlite3.connect(file)) as database, database:
        database.executescript(FIRST_SCHEMA.read_text())
        database.execute(
            "INSERT INTO slis (id, key, name, source, total, bad, step_seconds, created_at_us)"
            " VALUES (1, ?, ?, ?, ?, ?, 60, 0)",
            (sli.key, sli.name, sli.source, sli.total, sli.bad),
        )
        database.executemany(
            "INSERT INTO ledger_slices (sli_id, slice_start, good, total, state, origin)"
            " VALUES (1, ?, ?, ?, ?, 'prometheus')",
            rows,
        )


def test_the_counts_of_the_release_before_are_there_after_the_upgrade(tmp_path):
    gone = "http://127.0.0.1:9"
    config = slo_document(tmp_path / "config", window="[{duration: 1d, isRolling: true}]", prometheus=gone)
    file, at = tmp_path / "okrbridge.db", now()
    old_database(file, config, at)
    url = f"sqlite:///{file}"
    options = ("--config", str(config), "--database-url", url, "--format", "json", "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    refused = okrbridge("evaluate", *options)
    assert refused.returncode == 4
    assert "okrbridge db upgrade" in refused.stderr
    upgraded = okrbridge("db", "upgrade", "--database-url", url)
    assert upgraded.returncode == 0, upgraded.stderr
    assert okrbridge("db", "check", "--database-url", url).returncode == 0

    # Nobody answers at the source's address; the ledger does. Its last day is minutes 120 to 1559.
    item = json.loads(okrbridge("evaluate", *options).stdout)["slos"][0]
    measured = [minute for minute in range(MINUTES - 1440, MINUTES) if minute % 11]
    assert item["total"] == 10 * len(measured)
    assert item["bad"] == sum(1 for minute in measured if minute % 3 == 0)
    assert item["coverage_ratio"] == len(measured) / 1440
