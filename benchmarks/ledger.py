"""The ledger at scale: the report over a million runs, the index from nothing, one spool's write, and a sync that finds
nothing or one more file.

    python benchmarks/ledger.py                      # 10^6 runs in the index; 20,000 of them as files too
    python benchmarks/ledger.py --runs 100000 --files 5000

The runs are drawn with a seed: 12 projects over two years, 40 persons, 300 machines by boot, some of which hold several
runs at a time. The million enters the index by the same code that reads files, without the files, which are measured
apart: their number is bounded by this machine's disk, not by the ledger.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from impact_tracker.ledger import Filter, Ledger, report_of
from impact_tracker.ledger.report import BestBy
from impact_tracker.ledger.rows import entry_row
from impact_tracker.ledger.settle import Touched, settle
from impact_tracker.ledger.sync import insert_entries, weighing_id
from impact_tracker.spool import Lineage, Place, RunEntry, write
from impact_tracker.values import Energy

SECOND = 1_000_000_000
BEGIN = 1_735_689_600 * SECOND  # 2025-01-01
STAGES = ("training",) * 6 + ("processing", "analysis", "deployment", None)
FATES = ("finished",) * 7 + ("failed", "cancelled", "debug")


def drawn(count: int, seed: int) -> Iterator[RunEntry]:
    """Runs in order of time."""
    source = random.Random(seed)
    step = 2 * 365 * 86_400 * SECOND // count
    for number in range(count):
        begin = BEGIN + number * step + source.randrange(step + 1)
        lasts = source.expovariate(1 / 900.0)
        best = lasts * source.uniform(80, 900)
        energy = Energy(best, 0.001 * best, 0.02 * best, 0.1 * best, source.choice(("measured", "modelled")))
        if source.random() < 0.02:
            energy = Energy.missing()
        machine = f"boot-{source.randrange(300)}-{number * 20 // count}"
        start = begin - BEGIN
        yield RunEntry(
            f"{number:010d}-{source.getrandbits(64):016x}",
            f"project-{min(int(source.expovariate(0.5)), 11):02d}",
            energy,
            started_ns=begin,
            duration_s=lasts,
            fate=source.choice(FATES),
            stage=source.choice(STAGES),
            person=f"person{source.randrange(40)}",
            metrics={"wer": source.random()} if source.random() < 0.6 else {},
            place=Place("node", machine, start, start + round(lasts * SECOND)),
            lineage=Lineage(job=f"slurm:{number}" if source.random() < 0.7 else None, restart=0),
            weighing={"pue": source.choice((1.0, 1.2)), "zone": source.choice(("FR", "DE", None))},
            written_ns=begin + round(lasts * SECOND),
        )


def fill(folder: Path, count: int, seed: int) -> float:
    """The runs in the index of a folder, without their files; how long that takes."""
    with Ledger.open(folder) as ledger:
        began = time.perf_counter()
        with ledger.database.exclusive():
            rows, weighings = [], {}
            for entry in drawn(count, seed):
                file = f"drawn/{entry.run_id}"
                rows.append(entry_row(entry, file, "drawn", "drawn", weighing_id(ledger.database, entry, weighings)))
                if len(rows) == 20_000:
                    insert_entries(ledger.database, rows)
                    rows = []
            insert_entries(ledger.database, rows)
            read = time.perf_counter()
            settle(ledger.database, Touched(everything=True))
        print(f"  entries {read - began:.1f} s, settled {time.perf_counter() - read:.1f} s", file=sys.stderr)
        return time.perf_counter() - began


def timed_command(folder: Path, *words: str) -> float:
    """Of the command as a user calls it, the start of Python included; the fastest of three."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "impact_tracker", "ledger", *words, "--ledger", str(folder), "--json"],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        times.append(time.perf_counter() - began)
    return min(times)


def files(folder: Path, count: int, seed: int) -> dict[str, float]:
    """Of real files: one durable write, the index anew, a sync that finds nothing, one that finds one file more."""
    entries = list(drawn(count, seed))
    began = time.perf_counter()
    for entry in entries[:500]:
        write(folder, entry)
    durable = (time.perf_counter() - began) / 500
    for entry in entries[500:]:
        write(folder, entry, durable=False)
    began = time.perf_counter()
    with Ledger.open(folder) as ledger:
        anew = time.perf_counter() - began
        for path in (folder / "spool").iterdir():  # as if nothing had been written for a while
            os.utime(path, (1, path.stat().st_mtime - 3600))
        ledger.sync()
        began = time.perf_counter()
        ledger.sync()
        nothing = time.perf_counter() - began
        write(folder, next(drawn(1, seed + 1)))
        began = time.perf_counter()
        ledger.sync()
        more = time.perf_counter() - began
        assert len(ledger.runs()) == count + 1
    return {
        "write_durable_ms": 1e3 * durable,
        "rebuild_runs_per_s": count / anew,
        "sync_nothing_ms": 1e3 * nothing,
        "sync_one_more_ms": 1e3 * more,
    }


def main() -> None:
    """Prints what was measured, as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="where to work (default: a temporary folder)")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        folder = Path(name) / "million"
        figures: dict[str, float] = {"runs": args.runs, "fill_s": fill(folder, args.runs, args.seed)}
        with Ledger.open(folder) as ledger:
            began = time.perf_counter()
            report = report_of(ledger, Filter(project="project-00"), BestBy("wer", "min"))
            figures["report_largest_project_s"] = time.perf_counter() - began
            figures["runs_of_largest_project"] = report.development.sum.runs
        figures["command_report_project_s"] = timed_command(folder, "report", "project-00", "--min", "wer")
        figures["command_report_all_projects_s"] = timed_command(folder, "report")
        figures["command_best_s"] = timed_command(folder, "best", "project-00", "--min", "wer")
        (index,) = (folder / "index").glob("*.sqlite")
        figures["index_bytes_per_run"] = index.stat().st_size / args.runs
        figures.update(files(Path(name) / "files", args.files, args.seed))
    print(json.dumps({key: float(f"{value:.4g}") for key, value in figures.items()}, indent=2))


if __name__ == "__main__":
    main()
