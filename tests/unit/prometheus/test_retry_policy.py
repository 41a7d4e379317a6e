"""When another try begins."""

from datetime import UTC, datetime

import pytest
from tenacity import Future, RetryCallState, Retrying

from okrbridge.errors import SourceFailureReason
from okrbridge.sources.prometheus.http.envelope import Asked
from okrbridge.sources.prometheus.http.retrying import Deadline, retry_after_seconds, wait_seconds

NOW = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        (" 120 ", 120),
        ("Sun, 01 Mar 2026 12:00:30 GMT", 30),
        ("Sun, 01 Mar 2026 11:59:00 GMT", 0),
        ("soon", None),
        ("-5", None),
    ],
)
def test_retry_after_is_a_number_or_a_date(header, seconds):
    assert retry_after_seconds(header, NOW) == seconds


def state_after(attempts: int, retry_after: float | None) -> RetryCallState:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = attempts
    error = Asked("prom", "http://prom").transient(SourceFailureReason.OVERLOADED, "is busy", retry_after=retry_after)
    state.outcome = Future(attempts)
    state.outcome.set_exception(error)
    return state


def test_the_server_s_own_wish_is_followed():
    assert wait_seconds(state_after(1, 7.5)) == 7.5


@pytest.mark.parametrize(("attempts", "most"), [(1, 0.2), (2, 0.4), (3, 0.8)])
def test_without_a_wish_the_wait_grows_by_chance_up_to_a_doubling_bound(attempts, most):
    assert all(0 <= wait_seconds(state_after(attempts, None)) <= most for _ in range(50))


def test_a_deadline_counts_down_on_its_clock():
    times = iter([100.0, 103.0, 111.0])
    deadline = Deadline(10, clock=lambda: next(times))
    assert deadline.remaining() == 7
    assert deadline.remaining() == -1
