from datetime import UTC, datetime, timedelta, timezone

import pytest

from okrbridge.storage.values import from_microseconds, storable, to_microseconds


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 10, 1, 12, 0, 0, 1, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
        datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    ],
)
def test_instants_are_exact_to_the_microsecond(at: datetime):
    assert from_microseconds(to_microseconds(at)) == at


def test_an_instant_in_another_zone_is_the_same_instant():
    berlin = datetime(2026, 10, 1, 2, 0, tzinfo=timezone(timedelta(hours=2)))
    assert from_microseconds(to_microseconds(berlin)) == datetime(2026, 10, 1, tzinfo=UTC)


def test_an_instant_without_a_zone_is_refused():
    with pytest.raises(ValueError, match="no time zone"):
        to_microseconds(datetime(2026, 10, 1))  # noqa: DTZ001 - the refused case itself


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        ("sum(a)\n\tby ä \u202f€", "sum(a)\n\tby ä \u202f€"),
        ("nul \x00", "nul \ufffd"),
        ("\x1b[31mred\x07\x9b0m\x7f", "\ufffd[31mred\ufffd\ufffd0m\ufffd"),
        ("half \ud83d", "half ?"),
        ("", ""),
    ],
)
def test_a_text_keeps_what_people_read_and_nothing_that_a_terminal_obeys(text: str, stored: str):
    assert storable(text) == stored
