"""Time slices are made of whole slices of the grid; others are refused with a remedy."""

from datetime import timedelta

import pytest
from tests.fakes.definitions import slo

from okrbridge.application.time_slice_sums import require_whole_slices
from okrbridge.domain.slo import Budgeting, Slo, TimeSlices
from okrbridge.domain.windows import Grid
from okrbridge.errors import ConfigurationError


def sliced(name: str, seconds: int) -> Slo:
    slices = TimeSlices(timedelta(seconds=seconds), 0.95)
    return Slo(name, "api", slo().sli, 0.99, slo().window, budgeting=Budgeting.TIMESLICES, time_slices=slices)


@pytest.mark.parametrize(("step", "seconds"), [(60, 60), (60, 300), (30, 90)])
def test_multiples_of_the_tick_are_accepted(step, seconds):
    require_whole_slices([slo(), sliced("a", seconds)], Grid(timedelta(seconds=step)))


def test_others_are_named_with_the_remedy():
    with pytest.raises(ConfigurationError) as refused:
        require_whole_slices([sliced("a", 90), sliced("b", 60), sliced("c", 30)], Grid(timedelta(seconds=60)))
    assert str(refused.value) == (
        "timeSliceWindow must be a multiple of the tick of 1m, and is not in the SLOs a (90s), c (30s); "
        "write a multiple of 1m, or set OKRBRIDGE_TICK_SECONDS so that it divides them"
    )


def test_many_others_are_counted():
    with pytest.raises(ConfigurationError, match="and 2 more"):
        require_whole_slices([sliced(str(number), 90) for number in range(12)], Grid(timedelta(seconds=60)))
