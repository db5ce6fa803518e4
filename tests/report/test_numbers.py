"""Numbers as a board reads them."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sopwb.report import numbers
from sopwb.report.numbers import by_unit, exact, iso_date, iso_month, percent, points, short, unit_name, whole
from sopwb.report.scale import scale_of

THIN = numbers.THIN_SPACE


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (4_213_456, "EUR", "4.21 M€"),
        (999_600, "", "1.00 M"),
        (999.4, "", "999"),
        (999.6, "", "1.00 k"),
        (0, "EUR", "0 €"),
        (0.04567, "", "0.0457"),
        (12.345, "h", "12.3 h"),
        (51_387_676.9, "SEK", "51.4 M SEK"),
        (2.5e9, "EUR", "2.50 G€"),
        (-950, "EUR", "−950 €"),
    ],
)
def test_three_digits_with_their_unit(value, unit, text):
    assert short(value, unit).replace(THIN, " ") == text


@pytest.mark.parametrize("missing", [None, float("nan"), float("inf"), pd.NA, pd.NaT])
def test_what_is_not_known_is_a_dash(missing):
    assert short(missing, "EUR") == numbers.DASH
    assert percent(missing) == numbers.DASH
    assert whole(missing) == numbers.DASH


def test_only_variances_carry_a_plus():
    assert short(5.0) == "5.00"
    assert short(5.0, signed=True) == "+5.00"
    assert short(0.0, signed=True) == "0"
    assert short(-5.0, signed=True) == "−5.00"


def test_a_tiny_negative_is_no_minus_zero():
    assert short(-1e-9) == "0"
    assert exact(-0.001) in {"0.00", "−0.00"}
    assert whole(-0.2) == "0"


def test_thousands_are_parted_by_thin_spaces():
    assert exact(51_387_676.9) == f"51{THIN}387{THIN}676.90"
    assert whole(-1234.4) == f"−1{THIN}234"


def test_rates_are_percentages_and_their_differences_are_points():
    assert percent(0.1234) == f"12.3{THIN}%"
    assert points(-0.008) == f"−0.8{THIN}pp"
    assert by_unit(0.01, "rate", signed=True) == f"+1.0{THIN}pp"
    assert by_unit(1500, "currency", "SEK").replace(THIN, " ") == "1.50 k SEK"
    assert by_unit(41.2, "days").replace(THIN, " ") == "41.2 days"


def test_dates_are_iso():
    assert iso_date(pd.Timestamp("2026-03-01")) == "2026-03-01"
    assert iso_month("2026-03-01") == "2026-03"
    assert iso_date(None) == iso_date(pd.NaT) == numbers.DASH


def test_units_are_named_by_the_currency_code():
    assert unit_name("currency", "SEK") == "SEK"
    assert unit_name("litre") == "litre"


@given(st.floats(min_value=1e-3, max_value=1e12))
def test_three_digits_are_right_to_half_a_percent(value):
    number, _, tail = short(value).partition(THIN)
    factor = {"": 1, "k": 1e3, "M": 1e6, "G": 1e9}[tail]
    assert float(number) * factor == pytest.approx(value, rel=0.0051)


def test_a_chart_says_its_unit_once_and_lines_its_digits_up():
    scale = scale_of([4_213_456, 120_000, np.nan, None], "EUR")
    assert scale.title == "M EUR"
    assert [scale.label(v) for v in (4_213_456, 120_000, np.nan)] == ["4.21", "0.12", ""]
    assert scale_of([0.98, 1.04], "%").label(0.98) == "98"
    assert scale_of([3, 12], "h").label(3) == "3"
    assert scale_of([], "h").title == "h"
