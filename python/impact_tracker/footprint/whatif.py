"""What if: the same work on other hardware, in another place, at another precision: what it saves over the life
cycle."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from ..digits import significant, span, within
from ..factors import Factor
from ..factors.conventions import check_one_convention, words_of_place
from .allocation import Allocation, embodied
from .explaining import explain
from .impact import EnergyInput, Impact
from .machine import Machine, making_total
from .uncertainty import Distribution, can_draw, middle_95, monte_carlo, paired
from .use import carbon

ONE = Factor.stated(1.0, "1", "unchanged")


@dataclass(frozen=True)
class Case:
    """A run as it was: energy and duration (s) of one, on which machine, with which electricity."""

    energy: EnergyInput
    duration_s: float
    intensity: Factor
    pue: float | Factor | None = None
    machine: Machine | None = None
    allocation: Allocation | None = None

    def impact(self, energy_ratio: Factor = ONE, duration_ratio: Factor = ONE) -> Impact:
        """Carbon of one run over the life cycle; its making is left out where no machine is described (*partial*)."""
        use = carbon(self.energy, self.pue, intensity=self.intensity) * energy_ratio
        if self.machine is None:
            return replace(
                use, partial=True, note="; ".join(filter(None, [use.note, "the machine's making is not in it"]))
            )
        return use + embodied(making_total(self.machine), self.duration_s / 3600.0, self.allocation) * duration_ratio


@dataclass(frozen=True)
class Change:
    """What is changed: `energy` and `duration` as ratios to before (factors without unit, with their range),
    another
    `intensity`, `pue` or `machine`. `bought`: the new machine is bought for it, so that its making must pay
    back."""

    name: str
    energy: Factor = ONE
    duration: Factor = ONE
    intensity: Factor | None = None
    pue: float | Factor | None = None
    machine: Machine | None = None
    bought: bool = False


@dataclass(frozen=True)
class Rebound:
    """By how much use may grow until nothing is saved (0.25: by a quarter), with the middle 95 % of the draws; below 0
    where a draw saves nothing to begin with."""

    best: float
    low: float
    high: float


@dataclass(frozen=True)
class WhatIf:
    """Both cases for one run, what the change saves (negative: it costs), and what would eat it.

    `spread`: the saving's 95 % interval by Monte Carlo, in which what both cases share moves together.
    `rebound`: `None` where nothing is saved. `payback_runs`: runs until a machine that is bought has saved its
    own making, `payback_s` the time of these runs one after the other; `inf` where it never does.
    """

    name: str
    before: Impact
    after: Impact
    saving: Impact
    spread: Distribution | None
    rebound: Rebound | None
    payback_runs: float | None
    payback_s: float | None = None
    electricity: str = ""  # of both cases in words, where it is changed

    @property
    def share(self) -> float | None:
        """What is saved, of what it was."""
        return self.saving.value / self.before.value if self.saving.value is not None and self.before.value else None

    def sentences(self) -> list[str]:
        """For a report: the saving with its range, the payback, the rebound, what is not in it."""
        if self.saving.value is None or self.saving.low is None or self.saving.high is None or self.share is None:
            return [f"{self.name}: not known, {self.saving.note or 'the run used nothing'}"]
        places = [f"  electricity: {self.electricity}"] if self.electricity else []
        grams, verb = self.saving.value, "saves" if self.saving.value >= 0 else "costs"
        ends = (self.saving.low, self.saving.high) if self.spread is None else (self.spread.low, self.spread.high)
        bounds = "bounds" if self.spread is None else "95 % between"
        between = f"{bounds} {span(grams, *ends).replace(' to ', ' and ')}"
        amount = within(abs(grams), *ends)
        lines = [f"{self.name}: {verb} {amount} g of CO2e a run ({abs(self.share):.0%}; saving {between})", *places]
        if self.payback_runs is not None:
            lines.append(f"  the new machine has saved its own making {self._payback()}")
        if self.rebound is not None:
            more = self.rebound
            lines.append(f"  {more.best:.0%} more use would eat the saving ({more.low:.0%} to {more.high:.0%})")
        if self.saving.partial:
            lines.append(f"  partial: {self.saving.note}")
        return lines

    def lines(self, explained: bool = False) -> list[str]:
        """`sentences`, below them the formulas of both cases where they are asked for."""
        cases = {"before": self.before, "after": self.after} if explained else {}
        formulas = [f"  {case}: {line}" for case, impact in cases.items() for line in explain(impact)]
        return [*self.sentences(), *formulas]

    def _payback(self) -> str:
        if self.payback_runs is None or math.isinf(self.payback_runs):
            return "never: its use saves nothing"
        years = (self.payback_s or 0.0) / (365 * 86400.0)
        return f"after {significant(self.payback_runs, 2)} runs, {significant(years, 2)} years of them without a pause"

    def as_dict(self) -> dict[str, object]:
        """For JSON; what never pays back is `None` with `payback` "never"."""
        never = self.payback_runs is not None and math.isinf(self.payback_runs)
        return {
            "name": self.name,
            "before": self.before.as_dict(),
            "after": self.after.as_dict(),
            "saving_g": self.saving.value,
            "saving_g_low": self.saving.low if self.spread is None else self.spread.low,
            "saving_g_high": self.saving.high if self.spread is None else self.spread.high,
            "saving_share": self.share,
            "electricity": self.electricity or None,
            "partial": self.saving.partial,
            "note": self.saving.note,
            "rebound": None if self.rebound is None else asdict(self.rebound),
            "payback": None if self.payback_runs is None else "never" if never else "known",
            "payback_runs": None if never else self.payback_runs,
            "payback_s": None if never else self.payback_s,
        }


def what_if(case: Case, change: Change, *, draws: int = 10_000) -> WhatIf:
    """The change weighed against the case, per run. ValueError for ratios that are not above 0 or have a unit, and for
    an intensity of another convention than the case's."""
    for ratio in (change.energy, change.duration):
        if ratio.unit != "1" or not ratio.low > 0:
            raise ValueError(
                f"{change.name}: energy and duration change by a ratio above 0, not {ratio.low:g} {ratio.unit}"
            )
    if change.machine is not None and case.machine is None:
        raise ValueError(
            f"{change.name}: describe the machine of before too (as --this-machine or --instance does), "
            "else making would weigh on one side alone"
        )
    places = ""
    if change.intensity is not None:
        check_one_convention(case.intensity, change.intensity)
        places = f"{words_of_place(case.intensity)}; then {words_of_place(change.intensity)}"
    after_case = replace(
        case,
        intensity=change.intensity or case.intensity,
        pue=case.pue if change.pue is None else change.pue,
        machine=change.machine or case.machine,
    )
    before, after = case.impact(), after_case.impact(change.energy, change.duration)
    if before.value is None or after.value is None:
        unknown = Impact.missing("carbon", "g", before.note or after.note)
        return WhatIf(change.name, before, after, unknown, None, None, None)
    saving = before + after * -1.0
    runs = _payback(case, after_case, change)
    return WhatIf(
        change.name,
        before,
        after,
        saving,
        monte_carlo([saving], draws)[0] if can_draw() else None,
        _rebound(before, after, draws),
        runs,
        None if runs is None else runs * case.duration_s * change.duration.value,
        places,
    )


def _rebound(before: Impact, after: Impact, draws: int) -> Rebound | None:
    """before / after − 1, draw by draw; without the core the bounds of both are all there is."""
    if not before.value or not after.value or before.value <= after.value:
        return None
    best = before.value / after.value - 1.0
    if can_draw():
        befores, afters = paired([before, after], draws)
        low, high = middle_95([b / a - 1.0 for b, a in zip(befores, afters) if a > 0] or [best])
    else:
        low = (before.low or 0.0) / after.high - 1.0 if after.high else -1.0
        high = (before.high or 0.0) / after.low - 1.0 if after.low else math.inf
    return Rebound(best, min(low, best), max(high, best))


def _payback(case: Case, after: Case, change: Change) -> float | None:
    """Making of the new machine over what its use saves a run: the old one's making is spent either way."""
    if not change.bought or change.machine is None:
        return None
    made = making_total(change.machine).value
    used = carbon(case.energy, case.pue, intensity=case.intensity).value
    later = (carbon(after.energy, after.pue, intensity=after.intensity) * change.energy).value
    if made is None or used is None or later is None:
        return None
    return made / (used - later) if used > later else math.inf
