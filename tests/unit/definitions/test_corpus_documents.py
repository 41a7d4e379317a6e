"""Every real key result of the corpus, written as a document, is read as meant and moves as worked out by hand."""

import pytest
from tests.unit.definitions.okr_samples import codes, key_result
from tests.unit.domain.corpus import FOUR_DECIMALS, ROWS, WITH_NUMBERS, WORKED, Row

from okrbridge.domain.baselines import resolve_baseline
from okrbridge.domain.key_results import KeyResult, KeyResultKind
from okrbridge.domain.progress import Progress, progress_of
from okrbridge.domain.units import RATIO, parse_quantity

WITHOUT_BASELINE = ROWS["K26"]  # "latency to 200 ms"
READABLE = [row for row in WITH_NUMBERS if row is not WITHOUT_BASELINE]
MOVING = [row for row in READABLE if row.direction in {"up", "down"} and row.baseline]
CHANGING = [row for row in READABLE if row.change]
# The other kinds follow from the keys: a reach could be a target without its baseline, a band a relative.
DECLARED_KINDS = {"reach", "band"}


def lines_of(row: Row, start: str = "") -> list[str]:
    """A row as people would write it; its baseline as ``start`` where that is given."""
    kind = KeyResultKind(row.kind)
    target = "allowance" if kind is KeyResultKind.ERROR_BUDGET else "to"
    written = {
        "kind": row.kind if row.kind in DECLARED_KINDS else "",
        "from": "" if start else quoted(row.baseline),
        target: quoted(row.target),
        "change": quoted(row.change),
        "operator": row.operator,
        "requiredShare": "100%" if kind is KeyResultKind.MAINTAIN else "",
        "share": "{}" if kind is KeyResultKind.SHARE else "",
    }
    lines = [f"{key}: {value}" for key, value in written.items() if value]
    return [*lines, *([f"baseline: {start}"] if start else []), f"measure: {measure_of(row)}"]


def quoted(text: str) -> str:
    return f"'{text}'" if text else ""


def measure_of(row: Row) -> str:
    if row.kind == "countPerPeriod":
        return "{incidents: {severity: [sev1, sev2]}}"
    if row.kind == "errorBudget":
        return "{slo: api-availability}"
    return f"{{promql: metric, unit: '{row.unit.symbol or 1}'}}"


def progress_at(declared: KeyResult, value: str) -> Progress | None:
    return progress_of(declared, parse_quantity(value).to(declared.unit))


@pytest.mark.parametrize("row", READABLE, ids=lambda row: row.id)
def test_every_key_result_of_the_corpus_is_read_from_a_document(row):
    found = key_result(*lines_of(row))

    assert found.kind == row.kind
    assert (found.unit.dimension, found.unit.factor) == (row.unit.dimension, row.unit.factor)
    assert found.baseline == (0.0 if row.kind == "reach" else row.number(row.baseline) if row.baseline else None)
    assert found.operator == (row.operator or None)


@pytest.mark.parametrize("row", [row for row in READABLE if row.target], ids=lambda row: row.id)
def test_a_written_target_is_the_target(row):
    assert key_result(*lines_of(row)).target == row.number(row.target)


@pytest.mark.parametrize(
    ("row", "value", "raw"),
    [pytest.param(row, value, raw, id=f"{row.id} at {value}") for row in WORKED for value, raw in row.points],
)
def test_what_was_read_moves_as_worked_out_by_hand(row, value, raw):
    progress = progress_at(key_result(*lines_of(row)), value)

    assert progress is not None
    assert progress.raw_ratio == pytest.approx(raw, abs=FOUR_DECIMALS)
    assert progress.ratio == pytest.approx(min(1, max(0, raw)), abs=FOUR_DECIMALS)


@pytest.mark.parametrize("row", MOVING, ids=lambda row: row.id)
def test_what_was_read_begins_at_0_and_ends_at_1(row):
    found = key_result(*lines_of(row))
    assert found.target is not None

    assert progress_at(found, row.baseline) == Progress(0.0, 0.0)
    assert progress_of(found, found.target) == Progress(1.0, 1.0)


@pytest.mark.parametrize("row", CHANGING, ids=lambda row: row.id)
def test_a_change_means_the_same_of_a_written_and_of_a_measured_baseline(row):
    written, waiting = key_result(*lines_of(row)), key_result(*lines_of(row, start="{over: 90d}"))
    measured = resolve_baseline(waiting, row.number(row.baseline))

    assert (waiting.baseline, waiting.target, waiting.low, waiting.high) == (None, None, None, None)
    assert (measured.kind, measured.unit.dimension) == (written.kind, written.unit.dimension)
    assert (measured.target, measured.low, measured.high) == (written.target, written.low, written.high)


def test_percent_and_points_are_told_apart():
    # K62: 5 % more of 4 % is 4.2 %; K69: 5 points more of 40 points are 45.
    conversion, satisfaction = key_result(*lines_of(ROWS["K62"])), key_result(*lines_of(ROWS["K69"]))

    assert (conversion.kind, conversion.unit) == (KeyResultKind.RELATIVE, RATIO)
    assert conversion.target == pytest.approx(0.042)
    assert (satisfaction.kind, satisfaction.unit.symbol, satisfaction.target) == (KeyResultKind.INCREASE, "points", 45)


def test_r3_latency_to_200_ms_is_refused_because_it_starts_nowhere():
    assert codes(*lines_of(WITHOUT_BASELINE)) == ["no_baseline from"]


@pytest.mark.parametrize("row", [row for row in ROWS.values() if not row.kind], ids=lambda row: row.id)
def test_what_has_no_numbers_is_refused(row):
    assert codes(f"title: {quoted(row.name)}", "measure: {promql: metric}") == ["no_numbers"]
