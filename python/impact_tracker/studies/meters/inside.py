"""Runs a command under one meter that is a Python library, in the environment where that library is installed.

    python inside.py '{"meter": "zeus", "words": ["sleep", "1"], "interval_s": 1.0, "answer": "/path/answer.json"}'

This file is run by other interpreters than ours: it needs the standard library of Python 3.8 and the meter alone. Each
class uses its meter as the meter's own documentation says.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

JOULES_PER_KWH = float(60 * 60 * 1000)


class Library:
    """How a meter is used around a command."""

    def __init__(self, interval_s: float) -> None:
        raise NotImplementedError

    def start(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        raise NotImplementedError

    def energy_j(self) -> tuple[float | None, dict[str, float]]:
        """Of the command: the whole, and its parts."""
        raise NotImplementedError


class CodeCarbon(Library):
    def __init__(self, interval_s: float) -> None:
        from codecarbon import OfflineEmissionsTracker

        self.tracker = OfflineEmissionsTracker(
            country_iso_code="FRA", measure_power_secs=interval_s, save_to_file=False, log_level="critical"
        )

    def start(self) -> None:
        self.tracker.start()

    def stop(self) -> None:
        self.tracker.stop()

    def energy_j(self) -> tuple[float | None, dict[str, float]]:
        data = self.tracker.final_emissions_data
        parts = {"cpu": data.cpu_energy, "gpu": data.gpu_energy, "memory": data.ram_energy}
        return data.energy_consumed * JOULES_PER_KWH, {k: v * JOULES_PER_KWH for k, v in parts.items() if v}


class CarbonTracker(Library):
    """One epoch, its PUE taken out: the log says which one it is."""

    def __init__(self, interval_s: float) -> None:
        from carbontracker.tracker import CarbonTracker as Tracker

        self.folder = tempfile.mkdtemp()
        with contextlib.redirect_stdout(io.StringIO()):
            self.tracker = Tracker(
                epochs=1,
                epochs_before_pred=0,
                monitor_epochs=1,
                update_interval=interval_s,
                log_dir=self.folder,
                verbose=0,
            )

    def start(self) -> None:
        self.tracker.epoch_start()

    def stop(self) -> None:
        self.tracker.epoch_end()
        self.tracker.stop()

    def energy_j(self) -> tuple[float | None, dict[str, float]]:
        from carbontracker import parser

        (run,) = parser.parse_all_logs(log_dir=self.folder)
        actual = run["actual"]
        if not actual or actual.get("energy (kWh)") is None:
            return None, {}
        pue = 1.0
        for log in Path(self.folder).iterdir():
            stated = re.search(r"PUE[^0-9]{0,40}([0-9]+\.[0-9]+)", log.read_text(encoding="utf-8", errors="replace"))
            pue = float(stated.group(1)) if stated else pue
        return actual["energy (kWh)"] * JOULES_PER_KWH / pue, {}


class ExperimentImpactTracker(Library):
    def __init__(self, interval_s: float) -> None:
        module = importlib.import_module("experiment_impact_tracker.compute_tracker")  # the peer's own
        self.folder = tempfile.mkdtemp()
        self.tracker = module.ImpactTracker(self.folder)

    def start(self) -> None:
        self.tracker.launch_impact_monitor()

    def stop(self) -> None:
        if hasattr(self.tracker, "stop"):
            self.tracker.stop()

    def energy_j(self) -> tuple[float | None, dict[str, float]]:
        module = importlib.import_module("experiment_impact_tracker.data_interface")
        kwh = module.DataInterface([self.folder]).total_power
        return (kwh * JOULES_PER_KWH if kwh else None), {}


class Zeus(Library):
    def __init__(self, interval_s: float) -> None:
        from zeus.monitor import ZeusMonitor

        self.monitor = ZeusMonitor()

    def start(self) -> None:
        self.monitor.begin_window("run", sync_execution=False)

    def stop(self) -> None:
        self.result = self.monitor.end_window("run", sync_execution=False)

    def energy_j(self) -> tuple[float | None, dict[str, float]]:
        named = {"cpu": self.result.cpu_energy, "memory": self.result.dram_energy, "gpu": self.result.gpu_energy}
        parts = {name: float(sum(values.values())) for name, values in named.items() if values}
        return (sum(parts.values()) if parts else None), parts


class PyRapl(Library):
    def __init__(self, interval_s: float) -> None:
        import pyRAPL

        try:
            pyRAPL.setup()
        except Exception:  # a processor without a counter of its memory
            pyRAPL.setup(devices=[pyRAPL.Device.PKG])
        self.measurement = pyRAPL.Measurement("run")

    def start(self) -> None:
        self.measurement.begin()

    def stop(self) -> None:
        self.measurement.end()

    def energy_j(self) -> tuple[float | None, dict[str, float]]:
        result = self.measurement.result
        if result.pkg is None:
            return None, {}
        parts = {"cpu": sum(result.pkg) * 1e-6}
        if result.dram:
            parts["memory"] = sum(result.dram) * 1e-6
        return sum(parts.values()), parts


METERS: dict[str, type[Library]] = {
    "codecarbon": CodeCarbon,
    "carbontracker": CarbonTracker,
    "experiment-impact-tracker": ExperimentImpactTracker,
    "zeus": Zeus,
    "pyrapl": PyRapl,
}


def main(asked: dict[str, str]) -> None:
    os.chdir(tempfile.mkdtemp())  # some meters leave files where they run
    before_s = time.process_time()  # of this process alone: the command's own is not in it
    meter = METERS[asked["meter"]](float(asked["interval_s"]))
    meter.start()
    start_ns = time.monotonic_ns()
    code = subprocess.run(asked["words"], cwd=asked["folder"]).returncode
    stop_ns = time.monotonic_ns()
    meter.stop()
    energy_j, parts = meter.energy_j()
    own_s = time.process_time() - before_s
    answer = {"energy_j": energy_j, "parts_j": parts, "start_ns": start_ns, "stop_ns": stop_ns, "own_cpu_s": own_s}
    Path(asked["answer"]).write_text(json.dumps(answer), encoding="utf-8")
    sys.exit(code)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
