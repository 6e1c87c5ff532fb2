"""Factors: every number that turns energy into impact, with its range, its source, its year and its licence.

    >>> from impact_tracker.factors import intensity
    >>> intensity("FR", 2023).value
    56.039

Nothing is read before the first question, and nothing is ever asked of a network.
"""

from .factor import QUALITIES, Factor, FactorError, UnknownZoneError, worst_quality
from .grid import intensity
from .zones import country_code

__all__ = ["QUALITIES", "Factor", "FactorError", "UnknownZoneError", "country_code", "intensity", "worst_quality"]
