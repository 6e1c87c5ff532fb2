"""How long `impact-tracker report` takes for many records: python benchmarks/many_records.py [--records 1000].

Writes records of one hour at 1 Hz, of eight ranks a node, into a temporary directory, and prints what reading and
uniting them took.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

CHANNELS = (
    ("rapl/package-0", "cpu:0", "package", "counter", "J", 1e-6),
    ("rapl/dram-0", "memory", "dram", "counter", "J", 1e-6),
    ("rapl/package-1", "cpu:1", "package", "counter", "J", 1e-6),
    ("rapl/dram-1", "memory", "dram", "counter", "J", 1e-6),
    ("cpu_state/cpu_time", "cpu", "other", "counter", "s", 0.01),
    ("cpu_state/memory_used", "memory", "other", "gauge", "B", 1.0),
)
RAPL = 4
ROWS_TO_KEY = 600


def channel(ident: str, device: str, domain: str, kind: str, unit: str, scale: float) -> dict[str, Any]:
    """A channel as a header holds it."""
    rapl = ident.startswith("rapl")
    return {
        "id": ident,
        "source": "rapl_powercap" if rapl else "cpu_state",
        "device": device,
        "domain": domain,
        "quantity": "energy" if rapl else ident.split("/")[1],
        "kind": kind,
        "unit": unit,
        "scale": scale,
        "range": 262_143_328_850 if rapl else 0,
        "update_period_ns": 1_000_000 if rapl else 1_000_000_000,
        "tick_jitter_ns": 0,
        "window_ns": 0,
        "latency_ns": 100_000,
        "max_power_w": 500.0 if rapl else 0.0,
        "quality": "measured",
        "relative_error": 0.02 if rapl else 0.0,
    }


def header(node: int, rank: int, ranks: int, start_ns: int) -> str:
    """Line 1."""
    energy = [index < RAPL for index in range(len(CHANNELS))]
    info = {
        "hostname": f"node-{node}",
        "rank": {
            "launcher": "slurm",
            "rank": 8 * node + rank,
            "local_rank": rank,
            "world_size": ranks,
            "job": "slurm:1",
        },
        "book": {
            "interval_ns": 1_000_000_000,
            "at_edges": energy,
            "roles": ["in_total" if is_energy else "state" for is_energy in energy],
            "missing": [],
        },
    }
    line = {
        "format": "impact-tracker-record",
        "version": 1,
        "run_id": f"{node}-{rank}",
        "start_ns": start_ns,
        "start_utc_ns": 1_790_000_000_000_000_000,
        "boot_id": f"boot-{node}",
        "pid": 1000 + rank,
        "channels": [channel(*names) for names in CHANNELS],
        "groups": [
            {"source": "rapl_powercap", "channels": list(range(RAPL))},
            {"source": "cpu_state", "channels": list(range(RAPL, len(CHANNELS)))},
        ],
        "info": info,
    }
    return json.dumps(line)


def mark(kind: str, region: int, name: str, at_s: float) -> str:
    """An edge with a reading of each energy counter: 100 W, 20 W, 100 W, 20 W."""
    at = round(at_s * 1e9)
    readings = [[c, 0, round((100, 20)[c % 2] * at_s * 1e6), at - 700, 600] for c in range(RAPL)]
    line: dict[str, Any] = {"m": kind, "r": region}
    if name:
        line["n"] = name
    return json.dumps({**line, "at": at, "v": readings})


def body(seconds: int, late_us: int) -> str:
    """Everything after line 1: rows of both groups each second, one region an epoch of ten minutes."""
    lines = [mark("enter", 0, "run", 0.001)]
    for second in range(seconds):
        t = 1_000_000 * second + 10_000 + late_us
        joules = [(100, 20)[c % 2] * t for c in range(RAPL)]
        if second % ROWS_TO_KEY == 0:
            lines.append(f'["k",0,{t},3,{",".join(map(str, joules))}]')
            lines.append(f'["k",1,{t + 5},40,{1000 + second},{32_000_000_000 + second}]')
            lines.append(mark("enter", 1 + second // ROWS_TO_KEY, "epoch", second + 0.5))
        else:
            lines.append("[1000000,3,100000000,20000000,100000000,20000000]")
            lines.append(f"[-1,1000000,40,1,{32_000_000_000 + second}]")
        if second % ROWS_TO_KEY == ROWS_TO_KEY - 1:
            lines.append(mark("exit", 1 + second // ROWS_TO_KEY, "", second + 0.5))
    lines.append(mark("exit", 0, "", seconds))
    return "\n".join([*lines, '{"e":"totals","info":{}}', ""])


def write(folder: Path, records: int, seconds: int) -> int:
    """The records; their bytes."""
    bodies = [body(seconds, 1000 * rank) for rank in range(8)]
    place = folder / "impacttracker"
    place.mkdir()
    total = 0
    for number in range(records):
        node, rank = divmod(number, 8)
        text = header(node, rank, records, 1_000_000_000_000 + 20_000_000 * rank) + "\n" + bodies[rank]
        (place / f"20260101T000000Z-{1000 + rank}-{number:016x}.jsonl").write_text(text)
        total += len(text)
    return total


def main() -> int:
    """Write, report, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--hours", type=float, default=1.0)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="many-records-") as name:
        size = write(Path(name), args.records, round(args.hours * 3600))
        print(f"{args.records} records of {args.hours:g} h at 1 Hz, {size / 1e6:.0f} MB, {-(-args.records // 8)} nodes")
        begin = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "impact_tracker", "report", name, "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        took = time.perf_counter() - begin
    total = json.loads(done.stdout)["total"]
    print(f"report: {took:.2f} s, {took / args.records * 1e3:.2f} ms a record; {total['energy_j'] / 3.6e6:.3f} kWh")
    expected = -(-args.records // 8) * 240 * (3600 * args.hours + 0.139) / 3.6e6
    print(f"expected about {expected:.3f} kWh for {total['machines']} nodes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
