"""Footprints: from energy and factors to impacts with ranges, qualities and sources.

Everything here takes plain numbers and series, so that a record, a job or an import adapt to it. The footprint is never
stored as a product: one record can be weighed again with other factors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lazy import lazy_names
from .impact import EnergyInput, Impact, Term, carbon_of, energy_factor, energy_range, grams_of, pue_factor, sum_of
from .use import carbon, depletion, fossil_energy, marginal_carbon, market_carbon, primary_energy, water, zone_factor

if TYPE_CHECKING:
    from ..factors import IntensityCurve
    from ..factors.life_cycle import STAGES
    from .allocation import Allocation, embodied, split_use
    from .boundaries import against_boundaries, water_deprived
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
    from .explaining import explain, explain_all, mass_of, mass_span, mass_words_of, what_matters, words_of
    from .extent import Extent
    from .functional import Crossing, PerUnit, Service, Units, crossing, development_multiplier, per_unit
    from .indirect import Consequences, Effect, consequences
    from .indirect_file import read_consequences
    from .machine import Machine, making, making_total
    from .matrix import INDICATORS, Footprint, Matrix, assess
    from .series import carbon_over_time
    from .uncertainty import Bar, Distribution, monte_carlo, paired, sample, tornado
    from .whatif import Case, Change, Rebound, WhatIf, what_if
    from .whatif_file import read_changes

__getattr__, __dir__ = lazy_names(
    __name__,
    {
        "..factors": "IntensityCurve",
        ".allocation": "Allocation embodied split_use",
        ".boundaries": "against_boundaries water_deprived",
        ".equivalents": "Equivalent all_of boundary_a_person core_hours flights household_weeks kilometres person_years"
        " tree_months",
        ".extent": "Extent",
        ".explaining": "explain explain_all mass_of mass_span mass_words_of what_matters words_of",
        ".functional": "Crossing PerUnit Service Units crossing development_multiplier per_unit",
        ".indirect": "Consequences Effect consequences",
        ".indirect_file": "read_consequences",
        ".machine": "Machine making making_total",
        ".matrix": "Footprint INDICATORS Matrix assess",
        "..factors.life_cycle": "STAGES",
        ".series": "carbon_over_time",
        ".uncertainty": "Bar Distribution monte_carlo paired sample tornado",
        ".whatif": "Case Change Rebound WhatIf what_if",
        ".whatif_file": "read_changes",
    },
)

__all__ = [
    "INDICATORS", "STAGES", "Allocation", "Bar", "Case", "Change", "Consequences", "Crossing", "Distribution",
    "Effect", "EnergyInput", "Equivalent", "Extent", "Footprint", "Impact", "IntensityCurve", "Machine", "Matrix",
    "PerUnit", "Rebound", "Service", "Term", "Units", "WhatIf", "against_boundaries", "all_of", "assess",
    "boundary_a_person", "carbon", "carbon_of", "carbon_over_time", "consequences", "core_hours", "crossing",
    "depletion", "development_multiplier", "embodied", "energy_factor", "energy_range", "explain", "explain_all",
    "flights", "fossil_energy", "grams_of", "household_weeks", "kilometres", "making", "making_total",
    "marginal_carbon", "market_carbon", "mass_of", "mass_span", "mass_words_of", "monte_carlo", "paired",
    "per_unit", "person_years", "primary_energy", "pue_factor", "read_changes", "read_consequences", "sample",
    "split_use", "sum_of", "tornado", "tree_months", "water", "water_deprived", "what_if", "what_matters",
    "words_of", "zone_factor",
]  # fmt: skip
