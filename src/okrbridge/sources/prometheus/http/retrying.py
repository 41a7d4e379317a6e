"""Which failures deserve another try, when, and until when."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    stop_after_attempt,
    stop_before_delay,
    wait_random_exponential,
)

from okrbridge.sources.prometheus.http.envelope import Reply, TransientSourceError

MOST_ATTEMPTS = 4
_unasked_wait = wait_random_exponential(multiplier=0.2, max=5)


class Deadline:
    """The end of the time a question may take."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self._clock = clock
        self._end = clock() + seconds

    def remaining(self) -> float:
        """Seconds left; zero or less when it has passed."""
        return self._end - self._clock()


def retried(attempt: Callable[[], Reply], deadline: Deadline, attempts: int = MOST_ATTEMPTS) -> Reply:
    """Call until it succeeds, fails for good, or the next try would begin after the deadline.

    Args:
        attempts: the most calls.

    Raises:
        SourceError: the last failure.
    """
    retrying = Retrying(
        retry=retry_if_exception_type(TransientSourceError),
        wait=wait_seconds,
        stop=stop_after_attempt(attempts) | stop_before_delay(deadline.seconds),
        reraise=True,
    )
    return retrying(attempt)


def wait_seconds(state: RetryCallState) -> float:
    """What the server asked for, else a short growing time with chance in it, so that clients do not march in step."""
    error = state.outcome.exception() if state.outcome else None
    asked_for = error.retry_after if isinstance(error, TransientSourceError) else None
    return asked_for if asked_for is not None else _unasked_wait(state)


def retry_after_seconds(header: str, now: datetime | None = None) -> float | None:
    """Seconds asked for by a ``Retry-After`` header, a number or a date; None when it says neither."""
    text = header.strip()
    if text.isdecimal():
        return float(text)
    try:
        until = parsedate_to_datetime(text)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return max(0.0, (until - (now or datetime.now(UTC))).total_seconds())
