"""How far an intensity may be from what another publisher would say of the same place and year.

Fitted on 643 country-years of 197 countries from 2021 to 2024: the bundled values (Ember: life cycle, production)
against an independent set that follows the flows of electricity (Electricity Maps: life cycle, consumption). Of these
95.6 % lie inside. Three things part them, each with its term:

- all else, `SPREAD` up or down;
- trade: what a country imports is not of its own making. Imports may be as coal and gas together (`IMPORTED` g/kWh) or
  free of carbon;
- factors of the fuels: the bundled values give some grids of gas and oil twice the carbon of another's.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from .factor import Factor
from .tables import published, table

SPREAD = 1.40  # a factor up or down, 95 %, for a country without trade and without gas or oil
IMPORTED = 500.0  # g/kWh of imports at worst
_SMALL_TRADE = 0.02  # of a country that no table of imports holds
_FUEL = 0.3  # how much lower the life cycle of gas and oil is elsewhere
# A zone within a country trades with its neighbours more than a country does, and its grid is larger than itself:
# against the same independent set 80 of 83 regions of clouds lie inside.
FINER_SPREAD, FINER_TRADE = 1.45, 0.10
_TRADE_OF_STATES = {"US": 0.35, "CN": 0.20}  # states whose grid is larger than themselves
_DRIFT = 0.27  # 95 % of the changes from one year to the next, as a logarithm; they grow with the root of the years


def range_of(code: str, grams: float, years_off: int = 0, finer: bool = False) -> tuple[float, float]:
    """Low and high (95 %) of an intensity in g/kWh of a country or, `finer`, of a zone within one.

    `years_off`: for a value of another year than the one asked for, how many years lie between.
    """
    trade = _TRADE_OF_STATES.get(code[:2], FINER_TRADE) if finer else imports_of(code)
    spread = math.log(FINER_SPREAD if finer else SPREAD)
    factor = math.exp(math.hypot(spread, _DRIFT * math.sqrt(years_off)))
    low = grams * (1 - 0.5 * trade) * (1 - _FUEL * _gas_and_oil(code)) / factor
    high = (grams * (1 - trade) + IMPORTED * trade) * factor
    return min(low, grams), max(high, grams)


def zone_intensity(
    origin: Mapping[str, str],
    grams: float,
    code: str,
    name: str,
    *,
    year: int,
    wanted: int | None,
    method: str,
    note: str,
) -> Factor:
    """The intensity of a zone as `origin` published it of a year, with its range; *estimated* where a note says why.
    `wanted`: the year that was asked for; `code`: of a zone within a country where it has a dash."""
    low, high = range_of(code, grams, abs((wanted or year) - year), finer="-" in code)
    return published(
        origin,
        grams,
        "g/kWh",
        f"carbon intensity of electricity, {name}",
        low=low,
        high=high,
        year=year,
        method=method,
        quality="estimated" if note else "modelled",
        note=note,
        spread="lognormal",
    )


def imports_of(code: str) -> float:
    """The share of imports in a country's electricity, roughly."""
    share: float = table("electricity_mix")["imports"].get(code, _SMALL_TRADE)
    return share


def _gas_and_oil(code: str) -> float:
    """Their share in what a country makes; a half where its mix is not known, 0 for a zone within a country."""
    if len(code) != 3:
        return 0.0
    shares = mix_of(code)
    return 0.5 if shares is None else shares["gas"] + shares["oil"]


def mix_of(code: str) -> dict[str, float] | None:
    """Shares of the fuels in what a country makes; `None` for a country that the table lacks."""
    data = table("electricity_mix")
    row = next((row for row in data["rows"] if row[0] == code), None)
    return None if row is None else dict(zip(data["fuels"], row[2:]))
