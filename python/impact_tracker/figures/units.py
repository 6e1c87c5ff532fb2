"""The unit in which energies of an axis stand: the one that gives numbers a reader knows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from ..values import kwh_of

_LEAST_KWH = 0.1  # of the largest, for kWh
_STEPS = ((1e3, "MWh", 1e-3), (_LEAST_KWH, "kWh", 1.0), (1e-4, "Wh", 1e3), (1e-7, "mWh", 1e6))


class EnergyUnit(NamedTuple):
    """A unit of energy. `per_joule`: how many of it one joule is."""

    name: str
    per_joule: float


def energy_unit(energies_j: Iterable[float]) -> EnergyUnit:
    """Of an axis that shows these energies: by the largest of them, Wh with its prefix; J of the smallest."""
    most_kwh = kwh_of(max(energies_j, default=0.0))
    for least, name, per_kwh in _STEPS:
        if most_kwh >= least:
            return EnergyUnit(name, kwh_of(per_kwh))
    return EnergyUnit("J", 1.0)
