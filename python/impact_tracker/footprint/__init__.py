"""Footprints: from energy and factors to impacts with ranges, qualities and sources.

Everything here takes plain numbers and series, so that a record, a job or an import adapt to it. The footprint is never
stored as a product: one record can be weighed again with other factors.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .impact import JOULES_PER_KWH, Energy, Impact, Term, carbon_of, energy_factor, energy_range, pue_factor
from .use import carbon, depletion, marginal_carbon, market_carbon, primary_energy, water, zone_factor

if TYPE_CHECKING:
    from ..factors import IntensityCurve
    from .allocation import Allocation, embodied, split_use
    from .equivalents import (
        Equivalent,
        all_of,
        boundary_a_person,
        core_hours,
        flights,
        household_weeks,
        kilometres,
        person_years,
        tree_months,
    )
    from .explaining import explain, explain_all, what_matters
    from .functional import Crossing, PerUnit, Service, crossing, development_multiplier, per_unit
    from .indirect import Consequences, Effect, consequences
    from .machine import Machine, making, making_total
    from .matrix import INDICATORS, STAGES, Footprint, Matrix, assess
    from .series import carbon_over_time
    from .uncertainty import Bar, Distribution, monte_carlo, sample, tornado
    from .whatif import Case, Change, WhatIf, what_if

# Imported when asked for: a tracker weighs with a few of these alone.
_HOMES = {
    "IntensityCurve": "..factors",
    "Allocation": ".allocation",
    "embodied": ".allocation",
    "split_use": ".allocation",
    "Equivalent": ".equivalents",
    "all_of": ".equivalents",
    "boundary_a_person": ".equivalents",
    "core_hours": ".equivalents",
    "flights": ".equivalents",
    "household_weeks": ".equivalents",
    "kilometres": ".equivalents",
    "person_years": ".equivalents",
    "tree_months": ".equivalents",
    "explain": ".explaining",
    "explain_all": ".explaining",
    "what_matters": ".explaining",
    "Crossing": ".functional",
    "PerUnit": ".functional",
    "Service": ".functional",
    "crossing": ".functional",
    "development_multiplier": ".functional",
    "per_unit": ".functional",
    "Consequences": ".indirect",
    "Effect": ".indirect",
    "consequences": ".indirect",
    "Machine": ".machine",
    "making": ".machine",
    "making_total": ".machine",
    "Footprint": ".matrix",
    "INDICATORS": ".matrix",
    "Matrix": ".matrix",
    "STAGES": ".matrix",
    "assess": ".matrix",
    "carbon_over_time": ".series",
    "Bar": ".uncertainty",
    "Distribution": ".uncertainty",
    "monte_carlo": ".uncertainty",
    "sample": ".uncertainty",
    "tornado": ".uncertainty",
    "Case": ".whatif",
    "Change": ".whatif",
    "WhatIf": ".whatif",
    "what_if": ".whatif",
}

__all__ = [
    "INDICATORS",
    "JOULES_PER_KWH",
    "STAGES",
    "Allocation",
    "Bar",
    "Case",
    "Change",
    "Consequences",
    "Crossing",
    "Distribution",
    "Effect",
    "Energy",
    "Equivalent",
    "Footprint",
    "Impact",
    "IntensityCurve",
    "Machine",
    "Matrix",
    "PerUnit",
    "Service",
    "Term",
    "WhatIf",
    "all_of",
    "assess",
    "boundary_a_person",
    "carbon",
    "carbon_of",
    "carbon_over_time",
    "consequences",
    "core_hours",
    "crossing",
    "depletion",
    "development_multiplier",
    "embodied",
    "energy_factor",
    "energy_range",
    "explain",
    "explain_all",
    "flights",
    "household_weeks",
    "kilometres",
    "making",
    "making_total",
    "marginal_carbon",
    "market_carbon",
    "monte_carlo",
    "per_unit",
    "person_years",
    "primary_energy",
    "pue_factor",
    "sample",
    "split_use",
    "tornado",
    "tree_months",
    "water",
    "what_if",
    "what_matters",
    "zone_factor",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
