# ruff: noqa: ISC004 - a line of a list that is too long reads best without parentheses
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.unit.definitions.okr_samples import SOURCES
from tests.unit.definitions.samples import CYCLE, EVERYTHING, SLO

from okrbridge.application.okr_records import StoredDocument
from okrbridge.definitions.documents import read_text
from okrbridge.definitions.json_documents import documents_from_json
from okrbridge.definitions.loader import Loaded, load_text, load_with
from okrbridge.errors import DefinitionError

AT = datetime(2026, 11, 1, tzinfo=UTC)
OBJECTIVE: Mapping[str, Any] = {
    "apiVersion": "okrbridge.dev/v1",
    "kind": "Objective",
    "metadata": {"name": "fast-onboarding"},
    "spec": {
        "cycle": "2026-q4",
        "owner": "jo",
        "keyResults": [{"name": "activation", "from": "34%", "to": "65%", "measure": {"promql": "a", "unit": "ratio"}}],
    },
}


def stored(document: Mapping[str, Any]) -> StoredDocument:
    """A document as it is kept."""
    name = document.get("metadata", {}).get("name", "")
    return StoredDocument(document.get("kind", ""), name, json.dumps(document), 1, AT, "jo", AT, "jo")


def objective(measure: Mapping[str, Any] | None = None, **keys: Any) -> Mapping[str, Any]:
    """The objective with another measure, or with other keys in its spec."""
    key_result = {**OBJECTIVE["spec"]["keyResults"][0], **({"measure": measure} if measure is not None else {})}
    return {**OBJECTIVE, "spec": {**OBJECTIVE["spec"], "keyResults": [key_result], **keys}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files with a cycle, an SLO, an objective and sources."""
    (tmp_path / "a.yaml").write_text(EVERYTHING + SOURCES)
    return tmp_path


def faults(folder: Path, *documents: Mapping[str, Any]) -> list[str]:
    with pytest.raises(DefinitionError) as raised:
        load_with([folder], [stored(each) for each in documents])
    return [str(fault) for fault in raised.value.faults]


def merged(folder: Path, *documents: Mapping[str, Any]) -> Loaded:
    return load_with([folder], [stored(each) for each in documents])


def test_a_document_over_http_is_read_as_in_a_file(folder):
    definitions = merged(folder, OBJECTIVE).definitions

    cycle_and_objective = CYCLE + "---\n" + json.dumps(OBJECTIVE)
    (from_file,) = load_text(cycle_and_objective, "a.yaml").definitions.objectives
    assert definitions.objective_by_name["fast-onboarding"] == from_file
    by_origin = {(one.name, one.kind): (one.origin, one.place) for one in definitions.documents}
    assert by_origin["fast-onboarding", "Objective"] == ("http", "")
    assert by_origin["rock-solid-api", "Objective"][0] == "file"
    assert by_origin["rock-solid-api", "Objective"][1].startswith(f"{folder}/a.yaml:")


def test_faults_over_http_name_the_path_and_no_line(folder):
    document = objective(measure={"promql": "a"}, cycle="2026-q5", ownr="x")

    assert faults(folder, document) == [
        "http:Objective/fast-onboarding: spec.cycle: there is no Cycle named '2026-q5'; did you mean '2026-q4'?",
        "http:Objective/fast-onboarding: spec.keyResults[0].measure.unit: is missing: the key result is a ratio (%); "
        "say what the query gives, such as ratio",
        "http:Objective/fast-onboarding: spec.ownr: unknown key; did you mean 'owner'?",
    ]


def test_files_win_over_a_stored_document_of_the_same_name(folder):
    document = {**OBJECTIVE, "metadata": {"name": "rock-solid-api"}}

    found = merged(folder, document)

    assert [one.owner for one in found.definitions.objectives] == ["maria"]
    (warning,) = [one for one in found.warnings if one.code == "shadowed_by_file"]
    assert str(warning).startswith("http:Objective/rock-solid-api: metadata.name: is left out: ")
    assert str(warning).endswith("declares the Objective of this name, and files win")


def test_two_stored_documents_may_refer_to_each_other_but_not_bear_one_name(folder):
    child = {**objective(parentKeyResult="fast-onboarding/activation"), "metadata": {"name": "child"}}

    assert len(merged(folder, OBJECTIVE, child).definitions.objectives) == 3
    assert faults(folder, OBJECTIVE, OBJECTIVE) == [
        "http:Objective/fast-onboarding: metadata.name: another Objective is named 'fast-onboarding', "
        "at http:Objective/fast-onboarding"
    ]


@pytest.mark.parametrize(
    "measure",
    [
        {"sql": "SELECT 1", "source": "billing-db"},
        {"http": {"value": "$.a"}, "source": "status-page"},
        {"csv": {"column": "a"}, "source": "survey"},
    ],
)
def test_measures_that_reach_out_are_refused_over_http(folder, measure):
    with pytest.raises(DefinitionError) as raised:
        merged(folder, objective(measure={**measure, "unit": "ratio"}))

    (key, *_) = measure
    assert [(one.code, one.path) for one in raised.value.faults] == [
        ("not_over_http", f"spec.keyResults[0].measure.{key}")
    ]


def test_the_other_measures_of_an_indicator_do_not_reach_out_either(folder):
    indicator = {
        "apiVersion": "okrbridge.dev/v1",
        "kind": "Indicator",
        "metadata": {"name": "cost"},
        "spec": {"measure": {"promql": "a"}, "also": [{"sql": "SELECT 1", "source": "billing-db"}]},
    }

    (fault,) = faults(folder, indicator)

    assert fault.startswith("http:Indicator/cost: spec.also[0].sql: makes okrbridge reach out")


def test_promql_over_http_asks_declared_sources_only(folder):
    (fault,) = faults(folder, objective(measure={"promql": "a", "unit": "ratio", "source": "other"}))

    assert "spec.keyResults[0].measure.source: there is no DataSource named 'other'" in fault


@pytest.mark.parametrize("text", [SLO, SOURCES])
def test_only_kinds_of_okrs_are_made_over_http(folder, text):
    for document in read_text(text, "a.yaml").documents:
        value = {**document.value, "metadata": {"name": "other"}}
        assert any("is declared in files only" in fault for fault in faults(folder, value))


def test_another_tools_document_is_refused_over_http(folder):
    sloth = {"version": "prometheus/v1", "service": "a", "slos": []}

    assert any("documents of other tools are declared in files only" in fault for fault in faults(folder, sloth))


@pytest.mark.parametrize(
    ("body", "code", "path"),
    [
        ("[1]", "not_a_document", ""),
        ("{", "json_syntax", ""),
        ('{"a": NaN}', "json_syntax", ""),
        ('{"a": 1, "a": 2}', "duplicate_key", ""),
        ("[" * 100_000, "too_deep", ""),
        ('{"a":' * 60 + "1" + "}" * 60, "too_deep", "a.a.a.a.a"),
        ('{"a": "' + "x" * 5_000_001 + '"}', "too_large", ""),
        ({"a": float("inf")}, "wrong_value", "a"),
        ('{"a": 1e999}', "wrong_value", "a"),
        ({"a": 10**400}, "wrong_value", "a"),
        ({"a": [object()]}, "wrong_type", "a[0]"),
    ],
)  # fmt: skip
def test_a_body_that_is_no_document_is_a_fault(body, code, path):
    read = documents_from_json([("body", body)])

    assert read.documents == []
    assert [(one.file, one.line, one.code, one.path) for one in read.faults] == [("body", 0, code, path)]


def test_a_name_of_several_lines_stays_on_one_line_in_its_faults(folder):
    (fault,) = faults(folder, {**OBJECTIVE, "metadata": {"name": "x\ny"}})

    assert fault == "'http:Objective/x\\ny': metadata.name: a name is made of a-z, 0-9, - and .; write 'x-y'"


def test_a_faulty_stored_document_refuses_the_whole_set(folder):
    (folder / "b.yaml").write_text("kind: Cycle\n")

    found = faults(folder, {**OBJECTIVE, "kind": "Objektive"})

    assert len(found) == 2
    assert found[0].endswith("b.yaml:1:1: apiVersion: is missing")
