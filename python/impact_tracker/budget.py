"""Amounts that a run may use, written as people do: energy, carbon or money."""

from __future__ import annotations

import math
import re
from typing import NamedTuple

from .values import joules_of

_ENERGIES = {"mJ": 1e-3, "J": 1.0, "kJ": 1e3, "MJ": 1e6, "GJ": 1e9}
_ENERGIES.update({name: joules_of(kwh) for name, kwh in (("mWh", 1e-6), ("Wh", 1e-3), ("kWh", 1.0), ("MWh", 1e3))})
_MASSES = {"mg": 1e-3, "g": 1.0, "kg": 1e3, "Mg": 1e6, "t": 1e6}
_CURRENCIES = {"€": "EUR", "$": "USD", "£": "GBP", "¥": "JPY"}
_AMOUNT = r"\s*([\d.,_]+(?:[eE][-+]?\d+)?)\s*"
_EXAMPLES = '"50 Wh", "180 kJ", "200 gCO2e" or, with a price, "2 EUR"'


class Price(NamedTuple):
    """Money for a kilowatt-hour."""

    per_kwh: float
    currency: str


class Amount(NamedTuple):
    """What may be used: a number of joules, of grams of CO2e, or of a currency. `text`: as it was written."""

    number: float
    unit: str  # "J", "g", or a currency
    text: str


def read_amount(value: object) -> Amount:
    """An amount from its text. ValueError for one without a unit, with an unknown one, or of nothing."""
    if isinstance(value, Amount):
        return value
    text = str(value).strip()
    money = re.fullmatch(r"([€$£¥])" + _AMOUNT, text)
    match = re.fullmatch(_AMOUNT + r"(.*)", text)
    number, unit = (money[2], money[1]) if money else (match[1], match[2].strip()) if match else ("", "")
    if not number:
        raise ValueError(f"must be an amount with its unit, as in {_EXAMPLES}")
    amount = _number(number)
    if not amount > 0 or not math.isfinite(amount):
        raise ValueError("must be above 0")
    if not unit:
        raise ValueError(f"needs a unit: {_EXAMPLES}")
    if unit in _ENERGIES:
        return Amount(amount * _ENERGIES[unit], "J", text)
    carbon = re.fullmatch(r"(mg|g|kg|t)\s*CO2(?:e|eq|-eq)?", unit.replace("₂", "2"), re.IGNORECASE)
    if carbon:
        mass = carbon[1] if carbon[1] in _MASSES else carbon[1].lower()
        if carbon[1] in ("MG", "mG"):  # a millionth of a tonne, or a tonne
            raise ValueError(f"has the unit {unit!r}, which may be mg or Mg: write mgCO2e or tCO2e")
        return Amount(amount * _MASSES[mass], "g", text)
    currency = _currency(unit)
    if currency:
        return Amount(amount, currency, text)
    known = ", ".join([*_ENERGIES, "gCO2e", "kgCO2e", "tCO2e", "EUR"])
    raise ValueError(f"has the unit {unit!r}, which is none of {known}")


def read_price(value: object) -> Price:
    """A price from its text, as "0.25 EUR". ValueError for one without a currency."""
    if isinstance(value, Price):
        return value
    text = re.sub(r"\s*(/|per)\s*kWh\s*$", "", str(value).strip())
    money = re.fullmatch(r"([€$£¥])" + _AMOUNT, text)
    match = re.fullmatch(_AMOUNT + r"(.*)", text)
    number, unit = (money[2], money[1]) if money else (match[1], match[2].strip()) if match else ("", "")
    currency = _currency(unit)
    price = _number(number) if number else 0.0
    if not currency or not price > 0 or not math.isfinite(price):
        raise ValueError('must be a price above 0 for a kWh with its currency, as in "0.25 EUR"')
    return Price(price, currency)


def _currency(unit: str) -> str | None:
    if unit in _CURRENCIES:
        return _CURRENCIES[unit]
    return unit if re.fullmatch(r"[A-Z]{3}", unit) else None


def _number(text: str) -> float:
    """A number with a point or a comma before its decimals. ValueError for what may be read in two ways."""
    plain = text.replace("_", "")
    if "," in plain:
        if "." in plain or plain.count(",") > 1 or re.fullmatch(r"\d{1,3},\d{3}", plain):
            raise ValueError(f"has the number {text!r}, which may be read in two ways: write it without separators")
        plain = plain.replace(",", ".")
    try:
        return float(plain)
    except ValueError:
        raise ValueError(f"has {text!r} where a number belongs") from None
