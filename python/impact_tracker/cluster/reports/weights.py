"""What a joule is weighed with: carbon and cost; and Green Algorithms' estimate beside each job's measurement."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...factors import IntensityCurve
from ...factors.cards import ANY_CARD, find_card, gpu_tdp
from ...footprint.series import check_average
from ...values import JOULES_PER_KWH, Range
from ...weighing import Weighing
from ..accounts import StepCurve
from ..frames import polars

if TYPE_CHECKING:
    import polars as pl

MEMORY_W_PER_GB = 3.0 / 8.0  # Green Algorithms' 3 W for 8 GB
CORE_W = 12.0  # its core of a processor without a name


@dataclass(frozen=True)
class Weights:
    """Grams and money of a joule, with what they rest on. `is_matched`: by a curve, so that the accounts already hold
    grams by time; then `grams_per_j` is what a site's overhead multiplies them with."""

    grams_per_j: Range
    sources: tuple[str, ...]
    overhead: Range
    is_matched: bool = False
    price_per_kwh: float | None = None
    currency: str = ""


def weights_of(weighing: Weighing, curve: IntensityCurve | None, price_per_kwh: float | None, currency: str) -> Weights:
    """From a site's PUE and its grid, or a curve of its grid."""
    overhead = weighing.overhead
    pue = Range(overhead.low, overhead.value, overhead.high)
    if curve is not None:
        error = curve.relative_error
        scaled = Range(pue.low * (1.0 - error), pue.best, pue.high * (1.0 + error))
        return Weights(scaled, (overhead.cite(), curve.source), pue, True, price_per_kwh, currency)
    impact = weighing.carbon((JOULES_PER_KWH, JOULES_PER_KWH, JOULES_PER_KWH), "measured")
    low, best, high = (
        math.nan if grams is None else grams / JOULES_PER_KWH for grams in (impact.low, impact.value, impact.high)
    )
    # The energy itself is the table's, not a factor of it.
    sources = tuple(factor.cite() for factor in impact.factors if factor.unit != "kWh")
    return Weights(Range(low, best, high), sources, pue, False, price_per_kwh, currency)


def step_curve(curve: IntensityCurve) -> StepCurve:
    """The curve in g/J for the accounts; holes are bridged for as long as the curve says, and not known after that. A
    line between two values counts as their mean. FactorError for a marginal or a market-based curve."""
    import numpy as np

    check_average(curve)
    times = np.asarray(curve.times_ns, dtype=np.int64)
    values = np.array([math.nan if value is None else float(value) for value in curve.values]) / JOULES_PER_KWH
    if curve.shape == "linear" and len(values) > 1:
        means = (values[:-1] + values[1:]) / 2.0
        values = np.append(np.where(np.isnan(means), values[:-1], means), values[-1])
    ends = np.append(times[1:], curve.end_ns)
    out_times: list[int] = []
    out_values: list[float] = []
    last, held_until = math.nan, 0
    for begin, end, value in zip(times.tolist(), ends.tolist(), values.tolist()):
        if math.isnan(value) and not math.isnan(last):
            until = held_until + round(curve.max_hold_s * 1e9)
            if until > begin:
                out_times.append(begin)
                out_values.append(last)
                begin = min(until, end)
            if begin >= end:
                continue
        out_times.append(begin)
        out_values.append(value)
        if not math.isnan(value):
            last, held_until = value, end
    out_times.append(curve.end_ns)
    out_values.append(math.nan)
    return StepCurve(np.array(out_times, dtype=np.int64), np.array(out_values))


def with_green_algorithms(frame: pl.DataFrame, core_w: float = CORE_W) -> pl.DataFrame:
    """`ga_j`: cores and cards fully used and the memory asked for, over the job's whole time, without overhead.

    A card that no table knows has the method's 200 W.
    """
    library = polars()
    col = library.col
    models = [name or "" for name in frame["gpu_model"].unique().to_list()]
    watts = {name: gpu_tdp(name if name and find_card(name) else ANY_CARD).value for name in models}
    card_w = col("gpu_model").fill_null("").replace_strict(watts, default=200.0, return_dtype=library.Float64)
    seconds = col("node_s") / col("nodes").fill_null(1)
    power = (
        col("cores").fill_null(0.0) * core_w
        + col("gpus").fill_null(0.0) * card_w
        + col("memory_b").fill_null(0.0) / 2.0**30 * MEMORY_W_PER_GB
    )
    known = col("cores").is_not_null() | col("gpus").is_not_null()
    return frame.with_columns(ga_j=library.when(known).then(power * seconds))
