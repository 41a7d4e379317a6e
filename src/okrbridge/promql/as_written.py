"""Queries that are evaluated as the user wrote them, because no counters can be read out of them.

Such a query gives, at the end of each slice, one number. Where it is a speed, the number of events in the slice is the
speed times the slice's seconds; ``rate()`` extrapolates, and so does this.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

import promql_parser

from okrbridge.promql.syntax import STRING_OR_COMMENT, children, every_node, parse
from okrbridge.promql.terms import Term
from okrbridge.promql.windows import with_windows, with_windows_by_function

SECONDS = "{{.seconds}}"
"""Stands for the slice's length in seconds, until ``fill_window`` puts it in."""
NOTE = "evaluated as written; rate() and increase() extrapolate, and miss the first sample of a series"
"""What the user should know of counts that come from ``events_per_slice``."""

_SHORTEST_RATE = timedelta(minutes=5)
_SPEEDS = frozenset({"rate", "irate", "deriv"})
_GROWTHS = frozenset({"increase", "delta", "count_over_time", "sum_over_time"})
_FILLED_BY_US = re.compile(rf"(?P<kept>{STRING_OR_COMMENT.pattern})|{re.escape(SECONDS)}", re.DOTALL)


def fill_window(query: str, step: timedelta) -> str:
    """A query as it is asked for slices of a length, with all that was left open filled in.

    Windows are as long as the slice. Those of ``rate()``, ``irate()`` and ``deriv()`` give a speed whatever their
    length, and are at least five minutes, so that they hold two samples also where scrapes are a minute apart.

    Args:
        query: as in an indicator of another kind than counters.
        step: the slice's length, whole seconds.
    """
    slice_, rate = _seconds(step), _seconds(max(step, _SHORTEST_RATE))
    filled = with_windows_by_function(query, lambda around: rate if around in _SPEEDS else slice_)
    return _FILLED_BY_US.sub(lambda found: found["kept"] or slice_.removesuffix("s"), filled)


def events_per_slice(query: str) -> str:
    """A query that gives the events of a slice, made of one that gives their speed, or their growth over a range.

    It holds SECONDS; ``fill_window`` puts the slice's length in. Windows that were left open are five minutes.

    Raises:
        ValueError: the query's number is not in proportion to time; the message is for the user.
    """
    filled = _without_comments(with_windows(query, _seconds(_SHORTEST_RATE)))
    per = {_time_of(call) for call in _timed_calls(parse(filled))}
    if not per:
        raise ValueError("it gives no number of events in a time; write the counter itself, or sum(rate(COUNTER[5m]))")
    if len(per) > 1:
        raise ValueError("it mixes ranges of different lengths; write rate() for each, or one length")
    (seconds,) = per
    return f"({filled}) * {SECONDS}" + (f" / {seconds:g}" if seconds != 1 else "")


def terms_per_slice(terms: Iterable[Term]) -> str:
    """The same for counters that stand beside a query which cannot be reduced, so that both are counted alike."""
    rates = [
        f"{'+' if one.sign > 0 else '-'} sum(rate({one.selector.over(_seconds(_SHORTEST_RATE))}))" for one in terms
    ]
    return events_per_slice(" ".join(rates).removeprefix("+ "))


def _timed_calls(expression: promql_parser.Expr) -> Iterator[promql_parser.Call]:
    """The calls that give a speed or a growth, checked for what would make the result no longer follow them."""
    if isinstance(expression, promql_parser.Call) and expression.func.name in _SPEEDS | _GROWTHS:
        yield expression
        return
    if isinstance(expression, promql_parser.BinaryExpr):
        _check_proportion(expression)
    for child in children(expression):
        yield from _timed_calls(child)


def _check_proportion(expression: promql_parser.BinaryExpr) -> None:
    """Twice the speed must give twice the number."""
    sign = str(expression.op)
    left, right = (any(True for _ in _timed_calls(side)) for side in (expression.lhs, expression.rhs))
    if right and (sign == "/" or (sign == "*" and left)):
        raise ValueError("it divides or multiplies speeds, and is no number of events; write a ratio under raw")
    if (left or right) and sign in ("%", "^", "atan2"):
        raise ValueError(f"`{sign}` of a speed is no number of events")
    if (left or right) and expression.modifier is not None and expression.modifier.return_bool:
        raise ValueError("a comparison with bool gives 0 or 1, and no number of events")
    if sign in ("+", "-") and left != right:
        raise ValueError(f"`{sign}` joins a speed and what is none")


def _time_of(call: promql_parser.Call) -> float:
    """Seconds that the number of a call is of."""
    if call.func.name in _SPEEDS:
        return 1.0
    ranges = (node for node in every_node(call) if isinstance(node, promql_parser.MatrixSelector))
    subqueries = (node for node in every_node(call) if isinstance(node, promql_parser.SubqueryExpr))
    length = (next(subqueries, None) or next(ranges)).range or timedelta(0)
    return length.total_seconds()


def _without_comments(query: str) -> str:
    """What follows a comment in the same line would be part of it."""
    return STRING_OR_COMMENT.sub(lambda found: "" if found.group().startswith("#") else found.group(), query).strip()


def _seconds(length: timedelta) -> str:
    return f"{length.total_seconds():g}s"
