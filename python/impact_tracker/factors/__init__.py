"""Factors: every number that turns energy into impact, with its range, its source, its year and its licence.

    >>> from impact_tracker.factors import intensity
    >>> intensity("FR", 2023).value
    56.039

Nothing is read before the first question, and nothing is ever asked of a network.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names
from ..values import QUALITIES, worst_quality
from .factor import Factor, FactorError, UnknownZoneError
from .grid import intensity, residual_intensity
from .overrides import OverrideError, use_overrides
from .zones import country_code, named_zone, zone_code

if TYPE_CHECKING:
    from .cards import Card, card, card_names, gpu_tdp
    from .constants import UnknownFactorError, constant, names
    from .curve import IntensityCurve
    from .curve_file import read_curve
    from .firms import FirmYear, firm_years
    from .hardware import Processor, cpu, ram_power
    from .hours import ClusterYear, HourFactor, hour_names, hours_of, own_hour_factor, read_hours, write_hours
    from .sites import CloudRegion, cloud_region, marginal_intensity, pue, unstated_pue, wue
    from .user_file import UserFile
    from .zone_factors import by_zone, zones_with

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        ".constants": "UnknownFactorError constant names",
        ".curve": "IntensityCurve",
        ".curve_file": "read_curve",
        ".firms": "FirmYear firm_years",
        ".cards": "Card card card_names gpu_tdp",
        ".hardware": "Processor cpu ram_power",
        ".hours": "ClusterYear HourFactor hour_names hours_of own_hour_factor read_hours write_hours",
        ".sites": "CloudRegion cloud_region marginal_intensity pue unstated_pue wue",
        ".user_file": "UserFile",
        ".zone_factors": "by_zone zones_with",
    },
)

__all__ = [
    "QUALITIES",
    "Card",
    "CloudRegion",
    "ClusterYear",
    "Factor",
    "FactorError",
    "FirmYear",
    "HourFactor",
    "IntensityCurve",
    "OverrideError",
    "Processor",
    "UnknownFactorError",
    "UnknownZoneError",
    "UserFile",
    "by_zone",
    "card",
    "card_names",
    "cloud_region",
    "constant",
    "country_code",
    "cpu",
    "firm_years",
    "gpu_tdp",
    "hour_names",
    "hours_of",
    "intensity",
    "marginal_intensity",
    "named_zone",
    "names",
    "own_hour_factor",
    "pue",
    "ram_power",
    "read_curve",
    "read_hours",
    "residual_intensity",
    "unstated_pue",
    "use_overrides",
    "worst_quality",
    "write_hours",
    "wue",
    "zone_code",
    "zones_with",
]
