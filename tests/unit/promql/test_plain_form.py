"""The quick reading of usual selectors: it says what the parser says, or nothing."""

from __future__ import annotations

from collections.abc import Callable

import promql_parser
import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.promql.plain_form import Summand, summands
from okrbridge.promql.selectors import Selector, parse_selector, plain_selector
from okrbridge.promql.syntax import is_plain_sum, number_fault, parse
from okrbridge.promql.terms import parse_terms

_OPS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_NAMES = ["a", "x5m", "e5", "up", "job", "rate", "time", "true", "null", "t1", "0x", "a:b:c", ":a", "a:", "_", "sums"]
_NO_NAMES = ["sum", "by", "on", "or", "and", "start", "inf", "nan", "Info", "offset", "range", "bool", "__name__"]
_WORDS = st.sampled_from([*_NAMES, *_NO_NAMES, "ore", "nano", "group_left", "__name__x", "histogram"])
_VALUES = st.text(st.sampled_from("abz019 _-/:.|*+?[](){}^$\\\"'#`,=~\n\té"), max_size=8)
_MATCHERS = st.builds(
    "{}{}{}{}{}".format, _WORDS, st.sampled_from(list(_OPS.values())), st.just('"'), _VALUES, st.just('"')
)
_SELECTORS = st.builds(
    lambda name, matchers, comma: name + ("{" + comma.join(matchers) + "}" if matchers else ""),
    _WORDS,
    st.lists(_MATCHERS, max_size=3),
    st.sampled_from([",", ", "]),
)
_SUMS = st.builds(
    lambda first, rest: first + "".join(sign + one for sign, one in rest),
    _SELECTORS,
    st.lists(st.tuples(st.sampled_from([" + ", " - ", " * ", " or ", "+"]), _SELECTORS), max_size=2),
)


def parsed(expression: promql_parser.Expr, sign: int = 1) -> list[Summand]:
    """The same from the parser's tree."""
    if is_plain_sum(expression):
        other = -sign if str(expression.op) == "-" else sign
        return parsed(expression.lhs, sign) + parsed(expression.rhs, other)
    assert isinstance(expression, promql_parser.VectorSelector)
    assert expression.offset is None
    assert expression.at is None
    matchers = tuple((one.name, _OPS[str(one.op)], one.value) for one in expression.matchers.matchers)
    return [Summand(sign, str(expression.name), matchers)]


@given(_SUMS)
def test_what_is_read_quickly_is_what_the_parser_reads(text: str):
    found = summands(text)
    if found is not None:
        assert found == parsed(parse(text))


def told(read: Callable[[], Selector]) -> Selector | str:
    """A selector, or why there is none."""
    try:
        return read()
    except ValueError as error:
        return str(error)


@given(_SELECTORS)
def test_a_selector_read_quickly_is_the_selector_of_the_parser(text: str):
    assert told(lambda: parse_selector(text)) == told(lambda: plain_selector(parse(text)))


def test_the_usual_texts_are_read_without_the_parser():
    assert summands(' a{b="c",d=~"5..|429"} + e - f:g{h!="", i!~".+"} ') == [
        Summand(1, "a", (("b", "=", "c"), ("d", "=~", "5..|429"))),
        Summand(1, "e", ()),
        Summand(-1, "f:g", (("h", "!=", ""), ("i", "!~", ".+"))),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-a",
        "(a)",
        "a{}",
        "a[5m]",
        "a offset 5m",
        "rate(a[5m])",
        "sum",
        "by + a",
        "Inf",
        '{__name__="a"}',
        'a{__name__="a"}',
        r'a{b="\n"}',
        'a{b="é"}',
        'a{b="{{.window}}"}',
        'a{b="$window"}',
        'a{b=~"["}',
        'a{b=~"x**"}',
        "a{b='c'}",
        "a # comment",
        # 101 names, and 1 name with 100 matchers: such sums may be longer than the parser can take.
        " + ".join(["a"] * 101),
        "a{" + ",".join(['b="c"'] * 100) + "}",
    ],
)
def test_all_else_is_left_to_the_parser(text: str):
    assert summands(text) is None


def test_the_longest_sum_that_is_read_quickly_is_read():
    assert summands(" + ".join(["a"] * 100)) == [Summand(1, "a", ())] * 100


def test_a_selector_that_is_read_quickly_gives_numbers():
    assert number_fault('a{b="c"}') is None


def test_a_sum_that_is_read_quickly_is_put_in_order():
    assert [str(term) for term in parse_terms('b - c + a{x=~"literal"}')] == ['+ a{x="literal"}', "+ b", "- c"]
