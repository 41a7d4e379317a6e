"""Which records may go, and which never do."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain.thinning import Steps, superfluous
from okrbridge.domain.windows import Interval

NOON = datetime(2026, 2, 3, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
INSTANT = timedelta(microseconds=1)
AFTER = -1
"""Right after the one before: what lies on a cut is alone."""


def at(minute: int) -> datetime:
    return NOON + MINUTE * minute


def gone(says: str, starts: tuple[int, ...] = (0,)) -> str:
    """What a series of one record a minute says, with a dot for what may go."""
    runs = superfluous([at(place) for place in range(len(says))], says, [at(one) for one in starts])
    return "".join(
        "." if any(run.start <= at(place) <= run.end for run in runs) else one for place, one in enumerate(says)
    )


@pytest.mark.parametrize(
    ("says", "starts", "left"),
    [
        ("", (0,), ""),
        ("a", (0,), "a"),
        ("aa", (0,), "aa"),
        ("aaaaa", (0,), "a...a"),
        # Both sides of a change stay, however short it was.
        ("aaabaaa", (0,), "a.aba.a"),
        ("abab", (0,), "abab"),
        ("aaaabb", (0,), "a..abb"),
        # The first and the last of each step stay; a step of one or two loses nothing.
        ("aaaaaaaa", (0, 4), "a..aa..a"),
        ("aaaaaa", (0, 2, 4), "aaaaaa"),
        # Nothing is known of what was before the first and after the last.
        ("aaa", (), "a.a"),
    ],
)
def test_what_lies_between_equal_neighbours_of_its_step_may_go(says: str, starts: tuple[int, ...], left: str):
    assert gone(says, starts) == left


@given(st.text("ab", max_size=40), st.sets(st.integers(0, 40)))
def test_thinning_what_is_thinned_changes_nothing(says: str, starts: set[int]):
    instants, begins = [at(place) for place in range(len(says))], sorted(map(at, starts))
    runs = superfluous(instants, says, begins)
    left = [(when, one) for when, one in zip(instants, says, strict=True) if not _is_in(runs, when)]
    assert superfluous([when for when, _ in left], [one for _, one in left], begins) == []


def _is_in(runs: list[Interval], when: datetime) -> bool:
    return any(run.start <= when <= run.end for run in runs)


@pytest.mark.parametrize(
    ("steps", "interval", "starts"),
    [
        (Steps(HOUR), Interval(NOON, NOON + 2 * HOUR), [0, 60]),
        (Steps(HOUR, frozenset({18.5 * HOUR})), Interval(NOON + 6 * HOUR, NOON + 8 * HOUR), [360, 390, AFTER, 420]),
        (Steps(HOUR, cuts=frozenset({at(7), at(70)})), Interval(NOON, NOON + HOUR), [0, 7, AFTER]),
        # From noon to noon there is one midnight.
        (Steps(DAY), Interval(NOON, NOON + DAY), [720]),
        (Steps(DAY, frozenset({18.5 * HOUR})), Interval(NOON, NOON + DAY), [390, AFTER]),
        (
            Steps(DAY, frozenset({18.5 * HOUR, 12 * HOUR})),
            Interval(NOON, NOON + 2 * DAY),
            [0, AFTER, 390, AFTER, 1440, AFTER, 1830, AFTER],
        ),
        (Steps(DAY), Interval(NOON, NOON), []),
    ],
)
def test_steps_begin_at_their_multiples_and_where_somebodys_days_do(
    steps: Steps, interval: Interval, starts: list[int]
):
    expected = [at(one) if one != AFTER else at(starts[place - 1]) + INSTANT for place, one in enumerate(starts)]
    assert steps.starts(interval) == expected
