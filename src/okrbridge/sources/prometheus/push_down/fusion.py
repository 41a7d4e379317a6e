"""Counters that differ only in equality matchers become one counter with its sums kept apart. Pure.

Worked example: ``x{job="a",code=~"5.."}`` and ``x{job="b",code=~"5.."}`` become ``sum by (job)`` of
``x{job=~"a|b",code=~"5.."}``; the row with ``job="a"`` is the first one's.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from okrbridge.promql.selectors import Matcher, Selector
from okrbridge.sources.prometheus.push_down.counters import Counter, Siblings

MOST_FUSED = 200
"""Counters in one question; more of them gain little, and the answer and the matcher sets grow."""
LONGEST_SET = 4_000
"""Characters of all matcher sets of one selector, which a question repeats some thirty times."""
_PLAIN_LABEL = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Summand:
    """A selector that is counted for itself.

    Attributes:
        selector: the series.
        totals: the selectors of all events that these are a part of.
    """

    selector: Selector
    totals: tuple[Selector, ...]

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """Its own selector and those of all events."""
        return (self.selector, *self.totals)


@dataclass(frozen=True, slots=True)
class Fused:
    """One counter that stands for several summands.

    Attributes:
        summands: by the values of the counter's labels, in the labels' order.
    """

    counter: Counter
    summands: Mapping[tuple[str, ...], Summand]


def fuse(summands: Sequence[Summand]) -> list[Fused]:
    """As few counters as the bounds allow, in the order in which their first summands came; each summand is in one."""
    groups: dict[object, list[Summand]] = defaultdict(list)
    for summand in dict.fromkeys(summands):
        groups[tuple(map(_shape, summand.selectors))].append(summand)
    return [fused for group in groups.values() for fused in _fused(group)]


def _shape(selector: Selector) -> object:
    """What selectors have in common that differ only in the values of equality matchers."""
    return selector.metric, *((one.label, one.op, one.value if one.op != "=" else None) for one in selector.matchers)


def _fused(group: Sequence[Summand]) -> Iterator[Fused]:
    by = _varying([summand.selector for summand in group])
    apart = [tuple(_varying([summand.totals[place] for summand in group])) for place in range(len(group[0].totals))]
    if not by or not _are_told_apart(group, by, apart):
        for summand in group:
            yield Fused(Counter(summand.selector, tuple(map(Siblings, summand.totals))), {(): summand})
        return
    for chunk in _chunks(group, by):
        siblings = tuple(
            Siblings(_with_sets([summand.totals[place] for summand in chunk], labels), labels)
            for place, labels in enumerate(apart)
        )
        selector = _with_sets([summand.selector for summand in chunk], by)
        yield Fused(
            Counter(selector, siblings, tuple(by)), {_values(summand.selector, by): summand for summand in chunk}
        )


def _varying(selectors: Sequence[Selector]) -> list[str]:
    """The labels whose equality matchers differ."""
    first = selectors[0].equalities
    return [label for label, value in first.items() if any(one.equalities[label] != value for one in selectors)]


def _are_told_apart(group: Sequence[Summand], by: Sequence[str], apart: Sequence[Sequence[str]]) -> bool:
    """Whether the labels of a summand's own rows also tell which of its siblings are its own."""
    if not all(_PLAIN_LABEL.fullmatch(label) for label in by):
        return False
    if any(not set(labels) <= set(by) for labels in apart):
        return False
    return all(
        _values(total, labels) == _values(summand.selector, labels)
        for summand in group
        for total, labels in zip(summand.totals, apart, strict=True)
    )


def _chunks(group: Sequence[Summand], by: Sequence[str]) -> Iterator[list[Summand]]:
    chunk: list[Summand] = []
    room = 0
    for summand in group:
        length = sum(len(value) + 1 for value in _values(summand.selector, by))
        if not chunk or length > room or len(chunk) == MOST_FUSED:
            if chunk:
                yield chunk
            chunk, room = [], LONGEST_SET
        chunk.append(summand)
        room -= length
    yield chunk


def _values(selector: Selector, labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(selector.equalities[label] for label in labels)


def _with_sets(selectors: Sequence[Selector], labels: Sequence[str]) -> Selector:
    """The first selector, with the values of all of them in the matchers of these labels."""
    first = selectors[0]
    return replace(
        first, matchers=tuple(_set_of(selectors, one) if _is_set(one, labels) else one for one in first.matchers)
    )


def _is_set(matcher: Matcher, labels: Sequence[str]) -> bool:
    return matcher.op == "=" and matcher.label in labels


def _set_of(selectors: Sequence[Selector], matcher: Matcher) -> Matcher:
    values = dict.fromkeys(selector.equalities[matcher.label] for selector in selectors)
    if len(values) == 1:
        return matcher
    return Matcher(matcher.label, "=~", "|".join(map(re.escape, values)))
