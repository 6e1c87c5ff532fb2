"""How fast a cluster's energy is accounted, on a tenth of a year of 300 nodes: run it twice, first with `make`.

python benchmarks/cluster.py make DIR        # 30 nodes, a year, 5 s: 1.9e8 samples, 100,000 jobs
python benchmarks/cluster.py integrate DIR   # samples a second, peak memory, balance, intervals that hold the truth
python benchmarks/cluster.py sacct           # rows a second of sacct -P text
python benchmarks/cluster.py dask DIR        # two worker processes against one, and the same numbers
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from pathlib import Path

from impact_tracker.cluster.accounting import account
from impact_tracker.cluster.closing import site_balance
from impact_tracker.cluster.executor import DaskWorkers, LocalThreads
from impact_tracker.cluster.job_energies import job_frame
from impact_tracker.cluster.ratings import read_ratings
from impact_tracker.cluster.readers.plain_jobs import read_plain_jobs
from impact_tracker.cluster.readers.sacct import read_sacct
from impact_tracker.cluster.simulate import SiteSpec, write_site
from impact_tracker.cluster.store import PowerStore

YEAR_SAMPLES = 1.9e9
ROWS = Path(__file__).parents[1] / "tests" / "data" / "slurm" / "sacct_full.psv"


def make(folder: Path, nodes: int, days: float, jobs: int) -> None:
    begin = time.perf_counter()
    spec = SiteSpec(seed=2, nodes=nodes, days=days, jobs=jobs, users=170)
    site = write_site(spec, folder, progress=lambda done, of: print(f"\rnode {done} of {of}", end="", flush=True))
    print(f"\n{len(site.begin_s)} jobs, {time.perf_counter() - begin:.0f} s")


def integrate(folder: Path) -> None:
    import polars as pl

    begin, processor = time.perf_counter(), time.process_time()
    table, ratings = read_plain_jobs(folder / "jobs.csv"), read_ratings(folder / "nodes.csv")
    print(f"reading {table.jobs.height} jobs: {time.perf_counter() - begin:.1f} s")
    begin, processor = time.perf_counter(), time.process_time()
    accounts = account(table, PowerStore(folder / "power"), nodes=ratings)
    wall, used = time.perf_counter() - begin, time.process_time() - processor
    rate = accounts.samples / wall
    print(f"{accounts.samples:.3g} samples in {wall:.1f} s: {rate:.3g}/s ({used:.1f} s of processors)")
    print(f"a year of 300 nodes: {YEAR_SAMPLES / rate / 60:.1f} min")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"peak memory {peak:.2f} GB")
    balance, frame = site_balance(accounts), job_frame(accounts)
    truth = (
        frame.select("job_id")
        .join(
            pl.read_parquet(folder / "truth.parquet").with_columns(pl.col("job_id").cast(pl.String)),
            on="job_id",
            how="left",
            maintain_order="left",
        )["energy_j"]
        .to_numpy()
    )
    inside = (frame["low_j"].to_numpy() <= truth) & (truth <= frame["high_j"].to_numpy())
    print(f"balance: {balance.error:.1e}; {inside.mean():.2%} of {frame.height} jobs within their interval")


def sacct(copies: int) -> None:
    header, *lines = ROWS.read_text().splitlines()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "rows.psv"
        with place.open("w") as file:
            file.write(header + "\n")
            for copy in range(copies):
                for line in lines:
                    number, rest = line[: len(line) - len(line.lstrip("0123456789"))], line.lstrip("0123456789")
                    file.write(f"{int(number) + 20 * copy}{rest}\n")
        read_sacct(ROWS)
        begin, processor = time.perf_counter(), time.process_time()
        table = read_sacct(place)
        wall, used = time.perf_counter() - begin, time.process_time() - processor
    count = copies * len(lines)
    print(f"{count} rows, {table.jobs.height} jobs in {wall:.2f} s: {count / wall:.3g} rows/s ({used:.2f} s of CPU)")


def dask(folder: Path) -> None:
    from dask.distributed import LocalCluster

    table, ratings = read_plain_jobs(folder / "jobs.csv"), read_ratings(folder / "nodes.csv")
    store, walls, energies = PowerStore(folder / "power"), [], []
    for workers in (1, 2):
        with LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
            executor = DaskWorkers(cluster.scheduler_address)
            account(table, store, nodes=ratings, executor=executor)  # the workers import what they need
            begin = time.perf_counter()
            accounts = account(table, store, nodes=ratings, executor=executor)
            walls.append(time.perf_counter() - begin)
            energies.append(job_frame(accounts)["energy_j"].to_numpy())
            executor.close()
    here = job_frame(account(table, store, nodes=ratings, executor=LocalThreads(1)))["energy_j"].to_numpy()
    import numpy as np

    times = walls[0] / walls[1]
    apart = max(float(np.nanmax(np.abs(there / here - 1.0))) for there in energies)
    print(f"1 process {walls[0]:.1f} s, 2 processes {walls[1]:.1f} s: {times:.2f} times; apart by {apart:.1e}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("make", "integrate", "sacct", "dask"))
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--nodes", type=int, default=30)
    parser.add_argument("--days", type=float, default=365.0)
    parser.add_argument("--jobs", type=int, default=110_000)
    parser.add_argument("--copies", type=int, default=20_000)
    args = parser.parse_args()
    if args.what == "sacct":
        sacct(args.copies)
    elif args.folder is None:
        parser.error("give a folder")
    elif args.what == "make":
        make(args.folder, args.nodes, args.days, args.jobs)
    else:
        {"integrate": integrate, "dask": dask}[args.what](args.folder)


if __name__ == "__main__":
    main()
