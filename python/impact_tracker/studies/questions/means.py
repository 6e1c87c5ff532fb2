"""Means as texts, with the 95 % interval of the runs behind them, and what a table of such means says of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ... import digits
from ...bench.analyse.cells import energy_with_interval, with_interval
from ...values.statistics import Mean
from .groups import PointGroup

_LONG_S = 119.95  # from here on durations are told in minutes


def quantity_text(mean: Mean | None, unit: str) -> str:
    """A positive quantity with a prefix: `12.3 MB ± 0.4 MB`, or `8 MB (2 MB to 30 MB)` where it is known so little."""
    if mean is None:
        return "not measured"
    ends = mean.interval
    if ends is None or not mean.half_width or mean.half_width < 0.8 * mean.value:
        return digits.quantity(mean.value, unit, mean.half_width).strip()
    value, low, high = (digits.quantity(number, unit).strip() for number in (mean.value, *ends))
    return f"{value} ({low} to {high})"


def energy_text(mean: Mean | None) -> str:
    """An energy: `12.3 kJ ± 0.4 kJ`."""
    return "not measured" if mean is None else energy_with_interval(mean)


def time_text(mean: Mean | None) -> str:
    """A time: `12.3 s ± 0.4 s`, or `4 min 05 s (3 min 50 s to 4 min 20 s)`."""
    if mean is None:
        return "not measured"
    ends = mean.interval
    if ends is None or not mean.half_width:
        return digits.duration(mean.value)
    if ends[1] < _LONG_S:
        return quantity_text(mean, "s")
    return f"{digits.duration(mean.value)} ({digits.duration(ends[0])} to {digits.duration(ends[1])})"


def carbon_text(mean: Mean | None) -> str:
    """A mass of CO2e with the interval of the runs; the error of the intensity is not in it."""
    if mean is None:
        return "not known"
    low, high = mean.interval or (None, None)
    return digits.carbon(mean.value, low, high)


def share_text(mean: Mean | None) -> str:
    """A share in per cent: `34 ± 5 %`, or `97 (90 to 100) %`."""
    return "–" if mean is None else f"{with_interval(mean, 100, most=1.0)} %"


def count_text(mean: Mean | None) -> str:
    """How many: `2,340`, or with the interval where runs differ."""
    if mean is None:
        return "–"
    ends = mean.interval
    if ends is None or not mean.half_width:
        return f"{mean.value:,.0f}"
    decimals = min(digits.decimals_for(mean.value, mean.half_width), 0)
    value, low, high = (f"{round(number, decimals):,.0f}" for number in (mean.value, *ends))
    return f"{value} ({low} to {high})"


def intervals_words(groups: Sequence[PointGroup]) -> str:
    """What the ± and the ends of a table are, and how many runs are behind them; why there are none of one run."""
    return runs_words(group.runs for group in groups)


def n_words(runs: int) -> str:
    """How many runs a sentence's numbers are of: `n = 3`, or `n = 1: no interval`."""
    return f"n = {runs}: no interval" if runs == 1 else f"n = {runs}"


def runs_words(runs_of_rows: Iterable[int]) -> str:
    """The same for a table whose rows have these numbers of runs."""
    counts = sorted({runs for runs in runs_of_rows if runs})
    if not counts:
        return "no run counts"
    if counts[-1] == 1:
        return "n = 1: one run of each, no interval"
    runs = f"n = {counts[0]}" if len(counts) == 1 else f"n = {counts[0]} to {counts[-1]}"
    alone = ", none where n = 1" if counts[0] == 1 else ""
    return f"{runs}; ± or (low to high): 95 % of the mean over runs, Student's t{alone}"
