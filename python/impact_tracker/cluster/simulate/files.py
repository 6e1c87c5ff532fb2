"""A generated site as files that the commands read, and its truth beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ...whole_file import whole_file
from ..frames import JOBS, JOBS_FILE, SHARES, polars, schema
from ..job import JobTable
from ..node import NodeRating
from ..store import PowerStore
from .jobs import STATES, Drawn, draw_jobs
from .meters import readings_of
from .spec import SiteSpec

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

    from ..integral import Numbers


def table_of_site(site: Drawn) -> JobTable:
    """The jobs as a scheduler tells them, with its own energies, of which some are nonsense in the known ways."""
    import numpy as np

    library = polars()
    count = len(site.begin_s)
    draw = np.random.default_rng([site.spec.seed, 11])
    start, end = np.floor(site.begin_s).astype(np.int64), np.floor(site.end_s).astype(np.int64)
    used = site.use * site.cores * (site.end_s - site.begin_s)
    reported = _reported(site, draw)
    names = np.char.add("job", np.arange(1, count + 1).astype(str))
    columns = {
        "job_id": np.arange(1, count + 1).astype(str),
        "start_ns": start * 10**9,
        "end_ns": end * 10**9,
        "state": np.array(STATES)[site.state],
        "user": np.char.add("user", site.user.astype(str)),
        "account": np.char.add("team", (site.user % 5).astype(str)),
        "project": np.char.add("project", (site.user % 7).astype(str)),
        "partition": np.where(site.gpus > 0, "gpu", "cpu"),
        "name": names,
        "submit_ns": start * 10**9 - draw.integers(0, 3600, count) * 10**9,
        "cores": site.cores.astype(float),
        "gpus": site.gpus.astype(float),
        "gpu_model": np.where(site.gpus > 0, "a100", ""),
        "memory_b": site.cores * 4.0 * 2**30,
        "cpu_time_s": np.round(used, 3),
        "reported_j": reported,
        "reported_basis": np.full(count, "generated"),
        "line": np.arange(2, count + 2),
    }
    jobs = library.DataFrame(columns, schema=schema(JOBS)).with_columns(library.col("reported_j").fill_nan(None))
    shares = library.DataFrame(
        {
            "job_id": (site.row_job + 1).astype(str),
            "node": np.array([rating.node for rating in site.ratings])[site.row_node],
            "cores": site.row_cores.astype(float),
            "gpus": site.row_gpus.astype(float),
            "memory_b": site.row_cores * 4.0 * 2**30,
            "exclusive": site.exclusive,
        },
        schema=schema(SHARES),
    )
    return JobTable(jobs, shares, source=f"generated site {site.spec.seed}")


def _reported(site: Drawn, draw: np.random.Generator) -> Numbers:
    """The scheduler's energies. It charges a shared node in full to each of its jobs, now and then takes the mean of
    all nodes once, and some rows are no energy at all."""
    import numpy as np

    from .meters import node_power

    count = len(site.begin_s)
    full = np.zeros(count)
    for node in range(site.spec.nodes):
        power = node_power(site, node)
        rows = np.flatnonzero(site.row_node == node)
        edges = np.concatenate(([0.0], np.cumsum(np.diff(power.times_s) * power.power_w[:-1])))

        def running(
            times: np.ndarray[tuple[int], np.dtype[np.float64]],
        ) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
            place = np.searchsorted(power.times_s, times, side="right") - 1  # noqa: B023
            energy = edges[place] + (times - power.times_s[place]) * power.power_w[place]  # noqa: B023
            return np.asarray(energy)

        jobs = site.row_job[rows]
        full += np.bincount(jobs, running(site.end_s[jobs]) - running(site.begin_s[jobs]), count)
    nodes = np.bincount(site.row_job, minlength=count)
    once = (nodes > 1) & (draw.random(count) < 0.5)
    full = np.where(once, full / np.maximum(nodes, 1), full)
    odd = draw.random(count) < max(0.01, site.spec.nonsense) * (site.spec.nonsense > 0.0)
    nonsense = draw.choice([-1.0, -2202.0, 2.0**64, 18446744073709551614.0, 1e18], count)
    return np.where(odd, nonsense, np.round(full))


def write_ratings(ratings: tuple[NodeRating, ...], place: Path) -> None:
    """The nodes as a CSV that `read_ratings` reads."""
    names = [item.name for item in fields(NodeRating)]
    rows = [[getattr(rating, name) for name in names] for rating in ratings]
    with whole_file(place) as beside:
        polars().DataFrame(rows, schema=names, orient="row").write_csv(beside)


def write_site(
    spec: SiteSpec, folder: Path, *, gpu_meters: bool = False, progress: Callable[[int, int], None] | None = None
) -> Drawn:
    """Draws a site and writes `jobs.csv`, `nodes.csv`, `power/` (a store) and `truth.parquet` into a folder."""
    library = polars()
    site = draw_jobs(spec)
    table = table_of_site(site)
    with whole_file(folder / "jobs.csv") as beside:
        jobs_file(table).write_csv(beside)
    write_ratings(site.ratings, folder / "nodes.csv")
    truth = library.DataFrame({"job_id": table.jobs["job_id"], "energy_j": site.job_energy_j()})
    with whole_file(folder / "truth.parquet") as beside:
        truth.write_parquet(beside)
    store = PowerStore(folder / "power")
    rows: list[dict[str, object]] = []
    for node, rating in enumerate(site.ratings):
        for part in ("node", "gpu") if gpu_meters and rating.gpus else ("node",):
            times, values = readings_of(site, node, part)
            rows += store.write_series(
                rating.node, part, "power", library.DataFrame({"time_ns": times, "value": values})
            )
        if progress is not None:
            progress(node + 1, len(site.ratings))
    store.write_index(rows)
    return site


def jobs_file(table: JobTable) -> pl.DataFrame:
    """Jobs as the plain CSV has them: times as seconds since 1970, the nodes of a job separated by blanks."""
    library = polars()
    col = library.col
    nodes = table.shares.group_by("job_id", maintain_order=True).agg(
        nodes=col("node").str.join(" "), exclusive=col("exclusive").all()
    )
    joined = table.jobs.join(nodes, on="job_id", how="left", maintain_order="left")
    return joined.with_columns(
        *((col(f"{name}_ns") / 1e9).alias(name) for name in ("start", "end", "submit")),
        memory_gb=col("memory_b") / 2**30,
    ).select(JOBS_FILE)
