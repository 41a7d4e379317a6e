"""Whatever stands in another tool's document, loading ends well or with faults for people."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.definitions.foreign_samples import EVERY_FILE
from tests.unit.definitions.test_any_text_is_survived import survive

TEXTS = [file.read_text(encoding="utf-8") for file in EVERY_FILE]
VALUES = st.sampled_from(
    ["", "~", "[]", "{}", "[{}]", "[~]", "-1", "1e9", "true", "'x'", "'A B'", '"a\\nb"', "{a: 1}", "up",
     "up offset 5m", "sum(up)", "'sum(', ", "'{{.window}}'", "'sum(rate(x[{{.window}}]))'", "'{{.window}} {{x}}'",
     "prometheus/v1", "0y", "999999999y", "100", "99.99999999999999999999", "1e-400", "'NaN'", "'店'", "9" * 70,
     "pyrra.dev/v1alpha1", "&a {a: 1}", "*a", "{<<: *a}", "{<<: [*a, {b: 2}]}", "{<<: 1}"]
)  # fmt: skip
HEADS = ("version: prometheus/v1", "apiVersion: pyrra.dev/v1alpha1\nkind: ServiceLevelObjective")


@given(st.data(), st.sampled_from(TEXTS))
@settings(max_examples=400)
def test_good_documents_with_a_few_values_replaced_give_faults_only(data, text):
    lines = text.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[index].partition(": ")
        with contextlib.suppress(ValueError):
            lines[index] = f"{key}{colon}{data.draw(VALUES)}"
    survive("\n".join(lines))


@given(st.data(), st.sampled_from(TEXTS))
@settings(max_examples=300)
def test_good_documents_with_a_hole_give_faults_only(data, text):
    start = data.draw(st.integers(0, len(text)))
    survive(text[:start] + text[start + data.draw(st.integers(0, 60)) :])


@pytest.mark.parametrize("head", HEADS, ids=["sloth", "pyrra"])
@pytest.mark.parametrize("rest", ["", "spec: []", "spec: {slos: x}", "slos: {a: b}", "service: {}", "metadata: []"])
def test_half_documents_give_faults_only(head: str, rest: str):
    survive(f"{head}\n{rest}")
