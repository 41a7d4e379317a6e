"""A gzip file whose long beginning is compressed once and whose short end is added for each reader (RFC 1952).

Compressed data may stop at a byte boundary and go on later, so both parts make one member: many programs read only the
first member of a file that has several.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

_LEVEL = 1
"""The fastest: text of many alike lines shrinks to a tenth even so."""
_RAW = -zlib.MAX_WBITS
_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x04\xff"
"""Deflate, no flags, no time, fastest, system unknown."""


@dataclass(frozen=True, slots=True)
class Compressed:
    """The beginning of a gzip file.

    Attributes:
        data: header and compressed data up to a byte boundary.
        checksum: CRC-32 of what was compressed.
        size: bytes of it.
    """

    data: bytes
    checksum: int
    size: int


def compressed(blocks: Sequence[bytes]) -> Compressed:
    """The beginning of a gzip file that holds blocks of text and may go on."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    data = [_HEADER, *map(deflate.compress, blocks), deflate.flush(zlib.Z_FULL_FLUSH)]
    checksum = 0
    for block in blocks:
        checksum = zlib.crc32(block, checksum)
    return Compressed(b"".join(data), checksum, sum(map(len, blocks)))


def finished(start: Compressed, text: bytes) -> bytes:
    """What must follow the beginning for the file to end with a text."""
    deflate = zlib.compressobj(_LEVEL, zlib.DEFLATED, _RAW)
    size = (start.size + len(text)) % 2**32
    trailer = struct.pack("<LL", zlib.crc32(text, start.checksum), size)
    return b"".join([deflate.compress(text), deflate.flush(), trailer])
