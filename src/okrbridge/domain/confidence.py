"""Confidence: what people and the machine think of reaching a key result, on one scale of 0 to 10.

Source of the scale and the drop: OKR guidance on check-ins; the colours' limits and the divergence are ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import numpy as np

from okrbridge.domain.error_budget import NOISE
from okrbridge.domain.velocity import velocity

LOWEST, HIGHEST = 0, 10
_GREEN, _AMBER = 7, 4
DISCUSS_DROP = 3
"""A fall by so much between two check-ins asks for a conversation."""
DIVERGENCE = 4
"""People and machine so far apart are flagged."""


class ConfidenceColour(StrEnum):
    """A confidence as a colour."""

    GREEN = "green"
    AMBER = "amber"
    RED = "red"


class ConfidenceDirection(StrEnum):
    """Where confidence goes over the check-ins."""

    RISING = "rising"
    STEADY = "steady"
    FALLING = "falling"


def colour_of(confidence: int) -> ConfidenceColour:
    """Green from 7, amber from 4, red below (formula A15).

    Worked example: 8, 7 and 4 are green, green and amber.

    Raises:
        ValueError: outside 0 to 10.
    """
    if not LOWEST <= confidence <= HIGHEST:
        raise ValueError(f"confidence {confidence} is not between {LOWEST} and {HIGHEST}")
    if confidence >= _GREEN:
        return ConfidenceColour.GREEN
    return ConfidenceColour.AMBER if confidence >= _AMBER else ConfidenceColour.RED


def machine_confidence(hit_probability: float) -> int:
    """The forecast's probability as a confidence (formula A12): ``round(10 x P)``, halves up.

    Worked example: 0.25 is 3, not the 2 of rounding to even.
    """
    return math.floor(10 * hit_probability + 0.5 + NOISE)


def is_drop(previous: int, current: int) -> bool:
    """Whether confidence fell by three points or more from one check-in to the next (formula A15): talk about it.

    Worked example: from 7 to 4 is a drop, from 8 to 7 is none.
    """
    return previous - current >= DISCUSS_DROP


@dataclass(frozen=True, slots=True)
class ConfidenceTrend:
    """Confidence over the check-ins.

    Attributes:
        colours: one for each check-in.
        direction: of the robust line through all of them; None with fewer than two.
        drops: positions of the check-ins that a conversation should follow.
    """

    colours: tuple[ConfidenceColour, ...]
    direction: ConfidenceDirection | None
    drops: tuple[int, ...]


def trend_of(confidences: Sequence[int]) -> ConfidenceTrend:
    """Colours, direction and drops of check-ins in the order of time (formula A15).

    Worked example: 8, 7, 4 are green, green, amber, falling, with a drop at the third.

    Raises:
        ValueError: a confidence outside 0 to 10.
    """
    colours = tuple(colour_of(one) for one in confidences)
    slope = velocity(np.arange(float(len(confidences))), np.array(confidences, dtype=np.float64))
    drops = tuple(place for place, pair in enumerate(pairwise(confidences), start=1) if is_drop(*pair))
    return ConfidenceTrend(colours, None if slope is None else _direction(slope), drops)


def _direction(slope: float) -> ConfidenceDirection:
    if abs(slope) <= NOISE:
        return ConfidenceDirection.STEADY
    return ConfidenceDirection.RISING if slope > 0 else ConfidenceDirection.FALLING


def divergence(human: int | None, machine: int | None) -> int | None:
    """Human less machine confidence (formula A15); None when either is unknown. Above 0 people hope for more.

    Worked example: people say 8, the forecast 3: 5.
    """
    return None if human is None or machine is None else human - machine


def is_divergent(human: int | None, machine: int | None) -> bool:
    """Whether people and machine are four points or more apart (formula A15); unknown is not apart."""
    apart = divergence(human, machine)
    return apart is not None and abs(apart) >= DIVERGENCE
