"""Error budgets of periods that are not over yet.

A rolling window is always whole. A calendar window holds only the events so far, so what is spent is judged
against the budget of the whole period. Every function works on floats and on numpy arrays alike.
"""

from __future__ import annotations

from typing import cast

import numpy as np

from okrbridge.domain.error_budget import Number, budget_ratio, quotient


def consumed_time_slices(bad_slices: Number, period_slices: Number, target_ratio: float) -> Number:
    """Share of a period's budget of time slices that is spent: ``bad slices / (b x slices of the whole period)``.

    Ours: the number of slices of a period is known before it is over, unlike the number of its events.

    Worked example: 21 bad minutes in a month of 30 days (43 200 minutes) at 0.999 spend 21 / 43.2 = 0.486.

    Args:
        bad_slices: bad slices to date.
        period_slices: slices of the whole period that are in force.
        target_ratio: promised share of good slices.
    """
    return quotient(bad_slices, budget_ratio(target_ratio) * period_slices, otherwise=0.0)


def expected_consumption(elapsed_seconds: Number, period_seconds: Number) -> Number:
    """Share of the budget that the even pace, a burn rate of 1, has spent by now: the elapsed share, 0..1.

    Worked example: on day 15 of 30 it is 0.5.
    """
    return quotient(elapsed_seconds, period_seconds, otherwise=0.0)


def seconds_to_exhaustion(remaining_ratio: Number, burn_rate: Number, window_seconds: Number) -> Number:
    """How long the rest of the budget lasts at a burn rate: ``remaining x window / burn`` [seconds].

    A burn rate of 1 spends the whole budget in one window. 0 when the budget is spent; infinite when nothing burns.
    For a rolling window it holds while no old failure leaves the window.

    Worked example: half of a 30-day budget lasts 15 days at a burn rate of 1 and 1.5 days at 10.
    """
    lasting = quotient(remaining_ratio * window_seconds, burn_rate, otherwise=np.inf)
    left = np.where(remaining_ratio > 0, lasting, 0.0)
    return cast("Number", left if left.ndim else left.item())
