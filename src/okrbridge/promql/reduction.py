"""The counters inside a query: what ``sum(rate(x[5m]))`` counts, without the extrapolation of ``rate()``.

A query is reduced only when the counts that are left mean the same: their sum over a window is what the query tries to
estimate over that window. Lengths of ranges vanish, because the ledger has its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import promql_parser

from okrbridge.promql.selectors import Selector, plain_selector
from okrbridge.promql.syntax import is_plain_sum, parse, without_parentheses
from okrbridge.promql.terms import Term, normalised, plain_terms, terms_text
from okrbridge.promql.windows import with_windows

Labels = frozenset[tuple[str, str]]
"""Pairs of label and value."""

_ANY_WINDOW = "5m"
_EVER, _PER_SECOND = "ever", "per second"
_PER_SECOND_FUNCTIONS = frozenset({"rate", "irate"})
_KEEPING_COUNTS = frozenset({">", ">=", "!="})


@dataclass(frozen=True, slots=True)
class Reduction:
    """What a query counts.

    Attributes:
        terms_text: a canonical sum of plain selectors, None when the query cannot be reduced.
        reason: why it cannot; empty when it can.
    """

    terms_text: str | None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RatioReduction:
    """What a ratio divides.

    Attributes:
        part, total: canonical sums of plain selectors; None when the query cannot be reduced.
        is_complement: whether the query is 1 - part / total.
        reason: why it cannot be reduced; empty when it can.
    """

    part: str | None
    total: str | None
    is_complement: bool = False
    reason: str = ""


class _Irreducible(ValueError):  # noqa: N818 - no fault of anybody, the query is evaluated as written
    """The reason is for the user."""


@dataclass(frozen=True, slots=True)
class _Count:
    """A part of a query that counts events.

    Attributes:
        per: what the number is of: all time, a second, or the length of a range. Sums need the same.
        row: the labels of the answer when it is one row, None when it may have a row for each series or group.
    """

    terms: tuple[Term, ...]
    per: str
    row: Labels | None


@dataclass(frozen=True, slots=True)
class _Ratio:
    part: _Count
    total: _Count
    is_complement: bool = False


def reduce_to_counters(query: str) -> Reduction:
    """The counters of a query that counts events, such as ``sum(increase(x[{{.window}}]))``; never raises."""
    try:
        plain = plain_terms(query)
        return Reduction(terms_text(_top(parse(with_windows(query, _ANY_WINDOW))).terms if plain is None else plain))
    except ValueError as error:
        return Reduction(None, str(error))


def reduce_ratio(query: str) -> RatioReduction:
    """The counters of a query that divides one count by another, such as ``sum(rate(e[5m])) / sum(rate(t[5m]))``.

    Also ``1 - good / total`` and ``(total - good) / total``, which give the same; never raises.
    """
    try:
        ratio = _ratio(parse(with_windows(query, _ANY_WINDOW)))
        part, total = normalised(ratio.part.terms), normalised(ratio.total.terms)
        is_complement = ratio.is_complement
        if taken := _taken_from(part, total):
            part, is_complement = taken, not is_complement
        return RatioReduction(terms_text(part), terms_text(total), is_complement)
    except ValueError as error:
        return RatioReduction(None, None, reason=str(error))


def _taken_from(part: tuple[Term, ...], total: tuple[Term, ...]) -> tuple[Term, ...] | None:
    """What ``part`` takes away when it is all of the total less something."""
    rest = [Term(-term.sign, term.selector) for term in part if term.sign < 0]
    added = tuple(term for term in part if term.sign > 0)
    return normalised(rest) if rest and added == total else None


def _top(expression: promql_parser.Expr) -> _Count:
    """A count at the outermost level, where a sum of bare selectors is a sum of counts."""
    expression = without_parentheses(expression)
    if isinstance(expression, promql_parser.VectorSelector):
        return _Count((Term(1, plain_selector(expression)),), _EVER, row=None)
    if is_plain_sum(expression):
        left, right = _top(expression.lhs), _top(expression.rhs)
        if left.per == right.per == _EVER and left.row is right.row is None:
            return _joined(expression, left, right)
    return _count(expression)


def _count(expression: promql_parser.Expr) -> _Count:
    expression = without_parentheses(expression)
    if isinstance(expression, promql_parser.VectorSelector):
        return _Count((Term(1, plain_selector(expression)),), _EVER, row=None)
    if isinstance(expression, promql_parser.Call):
        return _increase(expression)
    if isinstance(expression, promql_parser.AggregateExpr):
        return _summed(expression)
    if isinstance(expression, promql_parser.BinaryExpr):
        return _combined(expression)
    raise _Irreducible("it is no sum of counters")


def _increase(call: promql_parser.Call) -> _Count:
    name = call.func.name
    if name not in _PER_SECOND_FUNCTIONS and name != "increase":
        raise _Irreducible(f"{name}() is not reduced to counters")
    (range_,) = call.args
    if not isinstance(range_, promql_parser.MatrixSelector):
        raise _Irreducible(f"{name}() is taken of a subquery")
    selector: Selector = plain_selector(range_.vector_selector)
    per = _PER_SECOND if name in _PER_SECOND_FUNCTIONS else f"{range_.range.total_seconds():g}s"
    return _Count((Term(1, selector),), per, row=None)


def _summed(aggregate: promql_parser.AggregateExpr) -> _Count:
    if str(aggregate.op) != "sum":
        raise _Irreducible(f"{aggregate.op}() is no sum")
    inner = _count(aggregate.expr)
    return _Count(inner.terms, inner.per, _row(aggregate, inner))


def _row(aggregate: promql_parser.AggregateExpr, inner: _Count) -> Labels | None:
    """The labels of a sum that has one row: without grouping, or by labels that the selectors fix to one value."""
    modifier = aggregate.modifier
    if modifier is None:
        return frozenset()
    if modifier.type is not promql_parser.AggModifierType.By:
        return None
    fixed = [[(label, term.selector.equalities.get(label)) for label in modifier.labels] for term in inner.terms]
    labels = {(label, value) for label, value in fixed[0] if value is not None}
    return frozenset(labels) if all(one == fixed[0] for one in fixed) and len(labels) == len(fixed[0]) else None


def _combined(expression: promql_parser.BinaryExpr) -> _Count:
    sign = str(expression.op)
    if sign == "or" and _is_zero(expression.rhs):
        return _count(expression.lhs)
    if sign in _KEEPING_COUNTS and _is_number(expression.rhs, 0) and expression.modifier is None:
        return _positive(_count(expression.lhs))
    if not is_plain_sum(expression):
        raise _Irreducible(f"`{sign}` is no sum of counters")
    left, right = _count(expression.lhs), _count(expression.rhs)
    if left.row is None or left.row != right.row:
        raise _Irreducible(f"`{sign}` pairs series with equal labels and drops the others; put sum() around each side")
    return _joined(expression, left, right)


def _joined(expression: promql_parser.BinaryExpr, left: _Count, right: _Count) -> _Count:
    if left.per != right.per:
        raise _Irreducible(f"it joins counts of different times, {left.per} and {right.per}")
    sign = 1 if str(expression.op) == "+" else -1
    taken = (Term(sign * term.sign, term.selector) for term in right.terms)
    return _Count((*left.terms, *taken), left.per, left.row)


def _positive(count: _Count) -> _Count:
    """A count of which only rows above zero are kept; a row of 0 that is dropped counted nothing."""
    if any(term.sign < 0 for term in count.terms):
        raise _Irreducible("a comparison with 0 may drop a difference below 0")
    return count


def _is_zero(expression: promql_parser.Expr) -> bool:
    """Whether this is ``vector(0)``, or something times 0, as stands behind ``or`` for counters not born yet."""
    expression = without_parentheses(expression)
    if isinstance(expression, promql_parser.Call):
        return expression.func.name == "vector" and _is_number(expression.args[0], 0)
    if isinstance(expression, promql_parser.BinaryExpr) and str(expression.op) == "*":
        return _is_number(expression.lhs, 0) or _is_number(expression.rhs, 0)
    return False


def _is_number(expression: promql_parser.Expr, value: float) -> bool:
    expression = without_parentheses(expression)
    return isinstance(expression, promql_parser.NumberLiteral) and expression.val == value


def _ratio(expression: promql_parser.Expr) -> _Ratio:
    expression = without_parentheses(expression)
    if not isinstance(expression, promql_parser.BinaryExpr):
        raise _Irreducible("it does not divide one count by another")
    sign = str(expression.op)
    if sign == "or" and _is_zero(expression.rhs):
        return _ratio(expression.lhs)
    if sign == "-" and _is_number(expression.lhs, 1) and expression.modifier is None:
        inner = _ratio(expression.rhs)
        return _Ratio(inner.part, inner.total, is_complement=not inner.is_complement)
    if sign != "/":
        raise _Irreducible(f"`{sign}` does not divide one count by another")
    return _quotient(_count(expression.lhs), _count(expression.rhs))


def _quotient(part: _Count, total: _Count) -> _Ratio:
    if part.row is None or part.row != total.row:
        raise _Irreducible("it is a ratio for each group of series; put sum() without by around each side")
    if part.per != total.per:
        raise _Irreducible(f"it divides counts of different times, {part.per} and {total.per}")
    if part.per == _EVER:
        raise _Irreducible("it divides what was counted in all time, not in a window")
    return _Ratio(part, total)
