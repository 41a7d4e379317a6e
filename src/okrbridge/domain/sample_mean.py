"""The mean of a sample, such as the answers to a survey, and how far off it the mean of all may lie."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist

import numpy as np

_STUDENT = (12.706204737, 4.302652730, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252, 2.306004135)
"""The 97.5 % quantiles of Student's t with 1 to 8 degrees of freedom, as in any table of it."""
_Z = NormalDist().inv_cdf(0.975)


def sample_deviation(numbers: Sequence[float]) -> float | None:
    """The standard deviation of a sample, ``sqrt(sum((x - mean)^2) / (n - 1))``, in the unit of the numbers.

    Worked example: 40, 44 and 48 have the mean 44: sqrt((16 + 0 + 16) / 2) = 4.

    Returns:
        None with fewer than two numbers, and where they are too large for floats to square.
    """
    if len(numbers) < 2:
        return None
    with np.errstate(over="ignore", invalid="ignore"):
        found = float(np.std(numbers, ddof=1))
    return found if math.isfinite(found) else None


def student_t(freedom: int) -> float:
    """How many standard errors hold the mean with 95 %: the 97.5 % quantile of Student's t.

    From a table up to 8 degrees of freedom; above by the expansion around the normal quantile z,
    ``z + (z^3 + z) / 4v + (5 z^5 + 16 z^3 + 3 z) / 96 v^2 + ...``, whose four terms are right to 0.00002. Source:
    Student 1908; Abramowitz and Stegun 1964, 26.7.5.

    Worked example: 11 degrees of freedom make 1.95996 + 0.21566 + 0.02333 + 0.00192 + 0.00011 = 2.2010.

    Args:
        freedom: degrees of freedom, 1 or more.

    Raises:
        ValueError: there is no degree of freedom.
    """
    if freedom < 1:
        raise ValueError(f"{freedom} is no number of degrees of freedom")
    if freedom <= len(_STUDENT):
        return _STUDENT[freedom - 1]
    z = _Z
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    third = (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384
    fourth = (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160
    return z + first / freedom + second / freedom**2 + third / freedom**3 + fourth / freedom**4


def mean_interval(mean: float, deviation: float, count: int) -> tuple[float, float]:
    """The 95 % interval of the mean of all, from that of a sample: ``mean +- t x s / sqrt(n)``.

    It takes the answers for independent, and those who answer for the others. Source: Student 1908.

    Worked example: 12 answers with the mean 44 and the standard deviation 6: 2.2010 x 6 / sqrt(12) = 3.8122, so 40.19
    to 47.81.

    Args:
        mean, deviation: of the sample, in its unit.
        count: numbers in the sample.

    Raises:
        ValueError: fewer than two numbers.
    """
    half = student_t(count - 1) * deviation / math.sqrt(count)
    return mean - half + 0.0, mean + half + 0.0
