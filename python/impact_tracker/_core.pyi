"""The compiled core. All of it is thin binding; units are in the names, times are CLOCK_MONOTONIC nanoseconds."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from .health import Health
from .probes import Probe
from .values import Quality

__version__: str

class NoSourceError(RuntimeError): ...

# What was measured. Energies are joules; None is what was not measured.

class Energy:
    """The counterpart of impact_tracker.values.Energy, under the same rules."""
    def __init__(
        self,
        best_j: float | None,
        half_j: float | None = None,
        bias_j: float | None = None,
        modelled_j: float | None = None,
        quality: str = "measured",
        partial: bool = False,
    ) -> None:
        """ValueError for what is not finite, a negative half-width, and a value without a quality or the reverse."""
    @property
    def best_j(self) -> float | None: ...
    @property
    def half_j(self) -> float | None: ...
    @property
    def bias_j(self) -> float | None: ...
    @property
    def modelled_j(self) -> float | None: ...
    @property
    def quality(self) -> Quality: ...
    @property
    def partial(self) -> bool: ...
    @property
    def is_missing(self) -> bool: ...
    @property
    def low_j(self) -> float | None: ...
    @property
    def high_j(self) -> float | None: ...
    @property
    def error_j(self) -> float | None: ...
    @property
    def range_j(self) -> tuple[float, float, float] | None: ...
    def scaled(self, factor: float) -> Energy: ...
    def minus(self, other: Energy, *, same_sensors: bool) -> Energy: ...

def total(energies: Sequence[Energy]) -> Energy: ...
def total_if_known(energies: Sequence[Energy]) -> Energy: ...

class ChannelResult:
    """One channel over a region."""
    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def domain(self) -> str: ...
    @property
    def quantity(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def role(self) -> str:
        """ "in_total", "inside", "duplicate", "apart", "model_unused" or "state"."""
    @property
    def in_total(self) -> bool: ...
    @property
    def quality(self) -> Quality: ...
    @property
    def coverage(self) -> float | None: ...
    @property
    def provisional(self) -> bool: ...
    @property
    def measures_energy(self) -> bool:
        """Whether the next four mean anything; of other channels only `value` does."""
    @property
    def energy(self) -> Energy: ...
    @property
    def energy_j(self) -> float | None: ...
    @property
    def half_width_j(self) -> float | None: ...
    @property
    def bias_j(self) -> float | None: ...
    @property
    def value(self) -> float | None:
        """In its unit: the energy, the mean of a gauge, the growth of another counter."""

class DeviceShare:
    """Whose energy one channel's was."""
    @property
    def id(self) -> str: ...
    @property
    def device(self) -> str: ...
    @property
    def share_j(self) -> float | None: ...
    @property
    def idle_j(self) -> float | None: ...
    @property
    def others_j(self) -> float | None: ...
    @property
    def machine_idle_j(self) -> float | None: ...
    @property
    def unattributed_j(self) -> float | None: ...

class Share:
    """Whose energy a region's was: share, others, machine_idle and unattributed add up to it."""
    @property
    def scope(self) -> str: ...
    @property
    def idle_policy(self) -> str: ...
    @property
    def whose(self) -> str: ...
    @property
    def share_j(self) -> float | None: ...
    @property
    def half_width_j(self) -> float | None: ...
    @property
    def bias_j(self) -> float | None: ...
    @property
    def idle_j(self) -> float | None: ...
    @property
    def others_j(self) -> float | None: ...
    @property
    def machine_idle_j(self) -> float | None: ...
    @property
    def unattributed_j(self) -> float | None: ...
    @property
    def cpu_s(self) -> float | None: ...
    @property
    def machine_cpu_s(self) -> float | None: ...
    @property
    def quality(self) -> Quality: ...
    @property
    def devices(self) -> list[DeviceShare]: ...
    @property
    def reasons(self) -> list[str]: ...

class RegionResult:
    """A region, or the run (region 0)."""
    @property
    def region(self) -> int: ...
    @property
    def parent(self) -> int: ...
    @property
    def name(self) -> str: ...
    @property
    def start_ns(self) -> int: ...
    @property
    def stop_ns(self) -> int: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def edges(self) -> Literal["plain", "tick"]: ...
    @property
    def energy(self) -> Energy:
        """Best cover of the machine by component sensors, models where no sensor covers."""
    @property
    def psys_j(self) -> float | None:
        """Beside `energy`, as `wall_j`; inside only if psys was asked for."""
    @property
    def wall_j(self) -> float | None: ...
    @property
    def rest_j(self) -> float | None:
        """wall_j less the energy, where both are known for the whole time."""
    @property
    def coverage(self) -> float | None:
        """Part of the duration that readings cover, 0 to 1."""
    @property
    def provisional(self) -> bool: ...
    @property
    def channels(self) -> list[ChannelResult]: ...
    @property
    def utilisation(self) -> dict[str, float | None]:
        """cpu, memory_used_bytes, and by device: gpu:…"""
    @property
    def devices(self) -> dict[str, float | None]:
        """The energy by device."""
    @property
    def share(self) -> Share | None:
        """None where no share was asked for."""
    @property
    def notes(self) -> list[str]:
        """Findings in words ("rapl/dram-0: no tick within 2 ms at an edge; plain edge")."""

class Left:
    """A region that was left. Cheap: the result is looked up when it is asked for."""
    def result(self) -> RegionResult:
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
    def result(self) -> RegionResult | None:
        """The run: up to now while it runs, final after stop(); None before start()."""
    def wait(self, energy_j: float, timeout_s: float) -> bool:
        """Block, without the interpreter's lock, until the run has used so much: whether it has. False once it is
        stopped, after the timeout, and at once in an inert tracker."""
    def note(self, body: Mapping[str, object]) -> None:
        """A remark in the record, with a "kind" of its own; without effect where the tracker does not run."""
    def health(self) -> Health: ...
    def flush(self) -> None: ...
    @property
    def path(self) -> str: ...
    @property
    def running(self) -> bool: ...
    @property
    def inert(self) -> bool:
        """True in a forked child: every call does nothing."""

def probe(root: str = "/", settings: dict[str, str] = ...) -> list[Probe]:
    """One for each reader of sources.def, in its order. `settings`: as TrackerSettings.source_settings."""

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
    def notes(self) -> list[dict[str, object]]:
        """Remarks of the writer, of readers and of the tracker's user, in the order in which they were written."""
    @property
    def header(self) -> dict[str, Any]: ...
    @property
    def totals(self) -> dict[str, Any] | None:
        """The last line as it was written; None where the record ends early."""
    @property
    def complete(self) -> bool: ...
    @property
    def damage(self) -> str | None:
        """ "line 812: not JSON …; 1 line was passed over", None where there is none."""
    @property
    def started(self) -> bool:
        """Whether its tracker was ever started."""
    def result(self) -> RegionResult:
        """The whole run, computed again from the readings; of a tracker that was never started: nothing, of 0 s."""
    def regions(self) -> list[RegionResult]:
        """The closed regions' results in order of their exit, computed again from the marks."""
    def series(self, channel_id: str) -> tuple[Any, Any]:
        """(start-relative seconds, value) as two memoryviews of doubles, n each: mean power in W between successive
        readings for an energy counter, the value itself for a gauge; NaN where nothing was measured."""
    def health(self) -> Health: ...

class United:
    """Several records of one machine as one: each reading of a channel once."""
    @property
    def run(self) -> RegionResult:
        """From the first begin to the last end."""
    @property
    def regions(self) -> list[RegionResult]:
        """By name: each stretch in which at least one record was inside a region of that name."""
    @property
    def records(self) -> list[RegionResult]:
        """The machine over the time of each record, in the order given."""

def unite(records: list[tuple[str, int, int]]) -> United:
    """Records (path, start_ns, stop_ns of the run) of one boot whose times overlap. ValueError: no record."""

# What views of the whole machine ask for.

class ProcessFacts:
    """A process that is new, or has another command or group than before."""
    @property
    def pid(self) -> int: ...
    @property
    def command(self) -> str: ...
    @property
    def group(self) -> str:
        """The path of its control group; "" where it is not known."""
    @property
    def job(self) -> tuple[str, str, str] | None:
        """("Slurm", "77", "0"): the batch system or the containers, the job or container, its step or ""."""

class ProcessTable:
    """The processes of a machine, and what each has used since the look before. One thread at a time."""
    def __init__(self, root: str = "/") -> None: ...
    def look(self) -> tuple[list[ProcessFacts], list[int], list[tuple[int, float]]]:
        """Those that are new or changed, the numbers of those that ended, and (number, CPU seconds) of those
        that worked. The first look tells nobody's time; who began since counts with all of it."""

class GpuUser:
    """A process on a GPU. `share`: its part of all the work there since the look before, None where it is not known;
    `use`: of the GPU's multiprocessors, None where the driver does not tell."""
    @property
    def pid(self) -> int: ...
    @property
    def share(self) -> float | None: ...
    @property
    def use(self) -> float | None: ...
    @property
    def memory_bytes(self) -> int | None: ...

class GpuLook:
    """One GPU. `unknown`: why its users are not known; "" where they are."""
    @property
    def device(self) -> str: ...
    @property
    def unknown(self) -> str: ...
    @property
    def users(self) -> list[GpuUser]: ...

class GpuUsers:
    """Who uses the GPUs of NVIDIA's driver. One thread at a time."""
    def look(self) -> list[GpuLook]: ...

def gpu_users(root: str = "/") -> GpuUsers | None:
    """None where there is no such driver, or it does not tell processes."""

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

# What training costs in one place or where the data are (impact_tracker.studies.paradigms is its front).

PARADIGMS: tuple[str, ...]

class ParadigmParameter:
    """A row of the table of the simulator's parameters. `low` is left out of what is allowed where `positive`; without
    a `fallback` it must be given; `of_group`: of a group of learners."""
    @property
    def name(self) -> str: ...
    @property
    def symbol(self) -> str: ...
    @property
    def unit(self) -> str: ...
    @property
    def meaning(self) -> str: ...
    @property
    def low(self) -> float: ...
    @property
    def high(self) -> float: ...
    @property
    def positive(self) -> bool: ...
    @property
    def fallback(self) -> float | None: ...
    @property
    def of_group(self) -> bool: ...

def paradigm_parameters() -> list[ParadigmParameter]: ...

class ParadigmCost:
    """Of one paradigm. `terms`: name, energy in J, carbon of its electricity in g; `carbon_g` has the making too."""
    @property
    def terms(self) -> list[tuple[str, float, float]]: ...
    @property
    def centre_making_g(self) -> float: ...
    @property
    def learners_making_g(self) -> float: ...
    @property
    def duration_s(self) -> float: ...
    @property
    def energy_j(self) -> float: ...
    @property
    def carbon_g(self) -> float: ...

class ParadigmScenario:
    """ValueError names a parameter that is not known, missing, or outside its limits."""
    def __init__(self, common: Mapping[str, float], groups: Sequence[Mapping[str, float]]) -> None: ...
    def costs(self) -> list[ParadigmCost]:
        """In the order of PARADIGMS."""
    def sweep(self, columns: Sequence[tuple[str, int | None]], values: Any, quantity: str) -> Any:
        """An array of floats: a row for each row of `values`, a column for each of PARADIGMS. A column of `values` is a
        parameter, of one group or of every one (`None`); quantity: energy_j, carbon_g or duration_s."""
