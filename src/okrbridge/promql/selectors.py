"""Plain selectors of counters: what a counted SLI may ask for, and how it is rendered with a range and an offset."""

from __future__ import annotations

import re
from dataclasses import dataclass

import promql_parser

from okrbridge.promql.syntax import parse, quoted

_PLAIN_NAME = re.compile(r"[A-Za-z_:][A-Za-z0-9_:]*")
_PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME_LABEL = "__name__"
_TARGET_LABELS = frozenset({"job", "instance"})
_SIGNS = {"MatchOp.Equal": "=", "MatchOp.NotEqual": "!=", "MatchOp.Re": "=~", "MatchOp.NotRe": "!~"}
_EXACTLY = "okrbridge counts its increase exactly"


@dataclass(frozen=True, slots=True)
class Selector:
    """An instant vector selector with an exact metric name, without offset and without ``@``.

    Attributes:
        metric: the metric's name.
        matchers: PromQL text of each, as label and text, in the order written, values in double quotes.
    """

    metric: str
    matchers: tuple[tuple[str, str], ...] = ()

    @property
    def text(self) -> str:
        """Normalised PromQL: the name first."""
        texts = [text for _, text in self.matchers]
        if not _PLAIN_NAME.fullmatch(self.metric):
            return "{" + ",".join([f"{_NAME_LABEL}={quoted(self.metric)}", *texts]) + "}"
        return self.metric + ("{" + ",".join(texts) + "}" if texts else "")

    def target_metric(self, metric: str) -> Selector:
        """Another metric of the same targets: only the matchers on job and instance are kept."""
        return Selector(metric, tuple(matcher for matcher in self.matchers if matcher[0] in _TARGET_LABELS))

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
    expression = parse(query)
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    if not isinstance(expression, promql_parser.VectorSelector):
        raise ValueError(_remedy(expression))  # noqa: TRY004 - the user's text is at fault, not a caller's type
    if expression.offset is not None or expression.at is not None:
        shown = _counter_in(expression)
        raise ValueError(f"an offset or @ moves the counts in time; write the counter itself, {shown}; {_EXACTLY}")
    return _selector(expression)


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
    for selector in _selectors_inside(parse(query)):
        try:
            names.append(_selector(selector).metric)
        except ValueError:
            continue
    return list(dict.fromkeys(names))


def _selector(expression: promql_parser.VectorSelector) -> Selector:
    if expression.matchers.or_matchers:
        raise ValueError(
            'Prometheus knows no `or` between matchers; write one regular expression, such as code=~"5..|429"'
        )
    matchers = list(expression.matchers.matchers)
    name, on_name = expression.name, [matcher for matcher in matchers if matcher.name == _NAME_LABEL]
    if name is None and len(on_name) == 1 and _sign(on_name[0]) == "=":
        name, on_name = on_name[0].value, []
    if not name or on_name:
        raise ValueError(
            "the selector must name its counter exactly; write a metric name, such as http_requests_total{…}"
        )
    others = tuple((matcher.name, _rendered(matcher)) for matcher in matchers if matcher.name != _NAME_LABEL)
    return Selector(name, others)


def _rendered(matcher: promql_parser.Matcher) -> str:
    label = matcher.name if _PLAIN_LABEL.fullmatch(matcher.name) else quoted(matcher.name)
    return f"{label}{_sign(matcher)}{quoted(matcher.value)}"


def _sign(matcher: promql_parser.Matcher) -> str:
    return _SIGNS[str(matcher.op)]


def _remedy(expression: promql_parser.Expr) -> str:
    counters = list(dict.fromkeys(map(_counter_in, _selectors_inside(expression))))
    if not counters:
        return "this is no counter; write the counter itself, such as http_requests_total{…}"
    if len(counters) > 1:
        listed = " and ".join(counters[:3])
        return f"this joins several counters, {listed}; write one selector that takes in all series to count"
    return f"write the counter itself, {counters[0]}; {_EXACTLY}"


def _selectors_inside(expression: promql_parser.Expr) -> list[promql_parser.VectorSelector]:
    found: list[promql_parser.VectorSelector] = []

    def visit(node: promql_parser.Expr) -> bool:
        selector = node.vector_selector if isinstance(node, promql_parser.MatrixSelector) else node
        if isinstance(selector, promql_parser.VectorSelector):
            found.append(selector)
        return True

    promql_parser.walk(expression, pre_visit=visit)
    return found


def _counter_in(expression: promql_parser.VectorSelector) -> str:
    try:
        return _selector(expression).text
    except ValueError:
        return "http_requests_total{…}"
