"""backfill and plan, on a day of the built-in fleet."""

import os
import signal
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge
from tests.unit.cli.test_evaluating_commands import ANCHOR, API, DEFINITIONS, MIDNIGHT

from okrbridge.application.backfill import Backfill

SECOND = DEFINITIONS.partition("---")[0].replace("api-availability", "search").replace('"api"', '"search"')


@pytest.fixture
def fleet(okrbridge: Okrbridge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Okrbridge:
    """The command over two SLOs and the built-in fleet, with a database in a file of its own."""
    file = tmp_path / "definitions.yaml"
    file.write_text(f"{DEFINITIONS}---\n{SECOND}")
    monkeypatch.setenv("OKRBRIDGE_PROMETHEUS_URL", f"simulated:{ANCHOR}")
    return lambda *arguments: okrbridge(*arguments, "--config", file, "--database-url", "sqlite:///test.db")


@pytest.fixture
def unreachable(fleet: Okrbridge, monkeypatch: pytest.MonkeyPatch) -> Okrbridge:
    """The same commands over a source that nobody answers for: port 9 of this machine is the discard service's."""
    monkeypatch.setenv("OKRBRIDGE_PROMETHEUS_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("OKRBRIDGE_QUERY_TIMEOUT_SECONDS", "0.05")
    return fleet


def test_a_length_is_filled_back_from_the_end(fleet: Okrbridge):
    outcome = fleet("backfill", "--from", "6h", "--to", MIDNIGHT, "--format", "json")
    assert outcome.code == 0
    assert outcome.json == {
        "from": "2025-06-15T18:00:00Z",
        "to": MIDNIGHT,
        "complete": True,
        # Two SLIs, six hours of sixty slices.
        "slices": 720,
        "filled_ratio": 1.0,
        "no_data_before": {},
        "failures": [],
        "warnings": [],
    }


def test_what_is_filled_is_not_asked_for_again_unless_told(fleet: Okrbridge):
    common = ("backfill", "--from", "2025-06-15", "--to", MIDNIGHT, "--format", "json")
    assert fleet(*common).json["slices"] == 2 * 1440
    assert fleet(*common).json["slices"] == 0
    assert fleet(*common, "--again").json["slices"] == 2 * 1440


def test_without_a_start_it_fills_what_the_definitions_need(fleet: Okrbridge):
    outcome = fleet("backfill", "--to", MIDNIGHT)
    assert outcome.code == 0
    # Burn windows look back three days.
    assert outcome.stdout == (
        "8,640 slices filled; 100.0% of the time from 2025-06-13T00:00:00Z to 2025-06-16T00:00:00Z is asked for\n"
    )
    assert outcome.stderr == ""
    # An evaluation finds everything there.
    assert "slices filled" not in fleet("evaluate", "--at", MIDNIGHT, "--format", "json").stderr


def test_only_the_slos_that_are_named_are_filled(fleet: Okrbridge):
    assert (
        fleet("backfill", "--from", "1h", "--to", MIDNIGHT, "--slo", "search", "--format", "json").json["slices"] == 60
    )


def test_an_unknown_slo_is_told_with_the_closest_known_one(fleet: Okrbridge):
    outcome = fleet("backfill", "--slo", "serach")
    assert (outcome.code, outcome.stdout) == (2, "")
    assert "there is no SLO named 'serach'; did you mean 'search'?" in outcome.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--from", "yesterday"], "'yesterday' is not an instant"),
        (["--from", "1M"], "is not an instant"),
        (["--to", "2999-01-01"], "2999-01-01T00:00:00Z is in the future"),
        (["--from", "2025-06-17", "--to", "2025-06-16"], "2025-06-17T00:00:00Z is not before the end"),
    ],
)
def test_a_time_that_cannot_be_filled_is_wrong_usage(fleet: Okrbridge, arguments: list[str], words: str):
    outcome = fleet("backfill", *arguments)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_after_the_chunk_and_the_next_run_goes_on(
    fleet: Okrbridge, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    fill, before = Backfill._fill, signal.getsignal(number)

    def interrupted(*arguments, **options):
        os.kill(os.getpid(), number)
        return fill(*arguments, **options)

    monkeypatch.setattr(Backfill, "_fill", interrupted)
    outcome = fleet("backfill", "--to", MIDNIGHT, "--format", "json")
    assert outcome.code == 1
    assert (outcome.json["complete"], outcome.json["slices"]) == (False, 2 * 1440)
    assert "ended early; the same command goes on where this one stopped" in outcome.stderr
    assert signal.getsignal(number) is before
    monkeypatch.setattr(Backfill, "_fill", fill)
    assert fleet("backfill", "--to", MIDNIGHT, "--format", "json").json["slices"] == 4 * 1440


def test_history_before_the_sources_own_is_told(fleet: Okrbridge):
    # The fleet can be observed for 46 days and an hour before its anchor, which is 16 June.
    outcome = fleet("backfill", "--from", "49d", "--to", MIDNIGHT, "--format", "json")
    assert outcome.code == 0
    assert outcome.json["no_data_before"] == {"prometheus": "2025-04-30T23:00:00Z"}
    assert "source prometheus has no data before 2025-04-30T23:00:00Z" in outcome.stderr


def test_a_source_that_is_away_leaves_with_4_and_says_so_once(unreachable: Okrbridge):
    outcome = unreachable("backfill", "--from", "1h", "--format", "json")
    assert outcome.code == 4
    assert len(outcome.json["failures"]) == 2
    assert outcome.stderr.count("2 SLIs such as api-requests: ") == 1


def test_progress_is_plain_lines_where_there_is_no_terminal(fleet: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("okrbridge.cli.progress._QUIET_SECONDS", 0.0)
    common = ("backfill", "--to", MIDNIGHT)
    assert fleet(*common, "--no-progress", "--again").stderr == ""
    assert fleet(*common, "--again").stderr.splitlines() == [
        "history: 33% looked at, back to 2025-06-15T00:00:00Z",
        "history: 67% looked at, back to 2025-06-14T00:00:00Z",
        "history: 100% looked at, back to 2025-06-13T00:00:00Z",
    ]


def test_progress_is_a_bar_on_a_terminal(fleet: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TTY_COMPATIBLE", "1")
    assert "filling history, back to 2025-06-15 23:00" in fleet("backfill", "--from", "1h", "--to", MIDNIGHT).stderr


def test_a_plan_shows_each_question_with_its_slos(fleet: Okrbridge, tmp_path: Path):
    outcome = fleet("plan")
    assert (outcome.code, outcome.stderr) == (0, "")
    lines = outcome.stdout.splitlines()
    assert lines[1].split() == ["no", "source", "method", "SLIs", "series", "SLOs", "note"]
    assert lines[2].split()[:6] == ["1", "prometheus", "simulated", "1", "-", "api-availability"]
    assert API in outcome.stdout.partition("\n1: ")[2]
    # Nothing was counted, so no database was made.
    assert not (tmp_path / "test.db").exists()


def test_a_plan_as_json(fleet: Okrbridge):
    document = fleet("plan", "--format", "json").json
    assert document["unreachable"] == []
    assert [query["slos"] for query in document["queries"]] == [["api-availability"], ["search"]]
    assert document["queries"][0].keys() == {
        "number", "source", "method", "slis", "series", "slos", "note", "query"
    }  # fmt: skip


def test_a_plan_without_its_source_is_printed_and_leaves_with_4(unreachable: Okrbridge):
    outcome = unreachable("plan", "--format", "json")
    assert outcome.code == 4
    assert [each["source"] for each in outcome.json["unreachable"]] == ["prometheus"]
    assert "source prometheus: " in outcome.stderr
    assert {name for query in outcome.json["queries"] for name in query["slos"]} == {"api-availability", "search"}
