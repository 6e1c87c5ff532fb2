"""Numbers as texts whose digits are never finer than what is known of them."""

from __future__ import annotations

import math

from .values import joules_of, kwh_of

_PREFIXES = ((1e9, "G"), (1e6, "M"), (1e3, "k"), (1.0, ""), (1e-3, "m"), (1e-6, "µ"))
_MASSES = ((1e6, "t"), (1e3, "kg"), (1.0, "g"), (1e-3, "mg"), (1e-6, "µg"))
_MOST_DIGITS = 5
_MOST_WITHIN = 4  # of a value with a range
_LEAST_FIXED, _MOST_FIXED = 1e-4, 1e6


def decimals_for(value: float, half_width: float | None) -> int:
    """Decimals to show of a value known to ± half_width: one digit of the half-width, two where it begins with 1 or 2.

    Without a half-width three significant digits; never more than five. Negative: places before the point to round.
    """
    leading = _leading(value)
    if half_width is None or not math.isfinite(half_width):
        return 2 - leading
    finest = _MOST_DIGITS - 1 - leading
    if half_width < 1e-300:
        return finest
    exponent = math.floor(math.log10(half_width))
    wanted = -exponent + (1 if half_width / 10.0**exponent < 2.95 else 0)
    return min(wanted, finest)


def fixed(value: float, decimals: int) -> str:
    """A value rounded to so many decimals (negative: to tens, hundreds …). What rounds to 0 has no sign."""
    rounded = round(value, decimals) + 0.0  # -0.0 + 0.0 is 0.0
    return f"{rounded:.{max(decimals, 0)}f}"


def widened(half_width: float, decimals: int) -> str:
    """A half-width rounded up to so many decimals: never a narrower one."""
    step = 10.0**-decimals
    steps = math.ceil(half_width / step - 1e-9)
    return fixed((max(steps, 1) if half_width > 0 else steps) * step, decimals)


def _scale(value: float, prefixes: tuple[tuple[float, str], ...] = _PREFIXES) -> tuple[float, str]:
    size = abs(value)
    for factor, prefix in prefixes:
        if size >= factor * 0.9995:
            return factor, prefix
    return prefixes[-1] if value else (1.0, "")


def _bounded(text: str, value: float, half_width: float | None, decimals: int) -> str:
    """A rounded number that stands without its ±; where rounding leaves no digit but 0, what it lies below, for a 0
    would read as a measured one."""
    if not half_width or value < 0 or any(digit in text for digit in "123456789"):
        return text
    return f"< {widened(value + half_width, decimals)}"


def quantity(value: float | None, unit: str, half_width: float | None = None, *, spread: bool = True) -> str:
    """A value with its unit, as in `12.3 kJ ± 0.4 kJ`; "not measured" for `None`.

    `spread=False` leaves the ± out; the half-width still decides how many digits are shown.
    """
    if value is None or math.isnan(value):
        return "not measured"
    # A value below its own uncertainty takes the prefix of the uncertainty: 0 J ± 3 J, not 120 mJ ± 3000 mJ.
    factor, prefix = _scale(max(abs(value), half_width or 0.0))
    decimals = decimals_for(value / factor, None if half_width is None else half_width / factor)
    if abs(float(fixed(value / factor, decimals))) >= 1000:  # rounded up: 1.0 J ± 0.8 J, not 1000 mJ ± 800 mJ
        factor, prefix = _scale(factor * 1000)
        decimals = decimals_for(value / factor, None if half_width is None else half_width / factor)
    number = fixed(value / factor, decimals)
    if not spread:
        bound = None if half_width is None else half_width / factor
        return f"{_bounded(number, value / factor, bound, decimals)} {prefix}{unit}"
    text = f"{number} {prefix}{unit}"
    if half_width:
        text += f" ± {widened(half_width / factor, decimals)} {prefix}{unit}"
    return text


def energy(energy_j: float | None, half_width_j: float | None = None, *, spread: bool = True) -> str:
    """An energy in joules below 0.1 kWh, else in kWh, which is the unit of papers."""
    if energy_j is None or math.isnan(energy_j):
        return "not measured"
    if max(abs(energy_j), half_width_j or 0.0) < joules_of(0.1):
        return quantity(energy_j, "J", half_width_j, spread=spread)
    return kwh(energy_j, half_width_j, spread=spread)


def energy_between(energy_j: float, low_j: float, high_j: float) -> str:
    """As `energy`, with a range whose ends are not equally far: `8.1 J (2.0 to 30.1)`."""
    factor, prefix = _scale(energy_j) if energy_j < joules_of(0.1) else (joules_of(1.0), "kWh")
    unit = prefix if prefix == "kWh" else f"{prefix}J"
    decimals = decimals_within(energy_j / factor, low_j / factor, high_j / factor)
    low, high = (fixed(end, _decimals_of_end(end, decimals)) for end in (low_j / factor, high_j / factor))
    return f"{fixed(energy_j / factor, decimals)} {unit} ({low} to {high})"


def kwh(energy_j: float | None, half_width_j: float | None = None, *, spread: bool = True) -> str:
    """An energy in kWh, whatever its size."""
    if energy_j is None or math.isnan(energy_j):
        return "not measured"
    return in_unit(kwh_of(energy_j), "kWh", None if half_width_j is None else kwh_of(half_width_j), spread=spread)


def in_unit(value: float, unit: str, half_width: float | None = None, *, spread: bool = True) -> str:
    """As `quantity`, in this very unit whatever the size."""
    decimals = decimals_for(value if abs(value) >= (half_width or 0.0) else half_width or 0.0, half_width)
    number = fixed(value, decimals)
    if not spread:
        return f"{_bounded(number, value, half_width, decimals)} {unit}".rstrip()
    text = f"{number} {unit}".rstrip()
    if half_width:
        text += f" ± {widened(half_width, decimals)} {unit}".rstrip()
    return text


def plus_minus(value: float, half_width: float, *, signed: bool = False) -> str:
    """A value and its half-width without a unit, as in `2.3 ± 0.4`; `signed`: with a plus where it is one."""
    decimals = decimals_for(value if abs(value) >= half_width else half_width, half_width)
    finest = decimals + 3
    # A value beyond its half-width is shown beyond it: what is said to differ from 0 does not seem to reach 0.
    while decimals < finest and abs(value) > half_width and abs(float(fixed(value, decimals))) <= float(
        widened(half_width, decimals)
    ):  # fmt: skip
        decimals += 1
    text = f"{fixed(value, decimals)} ± {widened(half_width, decimals)}" if half_width else in_unit(value, "", 0.0)
    return ("+" if signed and value >= 0 else "") + text


def carbon(value_g: float | None, low_g: float | None = None, high_g: float | None = None) -> str:
    """A mass of CO2e with its range, as in `420 mg CO2e (310 to 560)`; two digits, for no intensity is known better."""
    if value_g is None or math.isnan(value_g):
        return "not known"
    factor, unit = next(
        ((f, u) for f, u in _MASSES if abs(value_g) >= f * 0.995), _MASSES[-1] if value_g else (1.0, "g")
    )
    text = f"{significant(value_g / factor, 2)} {unit} CO2e"
    if low_g is not None and high_g is not None and high_g > low_g:
        text += f" ({significant(low_g / factor, 2)} to {significant(high_g / factor, 2)})"
    return text


def significant(value: float, digits: int) -> str:
    """A value with so many significant digits, never in scientific notation."""
    if not value or not math.isfinite(value):
        return "0" if value == 0 else str(value)
    return fixed(value, digits - 1 - math.floor(math.log10(abs(value))))


def decimals_within(value: float, low: float | None, high: float | None) -> int:
    """Decimals to show of a value with a range: two significant digits at least, four at the most and without one."""
    leading = _leading(float(f"{value or high or 0.0:.1e}"))  # 0.996 is 1.0 in two digits
    if low is None or high is None or not high > low:
        return _MOST_WITHIN - 1 - leading
    half_width = (high - low) / 2.0
    wanted = decimals_for(value, half_width) if math.isfinite(half_width) else 0
    return min(max(wanted, 1 - leading), _MOST_WITHIN - 1 - leading)


def within(value: float, low: float | None, high: float | None) -> str:
    """A value with no digit finer than its range."""
    text = _written(value, decimals_within(value, low, high))
    if low is not None and high is not None and high > low:
        return text
    head, e, power = text.partition("e")
    return (head.rstrip("0").rstrip(".") if "." in head else head) + e + power


def as_given(value: float, low: float | None = None, high: float | None = None) -> str:
    """A number that is quoted: as it was given where six digits hold it; a longer one was computed, and is rounded."""
    return f"{value:g}" if float(f"{value:g}") == value else within(value, low, high)


def stated(value: float, low: float, high: float) -> str:
    """A number with the range that somebody stated for it: all three as they were given where four digits hold them."""
    if low == high or all(float(f"{number:.4g}") == number for number in (value, low, high)):
        return f"{value:.4g}" if low == high else f"{value:.4g} ({low:.4g} to {high:.4g})"
    return with_range(value, low, high)


def span(value: float, low: float, high: float, between: str = " to ") -> str:
    """The two ends of a value's range, as in `1.2 to 2.3`: with the value's decimals, and more where an end is so small
    that they would not show it."""
    decimals = decimals_within(value, *sorted((low, high)))
    ends = (_written(end, _decimals_of_end(end, decimals)) for end in (low, high))
    return between.join(ends)


def with_range(value: float, low: float | None, high: float | None, unit: str = "") -> str:
    """A value and its range behind the unit, as in `1.6 kg (1.2 to 2.3)`."""
    text = f"{within(value, low, high)} {unit}".rstrip()
    return text if low is None or high is None or not high > low else f"{text} ({span(value, low, high)})"


def _decimals_of_end(end: float, decimals: int) -> int:
    """Those of the value, but two digits of a small end and four of a large one."""
    return min(max(decimals, 1 - _leading(end)), _MOST_WITHIN - 1 - _leading(end)) if end else 0


def _leading(value: float) -> int:
    return math.floor(math.log10(abs(value))) if value and math.isfinite(value) else 0


def _written(value: float, decimals: int) -> str:
    """As `fixed`; with a power of ten where nobody counts its zeros."""
    if not value or not math.isfinite(value):
        return f"{value:g}"
    if _LEAST_FIXED <= abs(value) < _MOST_FIXED:
        return fixed(value, decimals)
    return f"{value:.{max(decimals + _leading(value), 0)}e}"


def duration(seconds: float | None) -> str:
    """A time in the units that people use: `420 µs`, `12.3 s`, `4 min 05 s`, `3 h 12 min`, `2 d 04 h`."""
    if seconds is None or math.isnan(seconds):
        return "not known"
    if seconds < 119.95:
        return quantity(seconds, "s")
    minutes, seconds_left = divmod(round(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours == 0:
        return f"{minutes} min {seconds_left:02d} s"
    if hours < 48:
        return f"{hours} h {minutes_left:02d} min"
    return f"{hours // 24} d {hours % 24:02d} h"


def percent(ratio: float | None) -> str:
    """A share in per cent: `3 %`, `0.2 %`; below 0.1 % it is `< 0.1 %`."""
    if ratio is None or math.isnan(ratio):
        return "not known"
    if 0 < abs(ratio) < 0.0005:
        return "< 0.1 %"
    return f"{significant(ratio * 100, 2) if abs(ratio) < 0.1 else f'{ratio * 100:.0f}'} %"
