"""Lint: eleven traps that published footprints fell into, looked for in any report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import wraps

from ..factors import FactorError, UnknownFactorError, constant, intensity
from ..factors.cards import ANY_CARD
from ..factors.plausible import (
    CARD_W,
    HIGHEST_GRID,
    LOWEST_GRID,
    MACHINE_W,
    OF_CARBON,
    OF_ENERGY,
    of_intensity,
    of_pue,
    of_wue,
    slip_of,
    slips,
)
from ..values import joules_of, kwh_of
from .reported import ReportedNumbers

_TOLERANCE = 0.02  # numbers that differ by less differ by their rounding in print


@dataclass(frozen=True)
class Finding:
    """`trap` 1 to 11; `level`: "error" (a number is wrong), "warning" (it may be), "note" (something is not
    said)."""

    trap: int
    level: str
    where: str
    what: str
    remedy: str

    def line(self) -> str:
        """The finding as a line: `FILE: error: … (trap 3). Remedy.`."""
        return f"{self.where}: {self.level}: {self.what} (trap {self.trap}). {self.remedy}"


Faults = Iterator[tuple[str, str, str]]  # level, what, remedy
Check = Callable[[ReportedNumbers], Iterator[Finding]]
CHECKS: list[Check] = []


def _trap(number: int) -> Callable[[Callable[[ReportedNumbers], Faults]], Check]:
    """A check of one trap: it yields level, what and remedy; number and place are put to them here."""

    def made(check: Callable[[ReportedNumbers], Faults]) -> Check:
        @wraps(check)
        def named(s: ReportedNumbers) -> Iterator[Finding]:
            return (Finding(number, level, s.where, what, remedy) for level, what, remedy in check(s))

        CHECKS.append(named)
        return named

    return made


def lint(report: ReportedNumbers) -> list[Finding]:
    """Every trap that the report falls into; what it does not state cannot be checked and is not guessed."""
    return [finding for check in CHECKS for finding in check(report)]


def lint_all(reports: Iterable[ReportedNumbers]) -> list[Finding]:
    """The findings of all, errors first."""
    order = {"error": 0, "warning": 1, "note": 2}
    findings = [finding for report in reports for finding in lint(report)]
    return sorted(findings, key=lambda finding: order[finding.level])


def _close(a: float, b: float, tolerance: float = _TOLERANCE) -> bool:
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-12)


@_trap(1)
def pue_twice_in_water(s: ReportedNumbers) -> Faults:
    """1: water = E_IT × (WUE + PUE × EWIF); the site's energy × WUE has the PUE twice."""
    if s.water_l is None or s.it_kwh is None or s.wue is None or s.pue is None or s.pue == 1.0 or not s.water_l:
        return
    grid = s.grid_water or 0.0
    right = s.it_kwh * (s.wue + s.pue * grid)
    doubled = (s.it_kwh * s.pue * s.wue + s.it_kwh * s.pue * grid, s.it_kwh * s.pue * (s.wue + s.pue * grid))
    if not _close(s.water_l, right) and any(_close(s.water_l, wrong) for wrong in doubled):
        what = f"water of {s.water_l:.4g} L has the PUE in it once too often"
        yield "error", what, f"The computers' energy × (WUE + PUE × water of the grid) gives {right:.4g} L"


@_trap(2)
def pue_in_energy_not_in_power(s: ReportedNumbers) -> Faults:
    """2: energy with the PUE beside power without it."""
    if not s.power_w or not s.duration_s or s.reported_kwh is None or s.pue is None or s.pue <= 1.0 + _TOLERANCE:
        return
    from_power = kwh_of(s.power_w * s.duration_s)
    if _close(from_power * s.pue, s.reported_kwh):
        what = f"its energy ({s.reported_kwh:.4g} kWh) has the PUE of {s.pue:g} in it, its power has not"
        yield "warning", what, f"Power × time is {from_power:.4g} kWh: compare like with like"


@_trap(3)
def units_of_mass(s: ReportedNumbers) -> Faults:
    """3: one unit taken for another: the intensity that is stated, or that carbon and energy imply, is of no grid."""
    yield from _impossible(s)
    if s.carbon_g is None or not s.site_kwh or s.carbon_g <= 0:
        return
    implied = s.carbon_g / s.site_kwh
    if LOWEST_GRID <= implied <= HIGHEST_GRID:
        return
    what = f"its carbon implies {implied:.4g} g/kWh"
    measured = _measured_kwh(s)
    energy_slip = slip_of(s.site_kwh, measured, OF_ENERGY) if measured is not None else None
    if energy_slip is not None:
        yield "error", f"{what}: its energy looks like {energy_slip.words}", f"Power × time is {measured:.4g} kWh"
        return
    # Power × time confirms the energy, so that the carbon is wrong; without them either may be.
    confirmed = measured is not None and _close(s.site_kwh, measured, 0.1)
    candidates = OF_CARBON if confirmed else (*OF_CARBON, *OF_ENERGY)
    likely = slips(implied, LOWEST_GRID, HIGHEST_GRID, candidates, _expected(s))
    if not likely:
        yield "error", f"{what}, which no grid has", "Check the units"
        return
    nearest = [slip for slip in likely if math.isclose(slip.factor, likely[0].factor)]
    remedy = "Hugging Face and Green Algorithms are in grams, CodeCarbon in kilograms, WattTime in lb/MWh"
    yield "error", f"{what}: it looks like {' or '.join(slip.words for slip in nearest)}", remedy


def _impossible(s: ReportedNumbers) -> Faults:
    """An intensity, a PUE, a WUE that no grid and no site has."""
    doubts = [of_intensity(s.intensity, _mean_of(s.zone)) if s.intensity is not None else None]
    doubts += [None if s.pue is None else of_pue(s.pue), None if s.wue is None else of_wue(s.wue)]
    for doubt in filter(None, doubts):
        yield doubt.level, doubt.what, doubt.remedy


def _measured_kwh(s: ReportedNumbers) -> float | None:
    """Power × time with the site's overhead: what the energy should be."""
    if not s.power_w or not s.duration_s:
        return None
    return kwh_of(s.power_w * s.duration_s) * (s.pue or 1.0)


def _expected(s: ReportedNumbers) -> float | None:
    """The intensity that carbon over energy should be about: the stated one, else the zone's mean."""
    return s.intensity if s.intensity and LOWEST_GRID <= s.intensity <= HIGHEST_GRID else _mean_of(s.zone)


@_trap(4)
def tree_months(s: ReportedNumbers) -> Faults:
    """4: a tree-month is g / 11,000 × 12; two other values are in use."""
    if s.tree_months is None or not s.carbon_g:
        return
    usual = s.carbon_g / 11_000.0 * 12.0
    for name, year in (("917 g a month", 917.0 * 12), ("11,400 g a year (version 1.0)", 11_400.0)):
        if _close(s.tree_months, s.carbon_g / year * 12.0, 1e-4) and not _close(s.tree_months, usual, 1e-4):
            yield "note", f"its tree-months use {name}", f"With 11,000 g a year it is {usual:.5g}"
            return


@_trap(5)
def vintage(s: ReportedNumbers) -> Faults:
    """5: an intensity without year and source, or years older than the run."""
    if s.intensity is None:
        return
    if s.intensity_year is None:
        remedy = "One country is 31 to 101 g/kWh in print: state source, year and method"
        yield "note", f"its intensity of {s.intensity:g} g/kWh states no year", remedy
    elif s.run_year is not None and s.run_year - s.intensity_year > 2:
        what = f"an intensity of {s.intensity_year} weighs a run of {s.run_year}"
        yield "warning", what, "Weigh again with a newer one, or with a series"


@_trap(6)
def marginal_for_average(s: ReportedNumbers) -> Faults:
    """6: a marginal intensity in an attributional total."""
    ratio = _to_the_mean(s)
    if "marginal" in (s.intensity_method or ""):
        yield "error", "its total uses a marginal intensity", "Marginal is for decisions, average for totals"
    elif ratio is not None and ratio > 4:
        what = f"{s.intensity:.4g} g/kWh is {ratio:.0f} times the mean of {s.zone}"
        yield "warning", what, "It may be marginal, or another country's"


@_trap(7)
def direct_for_lifecycle(s: ReportedNumbers) -> Faults:
    """7: direct emissions only: nuclear, wind and sun count 0 there."""
    ratio = _to_the_mean(s)
    if "direct" in (s.intensity_method or ""):
        what = "its intensity counts direct emissions only"
        yield "note", what, "Life cycle adds making and fuel supply"
    elif ratio is not None and ratio < 0.4:
        mean = intensity(s.zone or "").value
        what = f"{s.intensity:.4g} g/kWh is far below the life-cycle mean of {s.zone} ({mean:.4g})"
        yield "warning", what, "It may be direct emissions, production without imports, or market-based"


@_trap(8)
def embodied_without_range(s: ReportedNumbers) -> Faults:
    """8: one number for making a card on which publications differ by a factor of 3.5."""
    if s.embodied_gpu_kg is None or s.embodied_has_range:
        return
    try:
        known = constant("gpu_embodied", s.gpu_model or ANY_CARD)
    except UnknownFactorError:
        known = constant("gpu_embodied", ANY_CARD)
    level = "note" if known.low <= s.embodied_gpu_kg <= known.high else "warning"
    what = f"making a card is given as {s.embodied_gpu_kg:g} kg without a range"
    yield level, what, f"Publications say {known.low:g} to {known.high:g} kg for {s.gpu_model or 'cards'}"


@_trap(9)
def primary_energy(s: ReportedNumbers) -> Faults:
    """9: primary energy below the electricity itself, or of another convention."""
    if s.primary_energy_mj is None or not s.site_kwh:
        return
    each = s.primary_energy_mj / s.site_kwh
    if not 3.6 <= each <= 17.0:
        yield "error", f"{each:.4g} MJ of primary energy a kWh is not possible", "A kWh is 3.6 MJ already"
    elif (s.zone or "").upper() in ("FR", "FRA", "FRANCE") and _close(each, 9.3135, 1e-3):
        what = "its primary energy counts fossil and nuclear fuel alone (9.31 MJ/kWh)"
        yield "note", what, "With renewable energy it is 11.289 in France: name the convention"


@_trap(10)
def memory_power(s: ReportedNumbers) -> Faults:
    """10: memory by requested gigabytes (0.3725 W each) or by module: not the same thing."""
    if s.ram_w is None or not s.ram_gb:
        return
    each = s.ram_w / s.ram_gb
    if each < 0.3725 / 3 or each > 0.3725 * 3:
        remedy = "Tools count modules, installed or requested memory: do not compare their totals"
        yield "note", f"memory draws {each:.3g} W a GB in it; Green Algorithms counts 0.3725", remedy


@_trap(11)
def arithmetic(s: ReportedNumbers) -> Faults:
    """11: the stated result is not what the stated parts give: published cards are off by 10 and by 1000."""
    if s.carbon_g and s.site_kwh and s.intensity and s.carbon_unit is None:
        yield from _compare(s.carbon_g, s.site_kwh * s.intensity, "energy × intensity", "g", s.tolerance)
    if s.carbon_each_g and s.carbon_g and s.units:
        yield from _compare(s.carbon_each_g, s.carbon_g / s.units, "carbon over units", "g each", s.tolerance)
    if s.cards is not None:
        powers_w = [s.power_w, joules_of(s.reported_kwh) / s.duration_s if s.reported_kwh and s.duration_s else None]
        largest_w, most_w = max(filter(None, powers_w), default=0.0), MACHINE_W + CARD_W * s.cards
        if largest_w > most_w:
            what = f"it states {largest_w / 1000:.4g} kW on average; one machine draws {most_w / 1000:g} kW at most"
            yield "error", what, "Check the units (Wh or kWh, W or kW) and how many machines it is of"
    if s.it_kwh and s.power_w and s.duration_s and s.pue in (None, 1.0):
        yield from _compare(s.it_kwh, kwh_of(s.power_w * s.duration_s), "power × time", "kWh", 0.1)


def _compare(stated: float, computed: float, formula: str, unit: str, tolerance: float) -> Faults:
    if _close(stated, computed, tolerance):
        return
    ratio = stated / computed if computed else math.inf
    power = round(math.log10(ratio)) if 0 < ratio < math.inf else 0
    slip = f": a slip of 10^{power}" if power and _close(ratio, 10.0**power, max(0.02, tolerance)) else ""
    named = slip_of(stated, computed, OF_CARBON if unit.startswith("g") else OF_ENERGY)
    if named is not None:
        slip += f"{',' if slip else ':'} it looks like {named.words}"
    yield "error", f"it states {stated:.6g} {unit}, {formula} gives {computed:.6g}{slip}", "Work it out again"


def _to_the_mean(s: ReportedNumbers) -> float | None:
    """The stated intensity over the zone's mean in the tables."""
    mean = _mean_of(s.zone)
    return None if mean is None or s.intensity is None else s.intensity / mean


def _mean_of(zone: str | None) -> float | None:
    """The zone's mean in g/kWh; `None` where there is none."""
    try:
        return intensity(zone).value if zone else None
    except FactorError:
        return None
