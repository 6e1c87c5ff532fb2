"""Factors: every number that turns energy into impact, with its range, its source, its year and its licence.

    >>> from impact_tracker.factors import intensity
    >>> intensity("FR", 2023).value
    56.039

Nothing is read before the first question, and nothing is ever asked of a network.
"""

from .constants import UnknownFactorError, by_zone, constant, names
from .curve import IntensityCurve
from .curve_file import read_curve
from .factor import QUALITIES, Factor, FactorError, UnknownZoneError, worst_quality
from .grid import intensity, marginal_intensity
from .hardware import Processor, cpu, gpu_tdp, ram_power
from .overrides import OverrideError, use_overrides
from .sites import CloudRegion, cloud_region, pue, wue
from .zones import country_code, zone_code

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
