"""Whether a PromQL expression can be read, without asking a server.

A green answer is not proof: the parser knows functions that an older server does not. ``validate --live`` lets the
server itself read the expression.
"""

from __future__ import annotations

import re

import promql_parser

_TEMPLATE = re.compile(r"\{\{.*?\}\}|\$\{?[A-Za-z_]\w*\}?", re.DOTALL)
_STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`|#[^\n]*', re.DOTALL)
_OPENING, _CLOSING = "([{", ")]}"
_DEEPEST_NESTING = 100


class PromqlSyntaxError(ValueError):
    """The text is not PromQL; the message is for the user."""


def parse(query: str) -> promql_parser.Expr:
    """The syntax tree of an expression.

    Raises:
        PromqlSyntaxError: the text is not PromQL.
    """
    if not query.strip():
        raise PromqlSyntaxError("the query is empty; write a PromQL expression")
    _refuse_templates(query)
    _refuse_deep_nesting(query)
    try:
        return promql_parser.parse(_with_quoted_strings(query))
    except ValueError as error:
        raise PromqlSyntaxError(_explained(str(error))) from error


def number_fault(query: str) -> str | None:
    """What keeps an expression from giving numbers at one instant; None when nothing does, as far as syntax tells."""
    try:
        expression = parse(query)
    except PromqlSyntaxError as error:
        return str(error)
    while isinstance(expression, promql_parser.ParenExpr):
        expression = expression.expr
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


def _refuse_templates(query: str) -> None:
    """The server would refuse a template too, in words that do not tell the user what to do."""
    if found := _TEMPLATE.search(_STRING_OR_COMMENT.sub('""', query)):
        raise PromqlSyntaxError(
            f"{found.group()} is a template, and nothing fills it in here; write a plain duration, such as 5m"
        )


def _refuse_deep_nesting(query: str) -> None:
    """The parser recurses in native code, where running out of stack would end the process."""
    depth = 0
    for character in _STRING_OR_COMMENT.sub('""', query):
        depth += (character in _OPENING) - (character in _CLOSING)
        if depth > _DEEPEST_NESTING:
            raise PromqlSyntaxError(f"the query nests more than {_DEEPEST_NESTING} brackets")


def _with_quoted_strings(query: str) -> str:
    """The same query without raw strings: the parser reads escapes in backticks, which Prometheus does not."""

    def without_backticks(found: re.Match[str]) -> str:
        text = found.group()
        return quoted(text[1:-1]) if text.startswith("`") else text

    return _STRING_OR_COMMENT.sub(without_backticks, query)


def _explained(message: str) -> str:
    if message.startswith("no expression found"):
        return "the query holds only a comment; write a PromQL expression"
    if message == "invalid promql query":
        return "this is not PromQL; check brackets, commas and operators"
    return f"this is not PromQL: {message}"
