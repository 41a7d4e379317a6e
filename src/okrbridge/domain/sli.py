"""Service level indicators: what is counted, and where."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Sli:
    """An event ratio read from counters.

    Exactly one of ``good`` and ``bad`` is given, beside ``total``; each is a plain PromQL selector of counters.

    Attributes:
        name: as declared; not unique, two SLOs may declare equal indicators under different names.
        source: name of the data source that holds the counters.
        good, bad, total: PromQL selectors.
    """

    name: str
    source: str
    total: str
    good: str | None = None
    bad: str | None = None

    def __post_init__(self) -> None:
        if (self.good is None) == (self.bad is None):
            raise ValueError(f"SLI {self.name!r} needs exactly one of good and bad")

    @cached_property
    def key(self) -> str:
        """Identity in the ledger: equal questions to one source share their counts, other questions never mix."""
        question = "\x00".join((self.source, self.total, self.good or "", self.bad or ""))
        return hashlib.sha256(question.encode()).hexdigest()[:20]

    @property
    def part(self) -> str:
        """The selector counted beside the total."""
        return self.good if self.good is not None else self.bad or ""

    def good_events(self, part: float, total: float) -> float:
        """Good events, given the increase of ``part`` and of ``total``."""
        return part if self.good is not None else total - part
