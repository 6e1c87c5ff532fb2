"""What large firms publish of their own carbon, water and electricity: for context, never a factor of anybody's run."""

from __future__ import annotations

from dataclasses import dataclass

from .factor import FactorError, did_you_mean, near_matches
from .tables import table


@dataclass(frozen=True)
class FirmYear:
    """One published number. `indicator` ends in its unit (carbon_t, water_l, electricity_mwh); `scope` says what is
    in it: numbers of two scopes do not compare."""

    firm: str
    year: int
    indicator: str
    value: float
    scope: str
    source: str
    url: str
    licence: str


def firm_years(indicator: str | None = None, firm: str | None = None) -> list[FirmYear]:
    """The numbers of an indicator and a firm, or of all, in the order of firm and year.

    FactorError, with near names, for an indicator or a firm that the table does not hold.
    """
    data = table("firms")
    numbers = []
    for name, year, what, value, scope, source in data["rows"]:
        origin = data["sources"][source]
        numbers.append(FirmYear(name, year, what, value, scope, origin["source"], origin["url"], origin["licence"]))
    for wanted, known in ((indicator, {row.indicator for row in numbers}), (firm, {row.firm for row in numbers})):
        if wanted is not None and wanted not in known:
            hint = did_you_mean(near_matches(wanted, sorted(known))) or f" Known are {', '.join(sorted(known))}."
            raise FactorError(f"no firm's {wanted!r} is in the table.{hint}")
    chosen = [row for row in numbers if indicator in (None, row.indicator) and firm in (None, row.firm)]
    return sorted(chosen, key=lambda row: (row.firm, row.indicator, row.year))
