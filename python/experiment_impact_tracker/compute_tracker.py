"""`ImpactTracker(logdir)` with the calls of the published listings."""

from __future__ import annotations

import json
import logging
import math
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Any, NoReturn

from impact_tracker import ImpactTracker as _Tracker
from impact_tracker import Record, Result

from ._records import CPU_POWER, GPU_POWER, info_of, is_gpu, latest_record, rows_of
from .data_utils import DATAPATH

SLEEP_TIME = 1
STOP_MESSAGE = "Stop"

__all__ = [
    "SLEEP_TIME",
    "STOP_MESSAGE",
    "ImpactTracker",
    "gather_initial_info",
    "launch_power_monitor",
    "read_latest_stats",
]


class ImpactTracker:
    """Measures from `launch_impact_monitor()` to `stop()`, or inside a with block. Several may run at once.

    Settings that the old constructor had no argument for come from `IMPACT_TRACKER_*` or a configuration file.
    """

    def __init__(self, logdir: str | os.PathLike[str]) -> None:
        """`logdir` is made if it is missing; OSError with the path where it cannot be written."""
        self._tracker = _Tracker(logdir)
        self.logdir = self._tracker.logdir
        self.logger = logging.getLogger("experiment_impact_tracker.compute_tracker.ImpactTracker")
        self.launched = False
        self._seen: tuple[float, dict[str, float]] | None = None

    @property
    def initial_info(self) -> dict[str, Any]:
        """What is known of machine and run: `experiment_start`, `region_carbon_intensity_estimate`, `gpu_info` …"""
        self._tracker.flush()
        return info_of(Record(self._tracker.path))

    @property
    def result(self) -> Result | None:
        """The run's result as `impact_tracker.ImpactTracker.result`."""
        return self._tracker.result

    def launch_impact_monitor(self) -> None:
        """Begin to measure. While it runs: no effect but a line in the log."""
        if self._tracker.running:
            self.logger.warning("this tracker runs already")
            return
        self._tracker.start()
        self.launched = True

    def get_latest_info_and_check_for_errors(self) -> dict[str, Any] | None:
        """The newest numbers, `None` before there are any: mean watts since the call before, joules since the start.

        Unlike the old tool it raises nothing: what went wrong stands under `errors` and in the log.
        """
        result = self._tracker.result
        if result is None or result.duration_s <= 0:
            return None
        watts = self._watts(result)
        cpu = [power for device, power in watts.items() if device.startswith("cpu")]
        gpu = {device: power for device, power in watts.items() if is_gpu(device)}
        errors = [str(error) for error in self._tracker.health.get("write_errors") or ()]
        for error in errors:
            self.logger.error("the record is incomplete: %s", error)
        return {
            "timestamp": time.time(),
            CPU_POWER: math.fsum(cpu) if cpu else math.nan,
            GPU_POWER: math.fsum(gpu.values()) if gpu else math.nan,
            "per_gpu_power_draw": gpu,
            "energy_j": result.energy_j,
            "kg_carbon": None if result.carbon_g is None else result.carbon_g / 1000,
            "duration_s": result.duration_s,
            "quality": result.quality,
            "errors": errors,
        }

    def _watts(self, result: Result) -> dict[str, float]:
        """Mean power by device since the call before."""
        joules = {device: energy for device, energy in result.devices.items() if energy is not None}
        before, energies = self._seen or (0.0, {})
        seconds = result.duration_s - before
        self._seen = (result.duration_s, joules)
        if seconds <= 0:
            return {}
        return {device: (energy - energies.get(device, 0.0)) / seconds for device, energy in joules.items()}

    def stop(self) -> None:
        """End the measurement; again: no effect."""
        self._tracker.stop()

    def __enter__(self) -> ImpactTracker:
        if self.launched:
            raise ValueError("this tracker was launched already: make another one")
        self.launch_impact_monitor()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tracker.__exit__(kind, error, trace)


def read_latest_stats(log_dir: str | os.PathLike[str]) -> dict[str, Any] | None:
    """The last sample of a logdir, ours or an old log's; `None` where there is none."""
    record = latest_record(log_dir)
    if record is not None:
        rows = rows_of(record)
        return rows[-1] if rows else None
    data = Path(log_dir) / DATAPATH
    lines = data.read_text(encoding="utf-8").splitlines() if data.exists() else []
    last: dict[str, Any] | None = json.loads(lines[-1]) if lines else None
    return last


def gather_initial_info(log_dir: str | os.PathLike[str]) -> dict[str, Any]:
    """What is known of the newest run in a logdir. FileNotFoundError where there is none."""
    from .data_utils import load_initial_info

    return load_initial_info(log_dir)


def launch_power_monitor(*args: Any, **kwargs: Any) -> NoReturn:
    """There is no monitor process any more."""
    raise NotImplementedError("there is no monitor process any more: use ImpactTracker(logdir).launch_impact_monitor()")
