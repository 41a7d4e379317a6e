import pytest

from okrbridge.domain.pacing import KeyResultStatus
from okrbridge.domain.portfolio import net_confidence_ratio

S = KeyResultStatus


@pytest.mark.parametrize(
    ("statuses", "ratio"),
    [
        ([S.ON_TRACK] * 3 + [S.AT_RISK, S.OFF_TRACK], 0.4),  # 3/5 - 1/5
        ([S.ON_TRACK, S.ACHIEVED], 1.0),
        ([S.OFF_TRACK, S.MISSED], -1.0),
        ([S.ON_TRACK, S.OFF_TRACK], 0.0),
        # Silence is in the whole and on neither side: 1/3.
        ([S.ON_TRACK, S.NO_DATA, S.STALE], 1 / 3),
        # What has not begun is left out.
        ([S.ON_TRACK, S.NOT_STARTED, S.TOO_EARLY], 1.0),
    ],
)
def test_net_confidence_is_the_share_on_track_less_the_share_off_track(statuses, ratio):
    assert net_confidence_ratio(statuses) == pytest.approx(ratio)


@pytest.mark.parametrize("statuses", [[], [S.NOT_STARTED, S.TOO_EARLY]])
def test_without_anything_to_judge_there_is_no_net_confidence(statuses):
    assert net_confidence_ratio(statuses) is None
