"""Factors: every number that turns energy into impact, with its range, its source, its year and its licence.

    >>> from impact_tracker.factors import intensity
    >>> intensity("FR", 2023).value
    56.039

Nothing is read before the first question, and nothing is ever asked of a network.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .factor import QUALITIES, Factor, FactorError, UnknownZoneError, worst_quality
from .grid import intensity, marginal_intensity
from .overrides import OverrideError, use_overrides
from .zones import country_code, zone_code

if TYPE_CHECKING:
    from .constants import UnknownFactorError, by_zone, constant, names
    from .curve import IntensityCurve
    from .curve_file import read_curve
    from .hardware import Processor, cpu, gpu_tdp, ram_power
    from .sites import CloudRegion, cloud_region, pue, wue

# Imported when asked for: a tracker weighs with a few of these alone.
_HOMES = {
    "UnknownFactorError": ".constants",
    "by_zone": ".constants",
    "constant": ".constants",
    "names": ".constants",
    "IntensityCurve": ".curve",
    "read_curve": ".curve_file",
    "Processor": ".hardware",
    "cpu": ".hardware",
    "gpu_tdp": ".hardware",
    "ram_power": ".hardware",
    "CloudRegion": ".sites",
    "cloud_region": ".sites",
    "pue": ".sites",
    "wue": ".sites",
}

__all__ = [
    "QUALITIES",
    "CloudRegion",
    "Factor",
    "FactorError",
    "IntensityCurve",
    "OverrideError",
    "Processor",
    "UnknownFactorError",
    "UnknownZoneError",
    "by_zone",
    "cloud_region",
    "constant",
    "country_code",
    "cpu",
    "gpu_tdp",
    "intensity",
    "marginal_intensity",
    "names",
    "pue",
    "ram_power",
    "read_curve",
    "use_overrides",
    "worst_quality",
    "wue",
    "zone_code",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
