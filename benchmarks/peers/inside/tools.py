"""How each tool is used for a region, by its own documentation: enter, exit, energy. Imports at construction."""

from __future__ import annotations

import contextlib
import io
import os
import time
from pathlib import Path
from typing import Any

JOULES_PER_KWH = 3.6e6


class Tool:
    """interval_s: how often it samples, where it does."""

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s

    def enter(self) -> None:
        raise NotImplementedError

    def exit(self) -> None:
        raise NotImplementedError

    def energy_j(self) -> float | None:
        """Of the last region; None: the tool gives none. May wait."""
        raise NotImplementedError

    def close(self) -> None:
        pass


class Bare(Tool):
    """Two reads of each counter with descriptors kept open: what no tool without a trick can beat."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        self._files = []
        for zone in sorted(Path("/sys/class/powercap").glob("intel-rapl:*")):
            if (zone / "name").read_text().startswith(("package", "dram")):
                self._files.append(os.open(zone / "energy_uj", os.O_RDONLY))

    def _total_uj(self) -> int:
        return sum(int(os.pread(file, 32, 0)) for file in self._files)

    def enter(self) -> None:
        self._first = self._total_uj()

    def exit(self) -> None:
        self._last = self._total_uj()

    def energy_j(self) -> float | None:
        return (self._last - self._first) * 1e-6


def measured_j(result: Any) -> float | None:
    if result is None or result.energy_j is None or result.energy_j == result.modelled_j:
        return None  # no sensor was read
    return float(result.energy_j - (result.modelled_j or 0.0))


class OursTick(Tool):
    """A region of a running tracker. Its model of the memory is left out: what it measured is compared."""

    edges = "tick"

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        from impact_tracker import ImpactTracker

        # As the others: what the machine's counters see, no model of what they do not.
        self._tracker = ImpactTracker("record", edges=self.edges, interval_s=interval_s, sources=["rapl"])
        self._tracker.start()

    def enter(self) -> None:
        self._region = self._tracker.region("body")
        self._region.__enter__()

    def exit(self) -> None:
        self._region.__exit__(None, None, None)

    def energy_j(self) -> float | None:
        return measured_j(self._region.result)

    def close(self) -> None:
        self._tracker.stop()


class OursPlain(OursTick):
    edges = "plain"


class OursTracker(Tool):
    """A tracker of its own for each region."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        import impact_tracker

        self._make = impact_tracker.ImpactTracker

    def enter(self) -> None:
        self._tracker = self._make("record", interval_s=self.interval_s)
        self._tracker.start()

    def exit(self) -> None:
        self._tracker.stop()

    def energy_j(self) -> float | None:
        return measured_j(self._tracker.result)


class PyRapl(Tool):
    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        import pyRAPL

        try:
            pyRAPL.setup()
        except Exception:  # no dram zone
            pyRAPL.setup(devices=[pyRAPL.Device.PKG])
        self._make = pyRAPL.Measurement

    def enter(self) -> None:
        self._measurement = self._make("body")
        self._measurement.begin()

    def exit(self) -> None:
        self._measurement.end()

    def energy_j(self) -> float | None:
        result = self._measurement.result
        if result.pkg is None:
            return None
        return (sum(result.pkg) + sum(result.dram or [])) * 1e-6


class Zeus(Tool):
    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        from zeus.monitor import ZeusMonitor

        self._monitor = ZeusMonitor(gpu_indices=[])

    def enter(self) -> None:
        self._monitor.begin_window("body", sync_execution=False)

    def exit(self) -> None:
        self._result = self._monitor.end_window("body", sync_execution=False)

    def energy_j(self) -> float | None:
        parts = [self._result.cpu_energy, self._result.dram_energy]
        return sum(sum(part.values()) for part in parts if part) if any(parts) else None


class CodeCarbon(Tool):
    """A tracker of its own for each region. Its model of the memory is left out: what it measured is compared."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        import codecarbon

        self._make = codecarbon.OfflineEmissionsTracker

    def _tracker_of_its_own(self) -> Any:
        return self._make(
            country_iso_code="FRA",
            measure_power_secs=self.interval_s,
            save_to_file=False,
            log_level="critical",
            allow_multiple_runs=True,
        )

    def enter(self) -> None:
        self._tracker = self._tracker_of_its_own()
        self._tracker.start()

    def exit(self) -> None:
        self._tracker.stop()
        self._data = self._tracker.final_emissions_data

    def energy_j(self) -> float | None:
        return self._data.cpu_energy * JOULES_PER_KWH


class CodeCarbonTask(CodeCarbon):
    """A task of a running tracker."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        self._tracker = self._tracker_of_its_own()
        self._count = 0

    def enter(self) -> None:
        self._count += 1
        self._tracker.start_task(f"body {self._count}")

    def exit(self) -> None:
        self._data = self._tracker.stop_task()

    def close(self) -> None:
        self._tracker.stop()


class CarbonTracker(Tool):
    """An epoch of a running tracker, its PUE taken out. Its sample of one second ends after a short epoch: we wait."""

    def __init__(self, interval_s: float) -> None:
        super().__init__(interval_s)
        from carbontracker import constants, tracker

        self._pue = constants.PUE_2023
        self._make = tracker.CarbonTracker
        self._tracker = self._of_its_own()
        time.sleep(0.3)

    def _of_its_own(self) -> Any:
        with contextlib.redirect_stdout(io.StringIO()):
            return self._make(
                epochs=100_000,
                epochs_before_pred=0,
                monitor_epochs=-1,
                update_interval=self.interval_s,
                components="cpu",
                verbose=0,
            )

    def enter(self) -> None:
        self._tracker.epoch_start()

    def exit(self) -> None:
        self._tracker.epoch_end()

    def energy_j(self) -> float | None:
        time.sleep(1.1)
        energies = self._tracker.tracker.total_energy_per_epoch()
        return float(energies[-1]) * JOULES_PER_KWH / self._pue

    def close(self) -> None:
        self._tracker.stop()


class CarbonTrackerWhole(CarbonTracker):
    """A tracker of its own for each region: its stop waits for its own sample."""

    def enter(self) -> None:
        self._tracker = self._of_its_own()
        self._tracker.epoch_start()

    def exit(self) -> None:
        self._tracker.epoch_end()
        self._tracker.stop()

    def energy_j(self) -> float | None:
        return None

    def close(self) -> None:
        pass
