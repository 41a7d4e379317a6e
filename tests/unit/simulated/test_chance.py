import numpy as np

from okrbridge.sources.simulated.chance import key, pick, uniform


def test_one_instant_alone_has_the_same_number_as_in_an_array():
    subject = key(7, "api", "load")
    instants = np.arange(0, 6000, 60, dtype=np.int64)
    together = uniform(subject, instants)
    assert uniform(subject, instants[40:41])[0] == together[40]


def test_numbers_are_spread_evenly_between_zero_and_one():
    numbers = uniform(key("spread"), np.arange(100_000, dtype=np.int64))
    assert numbers.min() >= 0
    assert numbers.max() < 1
    # The mean of 100,000 even numbers is 1/2 with a standard deviation of sqrt(1/12/100000) = 0.0009.
    assert abs(numbers.mean() - 0.5) < 0.004
    tenths = np.bincount((numbers * 10).astype(int), minlength=10)
    # Each tenth expects 10,000 with a standard deviation of sqrt(100000 x 0.1 x 0.9) = 95.
    assert np.all(np.abs(tenths - 10_000) < 480)


def test_subjects_differ_and_are_the_same_in_every_process():
    assert key(1, "a") != key(1, "b") != key(2, "b")
    # printf '1\0a' | b2sum -l 64 says 52494de452d10712, whatever the process.
    assert key(1, "a") == 0x52494DE452D10712
    assert 0 <= pick(9, 1, "a") < 9
