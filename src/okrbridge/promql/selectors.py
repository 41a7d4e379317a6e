"""Plain selectors of counters: what a counted SLI may ask for, and how it is rendered with a range and an offset."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

import promql_parser
import re2

from okrbridge.promql.plain_form import KEYWORD, Summand, summands
from okrbridge.promql.syntax import every_node, parse, quoted, without_parentheses

_PLAIN_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LITERAL = re.compile(r"[^\\.+*?()|\[\]{}^$]*")
_NAME_LABEL = "__name__"
_TARGET_LABELS = frozenset({"job", "instance"})
_SIGNS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_AS_EQUALITY = {"=~": "=", "!~": "!="}
_EXACTLY = "okrbridge counts its increase exactly"


@dataclass(frozen=True, order=True)
class Matcher:
    """A condition on one label. A label that a series does not have counts as empty, as in Prometheus.

    Attributes:
        op: ``=``, ``!=``, ``=~`` or ``!~``; patterns are RE2, speak of the whole value, and ``.`` takes a line feed.
    """

    label: str
    op: str
    value: str

    @property
    def text(self) -> str:
        """PromQL, with the value in double quotes."""
        label = self.label if _PLAIN_LABEL.fullmatch(self.label) else quoted(self.label)
        return f"{label}{self.op}{quoted(self.value)}"

    def accepts(self, value: str) -> bool:
        """Whether a label may have this value; empty for a label that is not there."""
        if self.op in ("=", "!="):
            return (value == self.value) == (self.op == "=")
        return (self._pattern.fullmatch(value) is not None) == (self.op == "=~")

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        return _compiled(self.value)


@dataclass(frozen=True)
class Selector:
    """An instant vector selector with an exact metric name, without offset and without ``@``.

    Attributes:
        metric: the metric's name.
        matchers: each once, in the order of their labels, so that selectors that mean the same are equal.
    """

    metric: str
    matchers: tuple[Matcher, ...] = ()

    @cached_property
    def text(self) -> str:
        """Normalised PromQL: the name first."""
        texts = [matcher.text for matcher in self.matchers]
        if not _PLAIN_NAME.fullmatch(self.metric) or KEYWORD.fullmatch(self.metric):
            return "{" + ",".join([f"{_NAME_LABEL}={quoted(self.metric)}", *texts]) + "}"
        return self.metric + ("{" + ",".join(texts) + "}" if texts else "")

    @cached_property
    def equalities(self) -> Mapping[str, str]:
        """The values that labels must have, by label; an empty value means that the label is not there."""
        return {matcher.label: matcher.value for matcher in self.matchers if matcher.op == "="}

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether a series is selected.

        Args:
            labels: of the series; ``__name__`` may be left out when the metric is known to be this selector's.
        """
        if labels.get(_NAME_LABEL, self.metric) != self.metric:
            return False
        return all(matcher.accepts(labels.get(matcher.label, "")) for matcher in self.matchers)

    def target_metric(self, metric: str) -> Selector:
        """Another metric of the same targets: only the matchers on job and instance are kept."""
        return Selector(metric, tuple(matcher for matcher in self.matchers if matcher.label in _TARGET_LABELS))

    def over(self, length: str, *, offset: str = "") -> str:
        """Render as a range selector: ``x{a="b"}[5m] offset 60s``."""
        return f"{self.text}[{length}]" + (f" offset {offset}" if offset else "")

    def __str__(self) -> str:
        return self.text


def parse_selector(query: str) -> Selector:
    """Read a plain selector.

    Raises:
        ValueError: anything else, with the message of ``selector_fault``.
    """
    plain = summands(query)
    if plain is not None and len(plain) == 1:
        return selector_of_summand(plain[0])
    return plain_selector(parse(query))


def selector_of_summand(summand: Summand) -> Selector:
    """The selector that was read without the parser.

    Raises:
        ValueError: no series can match; the message is for the user.
    """
    return Selector(summand.metric, _normalised([_as_meant(*parts) for parts in summand.matchers]))


def plain_selector(expression: promql_parser.Expr) -> Selector:
    """The plain selector that a syntax tree is, parentheses aside.

    Raises:
        ValueError: it is anything else; the message is for the user.
    """
    expression = without_parentheses(expression)
    if not isinstance(expression, promql_parser.VectorSelector):
        raise ValueError(_remedy(expression))  # noqa: TRY004 - the user's text is at fault, not a caller's type
    if expression.offset is not None or expression.at is not None:
        shown = _counter_in(expression)
        raise ValueError(f"an offset or @ moves the counts in time; write the counter itself, {shown}; {_EXACTLY}")
    return selector_of(expression)


def selector_fault(query: str) -> str | None:
    """Why a query is not a plain selector of counters, with the remedy; None when it is one."""
    try:
        parse_selector(query)
    except ValueError as error:
        return str(error)
    return None


def metric_names(query: str) -> list[str]:
    """The names of the metrics an expression reads, each once; those chosen by a pattern are left out.

    Raises:
        PromqlSyntaxError: the text is not PromQL.
    """
    names: list[str] = []
    for selector in selectors_inside(parse(query)):
        try:
            names.append(selector_of(selector).metric)
        except ValueError:
            continue
    return list(dict.fromkeys(names))


def selector_of(expression: promql_parser.VectorSelector) -> Selector:
    """A selector of the syntax tree, its offset and ``@`` left out.

    Raises:
        ValueError: it does not name its metric exactly, or no series can match; the message is for the user.
    """
    if expression.matchers.or_matchers:
        raise ValueError(
            'Prometheus knows no `or` between matchers; write one regular expression, such as code=~"5..|429"'
        )
    matchers = [_matcher(one) for one in expression.matchers.matchers]
    on_name = [one for one in matchers if one.label == _NAME_LABEL]
    name = expression.name
    if name is None and len(on_name) == 1 and on_name[0].op == "=":
        name, on_name = on_name[0].value, []
    if not name or on_name:
        raise ValueError(
            "the selector must name its counter exactly; write a metric name, such as http_requests_total{…}"
        )
    return Selector(name, _normalised([one for one in matchers if one.label != _NAME_LABEL]))


def _normalised(matchers: list[Matcher]) -> tuple[Matcher, ...]:
    normalised = tuple(sorted({one for one in matchers if (one.op, one.value) != ("=~", ".*")}))
    wanted: dict[str, str] = {}
    for one in normalised:
        if one.op == "=" and wanted.setdefault(one.label, one.value) != one.value:
            both = f"{quoted(wanted[one.label])} and {quoted(one.value)}"
            raise ValueError(f"no series can match: {one.label} cannot be {both} at once")
    return normalised


def _matcher(matcher: promql_parser.Matcher) -> Matcher:
    op, value = _SIGNS[str(matcher.op)], matcher.value
    if op in _AS_EQUALITY:
        _check_pattern(value)
    return _as_meant(matcher.name, op, value)


def _as_meant(label: str, op: str, value: str) -> Matcher:
    """A matcher; a pattern without special characters is the equality that it means."""
    if op in _AS_EQUALITY and _LITERAL.fullmatch(value):
        op = _AS_EQUALITY[op]
    return Matcher(label, op, value)


def _check_pattern(pattern: str) -> None:
    try:
        _compiled(pattern)
    except re2.error as error:
        reason = error.args[0].decode(errors="replace") if isinstance(error.args[0], bytes) else str(error)
        raise ValueError(f"{pattern!r} is no regular expression: {reason}") from error


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> re.Pattern[str]:
    """A pattern as Prometheus reads it, remembered: the same few, such as ``5..``, stand in thousands of selectors.

    Prometheus lets ``.`` take a line feed; without ``log_errors`` RE2 also writes faults to stderr.
    """
    options = re2.Options()
    options.dot_nl = True
    options.log_errors = False
    compiled: re.Pattern[str] = re2.compile(pattern, options)
    return compiled


def _remedy(expression: promql_parser.Expr) -> str:
    counters = list(dict.fromkeys(map(_counter_in, selectors_inside(expression))))
    if not counters:
        return "this is no counter; write the counter itself, such as http_requests_total{…}"
    if len(counters) > 1:
        listed = " and ".join(counters[:3])
        return (
            f"this joins several counters, {listed}; write one selector of all series to count, or a sum of selectors"
        )
    return f"write the counter itself, {counters[0]}; {_EXACTLY}"


def selectors_inside(expression: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    """Every selector of a syntax tree, those of ranges included, in reading order."""
    return [node for node in every_node(expression) if isinstance(node, promql_parser.VectorSelector)]


def _counter_in(expression: promql_parser.VectorSelector) -> str:
    try:
        return selector_of(expression).text
    except ValueError:
        return "http_requests_total{…}"
