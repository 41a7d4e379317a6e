"""How a value became progress, gap and expectation: each formula with the numbers put in."""

from __future__ import annotations

from okrbridge.application.formula_items import formula, number
from okrbridge.application.reports import Item, finite, rfc3339
from okrbridge.application.snapshot import KeyResultReport
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.progress import states_condition

_AS_IT_IS = (KeyResultKind.BINARY, KeyResultKind.MILESTONE, KeyResultKind.ORDINAL, KeyResultKind.COMPOSITE)


def progress_formulas(report: KeyResultReport) -> list[Item]:
    """The formulas from the value on; only the expectation while there is no progress."""
    progress, key_result = report.progress, report.key_result
    expected = _expected(report)
    if progress.value is None or progress.raw_ratio is None:
        return [expected]
    raw, done = number(progress.raw_ratio), number(progress.progress_ratio)
    goal = report.policy.goal_factor(key_result.commitment)
    numbers = f"{number(goal)} x {number(progress.expected_ratio)} - {done}"
    return [
        *_compliance(report),
        _raw(report, progress.value, progress.raw_ratio),
        formula("progress_ratio", "raw, held between 0 and 1", f"min(1, max(0, {raw}))", progress.progress_ratio),
        expected,
        formula("gap_ratio", "goal x expected - progress; above 0 is behind", numbers, progress.gap_ratio),
    ]


def _compliance(report: KeyResultReport) -> list[Item]:
    """The good share of the time, of what is to be maintained."""
    details = report.measurement.details
    good, observed = details.get("good_seconds"), details.get("observed_seconds")
    if not isinstance(good, int | float) or not isinstance(observed, int | float):
        return []
    ratio = details.get("compliance_ratio")
    numbers = f"{number(float(good))} s / {number(float(observed))} s"
    value = float(ratio) if isinstance(ratio, int | float) else None
    return [formula("compliance_ratio", "good time / observed time that qualifies", numbers, value)]


def _raw(report: KeyResultReport, value: float, raw: float) -> Item:
    key_result, shown = report.key_result, number(value)
    if key_result.best_of:
        others = ", ".join(key_result.best_of)
        return formula("raw_ratio", f"the furthest of its own and of {others}", number(raw), raw)
    if key_result.kind is KeyResultKind.ERROR_BUDGET and key_result.target is not None:
        return _raw_of_budget(shown, key_result.target, raw)
    if key_result.kind is KeyResultKind.MAINTAIN:
        ratio = number(finite_number(report.measurement.details.get("compliance_ratio")))
        numbers = f"{ratio} / {number(key_result.required_share)}"
        return formula("raw_ratio", "compliance / required share of the time", numbers, raw)
    if key_result.kind in _AS_IT_IS:
        return formula("raw_ratio", "the value as it is", shown, raw)
    if states_condition(key_result) and key_result.baseline is None:
        return _raw_of_condition(report, shown, raw)
    return _raw_of_way(key_result, shown, raw)


def _raw_of_way(key_result: KeyResult, shown: str, raw: float) -> Item:
    target = number(key_result.target)
    if key_result.baseline is None:
        return formula("raw_ratio", "value / target", f"{shown} / {target}", raw)
    baseline = number(key_result.baseline)
    numbers = f"({shown} - {baseline}) / ({target} - {baseline})"
    return formula("raw_ratio", "(value - baseline) / (target - baseline)", numbers, raw)


def _raw_of_condition(report: KeyResultReport, shown: str, raw: float) -> Item:
    key_result, details = report.key_result, report.measurement.details
    if key_result.kind is KeyResultKind.BAND:
        low = f"{number(key_result.low)} \u2264 " if key_result.low is not None else ""
        high = f" \u2264 {number(key_result.high)}" if key_result.high is not None else ""
        return formula("raw_ratio", "1 while it is inside, else 0", f"({low}{shown}{high})", raw)
    if details.get("is_for_all"):
        numbers = f"{details.get('good')} / {details.get('total')}"
        return formula("raw_ratio", "members that meet it / members that can be judged", numbers, raw)
    sign = key_result.operator.sign if key_result.operator else "?"
    numbers = f"({shown} {sign} {number(key_result.target)})"
    return formula("raw_ratio", "1 while it holds, else 0", numbers, raw)


def _raw_of_budget(shown: str, allowance: float, raw: float) -> Item:
    rest = "(1 - consumed) / (1 - allowance)" if allowance < 1 else "1 - (consumed - 1)"
    text = f"1 while consumed is within the allowance, else {rest}, at least 0"
    if raw >= 1:
        return formula("raw_ratio", text, f"({shown} \u2264 {number(allowance)})", raw)
    numbers = f"(1 - {shown}) / (1 - {number(allowance)})" if allowance < 1 else f"1 - ({shown} - 1)"
    return formula("raw_ratio", text, f"max(0, {numbers})", raw)


def finite_number(value: object) -> float | None:
    """A number in the details; None for anything else."""
    return finite(float(value)) if isinstance(value, int | float) else None


def _expected(report: KeyResultReport) -> Item:
    key_result, progress = report.key_result, report.progress
    start, due = rfc3339(key_result.period.start), rfc3339(key_result.period.end)
    if key_result.checkpoints:
        points = ", ".join(f"{number(planned)} at {rfc3339(at)}" for at, planned in key_result.checkpoints)
        numbers = f"0 at {start}, {points}, 1 at {due}; at {rfc3339(progress.at)}"
        return formula("expected_ratio", "straight lines through the checkpoints", numbers, progress.expected_ratio)
    days = max(0.0, (progress.at - key_result.period.start).total_seconds() / 86400)
    length = key_result.period.length.total_seconds() / 86400
    numbers = f"{days:.6g} d / {length:.6g} d"
    return formula("expected_ratio", "elapsed / length of the period, at most 1", numbers, progress.expected_ratio)
