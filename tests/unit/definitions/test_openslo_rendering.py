"""SLOs of other tools' documents, written as OpenSLO and read back, are the same SLOs."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.definitions.foreign_samples import DATA, EVERY_FILE, slo_of
from tests.unit.definitions.test_sloth_documents import PLAIN

from okrbridge.definitions.importing import imported
from okrbridge.definitions.loader import load, load_text
from okrbridge.definitions.openslo_rendering import openslo_yaml
from okrbridge.domain.slo import Slo
from okrbridge.errors import DefinitionError


def meaning(slo: Slo) -> tuple[object, ...]:
    """All that an SLO promises and shows; what it was made from may differ."""
    return (
        slo.name,
        slo.service,
        slo.sli.key,
        slo.sli.kind,
        slo.target_ratio,
        slo.window,
        slo.budgeting,
        slo.display_name,
        slo.description,
        dict(slo.labels),
    )


@pytest.mark.parametrize("file", EVERY_FILE, ids=lambda file: f"{file.parent.name}/{file.name}")
def test_every_example_reads_back_as_the_same_slos(file: Path):
    slos = imported([file]).slos
    assert slos == load([file]).definitions.slos
    again = load_text(openslo_yaml(slos), "imported.yaml")
    assert [meaning(slo) for slo in again.definitions.slos] == [meaning(slo) for slo in slos]
    assert {warning.code for warning in again.warnings} <= {"as_written"}


# YAML allows neither control characters nor what is no character at all.
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), min_size=1, max_size=12)
names = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,20}[A-Za-z0-9]", fullmatch=True)


@given(
    service=names,
    name=names,
    objective=st.decimals("0.001", "99.999", places=3),
    description=texts,
    labels=st.dictionaries(texts.filter(lambda key: key != "__name__"), texts, max_size=3),
)
def test_whatever_sloth_accepts_reads_back_as_the_same_slo(service, name, objective, description, labels):
    slo = {
        "name": name,
        "objective": float(objective),
        "description": description,
        "labels": labels,
        "sli": {"events": {"error_query": "sum(rate(bad[{{.window}}]))", "total_query": "sum(rate(all[{{.window}}]))"}},
        "alerting": {"name": "Fails"},
    }
    # JSON without escapes is YAML.
    made = slo_of(json.dumps({"version": "prometheus/v1", "service": service, "slos": [slo]}, ensure_ascii=False))
    assert meaning(slo_of(openslo_yaml([made]))) == meaning(made)
    # 12.345 % is 0.12345: as exact as a number can be written.
    assert made.target_ratio == float(objective / 100)


@pytest.mark.parametrize("text", ["1e3", "on", "1:30", "0o17", ".5", "null", "~", "2026-11-22", "0x1F", "yes", "1_000"])
def test_a_text_that_looks_like_another_value_stays_a_text(text: str):
    made = slo_of(PLAIN.replace("{owner: web}", f'{{owner: "{text}"}}'))
    assert dict(slo_of(openslo_yaml([made])).labels) == {"owner": text}


def test_documents_of_our_own_are_left_out_and_told(tmp_path: Path):
    mixed = tmp_path / "mixed.yaml"
    mixed.write_text(f"{PLAIN}---\n{openslo_yaml(imported([DATA / 'sloth' / 'shop.yaml']).slos)}", encoding="utf-8")
    result = imported([mixed])
    assert [slo.name for slo in result.slos] == ["shop-availability"]
    left_out = [warning for warning in result.warnings if warning.code == "not_foreign"]
    assert [warning.line for warning in left_out] == [13, 46]


def test_a_file_with_documents_of_our_own_only_is_refused(tmp_path: Path):
    own = tmp_path / "own.yaml"
    own.write_text(openslo_yaml([slo_of(PLAIN)]), encoding="utf-8")
    with pytest.raises(DefinitionError, match="is a document of okrbridge already"):
        imported([own])
