"""A database of release 0.1.0 keeps every count through ``okrbridge db upgrade``."""

import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path

from tests.acceptance.known_fleet import documents, epoch, now, slo_document
from tests.acceptance.okrbridge_process import okrbridge

from okrbridge.definitions.loader import load

FIRST_SCHEMA = Path(__file__).with_name("first_schema.sql")
"""What release 0.1.0 made, as SQLite prints it."""

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


def test_the_counts_of_release_0_1_are_there_after_the_upgrade(tmp_path):
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


def old_progress(file: Path, end: datetime) -> None:
    """An hour of a key result from 50 to 150 that stood at 90, so at 40 %, once a minute."""
    ends = [round(epoch(end)) * 1_000_000 - minute * 60_000_000 for minute in range(60, 0, -1)]
    name = "reliable/traffic"
    measured = [(name, at, at, at, 90.0, "ok", None, None, "", "sum(requests_total)", "e") for at in ends]
    made = [(name, at, 90.0, 0.4, 0.4, 0.1, -0.3, "on_track", None, 0, "ok", at, "e") for at in ends]
    with closing(sqlite3.connect(file)) as database, database:
        database.executemany("INSERT INTO measurements VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", measured)
        database.executemany("INSERT INTO progress VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", made)


def past_of(file: Path) -> Sequence[Sequence[object]]:
    """What is kept of the past of key results."""
    with closing(sqlite3.connect(file)) as database:
        return [
            *database.execute(
                "SELECT key_result, at_us, value, quality, sample_count, coverage_ratio, error, query"
                " FROM measurements WHERE evaluation_id = 'e' ORDER BY at_us"
            ),
            *database.execute(
                "SELECT key_result, at_us, value, raw_ratio, progress_ratio, expected_ratio, gap_ratio, status"
                " FROM progress WHERE evaluation_id = 'e' ORDER BY at_us"
            ),
        ]


def test_what_key_results_measured_before_the_upgrade_is_there_and_stands(tmp_path):
    gone, file, at = "http://127.0.0.1:9", tmp_path / "okrbridge.db", now() - timedelta(minutes=5)
    config = documents(tmp_path / "config", cycle_start=at - timedelta(days=1), prometheus=gone)
    old_database(file, config, at)
    old_progress(file, at)
    before, url = past_of(file), f"sqlite:///{file}"
    assert len(before) == 120
    assert okrbridge("db", "upgrade", "--database-url", url).returncode == 0
    assert past_of(file) == before

    options = ("--config", str(config), "--database-url", url, "--format", "json", "--at", f"{at:%Y-%m-%dT%H:%M:%SZ}")
    done = okrbridge("evaluate", *options)
    # Nobody answers at the source's address: the value from before stands, a minute old.
    [traffic] = [one for one in json.loads(done.stdout)["key_results"] if one["key_result"] == "traffic"]
    assert (traffic["value"], traffic["progress_ratio"], traffic["quality"]) == (90, 0.4, "error")
    assert traffic["measured_at"] == f"{at - timedelta(minutes=1):%Y-%m-%dT%H:%M:%SZ}"
    assert past_of(file) == before
