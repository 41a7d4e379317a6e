import pytest

from okrbridge.domain.confidence import (
    ConfidenceColour,
    ConfidenceDirection,
    colour_of,
    divergence,
    is_divergent,
    is_drop,
    machine_confidence,
    trend_of,
)

GREEN, AMBER, RED = ConfidenceColour.GREEN, ConfidenceColour.AMBER, ConfidenceColour.RED


@pytest.mark.parametrize(
    ("confidence", "colour"), [(0, RED), (3, RED), (4, AMBER), (6, AMBER), (7, GREEN), (10, GREEN)]
)
def test_a_confidence_has_a_colour(confidence, colour):
    assert colour_of(confidence) is colour


@pytest.mark.parametrize("confidence", [-1, 11])
def test_a_confidence_off_the_scale_is_refused(confidence):
    with pytest.raises(ValueError, match="is not between 0 and 10"):
        colour_of(confidence)


def test_r44_three_check_ins_show_their_colours_and_their_trend():
    trend = trend_of([8, 7, 4])
    assert trend.colours == (GREEN, GREEN, AMBER)
    assert trend.direction is ConfidenceDirection.FALLING


@pytest.mark.parametrize(
    ("confidences", "direction"),
    [
        ([], None),
        ([5], None),
        ([5, 5], ConfidenceDirection.STEADY),
        ([4, 6, 8], ConfidenceDirection.RISING),
        ([5, 9, 5, 5, 5], ConfidenceDirection.STEADY),  # one outlier is no trend
    ],
)
def test_the_direction_is_that_of_all_check_ins(confidences, direction):
    assert trend_of(confidences).direction is direction


@pytest.mark.parametrize(("before", "now", "drop"), [(7, 4, True), (7, 5, False), (10, 0, True), (4, 7, False)])
def test_r45_a_fall_of_three_points_asks_for_a_conversation(before, now, drop):
    assert is_drop(before, now) is drop
    assert trend_of([before, now]).drops == ((1,) if drop else ())


def test_a_slow_fall_is_no_drop():
    assert trend_of([9, 7, 5, 3]).drops == ()


# Halves go up: 0.25 is 3 where rounding to even gives 2; 0.05 x 10 + 0.5 is 1.
@pytest.mark.parametrize(
    ("probability", "confidence"),
    [(0.0, 0), (0.049, 0), (0.05, 1), (0.25, 3), (0.35, 4), (0.449, 4), (0.45, 5), (0.95, 10), (1.0, 10)],
)
def test_the_machines_confidence_is_its_probability_in_tenths(probability, confidence):
    assert machine_confidence(probability) == confidence


@pytest.mark.parametrize(
    ("human", "machine", "apart", "divergent"),
    [
        (8, 3, 5, True),
        (8, 4, 4, True),
        (8, 5, 3, False),
        (2, 6, -4, True),
        (None, 6, None, False),
        (8, None, None, False),
    ],
)
def test_people_and_machine_four_points_apart_are_flagged(human, machine, apart, divergent):
    assert divergence(human, machine) == apart
    assert is_divergent(human, machine) is divergent
