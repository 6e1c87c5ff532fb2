"""Footprints: from energy and factors to impacts with ranges, qualities and sources.

Everything here takes plain numbers and series, so that a record, a job or an import adapt to it. The footprint is never
stored as a product: one record can be weighed again with other factors.
"""

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
from .explain import explain, explain_all, what_matters
from .functional import Crossing, PerUnit, Service, crossing, development_multiplier, per_unit
from .impact import JOULES_PER_KWH, Energy, Impact, Term, carbon_of, energy_factor, energy_range, pue_factor
from .indirect import Consequences, Effect, consequences
from .machine import Machine, making, making_total
from .matrix import INDICATORS, STAGES, Footprint, Matrix, assess
from .series import carbon_over_time
from .uncertainty import Bar, Distribution, monte_carlo, sample, tornado
from .use import carbon, depletion, marginal_carbon, market_carbon, primary_energy, water, zone_factor
from .whatif import Case, Change, WhatIf, what_if

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
