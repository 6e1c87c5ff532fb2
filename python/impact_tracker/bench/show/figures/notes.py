"""What a reader must know of a figure stands below it: what a whisker is, how many runs, where energies come from, what
weighs the carbon."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ....values.statistics import Mean
from ...analyse.origin import OfModel, error_text, origin_text


class Weighed(Protocol):
    """What carbon is weighed with."""

    @property
    def intensity_g_per_kwh(self) -> float | None: ...
    @property
    def pue(self) -> float | None: ...


def runs_text(means: Sequence[Mean]) -> str:
    """`3 runs`, or `1 to 3 runs` where they differ."""
    counts = sorted({mean.runs for mean in means})
    if not counts:
        return "no run"
    if counts == [1]:
        return "1 run"
    return f"{counts[0]} to {counts[-1]} runs" if len(counts) > 1 else f"{counts[0]} runs"


def whisker_text(means: Sequence[Mean]) -> str:
    """What the whiskers are and how many runs are behind them; one run has none."""
    runs = runs_text(means)
    if all(mean.interval is None for mean in means):
        return f"{runs} of each test: no whiskers"
    alone = ", none on one run" if any(mean.interval is None for mean in means) else ""
    two = "; two runs tell little of the spread" if any(mean.runs == 2 for mean in means) else ""
    return f"whiskers: 95 % of the mean over {runs} (Student's t){alone}{two}"


def energy_note(means: Sequence[Mean], energies: Sequence[OfModel], *more: str) -> str:
    """What the whiskers of energies are, and what has to be said of the energies themselves; `more`: of the figure."""
    return "; ".join(filter(None, [whisker_text(means), origin_text(energies) or error_text(energies), *more]))


def carbon_text(points: Sequence[Weighed]) -> str:
    """Intensity and PUE behind grams of CO2e."""
    intensities, pues = {p.intensity_g_per_kwh for p in points}, {p.pue for p in points}
    intensity = intensities.pop() if len(intensities) == 1 else None
    pue = pues.pop() if len(pues) == 1 else None
    grams = "intensities that differ or are not known" if intensity is None else f"{intensity:g} g CO2e/kWh"
    return f"carbon at {grams}, " + ("PUE not stated" if pue is None else f"PUE {pue:g}")


def ends_around(mean: Mean) -> tuple[list[float], list[float]] | None:
    """Lengths of a whisker down and up, as matplotlib takes them; `None` of one run, and of runs that are equal."""
    if mean.interval is None or not mean.half_width:
        return None
    low, high = mean.interval
    return [mean.value - low], [high - mean.value]
