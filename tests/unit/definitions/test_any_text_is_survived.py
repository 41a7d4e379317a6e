import contextlib

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.definitions.samples import EVERYTHING

from okrbridge.definitions.documents import read_bytes
from okrbridge.definitions.loader import load_text
from okrbridge.definitions.rendering import render, source_line
from okrbridge.errors import DefinitionError, Fault

_PIECES = st.sampled_from(
    ["apiVersion: ", "openslo/v1", "okrbridge.dev/v1", "kind: ", "SLO", "Objective", "metadata: ", "{", "}", "[", "]",
     ": ", "\n", "  ", "- ", "---\n", "&a ", "*a", "!!int ", "<<: ", "'", '"', "#", "|", "\t", "null", "1e999", "0x",
     "spec: ", "keyResults: ", "measure: ", "from: ", "99%", "\u2028", "\x85", "é", "\U0001f600",
     "? ", "%YAML 1.1\n", "...\n"]
)  # fmt: skip
_VALUES = st.sampled_from(
    ["", "~", "[]", "{}", "[{}]", "-1", "1e9", "99%", "true", "'x'", "2026-02-30", "1M", "{a: 1}", "[null]", "*a",
     "&a b",     "prometheus", "api-availability", "9" * 70, "sum(", "'{{x}}'", "0", "1", "-0.0", "5 parsecs"]
)  # fmt: skip


def survive(text: str) -> None:
    """Loading ends well or with faults that can be shown, and with nothing else."""
    faults: tuple[Fault, ...] = ()
    try:
        loaded = load_text(text, "any.yaml")
        faults = loaded.warnings
    except DefinitionError as error:
        faults = error.faults
    for fault in faults:
        assert fault.line >= 1
        assert fault.column >= 1
        assert "\n" not in str(fault)
        render(fault, source_line(fault, text))


@given(st.lists(_PIECES, max_size=40).map("".join))
@settings(max_examples=300)
def test_pieces_of_yaml_in_any_order_give_faults_only(text):
    survive(text)


@given(st.text(max_size=200))
@settings(max_examples=200)
def test_any_text_gives_faults_only(text):
    survive(text)


@given(st.binary(max_size=200))
def test_any_bytes_give_faults_only(content):
    read_bytes(content, "any.yaml")


@given(st.data())
@settings(max_examples=400)
def test_good_documents_with_a_few_values_replaced_give_faults_only(data):
    lines = EVERYTHING.splitlines()
    for _ in range(data.draw(st.integers(1, 3))):
        index = data.draw(st.integers(0, len(lines) - 1))
        key, colon, _ = lines[index].partition(": ")
        with contextlib.suppress(ValueError):
            lines[index] = f"{key}{colon}{data.draw(_VALUES)}"
    survive("\n".join(lines))


@given(st.integers(0, len(EVERYTHING)), st.integers(0, 40))
@settings(max_examples=300)
def test_good_documents_with_a_hole_give_faults_only(start, length):
    survive(EVERYTHING[:start] + EVERYTHING[start + length :])
