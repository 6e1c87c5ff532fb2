"""Slurm's rows to jobs: the rule by which their energies can be read at all.

A job's own row holds the sum of its steps, doubled where steps ran side by side, and nothing where the script called no
`srun`; the row of its batch script holds all of one node. So a job has the larger of

    the batch row (or extern row), where it has one node
    the largest sum of steps that do not overlap in time on the same node

and its own row only where there are no rows of steps. On nodes that it shares this is an upper bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..finding import ClusterFinding, RejectedRow
from ..frames import INTEGER, JOBS, NUMBER, SHARES, TEXT, conformed, polars
from ..job import JobTable
from ..node import MOST_OF_ANYTHING
from .slurm_words import NEVER_STARTED, STATES, nodes_of

if TYPE_CHECKING:
    import polars as pl

# One row of sacct, typed. `key`: the job's id as shown; `own_id`: as its programs see it; `step`: null for the job
# itself.
ROWS = {
    "line": INTEGER,
    "key": TEXT,
    "own_id": TEXT,
    "step": TEXT,
    "state": TEXT,
    "start_ns": INTEGER,
    "end_ns": INTEGER,
    "submit_ns": INTEGER,
    "elapsed_s": NUMBER,
    "user": TEXT,
    "account": TEXT,
    "project": TEXT,
    "partition": TEXT,
    "name": TEXT,
    "node_count": NUMBER,
    "cores": NUMBER,
    "gpus": NUMBER,
    "gpu_model": TEXT,
    "memory_b": NUMBER,
    "cpu_time_s": NUMBER,
    "energy_j": NUMBER,
    "is_odd_energy": NUMBER,
    "node_list": TEXT,
}
WHOLE_NODE_STEPS = ("batch", "extern", "interactive")
HIGHEST_NODE_W = 30_000.0  # more than any node: an energy above it is no energy
LONGEST_RUN_S = 366 * 86_400.0
# What is more is no number of a cluster: a sum of some of them would be infinite, and parts of that no number.
MOST_OF_A_ROW = {
    **dict.fromkeys(("node_count", "cores", "gpus"), MOST_OF_ANYTHING),
    **{"memory_b": MOST_OF_ANYTHING * 2.0**30, "cpu_time_s": MOST_OF_ANYTHING * LONGEST_RUN_S},
}


def table_of_rows(rows: pl.DataFrame, rejected: Sequence[RejectedRow], source: str, total_rejected: int) -> JobTable:
    """The jobs of sacct's rows in the order of the file."""
    library = polars()
    col = library.col
    kept = list(rejected)
    count = total_rejected
    rows = rows.with_columns(
        library.when(col(name) <= most).then(col(name)).alias(name) for name, most in MOST_OF_A_ROW.items()
    )
    jobs = rows.filter(col("step").is_null())
    steps = rows.filter(col("step").is_not_null())
    findings: list[ClusterFinding] = []
    jobs, steps, doubled = _with_runs(jobs, steps)
    if doubled:
        text = f"{doubled} rows repeat another row of the same job and run: they count once"
        findings.append(ClusterFinding("doubled_rows", source, text, None, doubled))
    waiting = jobs.filter(_never_ran())
    jobs = jobs.filter(~_never_ran())
    if waiting.height:
        text = f"{waiting.height} jobs never ran: they wait, or were cancelled before they began"
        findings.append(ClusterFinding("never_ran", source, text, None, waiting.height))
    reasons = jobs.with_columns(reason=_reason()).filter(col("reason").is_not_null())
    kept += [
        RejectedRow(source, row["line"], row["reason"], f"job {row['key']}")
        for row in reasons.select("line", "reason", "key").iter_rows(named=True)
    ]
    count += reasons.height
    jobs = jobs.filter(_reason().is_null())
    jobs, bad_lists = _with_nodes(jobs, source)
    kept += bad_lists
    count += len(bad_lists)
    jobs = jobs.join(_energies(jobs, steps), on="job_id", how="left", maintain_order="left")
    findings += _findings(jobs, steps, source)
    jobs = jobs.with_columns(
        cpu_time_s=library.when((col("cpu_time_s") > 0.0) | (col("elapsed_s") < 10.0)).then(col("cpu_time_s")),
        state=col("state").replace_strict(STATES, default="other", return_dtype=library.String),
        project=library.coalesce(col("project").replace("", None), "account"),
    )
    own_ids = dict(jobs.filter(col("own_id") != col("key")).select("job_id", "own_id").iter_rows())
    return JobTable(conformed(jobs, JOBS), _shares(jobs), tuple(kept), tuple(findings), source, count, own_ids)


def _never_ran() -> pl.Expr:
    col = polars().col
    no_time = col("start_ns").is_null() | (col("start_ns") == col("end_ns"))
    no_node = nodes_text().is_in(["", "none assigned", "none", "(null)", "n/a"])
    never = col("state").is_in(list(NEVER_STARTED)) | (no_time & no_node & (col("state") != "RUNNING"))
    expression: pl.Expr = never.fill_null(False)
    return expression


def nodes_text() -> pl.Expr:
    """The list of nodes, in small letters; empty where there is none."""
    expression: pl.Expr = polars().col("node_list").fill_null("").str.to_lowercase()
    return expression


def _reason() -> pl.Expr:
    """Why a job's row cannot be used; null for one that can."""
    library = polars()
    col = library.col
    running = col("state").replace_strict(STATES, default="other", return_dtype=library.String) == "running"
    expression: pl.Expr = (
        library.when(col("start_ns").is_null())
        .then(library.lit("its start is not known"))
        .when(col("end_ns").is_null() & ~running)
        .then(library.lit("its end is not known, though it does not run: see sacctmgr show runawayjobs"))
        .when(col("end_ns") < col("start_ns"))
        .then(library.lit("it ends before it starts"))
        .when(col("elapsed_s") < 0)
        .then(library.lit("its elapsed time is negative"))
        .otherwise(None)
    )
    return expression


def _with_runs(jobs: pl.DataFrame, steps: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """`job_id` on both: a requeued job stands once for each run, and its steps follow each. A run that stands twice
    (two exports joined) counts once."""
    library = polars()
    col = library.col
    before = jobs.height + steps.height
    # Of a run that stands twice the row that has its end counts, in whichever order the exports were joined.
    by_end = col("end_ns").is_not_null()
    jobs, steps = (rows.sort(by_end, maintain_order=True) for rows in (jobs, steps))
    once = jobs.unique(["key", "start_ns", "submit_ns"], keep="last", maintain_order=True).sort("line")
    numbered = once.with_columns(run=library.int_range(1, library.len() + 1).over("key"))
    numbered = numbered.with_columns(
        job_id=library.when(col("run") == 1).then(col("key")).otherwise(library.format("{}#{}", "key", "run"))
    )
    steps = steps.unique(["key", "step", "start_ns"], keep="last", maintain_order=True).sort("start_ns", "line")
    runs = numbered.filter(col("start_ns").is_not_null()).select("key", "job_id", job_start_ns="start_ns")
    owned = steps.with_columns(job_start_ns=col("start_ns")).join_asof(
        runs.sort("job_start_ns"), on="job_start_ns", by="key", strategy="backward", check_sortedness=False
    )
    return numbered, owned.drop("job_start_ns"), before - numbered.height - steps.height


def _with_nodes(jobs: pl.DataFrame, source: str) -> tuple[pl.DataFrame, list[RejectedRow]]:
    """`nodes`: the names of each job's nodes; jobs whose list cannot be read are kept aside."""
    library = polars()
    col = library.col
    texts = jobs["node_list"].fill_null("").unique(maintain_order=True)
    lists: list[list[str] | None] = []
    faults: dict[str, str] = {}
    for text in texts:
        try:
            lists.append(list(nodes_of(text)))
        except ValueError as error:
            lists.append(None)
            faults[text] = str(error)
    known = library.DataFrame(
        {"node_list": texts, "nodes": lists},
        schema={"node_list": library.String, "nodes": library.List(library.String)},
    )
    joined = jobs.with_columns(col("node_list").fill_null("")).join(
        known, on="node_list", how="left", maintain_order="left"
    )
    bad = joined.filter(col("nodes").is_null())
    rejected = [
        RejectedRow(source, row["line"], faults[row["node_list"]], f"job {row['key']}")
        for row in bad.select("line", "node_list", "key").iter_rows(named=True)
    ]
    return joined.filter(col("nodes").is_not_null()), rejected


def _energies(jobs: pl.DataFrame, steps: pl.DataFrame) -> pl.DataFrame:
    """`reported_j` and `reported_basis` of each job."""
    library = polars()
    col = library.col
    # 0 J over more than some seconds is no measurement: a plugin that does not read (NVIDIA's) or was not asked yet.
    usable = col("energy_j").is_not_null() & (col("energy_j") > 0.0) & (col("energy_j") <= _highest_j())
    own = jobs.select("job_id", own_j=library.when(usable).then(col("energy_j")), count=col("node_count"))
    good = steps.filter(usable & col("job_id").is_not_null())
    whole_node = good.filter(col("step").is_in(WHOLE_NODE_STEPS)).group_by("job_id").agg(batch_j=col("energy_j").max())
    parts = good.filter(~col("step").is_in(WHOLE_NODE_STEPS)).sort("job_id", "start_ns", "line")
    begun = col("start_ns") < col("end_ns").fill_null(2**62).shift(1).cum_max().over("job_id")
    marked = parts.with_columns(overlap=begun.fill_null(False))
    apart = marked.group_by("job_id").agg(steps_j=col("energy_j").sum(), overlap=col("overlap").any())
    beside = marked.join(apart.filter("overlap").select("job_id"), on="job_id", how="semi")
    sums = _apart_sums(beside)
    mended = library.DataFrame(
        {"job_id": list(sums), "mended_j": list(sums.values())},
        schema={"job_id": library.String, "mended_j": library.Float64},
    )
    odd = library.concat([rows.filter(_is_odd()).select("job_id") for rows in (jobs, steps)]).unique()
    own = own.join(odd.with_columns(odd=library.lit(True)), on="job_id", how="left")
    frame = own.join(whole_node, on="job_id", how="left").join(apart, on="job_id", how="left")
    frame = frame.join(mended, on="job_id", how="left").with_columns(
        steps_j=library.coalesce("mended_j", "steps_j"),
        batch_j=library.when(col("count").fill_null(1.0) <= 1.0).then(col("batch_j")),
    )
    batch_wins = col("batch_j") >= col("steps_j").fill_null(0.0)
    any_step = col("batch_j").is_not_null() | col("steps_j").is_not_null()
    return frame.select(
        "job_id",
        reported_j=library.when(any_step).then(library.max_horizontal("batch_j", "steps_j")).otherwise(col("own_j")),
        reported_basis=library.when(batch_wins)
        .then(library.lit("batch"))
        .when(any_step)
        .then(library.lit("steps"))
        .when(col("own_j").is_not_null())
        .then(library.lit("job row"))
        .when(col("odd"))
        .then(library.lit("nonsense"))
        .otherwise(library.lit("")),
    )


def _apart_sums(steps: pl.DataFrame) -> dict[str, float]:
    """Of each job the largest sum of steps that do not overlap: for each node, with its part of each step's energy."""
    by_job: dict[str, dict[str, list[tuple[int, int, float]]]] = {}
    columns = ("job_id", "start_ns", "end_ns", "energy_j", "node_list")
    for job_id, start, end, energy, text in zip(*(steps[name].to_list() for name in columns)):
        try:
            nodes: tuple[str, ...] = nodes_of(text or "") or ("",)
        except ValueError:
            nodes = ("",)
        last = 2**62 if end is None else max(end, start + 1)
        by_node = by_job.setdefault(job_id, {})
        for node in nodes:
            by_node.setdefault(node, []).append((start, last, energy / len(nodes)))
    return {job_id: sum(map(_best_apart, by_node.values())) for job_id, by_node in by_job.items()}


def _best_apart(intervals: list[tuple[int, int, float]]) -> float:
    """Weighted interval scheduling: the best sum of intervals that end before the next begins."""
    from bisect import bisect_right

    ordered = sorted(intervals, key=lambda interval: interval[1])
    ends, best = [interval[1] for interval in ordered], [0.0]
    for place, (start, _, energy) in enumerate(ordered):
        best.append(max(best[-1], best[bisect_right(ends, start, 0, place)] + energy))
    return best[-1]


def _highest_j() -> pl.Expr:
    """More than a row's nodes can draw in its time; of one that still runs, in a year."""
    col = polars().col
    length_s = ((col("end_ns") - col("start_ns")) / 1e9).fill_null(LONGEST_RUN_S).clip(1.0)
    expression: pl.Expr = length_s * HIGHEST_NODE_W * col("node_count").fill_null(1.0).clip(1.0)
    return expression


def _is_odd() -> pl.Expr:
    """Whether a row's energy is none: marked by its reader, or more than its nodes can draw."""
    col = polars().col
    expression: pl.Expr = ((col("is_odd_energy") > 0.0) | (col("energy_j") > _highest_j())).fill_null(False)
    return expression


def _findings(jobs: pl.DataFrame, steps: pl.DataFrame, source: str) -> list[ClusterFinding]:
    """What the rows show of themselves."""
    col = polars().col
    findings = []
    odd = sum(rows.filter(_is_odd()).height for rows in (jobs, steps))
    if odd:
        text = f"{odd} rows hold an energy that is none (negative, 2^64, more than a node can draw): taken as missing"
        findings.append(ClusterFinding("nonsense_energy", source, text, None, odd))
    idle = jobs.filter((col("cpu_time_s") == 0.0) & (col("elapsed_s") >= 10.0))
    if idle.height:
        first = idle["line"][0]
        text = f"{idle.height} jobs have no CPU time (the first in line {first}): it was not sampled, and is not known"
        findings.append(ClusterFinding("no_cpu_time", source, text, None, idle.height))
    orphans = steps["job_id"].null_count()
    if orphans:
        text = f"{orphans} rows of steps have no row of their job: they are left out"
        findings.append(ClusterFinding("orphan_steps", source, text, None, orphans))
    return findings


def _shares(jobs: pl.DataFrame) -> pl.DataFrame:
    """One row for each job on each node: what it has, evenly over its nodes, for sacct says no more."""
    library = polars()
    col = library.col
    count = col("nodes").list.len()
    shares = jobs.select(
        "job_id",
        "nodes",
        *((col(name) / count).alias(name) for name in ("cores", "gpus", "memory_b")),
        exclusive=library.lit(False),
    ).explode("nodes")
    return conformed(shares.rename({"nodes": "node"}).filter(col("node").is_not_null()), SHARES)
