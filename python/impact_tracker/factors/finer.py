"""Zones within a country: states and provinces (USA, Canada, Australia, China), bidding zones of Norway and Sweden."""

from __future__ import annotations

from functools import cache

from .factor import Factor
from .ranges import zone_intensity
from .tables import Row, table

COUNTRIES = {"AU": "AUS", "US": "USA", "CA": "CAN", "CN": "CHN", "NO": "NOR", "SE": "SWE"}

# Direct emissions to the life cycle, in g/kWh: making and bringing the fuel, and plants that burn none. So the sum of
# the states (349.7 direct in 2023) is the country's 392.8 of the life cycle, and 35 grids of which both are published
# (direct: Google; life cycle: Electricity Maps) lie within a factor of 1.2.
_UPSTREAM, _PLANTS = 1.07, 20.0


@cache
def finer_zones() -> dict[str, Row]:
    """The rows of the table by their code (US-CA, SE-SE3)."""
    return {row[0]: row for row in table("subnational_intensity")["rows"]}


def country_of_zone(code: str) -> str:
    """The country that a zone lies in (US-CA: USA); of a country itself."""
    return COUNTRIES.get(code.partition("-")[0], code) if "-" in code else code


def finer_intensity(code: str, wanted: int | None) -> Factor:
    """Life-cycle intensity of what a zone within a country produces; *estimated* where its source says direct emissions
    alone or another year than the wanted one."""
    data = table("subnational_intensity")
    _, name, year, grams, basis, source = finer_zones()[code]
    country = next(row[2] for row in table("country_intensity")["rows"] if row[0] == country_of_zone(code))
    notes = []
    if basis == "direct":
        notes.append(f"published as {grams:.4g} g/kWh of direct emissions, raised to the life cycle")
        grams = round(grams * _UPSTREAM + _PLANTS, 3)
    if wanted not in (None, year):
        notes.append(f"{name} has no value for {wanted}; it is of {year}")
    name = name if country in name else f"{name}, {country}"
    method, note = f"lifecycle, {data['method']}", "; ".join(notes)
    origin = data["sources"][source]
    return zone_intensity(origin, grams, code, name, year=year, wanted=wanted, method=method, note=note)
