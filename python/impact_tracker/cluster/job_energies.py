"""The energy of each job with its interval, its coverage, and the idle energy that is handed out to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..values import Quality
from .closing import without_unknown_carbon, without_unknown_gates
from .frames import polars
from .results import JobEnergy

if TYPE_CHECKING:
    import polars as pl

    from .accounts import Accounts

IDLE_RULES = ("none", "use", "allocation", "equal")
LEAST_COVERAGE = 0.5  # below it a job's energy says too little of the job to be ranked or compared
_NORMAL = 1.96


def job_frame(accounts: Accounts, *, idle: str = "none") -> pl.DataFrame:
    """One row a job that ran in the window, with the columns of the job and those of its energy.

    `energy_j` (null where no meter covered it), `half_j` (95 % half-width of what differs from job to job: splits and
    edges) and `bias_j` (that of its meters' scales, which all jobs of a meter share), `low_j` and `high_j` (95 %
    interval of both of the energy of its whole time; high is null where a node has no power at all), `own_idle_j` (of
    it, idle power of its own part), `gpu_j`, `carbon_g` (of `weighed_j`: of its energy, that whose intensity is known;
    null where it is not known of any; without the site's overhead), `handed_j` (idle energy of the site handed out to
    it, not in `energy_j`), `node_j` (all of its nodes' energy while it ran), `part_j` (that times its part of them),
    `gate_…_j` and `outside_…_j` (null where the gate is not known), `known_…_s` (for which it is), `covered_s`,
    `node_s`, `coverage`.
    ValueError for an unknown rule of handing out idle energy.
    """
    if idle not in IDLE_RULES:
        raise ValueError(f"idle energy is handed out by one of {', '.join(IDLE_RULES)}, not {idle!r}")
    library = polars()
    col = library.col
    sums = _sums(accounts)
    numbered = accounts.table.jobs.with_row_index("job").with_columns(col("job").cast(library.Int64))
    end = col("end_ns").fill_null(accounts.end_ns)
    numbered = numbered.with_columns(
        inside_s=(library.min_horizontal(end, accounts.end_ns) - library.max_horizontal("start_ns", accounts.begin_ns))
        / 1e9
    ).filter((col("start_ns") < accounts.end_ns) & (end > accounts.begin_ns))
    nodes = accounts.table.shares.group_by("job_id").agg(
        nodes=library.len(), dark_nodes=(~col("node").is_in(_lit_nodes(accounts))).sum()
    )
    frame = numbered.join(nodes, on="job_id", how="left").join(sums, on="job", how="left").sort("job")
    half = _NORMAL * (col("split_j") ** 2 + col("edge_j2")).sqrt()
    error = (col("half_j") ** 2 + col("bias_j") ** 2).sqrt()
    known = col("covered_s") > 0.0
    frame = frame.with_columns(
        node_s=col("inside_s") * col("nodes").fill_null(1),
        covered_s=col("covered_s").fill_null(0.0),
        energy_j=library.when(known).then(col("energy_j")),
        half_j=library.when(known).then(half),
        bias_j=library.when(known).then(_NORMAL * col("bias_j2").sqrt()),
    ).with_columns(
        coverage=library.when(col("node_s") > 0.0)
        .then((col("covered_s") / col("node_s")).clip(0.0, 1.0))
        .otherwise(0.0),
        low_j=(col("energy_j") - error).clip(0.0) + col("least_j"),
        high_j=library.when(col("dark_nodes") == 0).then(col("energy_j") + error + col("most_j")),
    )
    return _with_idle(frame, accounts, idle).drop("split_j", "edge_j2", "bias_j2", "dark_nodes", "inside_s")


def _lit_nodes(accounts: Accounts) -> list[str]:
    return [node for node, looked in accounts.surveys.items() if looked.usable]


def _sums(accounts: Accounts) -> pl.DataFrame:
    """Sums over days, then over nodes: the scale of a meter is wrong alike on all days, of each meter on its own."""
    library = polars()
    col = library.col
    rows = accounts.energies
    measured = [name for name in rows.columns if name not in ("job", "day", "node")]
    if not measured:
        names = ["energy_j", "split_j", "edge_j2", "bias_j2", "covered_s", "least_j", "most_j", "own_idle_j", "gpu_j"]
        names += ["node_j", "part_j", "shared_j", "part_s"]
        kinds = {"job": library.Int64, **{name: library.Float64 for name in names}}
        nothing: pl.DataFrame = library.DataFrame(schema=kinds)
        return nothing
    of_nodes = rows.group_by("job", "node", maintain_order=True).agg(col(measured).sum())
    plain = [name for name in measured if name not in ("bias_j", "node_s")]
    sums = of_nodes.group_by("job", maintain_order=True).agg(col(plain).sum(), bias_j2=(col("bias_j") ** 2).sum())
    return without_unknown_carbon(without_unknown_gates(sums))


def _with_idle(frame: pl.DataFrame, accounts: Accounts, rule: str) -> pl.DataFrame:
    """`handed_j`: the site's idle and standby energy over its jobs; null where nothing is handed out."""
    library = polars()
    col = library.col
    if rule == "none" or not frame.height or "idle_j" not in accounts.balances.columns:
        return frame.with_columns(handed_j=library.lit(None, dtype=library.Float64))
    idle_j = sum(float(accounts.balances[name].sum()) for name in ("idle_j", "standby_j"))
    weight = {
        "use": col("energy_j").fill_null(0.0),
        "allocation": col("part_s").fill_null(0.0),
        "equal": library.when(col("energy_j").is_not_null()).then(1.0).otherwise(0.0),
    }[rule]
    weighed = frame.with_columns(weight=weight)
    total = float(weighed["weight"].sum())
    if total <= 0.0:
        return frame.with_columns(handed_j=library.lit(None, dtype=library.Float64))
    return weighed.with_columns(handed_j=col("weight") * (idle_j / total)).drop("weight")


def _quality(energy_j: float | None, coverage: float, shared_j: float | None) -> Quality:
    """A part of a shared node is a share by a rule, and too little of a job says too little of it: both estimated."""
    if energy_j is None:
        return "missing"
    return "measured" if not shared_j and coverage >= LEAST_COVERAGE else "estimated"


def job_energies(frame: pl.DataFrame) -> Iterator[JobEnergy]:
    """The rows of `job_frame` as values."""
    gates = [name for name in frame.columns if name.startswith("gate_")]
    for row in frame.iter_rows(named=True):
        energy = row["energy_j"]
        yield JobEnergy(
            row["job_id"],
            energy,
            None if energy is None else row["low_j"],
            None if energy is None else row["high_j"],
            row["handed_j"],
            row["gpu_j"],
            row.get("carbon_g"),
            row["covered_s"],
            row["node_s"],
            _quality(energy, row["coverage"], row["shared_j"]),
            {name[len("gate_") : -len("_j")]: row[name] for name in gates if row[name] is not None},
        )
