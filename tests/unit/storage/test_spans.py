import numpy as np
import pytest

from okrbridge.storage.spans import Span, lattice, runs, slices_in_hours

HOUR = 3600


@pytest.mark.parametrize(
    ("span", "whole", "edges"),
    [
        (Span(0, 2 * HOUR), Span(0, 2 * HOUR), []),
        (Span(3480, 7320), Span(3600, 7200), [Span(3480, 3600), Span(7200, 7320)]),
        (Span(60, 120), None, [Span(60, 120)]),
        (Span(3540, 3660), None, [Span(3540, 3600), Span(3600, 3660)]),  # across a full hour, with no whole hour inside
        (Span(60, 60), None, []),
        (Span(0, 0), None, []),
        (Span(0, HOUR + 60), Span(0, HOUR), [Span(HOUR, HOUR + 60)]),
    ],
)
def test_a_span_is_cut_into_whole_hours_and_edges(span: Span, whole: Span | None, edges: list[Span]):
    assert span.cut_at_hours() == (whole, edges)


@pytest.mark.parametrize(
    ("points", "spans"),
    [
        ([], []),
        ([60], [Span(60, 120)]),
        ([0, 60, 180], [Span(0, 120), Span(180, 240)]),
        ([0, 120, 240], [Span(0, 60), Span(120, 180), Span(240, 300)]),
    ],
)
def test_points_are_joined_into_their_longest_runs(points: list[int], spans: list[Span]):
    assert runs(np.array(points, dtype=np.int64), 60) == spans


@pytest.mark.parametrize(
    ("span", "step", "points"),
    [
        (Span(0, 180), 60, [0, 60, 120]),
        (Span(3600, 7200), 2400, [4800]),  # 2400 and 7200 are outside
        (Span(3600, 7200), 7200, []),
    ],
)
def test_the_lattice_inside_a_span(span: Span, step: int, points: list[int]):
    assert lattice(span, step).tolist() == points


@pytest.mark.parametrize(
    ("step", "numbers"),
    [
        (60, [60, 60, 60]),
        # Multiples of 64: 57 of them (0 … 3584) are below 3600, 113 below 7200 (0 … 7168), 169 below 10800.
        (64, [57, 56, 56]),
        (7200, [1, 0, 1]),
    ],
)
def test_how_many_slices_start_in_an_hour(step: int, numbers: list[int]):
    assert slices_in_hours(np.array([0, HOUR, 2 * HOUR]), step).tolist() == numbers
