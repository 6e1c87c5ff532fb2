"""What if: the same work on other hardware, in another place, at another precision: what it saves over the life
cycle."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from ..factors import Factor
from .allocation import Allocation, embodied
from .impact import Energy, Impact
from .machine import Machine, making_total
from .uncertainty import Distribution, can_draw, monte_carlo
from .use import carbon

ONE = Factor.stated(1.0, "1", "unchanged")


@dataclass(frozen=True)
class Case:
    """A run as it was: energy (J) and duration (s) of one, on which machine, with which electricity."""

    energy_j: Energy
    duration_s: float
    intensity: Factor
    pue: float | Factor = 1.0
    machine: Machine | None = None
    allocation: Allocation | None = None
    quality: str = "measured"

    def impact(self, energy: Factor = ONE, duration: Factor = ONE) -> Impact:
        """Carbon of one run over the life cycle; its making is left out where no machine is described (*partial*)."""
        use = carbon(self.energy_j, self.pue, intensity=self.intensity, quality=self.quality) * energy
        if self.machine is None:
            return replace(
                use, partial=True, note="; ".join(filter(None, [use.note, "the machine's making is not in it"]))
            )
        return use + embodied(making_total(self.machine), self.duration_s / 3600.0, self.allocation) * duration


@dataclass(frozen=True)
class Change:
    """What is changed: ``energy`` and ``duration`` as ratios to before (factors without unit, with their range),
    another
    ``intensity``, ``pue`` or ``machine``. ``bought``: the new machine is bought for it, so that its making must pay
    back."""

    name: str
    energy: Factor = ONE
    duration: Factor = ONE
    intensity: Factor | None = None
    pue: float | Factor | None = None
    machine: Machine | None = None
    bought: bool = False


@dataclass(frozen=True)
class WhatIf:
    """Both cases for one run, what the change saves (negative: it costs), and what would eat it.

    ``spread``: the saving's 95 % interval by Monte Carlo, in which what both cases share moves together.
    ``rebound``: by how much use may grow until nothing is saved (0.25: by a quarter); ``None`` where nothing is saved.
    ``payback_runs``: runs until a machine that is bought has saved its own making; ``inf`` where it never does.
    """

    name: str
    before: Impact
    after: Impact
    saving: Impact
    spread: Distribution | None
    rebound: float | None
    payback_runs: float | None

    def sentences(self) -> list[str]:
        """For a report: the saving with its range, the payback, the rebound."""
        if self.saving.value is None or self.before.value in (None, 0):
            return [f"{self.name}: not known, {self.saving.note}"]
        span = "" if self.spread is None else f", 95 % between {self.spread.low:.4g} and {self.spread.high:.4g}"
        share = self.saving.value / (self.before.value or 1.0)
        lines = [f"{self.name}: saves {self.saving.value:.4g} {self.saving.unit} of CO2e a run ({share:.0%}{span})"]
        if self.payback_runs is not None:
            when = "never" if math.isinf(self.payback_runs) else f"after {self.payback_runs:.4g} runs"
            lines.append(f"  the new machine has saved its own making {when}")
        if self.rebound is not None:
            lines.append(f"  {self.rebound:.0%} more use would eat the saving")
        return lines


def what_if(case: Case, change: Change, *, draws: int = 10_000) -> WhatIf:
    """The change weighed against the case, per run. ValueError for ratios that are not above 0 or have a unit."""
    for ratio in (change.energy, change.duration):
        if ratio.unit != "1" or not ratio.low > 0:
            raise ValueError(
                f"{change.name}: energy and duration change by a ratio above 0, not {ratio.low:g} {ratio.unit}"
            )
    after_case = replace(
        case,
        intensity=change.intensity or case.intensity,
        pue=case.pue if change.pue is None else change.pue,
        machine=change.machine or case.machine,
    )
    before, after = case.impact(), after_case.impact(change.energy, change.duration)
    if before.value is None or after.value is None:
        return WhatIf(
            change.name, before, after, Impact.missing("carbon", "g", before.note or after.note), None, None, None
        )
    saving = before + after * -1.0
    rebound = before.value / after.value - 1.0 if after.value and saving.value and saving.value > 0 else None
    return WhatIf(
        change.name, before, after, saving, _spread(saving, draws), rebound, _payback(case, after_case, change)
    )


def _spread(saving: Impact, draws: int) -> Distribution | None:
    # Without the core the bounds are all there is.
    return monte_carlo([saving], draws)[0] if can_draw() else None


def _payback(case: Case, after: Case, change: Change) -> float | None:
    """Making of the new machine over what its use saves a run: the old one's making is spent either way."""
    if not change.bought or change.machine is None:
        return None
    made = making_total(change.machine).value
    used = carbon(case.energy_j, case.pue, intensity=case.intensity).value
    later = (carbon(after.energy_j, after.pue, intensity=after.intensity) * change.energy).value
    if made is None or used is None or later is None:
        return None
    return made / (used - later) if used > later else math.inf
