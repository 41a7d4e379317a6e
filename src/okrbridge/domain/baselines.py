"""What a frozen baseline makes of a key result: its target, or the limits of its band."""

from __future__ import annotations

import math
from dataclasses import replace

from okrbridge.domain.key_results import KeyResult, KeyResultKind


def resolve_baseline(key_result: KeyResult, baseline: float) -> KeyResult:
    """A copy of a key result with its frozen baseline, and with what follows from it.

    One that is declared by its change gets its target (formula A2). A band around a baseline gets its limits: with the
    operator ``le`` only the upper one, with ``ge`` only the lower one. Every other kind keeps its target.

    Args:
        baseline: in the key result's unit, as it was measured and frozen.

    Raises:
        ValueError: no target can follow from this baseline; the message says why and what to do.
    """
    if key_result.kind is KeyResultKind.BAND and key_result.relative_change is not None:
        low, high = band_around(baseline, key_result.relative_change)
        wants_high = None if key_result.operator is None else key_result.operator.wants_high
        return replace(
            key_result,
            baseline=baseline,
            low=None if wants_high is False else low,
            high=None if wants_high is True else high,
        )
    target = _target(key_result, baseline)
    if target == baseline:
        raise ValueError(
            f"{key_result.id}: the measured baseline {baseline:g} is already the target; set a target beyond it"
        )
    return replace(key_result, baseline=baseline, target=target)


def _target(key_result: KeyResult, baseline: float) -> float | None:
    if key_result.kind is KeyResultKind.RELATIVE and key_result.relative_change is not None:
        return relative_target(baseline, key_result.relative_change)
    if key_result.absolute_change is not None:
        return absolute_target(baseline, key_result.absolute_change)
    return key_result.target


def relative_target(baseline: float, relative_change: float) -> float:
    """The target of a change by a share of the baseline (formula A2): ``T = B x (1 + r)``, r signed.

    Worked example: 50 minutes, 40 % less: 50 x (1 - 0.4) = 30 minutes.

    Raises:
        ValueError: the baseline is 0, of which every share is 0, the change is 0, or the target is beyond all floats.
    """
    if baseline == 0:
        raise ValueError("a share of a baseline of 0 is 0: declare from and to as numbers instead")
    if relative_change == 0:
        raise ValueError("a change by 0 % is no change: declare a change, or a band around the baseline")
    target = baseline * (1 + relative_change) + 0.0
    if not math.isfinite(target):
        raise ValueError(f"the baseline {baseline:g} is too large for a target")
    return target


def absolute_target(baseline: float, absolute_change: float) -> float:
    """The target of a change in the metric's own unit (formula A2): ``T = B + d``, d signed.

    Worked example: 40 points, 5 points more: 45 points. A conversion of 4 %, 5 percentage points more, is 9 %; 5 % more
    is a relative change and 4.2 %.

    Raises:
        ValueError: the change is 0, or too small beside the baseline to make a difference.
    """
    target = baseline + absolute_change + 0.0
    if target == baseline:
        raise ValueError(f"a change by {absolute_change:g} is no change of {baseline:g}: declare a larger one")
    return target


def band_around(baseline: float, relative_change: float) -> tuple[float, float]:
    """The limits of a band around a baseline (formula A2): ``B x (1 - r)`` and ``B x (1 + r)``, the lower first.

    Worked example: 10 deployments a week, 10 % more or less: 9 to 11.

    Raises:
        ValueError: the baseline is 0, around which a share of it leaves no room.
    """
    if baseline == 0:
        raise ValueError("a share of a baseline of 0 is 0: declare the limits low and high as numbers instead")
    limits = baseline * (1 - abs(relative_change)), baseline * (1 + abs(relative_change))
    return min(limits) + 0.0, max(limits) + 0.0
