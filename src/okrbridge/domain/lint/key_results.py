"""Lints of one key result: its numbers, its metric, its owner."""

from __future__ import annotations

from collections.abc import Iterator

from okrbridge.domain.key_results import IndicatorTiming, KeyResult, KeyResultKind
from okrbridge.domain.lint.findings import SMALLEST_CHANGE, LintFinding, Severity
from okrbridge.domain.lint.titles import about, title_codes
from okrbridge.domain.lint.words import goes_up
from okrbridge.domain.target_history import is_within_noise, noise_band
from okrbridge.domain.units import format_quantity

_WITHOUT_NUMBERS = (
    KeyResultKind.BINARY,
    KeyResultKind.MILESTONE,
    KeyResultKind.ORDINAL,
    KeyResultKind.COMPOSITE,
    KeyResultKind.BASELINE,
)
_FROM_A_BASELINE = (
    KeyResultKind.INCREASE,
    KeyResultKind.DECREASE,
    KeyResultKind.RELATIVE,
    KeyResultKind.COUNT_PER_PERIOD,
)


def lint_key_result(key_result: KeyResult, noise: float | None = None) -> Iterator[LintFinding]:
    """What is to be said of a key result by itself.

    Args:
        noise: of the baseline's days, as ``target_history.noise_of`` has it; None where no history is known.
    """
    has_numbers = key_result.kind not in _WITHOUT_NUMBERS
    codes = title_codes(
        key_result.title, has_numbers=has_numbers, is_defined=bool(key_result.definition.counted.strip())
    )
    for code in codes:
        yield LintFinding(code, key_result.id, about(key_result.title, code))
    if "direction_conflict" not in codes:
        yield from _wrong_verb(key_result)
    yield from _no_baseline(key_result)
    yield from _within_noise(key_result, noise)
    yield from _undescribed(key_result)


def _wrong_verb(key_result: KeyResult) -> Iterator[LintFinding]:
    """A title that begins with the wrong verb for its numbers."""
    rises, says_up = way_up(key_result), goes_up(key_result.title)
    if rises is not None and says_up is not None and rises != says_up:
        first, goes = key_result.title.casefold().split()[0], "up" if rises else "down"
        message = f"the title says {first!r} and the numbers go {goes}; turn one of them around"
        yield LintFinding("direction_conflict", key_result.id, message, Severity.ERROR)


def way_up(key_result: KeyResult) -> bool | None:
    """Whether larger values are better; None for kinds without a direction, and while it is not known."""
    if key_result.kind in (KeyResultKind.INCREASE, KeyResultKind.REACH, KeyResultKind.SHARE):
        return True
    if key_result.kind is KeyResultKind.DECREASE:
        return False
    if key_result.kind is KeyResultKind.RELATIVE:
        return None if key_result.relative_change is None else key_result.relative_change > 0
    if key_result.operator is not None:
        return key_result.operator.wants_high
    if key_result.baseline is None or key_result.target is None:
        return None
    return key_result.target > key_result.baseline


def _no_baseline(key_result: KeyResult) -> Iterator[LintFinding]:
    needs_one = key_result.kind in _FROM_A_BASELINE and key_result.operator is None
    if needs_one and key_result.baseline is None and key_result.baseline_from is None:
        message = (
            "no baseline: say where it starts with from, or have it measured from history with baseline: {over: 90d}"
        )
        yield LintFinding("no_baseline", key_result.id, message, Severity.ERROR)


def _within_noise(key_result: KeyResult, noise: float | None) -> Iterator[LintFinding]:
    """A target that chance alone may reach."""
    change = _change(key_result)
    if change is not None and noise is not None and noise > 0:
        if is_within_noise(change, noise):
            message = (
                f"the change of {_shown(change, key_result)} is no more than the noise of the baseline, "
                f"{_shown(noise_band(noise), key_result)}; ask for more, or measure something steadier"
            )
            yield LintFinding("target_within_noise", key_result.id, message)
    elif key_result.kind is KeyResultKind.RELATIVE and 0 < abs(key_result.relative_change or 0.0) < SMALLEST_CHANGE:
        asked = abs(key_result.relative_change or 0.0) * 100
        message = f"a change of {asked:.6g}% can hardly be told from noise; ask for more, or measure something steadier"
        yield LintFinding("target_within_noise", key_result.id, message)


def _change(key_result: KeyResult) -> float | None:
    """How far the way is, in the key result's unit."""
    if key_result.kind not in _FROM_A_BASELINE or key_result.baseline is None or key_result.target is None:
        return None
    return abs(key_result.target - key_result.baseline)


def _shown(value: float, key_result: KeyResult) -> str:
    return format_quantity(value, key_result.unit)


def _undescribed(key_result: KeyResult) -> Iterator[LintFinding]:
    """What people would have to know and is not said."""
    if key_result.timing is IndicatorTiming.PROXY and not key_result.proxy_note.strip():
        message = "stands for something else without saying how it is known to go with it; write proxyNote"
        yield LintFinding("proxy_without_note", key_result.id, message)
    missing = key_result.definition.missing
    if missing:
        said = 4 - len(missing)
        message = f"the definition of its metric is {said}/4 complete: {', '.join(missing)} missing"
        severity = Severity.WARNING if said else Severity.HINT
        yield LintFinding("definition_incomplete", key_result.id, message, severity)
    if not key_result.owner:
        message = "has no owner of its own; name who drives it with owner"
        yield LintFinding("no_owner", key_result.id, message, Severity.HINT)
