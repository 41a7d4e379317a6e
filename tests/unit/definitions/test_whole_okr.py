import copy
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from textwrap import indent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from tests.unit.definitions.samples import SLO, loaded
from tests.unit.definitions.whole_okr import WHOLE_OKR

from okrbridge.application.okr_records import StoredDocument
from okrbridge.definitions.documents import read_text
from okrbridge.definitions.json_schema import json_schema
from okrbridge.definitions.loader import load_with
from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.measures import NoMeasure
from okrbridge.errors import DefinitionError

_GIVEN = (
    "apiVersion: okrbridge.dev/v1\nkind: Team\nmetadata: {name: engineering}\nspec: {}\n",
    SLO.replace("api-availability", "search-latency"),
)
AT = datetime(2026, 11, 1, tzinfo=UTC)
DOCUMENTS: list[Mapping[str, Any]] = [document.value for document in read_text(WHOLE_OKR, "a.yaml").documents]
_VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", [], {}, [{}], -1, 0, 1, 1e9, True, "x", "99%", "3/month", "5 parsecs", "2026-02-30", "1M",
     "reliable", "reliable/uptime", "child/a", "a/b/c", "prometheus", "survey", "$.a", "SELECT 1", {"a": 1}, [None],
     "-40%", "increase", "composite", "band", "share", "countPerPeriod", {"over": "90d"}, {"slo": "x"}, "\ud800"]
)  # fmt: skip


def test_every_kind_of_key_result_can_be_declared_in_one_set():
    definitions = loaded(WHOLE_OKR).definitions

    kinds = {one.kind for one in definitions.key_results}
    assert kinds == set(KeyResultKind) - {KeyResultKind.DECREASE}
    assert {one.name for one in definitions.key_results if isinstance(one.measure, NoMeasure)} == {
        "rollout", "certified", "adoption", "together"
    }  # fmt: skip


def test_every_document_satisfies_the_schema_for_editors():
    validator = Draft202012Validator(json_schema())

    for document in DOCUMENTS:
        validator.validate(document)


def test_the_okr_examples_of_the_reference_page_load_without_warnings():
    page = (Path(__file__).parents[3] / "docs" / "reference" / "definitions.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    documents = [block for block in blocks if block.startswith(("apiVersion: okrbridge.dev/v1", "apiVersion: openslo"))]
    items = [block for block in blocks if block.startswith("- name: ")]
    head = (
        "apiVersion: okrbridge.dev/v1\nkind: Objective\nmetadata: {name: more}\nspec:\n  cycle: 2026-q4\n  owner: jo\n"
    )
    written = [*_GIVEN, *(each for each in documents if "  service: api\n" in each or "kind: SLO" not in each)]

    found = loaded("---\n".join([*written, head + "  keyResults:\n" + indent("".join(items), "    ")]))

    assert found.warnings == ()
    # three of the Objective example, and five and one of the lists of key results
    assert len(found.definitions.key_results) == 9


def stored(document: Mapping[str, Any], number: int) -> StoredDocument:
    return StoredDocument("Any", str(number), json.dumps(document), 1, AT, "jo", AT, "jo")


@given(st.data())
@settings(deadline=None, max_examples=300)
def test_documents_over_http_with_values_replaced_give_faults_only(data):
    documents = copy.deepcopy(DOCUMENTS)
    for _ in range(data.draw(st.integers(1, 3))):
        _replace_somewhere(data, data.draw(st.sampled_from(documents)))

    # The sources and the SLO may not come over HTTP, so that there are faults in any case.
    with pytest.raises(DefinitionError) as raised:
        load_with([], [stored(document, number) for number, document in enumerate(documents)])

    assert all(not fault.line and "\n" not in str(fault) for fault in raised.value.faults)


def _replace_somewhere(data: st.DataObject, value: Any) -> None:
    """Replace a value somewhere inside a mapping or a list."""
    while True:
        key = data.draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        if not isinstance(value[key], dict | list) or not value[key] or data.draw(st.booleans()):
            value[key] = copy.deepcopy(data.draw(_VALUES))
            return
        value = value[key]
