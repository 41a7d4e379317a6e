"""Which selectors become one question, and which row is whose."""

import re

import pytest

from okrbridge.promql.selectors import parse_selector
from okrbridge.sources.prometheus.push_down.fusion import LONGEST_SET, MOST_FUSED, Summand, fuse


def summand(text: str, *totals: str) -> Summand:
    return Summand(parse_selector(text), tuple(map(parse_selector, totals or (text,))))


def test_selectors_that_differ_in_equality_matchers_become_one():
    parts = [
        summand(f'x{{job="{job}",code=~"5..",zone="eu"}}', f'x{{job="{job}",zone="eu"}}') for job in ("a.b", "c", "d")
    ]
    [fused] = fuse(parts)
    assert fused.counter.selector.text == 'x{code=~"5..",job=~"a\\\\.b|c|d",zone="eu"}'
    assert fused.counter.by == ("job",)
    assert fused.counter.siblings[0].selector.text == 'x{job=~"a\\\\.b|c|d",zone="eu"}'
    assert fused.counter.siblings[0].apart == ("job",)
    assert fused.summands == {("a.b",): parts[0], ("c",): parts[1], ("d",): parts[2]}


def test_what_differs_in_two_labels_is_kept_apart_by_both():
    parts = [summand('x{a="1",b="1"}'), summand('x{a="1",b="2"}'), summand('x{a="2",b="2"}')]
    [fused] = fuse(parts)
    assert fused.counter.by == ("a", "b")
    assert list(fused.summands) == [("1", "1"), ("1", "2"), ("2", "2")]


@pytest.mark.parametrize(
    "parts",
    [
        # Another metric, another pattern, a matcher more, other siblings.
        [summand('x{a="1"}'), summand('y{a="2"}')],
        [summand('x{a="1",b=~"1."}'), summand('x{a="2",b=~"2."}')],
        [summand('x{a="1"}'), summand('x{a="2",b="2"}')],
        [summand('x{a="1"}', 'y{b="1"}'), summand('x{a="2"}', 'y{b="2"}')],
        # A row of x tells by label a whose it is, but not by b which sibling is its own.
        [summand('x{a="1"}', 'x{a="2"}'), summand('x{a="2"}', 'x{a="1"}')],
        # Labels outside the plain alphabet cannot be written behind `by` for older servers.
        [summand('x{"a.b"="1"}'), summand('x{"a.b"="2"}')],
    ],
)
def test_what_could_not_be_told_apart_stays_apart(parts):
    assert [fused.summands for fused in fuse(parts)] == [{(): part} for part in parts]
    assert all(fused.counter.by == () for fused in fuse(parts))


def test_equal_selectors_are_asked_once():
    assert len(fuse([summand("x"), summand("x")])) == 1


def test_questions_are_bounded_in_number_and_length_and_lose_nobody():
    many = [summand(f'x{{job="{number}"}}') for number in range(2 * MOST_FUSED + 1)]
    long = [summand(f'y{{job="{"n" * (LONGEST_SET // 2)}{number}"}}') for number in range(3)]
    fused = fuse([*many, *long])
    assert [len(one.summands) for one in fused] == [MOST_FUSED, MOST_FUSED, 1, 1, 1, 1]
    assert [part for one in fused for part in one.summands.values()] == [*many, *long]


def test_a_matcher_set_takes_in_exactly_the_values_it_is_made_of():
    values = ["a b", "x|y", "1+1", "ü", "", "(", "back\\slash"]
    parts = [summand("x{job=" + '"' + value.replace("\\", "\\\\") + '"}') for value in values]
    [fused] = fuse(parts)
    [matcher] = fused.counter.selector.matchers
    assert all(matcher.accepts(value) for value in values)
    assert not any(matcher.accepts(value) for value in ("a", "x", "y", "11", "b", "backslash"))
    assert re.fullmatch(matcher.value, "x|y")
