"""Whether a PromQL expression can be read, without asking a server.

A green answer is not proof: the parser knows functions that an older server does not. ``validate --live`` lets the
server itself read the expression.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeGuard

import promql_parser

from okrbridge.promql.plain_form import summands

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$\{?[A-Za-z_]\w*\}?", re.DOTALL)
STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`|#[^\n]*', re.DOTALL)
_OPERATOR = re.compile(r"[-+*/%^]|[<>=!]=?|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_OPENING, _CLOSING = "([{", ")]}"
_DEEPEST_NESTING = 100
_MOST_OPERATORS = 250


class PromqlSyntaxError(ValueError):
    """The text is not PromQL; the message is for the user."""


def parse(query: str) -> promql_parser.Expr:
    """The syntax tree of an expression.

    Raises:
        PromqlSyntaxError: the text is not PromQL.
    """
    if not query.strip():
        raise PromqlSyntaxError("the query is empty; write a PromQL expression")
    bare = STRING_OR_COMMENT.sub('""', query)
    _refuse_templates(bare)
    _refuse_deep_nesting(bare)
    try:
        return promql_parser.parse(_with_quoted_strings(query))
    except ValueError as error:
        raise PromqlSyntaxError(_explained(str(error))) from error


def without_parentheses(expression: promql_parser.Expr) -> promql_parser.Expr:
    """The expression inside redundant parentheses."""
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
    return expression


def is_plain_sum(expression: promql_parser.Expr) -> TypeGuard[promql_parser.BinaryExpr]:
    """Whether this is ``x + y`` or ``x - y`` without words on how series are paired."""
    return (
        isinstance(expression, promql_parser.BinaryExpr)
        and str(expression.op) in ("+", "-")
        and expression.modifier is None
    )


def children(expression: promql_parser.Expr) -> list[promql_parser.Expr]:
    """The expressions directly inside, in reading order. The parser's own ``walk`` takes minutes for long chains."""
    if isinstance(expression, promql_parser.BinaryExpr):
        return [expression.lhs, expression.rhs]
    if isinstance(expression, promql_parser.AggregateExpr):
        return [*([expression.param] if expression.param is not None else []), expression.expr]
    if isinstance(expression, promql_parser.Call):
        return list(expression.args)
    if isinstance(expression, promql_parser.MatrixSelector):
        return [expression.vector_selector]
    if isinstance(expression, promql_parser.ParenExpr | promql_parser.UnaryExpr | promql_parser.SubqueryExpr):
        return [expression.expr]
    return []


def every_node(expression: promql_parser.Expr) -> Iterator[promql_parser.Expr]:
    """The expression and everything inside it, in reading order."""
    yield expression
    for child in children(expression):
        yield from every_node(child)


def number_fault(query: str) -> str | None:
    """What keeps an expression from giving numbers at one instant; None when nothing does, as far as syntax tells."""
    if summands(query) is not None:
        return None
    try:
        expression = parse(query)
    except PromqlSyntaxError as error:
        return str(error)
    expression = without_parentheses(expression)
    if isinstance(expression, promql_parser.StringLiteral):
        return "the query gives a text, not a number; remove the quotes around it"
    if isinstance(expression, promql_parser.MatrixSelector | promql_parser.SubqueryExpr):
        return (
            "the query gives a range of samples, not a number; wrap it in a function such as rate() or max_over_time()"
        )
    return None


def quoted(text: str) -> str:
    """A PromQL string literal that means exactly this text."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _refuse_templates(bare: str) -> None:
    """The server would refuse a template too, in words that do not tell the user what to do."""
    if found := _TEMPLATE.search(bare):
        raise PromqlSyntaxError(
            f"{found.group()} is a template, and nothing fills it in here; write a plain duration, such as 5m"
        )


def _refuse_deep_nesting(bare: str) -> None:
    """The parser recurses in native code, where running out of stack would end the process; long chains nest too."""
    if len(bare) <= _DEEPEST_NESTING:
        return  # every operator and every bracket takes a character
    operators = sum(1 for _ in _OPERATOR.finditer(bare))
    if operators > _MOST_OPERATORS:
        raise PromqlSyntaxError(f"the query has {operators} operators, more than {_MOST_OPERATORS}")
    depth = 0
    for character in bare:
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth > _DEEPEST_NESTING:
            raise PromqlSyntaxError(f"the query nests more than {_DEEPEST_NESTING} brackets")


def _with_quoted_strings(query: str) -> str:
    """The same query without raw strings: the parser reads escapes in backticks, which Prometheus does not."""

    def without_backticks(found: re.Match[str]) -> str:
        text = found.group()
        return quoted(text[1:-1]) if text.startswith("`") else text

    if "`" not in query:
        return query
    return STRING_OR_COMMENT.sub(without_backticks, query)


def _explained(message: str) -> str:
    if message.startswith("no expression found"):
        return "the query holds only a comment; write a PromQL expression"
    if message == "invalid promql query":
        return "this is not PromQL; check brackets, commas and operators"
    # The parser's own words may span lines, and a fault is one line.
    return f"this is not PromQL: {' '.join(message.split())}"
