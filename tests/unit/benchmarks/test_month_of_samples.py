from datetime import UTC, datetime

import pytest
from benchmarks.scale.month_of_samples import MINUTES, Piece, block_minutes

HOURS = 3600


@pytest.mark.parametrize("first", [0, 17, 162 * HOURS, 1_795_300_000])
def test_the_blocks_hold_every_minute_of_the_month_once(first: int):
    pieces = list(block_minutes(first))
    assert [minute for piece in pieces for minute in piece] == list(range(MINUTES))
    # 720 hours touch at most ceil(720 / 162) + 1 blocks; Prometheus aligns them to whole multiples of their length.
    assert len(pieces) <= 6
    for piece in pieces:
        assert len({(first + 60 * minute - 17) // (162 * HOURS) for minute in (piece[0], piece[-1])}) == 1


def test_a_counter_goes_on_from_piece_to_piece():
    first = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    whole = "".join(Piece(1, first, range(MINUTES)).texts()).splitlines()
    parts = [line for piece in block_minutes(first) for line in "".join(Piece(1, first, piece).texts()).splitlines()]
    assert sorted({*whole}) == sorted({*parts})
