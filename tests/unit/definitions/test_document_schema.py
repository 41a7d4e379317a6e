import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.unit.definitions.samples import EVERYTHING, changed

from okrbridge.definitions.documents import read_text
from okrbridge.definitions.json_schema import json_schema

ROOT = Path(__file__).parents[3]
SCHEMA: dict[str, Any] = json_schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def documents(text: str) -> list[Mapping[str, object]]:
    return [document.value for document in read_text(text, "a.yaml").documents]


def test_the_schema_is_itself_valid_and_names_itself():
    Draft202012Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert SCHEMA["$id"]
    assert SCHEMA["title"]


@pytest.mark.parametrize("file", sorted((ROOT / "config").glob("*.yaml")), ids=lambda path: path.name)
def test_the_example_satisfies_the_schema(file):
    for document in documents(file.read_text()):
        VALIDATOR.validate(document)


def test_the_file_in_the_reference_is_the_schema():
    written = json.loads((ROOT / "docs" / "reference" / "okrbridge.schema.json").read_text())
    assert written == SCHEMA, "run `make docs`"


def test_each_kind_has_one_branch():
    for document in documents(EVERYTHING):
        valid = [branch for branch in SCHEMA["oneOf"] if _satisfies(document, branch)]
        assert len(valid) == 1


def _satisfies(document: object, branch: object) -> bool:
    return Draft202012Validator({**SCHEMA, "oneOf": [branch]}).is_valid(document)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("service: api", "servce: api"),
        ("target: 0.999", "target: 1"),
        ("target: 0.999", "targetPercent: 100"),
        ("isRolling: true", "isRolling: true, calendar: {startTime: 2026-01-01, timeZone: UTC}"),
        ("duration: 30d, isRolling: true", "duration: 1h, calendar: {startTime: 2026-01-01, timeZone: UTC}"),
        ("target: 0.999", "target: 0.999, timeSliceWindow: 1"),
        ("counter: true", "raw: {}"),
        ("isRolling: true", "isRolling: false"),
        ("budgetingMethod: Occurrences", "budgetingMethod: Timeslices"),
        ("duration: 30d", "duration: 1M"),
        ("owner: maria", "ownr: maria"),
        ("end: 2027-01-01", "end: tomorrow"),
        ("- name: uptime", "- name: Up Time"),
        ("kind: Cycle", "kind: Cyclus"),
        ("target: 0.999", "target: 0.999, targetPercent: 99.9"),
        ("target: 0.999", "displayName: x"),
        ("measure: {slo: api-availability}", "measure: {}"),
        ("measure: {slo: api-availability}", "measure: {slo: api-availability, promql: up}"),
        ("owner: maria", "owner: maria\n  team:"),
    ],
)
def test_the_schema_refuses_what_the_loader_refuses_by_shape(old, new):
    assert not all(VALIDATOR.is_valid(document) for document in documents(changed(EVERYTHING, old, new)))


def test_every_key_has_a_description_for_editors():
    definitions = SCHEMA["$defs"]
    silent = [
        f"{name}.{key}"
        for name, definition in definitions.items()
        for key, value in definition.get("properties", {}).items()
        if not value.get("description") and key not in ("apiVersion", "kind", "metadata", "spec")
    ]

    assert silent == []


def test_the_reference_page_names_every_key():
    page = (ROOT / "docs" / "reference" / "definitions.md").read_text()
    keys = {key for definition in SCHEMA["$defs"].values() for key in definition.get("properties", {})}

    assert [key for key in sorted(keys) if f"`{key}`" not in page] == []
