"""History for a ledger: thirty days of counts for every SLI, written without asking a source."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np

from okrbridge.application.ports import Storage
from okrbridge.domain.ledger import SliceState, SliceTable
from okrbridge.domain.sli import Sli
from okrbridge.domain.windows import epoch_seconds

_CHUNK = timedelta(hours=6)
_STEP = 60


def write_history(storage: Storage, slis: tuple[Sli, ...], end: datetime, days: int) -> None:
    """About 120 events a slice and one in a thousand of them bad, oldest first; ends at a full hour."""
    chance = np.random.default_rng(days)
    at = end - timedelta(days=days)
    while at < end:
        starts = np.arange(epoch_seconds(at), epoch_seconds(min(at + _CHUNK, end)), _STEP, dtype=np.int64)
        shape = (len(slis), len(starts))
        total = chance.poisson(120, shape).astype(np.float64)
        bad = chance.poisson(0.12, shape)
        states = np.full(shape, SliceState.MEASURED, dtype=np.int8)
        table = SliceTable(starts, np.maximum(total - bad, 0.0), total, states)
        with storage.transaction() as transaction:
            transaction.ledger.write(slis, slis[0].source, table)
        at += _CHUNK
