"""Lint: eleven traps that published footprints fell into, looked for in any report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..factors import FactorError, UnknownFactorError, constant, intensity
from .statement import Statement

# Below and above these no grid's electricity is (g CO2e/kWh, yearly mean, life cycle).
_LOWEST, _HIGHEST = 5.0, 1400.0
_TOLERANCE = 0.02  # what rounding in print explains


@dataclass(frozen=True)
class Finding:
    """``trap`` 1 to 11; ``level``: "error" (a number is wrong), "warning" (it may be), "note" (something is not
    said)."""

    trap: int
    level: str
    where: str
    what: str
    remedy: str

    def line(self) -> str:
        """``FILE: error: … (trap 3). Remedy.``"""
        return f"{self.where}: {self.level}: {self.what} (trap {self.trap}). {self.remedy}"


def lint(statement: Statement) -> list[Finding]:
    """Every trap that the statement falls into; what it does not state cannot be checked and is not guessed."""
    return [finding for check in CHECKS for finding in check(statement)]


def lint_all(statements: Iterable[Statement]) -> list[Finding]:
    """The findings of all, errors first."""
    order = {"error": 0, "warning": 1, "note": 2}
    found = [finding for statement in statements for finding in lint(statement)]
    return sorted(found, key=lambda finding: order[finding.level])


def _close(a: float, b: float, tolerance: float = _TOLERANCE) -> bool:
    return math.isclose(a, b, rel_tol=tolerance, abs_tol=1e-12)


def pue_twice_in_water(s: Statement) -> Iterator[Finding]:
    """1: water = E_IT × (WUE + PUE × EWIF); the site's energy × WUE has the PUE twice."""
    if s.water_l is None or s.it_kwh is None or s.wue is None or s.pue is None or s.pue == 1.0 or not s.water_l:
        return
    grid = s.grid_water or 0.0
    right = s.it_kwh * (s.wue + s.pue * grid)
    doubled = (s.it_kwh * s.pue * s.wue + s.it_kwh * s.pue * grid, s.it_kwh * s.pue * (s.wue + s.pue * grid))
    if not _close(s.water_l, right) and any(_close(s.water_l, wrong) for wrong in doubled):
        yield Finding(
            1,
            "error",
            s.where,
            f"water of {s.water_l:.4g} L has the PUE in it once too often",
            f"The computers' energy × (WUE + PUE × water of the grid) gives {right:.4g} L",
        )


def pue_in_energy_not_in_power(s: Statement) -> Iterator[Finding]:
    """2: energy with the PUE beside power without it."""
    if not s.power_w or not s.duration_s or s.reported_kwh is None or s.pue is None or s.pue <= 1.0 + _TOLERANCE:
        return
    from_power = s.power_w * s.duration_s / 3.6e6
    if _close(from_power * s.pue, s.reported_kwh):
        yield Finding(
            2,
            "warning",
            s.where,
            f"its energy ({s.reported_kwh:.4g} kWh) has the PUE of {s.pue:g} in it, its power has not",
            f"Power × time is {from_power:.4g} kWh: compare like with like",
        )


def units_of_mass(s: Statement) -> Iterator[Finding]:
    """3: grams taken for kilograms, pounds or tonnes: the intensity that follows is none that a grid has."""
    if s.carbon_g is None or not s.site_kwh or s.carbon_g <= 0:
        return
    implied = s.carbon_g / s.site_kwh
    if _LOWEST <= implied <= _HIGHEST:
        return
    for factor, unit in ((1000.0, "kilograms"), (453.59237, "pounds"), (1e6, "tonnes"), (0.001, "milligrams")):
        if _LOWEST <= implied * factor <= _HIGHEST:
            yield Finding(
                3,
                "error",
                s.where,
                f"its carbon implies {implied:.4g} g/kWh: it looks like {unit} where grams are meant",
                "Hugging Face and Green Algorithms are in grams, CodeCarbon in kilograms, WattTime in lb/MWh",
            )
            return
    yield Finding(3, "error", s.where, f"its carbon implies {implied:.4g} g/kWh, which no grid has", "Check the units")


def tree_months(s: Statement) -> Iterator[Finding]:
    """4: a tree-month is g / 11,000 × 12; two other values are in use."""
    if s.tree_months is None or not s.carbon_g:
        return
    for name, year in (("917 g a month", 917.0 * 12), ("11,400 g a year (version 1.0)", 11_400.0)):
        usual, other = s.carbon_g / 11_000.0 * 12.0, s.carbon_g / year * 12.0
        if _close(s.tree_months, other, 1e-4) and not _close(s.tree_months, usual, 1e-4):
            yield Finding(4, "note", s.where, f"its tree-months use {name}", f"With 11,000 g a year it is {usual:.5g}")
            return


def vintage(s: Statement) -> Iterator[Finding]:
    """5: an intensity without year and source, or years older than the run."""
    if s.intensity is None:
        return
    if s.intensity_year is None:
        yield Finding(
            5,
            "note",
            s.where,
            f"its intensity of {s.intensity:g} g/kWh states no year",
            "One country is 31 to 101 g/kWh in print: state source, year and method",
        )
    elif s.run_year is not None and s.run_year - s.intensity_year > 2:
        yield Finding(
            5,
            "warning",
            s.where,
            f"an intensity of {s.intensity_year} weighs a run of {s.run_year}",
            "Weigh again with a newer one, or with a series",
        )


def marginal_for_average(s: Statement) -> Iterator[Finding]:
    """6: a marginal intensity in an attributional total."""
    if s.intensity_method and "marginal" in s.intensity_method:
        yield Finding(
            6, "error", s.where, "its total uses a marginal intensity", "Marginal is for decisions, average for totals"
        )
        return
    usual = _average(s)
    if usual is not None and s.intensity is not None and s.intensity > 4 * usual:
        yield Finding(
            6,
            "warning",
            s.where,
            f"{s.intensity:.4g} g/kWh is {s.intensity / usual:.0f} times the mean of {s.zone}",
            "It may be marginal, or another country's",
        )


def direct_for_lifecycle(s: Statement) -> Iterator[Finding]:
    """7: direct emissions only: nuclear, wind and sun count 0 there."""
    if s.intensity_method and "direct" in s.intensity_method:
        yield Finding(
            7, "note", s.where, "its intensity counts direct emissions only", "Life cycle adds making and fuel supply"
        )
        return
    usual = _average(s)
    if usual is not None and s.intensity is not None and s.intensity < 0.4 * usual:
        yield Finding(
            7,
            "warning",
            s.where,
            f"{s.intensity:.4g} g/kWh is far below the life-cycle mean of {s.zone} ({usual:.4g})",
            "It may be direct emissions, production without imports, or market-based",
        )


def embodied_without_range(s: Statement) -> Iterator[Finding]:
    """8: one number for making a card on which publications differ by a factor of 3.5."""
    if s.embodied_gpu_kg is None or s.embodied_has_range:
        return
    try:
        known = constant("gpu_embodied", s.gpu_model or "Any")
    except UnknownFactorError:
        known = constant("gpu_embodied", "Any")
    outside = not known.low <= s.embodied_gpu_kg <= known.high
    yield Finding(
        8,
        "warning" if outside else "note",
        s.where,
        f"making a card is given as {s.embodied_gpu_kg:g} kg without a range",
        f"Publications say {known.low:g} to {known.high:g} kg for {s.gpu_model or 'cards'}",
    )


def primary_energy(s: Statement) -> Iterator[Finding]:
    """9: primary energy below the electricity itself, or of another convention."""
    if s.primary_energy_mj is None or not s.site_kwh:
        return
    each = s.primary_energy_mj / s.site_kwh
    if not 3.6 <= each <= 17.0:
        yield Finding(
            9, "error", s.where, f"{each:.4g} MJ of primary energy a kWh is not possible", "A kWh is 3.6 MJ already"
        )
    elif s.zone is not None and s.zone.upper() in ("FR", "FRA", "FRANCE") and _close(each, 9.3135, 1e-3):
        yield Finding(
            9,
            "note",
            s.where,
            "its primary energy counts fossil and nuclear fuel alone (9.31 MJ/kWh)",
            "With renewable energy it is 11.289 in France: name the convention",
        )


def memory_power(s: Statement) -> Iterator[Finding]:
    """10: memory by requested gigabytes (0.3725 W each) or by module: not the same thing."""
    if s.ram_w is None or not s.ram_gb:
        return
    each = s.ram_w / s.ram_gb
    if each < 0.3725 / 3 or each > 0.3725 * 3:
        yield Finding(
            10,
            "note",
            s.where,
            f"memory draws {each:.3g} W a GB in it; Green Algorithms counts 0.3725",
            "Tools count modules, installed or requested memory: do not compare their totals",
        )


def arithmetic(s: Statement) -> Iterator[Finding]:
    """11: the stated result is not what the stated parts give: published cards are off by 10 and by 1000."""
    if s.carbon_g and s.site_kwh and s.intensity and s.carbon_unit is None:
        yield from _compare(s, s.carbon_g, s.site_kwh * s.intensity, "energy × intensity", "g")
    if s.carbon_each_g and s.carbon_g and s.units:
        yield from _compare(s, s.carbon_each_g, s.carbon_g / s.units, "carbon over units", "g each")
    if s.it_kwh and s.power_w and s.duration_s and s.pue in (None, 1.0):
        yield from _compare(s, s.it_kwh, s.power_w * s.duration_s / 3.6e6, "power × time", "kWh", 0.1)


def _compare(
    s: Statement, stated: float, found: float, formula: str, unit: str, tolerance: float = _TOLERANCE
) -> Iterator[Finding]:
    if _close(stated, found, tolerance):
        return
    ratio = stated / found if found else math.inf
    power = round(math.log10(ratio)) if 0 < ratio < math.inf else 0
    slip = f": a slip of 10^{power}" if power and _close(ratio, 10.0**power, 0.02) else ""
    yield Finding(
        11, "error", s.where, f"it states {stated:.6g} {unit}, {formula} gives {found:.6g}{slip}", "Work it out again"
    )


def _average(s: Statement) -> float | None:
    if not s.zone:
        return None
    try:
        return intensity(s.zone).value
    except FactorError:
        return None


CHECKS: tuple[Callable[[Statement], Iterator[Finding]], ...] = (
    pue_twice_in_water, pue_in_energy_not_in_power, units_of_mass, tree_months, vintage, marginal_for_average,
    direct_for_lifecycle, embodied_without_range, primary_energy, memory_power, arithmetic,
)  # fmt: skip
