"""The OpenAPI document: complete, and the same as the file people read."""

from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest

from okrbridge.api import openapi
from okrbridge.api.errors import PROBLEM_JSON, PROBLEMS

DOCS = Path(__file__).parents[3] / "docs" / "reference"


@cache
def openapi_document() -> dict[str, Any]:
    return openapi.openapi_document()


_METHODS = ("get", "post", "put", "patch", "delete")


def _written() -> dict[str, Any]:
    """The file, which the first test below compares with the document; making that takes a second."""
    document: dict[str, Any] = orjson.loads((DOCS / "openapi.json").read_bytes())
    return document


def _operations() -> list[tuple[str, dict[str, Any]]]:
    paths = _written()["paths"]
    return [(f"{method} {path}", one) for path, it in paths.items() for method, one in it.items() if method in _METHODS]


def test_the_file_is_the_document():
    assert _written() == openapi_document(), (
        "docs/reference/openapi.json is out of date; regenerate it with "
        "`python -m okrbridge config openapi > docs/reference/openapi.json` and review the difference"
    )


def test_operation_ids_are_unique():
    identities = [operation["operationId"] for _, operation in _operations()]

    assert len(identities) == len(set(identities))


@pytest.mark.parametrize(("name", "operation"), _operations())
def test_every_operation_has_a_tag_a_summary_and_a_description(name: str, operation: dict[str, Any]):
    assert operation["tags"]
    assert operation["summary"]
    assert operation["description"]


@pytest.mark.parametrize(("name", "operation"), _operations())
def test_every_error_is_described_as_a_problem_document(name: str, operation: dict[str, Any]):
    errors = {status: answer for status, answer in operation["responses"].items() if status >= "400"}

    for answer in errors.values():
        schema = answer["content"][PROBLEM_JSON]["schema"]
        assert schema == {"$ref": "#/components/schemas/ProblemDocument"}
        assert answer["content"][PROBLEM_JSON]["examples"]


@pytest.mark.parametrize(("name", "operation"), _operations())
def test_every_good_answer_is_described(name: str, operation: dict[str, Any]):
    good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}

    assert len(good) == 1
    assert "204" in good or all(answer["content"] for answer in good.values())


def test_the_framework_own_error_schema_is_gone():
    assert "HTTPValidationError" not in openapi_document()["components"]["schemas"]


def test_every_kind_of_problem_is_documented():
    text = (DOCS / "http.md").read_text(encoding="utf-8")

    assert [problem.slug for problem in PROBLEMS if f"`{problem.slug}`" not in text] == []


def test_every_path_is_documented():
    text = (DOCS / "http.md").read_text(encoding="utf-8")

    assert [path for path in openapi_document()["paths"] if f"{path.removeprefix('/api/v1')}`" not in text] == []
