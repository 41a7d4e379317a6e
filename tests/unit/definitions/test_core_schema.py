# ruff: noqa: E501 - a row of a table, with the very line it expects, reads best unbroken
import pytest

from okrbridge.definitions.core_schema import plain_scalar, tagged_scalar
from okrbridge.definitions.documents import read_text

MEANINGS = [
    # booleans: only true and false; YAML 1.1 also took on, off, yes, no
    ("true", True), ("True", True), ("FALSE", False), ("on", "on"), ("off", "off"), ("yes", "yes"), ("No", "No"),
    ("y", "y"), ("tRUE", "tRUE"),
    # nothing
    ("", None), ("~", None), ("null", None), ("NULL", None), ("nUll", "nUll"), ("none", "none"),
    # whole numbers: a leading zero means nothing, octal is 0o10 = 8, 0x1F = 16 + 15 = 31
    ("12", 12), ("010", 10), ("-7", -7), ("+7", 7), ("0o10", 8), ("0x1F", 31), ("0o9", "0o9"), ("1_000", "1_000"),
    ("0b11", "0b11"), ("-0x1F", "-0x1F"),
    # floats: an exponent needs no dot and no sign
    ("1e3", 1000.0), ("1.5E-2", 0.015), (".5", 0.5), ("5.", 5.0), ("-.5e1", -5.0), (".", "."), ("e3", "e3"), ("1e", "1e"),
    # text that YAML 1.1 took for base 60 or for a time
    ("1:30", "1:30"), ("12:30:45", "12:30:45"), ("2026-10-01", "2026-10-01"), ("2026-10-01T00:00:00Z", "2026-10-01T00:00:00Z"),
    ("99.95%", "99.95%"), ("800ms", "800ms"), ("=", "="), ("--", "--"), ("+", "+"), ("1.2.3", "1.2.3"), ("٣", "٣"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "meaning"), MEANINGS)
def test_plain_scalars_mean_what_yaml_1_2_says(text, meaning):
    value = plain_scalar(text)

    assert value == meaning
    assert type(value) is type(meaning)


@pytest.mark.parametrize("text", ["on", "010", "1e3", "1:30", "2026-10-01", "0o10", "true", "~"])
def test_a_document_reads_scalars_the_same_way(text):
    document = read_text(f"value: {text}\nquoted: '{text}'", "a.yaml").documents[0]

    assert document.get("value") == plain_scalar(text)
    assert document.get("quoted") == text


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "-1e999"])
def test_numbers_that_are_not_finite_are_refused(text):
    with pytest.raises(ValueError, match="not a finite number"):
        plain_scalar(text)


@pytest.mark.parametrize("text", ["9" * 5000, "0x" + "f" * 100, "1." + "1" * 100])
def test_endless_numbers_are_refused(text):
    with pytest.raises(ValueError, match=f"a number of {len(text)} characters"):
        plain_scalar(text)


@pytest.mark.parametrize(
    ("tag", "text", "meaning"),
    [
        ("!", "12", "12"),
        ("tag:yaml.org,2002:str", "true", "true"),
        ("tag:yaml.org,2002:int", "12", 12),
        ("tag:yaml.org,2002:float", "12", 12.0),
        ("tag:yaml.org,2002:bool", "true", True),
        ("tag:yaml.org,2002:null", "", None),
    ],
)
def test_explicit_tags_of_the_core_schema_are_honoured(tag, text, meaning):
    value = tagged_scalar(tag, text)

    assert value == meaning
    assert type(value) is type(meaning)


@pytest.mark.parametrize(
    ("tag", "text", "message"),
    [
        ("tag:yaml.org,2002:int", "x", "'x' does not fit the tag !!int"),
        ("tag:yaml.org,2002:bool", "1", "'1' does not fit the tag !!bool"),
        ("tag:yaml.org,2002:binary", "aGk=", "the tag !!binary is not known here"),
        ("!secret", "x", "the tag !secret is not known here"),
    ],
)
def test_other_tags_are_refused(tag, text, message):
    with pytest.raises(ValueError, match=message):
        tagged_scalar(tag, text)


def test_large_finite_numbers_stay_exact():
    assert plain_scalar("9007199254740993") == 2**53 + 1
    assert plain_scalar("1e300") == 1e300
