"""How much history is asked for at once."""

from datetime import timedelta

import pytest
from tests.fakes.bench import GRID, MIDDLE

from okrbridge.application.chunks import LONGEST, SHORTEST, ChunkLength
from okrbridge.domain.windows import Grid

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


@pytest.mark.parametrize(
    ("slis", "length"),
    [
        (0, DAY),
        (1, DAY),
        # 500,000 slices: 347 SLIs x 1,440; 1,000 SLIs have 500 minutes, 8 whole hours of them.
        (347, DAY),
        (1_000, 8 * HOUR),
        (10_000, HOUR),
        (100_000, HOUR),
    ],
)
def test_the_first_chunk_is_shorter_the_more_slis_there_are(slis: int, length: timedelta):
    assert MIDDLE - ChunkLength(slis, GRID).start_before(MIDDLE) == length


def test_the_first_chunk_is_shorter_the_shorter_the_ticks_are():
    # 1,440 slices: of 10 s they are 4 hours, and of 2 s less than the one hour that is the least.
    for seconds, hours in ((300, 24), (60, 24), (10, 4), (2, 1)):
        assert MIDDLE - ChunkLength(1, Grid(timedelta(seconds=seconds))).start_before(MIDDLE) == hours * HOUR


def test_fast_chunks_grow_to_a_day_and_slow_ones_shrink_to_an_hour():
    chunk, lengths = ChunkLength(1_000, GRID), []
    for seconds in (1.0, 1.0, 1.0, 6.0, 6.0, 3.0, *[60.0] * 5):
        chunk.took(seconds)
        lengths.append((MIDDLE - chunk.start_before(MIDDLE)) / HOUR)
    # 500 minutes double to 1,000, then to a day; a day halves to 12 h, 6 h, and so on.
    assert lengths == [16, 24, 24, 12, 6, 6, 3, 1, 1, 1, 1]


def test_ten_thousand_slis_never_get_more_than_the_memory_for_it():
    chunk = ChunkLength(10_000, GRID)
    for _ in range(5):
        chunk.took(0.1)
    # 2,000,000 slices of 10,000 SLIs are 200 minutes.
    assert MIDDLE - chunk.start_before(MIDDLE) == 3 * HOUR


def test_chunks_begin_on_whole_hours_wherever_they_end():
    chunk = ChunkLength(10_000, GRID)
    assert chunk.start_before(MIDDLE + 17 * MINUTE) == MIDDLE
    assert (SHORTEST, LONGEST) == (HOUR, DAY)
