"""``okrbridge templates``: every template loads, is sound, and measures what it says."""

import sys
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Okrbridge

from okrbridge.cli.template_files import Template, all_templates
from okrbridge.cli.templates import QUESTIONS
from okrbridge.definitions.loader import load_text
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.key_results import KeyResultState
from okrbridge.domain.layers import LAYERS
from okrbridge.domain.lint.checking import lint
from okrbridge.domain.lint.findings import Severity

TEMPLATES = {one.name: one for one in all_templates()}
CYCLE = "---\napiVersion: okrbridge.dev/v1\nkind: Cycle\nmetadata: {name: 2026-q4}\nspec: {}\n"
VALUES = {"cycle": "2026-q4", "team": "shop", "owner": "maria", "service": "shop", "state": "active"}
NEW = ("--cycle", "2026-q4", "--team", "shop", "--owner", "maria")

METRICS = {
    "r101": "uptime", "r102": "p95-latency", "r103": "error-rate", "r104": "time-to-restore",
    "r105": "deploy-frequency", "r106": "build-success", "r107": "conversion-rate", "r108": "cost-per-service",
    "r109": "error-budget", "r110": "data-age", "r111": "on-call-load", "r112": "toil-hours",
    "r113": "vulnerability-age", "r114": "customer-satisfaction", "r115": "adoption",
}  # fmt: skip
"""The metrics M1 to M15 by their requirements."""
USE_CASES = {
    "cloud-cost", "feature-adoption", "reliability", "developer-productivity", "data-freshness", "security-posture",
    "on-call-burnout", "multi-region-failover", "api-monetization", "migration",
}  # fmt: skip
SCENARIOS = {
    "r171": ("kubernetes-rollout", {-0.5, 0.1}),
    "r172": ("serverless", {-0.2, -0.1}),
    "r173": ("incident-response", {-0.4}),
    "r174": ("cost-versus-performance", {-0.15, 0.05}),
}


def loaded(one: Template) -> DefinitionSet:
    return load_text(one.filled({**VALUES, "name": one.name}) + CYCLE, one.name).definitions


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_loads_and_no_lint_has_anything_to_say(name: str):
    definitions = loaded(TEMPLATES[name])
    assert [one for one in lint(definitions) if one.severity is not Severity.HINT] == []
    assert definitions.objectives[0].name == name
    assert definitions.objectives[0].layer == TEMPLATES[name].layers[0]


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_measures_each_key_result(name: str):
    loaded_text = load_text(TEMPLATES[name].filled({**VALUES, "name": name}) + CYCLE, name)
    assert loaded_text.warnings == ()


@pytest.mark.parametrize(("requirement", "name"), METRICS.items())
def test_r101_to_r115_each_metric_of_the_catalogue_is_a_template(requirement: str, name: str):
    number = int(requirement[1:]) - 100
    assert TEMPLATES[name].group == f"metric M{number}"
    assert len(TEMPLATES[name].text.split("\n#\n")) == 2  # after the head, what would game it and what guards it


def test_r175_ten_use_cases_are_templates():
    assert {one.name for one in TEMPLATES.values() if one.group == "use case"} == USE_CASES


@pytest.mark.parametrize(("requirement", "template"), SCENARIOS.items())
def test_r171_to_r174_the_scenarios_ask_for_the_changes_of_their_text(
    requirement: str, template: tuple[str, set[float]]
):
    name, changes = template
    assert TEMPLATES[name].group == f"scenario {int(requirement[1:]) - 170}"
    asked = {one.relative_change for one in loaded(TEMPLATES[name]).key_results}
    assert changes <= asked


def test_r176_a_layer_suggests_what_is_measured_there(okrbridge: Okrbridge):
    found = okrbridge("templates", "list", "--layer", "l8", "--format", "json").json
    assert found["slis"][:2] == ["build success", "deploy frequency"]
    assert {"build-success", "deploy-frequency"} <= {one["name"] for one in found["items"]}
    assert list(LAYERS) == [f"L{number}" for number in range(1, 11)]
    assert {layer for one in TEMPLATES.values() for layer in one.layers} == set(LAYERS)


def test_the_list_tells_name_group_layers_and_title(okrbridge: Okrbridge):
    first = okrbridge("templates", "list").stdout.splitlines()[0]
    assert first.split() == ["uptime", "metric", "M1", "L1", "L2", "Uptime"]
    assert okrbridge("templates", "list", "--layer", "L11").code == 2


def test_show_prints_the_places_to_fill_in(okrbridge: Okrbridge):
    assert "{{cycle}}" in okrbridge("templates", "show", "uptime").stdout
    assert okrbridge("templates", "show", "uptime", "--format", "json").json["group"] == "metric M1"
    wrong = okrbridge("templates", "show", "uptme")
    assert (wrong.code, "did you mean 'uptime'?" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(("answers", "state"), [("yes,yes,yes,yes", "active"), ("y,Y,no,y", "draft"), (None, "draft")])
def test_r75_a_no_in_the_sanity_check_makes_it_a_draft(okrbridge: Okrbridge, answers: str | None, state: str):
    given = () if answers is None else ("--answers", answers)
    outcome = okrbridge("templates", "new", "uptime", *NEW, *given)
    objective = load_text(outcome.stdout + CYCLE, "new.yaml").definitions.objectives[0]
    assert objective.state is KeyResultState(state)
    assert ("draft" in outcome.stderr) is (state == "draft")


def test_r75_the_four_questions_are_asked_on_a_terminal(okrbridge: Okrbridge, monkeypatch: pytest.MonkeyPatch):
    asked: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)

    def answered(question: str, *, err: bool) -> bool:
        assert err  # the documents alone go to stdout
        asked.append(question)
        return len(asked) != 2

    monkeypatch.setattr("typer.confirm", answered)
    outcome = okrbridge("templates", "new", "uptime", *NEW)
    assert asked == list(QUESTIONS)
    assert "state: draft" in outcome.stdout
    assert "draft: Would 70% of it still be worth having? No" in outcome.stderr


@pytest.mark.parametrize("answers", ["yes", "yes,yes,yes,maybe", "yes,yes,yes,yes,yes"])
def test_answers_that_are_none_are_refused(okrbridge: Okrbridge, answers: str):
    assert okrbridge("templates", "new", "uptime", *NEW, "--answers", answers).code == 2


def test_r77_what_is_exploratory_becomes_a_hypothesis(okrbridge: Okrbridge):
    outcome = okrbridge("templates", "new", "conversion-rate", *NEW, "--exploratory")
    assert "a hypothesis, not conversion-rate" in outcome.stderr
    key_results = load_text(outcome.stdout + CYCLE, "new.yaml").definitions.key_results
    assert "hypothesis" in {one.kind for one in key_results}


@pytest.mark.parametrize("option", ["--cycle", "--team", "--owner", "--service", "--called"])
def test_values_that_are_no_plain_words_are_refused(okrbridge: Okrbridge, option: str):
    outcome = okrbridge("templates", "new", "uptime", *NEW, option, 'x", "y"} # ')
    assert (outcome.code, outcome.stdout) == (2, "")
    assert option in outcome.stderr


@pytest.mark.parametrize("name", TEMPLATES)
def test_names_of_people_and_teams_have_letters_of_every_language(okrbridge: Okrbridge, name: str):
    named = ("--team", "Schöne Läden", "--owner", "Jörg O'Neill", "--service", "shop", "--cycle", "Q4 2026")
    text = okrbridge("templates", "new", name, *named).stdout
    (objective,) = load_text(text + CYCLE, "new.yaml").definitions.objectives
    assert (objective.team, objective.owner, objective.cycle) == ("Schöne Läden", "Jörg O'Neill", "2026-q4")


def test_a_team_that_no_label_can_be_named_after_asks_for_the_service(okrbridge: Okrbridge):
    outcome = okrbridge("templates", "new", "uptime", *NEW, "--team", "Läden")
    assert (outcome.code, "--service: 'Läden'" in outcome.stderr) == (2, True)


def test_a_file_is_written_once_and_never_again(okrbridge: Okrbridge, tmp_path: Path):
    write = ("templates", "new", "uptime", *NEW, "--called", "shop-uptime", "--output", "uptime.yaml")
    assert okrbridge(*write).code == 0
    before = (tmp_path / "uptime.yaml").read_text(encoding="utf-8")
    again = okrbridge(*write)
    assert (again.code, "not overwritten" in again.stderr) == (2, True)
    assert (tmp_path / "uptime.yaml").read_text(encoding="utf-8") == before
    assert 'metadata: {name: "shop-uptime"}' in before
