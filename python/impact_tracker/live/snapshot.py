"""What the live view shows at one moment, of the machine or of a record; no widget in it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from ..budget_notes import KeptBudget, KeptForecast
from ..result import Result
from ..values import Energy, Quality, total, worst_quality
from .processes import DividedPower, ProcessUse, jobs_of


@dataclass(frozen=True)
class DevicePower:
    """One channel that measures energy. `watts` over the last interval and `energy_j` since the begin; None: not known.
    `in_total`: whether it is a part of the machine's sum."""

    name: str
    watts: float | None
    energy_j: float | None
    quality: Quality
    source: str
    in_total: bool

    @property
    def device(self) -> str:
        """Its device's name, without the domain."""
        return self.name.rpartition(" ")[0]

    @property
    def domain(self) -> str:
        """Which part of the device it is: package, dram, gpu …"""
        return self.name.rpartition(" ")[2]


@dataclass(frozen=True)
class RegionUse:
    """The regions of one name. `times`: how often it was left; `open`: it is open now; `partial`: of some of its times
    no energy is known."""

    name: str
    times: int
    seconds: float
    energy_j: float | None
    error_j: float | None
    quality: Quality
    open: bool
    partial: bool = False


@dataclass(frozen=True)
class BudgetView:
    """`text`: the budget as it was given; `left_j` with its error, and `quality` of what was used; `used_share`: of
    the limit, 1 or more where it is spent. `forecast_j` of the whole work with the half-width of its 95 %, when `done`
    of it was done; None: not known."""

    text: str
    limit_j: float
    left_j: float | None
    left_error_j: float | None
    used_share: float | None
    quality: Quality
    forecast_j: float | None
    forecast_half_j: float | None
    done: float | None

    @classmethod
    def of(cls, budget: KeptBudget, used: Energy) -> BudgetView:
        """A record's budget after its run has used so much."""
        left, forecast = budget.left(used), budget.forecast
        spent_j = None if used.best_j is None else used.best_j + (budget.before.best_j or 0.0)
        if spent_j is not None and budget.before.is_missing and spent_j < budget.limit.best:
            spent_j = None  # other runs have used nobody knows what; a limit that this one passed alone is passed
        return cls(
            text=budget.text,
            limit_j=budget.limit.best,
            left_j=left.best_j,
            left_error_j=left.error_j,
            used_share=None if spent_j is None or budget.limit.best <= 0 else spent_j / budget.limit.best,
            quality=left.quality,
            forecast_j=None if forecast is None else forecast.energy_j,
            forecast_half_j=None if forecast is None else _forecast_error(forecast, used),
            done=None if forecast is None else forecast.done,
        )


def _forecast_error(forecast: KeptForecast, used: Energy) -> float | None:
    """Half-width of a forecast's 95 %: that of the steps to come, and the sensors' and models' own error, which is the
    same part of the whole as of what was used. None where too little was done to tell."""
    if forecast.half_j is None or not used.best_j or used.bias_j is None:
        return None
    return math.hypot(forecast.half_j, used.bias_j / used.best_j * forecast.energy_j)


@dataclass(frozen=True)
class LiveSnapshot:
    """`watts`: of the machine over the last interval; `energy_j` with its error since the begin `seconds` ago.
    `interval_s`: the time over which the processes' use is told. `regions`: those that are open, outermost first;
    `region_uses`: by name. `notes`: what a reader of the numbers should know."""

    title: str
    seconds: float
    watts: float | None
    energy_j: float | None
    error_j: float | None
    quality: Quality
    devices: tuple[DevicePower, ...]
    processes: tuple[ProcessUse, ...] = ()
    regions: tuple[str, ...] = ()
    budget: BudgetView | None = None
    notes: tuple[str, ...] = ()
    interval_s: float | None = None
    region_uses: tuple[RegionUse, ...] = ()

    def as_json(self) -> dict[str, object]:
        """For programs."""
        return {**asdict(self), "jobs": [asdict(job) for job in jobs_of(self.processes)]}


class LiveWatch(Protocol):
    """What gives snapshots, and is closed at the end."""

    def snapshot(self) -> LiveSnapshot: ...
    def close(self) -> None: ...


_LEAST_S = 0.05  # of an interval that watts are told of: many counters are renewed no more often


class Powers:
    """Watts from the energies of two moments, as far as they are far enough apart."""

    def __init__(self) -> None:
        self._before: Result | None = None
        self._earlier: dict[str, float | None] = {}  # energies by channel

    def of(self, result: Result) -> tuple[float | None, tuple[DevicePower, ...]]:
        """The machine's, and each channel's. None where a moment does not know its energy."""
        before, earlier = self._before, self._earlier
        elapsed_s = result.duration_s - (before.duration_s if before is not None else 0.0)
        # A look right at the begin, where no sensor has been read yet, is no moment to count from: the begin is.
        if before is not None or elapsed_s >= _LEAST_S:
            self._before, self._earlier = result, {}

        def watts(now_j: float | None, then_j: float | None) -> float | None:
            if now_j is None or (then_j is None and before is not None) or elapsed_s < _LEAST_S:
                return None
            return max(now_j - (then_j or 0.0), 0.0) / elapsed_s

        devices = []
        for channel in result.measured.channels:
            if not channel.measures_energy:
                continue
            energy_j = channel.energy_j
            if self._before is result:
                self._earlier[channel.id] = energy_j
            name = f"{channel.device} {channel.domain}"
            power = watts(energy_j, earlier.get(channel.id))
            devices.append(DevicePower(name, power, energy_j, channel.quality, channel.source, channel.in_total))
        return watts(result.energy_j, None if before is None else before.energy_j), tuple(devices)


def processors_power(devices: Sequence[DevicePower]) -> DividedPower:
    """The power of the processors' packages, which processes share by CPU time; not known where one package's is
    not."""
    return _together([device for device in devices if device.in_total and device.domain == "package"])


def gpu_powers(devices: Sequence[DevicePower]) -> Mapping[str, DividedPower]:
    """The power of each GPU that is in the sum, by its name."""
    parts: dict[str, list[DevicePower]] = {}
    for device in devices:
        if device.in_total and device.device.startswith("gpu:"):
            parts.setdefault(device.device, []).append(device)
    return {name: _together(channels) for name, channels in parts.items()}


def _together(channels: Sequence[DevicePower]) -> DividedPower:
    watts = [channel.watts for channel in channels if channel.watts is not None]
    if not watts or len(watts) < len(channels):
        return DividedPower(None)
    return DividedPower(math.fsum(watts), worst_quality([channel.quality for channel in channels]))


def regions_by_name(regions: Iterable[Result], still_open: Sequence[str]) -> tuple[RegionUse, ...]:
    """The regions that were left, and those that are open, by name in the order of their first end."""
    closed: dict[str, list[Result]] = {}
    for region in regions:
        closed.setdefault(region.name, []).append(region)
    names = [*closed, *(name for name in dict.fromkeys(still_open) if name not in closed)]
    return tuple(_region(name, closed.get(name, []), name in still_open) for name in names)


def _region(name: str, regions: Sequence[Result], is_open: bool) -> RegionUse:
    energy = total([region.energy for region in regions]) if regions else Energy.missing()
    return RegionUse(
        name, len(regions), sum(region.duration_s for region in regions), energy.best_j, energy.error_j,
        energy.quality, is_open, not energy.is_missing and any(region.energy.is_missing for region in regions),
    )  # fmt: skip
