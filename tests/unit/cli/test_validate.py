"""``okrbridge validate``: what it prints where, and its exit code."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from tests.unit.definitions.samples import (
    CYCLE,
    EVERYTHING,
    KEY_RESULT_LINE,
    OBJECTIVE,
    SLO,
    changed,
    loaded,
    with_key_result,
)
from tests.unit.lint.samples import SOUND
from typer.testing import CliRunner, Result

from okrbridge.application.ports import SourceFailure
from okrbridge.cli import opening
from okrbridge.cli.application import make_app
from okrbridge.cli.live_check import check_queries
from okrbridge.definitions.findings import LocatedQuery
from okrbridge.errors import ConfigurationError, SourceFailureReason
from okrbridge.sources.simulated.source import SimulatedSource

ALERTS = changed(SLO, "  objectives:", "  alertPolicies: [any]\n  objectives:")
GOOD_LINE = "good: 1 file, 1 SLO, 1 cycle, 1 objective, 2 key results, 0 warnings\n"


def validate(*arguments: str | Path, stdin: str | bytes = "") -> Result:
    """Run the command on the built-in fleet; stdout and stderr are kept apart."""
    environment = {"OKRBRIDGE_PROMETHEUS_URL": "simulated:", "OKRBRIDGE_CONFIG": "/nowhere"}
    words = ["validate", *map(str, arguments)]
    return CliRunner(env=environment).invoke(make_app(), words, input=stdin, catch_exceptions=False)


@pytest.fixture
def written(tmp_path):
    """Writes documents into a file."""

    def write(text: str) -> Path:
        file: Path = tmp_path / "a.yaml"
        file.write_text(text)
        return file

    return write


@pytest.fixture(autouse=True)
def _logs_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(opening, "configure_logging", lambda *_: None)


def test_good_definitions_are_summed_up_on_stdout(written):
    result = validate(written(SOUND))

    assert (result.exit_code, result.stdout, result.stderr) == (0, GOOD_LINE, "")


def test_faults_are_told_on_stderr_with_carets(written):
    file = written(changed(OBJECTIVE + "---\n" + CYCLE + "---\n" + SLO, "cycle: 2026-q4", "cycle: 2026-q5"))

    result = validate(file)

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr == (
        f"{file}:5:10: spec.cycle: there is no Cycle named '2026-q5'; did you mean '2026-q4'?\n"
        "    cycle: 2026-q5\n"
        "           ^\n"
        "1 fault found\n"
    )


def test_warnings_forbid_only_under_strict(written):
    file = written(ALERTS)

    lax, strict = validate(file), validate(file, "--strict")

    assert (lax.exit_code, strict.exit_code) == (0, 3)
    assert lax.stderr == strict.stderr
    assert lax.stderr.endswith("[warning]\n")


def test_lints_are_told_at_their_places_and_forbid_only_under_strict(written):
    file = written(changed(SOUND, "- name: uptime", "- name: uptime\n      title: Launch a gateway"))

    lax, strict = validate(file), validate(file, "--strict")

    assert (lax.exit_code, strict.exit_code) == (0, 3)
    assert lax.stderr == strict.stderr
    assert lax.stderr == (
        f"{file}:{KEY_RESULT_LINE}:7: spec.keyResults[0]: 'Launch a gateway' is a task, not an outcome; "
        "say what will have changed once it is done, from X to Y [task_not_outcome]\n"
    )
    assert "1 warning" in lax.stdout


def test_lints_of_standard_input_have_their_places_too():
    result = validate("-", "--format", "json", stdin=EVERYTHING)

    found = {(one["file"], one["path"], one["code"]) for one in json.loads(result.stdout)["warnings"]}
    assert found == {
        ("<stdin>", "metadata.name", "too_few_key_results"),
        ("<stdin>", "spec.keyResults[0]", "unguarded_metric"),
    }


def test_a_lint_of_a_team_without_a_document_stands_at_its_first_objective(written):
    objective = changed(SOUND[SOUND.rindex("---\n") :], "owner: maria", "owner: maria\n  team: backend")
    several = "".join(objective.replace("rock-solid-api", f"goal-{number}") for number in range(4))

    result = validate(written(f"{SLO}---\n{CYCLE}{several}"))

    assert result.stderr.endswith(
        "spec.team: has 4 objectives in 2026-q4, 3 at most get done; postpone the others [too_many_objectives]\n"
    )


def test_standard_input_is_shown_with_carets():
    result = validate("-", stdin=changed(SLO, "target: 0.999", "target: 1"))

    assert result.exit_code == 2
    # two spaces of the rendering, then the line; the 1 stands in column 25
    fault, line, caret, summary = result.stderr.splitlines()
    assert fault.startswith("<stdin>:15:25: spec.objectives[0].target: a target of 100%")
    assert line == "    objectives: [{target: 1}]"
    assert caret == " " * (2 + 24) + "^"
    assert summary == "1 fault found"


def test_standard_input_can_stand_beside_files(written):
    file = written(SLO + "---\n" + CYCLE)
    objective = SOUND[len(SLO + "---\n" + CYCLE + "---\n") :]

    together, alone = validate("-", file, stdin=objective), validate("-", stdin=objective)

    assert together.exit_code == 0
    assert together.stdout == GOOD_LINE.replace("1 file,", "2 files,")
    assert alone.exit_code == 2


def test_standard_input_that_is_no_text_is_a_fault_and_no_traceback():
    result = validate("-", stdin=b"\xff\xfe")

    assert result.exit_code == 2
    assert result.stderr.startswith("<stdin>:1:1: the file is not UTF-8 text")


@pytest.mark.parametrize("arguments", [(), ("--live",)])
def test_json_has_all_fields_always(written, arguments):
    result = validate(written(SOUND), "--format", "json", *arguments)

    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"faults": [], "warnings": [], "unreachable": []}


def test_json_of_a_fault_names_place_message_and_code(written):
    file = written(changed(SLO, "target: 0.999", "targt: 0.999"))

    result = validate(file, "--format", "json")

    first = json.loads(result.stdout)["faults"][1]
    assert first == {
        "file": str(file),
        "line": 15,
        "column": 17,
        "path": "spec.objectives[0].targt",
        "message": "unknown key; did you mean 'target'?",
        "code": "unknown_key",
    }


def test_live_lets_the_declared_sources_read_every_query(written):
    # the fleet does not know how to evaluate @
    text = with_key_result("name: kr", "from: 1", "to: 2", "measure: {promql: 'sum(up @ 1)'}")

    plain, live = validate(written(text)), validate(written(text), "--live")

    assert (plain.exit_code, live.exit_code) == (0, 1)
    fault, line, caret, summary = live.stderr.splitlines()
    assert ": spec.keyResults[0].measure.promql: prometheus refuses the query: " in fault
    assert line[caret.index("^") :] == "'sum(up @ 1)'}"
    assert summary == "1 fault found"


def test_live_and_strict_leave_with_3_when_only_warnings_remain(written):
    assert validate(written(ALERTS), "--live", "--strict").exit_code == 3


def test_live_with_a_source_that_cannot_be_opened_says_so(written, monkeypatch):
    monkeypatch.delenv("NO_SUCH_URL", raising=False)
    source = (
        "apiVersion: openslo/v1\nkind: DataSource\nmetadata: {name: lost}\n"
        "spec: {type: Prometheus, connectionDetails: {url: $NO_SUCH_URL}}\n"
    )

    with pytest.raises(ConfigurationError, match=r"'lost'.*NO_SUCH_URL"):
        validate(written(f"{EVERYTHING}---\n{source}"), "--live")


class Reader(SimulatedSource):
    """A source that reads queries as it is told, and counts them."""

    def __init__(self, name: str, failures: Mapping[str, SourceFailure]) -> None:
        self.name = name
        self.failures = failures
        self.asked: list[str] = []

    def check_query(self, query: str) -> SourceFailure | None:
        """The failure that was told for this query."""
        self.asked.append(query)
        return self.failures.get(query)


def located(line: int, source: str, text: str) -> LocatedQuery:
    return LocatedQuery("a.yaml", line, 1, "spec.query", source, text)


REFUSED = SourceFailure(
    SourceFailureReason.BAD_QUERY, 'http://p refuses the query: invalid parameter "query": 1:4: parse error: no'
)
GONE = SourceFailure(SourceFailureReason.UNREACHABLE, "http://g cannot be reached: Connection refused")


def test_a_query_in_two_places_is_asked_once_and_refused_in_both():
    reader = Reader("p", {"bad": REFUSED})

    check = check_queries([located(2, "p", "bad"), located(1, "p", "bad"), located(3, "p", "good")], {"p": reader})

    assert sorted(reader.asked) == ["bad", "good"]
    assert [str(fault) for fault in check.faults] == [
        "a.yaml:1:1: spec.query: p refuses the query: 1:4: parse error: no",
        "a.yaml:2:1: spec.query: p refuses the query: 1:4: parse error: no",
    ]
    assert {fault.code for fault in check.faults} == {"refused_query"}
    assert check.exit_code == 1


def test_a_source_that_is_gone_is_told_once_and_hides_no_refusal_of_another():
    gone, reader = Reader("g", {"one": GONE, "two": GONE}), Reader("p", {"bad": REFUSED})
    queries = [located(1, "g", "one"), located(2, "g", "two"), located(3, "p", "bad")]

    check = check_queries(queries, {"g": gone, "p": reader})

    assert gone.asked == ["one"]
    assert [(each.source, each.message) for each in check.unreachable] == [("g", GONE.message)]
    assert [fault.line for fault in check.faults] == [3]
    assert check.exit_code == 4


@pytest.mark.parametrize("reason", ["unreachable", "timeout", "unauthorized", "bad_answer", "overloaded"])
def test_a_source_without_a_usable_answer_is_no_fault_of_the_query(reason):
    reader = Reader("p", {"up": SourceFailure(SourceFailureReason(reason), "http://p does not help")})

    check = check_queries([located(1, "p", "up")], {"p": reader})

    assert (check.faults, check.exit_code) == ([], 4)


def test_words_of_another_source_are_told_as_they_are():
    reader = Reader("p", {"up": SourceFailure(SourceFailureReason.BAD_QUERY, "no series matches")})

    [fault] = check_queries([located(1, "p", "up")], {"p": reader}).faults

    assert fault.message == "p refuses the query: no series matches"


def test_definitions_without_queries_ask_nobody():
    assert check_queries(loaded(CYCLE).queries, {}).exit_code == 0
