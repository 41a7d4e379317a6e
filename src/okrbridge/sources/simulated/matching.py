"""Which series of the fleet a PromQL selector means."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import promql_parser

from okrbridge.promql.syntax import parse

Labels = tuple[tuple[str, str], ...]
"""Sorted pairs of label name and value, without the metric's name."""

_NAME = "__name__"
_Test = Callable[[str], bool]


class UnknownToTheFleet(ValueError):  # noqa: N818 - the name is what the user is told
    """PromQL that the simulated source cannot evaluate; the message is for the user."""

    def __init__(self, what: str) -> None:
        super().__init__(f"the simulated source does not know {what}; a Prometheus in OKRBRIDGE_PROMETHEUS_URL does")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A selector, ready to be compared with series.

    Attributes:
        metric: the exact metric name.
        tests: label names with what their values must pass; a missing label counts as empty.
    """

    metric: str
    tests: tuple[tuple[str, _Test], ...]

    def takes(self, name: str, labels: Labels) -> bool:
        """Whether a series is meant."""
        if name != self.metric:
            return False
        values = dict(labels)
        return all(test(values.get(label, "")) for label, test in self.tests)


def wanted(selector: promql_parser.VectorSelector) -> Wanted:
    """Read a selector of the syntax tree.

    Raises:
        UnknownToTheFleet: no exact metric name, an offset, ``@``, or ``or`` between matchers.
    """
    if selector.offset is not None or selector.at is not None:
        raise UnknownToTheFleet("offset and @")
    if selector.matchers.or_matchers:
        raise UnknownToTheFleet("`or` between matchers")
    matchers = list(selector.matchers.matchers)
    names = [one.value for one in matchers if one.name == _NAME and str(one.op) == "MatchOp.Equal"]
    metric = selector.name or (names[0] if len(names) == 1 else None)
    others = [one for one in matchers if one.name != _NAME]
    if metric is None or len(others) + len(names) != len(matchers):
        raise UnknownToTheFleet("selectors without an exact metric name")
    return Wanted(metric, tuple((one.name, _test(one)) for one in others))


def wanted_by(query: str) -> Wanted:
    """Read a selector from its text; raises as ``wanted`` does, and ValueError when it is no selector."""
    expression = parse(query)
    if not isinstance(expression, promql_parser.VectorSelector):
        raise UnknownToTheFleet("counting anything but a plain selector")
    return wanted(expression)


def _test(matcher: promql_parser.Matcher) -> _Test:
    operator, value = str(matcher.op), matcher.value
    if operator == "MatchOp.Equal":
        return lambda found: found == value
    if operator == "MatchOp.NotEqual":
        return lambda found: found != value
    pattern = _pattern(value)
    if operator == "MatchOp.Re":
        return lambda found: pattern.fullmatch(found) is not None
    return lambda found: pattern.fullmatch(found) is None


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.DOTALL)
    except re.error as error:
        raise UnknownToTheFleet(f"the regular expression {text!r} ({error})") from error
