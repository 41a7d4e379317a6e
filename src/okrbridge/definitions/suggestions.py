"""The known word that a misspelt one most likely means."""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Iterable

_MOST_COMPARED = 200


def close_match(word: str, known: Iterable[str]) -> str | None:
    """The known word that a word most likely means."""
    folded = word[:100].casefold()
    by_folded = {each.casefold(): each for each in known}
    if len(by_folded) > _MOST_COMPARED:
        # Comparing is slow: of thousands of names, those that begin alike are compared.
        ordered = sorted(by_folded)
        middle = bisect.bisect(ordered, folded)
        nearby = ordered[max(0, middle - _MOST_COMPARED // 2) : middle + _MOST_COMPARED // 2]
        by_folded = {each: by_folded[each] for each in nearby}
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the known word closest to a word; empty when none is close."""
    close = close_match(word, known)
    return f"; did you mean {close!r}?" if close else ""
