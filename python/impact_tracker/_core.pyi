"""The compiled core. All of it is thin binding; units are in the names, times are CLOCK_MONOTONIC nanoseconds."""

from collections.abc import Mapping
from typing import Any, ClassVar

__version__: str

# A result is a dict (shape in impact_tracker.result.Result, which wraps it):
#   name: str, region: int, parent: int, start_ns: int, stop_ns: int, duration_s: float, edges: "plain" | "tick",
#   energy_j: float | None       best cover of the machine by component sensors, models where no sensor covers
#   energy_low_j, energy_high_j  95 % interval (tick, edges, gaps; model and sensor bias added apart in bias_j)
#   bias_j: float | None         95 % half-width of the sensors' and models' own systematic error
#   modelled_j: float | None     the part of energy_j that models gave
#   psys_j, wall_j: float | None apart, never inside energy_j unless psys was asked for
#   rest_j: float | None         wall_j - energy_j, where both are known for the whole time
#   share: None, or {scope, idle_policy, whose, share_j, half_width_j, bias_j, idle_j, others_j, machine_idle_j,
#          unattributed_j, cpu_s, machine_cpu_s, quality, reasons: [str], devices: [{id, device, share_j, idle_j,
#          others_j, machine_idle_j, unattributed_j}]}: share + others + machine_idle + unattributed = energy
#   quality: "measured" | "modelled" | "estimated" | "stale" | "missing"; partial: bool; provisional: bool
#   coverage: float              part of the duration that readings cover, 0..1
#   channels: [{id, source, device, domain, quantity, unit, in_total: bool, quality, coverage,
#               energy_j | value (mean of a gauge), half_width_j, bias_j, provisional, notes: [str]}]
#   utilisation: {cpu: float | None, memory_used_bytes: float | None, "gpu:<id>": float | None}
#   notes: [str]                 findings in words ("no tick within 2 ms on rapl/dram-0: plain edge")

class NoSourceError(RuntimeError): ...

class Left:
    """A region that was left. Cheap: the dict is made when it is asked for."""
    def dict(self) -> dict[str, Any]:
        """The result; once sampled channels have their reading after the region's end, the final one."""

class Edges:
    """How a region's edges are read: at once, or after the counter's next tick."""

    plain: ClassVar[Edges]
    tick: ClassVar[Edges]
    __members__: ClassVar[dict[str, Edges]]
    def __init__(self, value: int) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class Scope:
    """Whose share of the machine's energy is told."""

    machine: ClassVar[Scope]
    process: ClassVar[Scope]
    cgroup: ClassVar[Scope]
    job: ClassVar[Scope]
    __members__: ClassVar[dict[str, Scope]]
    def __init__(self, value: int) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class IdlePolicy:
    """Who bears what the machine draws without work."""

    none: ClassVar[IdlePolicy]
    allocated_cores: ClassVar[IdlePolicy]
    usage: ClassVar[IdlePolicy]
    equal: ClassVar[IdlePolicy]
    __members__: ClassVar[dict[str, IdlePolicy]]
    def __init__(self, value: int) -> None: ...
    @property
    def name(self) -> str: ...
    @property
    def value(self) -> int: ...

class TrackerSettings:
    """What a tracker is asked for; a new one holds the defaults. Setting a value that cannot be is a ValueError."""

    shortest_interval_s: ClassVar[float]
    longest_interval_s: ClassVar[float]
    logdir: str
    interval_s: float
    sources: list[str]
    """Names or groups of sources.def; empty: all."""
    source_settings: dict[str, str]
    """What configuration files tell the readers, by the names of `source_settings()`; the environment wins."""
    edges: Edges
    include_psys: bool
    strict: bool
    run_key: str
    """The same in the processes of one run, which share slow sources; "" for none."""
    scope: Scope
    idle_policy: IdlePolicy
    share_of: str | int
    """ "self", "children" or the number of a process."""
    info: Mapping[str, object]
    """What Python knows of the run: goes into the record's header as it is."""
    def __init__(self) -> None: ...

class SourceSetting:
    """One thing that readers can be told."""
    @property
    def name(self) -> str:
        """In a configuration file."""
    @property
    def variable(self) -> str:
        """In the environment."""
    @property
    def what(self) -> str: ...
    @property
    def default(self) -> str: ...
    @property
    def readers(self) -> list[str]: ...
    @property
    def is_secret(self) -> bool: ...
    @property
    def is_path(self) -> bool: ...

def source_settings() -> list[SourceSetting]:
    """The settings of all readers, each once, in the order of sources.def; behind a secret the name of its file."""

class Tracker:
    """One record being written. Constructor opens the record (OSError with the path); nothing runs before start()."""
    def __init__(self, settings: TrackerSettings, root: str = "/") -> None:
        """ValueError for an unknown source, NoSourceError where `strict` is set and nothing can be measured. `root`:
        where /proc and /sys are (tests)."""
    def start(self) -> None: ...
    def stop(self, info: Mapping[str, object]) -> None:
        """Idempotent; `info` goes into the totals line. Never raises for a failing disk: see health()."""
    def enter(self, name: str, edges: Edges | None = None) -> int: ...
    def exit(self, region: int, at_ns: int | None = None) -> Left | None:
        """RuntimeError for a region that is not open; None in an inert tracker."""
    def result(self) -> dict[str, Any]:
        """The run: up to now while it runs, final after stop()."""
    def health(self) -> dict[str, Any]:
        """samples, missed_ticks, read_failures, wraps, resets, ambiguous_wraps, gaps_s, dropped, write_errors: [str],
        sampler_cpu_s, bytes_written, sources: [{name, state, failures}]"""
    def flush(self) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def running(self) -> bool: ...
    @property
    def inert(self) -> bool:
        """True in a forked child: every call does nothing."""

def probe(root: str = "/", settings: dict[str, str] = ...) -> list[dict[str, Any]]:
    """One dict a reader of sources.def, in its order: name, group, what, state ("used" | "shadowed" | "absent" |
    "forbidden" | "unsupported" | "broken" | "misconfigured"), error, advice, channels: [dict]. `settings`: as
    TrackerSettings.source_settings."""

def visible_gpus() -> list[str] | None:
    """The NVIDIA GPUs that a program started from here may use, by CUDA_VISIBLE_DEVICES, in its order: "gpu:GPU-…", or
    a slice, "MIG-…". None without a driver, and where it cannot be known (indices among GPUs that differ)."""

def cpu_name(root: str = "/") -> str:
    """The processor as /proc/cpuinfo names it; on Arm, where as a rule it does not, its cores by their part number. ""
    where neither is known."""

def flush_all() -> None:
    """Write out what every running tracker of this process holds."""

class Record:
    """A record read from disk, also while it is being written."""
    def __init__(self, path: str) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def left_open(self) -> list[str]:
        """Names of the regions that a record's early end found open."""
    @property
    def header(self) -> dict[str, Any]: ...
    @property
    def totals(self) -> dict[str, Any] | None:
        """The last line as it was written; None where the record ends early."""
    @property
    def complete(self) -> bool: ...
    @property
    def damage(self) -> str | None:
        """ "line 812: not JSON …; everything before it was read", None where there is none."""
    def result(self) -> dict[str, Any]:
        """The whole run, computed again from the readings."""
    def regions(self) -> list[dict[str, Any]]:
        """The closed regions' results in order of their exit, computed again from the marks."""
    def series(self, channel_id: str) -> tuple[Any, Any]:
        """(start-relative seconds, value) as two memoryviews of doubles, n each: mean power in W between successive
        readings for an energy counter, the value itself for a gauge; NaN where nothing was measured."""
    def health(self) -> dict[str, Any]: ...

def unite(records: list[tuple[str, int, int]]) -> dict[str, Any]:
    """Records (path, start_ns, stop_ns of the run) of one boot whose times overlap, as one: `run` and `regions` (each
    stretch in which at least one record was inside a region of that name), results of the machine with every reading
    of a channel once; `records`: the same over the time of each record. ValueError for what is no record."""

# The model: arithmetic of footprints (impact_tracker.footprint is its front).

class IntensitySeries:
    """Values per kWh over time (UTC nanoseconds). A NaN is a hole, bridged for at most max_hold_s. ValueError for times
    that do not increase, negative or no values. Times and values: array.array('q' / 'd'), numpy arrays, sequences."""
    def __init__(
        self, times_ns: Any, values: Any, *, end_ns: int, shape: str = "step", max_hold_s: float = 0.0
    ) -> None: ...
    def weigh(self, times_ns: Any, energy: Any, kind: str = "cumulative") -> dict[str, float]:
        """Exact integral of an energy series ("cumulative" joules, or "power" in watts; NaN a gap) over the intensity:
        impact (unit of the values), known_j, held_j (in bridged holes), uncovered_j (no intensity), missing_s (gaps of
        the energy), lowest and highest intensity met."""
    def __len__(self) -> int: ...

def monte_carlo(
    inputs: list[tuple[str, float, float, float]],
    results: list[list[tuple[float, list[tuple[int, float]]]]],
    draws: int = 10_000,
    seed: int = 0,
) -> list[dict[str, float]]:
    """inputs: (normal | lognormal | triangular | uniform, low, best, high); a result: a sum of (coefficient, [(input,
    exponent)]). One dict a result: best, mean, median, low and high (2.5 % and 97.5 %)."""

def draw(
    inputs: list[tuple[str, float, float, float]],
    result: list[tuple[float, list[tuple[int, float]]]],
    draws: int = 10_000,
    seed: int = 0,
) -> list[float]:
    """The draws of one result themselves, for a figure."""

def tornado(
    inputs: list[tuple[str, float, float, float]], result: list[tuple[float, list[tuple[int, float]]]]
) -> list[tuple[float, float]]:
    """The result with one input at its low and at its high, the others at their best: one pair an input."""

def use_of_electricity(
    energy_j: float, pue: float, wue: float, carbon: float, water: float, primary_energy: float, depletion: float
) -> dict[str, float]:
    """The dimension-checked formulas of impact/model: carbon_g, water_l, primary_energy_mj, adp_kg_sb of an energy of
    the computers; factors for each kWh (NaN: not published, which leaves NaN). ValueError for an impossible one."""

def share_of_life(
    duration_s: float, lifetime_s: float, utilisation: float = 1.0, reserved: float = 1.0, total: float = 1.0
) -> float:
    """duration / (lifetime x utilisation) x reserved / total: the part of a machine's making that a use bears."""
