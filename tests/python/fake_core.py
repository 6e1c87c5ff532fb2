"""A stand-in for the compiled core with the interface of `_core.pyi`: one machine whose power and clock the test sets.

Its files are its own (JSON Lines: header, regions, totals); only what Python makes of them is under test.
"""

from __future__ import annotations

import enum
import itertools
import json
import math
import os
from array import array
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from impact_tracker.probes import ChannelDescription, Probe
from impact_tracker.values import Energy
from python.fake_results import ChannelResult, RegionResult

__version__ = "0.0.test"


class NoSourceError(RuntimeError):
    pass


class Edges(enum.Enum):
    plain = 0
    tick = 1


class Scope(enum.Enum):
    machine = 0
    process = 1
    cgroup = 2
    job = 3


class IdlePolicy(enum.Enum):
    none = 0
    allocated_cores = 1
    usage = 2
    equal = 3


class TrackerSettings:
    """As the core's, whose checks of an interval and of `share_of` it has not."""

    shortest_interval_s, longest_interval_s = 0.0005, 3600.0

    def __init__(self) -> None:
        self.logdir = ""
        self.interval_s = 1.0
        self.sources: list[str] = []
        self.source_settings: dict[str, str] = {}
        self.edges = Edges.plain
        self.include_psys = False
        self.strict = False
        self.run_key = ""
        self.scope = Scope.process
        self.idle_policy = IdlePolicy.usage
        self.share_of: str | int = "self"
        self.info: dict[str, Any] = {}


class SourceSetting(NamedTuple):
    name: str
    what: str
    is_secret: bool = False
    is_path: bool = False
    default: str = ""
    readers: tuple[str, ...] = ("redfish",)

    @property
    def variable(self) -> str:
        return f"IMPACT_TRACKER_{self.name.upper()}"


def source_settings() -> list[SourceSetting]:
    return [
        SourceSetting("redfish", "the management controller: https://<address>"),
        SourceSetting("redfish_user", "account of the management controller"),
        SourceSetting("redfish_password", "its password", is_secret=True),
        SourceSetting("redfish_password_file", "file whose first line is redfish_password", is_path=True),
    ]


class Machine:
    """A package that draws `power_w` and a memory that a model puts at `memory_w`; time passes by `advance` alone."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000_000
        self.power_w = 100.0
        self.memory_w = 5.0
        self.joules = [0.0, 0.0]
        self.measured = True
        self.write_errors: list[str] = []
        self.failing: set[str] = set()
        self.lagging: set[int] = set()  # regions whose result is provisional still
        self.boot_id = "b007"
        self.count = itertools.count(1)  # trackers are made by several threads at once
        self.trackers: list[Tracker] = []

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)
        self.joules[0] += self.power_w * seconds
        self.joules[1] += self.memory_w * seconds

    def fail(self, call: str) -> None:
        """From now on this call of every tracker raises."""
        self.failing.add(call)


machine = Machine()


def reset() -> Machine:
    global machine
    machine = Machine()
    return machine


def result_of_span(name: str, number: int, span: list[Any], edges: str = "plain") -> RegionResult:
    start_ns, stop_ns, package, memory = span
    use: dict[str, float | None] = {"cpu": 0.5, "memory_used_bytes": 2.0e9}
    if not machine.measured:
        nothing = Energy.missing()
        return RegionResult(name, start_ns, stop_ns, nothing, number, edges=edges, coverage=0.0, utilisation=use)
    bias_j = math.hypot(0.02 * package, 0.5 * memory)
    energy = Energy(package + memory, 0.1, bias_j, memory, "modelled")
    channels = [
        ChannelResult(
            "rapl/package-0", "rapl_powercap", "cpu:0", "package", package, half_width_j=0.1, bias_j=0.02 * package
        ),
        ChannelResult("ram_model/memory", "ram_model", "memory", "dram", memory, "modelled", 0.0, 0.5 * memory),
    ]
    return RegionResult(name, start_ns, stop_ns, energy, number, edges=edges, channels=channels, utilisation=use)


class Left:
    """A region that was left."""

    def __init__(self, result: RegionResult) -> None:
        self._result = result

    def result(self) -> RegionResult:
        return replace(self._result, provisional=self._result.region in machine.lagging)


class Tracker:
    def __init__(self, settings: TrackerSettings, root: str = "/") -> None:
        if "no_such" in settings.sources:
            raise ValueError("unknown source 'no_such'; there are rapl_powercap, ram_model")
        if settings.strict and not machine.measured:
            raise NoSourceError("nothing can be measured")
        self.settings = settings
        self.pid = os.getpid()
        count = next(machine.count)
        folder = Path(settings.logdir) / "impacttracker"
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"20260102T030405.{count:06d}Z-4711-{count:04x}.jsonl"
        self.running = False
        self._regions: dict[int, Any] = {}
        self._origin: list[float] | None = None
        self._final: RegionResult | None = None
        self._header = {
            **settings.info,
            "version": 1,
            "boot_id": machine.boot_id,
            "start_ns": machine.now_ns,
            "start_utc_ns": 1_767_323_045_000_000_000 + machine.now_ns - 1_000_000_000_000,
        }
        self._lines({"header": self._header})

    def _fail(self, call: str) -> None:
        if call in machine.failing:
            raise RuntimeError(f"{call} failed")

    def _lines(self, *more: dict[str, Any]) -> None:
        with self._path.open("a") as stream:
            stream.writelines(json.dumps(line) + "\n" for line in more)

    @property
    def inert(self) -> bool:
        return self.pid != os.getpid()

    @property
    def path(self) -> str:
        return str(self._path)

    def start(self) -> None:
        self._fail("start")
        self.running = True
        self._origin = [machine.now_ns, *machine.joules]
        machine.trackers.append(self)

    def _span(self, origin: list[Any]) -> list[Any]:
        return [origin[0], machine.now_ns, machine.joules[0] - origin[1], machine.joules[1] - origin[2]]

    def wait(self, energy_j: float, timeout_s: float) -> bool:
        """Time passes by `advance` alone, so that there is nothing to wait for."""
        result = self.result()
        return result is not None and result.energy.best_j is not None and bool(result.energy.best_j >= energy_j)

    def stop(self, info: dict[str, Any]) -> None:
        self._fail("stop")
        if self.running:
            self._final = self.result()
            self.running = False
            machine.trackers.remove(self)
            self._lines({"totals": {"result": asdict(self._final), "info": info}})

    def enter(self, name: str, edges: Edges | None = None) -> int:
        self._fail("enter")
        number = len(self._regions) + 1
        self._regions[number] = (name, (edges or self.settings.edges).name, [machine.now_ns, *machine.joules])
        return number

    def exit(self, region: int, at_ns: int | None = None) -> Left:
        self._fail("exit")
        name, edges, origin = self._regions[region]
        done = result_of_span(name, region, self._span(origin), edges)
        self._lines({"region": asdict(done)})
        return Left(done)

    def result(self) -> RegionResult:
        self._fail("result")
        return self._final or result_of_span("", 0, self._span(self._origin or [machine.now_ns, *machine.joules]))

    def note(self, body: Mapping[str, object]) -> None:
        if self.running:
            self._lines({"note": dict(body)})

    def health(self) -> dict[str, Any]:
        self._fail("health")
        names = "samples missed_ticks read_failures wraps resets ambiguous_wraps dropped bytes_written"
        counts: dict[str, Any] = dict.fromkeys(names.split(), 0)
        return {**counts, "gaps_s": 0.0, "write_errors": machine.write_errors, "sampler_cpu_s": 0.001, "sources": []}

    def flush(self) -> None:
        self._fail("flush")
        if self.running:
            self._lines({"now": asdict(self.result())})


def flush_all() -> None:
    for tracker in machine.trackers:
        tracker.flush()


def visible_gpus() -> list[str] | None:
    return None


def cpu_name(root: str = "/") -> str:
    return "Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz"


def probe(root: str = "/", settings: Mapping[str, str] | None = None) -> list[Probe]:
    package = ChannelDescription(
        id="rapl/package-0",
        source="rapl_powercap",
        device="cpu:0",
        domain="package",
        quantity="energy",
        kind="counter",
        unit="J",
        resolution=1e-6,
        update_period_s=0.001,
        latency_s=0.0,
        quality="measured",
        relative_error=0.0,
    )
    memory: ChannelDescription = {**package, "id": "ram_model/memory", "source": "ram_model", "device": "memory"}
    memory.update(domain="dram", quality="modelled")

    forbidden = Probe(
        name="rapl_perf",
        group="rapl",
        what="CPU energy through perf events",
        state="forbidden",
        error="perf_event_paranoid is 4",
        advice="sudo sysctl kernel.perf_event_paranoid=0",
        origin="",
        channels=[],
    )

    def reader(name: str, group: str, what: str, channel: ChannelDescription) -> Probe:
        return Probe(
            name=name, group=group, what=what, state="used", error="", advice="", origin="", channels=[channel]
        )

    absent: Probe = {**forbidden, "name": "nvml", "group": "", "what": "NVIDIA GPUs through NVML", "state": "absent"}
    absent.update(error="libnvidia-ml.so.1 is not installed", advice="")
    return [
        forbidden,
        reader("rapl_powercap", "rapl", "CPU energy through powercap", package),
        absent,
        reader("ram_model", "", "memory from its size and use", memory),
    ]


@dataclass(frozen=True)
class United:
    run: RegionResult
    regions: list[RegionResult]
    records: list[RegionResult]


def unite(records: list[tuple[str, int, int]]) -> United:
    """Every record's machine draws a power that does not change: the longest record's mean, over the union."""

    def span(name: str, start_ns: int, stop_ns: int) -> RegionResult:
        longest = max((Record(path).result() for path, _, _ in records), key=lambda result: result.duration_s)
        watts = [(channel.energy_j or 0.0) / longest.duration_s for channel in longest.channels] or [math.nan, math.nan]
        length = (stop_ns - start_ns) / 1e9
        return result_of_span(name, 0, [start_ns, stop_ns, *(length * power for power in watts)])

    run = span("run", min(start for _, start, _ in records), max(stop for _, _, stop in records))
    inside: dict[str, list[int]] = {}
    for path, _, _ in records:
        for region in Record(path).regions():
            start, stop = inside.setdefault(region.name, [region.start_ns, region.stop_ns])
            inside[region.name] = [min(start, region.start_ns), max(stop, region.stop_ns)]
    regions = [span(name, start, stop) for name, (start, stop) in inside.items()]
    return United(run, regions, [span("run", start, stop) for _, start, stop in records])


class Record:
    def __init__(self, path: str) -> None:
        self._lines: list[dict[str, Any]] = []
        damaged: list[int] = []
        text = Path(path).read_text(errors="replace")
        for number, line in enumerate(text[: text.rfind("\n") + 1].split("\n")[:-1], 1):
            if not line:
                continue
            try:
                self._lines.append(json.loads(line))
            except ValueError:  # passed over, and so is what follows the last end of a line: it is being written
                damaged.append(number)
        if not self._lines or 1 in damaged or "header" not in self._lines[0]:
            raise ValueError(f"{path} is no record")
        many = "1 line was" if len(damaged) == 1 else f"{len(damaged)} lines were"
        self.damage = f"line {damaged[0]}: not JSON; {many} passed over" if damaged else None
        self.header = self._lines[0]["header"]

    @property
    def totals(self) -> dict[str, Any] | None:
        last: dict[str, Any] | None = self._lines[-1].get("totals")
        return last

    @property
    def notes(self) -> list[dict[str, object]]:
        return [line["note"] for line in self._lines if "note" in line]

    @property
    def left_open(self) -> list[str]:
        return []

    @property
    def complete(self) -> bool:
        return self.totals is not None and self.damage is None

    def _results(self) -> list[dict[str, Any]]:
        results = [line["totals"]["result"] if "totals" in line else line.get("now") for line in self._lines]
        return [result for result in results if result is not None]

    @property
    def started(self) -> bool:
        return bool(self._results())

    def result(self) -> RegionResult:
        if self.started:
            return RegionResult.from_json(self._results()[-1])
        start_ns, notes = self.header["start_ns"], ["its tracker was never started"]
        return RegionResult("", start_ns, start_ns, Energy.missing(), coverage=None, notes=notes)

    def regions(self) -> list[RegionResult]:
        return [RegionResult.from_json(line["region"]) for line in self._lines if "region" in line]

    def series(self, channel_id: str) -> tuple[Any, Any]:
        watts = 100.0 if channel_id.startswith("rapl") else 5.0
        times = array("d", (0.0, 1.0, 2.0, 3.0))
        return memoryview(times), memoryview(array("d", (watts, watts * 1.5, math.nan, watts)))

    def health(self) -> dict[str, Any]:
        return {"samples": 4, "write_errors": [], "gaps_s": 0.0, "read_failures": 0}
