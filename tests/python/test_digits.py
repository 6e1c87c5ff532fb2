"""Digits are never finer than what is known of a number."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import digits


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [
        (1234.567, 60.0, "1.23 kJ ± 0.06 kJ"),
        (1234.567, 0.5, "1.2346 kJ ± 0.0005 kJ"),
        (12.3456, 0.123, "12.35 J ± 0.13 J"),
        (12.3456, 0.2, "12.35 J ± 0.20 J"),
        (12.3456, 0.4, "12.3 J ± 0.4 J"),
        (98.765, 45.0, "100 J ± 50 J"),
        (0.00123456, 0.00002, "1.235 mJ ± 0.020 mJ"),
        (123456.0, 0.1, "123.46 kJ ± 0.01 kJ"),
        (5.0, None, "5.00 J"),
        (5.0, 0.0, "5.0000 J"),
        (0.1, 3.0, "0 J ± 3 J"),
        (0.997, 0.79, "1.0 J ± 0.8 J"),
        (996.0, 80.0, "1.00 kJ ± 0.08 kJ"),
        (0.0, None, "0.00 J"),
        (None, None, "not measured"),
        (math.nan, 1.0, "not measured"),
    ],
)
def test_quantity(value: float | None, half: float | None, text: str) -> None:
    assert digits.quantity(value, "J", half) == text


@given(st.floats(1e-6, 9e8), st.floats(1e-4, 0.99))
def test_a_number_below_its_prefix_is_below_a_thousand_when_rounded_too(value: float, relative: float) -> None:
    number = digits.quantity(value, "J", value * relative).split(" ", 1)[0]
    assert float(number) < 1000


@pytest.mark.parametrize(
    ("value", "half", "text"),
    [(8.0, 700.0, "< 800 W"), (18.0, 13.0, "18 W"), (0.0, 2.0, "< 2.0 W"), (0.0, None, "0.00 W")],
)
def test_what_rounds_to_nought_and_stands_without_its_error_is_a_bound(
    value: float, half: float | None, text: str
) -> None:
    assert digits.quantity(value, "W", half, spread=False) == text


@given(st.floats(0.0, 1e9), st.floats(1e-6, 1e9))
def test_no_number_reads_as_a_measured_nought(value: float, half: float) -> None:
    for text in (digits.quantity(value, "W", half, spread=False), digits.in_unit(value, "kWh", half, spread=False)):
        assert any(digit in text for digit in "123456789")


@given(st.floats(1e-4, 1e9), st.floats(1e-6, 1.0))
def test_the_last_digit_is_not_finer_than_a_tenth_of_the_half_width(value: float, relative: float) -> None:
    half = value * relative
    shown, spread = digits.quantity(value, "J", half).split(" ± ")
    scale = {"": 1.0, "m": 1e-3, "µ": 1e-6, "k": 1e3, "M": 1e6, "G": 1e9}[shown.split()[1][:-1]]
    number = shown.split()[0]
    decimals = len(number.partition(".")[2])
    last_digit = scale * 10.0**-decimals
    assert last_digit >= half / 30 or len(number.replace(".", "").lstrip("0")) <= 5
    assert abs(float(number) * scale - value) <= max(half, 1e-4 * value)
    assert float(spread.split()[0]) * scale >= half * 0.999 or last_digit > half


@pytest.mark.parametrize(
    ("joules", "half", "text"),
    [
        (12_345.0, 100.0, "12.35 kJ ± 0.10 kJ"),
        (3.6e6, 36_000.0, "1.000 kWh ± 0.010 kWh"),
        (3.6e9, 36e6, "1000 kWh ± 10 kWh"),
        (360_000.0, None, "0.100 kWh"),
        (None, None, "not measured"),
    ],
)
def test_energy_is_in_joules_below_a_tenth_of_a_kwh(joules: float | None, half: float | None, text: str) -> None:
    assert digits.energy(joules, half) == text


@pytest.mark.parametrize(
    ("grams", "text"),
    [
        ((0.4234, 0.31, 0.556), "420 mg CO2e (310 to 560)"),
        ((4234.0, 3100.0, 5560.0), "4.2 kg CO2e (3.1 to 5.6)"),
        ((0.00042, None, None), "420 µg CO2e"),
        ((0.0009963, None, None), "1.00 mg CO2e"),
        ((2.5e6, 1.0e6, 1.2e7), "2.5 t CO2e (1.0 to 12)"),
        ((0.0, 0.0, 0.0), "0 g CO2e"),
        ((None, None, None), "not known"),
    ],
)
def test_carbon(grams: tuple[float | None, float | None, float | None], text: str) -> None:
    assert digits.carbon(*grams) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.00042, "420 µs"),
        (0.0123, "12.3 ms"),
        (12.345, "12.3 s"),
        (61.23, "61.2 s"),
        (119.97, "2 min 00 s"),
        (245, "4 min 05 s"),
        (3599.7, "1 h 00 min"),
        (11_520, "3 h 12 min"),
        (200_000, "2 d 07 h"),
        (None, "not known"),
    ],
)
def test_duration(seconds: float | None, text: str) -> None:
    assert digits.duration(seconds) == text


@pytest.mark.parametrize(
    ("ratio", "text"),
    [(0.5, "50 %"), (0.0312, "3.1 %"), (0.0001, "< 0.1 %"), (0.0, "0 %"), (None, "not known"), (1.0, "100 %")],
)
def test_percent(ratio: float | None, text: str) -> None:
    assert digits.percent(ratio) == text


@pytest.mark.parametrize(
    ("value", "low", "high", "text"),
    [
        (15.792, 14.0, 26.4, "16 (14 to 26)"),
        (15.792, 15.74, 15.85, "15.79 (15.74 to 15.85)"),
        (15.792, 15.792, 15.792, "15.79"),
        (420.0, 0.91, 3000.0, "420 (0.91 to 3000)"),
        (-15.792, -26.0, -14.0, "-16 (-26 to -14)"),
        (1.5e-9, 0.9e-9, 2.3e-9, "1.5e-09 (9.0e-10 to 2.3e-09)"),
        (123456.0, 99000.0, 151000.0, "123000 (99000 to 151000)"),
        (0.0, 0.0, 3.0, "0 (0 to 3.0)"),
        (12.0, None, None, "12"),
        (12.0, 6.0, math.inf, "12 (6.0 to inf)"),
    ],
)
def test_with_range(value: float, low: float | None, high: float | None, text: str) -> None:
    assert digits.with_range(value, low, high) == text


@given(st.floats(1e-12, 1e12), st.floats(1.0, 3.0), st.floats(1.0, 3.0))
def test_no_digit_of_a_value_is_finer_than_its_range(value: float, down: float, up: float) -> None:
    low, high = value / down, value * up
    text = digits.within(value, low, high)
    assert_no_finer(text, (high - low) / 2.0)
    assert abs(float(text) - value) <= max(0.06 * value, (high - low) / 2.0)
    ends = [float(end) for end in digits.span(value, low, high).split(" to ")]
    assert ends == pytest.approx([low, high], rel=0.06)


def assert_no_finer(text: str, half_width: float) -> None:
    """A printed number's last digit is no finer than a tenth of its half-width, or it has but two digits that tell."""
    mantissa, _, power = text.partition("e")
    step = 10.0 ** (int(power or 0) - len(mantissa.partition(".")[2]))
    shown = mantissa.replace(".", "").strip("-").lstrip("0")
    telling = len(shown) if "." in mantissa else len(shown.rstrip("0"))
    assert telling <= 4, text
    assert telling <= 2 or step * 10 ** (0 if "." in mantissa else len(shown) - telling) >= half_width / 30.0, text


@pytest.mark.parametrize(
    ("value", "half", "signed", "text"),
    [(2.345, 0.4, True, "+2.3 ± 0.4"), (-2.345, 14.0, True, "-2 ± 14"), (0.8123, 0.05, False, "0.81 ± 0.05")],
)
def test_plus_minus(value: float, half: float, signed: bool, text: str) -> None:
    assert digits.plus_minus(value, half, signed=signed) == text
