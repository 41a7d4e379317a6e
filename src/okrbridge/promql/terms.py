"""Sums and differences of plain selectors: what a counted SLI asks for, such as ``a{x="y"} + b - c``.

They speak of counts: the increases of all series of all selectors are added, or taken away. That is not PromQL's ``+``,
which pairs series with equal labels and drops those without a partner.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import promql_parser

from okrbridge.promql.plain_form import summands
from okrbridge.promql.selectors import Selector, plain_selector, selector_of_summand
from okrbridge.promql.syntax import is_plain_sum, parse, without_parentheses


@dataclass(frozen=True, slots=True)
class Term:
    """One part of a sum.

    Attributes:
        sign: 1 when its events are added, -1 when they are taken away.
    """

    sign: int
    selector: Selector

    def __str__(self) -> str:
        return f"{'+' if self.sign > 0 else '-'} {self.selector.text}"


def parse_terms(text: str) -> tuple[Term, ...]:
    """Read a sum of plain selectors; equal sums give equal terms, in one order.

    Raises:
        ValueError: anything else; the message is for the user.
    """
    plain = plain_terms(text)
    return normalised(_terms(parse(text), 1) if plain is None else plain)


def plain_terms(text: str) -> tuple[Term, ...] | None:
    """The terms of a sum in reading order, without the parser; None when the text has to be read by it.

    Raises:
        ValueError: no series can match one of them; the message is for the user.
    """
    plain = summands(text)
    if plain is None:
        return None
    return tuple(Term(one.sign, selector_of_summand(one)) for one in plain)


def terms_text(terms: Iterable[Term]) -> str:
    """The canonical text of a sum; ``parse_terms`` reads it back.

    Raises:
        ValueError: nothing is counted.
    """
    text = " ".join(map(str, normalised(terms)))
    return text.removeprefix("+ ")


def normalised(terms: Iterable[Term]) -> tuple[Term, ...]:
    """The same sum in one order, what is added first; what is both added and taken away is left out.

    Raises:
        ValueError: nothing is added.
    """
    given = tuple(terms)
    if len(given) == 1 and given[0].sign > 0:
        return given
    balance: Counter[Selector] = Counter()
    for term in given:
        balance[term.selector] += term.sign
    ordered = sorted(balance.items(), key=lambda item: (item[1] < 0, item[0].text))
    kept = tuple(Term(1 if count > 0 else -1, selector) for selector, count in ordered for _ in range(abs(count)))
    if not kept or kept[0].sign < 0:
        raise ValueError("this counts nothing; at least one counter must be added")
    return kept


def _terms(expression: promql_parser.Expr, sign: int) -> Iterator[Term]:
    expression = without_parentheses(expression)
    if is_plain_sum(expression):
        yield from _terms(expression.lhs, sign)
        yield from _terms(expression.rhs, -sign if str(expression.op) == "-" else sign)
    else:
        yield Term(sign, plain_selector(expression))
