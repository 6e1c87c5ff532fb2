"""A request to a language model of known size, by EcoLogits' regression (its equations, written anew).

Batch 64, NVIDIA H100 of 80 GB, 8 cards a server; P in 10^9 parameters, energy of one card for one request:
`tokens × (1.16653e-6 × exp(−0.0112059 × B) × P_active + 4.05293e-5) / 1000` kWh.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .estimate import EstimateError, number

_BATCH = 64
_SERVER_W, _CARDS_A_SERVER, _CARD_GB, _BITS = 1200.0, 8, 80, 16
_LIFE_S = 3 * 365 * 24 * 3600.0
# Impacts of making a server without its cards, and of making one card: by edition of EcoLogits.
_SERVER = {"gwp_kg": 5700.0, "adp_kg_sb": 0.37, "primary_energy_mj": 70_000.0}
_CARDS = {
    "0.9": {"gwp_kg": 164.0, "adp_kg_sb": 5.1e-3, "primary_energy_mj": 1828.0},
    "0.10": {"gwp_kg": 273.0, "adp_kg_sb": 8.95e-3, "primary_energy_mj": 3721.0},
}


@dataclass(frozen=True)
class Mix:
    """What a kWh of the data centre's grid brings: kg CO2e, kg Sb, MJ, L of water; and the site's PUE and WUE
    (L/kWh)."""

    gwp_kg: float
    adp_kg_sb: float
    primary_energy_mj: float
    water_l: float
    pue: float
    wue: float


@dataclass(frozen=True)
class RequestImpact:
    """One request: energy with the site's overhead in kWh, latency in s, cards, impacts of use and of making, water
    in L."""

    energy_kwh: float
    latency_s: float
    cards: int
    use: dict[str, float]
    making: dict[str, float]
    water_l: float


def llm_request(
    *,
    active_parameters_b: float,
    total_parameters_b: float,
    output_tokens: float,
    mix: Mix,
    latency_s: float | None = None,
    tokens_per_s: float | None = None,
    first_token_s: float = 0.0,
    edition: str = "0.9",
) -> RequestImpact:
    """The impact of one request. Water = E_IT × (WUE + PUE × water of the grid): the PUE stands in it once.

    `latency_s`: as it was measured, of which no more is counted than the model's speed gives: `tokens_per_s` after
    `first_token_s` where they are known, the regression else. `edition`: of EcoLogits; its making of a card changed.
    """
    active = number(active_parameters_b, "active_parameters_b", 1e-9)
    total = number(total_parameters_b, "total_parameters_b", 1e-9)
    if total < active:
        raise EstimateError(f"{active:g} active parameters of {total:g} (in 10^9): the total is at least the active")
    tokens = number(output_tokens, "output_tokens")
    card_kwh = tokens * (
        1.1665273170451914e-6 * math.exp(-0.011205921025579175 * _BATCH) * active + 4.052928146734005e-5
    )
    card_kwh /= 1000.0
    a_token_s = 6.785088094353663e-4 * active + 3.119310311688259e-4 * _BATCH + 0.019473717579473387
    if tokens_per_s is not None:
        a_token_s = 1.0 / number(tokens_per_s, "tokens_per_s", 1e-9)
    modelled_s = tokens * a_token_s + number(first_token_s, "first_token_s")
    latency = modelled_s if latency_s is None else min(number(latency_s, "latency_s"), modelled_s)
    cards = 2 ** math.ceil(math.log2(math.ceil(1.2 * total * _BITS / 8 / _CARD_GB)))
    server_kwh = latency / 3600.0 * _SERVER_W / 1000.0 * cards / _CARDS_A_SERVER / _BATCH
    it_kwh = server_kwh + cards * card_kwh
    energy_kwh = number(mix.pue, "pue", 1.0) * it_kwh
    if edition not in _CARDS:
        raise EstimateError(f"no edition {edition!r} of EcoLogits is known here; known are {', '.join(_CARDS)}")
    card = _CARDS[edition]
    share = latency / (_LIFE_S * _BATCH)
    use = {name: energy_kwh * getattr(mix, name) for name in _SERVER}
    making = {name: share * (cards / _CARDS_A_SERVER * _SERVER[name] + cards * card[name]) for name in _SERVER}
    return RequestImpact(energy_kwh, latency, cards, use, making, it_kwh * (mix.wue + mix.pue * mix.water_l))
