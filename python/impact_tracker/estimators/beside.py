"""The estimate beside the measurement: what a calculator would have said of the same run."""

from __future__ import annotations

from ..factors import Factor, FactorError
from .estimate import Comparison, EstimateError
from .green_algorithms import green_algorithms


def beside(
    *,
    energy_kwh: float | None,
    duration_s: float,
    cpu_model: str | None,
    cores: float | None,
    memory_gb: float | None,
    gpu_model: str | None = None,
    gpus: int | None = None,
    cpu_usage: float | None = None,
    gpu_usage: float | None = None,
    pue: float = 1.0,
    intensity: Factor | None = None,
    version: str = "3.0",
) -> Comparison | str:
    """Green Algorithms for a measured run, with the ratio of both energies; or the reason why there is no estimate.

    Both sides have the site's overhead in them. Usage that was not recorded counts as full, as the calculator has it.
    """
    if not cpu_model and not gpu_model:
        return "no estimate beside it: the record does not say on which processor it ran"
    try:
        found = green_algorithms(
            hours=duration_s / 3600.0,
            cores=cores or 0.0,
            cpu_model=cpu_model,
            cpu_usage=1.0 if cpu_usage is None else cpu_usage,
            gpus=(gpus or 1) if gpu_model else 0,
            gpu_model=gpu_model,
            gpu_usage=1.0 if gpu_usage is None else gpu_usage,
            memory_gb=memory_gb or 0.0,
            pue=pue,
            intensity_g_per_kwh=intensity,
            version=version,
        )
    except (FactorError, EstimateError) as fault:
        return f"no estimate beside it: {fault}"
    return Comparison(found, None if energy_kwh is None else energy_kwh * pue)
