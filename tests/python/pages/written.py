"""Records that are written by hand: channels of known power, regions, gaps, names of any kind."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START_NS = 1_000_000_000_000
NAME = "20260101T000000Z-1000-{number:016x}.jsonl"


@dataclass(frozen=True)
class Meter:
    """A channel that counts µJ. `watts`: mean power of the step that ends at a time."""

    device: str
    domain: str = "package"
    watts: Callable[[float], float] = lambda time: 100.0
    quality: str = "measured"
    source: str = "rapl"
    role: str = "in_total"
    missing: tuple[tuple[float, float], ...] = ()

    def header(self, index: int) -> dict[str, object]:
        return {
            "id": f"{self.source}/{self.domain}-{index}",
            "source": "cpu_model" if self.quality == "modelled" else "rapl_powercap",
            "device": self.device,
            "domain": self.domain,
            "quantity": "energy",
            "kind": "counter",
            "unit": "J",
            "scale": 1e-6,
            "range": 0,
            "update_period_ns": 1_000_000,
            "tick_jitter_ns": 0,
            "window_ns": 0,
            "latency_ns": 100_000,
            "max_power_w": 5000.0,
            "quality": self.quality,
            "relative_error": 0.3 if self.quality == "modelled" else 0.02,
        }


@dataclass(frozen=True)
class Stretch:
    """A region; `parent` counts from 1 in the order of the list, 0 for none."""

    name: str
    begin_s: float
    end_s: float
    parent: int = 0


@dataclass(frozen=True)
class Run:
    """What a record is made of."""

    meters: Sequence[Meter] = (Meter("cpu:0"), Meter("memory", "dram", lambda time: 20.0))
    seconds: float = 60.0
    interval_s: float = 1.0
    stretches: Sequence[Stretch] = ()
    info: dict[str, object] = field(default_factory=dict)
    number: int = 0
    boot: str = "boot"
    complete: bool = True


def write(folder: Path, run: Run = Run()) -> Path:
    """The record's path; the folder is its logdir."""
    place = folder / "impacttracker"
    place.mkdir(parents=True, exist_ok=True)
    path = place / NAME.format(number=run.number)
    path.write_text("\n".join([_header(run), *_body(run)]) + "\n", encoding="utf-8")
    return path


def _header(run: Run) -> str:
    count = len(run.meters)
    info = {
        "hostname": "node-1",
        "book": {
            "interval_ns": round(run.interval_s * 1e9),
            "at_edges": [True] * count,
            "roles": [meter.role for meter in run.meters],
            "missing": [],
        },
        **run.info,
    }
    return json.dumps(
        {
            "format": "impact-tracker-record",
            "version": 1,
            "run_id": f"run-{run.number}",
            "start_ns": START_NS + run.number * 10**12,
            "start_utc_ns": 1_790_000_000_000_000_000 + run.number * 10**12,
            "boot_id": run.boot,
            "pid": 1000,
            "channels": [meter.header(index) for index, meter in enumerate(run.meters)],
            "groups": [{"source": "rapl_powercap", "channels": list(range(count))}],
            "info": info,
        }
    )


def _body(run: Run) -> list[str]:
    counts = [0] * len(run.meters)
    events: list[tuple[float, int, str]] = [(0.001, 0, _mark("enter", 0, "run", 0.001, counts))]
    steps = round(run.seconds / run.interval_s)
    edges = sorted(
        [(stretch.begin_s, "enter", number) for number, stretch in enumerate(run.stretches, 1)]
        + [(stretch.end_s, "exit", -number) for number, stretch in enumerate(run.stretches, 1)]
    )
    for at, kind, number in edges:
        stretch = run.stretches[abs(number) - 1]
        energies = [_energy(meter, at, run.interval_s) for meter in run.meters]
        name = stretch.name if kind == "enter" else ""
        order = (1, number) if kind == "enter" else (2, number)
        line = _mark(kind, abs(number), name, at, energies, stretch.parent)
        events.append((at, order[0] * 1000 + order[1], line))
    for step in range(1, steps + 1):
        time = step * run.interval_s
        values = []
        for index, meter in enumerate(run.meters):
            counts[index] += round(meter.watts(time) * run.interval_s * 1e6)
            lost = any(begin < time <= end for begin, end in meter.missing)
            values.append("null" if lost else str(counts[index]))
        events.append((time, 0, f'["k",0,{round(time * 1e6)},3,{",".join(values)}]'))
    lines = [line for _, _, line in sorted(events, key=lambda event: event[:2])]
    if run.complete:
        lines += [_mark("exit", 0, "", run.seconds + 0.0005, counts), '{"e":"totals","info":{}}']
    return lines


def _energy(meter: Meter, at: float, interval_s: float) -> int:
    """The count at a time between two rows."""
    full_steps = int(at / interval_s + 1e-9)
    joules = sum(meter.watts((step + 1) * interval_s) * interval_s for step in range(full_steps))
    return round((joules + meter.watts((full_steps + 1) * interval_s) * (at - full_steps * interval_s)) * 1e6)


def _mark(kind: str, region: int, name: str, at_s: float, counts: Sequence[int], parent: int = 0) -> str:
    at = round(at_s * 1e9)
    readings = [[index, 0, count, at - 700, 600] for index, count in enumerate(counts)]
    line: dict[str, object] = {"m": kind, "r": region}
    if parent:
        line["p"] = parent
    if name:
        line["n"] = name
    return json.dumps({**line, "at": at, "v": readings})
