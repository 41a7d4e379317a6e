"""Budgets of a number of failures: "at most N" in a window, whatever the traffic.

Where events are few, such as incidents or nightly jobs, a share of them says little and a target of 100 % has no
budget at all; a number of failures says what is meant. Ours. Every function works on floats and on arrays alike.
"""

from __future__ import annotations

from okrbridge.domain.error_budget import Number, quotient


def consumed_count(bad: Number, most: Number) -> Number:
    """Share of the budget that is spent: ``bad / N``, in a calendar window to date as in a rolling one.

    Worked example: 2 failures of at most 5 spend 0.4.
    """
    return quotient(bad, most, otherwise=0.0)


def count_burn_rate(bad: Number, most: Number, window_seconds: Number, burn_seconds: Number) -> Number:
    """How fast the budget is spent, in multiples of the even pace: ``(bad in w / N) x (W / w)``.

    Worked example: 1 failure of at most 5 in 30 days within the last day: 1/5 x 30 = 6.

    Args:
        bad: failures in the burn window.
        most: N, the failures allowed in the SLO's window.
        window_seconds: W, length of the SLO's window.
        burn_seconds: w, length of the burn window.
    """
    return quotient(consumed_count(bad, most) * window_seconds, burn_seconds, otherwise=0.0)
