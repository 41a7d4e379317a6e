"""What holds for all commands: the options they share, exit codes of wrong usage, and what goes where."""

import errno
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer
from tests.unit.cli.conftest import Okrbridge

from okrbridge import __version__
from okrbridge.cli.application import make_app


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
    "config openapi",
    "config schema",
    "db check",
    "db current",
    "db upgrade",
    "demo",
    "evaluate",
    "explain",
    "serve",
    "validate",
    "version",
)


def test_these_are_the_commands():
    assert tuple(sorted(all_commands())) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_takes_the_common_options_after_its_name(name: str):
    command = all_commands()[name]
    subject = ["slo/x"] if name == "explain" else []
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
        (["evaluate", "--at", "1969-12-31"], "lies before 1970"),
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
