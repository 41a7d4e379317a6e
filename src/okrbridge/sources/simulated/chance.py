"""Chance without state: a number for every (seed, subject, instant), the same however and whenever it is asked.

A generator with state would have to be run from the beginning to tell one minute's number. Hashing the
coordinates tells any minute at once, so a live exporter continues a history that another process wrote.
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

_GAMMA = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def key(*coordinates: object) -> int:
    """A 64-bit key for a subject, such as ``key(seed, "api", "load")``; the same in every process."""
    text = "\x00".join(str(one) for one in coordinates)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


def uniform(subject: int, instants: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """Numbers in [0, 1), one for each instant (SplitMix64; Steele, Lea, Flood 2014)."""
    with np.errstate(over="ignore"):
        mixed = instants.astype(np.uint64) * _GAMMA + np.uint64(subject)
        mixed = (mixed ^ (mixed >> np.uint64(30))) * _FIRST
        mixed = (mixed ^ (mixed >> np.uint64(27))) * _SECOND
        mixed ^= mixed >> np.uint64(31)
    fractions: npt.NDArray[np.float64] = (mixed >> np.uint64(11)).astype(np.float64) / 2.0**53
    return fractions


def pick(below: int, *coordinates: object) -> int:
    """A whole number in [0, below) for a subject."""
    return key(*coordinates) % below
