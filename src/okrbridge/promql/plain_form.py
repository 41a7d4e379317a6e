"""The form that most counters are written in, ``a{b="c",d=~"5.."} + e``, read without the parser.

Ten thousand SLOs hold twenty thousand such texts, and the parser takes several times as long for each. What is read
here means the same to the parser; whatever is not surely so, such as escapes in strings or keywords as names, is left
to it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_MOST_PARTS = 100
"""Long sums are left to the parser, which knows how long they may be."""
_KEYWORDS = (
    "and|or|unless|atan2|sum|avg|count|min|max|group|stddev|stdvar|topk|bottomk|count_values|quantile|limitk|limit_ratio"
    "|offset|smoothed|anchored|by|without|on|ignoring|group_left|group_right|bool|fill|fill_left|fill_right"
    "|start|end|step|range|inf|nan"
)
KEYWORD = re.compile(_KEYWORDS, re.IGNORECASE)
"""Words of PromQL that are no names everywhere."""

_VALUE = r'[^"\\{}$`\x00-\x1f\x7f-\U0010ffff]*'
_PATTERN = r"(?:[A-Za-z0-9_ /:-]|\.[*+]?|\|)*"
_MATCHER = rf'(?!__name__)[A-Za-z_][A-Za-z0-9_]*(?:!?="{_VALUE}"|[=!]~"{_PATTERN}")'
_NAME = rf"(?!(?i:{_KEYWORDS})\b)[A-Za-z_](?:[A-Za-z0-9_:]*[A-Za-z0-9_])?"
_SELECTOR = rf"{_NAME}(?:\{{{_MATCHER}(?:, ?{_MATCHER})*\}})?"
_SUM = re.compile(rf"{_SELECTOR}(?: [+-] {_SELECTOR})*")
_SUMMAND = re.compile(rf"(?P<sign>[+-]?) ?(?P<metric>{_NAME})(?:\{{(?P<matchers>{_MATCHER}(?:, ?{_MATCHER})*)\}})?")
_MATCHER_PARTS = re.compile(rf'(?P<label>[A-Za-z0-9_]+)(?P<op>=~|!~|!=|=)"(?P<value>{_VALUE})"')


@dataclass(frozen=True, slots=True)
class Summand:
    """One selector of a sum.

    Attributes:
        sign: 1 when it is added, -1 when it is taken away.
        metric: its name.
        matchers: label, operator and value of each condition, as written; every pattern is a regular expression.
    """

    sign: int
    metric: str
    matchers: tuple[tuple[str, str, str], ...]


def summands(text: str) -> list[Summand] | None:
    """The selectors of a sum; None when the text has to be read by the parser."""
    text = text.strip()
    if not _SUM.fullmatch(text):
        return None
    found = [
        Summand(-1 if one["sign"] == "-" else 1, one["metric"], tuple(_MATCHER_PARTS.findall(one["matchers"] or "")))
        for one in _SUMMAND.finditer(text)
    ]
    return found if sum(1 + len(one.matchers) for one in found) <= _MOST_PARTS else None
