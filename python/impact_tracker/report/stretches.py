"""Stretches of a run that count together: the regions of one name, or of one rank."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..result import Result
from ..values import Energy, total_if_known


@dataclass(frozen=True)
class Stretches:
    """Several results that do not share an energy."""

    results: Sequence[Result]

    @property
    def duration_s(self) -> float:
        """Their lengths together. Stretches that overlap in time count each."""
        return math.fsum(result.duration_s for result in self.results)

    @property
    def energy(self) -> Energy:
        """Of all of them; missing where one of them was not measured."""
        return total_if_known(result.energy for result in self.results)
