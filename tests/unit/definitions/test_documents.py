# ruff: noqa: E501, ISC004 - a row of a table, with the very line it expects, reads best unbroken
import pytest

from okrbridge.definitions.documents import MAX_BYTES, read_bytes, read_text


def lines(text: str) -> list[str]:
    return [str(fault) for fault in read_text(text, "a.yaml").faults]


SYNTAX = [
    (
        "a: b: c",
        [
            "a.yaml:1:5: not valid YAML: mapping values are not allowed in this context; put text with a colon in it into quotes"
        ],
    ),
    (
        "a: [1, 2",
        [
            "a.yaml:2:1: not valid YAML: did not find expected ',' or ']' while parsing a flow sequence that begins in line 1"
        ],
    ),
    (
        "a:\n\tb: c",
        [
            "a.yaml:2:1: not valid YAML: found character that cannot start any token while scanning for the next token "
            "that begins in line 2; indent with spaces, not with tabs"
        ],
    ),
    ("a: b\x07", ["a.yaml:1:5: not valid YAML: the character U+0007 is not allowed; remove it"]),
    ("a: 1\nb: *here", ["a.yaml:2:4: b: there is no anchor &here before this alias"]),
    ("a: &here [1, *here]", ["a.yaml:1:14: a[1]: the alias *here stands inside the value it repeats"]),
    ("a: 1\nb:\n  c: 2\n  c: 3", ["a.yaml:4:3: b.c: this key stands twice, first in line 3; remove one"]),
    ("a: {b: 1, 'b': 2}", ["a.yaml:1:11: a.b: this key stands twice, first in line 1; remove one"]),
    (
        "x: &x {a: 1}\ny:\n  <<: *x",
        [
            "a.yaml:3:3: y['<<']: merge keys are not part of YAML 1.2; write the keys out, or repeat a whole value with an "
            "alias"
        ],
    ),
    ("? [a]\n: b", ["a.yaml:1:3: a key is plain text, not a mapping, a list or an alias"]),
    ("a: .nan", ["a.yaml:1:4: a: .nan is not a finite number"]),
    ("a: !secret x", ["a.yaml:1:4: a: the tag !secret is not known here; remove it"]),
    ("a: !!set {x}", ["a.yaml:1:4: a: the tag !!set is not known here; remove it"]),
    ("- a", ["a.yaml:1:1: a document is a mapping that begins with apiVersion and kind"]),
    ("text", ["a.yaml:1:1: a document is a mapping that begins with apiVersion and kind"]),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX)
def test_what_yaml_cannot_say_is_a_fault_with_its_place(text, expected):
    assert lines(text) == expected


def test_documents_before_a_syntax_fault_are_read_and_the_rest_is_kept_as_unread():
    read = read_text("a: 1\n---\nb: 2\n---\nname: late\nc: [", "a.yaml")

    assert [document.value for document in read.documents] == [{"a": 1}, {"b": 2}]
    assert len(read.faults) == 1
    assert "name: late" in read.unread


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n---\n...\n", "\ufeff"])
def test_empty_documents_are_skipped(text):
    read = read_text(text, "a.yaml")

    assert (read.documents, read.faults, read.unread) == ([], [], "")


def test_every_value_and_every_key_knows_its_place():
    document = read_text('\ufeffa:\n  - b: 1\n    c: "x"\n  - é: {d: e}\n', "a.yaml").documents[0]

    assert document.position(("a",)) == (2, 3)
    assert document.position(("a",), of_key=True) == (1, 1)
    assert document.position(("a", 0, "c")) == (3, 8)
    assert document.position(("a", 0, "c"), of_key=True) == (3, 5)
    assert document.position(("a", 1, "é", "d")) == (4, 12)
    # what is not there is looked for where it should stand: in the mapping above
    assert document.position(("a", 1, "nothing", "below")) == (4, 5)


def test_an_alias_has_the_value_of_its_anchor_and_its_own_place():
    document = read_text("a: &x {b: [1, 2]}\nc: *x\n", "a.yaml").documents[0]

    assert document.get("c", "b", 1) == 2
    assert document.position(("c",)) == (2, 4)
    assert document.position(("c", "b", 1)) == (1, 15)


def test_anchors_end_with_their_document():
    assert lines("a: &x 1\n---\nb: *x") == ["a.yaml:3:4: b: there is no anchor &x before this alias"]


def test_keys_are_the_text_that_is_written():
    document = read_text("1: a\ntrue: b\n~: c\n010: d", "a.yaml").documents[0]

    assert document.value == {"1": "a", "true": "b", "~": "c", "010": "d"}


def test_a_billion_laughs_are_refused_before_they_are_laughed():
    # 9 levels of 10 aliases each would be 10^9 nodes
    rows = ["l0: &l0 [" + ", ".join(["lol"] * 10) + "]"]
    rows += [f"l{level}: &l{level} [" + ", ".join([f"*l{level - 1}"] * 10) + "]" for level in range(1, 10)]

    (fault,) = read_text("\n".join(rows), "bomb.yaml").faults

    assert fault.code == "yaml_alias"
    assert "beyond all measure" in fault.message


@pytest.mark.parametrize("text", ["[" * 100_000, "- " * 100_000, "{a: " * 100_000, "a: &a " + "[" * 100_000])
def test_endless_nesting_is_refused(text):
    (fault,) = read_text(text, "deep.yaml").faults

    assert fault.message == "nested deeper than 50 levels"


def test_aliases_cannot_nest_deeper_than_text_can():
    rows = ["l0: &l0 [1]"] + [f"l{level}: &l{level} [*l{level - 1}]" for level in range(1, 60)]

    (fault,) = read_text("\n".join(rows), "deep.yaml").faults

    assert fault.code == "yaml_alias"


def test_a_text_that_is_too_long_is_refused_unread():
    (fault,) = read_text("#" * (MAX_BYTES + 1), "long.yaml").faults

    assert str(fault) == "long.yaml:1:1: longer than 5 MB; split the file"


def test_bytes_that_are_no_utf8_are_a_fault_with_their_place():
    read = read_bytes(b"a: b\nc: \xe4", "latin.yaml")

    assert [str(fault) for fault in read.faults] == ["latin.yaml:2:4: the file is not UTF-8 text; save it as UTF-8"]
