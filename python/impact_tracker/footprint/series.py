"""Carbon when the intensity changes while the energy is used."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..digits import as_given, percent, span
from ..factors import Factor, FactorError, IntensityCurve
from ..values import kwh_of
from .impact import Impact, Term, pue_factor

if TYPE_CHECKING:
    from .._core import IntensitySeries


def check_average(curve: IntensityCurve) -> None:
    """FactorError for a curve whose carbon may not be that of a footprint: a marginal one, a market-based one."""
    if "marginal" in curve.method:
        raise FactorError(f"{curve.source}: a marginal intensity is no average one; see marginal_carbon")
    if "market" in curve.method:
        raise FactorError(f"{curve.source}: a market-based intensity is kept apart; see market_carbon")


def core_series(curve: IntensityCurve) -> IntensitySeries:
    """The core's series of a curve; ValueError for values that make none."""
    from .. import _core

    values: Sequence[float | None] = curve.values
    if isinstance(values, (list, tuple)) and None in values:
        values = [math.nan if value is None else float(value) for value in values]
    return _core.IntensitySeries(
        curve.times_ns, values, end_ns=curve.end_ns, shape=curve.shape, max_hold_s=curve.max_hold_s
    )


def carbon_over_time(
    times_ns: Sequence[int],
    energy: Sequence[float],
    curve: IntensityCurve,
    *,
    pue: float | Factor | None = None,
    kind: str = "cumulative",
    quality: str = "measured",
) -> Impact:
    """`carbon_g = PUE × ∫ power(t) × intensity(t) dt`, exactly: pieces are split at every point of either series.

    `times_ns`: UTC nanoseconds; `energy`: "cumulative" joules or "power" in watts at these times, NaN for a gap.
    Energy outside of the curve makes the result partial and is named; if the curve knows none of it, it is missing.
    """
    check_average(curve)
    weighed = core_series(curve).weigh(times_ns, energy, kind)
    covered = weighed["known_j"] + weighed["held_j"]
    if not covered > 0:
        reason = f"no intensity of {curve.zone} is known for the time of this energy ({curve.source})"
        return Impact.missing("carbon", "g", reason)
    notes = []
    if weighed["held_j"] > 0:
        notes.append(
            f"{percent(weighed['held_j'] / covered)} of the energy fell into holes of the intensity that were bridged"
        )
    if weighed["uncovered_j"] > 0:
        notes.append(f"{as_given(kwh_of(weighed['uncovered_j']))} kWh have no known intensity and are not in it")
    if weighed["missing_s"] > 0:
        notes.append(f"{as_given(weighed['missing_s'])} s of the energy series are missing")
    mean = weighed["impact"] / kwh_of(covered)
    ends = f"{span(mean, weighed['lowest'], weighed['highest'])} g/kWh"
    grid = curve.factor(
        mean,
        method=f"{curve.method}, matched in time ({ends})",
        quality="estimated" if weighed["held_j"] > 0 else "modelled",
    )
    used = kwh_of(covered)
    energy_used = Factor(used, "kWh", used, used, "this record", quality=quality, name="energy of the computers")
    result = Impact.of("carbon", "g", [Term(1.0, ((energy_used, 1), (pue_factor(pue), 1), (grid, 1)))], quality)
    gaps = weighed["uncovered_j"] > 0 or weighed["missing_s"] > 0
    return Impact("carbon", "g", result.terms, result.quality, "; ".join(notes), gaps)
