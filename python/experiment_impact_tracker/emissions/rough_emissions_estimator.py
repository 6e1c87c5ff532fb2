"""Thermal design power × utilisation × time, where nothing was measured. No PUE, as in the old tool."""

from __future__ import annotations

from typing import Any

from impact_tracker.factors import card_names, gpu_tdp, intensity
from impact_tracker.factors import cpu as processor
from impact_tracker.factors.tables import table


class RoughEmissionsEstimator:
    """Energy in kWh (`cpu_kWh`, `gpu_kWh`, `kWh`) and `kg_carbon` of an experiment that nobody measured.

    `gpu`, `cpu`: names as makers write them, `None` for no such part; utilisation from 0 to 1; `location`: a country.
    ValueError names near matches for an unknown part or country.
    """

    def __init__(
        self,
        gpu: str | None = None,
        cpu: str | None = None,
        gpu_utilization_factor: float = 1.0,
        cpu_utilization_factor: float = 1.0,
        location: str | None = None,
        experiment_length_seconds: float = 0.0,
    ) -> None:
        for name, share in (("gpu", gpu_utilization_factor), ("cpu", cpu_utilization_factor)):
            if not 0 <= share <= 1:
                raise ValueError(f"{name}_utilization_factor lies between 0 and 1, not {share!r}")
        if not experiment_length_seconds >= 0:
            raise ValueError(f"experiment_length_seconds must be 0 or more, not {experiment_length_seconds!r}")
        hours, self._factor = experiment_length_seconds / 3600, intensity(location)
        cpu_w = processor(cpu).tdp.value if cpu else 0.0
        gpu_w = gpu_tdp(gpu).value if gpu else 0.0
        self.cpu_kWh = cpu_w * cpu_utilization_factor * hours / 1000
        self.gpu_kWh = gpu_w * gpu_utilization_factor * hours / 1000
        self.kWh = self.cpu_kWh + self.gpu_kWh
        self.carbon_intensity = self._factor.value
        self.carbon_intensity_zone = location
        self.kg_carbon = self.kWh * self.carbon_intensity / 1000
        self._parts = [part for part in (cpu, gpu) if part]

    @property
    def statement(self) -> str:
        """What was reckoned, as a LaTeX paragraph."""
        parts = " and ".join(self._parts) or "no hardware"
        return (
            f"From the thermal design power of {parts} we estimate {self.kWh:.3g}~kWh and "
            f"{self.kg_carbon:.3g}~kg\\,CO\\textsubscript{{2}}e at {self.carbon_intensity:.3g}~g/kWh "
            f"({self._factor.name}, {self._factor.year}). Nothing was measured."
        )

    @property
    def carbon_impact_statement(self) -> str:
        """The same."""
        return self.statement

    @classmethod
    def get_available_gpus(cls) -> list[str]:
        """Accelerators whose design power is known."""
        return sorted(card_names())

    @classmethod
    def get_available_cpus(cls) -> list[str]:
        """Processors whose design power is known."""
        rows: list[list[Any]] = [*table("cpu_tdp")["rows"], *table("cpus")["rows"]]
        return sorted({str(row[0]) for row in rows})
