"""Since when slices are needed: what the windows and key results of a definition set speak of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from okrbridge.application.counting import keys_of
from okrbridge.application.ports import Ledger
from okrbridge.domain.burn_rate import BURN_WINDOWS
from okrbridge.domain.definition_set import DefinitionSet
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import Grid, Interval

LONGEST_BURN = max(BURN_WINDOWS.values())


@dataclass(frozen=True)
class Need:
    """SLIs whose slices are wanted over one interval."""

    interval: Interval
    slis: tuple[Sli, ...]


@dataclass(frozen=True)
class HistoryNeeds:
    """What history the definitions need at an instant.

    Ten thousand SLIs have few different windows. They are sorted by them once, so that an instant costs one look at
    each kind and not at each SLI.
    """

    definitions: DefinitionSet
    grid: Grid

    def at(self, at: datetime, since: datetime | None = None) -> list[Need]:
        """The SLIs by the history they need for windows ending at ``at``.

        Args:
            since: the same start for all of them, in place of what they need.
        """
        by_start: dict[datetime, list[Sli]] = defaultdict(list)
        for slis in self._alike:
            start = since or self.definitions.history_needed(slis[0], at, LONGEST_BURN)
            by_start[self.grid.floor(start)] += slis
        return [Need(Interval(start, at), tuple(slis)) for start, slis in by_start.items() if start < at]

    def filled_ratio(self, ledger: Ledger, at: datetime, since: datetime | None = None) -> float:
        """Share of the wanted slices that were asked for and answered, 0..1; 1 when nothing is wanted."""
        wanted = asked = 0.0
        for need in self.at(at, since):
            sums = ledger.window_sums(keys_of(need.slis), [need.interval])
            wanted += len(need.slis) * need.interval.length.total_seconds()
            asked += float(sums.asked_seconds.sum())
        return asked / wanted if wanted else 1.0

    @cached_property
    def _alike(self) -> Sequence[Sequence[Sli]]:
        """The SLIs, sorted by the windows, the key results and the indicators that read them."""
        readers: dict[str, set[object]] = defaultdict(set)
        followers = self.definitions.slo_followers
        for slo in self.definitions.slos:
            for leaf in slo.sli.leaves:
                readers[leaf.key] |= {slo.window, *(one.id for one in followers.get(slo.name, ()))}
        alike: dict[frozenset[object], list[Sli]] = defaultdict(list)
        for sli in self.definitions.slis:
            alike[frozenset(readers[sli.key])].append(sli)
        return list(alike.values())
