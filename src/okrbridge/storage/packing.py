"""Numbers of many SLIs as bytes: a header, then arrays in the smallest type that holds each exactly.

Layout, little-endian: version, flags, count of arrays (one byte each), first row, rows, columns (two bytes each), one
byte with the type of each array; then the arrays one after the other, row by row, from the first row and the first
column that are used up to the last. With the flag ``zlib`` all that follows the header is compressed.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[Any]
"""Counts in any of the types below."""

TYPES = tuple(np.dtype(name) for name in ("<u1", "<u2", "<u4", "<f8"))
"""In the order of their codes; each holds all values of those before it."""

FRACTIONS = TYPES[-1]
"""The type of what is not a whole number from 0 to 4,294,967,295."""

_VERSION = 1
_ZLIB, _MARK = 1, 2
_HEADER = struct.Struct("<BBBHHH")
_ROWS_AT_MOST = 0xFFFF


@dataclass(frozen=True, slots=True, eq=False)
class Unpacked:
    """What was packed.

    Attributes:
        first: index of the first row that is held; those before and after hold zeros only.
        arrays: each of shape (rows, columns); read-only.
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
    body = b"".join(array[first:end, :width].tobytes() for array in arrays)
    flags = (_ZLIB if compress else 0) | (_MARK if marked else 0)
    header = _HEADER.pack(_VERSION, flags, len(arrays), first, end - first, width)
    types = bytes(TYPES.index(array.dtype) for array in arrays)
    return header + types + (zlib.compress(body, 1) if compress else body)


def unpack(blob: bytes) -> Unpacked:
    """The arrays that ``pack`` was given, cut to their used part. Raises ValueError for a version that is unknown."""
    version, flags, count, first, rows, width = _HEADER.unpack_from(blob)
    if version != _VERSION:
        raise ValueError(f"a block of the ledger has the format {version}, which this okrbridge does not know")
    at = _HEADER.size + count
    types = blob[_HEADER.size : at]
    body = memoryview(blob)[at:]
    if flags & _ZLIB:
        body, at = memoryview(zlib.decompress(body)), 0
    else:
        at = 0
    arrays = []
    for code in types:
        dtype = TYPES[code]
        arrays.append(np.frombuffer(body, dtype, rows * width, at).reshape(rows, width))
        at += rows * width * dtype.itemsize
    return Unpacked(first, tuple(arrays), bool(flags & _MARK))
