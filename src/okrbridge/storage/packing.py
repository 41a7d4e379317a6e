"""Numbers of many SLIs as bytes: a header, then arrays in the smallest type that holds each exactly.

Layout, little-endian: version, flags, count of arrays (one byte each), first row, rows, columns (two bytes each), one
byte with the type of each array; then the arrays one after the other, row by row, from the first row and the first
column that are used up to the last. With the flag ``zlib`` there follow instead the lengths (four bytes each) of groups
of 32 columns, and the groups, each compressed by itself: the arrays one after the other, column by column. So one SLI
is read without most of its neighbours, and counts that are alike stand together.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from okrbridge.errors import StorageError

Numbers = npt.NDArray[Any]
"""Counts in any of the types below."""

TYPES = tuple(np.dtype(name) for name in ("<u1", "<u2", "<u4", "<f8"))
"""In the order of their codes; each holds all values of those before it."""

FRACTIONS = TYPES[-1]
"""The type of what is not a whole number from 0 to 4,294,967,295."""

_VERSION = 1
_ZLIB, _MARK = 1, 2
_GROUP_COLUMNS = 32
_HEADER = struct.Struct("<BBBHHH")
_COUNT_AT = 2


@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """What was packed.

    Attributes:
        first: index of the first row that is held; those before and after hold zeros only.
        arrays: each of shape (rows, columns); not to be written to.
        marked: the flag given when it was packed.
    """

    first: int
    arrays: tuple[Numbers, ...]
    marked: bool


def narrowest(values: Numbers) -> np.dtype[Any]:
    """The smallest type that holds all values exactly.

    Worked example: 0, 3, 255 fit into ``u1``; 256 needs ``u2``; 0.5 and -1 need ``f8``.
    """
    if values.dtype != np.float64 or values.size == 0:
        return values.dtype if values.size else TYPES[0]
    low, top = values.min(), values.max()
    if low < 0 or top > 0xFFFFFFFF or (values != np.floor(values)).any():
        return FRACTIONS
    return TYPES[0] if top <= 0xFF else TYPES[1] if top <= 0xFFFF else TYPES[2]


def wider(one: np.dtype[Any], other: np.dtype[Any]) -> np.dtype[Any]:
    """Of two of the types, the one that holds the values of both."""
    return one if TYPES.index(one) >= TYPES.index(other) else other


def pack(arrays: Sequence[Numbers], *, marked: bool = False, compress: bool = False) -> bytes:
    """Arrays of one shape as bytes. Rows and columns where the first array holds only zeros are cut off at the ends.

    Args:
        arrays: each in one of TYPES, two-dimensional; all are zero where the first one is.
        marked: a flag for the reader.
        compress: whether to spend time on making it small.
    """
    used = arrays[0] != 0
    rows, columns = np.flatnonzero(used.any(axis=1)), np.flatnonzero(used.any(axis=0))
    first, end = (int(rows[0]), int(rows[-1]) + 1) if len(rows) else (0, 0)
    width = int(columns[-1]) + 1 if len(columns) else 0
    used_parts = [array[first:end, :width] for array in arrays]
    flags = (_ZLIB if compress else 0) | (_MARK if marked else 0)
    header = _HEADER.pack(_VERSION, flags, len(arrays), first, end - first, width)
    types = bytes(TYPES.index(array.dtype) for array in arrays)
    return header + types + (_compressed(used_parts) if compress else b"".join(part.tobytes() for part in used_parts))


def unpack(blob: bytes, columns: Sequence[int] | None = None) -> Unpacked:
    """The arrays that ``pack`` was given, cut to their used part.

    Args:
        columns: those that are needed; others may be left zero to save time. All by default.

    Raises:
        ValueError: the version is unknown.
    """
    _, flags, count, first, rows, width = _checked(blob)
    at = _HEADER.size + count
    types = [TYPES[code] for code in blob[_HEADER.size : at]]
    body = memoryview(blob)[at:]
    arrays = _decompressed(body, types, (rows, width), columns) if flags & _ZLIB else _laid_in(body, types, rows, width)
    return Unpacked(first, tuple(arrays), bool(flags & _MARK))


def unpack_alike(blobs: Sequence[bytes]) -> Iterator[tuple[list[int], Unpacked]]:
    """Many blobs that are not compressed, in a few steps for all that have the same header.

    Yields:
        Indexes into ``blobs``, and what those hold; its arrays have the shape (blobs, rows, columns).
    """
    alike: dict[bytes, list[int]] = {}
    for place, blob in enumerate(blobs):
        alike.setdefault(blob[: _HEADER.size + blob[_COUNT_AT]], []).append(place)
    for header, places in alike.items():
        _, flags, _, first, rows, width = _checked(header)
        bodies = np.frombuffer(b"".join([blobs[place] for place in places]), TYPES[0]).reshape(len(places), -1)
        arrays, at = [], len(header)
        for code in header[_HEADER.size :]:
            end = at + rows * width * TYPES[code].itemsize
            arrays.append(bodies[:, at:end].view(TYPES[code]).reshape(len(places), rows, width))
            at = end
        yield places, Unpacked(first, tuple(arrays), bool(flags & _MARK))


def _checked(blob: bytes) -> tuple[int, ...]:
    header = _HEADER.unpack_from(blob)
    if header[0] != _VERSION:
        raise StorageError(
            f"the ledger holds a block of format {header[0]}, and this okrbridge reads format {_VERSION}; "
            "use the version that wrote it, or a new database"
        )
    return header


def _compressed(arrays: Sequence[Numbers]) -> bytes:
    width = arrays[0].shape[1]
    groups = [
        zlib.compress(b"".join(array[:, at : at + _GROUP_COLUMNS].T.tobytes() for array in arrays), 1)
        for at in range(0, width, _GROUP_COLUMNS)
    ]
    return struct.pack(f"<{len(groups)}I", *map(len, groups)) + b"".join(groups)


def _decompressed(
    body: memoryview, types: Sequence[np.dtype[Any]], shape: tuple[int, int], columns: Sequence[int] | None
) -> list[Numbers]:
    rows, width = shape
    number = -(-width // _GROUP_COLUMNS)
    lengths = struct.unpack_from(f"<{number}I", body)
    wanted = range(number) if columns is None else {column // _GROUP_COLUMNS for column in columns}
    arrays = [np.zeros(shape, dtype) for dtype in types]
    at = 4 * number
    for group, length in enumerate(lengths):
        if group in wanted:
            own = slice(group * _GROUP_COLUMNS, min(width, (group + 1) * _GROUP_COLUMNS))
            held = _laid_in(memoryview(zlib.decompress(body[at : at + length])), types, own.stop - own.start, rows)
            for array, part in zip(arrays, held, strict=True):
                array[:, own] = part.T
        at += length
    return arrays


def _laid_in(body: memoryview, types: Sequence[np.dtype[Any]], rows: int, columns: int) -> list[Numbers]:
    """Arrays that stand one after the other, as views."""
    arrays, at = [], 0
    for dtype in types:
        arrays.append(np.frombuffer(body, dtype, rows * columns, at).reshape(rows, columns))
        at += rows * columns * dtype.itemsize
    return arrays
