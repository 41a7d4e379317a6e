import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from okrbridge.errors import StorageError
from okrbridge.storage.blocks import BLOCK_SLOTS, HourBlock, HourSums, WrittenSlices, counted_twice, read_hour_sums
from okrbridge.storage.packing import FRACTIONS, TYPES, narrowest, pack, unpack

SLICES = 60
finite = st.one_of(
    st.integers(0, 300).map(float),
    st.integers(0, 2**33).map(float),
    st.floats(-1e300, 1e300, allow_nan=False),
    st.floats(0, 10, allow_nan=False),
)


@st.composite
def written(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray, WrittenSlices]:
    """Slices for a few places and slots of an hour."""
    places = np.array(sorted(draw(st.sets(st.integers(0, SLICES - 1), min_size=1, max_size=4))))
    slots = np.array(sorted(draw(st.sets(st.integers(0, BLOCK_SLOTS - 1), min_size=1, max_size=4))))
    shape = (len(places), len(slots))
    states = draw(arrays(np.int8, shape, elements=st.integers(0, 2)))
    kind = draw(st.sampled_from([st.integers(0, 200).map(float), finite]))
    good, total = (np.where(states == 1, draw(arrays(np.float64, shape, elements=kind)), 0.0) for _ in range(2))
    return places, slots, WrittenSlices(states, good, total)


@given(writes=st.lists(written(), max_size=4), compress=st.booleans())
def test_blocks_come_back_as_they_were_packed_to_the_last_bit(writes, *, compress: bool):
    block = HourBlock.empty(SLICES)
    states, good, total = (np.zeros((SLICES, BLOCK_SLOTS)) for _ in range(3))
    for places, slots, new in writes:
        block, number = block.merged(places, slots, new)
        at = np.ix_(places, slots)
        taken = (new.states == 1) | ((new.states == 2) & (states[at] != 1))
        assert number == np.count_nonzero(taken)
        for known, given_values in ((states, new.states), (good, new.good), (total, new.total)):
            known[at] = np.where(taken, given_values, known[at])
    read = HourBlock.of(block.packed(compress=compress), SLICES)
    for one in (block, read):
        assert np.array_equal(one.states, states)
        assert np.array_equal(one.good(), good)
        assert np.array_equal(one.total.astype(np.float64), total)


@given(writes=st.lists(written(), min_size=1, max_size=3))
def test_sums_of_an_hour_come_back_as_they_were_packed(writes):
    block = HourBlock.empty(SLICES)
    for places, slots, new in writes:
        block, _ = block.merged(places, slots, new)
    sums = block.hour_sums()
    read = HourSums.of(sums.packed())
    assert np.array_equal(read.values, sums.values)
    assert read.whole == sums.whole


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([0, 255], "u1"),
        ([256], "u2"),
        ([65_535], "u2"),
        ([65_536], "u4"),
        ([4_294_967_295], "u4"),
        ([4_294_967_296], "f8"),
        ([-1], "f8"),
        ([0.5], "f8"),
        ([], "u1"),
    ],
)
def test_counts_are_held_in_the_smallest_type_that_is_exact(values: list[float], dtype: str):
    assert narrowest(np.array(values, dtype=np.float64)) == np.dtype(dtype)


def test_only_the_used_part_is_stored():
    states = np.zeros((60, 256), dtype=np.uint8)
    states[30:32, 3] = 1
    blob = pack([states])
    # 9 bytes of header, 1 type, and 2 rows of the 4 columns up to the used one.
    assert len(blob) == 9 + 1 + 2 * 4
    assert (unpack(blob).first, unpack(blob).arrays[0].tolist()) == (30, [[0, 0, 0, 1], [0, 0, 0, 1]])


def test_a_format_of_the_future_is_refused():
    blob = pack([np.ones((1, 1), dtype=np.uint8)])
    with pytest.raises(StorageError, match="format 9"):
        unpack(b"\x09" + blob[1:])


def test_a_minute_of_plain_counters_takes_a_few_bytes():
    counts = np.random.default_rng(1).poisson(90, (60, 256)).astype(np.float64)
    new = WrittenSlices(np.ones((60, 256), dtype=np.int8), counts, counts)
    block, _ = HourBlock.empty(60).merged(np.arange(60), np.arange(256), new)
    assert (block.part.dtype, block.total.dtype, block.part_is_bad) == (TYPES[0], TYPES[0], True)
    assert len(block.packed(compress=True)) < 1.5 * counts.size
    assert FRACTIONS not in (block.part.dtype, block.total.dtype)


def test_slices_of_several_origins_are_told_apart_from_those_of_one():
    ones = WrittenSlices(np.ones((2, 1), dtype=np.int8), np.ones((2, 1)), np.ones((2, 1)))
    gap = WrittenSlices(np.full((1, 1), 2, dtype=np.int8), np.zeros((1, 1)), np.zeros((1, 1)))
    slot = np.array([5])
    east, _ = HourBlock.empty(60).merged(np.array([0, 1]), slot, ones)
    west, _ = HourBlock.empty(60).merged(np.array([1, 2]), slot, ones)
    north, _ = HourBlock.empty(60).merged(np.array([1]), slot, gap)
    measured, asked = counted_twice([east, west, north])
    # Minute 1 was measured by two and answered by three: one and two too many.
    assert (measured[5], asked[5], measured.sum(), asked.sum()) == (1, 2, 1, 2)


@pytest.mark.parametrize("columns", [[0], [31, 32], [99], [5, 70, 99], []])
def test_columns_that_are_asked_for_are_read_from_compressed_groups(columns: list[int]):
    # 100 columns: three groups of 32, and one of 4.
    states = np.ones((60, 100), dtype=np.uint8)
    counts = np.arange(6000, dtype=np.uint16).reshape(60, 100)
    blob = pack([states, counts], compress=True)
    read = unpack(blob, columns).arrays
    whole = unpack(blob).arrays
    assert np.array_equal(whole[1], counts)
    assert [array.shape for array in read] == [(60, 100), (60, 100)]
    assert np.array_equal(read[1][:, columns], counts[:, columns])


def test_groups_of_slis_nobody_asked_for_are_not_decompressed():
    # The second group is made unreadable: what needs only the first one does not see it.
    states = np.ones((4, 64), dtype=np.uint8)
    blob = pack([states], compress=True)[:-8] + bytes(8)
    assert unpack(blob, [31]).arrays[0][:, :32].all()
    with pytest.raises(zlib.error):
        unpack(blob, [32])


@given(writes=st.lists(written(), min_size=1, max_size=5))
def test_sums_read_together_are_those_read_one_by_one(writes):
    sums = [HourBlock.empty(SLICES).merged(*one)[0].hour_sums() for one in writes]
    blobs = [one.packed() for one in [*sums, HourBlock.empty(SLICES).hour_sums()]]
    values, whole = read_hour_sums(blobs)
    for place, blob in enumerate(blobs):
        alone = HourSums.of(blob)
        assert np.array_equal(values[place], alone.values)
        assert whole[place] == alone.whole
    for place, one in enumerate(sums):
        assert np.array_equal(values[place], one.values)
        assert whole[place] == one.whole
