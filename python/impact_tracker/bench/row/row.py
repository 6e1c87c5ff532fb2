"""Rows: what one phase of one run cost and did, as frozen values. What was not measured is `None`, never 0.

A row is made when its phase has ended (`row/make.py`) and never changed: who judges it or learns more of it makes a new
one. Attributes are called as in rows.jsonl; `row/codec.py` writes and reads the lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Union

from ...runner.messages import Observed, PassTimes
from ...values import Energy
from ..plan.axes import SweepPoint
from .goal import Goal
from .latency import Latency
from .machine import MachineState
from .origin import UNSAID, Origin
from .roof_run import RoofRun

NOT_MEASURED = Energy.missing()
SUPERSEDED = "superseded"  # status of a task's attempt whose rows were not to count, and that is repeated


@dataclass(frozen=True)
class Key:
    """Which phase of which attempt at which task a row is of; a session is one time that a driver ran."""

    task: str
    phase: str
    attempt: int
    session: int | None = None


@dataclass(frozen=True)
class Facts:
    """What the plan says of the test. `gmac_stated`, `reference_ms`, `reference_batch`: as the suite publishes them;
    `swept`: the test's place in a sweep; `cold`: whether the phase was measured without a warm-up before it."""

    test: str | None = None
    model: str | None = None
    title: str | None = None
    repeat: int | None = None
    seed: int | None = None
    data: str | None = None
    gmac_stated: float | None = None
    reference_ms: float | None = None
    reference_batch: int | None = None
    swept: SweepPoint | None = None
    cold: bool | None = None


@dataclass(frozen=True)
class Source:
    """One channel of a region's total."""

    id: str
    device: str
    domain: str | None = None
    quality: str | None = None
    energy_j: float | None = None


@dataclass(frozen=True)
class CounterAndGauge:
    """A device whose energy a counter and a power gauge saw: both energies, for a check."""

    device: str
    counter_j: float
    gauge_j: float


@dataclass(frozen=True)
class Measured:
    """What the tracker measured in the phase's region: the energy of the machine without PUE, and its carbon with it.

    `energy_low_j`, `energy_high_j`: the ends of the energy's interval as the core gave them (half of their distance is
    the energy's half-width). `share_j`: of the energy, the part of the worker and its like (`share_of`).
    `pue_is_stated`: whether somebody said the PUE; `None` in rows that do not tell. `partial`, `provisional` are `None`
    where there is no result at all. `region_s`: length of the region. `gpu_utilisation`: of the least used of the GPUs
    that the work was given.
    """

    energy: Energy = NOT_MEASURED
    energy_low_j: float | None = None
    energy_high_j: float | None = None
    psys_j: float | None = None
    wall_j: float | None = None
    share_j: float | None = None
    power_w: float | None = None
    carbon_g: float | None = None
    carbon_low_g: float | None = None
    carbon_high_g: float | None = None
    coverage: float | None = None
    partial: bool | None = None
    provisional: bool | None = None
    start_ns: int | None = None
    stop_ns: int | None = None
    region_s: float | None = None
    pue: float | None = None
    pue_is_stated: bool | None = None
    intensity_g_per_kwh: float | None = None
    cpu_utilisation: float | None = None
    gpu_use: Mapping[str, float | None] = field(default_factory=dict)
    gpu_utilisation: float | None = None
    counter_and_gauge: tuple[CounterAndGauge, ...] = ()
    sources: tuple[Source, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def kwh(self) -> float | None:
        """The energy in kilowatt-hours."""
        return self.energy.kwh


@dataclass(frozen=True)
class Setup:
    """How the network was built and what it ran on, by what the worker says. `macs`, `gmac`: of the pass that the row's
    phase runs forward. `threads_by`: what decided the number of threads; `gpu_devices`: as the sources call them."""

    unit: str | None = None
    batch: int | None = None
    input: tuple[int, ...] | None = None
    classes: int | None = None
    layout: str | None = None
    precision: str | None = None
    observed: Observed | None = None
    device: str | None = None
    devices: tuple[str, ...] | None = None
    gpu_devices: tuple[str, ...] = ()
    threads: int | None = None
    threads_by: str | None = None
    cpu_quota: float | None = None
    variant: str | None = None
    batch_norm: str | None = None
    parameters: int | None = None
    trainable_parameters: int | None = None
    macs: int | None = None
    gmac: float | None = None
    torch_version: str | None = None
    blas: str | None = None
    allocator: str | None = None


@dataclass(frozen=True)
class Work:
    """What the worker did in the phase. `pass_ns`: times of its passes, kept until the row is judged; `pass_ms`: their
    mean, the first left out; `latency`: of inferences of one input; `epochs`: how many were trained, no whole number
    where a training ended within one; `worker_ns`: begin and end by the worker's clock."""

    images: int | None = None
    passes: int | None = None
    limit: str | None = None
    stopped: bool | None = None
    loss: float | None = None
    final_loss: float | None = None
    accuracy: float | None = None
    correct: int | None = None
    finite: bool | None = None
    loss_function: str | None = None
    optimizer: str | None = None
    lr: float | None = None
    dice: float | None = None
    peak_memory_bytes: int | None = None
    peak_memory_scope: str | None = None
    device_memory_bytes: int | None = None
    pass_s: PassTimes | None = None
    pass_ms: float | None = None
    latency: Latency | None = None
    pass_ns: tuple[int, ...] = ()
    worker_ns: tuple[int, ...] = ()
    duration_s: float | None = None
    epochs: float | None = None


@dataclass(frozen=True)
class Circumstances:
    """What the machine was like in the phase. `worker_cpus`, `others_cpus`: processors busy, of `cpus`;
    `settled`, `slope`: whether the power was steady when it began, and how much it changed in a minute, relative;
    `steady_off`: by how much the steady machine's power lies above (below, where negative) the phase's, relative, with
    the ends of its 95 % interval; `temperature_slope`: kelvins a minute; `silent`: channels that had spoken before and
    did not in it; `sample_period_s`: between readings of the slowest sensor."""

    suspended_s: float | None = None
    worker_cpus: float | None = None
    others_cpus: float | None = None
    cpus: int | None = None
    settled: bool | None = None
    slope: float | None = None
    power_drift: float | None = None
    steady_off: float | None = None
    steady_off_low: float | None = None
    steady_off_high: float | None = None
    temperature_begin_c: float | None = None
    temperature_end_c: float | None = None
    temperature_slope: float | None = None
    silent: tuple[str, ...] | None = None
    sample_period_s: float | None = None
    machine: MachineState | None = None


@dataclass(frozen=True)
class Check:
    """`ok` is `None` where the check does not apply. `fatal`: the row is invalid if it fails, else it is warned of."""

    name: str
    ok: bool | None
    text: str
    fatal: bool = True


@dataclass(frozen=True)
class Verdict:
    """Whether a row counts, and what was computed to tell. `drift`, `pass_cv`: change and scatter of the passes' times;
    `samples`: readings of the slowest sensor; `above_idle_j`: energy beyond the idle machine's, between its values by
    either baseline alone."""

    checks: tuple[Check, ...] = ()
    invalid: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    idle_w: float | None = None
    idle_baselines: str | None = None
    above_idle_j: float | None = None
    above_idle_low_j: float | None = None
    above_idle_high_j: float | None = None
    samples: int | None = None
    drift: float | None = None
    pass_cv: float | None = None


@dataclass(frozen=True)
class Row:
    """One phase of one run, or the idle machine. `status`: ok or failed; `failure`: what kind of failure it was."""

    key: Key
    status: str
    reason: str | None = None
    failure: str | None = None
    facts: Facts = Facts()
    measured: Measured = Measured()
    setup: Setup = Setup()
    work: Work = Work()
    goal: Goal = field(default_factory=Goal)
    around: Circumstances = Circumstances()
    verdict: Verdict = Verdict()
    origin: Origin = UNSAID

    @property
    def task(self) -> str:
        """Name of its task, a run of a test; of idle rows the baseline's."""
        return self.key.task

    @property
    def phase(self) -> str:
        """load, warm-up, training, evaluation, inference or idle."""
        return self.key.phase

    @property
    def test(self) -> str:
        """Name of its test; empty for the idle machine."""
        return self.facts.test or ""

    @property
    def model(self) -> str:
        """Name of its network; empty for the idle machine."""
        return self.facts.model or ""

    @property
    def title(self) -> str:
        """Name of its network as people write it."""
        return self.facts.title or ""

    @property
    def region(self) -> str:
        """Name of the region that measured it."""
        return self.origin.region or ""

    @property
    def energy(self) -> Energy:
        """Energy of the machine, the site's overhead apart."""
        return self.measured.energy

    @property
    def energy_j(self) -> float | None:
        """Its best value in joules."""
        return self.measured.energy.best_j

    @property
    def j_per_image(self) -> float | None:
        """Joules for one image, where images were processed and the energy is known."""
        return self.energy_j / self.work.images if self.work.images and self.energy_j is not None else None

    @property
    def over_budget_j(self) -> float | None:
        """Joules beyond the budget, negative where some are left; `None` without a budget or an energy."""
        budget_j = self.goal.budget_j
        return None if budget_j is None or self.energy_j is None else self.energy_j - budget_j

    @property
    def images_per_s(self) -> float | None:
        """Images that one second processed."""
        return self.work.images / self.work.duration_s if self.work.images and self.work.duration_s else None

    @property
    def invalid_because(self) -> str | None:
        """Why the row must not be averaged; `None` where it may."""
        if self.status != "ok":
            return self.reason or "failed"
        return "; ".join(self.verdict.invalid) if self.verdict.invalid else None

    def with_names(self, *names: str) -> Row:
        """The row whose line says these names too, after those that it says already."""
        new = (name for name in dict.fromkeys(names) if name not in self.origin.names)
        return replace(self, origin=replace(self.origin, names=(*self.origin.names, *new)))


@dataclass(frozen=True)
class Epoch:
    """An epoch of a training, or the part of one since the evaluation before, and the evaluation after it; `value` is
    that of the metric. Epoch 0 is the network before anything was trained. `epoch_share`: how much of the epoch had
    been trained by then; `None` where all of it."""

    task: str
    test: str
    model: str | None
    repeat: int | None
    attempt: int
    session: int | None
    epoch: int
    metric: str | None
    value: float | None
    reached: bool | None
    diverged: bool | None
    training_j: float | None
    evaluation_j: float | None
    training_s: float | None
    evaluation_s: float | None
    training_loss: float | None
    accuracy: float | None
    loss: float | None
    dice: float | None
    dice_by_class: tuple[float | None, ...] | None
    epoch_share: float | None = None
    origin: Origin = UNSAID

    @property
    def epochs_trained(self) -> float:
        """Epochs that had been trained at the evaluation."""
        return self.epoch if self.epoch_share is None else self.epoch - 1 + self.epoch_share


@dataclass(frozen=True)
class TaskEnd:
    """How an attempt at a task ended; `phases`: those that have rows, so that it is known later if one was damaged."""

    task: str
    attempt: int
    session: int | None
    status: str
    reason: str | None
    phases: tuple[str, ...] | None
    origin: Origin = UNSAID


@dataclass(frozen=True)
class Unknown:
    """A line of a kind that a newer version writes."""

    origin: Origin


Line = Union[Row, Epoch, TaskEnd, RoofRun, Unknown]
