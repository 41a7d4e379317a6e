"""A small part of PromQL, evaluated over the fleet.

Known are numbers, brackets, selectors, ``rate`` and ``increase``, ``sum min max avg count`` with ``by`` or
``without``, ``histogram_quantile``, and ``+ - * /`` between numbers and vectors of equal label sets. Everything
else is refused by name. ``rate`` and ``increase`` are exact here, where Prometheus extrapolates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import promql_parser

from okrbridge.promql.selectors import Selector, selector_of
from okrbridge.promql.syntax import parse
from okrbridge.sources.simulated.fleet import Fleet, Labels
from okrbridge.sources.simulated.observation import UnknownToTheFleet, Vector, increase_vector, instant_vector

Value = float | Vector


def evaluate(fleet: Fleet, query: str, at: int) -> Value:
    """The value of an expression at an instant, in epoch seconds: a number, or numbers by label set.

    Raises:
        ValueError: the text is not PromQL, no series can be what it selects, or it is more than is known here
            (``UnknownToTheFleet``).
    """
    return _Evaluation(fleet, at).value(parse(query))


@dataclass(frozen=True, slots=True)
class _Evaluation:
    fleet: Fleet
    at: int

    def value(self, node: promql_parser.Expr) -> Value:
        if isinstance(node, promql_parser.NumberLiteral):
            return float(node.val)
        if isinstance(node, promql_parser.ParenExpr):
            return self.value(node.expr)
        if isinstance(node, promql_parser.VectorSelector):
            return instant_vector(self.fleet, _selector(node), self.at)
        if isinstance(node, promql_parser.Call):
            return self._call(node)
        if isinstance(node, promql_parser.AggregateExpr):
            return self._aggregate(node)
        if isinstance(node, promql_parser.BinaryExpr):
            return self._binary(node)
        raise UnknownToTheFleet(f"{_KINDS.get(type(node).__name__, 'expressions')} such as {node}")

    def _call(self, node: promql_parser.Call) -> Value:
        name = node.func.name
        if name in ("rate", "increase") and isinstance(node.args[0], promql_parser.MatrixSelector):
            return self._increase(node.args[0], per_second=name == "rate")
        if name == "histogram_quantile":
            quantile, buckets = self.value(node.args[0]), self.value(node.args[1])
            if isinstance(quantile, float) and isinstance(buckets, dict):
                return _quantiles(quantile, buckets)
        raise UnknownToTheFleet(f"{name}() as in {node}")

    def _increase(self, node: promql_parser.MatrixSelector, *, per_second: bool) -> Vector:
        seconds = node.range.total_seconds()
        increases = increase_vector(self.fleet, _selector(node.vector_selector), self.at - int(seconds), self.at)
        divisor = seconds if per_second else 1.0
        return {labels: increase / divisor for labels, increase in increases.items()}

    def _aggregate(self, node: promql_parser.AggregateExpr) -> Vector:
        operator = str(node.op)
        inner = self.value(node.expr)
        if operator not in _AGGREGATIONS or not isinstance(inner, dict):
            raise UnknownToTheFleet(f"the aggregation {operator}")
        groups: dict[Labels, list[float]] = {}
        for labels, number in inner.items():
            groups.setdefault(_group(labels, node.modifier), []).append(number)
        return {labels: _AGGREGATIONS[operator](numbers) for labels, numbers in groups.items()}

    def _binary(self, node: promql_parser.BinaryExpr) -> Value:
        operator = str(node.op)
        if operator not in _ARITHMETIC:
            raise UnknownToTheFleet(f"the operator {operator}")
        if node.modifier is not None:
            raise UnknownToTheFleet("on, ignoring, group_left and group_right")
        apply = _ARITHMETIC[operator]
        left, right = self.value(node.lhs), self.value(node.rhs)
        if isinstance(left, dict):
            if isinstance(right, dict):
                return {labels: apply(left[labels], right[labels]) for labels in left if labels in right}
            return {labels: apply(number, right) for labels, number in left.items()}
        if isinstance(right, dict):
            return {labels: apply(left, number) for labels, number in right.items()}
        return apply(left, right)


def _selector(node: promql_parser.VectorSelector) -> Selector:
    if node.offset is not None or node.at is not None:
        raise UnknownToTheFleet("offset and @")
    return selector_of(node)


def _group(labels: Labels, modifier: promql_parser.AggModifier | None) -> Labels:
    if modifier is None:
        return ()
    named = set(modifier.labels)
    keeps_named = str(modifier.type) == "AggModifierType.By"
    return tuple(pair for pair in labels if (pair[0] in named) == keeps_named)


def _quantiles(quantile: float, buckets: Vector) -> Vector:
    groups: dict[Labels, list[tuple[float, float]]] = {}
    for labels, count in buckets.items():
        bound = dict(labels).get("le")
        if bound is not None:
            others = tuple(pair for pair in labels if pair[0] != "le")
            groups.setdefault(others, []).append((float(bound), count))
    return {labels: _quantile(quantile, sorted(group)) for labels, group in groups.items()}


def _quantile(quantile: float, buckets: list[tuple[float, float]]) -> float:
    """As Prometheus does it: linear inside the bucket the quantile falls in, which begins at 0 for the first."""
    if quantile < 0 or quantile > 1:
        return math.copysign(math.inf, quantile)
    total = buckets[-1][1]
    if len(buckets) < 2 or not math.isinf(buckets[-1][0]) or total == 0:
        return math.nan
    rank = quantile * total
    index = next(position for position, (_, count) in enumerate(buckets) if count >= rank)
    if index == len(buckets) - 1:
        return buckets[-2][0]
    low, below = buckets[index - 1] if index else (0.0, 0.0)
    high, count = buckets[index]
    return low + (high - low) * (rank - below) / (count - below) if count > below else high


def _divide(left: float, right: float) -> float:
    """Division as in floating point: by zero it gives an infinity, or NaN for nothing over nothing."""
    if right == 0:
        return math.nan if left == 0 or math.isnan(left) else math.copysign(math.inf, left)
    return left / right


def _mean(numbers: Iterable[float]) -> float:
    values = list(numbers)
    return math.fsum(values) / len(values)


_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": math.fsum,
    "min": min,
    "max": max,
    "avg": _mean,
    "count": lambda numbers: float(len(numbers)),
}
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": _divide,
}
_KINDS = {
    "UnaryExpr": "a sign before an expression",
    "SubqueryExpr": "subqueries",
    "MatrixSelector": "a range of samples as a result",
    "StringLiteral": "texts",
}
