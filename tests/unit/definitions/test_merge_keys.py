"""Merge keys of YAML 1.1 in other tools' documents; okrbridge's own may have none."""

import pytest
from tests.unit.definitions.foreign_samples import slo_of
from tests.unit.definitions.samples import SLO, codes_of, faults_of

from okrbridge.definitions.documents import MAX_ALIASED_NODES, read_text
from okrbridge.definitions.loader import load_text
from okrbridge.domain.windows import RollingWindow, parse_duration

HEAD = "version: prometheus/v1\nservice: shop\n"


def read(text: str) -> object:
    """The plain value under ``a`` of a Sloth document without faults."""
    found = read_text(HEAD + text, "a.yaml")
    assert found.faults == []
    return found.documents[0].value["a"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: &x {b: 1}\na: {<<: *x}", {"b": 1}),
        ("x: &x {b: 1}\na: {<<: *x, c: 2}", {"b": 1, "c": 2}),
        # A key that is written wins, before the merge key and after it.
        ("x: &x {b: 1}\na: {<<: *x, b: 2}", {"b": 2}),
        ("x: &x {b: 1}\na: {b: 2, <<: *x}", {"b": 2}),
        # It wins whole: mappings inside are not merged with each other.
        ("x: &x {b: {c: 1, d: 2}}\na: {<<: *x, b: {c: 3}}", {"b": {"c": 3}}),
        # Of several mappings the first that has a key counts.
        ("x: &x {b: 1, c: 1}\ny: &y {b: 2, d: 2}\na: {<<: [*x, *y]}", {"b": 1, "c": 1, "d": 2}),
        ("x: &x {b: 1}\na: {<<: [{b: 3}, *x], c: 2}", {"b": 3, "c": 2}),
        # What is merged may hold merge keys, and so may what it holds.
        ("x: &x {b: 1}\ny: &y {<<: *x, c: 2}\na: {<<: *y, d: 3}", {"b": 1, "c": 2, "d": 3}),
        ("x: &x {b: 1}\na: {c: {<<: *x, d: {<<: *x}}}", {"c": {"b": 1, "d": {"b": 1}}}),
        ("x: &x {b: 1}\na: [{<<: *x}, {<<: *x, b: 2}]", [{"b": 1}, {"b": 2}]),
        ("a: {<<: {b: 1}, c: 2}", {"b": 1, "c": 2}),
        ("x: &x {}\na: {<<: *x, b: 1}", {"b": 1}),
        # In quotes it is a key like any other.
        ("x: &x {b: 1}\na: {'<<': *x}", {"<<": {"b": 1}}),
    ],
)
def test_merged_keys_stand_where_none_is_written(text: str, expected: object):
    assert read(text) == expected


SLOTH = (
    HEAD
    + """\
x-defaults: &defaults
  objective: 99.9
  labels: {tier: gold}
  alerting: {page_alert: {disable: true}, ticket_alert: {disable: true}}
slos:
  - <<: *defaults
    name: requests
    sli: &sli
      events:
        error_query: sum(rate(requests_total{code=~"5.."}[{{.window}}]))
        total_query: sum(rate(requests_total[{{.window}}]))
  - <<: *defaults
    name: strict
    objective: 99.99
    sli: {<<: *sli}
"""
)


def test_a_sloth_document_takes_what_its_slos_share_from_an_anchor():
    slos = load_text(SLOTH, "a.yaml").definitions.slos
    assert [(slo.name, slo.target_ratio) for slo in slos] == [
        ("shop-requests", 0.999),
        ("shop-strict", 0.9999),
    ]
    assert {slo.sli.total for slo in slos} == {"requests_total"}
    assert [dict(slo.labels)["tier"] for slo in slos] == ["gold", "gold"]


def test_a_pyrra_document_takes_merge_keys_too():
    text = """\
apiVersion: pyrra.dev/v1alpha1
kind: ServiceLevelObjective
metadata: {name: api}
spec:
  <<: {window: 4w, target: "99"}
  target: "99.5"
  indicator:
    ratio:
      errors: {metric: 'requests_total{code=~"5.."}'}
      total: {metric: requests_total}
"""
    slo = slo_of(text)
    assert (slo.window, slo.target_ratio) == (RollingWindow(parse_duration("4w")), 0.995)


def test_a_fault_in_a_merged_value_is_told_where_the_value_stands():
    broken = SLOTH.replace("objective: 99.9\n", "objective: 999\n", 1)
    # Line 4 holds it; the second SLO has an objective of its own.
    assert faults_of(broken) == [
        "a.yaml:4:14: slos[0].objective: 999 is not between 0 and 100; 99.9 means that 0.1% of events may be bad"
    ]


def test_a_fault_in_a_written_value_is_told_where_it_stands():
    broken = SLOTH.replace("objective: 99.99", "objective: 0")
    assert [line.partition(": ")[0] for line in faults_of(broken)] == ["a.yaml:16:16"]


@pytest.mark.parametrize("value", ["1", "text", "~", "[]", "[1]", "[{b: 1}, [c]]"])
def test_only_mappings_can_be_merged(value: str):
    found = read_text(f"{HEAD}a:\n  <<: {value}\n  c: 1\n", "a.yaml")
    # The value begins in the seventh column of the fourth line.
    assert [str(fault) for fault in found.faults] == [
        "a.yaml:4:7: a['<<']: a merge key takes a mapping or a list of mappings, such as <<: *name; write one of these"
    ]
    assert found.documents[0].value["a"] == {"c": 1}


def test_two_merge_keys_in_one_mapping_are_refused():
    found = read_text(f"{HEAD}x: &x {{b: 1}}\na:\n  <<: *x\n  <<: *x\n", "a.yaml")
    assert [str(fault) for fault in found.faults] == [
        "a.yaml:6:3: a['<<']: this key stands twice, first in line 5; remove one"
    ]


def test_documents_of_our_own_are_refused_with_each_merge_key():
    text = SLO.replace("metadata: {name: api-availability}", "metadata: {<<: {name: api-availability}}")
    assert text != SLO
    assert codes_of(text) == ["merge_key"]
    # The tools' own documents beside it, in the same file, may have them.
    assert codes_of(f"{SLOTH}---\n{text}") == ["merge_key"]


def test_a_merge_bomb_is_refused_before_it_grows():
    # Ten levels of ten would be 10^10 nodes; merging a level counts all that is in it.
    levels = ["l0: &l0 {v: 1}"]
    for level in range(1, 11):
        merged = ", ".join(f"k{number}: {{<<: *l{level - 1}}}" for number in range(10))
        levels.append(f"l{level}: &l{level} {{{merged}}}")
    found = read_text(HEAD + "\n".join(levels), "a.yaml")
    assert [fault.code for fault in found.faults] == ["yaml_alias"]


def test_merging_a_wide_mapping_again_and_again_is_refused():
    wide = ", ".join(f"k{number}: 1" for number in range(1000))
    many = ", ".join("*w" for _ in range(MAX_ALIASED_NODES // 1000 + 1))
    found = read_text(f"{HEAD}w: &w {{{wide}}}\na: {{<<: [{many}]}}\n", "a.yaml")
    assert [fault.code for fault in found.faults] == ["yaml_alias"]
