"""Slices of one SLI that several origins counted, as one."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from okrbridge.domain.ledger import Slices, SliceState


def summed_slices(origins: Sequence[Slices]) -> Slices:
    """One slice a start: counts summed over origins, measured when any of them measured."""
    if len(origins) == 1:
        return origins[0]
    starts = np.unique(np.concatenate([Slices.empty().starts, *(slices.starts for slices in origins)]))
    good, total = np.zeros(len(starts)), np.zeros(len(starts))
    states = np.full(len(starts), SliceState.GAP, dtype=np.int8)
    for slices in origins:
        at = np.searchsorted(starts, slices.starts)
        good[at] += slices.good
        total[at] += slices.total
        states[at] = np.minimum(states[at], slices.states)
    return Slices(starts, good, total, states)
