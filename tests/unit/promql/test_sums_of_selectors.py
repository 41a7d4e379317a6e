"""Sums and differences of plain selectors."""

import re

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from okrbridge.promql.selectors import Matcher, Selector
from okrbridge.promql.terms import Term, parse_terms, terms_text

A, B, C = Selector("a"), Selector("b"), Selector("c", (Matcher("x", "=", "1"),))


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a", [(1, A)]),
        ("((a))", [(1, A)]),
        ("b + a", [(1, A), (1, B)]),
        ('a - c{x="1"} + b', [(1, A), (1, B), (-1, C)]),
        ('a - (b - c{x="1"})', [(1, A), (1, C), (-1, B)]),
        ('a - (b + c{x="1"})', [(1, A), (-1, B), (-1, C)]),
        ("a + a", [(1, A), (1, A)]),
        ("a + b - b", [(1, A)]),
        ("a + b - a - b + a", [(1, A)]),
    ],
)
def test_a_sum_is_read_in_one_order(text, terms):
    assert parse_terms(text) == tuple(Term(sign, selector) for sign, selector in terms)


def test_a_sum_is_written_with_what_is_added_first():
    assert terms_text(parse_terms('a - c{x="1"} + b')) == 'a + b - c{x="1"}'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a - a", "this counts nothing"),
        ("a - a - b", "this counts nothing"),
        ("a + 1", "this is no counter"),
        ("a * b", "joins several counters, a and b; write one selector of all series to count, or a sum of selectors"),
        ("a + on(x) b", "joins several counters"),
        ("a + sum(b)", "write the counter itself, b"),
        ("a + b offset 5m", "an offset or @ moves the counts"),
        ("-a", "write the counter itself, a"),
        ("a +", "not PromQL"),
    ],
)
def test_anything_else_is_refused_with_its_remedy(text, words):
    with pytest.raises(ValueError, match=re.escape(words)):
        parse_terms(text)


LABELS = st.from_regex(r"[a-z_][a-z0-9_]{0,5}", fullmatch=True).filter(lambda label: not label.startswith("__"))
VALUES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
METRICS = st.one_of(
    st.from_regex(r"[a-zA-Z_:][a-zA-Z0-9_:]{0,9}", fullmatch=True),
    st.sampled_from(["my.metric", "inf", "NaN", "sum", "by", "or", "offset", "start", "bool"]),
)


@st.composite
def queries(draw):
    """A sum of selectors as a user may write it, with parentheses."""
    matchers = [
        f"{label}{draw(st.sampled_from(['=', '!=']))}{Matcher('', '=', value).text.partition('=')[2]}"
        for label, value in draw(st.dictionaries(LABELS, VALUES, max_size=3)).items()
    ]
    metric = draw(METRICS)
    text = "{" + ",".join([f'__name__="{metric}"', *matchers]) + "}"
    if draw(st.integers(0, 2)):
        text = f"{text} {draw(st.sampled_from('+-'))} ({draw(queries())})"
    return text


@given(queries())
def test_a_canonical_text_is_read_back_as_itself(text):
    try:
        terms = parse_terms(text)
    except ValueError:
        # What is drawn may take away all that it adds.
        assume(False)  # noqa: FBT003 - hypothesis' own signature
    canonical = terms_text(terms)
    assert parse_terms(canonical) == terms
    assert terms_text(parse_terms(canonical)) == canonical
