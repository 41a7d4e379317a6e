"""Every real key result of the corpus can be held, moved and judged."""

import pytest
from tests.unit.domain.corpus import FOUR_DECIMALS, ROWS, WITH_NUMBERS, WORKED
from tests.unit.domain.okr_examples import HALF_WAY, known, progress_at

from okrbridge.domain.key_results import KeyResultKind
from okrbridge.domain.pacing import KeyResultStatus, pace_of
from okrbridge.domain.progress import Progress, progress_of, states_condition
from okrbridge.domain.velocity import value_needed

# Those whose progress is worked out in full: at the baseline, in between, beyond, and worse than the start.
IN_FULL = [
    f"K{number}"
    for number in (1, 2, 3, 5, 6, 7, 9, 10, 12, 13, 16, 18, 19, 20, 21, 22, 27, 31, 39, 43, 44, 47, 52, 73, 74, 75)
]
WITHOUT_NUMBERS = ["K84", "K85", "K86", "K87"]
MOVING = [row for row in WITH_NUMBERS if row.direction in {"up", "down"} and row.baseline]
HOLDING = [row for row in WITH_NUMBERS if row.direction == "hold"]


def test_the_corpus_is_whole():
    assert list(ROWS) == [f"K{number}" for number in range(1, 88)]
    assert (len(IN_FULL), sum(len(ROWS[each].points) for each in IN_FULL)) == (26, 96)
    assert [row.id for row in ROWS.values() if not row.kind] == WITHOUT_NUMBERS


@pytest.mark.parametrize(
    ("row", "value", "raw"),
    [pytest.param(row, value, raw, id=f"{row.id} at {value}") for row in WORKED for value, raw in row.points],
)
def test_progress_is_the_share_of_the_way_from_baseline_to_target(row, value, raw):
    progress = progress_at(row.resolved(), row.number(value))
    assert progress.raw_ratio == pytest.approx(raw, abs=FOUR_DECIMALS)
    assert progress.ratio == pytest.approx(min(1, max(0, raw)), abs=FOUR_DECIMALS)


@pytest.mark.parametrize("row", MOVING, ids=lambda row: row.id)
def test_progress_is_0_at_the_baseline_and_never_minus_0(row):
    progress = progress_at(row.resolved(), row.number(row.baseline))
    assert [str(progress.raw_ratio), str(progress.ratio)] == ["0.0", "0.0"]


@pytest.mark.parametrize("row", MOVING, ids=lambda row: row.id)
def test_progress_is_exactly_1_at_the_target(row):
    target = row.resolved().target
    assert progress_of(row.resolved(), target) == Progress(1.0, 1.0)


@pytest.mark.parametrize("row", MOVING, ids=lambda row: row.id)
def test_the_direction_follows_baseline_and_target(row):
    declared = row.resolved()
    assert (declared.target > declared.baseline) is (row.direction == "up")


@pytest.mark.parametrize("row", MOVING, ids=lambda row: row.id)
def test_half_of_the_way_at_half_of_the_time_is_on_track(row):
    declared = row.resolved()
    value = value_needed(known(declared.baseline), known(declared.target), 0.5)
    assert pace_of(declared, HALF_WAY, value, progress_of(declared, value)).status is KeyResultStatus.ON_TRACK


# The limit itself, and a hundredth of it to the bad side. "Under" and "above" do not take the limit itself.
@pytest.mark.parametrize("row", [row for row in HOLDING if row.operator and not row.change], ids=lambda row: row.id)
def test_what_must_hold_is_judged_by_its_limit_and_its_operator(row):
    declared = row.resolved()
    worse = declared.target * (0.99 if declared.operator.wants_high else 1.01)
    at_limit = KeyResultStatus.ON_TRACK if row.operator in {"ge", "le"} else KeyResultStatus.OFF_TRACK
    statuses = [
        pace_of(declared, HALF_WAY, value, progress_of(declared, value, compliance=1.0)).status
        for value in (declared.target, worse)
    ]
    assert states_condition(declared)
    assert statuses == [at_limit, KeyResultStatus.OFF_TRACK]


@pytest.mark.parametrize("row", [row for row in WITH_NUMBERS if row.kind in {"share", "reach"}], ids=lambda row: row.id)
def test_a_share_and_a_reach_start_at_nothing(row):
    declared = row.resolved()
    assert declared.baseline is None
    # v / T: a target of 97.5 % is reached at 97.5 %, and half of it is half of the way.
    at = [progress_of(declared, part * declared.target) for part in (0.0, 0.5, 1.0)]
    assert at == [Progress(0.0, 0.0), Progress(0.5, 0.5), Progress(1.0, 1.0)]


# Values at 0.3 and 0.7 of the way: K1 99.2 + 0.3 x 0.75 = 99.425, K2 800 - 0.3 x 600 = 620, K3 12 - 0.3 x 9 = 9.3,
# K10 2 + 0.3 x 19 = 7.7, K39 900 - 0.3 x 300 = 810.
@pytest.mark.parametrize(
    ("name", "commit", "target"),
    [
        ("K1", "99.425%", "99.725%"),
        ("K2", "620ms", "380ms"),
        ("K3", "9.3/month", "5.7/month"),
        ("K10", "7.7/week", "15.3/week"),
        ("K39", "810ms", "690ms"),
    ],
)
def test_the_commit_and_target_points_lie_at_0_3_and_0_7_of_the_way(name, commit, target):
    row = ROWS[name]
    declared = row.resolved()
    for ratio, text in ((0.3, commit), (0.7, target)):
        value = row.number(text)
        assert value_needed(known(declared.baseline), known(declared.target), ratio) == pytest.approx(value)
        assert progress_at(declared, value).raw_ratio == pytest.approx(ratio)


def test_r3_without_a_baseline_there_is_no_progress():
    declared = ROWS["K26"].resolved()  # "latency to 200 ms"
    assert progress_of(declared, 180.0) is None
    assert pace_of(declared, HALF_WAY, 180.0, None).status is KeyResultStatus.NO_DATA


def test_every_kind_of_the_corpus_is_known():
    assert {row.kind for row in WITH_NUMBERS} <= set(KeyResultKind)
