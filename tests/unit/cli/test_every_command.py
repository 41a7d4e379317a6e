"""What holds for all commands: the options they share, exit codes of wrong usage, and what goes where."""

import errno
import io
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer
from tests.unit.cli.conftest import Okrbridge

from okrbridge import __version__
from okrbridge.cli import run
from okrbridge.cli.application import make_app
from okrbridge.cli.options import instant
from okrbridge.cli.output import print_json, print_key_results
from okrbridge.cli.serve import address_of


def commands(group: Any, before: str = "") -> Iterator[tuple[str, Any]]:
    """All commands that do something, by the words that name them; typer has a click of its own, without types."""
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, f"{before}{name} ")
        else:
            yield f"{before}{name}", command


def all_commands() -> dict[str, Any]:
    return dict(commands(typer.main.get_command(make_app())))


NAMES = (
    "backfill",
    "config openapi",
    "config schema",
    "cycle report",
    "db check",
    "db current",
    "db upgrade",
    "demo",
    "evaluate",
    "explain",
    "import",
    "incident review",
    "init",
    "plan",
    "serve",
    "templates list",
    "templates new",
    "templates show",
    "token create",
    "token list",
    "token revoke",
    "validate",
    "version",
)


def test_these_are_the_commands():
    assert tuple(sorted(all_commands())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_takes_the_common_options_after_its_name(name: str):
    command = all_commands()[name]
    made = ["--role", "viewer", "--name", "x"]
    subjects = {"explain": ["slo/x"], "import": ["slos.yaml"], "token create": made, "token revoke": ["x"]}
    subjects |= {"cycle report": ["2026-q4"], "incident review": ["P1"]}
    subjects |= {"templates show": ["x"], "templates new": ["x", "--cycle", "c", "--team", "t", "--owner", "o"]}
    subject = subjects.get(name, [])
    given = ["--config", "elsewhere", "--database-url", "sqlite:///x.db", "--format", "json"]
    with command.make_context(name, [*given, *subject]) as context:
        assert str(context.params["config"]) == "elsewhere"
        assert context.params["database_url"] == "sqlite:///x.db"
        assert context.params["format"] == "json"


@pytest.mark.parametrize("name", NAMES)
def test_each_says_what_it_does_without_doing_it(okrbridge: Okrbridge, name: str):
    outcome = okrbridge(*name.split(), "--help")
    assert outcome.code == 0
    assert "--database-url" in outcome.stdout
    assert outcome.stderr == ""


@pytest.mark.parametrize("name", NAMES)
def test_every_option_is_explained(name: str):
    for parameter in all_commands()[name].params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nonsense"], "No such command 'nonsense'"),
        (["version", "--nope"], "No such option: --nope"),
        (["db", "drop"], "No such command 'drop'"),
        (["version", "--format", "xml"], "'xml' is not one of 'text', 'json'"),
        (["version", "more"], "unexpected extra argument"),
        (["explain"], "Missing argument"),
        (["explain", "api"], "'api': write slo/NAME or kr/OBJECTIVE/NAME"),
        (["explain", "slo/"], "'slo/': write slo/NAME"),
        (["serve", "--port", "many"], "Invalid value for '--port': Input should be a valid integer"),
        (["demo", "--for", "1 month"], "'1 month' is not a duration"),
        (["evaluate", "--at", "yesterday"], "'yesterday' is not an instant; write one such as 2026-11-21T12:00:00Z"),
        (["evaluate", "--at", "0001-01-01T00:00:00+14:00"], "is not an instant"),
        (["evaluate", "--at", "1989-12-31"], "lies before 1990; write an instant such as"),
        (["evaluate", "--at", "2026"], "lies before 1990"),
        (["evaluate", "--at", "20261345"], "is not an instant"),
        (["serve", "--host", ""], "OKRBRIDGE_HOST: must not be empty"),
        (["demo", "--port", "0"], "'--port': Input should be greater than or equal to 1"),
        (["demo", "--port", "65536"], "'--port': Input should be less than or equal to 65535"),
        (["evaluate", "--at", "9" * 30], "is not an instant"),
        ([], "Usage: okrbridge"),
    ],
)
def test_wrong_usage_leaves_with_2_and_is_told_on_stderr(okrbridge: Okrbridge, arguments: list[str], words: str):
    outcome = okrbridge(*arguments)
    assert (outcome.code, outcome.stdout) == (2, "")
    assert words in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_the_version_in_words_and_as_json(okrbridge: Okrbridge):
    assert okrbridge("version").stdout.startswith(f"okrbridge {__version__} (Python 3.")
    outcome = okrbridge("version", "--format", "json")
    assert outcome.json["version"] == __version__
    assert outcome.json.keys() == {"version", "python"}
    assert outcome.stderr == ""


def test_the_schema_of_the_documents_is_json_schema(okrbridge: Okrbridge):
    outcome = okrbridge("config", "schema")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.json["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_the_openapi_document_describes_the_api(okrbridge: Okrbridge):
    outcome = okrbridge("config", "openapi")
    assert (outcome.code, outcome.stderr) == (0, "")
    assert outcome.json["openapi"].startswith("3.")
    assert "/api/v1/slos" in outcome.json["paths"]


def test_a_reader_that_goes_away_is_no_failure(okrbridge: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    def gone(_document: object) -> None:
        raise BrokenPipeError(errno.EPIPE, "Broken pipe")

    monkeypatch.setattr("okrbridge.cli.version.print_json", gone)
    for name in ("stdout", "stderr"):
        # typer wraps them when a pipe breaks; this puts them back.
        monkeypatch.setattr(sys, name, getattr(sys, name))
    assert okrbridge("version", "--format", "json").code == 0


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("20261120", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20", datetime(2026, 11, 20, tzinfo=UTC)),
        ("2026-11-20T01:00:00+01:00", datetime(2026, 11, 20, tzinfo=UTC)),
        # 2026-11-20 is day 20,777 since 1970: 56 years of 365 days, 14 leap days, 323 days of 2026; times 86,400.
        ("1795132800", datetime(2026, 11, 20, tzinfo=UTC)),
    ],
)
def test_an_instant_is_read_in_every_form(text: str, at: datetime):
    assert instant(text) == at


def _terminal(monkeypatch: pytest.MonkeyPatch, *, encoding: str) -> io.BytesIO:
    """What is written to a stdout of that encoding."""
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding=encoding))
    return written


def test_json_is_utf_8_whatever_the_terminal_has(monkeypatch: pytest.MonkeyPatch):
    written = _terminal(monkeypatch, encoding="latin-1")
    print_json({"title": "Größe ≥ 3"})
    assert written.getvalue().decode("utf-8") == '{\n  "title": "Größe ≥ 3"\n}\n'


def test_letters_that_the_terminal_lacks_are_shown_as_question_marks(monkeypatch: pytest.MonkeyPatch):
    written = _terminal(monkeypatch, encoding="latin-1")
    monkeypatch.setattr("okrbridge.cli.version.__version__", "1≥0")
    monkeypatch.setattr(sys, "argv", ["okrbridge", "version"])
    with pytest.raises(SystemExit) as left:
        run()
    assert (left.value.code, written.getvalue()[:13]) == (0, b"okrbridge 1?0")


@pytest.mark.parametrize("arguments", [["version"], ["version", "--format", "json"], ["--help"]])
def test_a_full_disk_is_told_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], arguments: list[str]
):
    monkeypatch.setattr(sys, "argv", ["okrbridge", *arguments])
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        monkeypatch.setattr(sys, "stdout", full)
        with pytest.raises(SystemExit) as left:
            run()
    assert left.value.code == 1
    assert capsys.readouterr().err == "okrbridge: cannot read or write: No space left on device\n"


@pytest.mark.parametrize("columns", ["20", "80"])
def test_no_table_is_cut(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], columns: str):
    monkeypatch.setenv("COLUMNS", columns)
    name = "n" * 253
    item = dict.fromkeys(("baseline", "value", "target", "progress_ratio", "expected_ratio"), 0.5)
    print_key_results(
        [{**item, "objective": name, "key_result": name, "status": "ok", "unit": None, "quality": "last"}]
    )
    row = capsys.readouterr().out.splitlines()[2]
    assert row.split()[0] == f"{name}/{name}"
    assert row.split()[-3:] == ["50.0%", "50.0%", "last"]


def test_a_hypothesis_shows_the_change_that_it_looks_for(capsys: pytest.CaptureFixture[str]):
    item = dict.fromkeys(("value", "progress_ratio", "expected_ratio"), None)
    shown = {**item, "objective": "grow", "key_result": "idea", "status": "ok", "quality": "ok", "kind": "hypothesis"}
    print_key_results([{**shown, "unit": "ratio", "baseline": 0.04, "target": 0.01}])
    assert capsys.readouterr().out.splitlines()[2].split()[2:6] == ["4%", "-", "+1", "pp"]


@pytest.mark.parametrize("asked", ["--version", "version"])
def test_the_version_may_be_asked_for_in_both_ways(okrbridge: Okrbridge, asked: str):
    outcome = okrbridge(asked)
    assert (outcome.code, outcome.stdout.split()[0]) == (0, "okrbridge")


@pytest.mark.parametrize("command", [(), ("templates", "new")])
def test_help_may_be_asked_for_by_its_short_name(okrbridge: Okrbridge, command: tuple[str, ...]):
    assert "Usage: okrbridge" in okrbridge(*command, "-h").stdout


def test_no_summary_of_a_command_is_cut(okrbridge: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TERMINAL_WIDTH", "80")
    for group in ((), ("cycle",), ("db",), ("templates",), ("token",), ("config",), ("incident",)):
        assert "..." not in okrbridge(*group, "--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize(
    ("host", "address"), [("127.0.0.1", "127.0.0.1:80"), ("db.example", "db.example:80"), ("::1", "[::1]:80")]
)
def test_an_ipv6_address_stands_in_brackets(host: str, address: str):
    assert address_of(host, 80) == address
