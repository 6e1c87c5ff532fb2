"""The accounts by user, account, project, partition, node, month … in one table each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ...values import JOULES_PER_KWH
from ..frames import polars
from ..job import WASTED
from .weights import Weights, with_green_algorithms

if TYPE_CHECKING:
    import polars as pl

    from ..accounts import Accounts

OF_JOBS = ("job", "user", "account", "project", "partition", "state")
OF_ROWS = ("node", "month", "day")
KEYS = (*OF_JOBS, *OF_ROWS)


def check_keys(by: Sequence[str]) -> None:
    """ValueError that names the keys there are."""
    unknown = [key for key in by if key not in KEYS]
    if unknown or not by:
        raise ValueError(f"a report is by one or more of {', '.join(KEYS)}, not {', '.join(unknown) or 'nothing'}")


def group_rows(accounts: Accounts, frame: pl.DataFrame) -> pl.DataFrame:
    """One row for each job, node and day, with the job's columns and its core- and card-seconds; jobs without any power
    have one row without node and day. `frame`: of `job_frame`."""
    library = polars()
    col = library.col
    rows = accounts.energies
    shares = accounts.table.shares.select("job_id", "node", share_cores="cores", share_gpus="gpus")
    names = ["job", "job_id", "user", "account", "project", "partition", "state", "ga_j", "handed_j", "energy_of_job"]
    jobs = with_green_algorithms(frame).with_columns(energy_of_job=col("energy_j"))
    if not rows.height:
        columns = [name for name in ("energy_j", "split_j", "edge_j2", "bias_j", "gpu_j", "own_idle_j", "node_s")]
        dark = jobs.with_columns(
            *(library.lit(None, dtype=library.Float64).alias(name) for name in columns if name not in jobs.columns)
        )
        return _dark(dark)
    joined = rows.join(jobs.select(names), on="job", how="inner").join(shares, on=["job_id", "node"], how="left")
    # What belongs to a job as one sum is spread over its rows by energy, or by time where it has none.
    by_energy = library.when(col("energy_of_job") > 0.0).then(col("energy_j") / col("energy_of_job"))
    by_time = col("node_s") / col("node_s").sum().over("job")
    part = library.coalesce(by_energy, by_time)
    joined = joined.with_columns(
        core_s=col("share_cores") * col("node_s"),
        gpu_s=col("share_gpus").fill_null(0.0) * col("node_s"),
        ga_j=col("ga_j") * part,
        handed_j=col("handed_j") * part,
        month=col("day").dt.strftime("%Y-%m"),
    )
    missing = jobs.join(rows.select("job").unique(), on="job", how="anti")
    if not missing.height:
        return joined
    return library.concat([joined, _dark(missing)], how="diagonal_relaxed")  # type: ignore[no-any-return]


def _dark(jobs: pl.DataFrame) -> pl.DataFrame:
    """Jobs on whose nodes there is no power: hours, and no energy."""
    library = polars()
    col = library.col
    seconds = col("node_s") / col("nodes").fill_null(1)
    return jobs.select(
        "job",
        "job_id",
        "user",
        "account",
        "project",
        "partition",
        "state",
        "ga_j",
        "handed_j",
        "node_s",
        core_s=col("cores") * seconds,
        gpu_s=col("gpus").fill_null(0.0) * seconds,
        energy_j=library.lit(None, dtype=library.Float64),
        covered_s=library.lit(0.0),
        day=library.lit(None, dtype=library.Date),
        month=library.lit(None, dtype=library.String),
        node=library.lit(None, dtype=library.String),
    )


def grouped(rows: pl.DataFrame, by: Sequence[str], weights: Weights) -> pl.DataFrame:
    """One row for each value of the keys, the most energy first. `rows`: of `group_rows`.

    `low_j`, `high_j`: 95 % of the covered energy by `half_j`, for splits and edges of jobs are independent of each
    other, and by `bias_j`, for the scale of a node's meter is the same for all that it measured. `core_hours_rank`,
    `energy_rank`: 1 is the most.
    """
    check_keys(by)
    library = polars()
    col = library.col
    keys = ["job_id" if key == "job" else key for key in by]
    gates = [name for name in rows.columns if name.startswith(("gate_", "outside_"))]
    summed = ("own_idle_j", "gpu_j", "handed_j", "ga_j", "carbon_g", "weighed_j", *gates)
    plain = [name for name in summed if name in rows.columns]
    known = rows.filter(col("energy_j").is_not_null())
    table = rows.group_by(keys).agg(
        jobs=col("job").n_unique(),
        users=col("user").n_unique(),
        energy_j=_known_sum("energy_j"),
        core_hours=_known_sum("core_s") / 3600.0,
        gpu_hours=col("gpu_s").sum() / 3600.0,
        covered_s=col("covered_s").sum(),
        node_s=col("node_s").sum(),
        ga_ratio=covered_estimate().sum() / col("energy_j").filter(covered_estimate().is_not_null()).sum(),
        jobs_without_energy=col("job").filter(col("energy_j").is_null()).n_unique(),
        wasted_j=library.when(col("energy_j").is_not_null().any()).then(
            library.when(col("state").is_in(WASTED)).then(col("energy_j")).sum()
        ),
        **{name: _known_sum(name) for name in plain},
    )
    if "split_j" in rows.columns:
        table = table.join(_half(known, keys), on=keys, how="left", nulls_equal=True)
    else:
        unknown = library.lit(None, dtype=library.Float64)
        table = table.with_columns(half_j=unknown, bias_j=unknown)
    return _weighed(table, weights).sort("energy_j", *keys, descending=[True, *[False] * len(keys)], nulls_last=True)


def covered_estimate() -> pl.Expr:
    """Of each row what Green Algorithms says of the seconds with power, to stand beside the energy of the same seconds;
    null where it says nothing, and of jobs without power."""
    library = polars()
    col = library.col
    is_covered = (col("node_s") > 0.0) & (col("covered_s") > 0.0) & col("energy_j").is_not_null()
    expression: pl.Expr = library.when(is_covered).then(col("ga_j") * col("covered_s") / col("node_s"))
    return expression


def _known_sum(name: str) -> pl.Expr:
    """The sum of what is known; null where nothing is."""
    library = polars()
    column = library.col(name).fill_nan(None)
    expression: pl.Expr = library.when(column.is_not_null().any()).then(column.sum())
    return expression


def _half(known: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """The 95 % half-widths of each group's energy: of what is independent, and of the meters' scales."""
    col = polars().col
    bias = (
        known.group_by(*dict.fromkeys([*keys, "node"]))
        .agg(bias_j=col("bias_j").sum())
        .group_by(keys)
        .agg(bias_j2=(col("bias_j") ** 2).sum())
    )
    split = (
        known.group_by(*dict.fromkeys([*keys, "job"]))
        .agg(split_j=col("split_j").sum(), edge_j2=col("edge_j2").sum())
        .group_by(keys)
        .agg(random_j2=(col("split_j") ** 2 + col("edge_j2")).sum())
    )
    joined = bias.join(split, on=keys, how="inner", nulls_equal=True)
    return joined.select(*keys, half_j=1.96 * col("random_j2").sqrt(), bias_j=1.96 * col("bias_j2").sqrt())


def _weighed(table: pl.DataFrame, weights: Weights) -> pl.DataFrame:
    library = polars()
    col = library.col
    error = (col("half_j") ** 2 + col("bias_j") ** 2).sqrt()
    table = table.with_columns(
        low_j=(col("energy_j") - error).clip(0.0),
        high_j=col("energy_j") + error,
        coverage=(col("covered_s") / col("node_s")).clip(0.0, 1.0),
        kwh=col("energy_j") / JOULES_PER_KWH,
        ga_ratio=library.when(col("ga_ratio").is_finite()).then(col("ga_ratio")),
        energy_rank=col("energy_j").rank("min", descending=True),
        core_hours_rank=col("core_hours").rank("min", descending=True),
    )
    grams = weights.grams_per_j
    relative = (error / col("energy_j")).fill_nan(0.0).fill_null(0.0)
    base = col("carbon_g") if weights.is_matched else col("energy_j")
    table = table.with_columns(
        carbon_low_g=base * (1.0 - relative).clip(0.0) * grams.low,
        carbon_high_g=base * (1.0 + relative) * grams.high,
        carbon_g=base * grams.best,
    )
    if weights.price_per_kwh is None:
        return table
    return table.with_columns(cost=col("kwh") * weights.overhead.best * weights.price_per_kwh)
