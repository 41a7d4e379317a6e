import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from okrbridge.domain import units
from okrbridge.domain.units import (
    PERCENT,
    PLAIN,
    RATIO,
    Unit,
    convert,
    finer,
    format_change,
    format_quantity,
    parse_quantity,
    parse_unit,
)
from okrbridge.errors import UnitError


@pytest.mark.parametrize(
    ("text", "value", "unit"),
    [
        ("99.95%", 0.9995, "ratio"),
        ("99.9%", 0.999, "ratio"),
        ("99.99 %", 0.9999, "ratio"),
        ("99.2 percent", 0.992, "ratio"),
        ("0.2%", 0.002, "ratio"),
        ("7 out of 10", 0.7, "ratio"),  # 7 / 10
        ("5 out of 10", 0.5, "ratio"),
        ("0.9995 ratio", 0.9995, "ratio"),
        ("500ppm", 0.0005, "ratio"),
        ("40%/month", 40.0, "%/month"),  # a rate of percent stays one: it is no share of anything
        ("800ms", 800.0, "ms"),
        ("4.2 s", 4.2, "s"),
        ("25min", 25.0, "min"),
        ("15 minutes", 15.0, "minutes"),
        ("4 hours", 4.0, "hours"),
        ("45 days", 45.0, "days"),
        ("2.1MB", 2.1, "MB"),
        ("500 KB", 500.0, "KB"),
        ("2.1 MiB", 2.1, "MiB"),
        ("2/week", 2.0, "/week"),
        ("3/day", 3.0, "/day"),
        ("12/month", 12.0, "/month"),
        ("6 /quarter", 6.0, "/quarter"),
        ("8k", 8000.0, ""),
        ("2.1k", 2100.0, ""),
        ("1.5M", 1_500_000.0, ""),
        ("2k/day", 2000.0, "/day"),
        ("8,000", 8000.0, ""),
        ("14,000", 14000.0, ""),
        ("2.0x", 2.0, "x"),
        ("50 points", 50.0, "points"),
        ("18,500 EUR", 18500.0, "EUR"),
        ("0", 0.0, ""),
        ("-2.5", -2.5, ""),
        ("+5 points", 5.0, "points"),
        ("1e3", 1000.0, ""),
        (".5", 0.5, ""),
        (23, 23.0, ""),
        (0.992, 0.992, ""),
    ],
)
def test_a_quantity_is_read_with_its_unit(text, value, unit):
    quantity = parse_quantity(text)
    assert (quantity.value, quantity.unit) == (value, parse_unit(unit))


def test_every_percentage_of_two_decimals_is_the_float_nearest_to_its_ratio():
    # 99.9 / 100 in floats is 0.9990000000000001; people wrote 0.999, and it is shown back to them.
    for hundredths in range(10001):
        written = f"{hundredths // 100}.{hundredths % 100:02}%"
        assert parse_quantity(written).value == float(f"{hundredths}e-4"), written


def test_a_quantity_keeps_the_text_it_was_read_from():
    assert parse_quantity(" 99.95% ").text == "99.95%"


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "is not a quantity"),
        ("   ", "is not a quantity"),
        ("fast", "is not a quantity"),
        ("%", "is not a quantity"),
        ("NaN", "is not a quantity"),
        ("inf", "is not a quantity"),
        ("-inf", "is not a quantity"),
        ("--5", "is not a quantity"),
        ("5 1", "is not a quantity"),
        ("1 000", "is not a quantity"),
        ("1e999", "not a finite number"),
        ("1e999%", "not a finite number"),
        ("9e307k", "not a finite number"),
        (float("nan"), "not a finite number"),
        (float("inf"), "not a finite number"),
        (10**400, "300 digits"),
        (True, "'true' is not a quantity"),
        (False, "'false' is not a quantity"),
        ("3 out of 0", "a share of nothing"),
        ("99,95%", "write one number with a decimal point and a unit, such as 99.95%"),
        ("40-50", "write one number"),
        ("1.2.3", "write one number"),
        ("800 mss", "did you mean 'ms'"),
        ("2 mb", "did you mean 'MB'"),
        ("2 KIB", "did you mean 'KiB'"),
        ("15 minuts", "did you mean 'minutes'"),
        ("99 persent", "did you mean 'percent'"),
        ("2/weak", "did you mean 'week'"),
        ("2/mont", "did you mean 'month'"),
        ("100 users", "a count of things is a number alone"),
        ("3/day/week", "unknown period"),
    ],
)
def test_what_is_no_quantity_is_refused_with_a_remedy(text, complaint):
    with pytest.raises(UnitError, match=complaint):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("value", "source", "target", "expected"),
    [
        (2.1, "MB", "KB", 2100.0),  # decimal prefixes: 2.1 x 1000
        (2.1, "MiB", "KiB", 2150.4),  # binary prefixes: 2.1 x 1024
        (2.1, "MiB", "KB", 2202.0096),  # 2.1 x 1024 x 1024 / 1000
        (500.0, "KB", "MB", 0.5),
        (800.0, "ms", "s", 0.8),
        (0.035, "s", "ms", 35.0),
        (15.0, "min", "s", 900.0),
        (900.0, "s", "min", 15.0),
        (2.0, "w", "d", 14.0),
        (3.0, "/day", "/week", 21.0),  # 3 x 7
        (7.0, "/week", "/day", 1.0),
        (21.0, "/week", "/day", 3.0),
        (1.0, "/s", "/min", 60.0),
        (12.0, "/month", "/quarter", 36.0),  # 12 x 3
        (2.0, "/quarter", "/year", 8.0),  # 2 x 4
        (3.0, "/month", "/year", 36.0),
        (40.0, "%/month", "%/quarter", 120.0),
        (99.9, "%", "ratio", 0.999),
        (99.99, "%", "ratio", 0.9999),
        (0.07, "ratio", "%", 7.0),  # in floats 0.07 * 100 is 7.000000000000001
        (8.0, "x", "x", 8.0),
    ],
)
def test_units_of_one_dimension_convert(value, source, target, expected):
    assert convert(value, parse_unit(source), parse_unit(target)) == expected


@pytest.mark.parametrize(
    ("source", "target", "complaint"),
    [
        ("/month", "/day", "months and quarters have no fixed number of days"),
        ("/week", "/quarter", "months and quarters have no fixed number of days"),
        ("ms", "MB", "ms does not convert to MB"),
        ("%", "", "% does not convert to a plain number"),
        ("", "x", "a plain number does not convert to x"),
        ("EUR", "USD", "EUR does not convert to USD"),
        ("%/month", "/month", "does not convert"),
        ("points", "%", "points does not convert to %"),
    ],
)
def test_units_of_different_dimensions_do_not_convert(source, target, complaint):
    with pytest.raises(UnitError, match=complaint):
        convert(1.0, parse_unit(source), parse_unit(target))


@pytest.mark.parametrize(("value", "source", "target"), [(1e306, "w", "ms"), (-1e300, "TiB", "B"), (1e308, "h", "ns")])
def test_a_number_too_large_in_the_other_unit_is_refused(value, source, target):
    with pytest.raises(UnitError, match=f"is too large a number in {target}"):
        convert(value, parse_unit(source), parse_unit(target))


@pytest.mark.parametrize(
    ("one", "other", "kept"),
    [
        ("2/week", "3/day", "/week"),
        ("3/day", "2/week", "/week"),
        ("2.1MB", "500KB", "KB"),
        ("1s", "800ms", "ms"),
        ("12/month", "3/quarter", "/quarter"),
        ("99.2%", "7 out of 10", "ratio"),
    ],
)
def test_two_units_meet_in_the_finer_one(one, other, kept):
    assert finer(parse_quantity(one).unit, parse_quantity(other).unit) == parse_unit(kept)


def test_a_month_and_a_day_have_no_finer_unit():
    with pytest.raises(UnitError, match="no fixed number of days"):
        finer(parse_unit("/month"), parse_unit("/day"))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.9995, RATIO, "99.95%"),
        (99.95, PERCENT, "99.95%"),
        (-0.0, RATIO, "0%"),
        (800.0, parse_unit("ms"), "800 ms"),
        (2100.0, parse_unit("KB"), "2,100 KB"),
        (21.0, parse_unit("/week"), "21/week"),
        (2.0, parse_unit("x"), "2x"),
        (14000.0, PLAIN, "14,000"),
        (999_999.7, PLAIN, "1,000,000"),
        (1_234_567.0, PLAIN, "1,234,567"),
        (0.123456789, PLAIN, "0.123457"),
    ],
)
def test_a_quantity_is_written_for_people(value, unit, text):
    assert format_quantity(value, unit) == text


def test_the_examples_in_the_docstrings_hold():
    assert doctest.testmod(units).failed == 0


_BY_DIMENSION = {
    "time": ("ns", "us", "ms", "s", "min", "h", "d", "w"),
    "size": ("B", "KB", "MB", "GB", "KiB", "MiB"),
    "ratio": ("ratio", "%"),
    "number/time": ("/s", "/min", "/h", "/day", "/week"),
    "number/months": ("/month", "/quarter", "/year"),
}
_PAIRS = st.sampled_from(
    [(parse_unit(one), parse_unit(other)) for symbols in _BY_DIMENSION.values() for one in symbols for other in symbols]
)
# Far from the smallest float there is, where dividing by 1024 loses digits.
_SIZES = st.floats(min_value=1e-12, max_value=1e12)
_VALUES = _SIZES | _SIZES.map(lambda size: -size) | st.just(0.0)


@given(_VALUES, _PAIRS)
def test_converting_there_and_back_returns_the_value(value: float, pair: tuple[Unit, Unit]):
    one, other = pair
    assert convert(convert(value, one, other), other, one) == pytest.approx(value, rel=1e-12, abs=0)


@given(st.floats(min_value=0, max_value=1e12), st.floats(min_value=0, max_value=1e12), _PAIRS)
def test_converting_keeps_the_order_of_values(low: float, high: float, pair: tuple[Unit, Unit]):
    low, high = sorted((low, high))
    assert convert(low, *pair) <= convert(high, *pair)


@given(_PAIRS)
def test_one_of_the_coarser_unit_is_at_least_one_of_the_finer(pair: tuple[Unit, Unit]):
    kept = finer(*pair)
    assert kept in pair
    assert all(convert(1.0, unit, kept) >= 1 for unit in pair)


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        # From 99.8 % to 99.75 %; 5 of 100 parts in a unit of percent; a way in milliseconds.
        (-0.0005, "ratio", "-0.05 pp"),
        (5.0, "%", "5 pp"),
        (-40.0, "ms", "-40 ms"),
    ],
)
def test_a_difference_of_ratios_is_in_percentage_points(value: float, unit: str, text: str):
    assert format_change(value, parse_unit(unit)) == text
