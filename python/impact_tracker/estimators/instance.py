"""A cloud's instance by its type: what its share of a host draws between idle and full, and what making that share
cost."""

from __future__ import annotations

from dataclasses import replace

from ..digits import with_range
from ..factors import Factor, UnknownFactorError, constant, gpu_tdp
from ..factors.instances import Instance
from ..factors.instances import instance as instance_of
from ..footprint import Machine, Term, carbon_of, embodied, making_total, pue_factor
from .estimate import Estimate, number, with_overhead
from .simple import grid_of

# A card between idle and full draws these shares of its thermal design power: Cloud Carbon Footprint's watts of an
# A100, a V100 and a T4, as shares.
_CARD_IDLE, _CARD_FULL, _CARD_SPREAD = 0.115, 1.02, 1.15
_MEMORY_W_PER_GB = 0.392
_SOME = 1e-9  # none of it makes no estimate
_CCF = "Cloud Carbon Footprint coefficients"

Usage = tuple[float, float, float]  # low, best, high


def instance(
    *,
    name: str,
    hours: float,
    utilisation: Usage = (0.0, 0.5, 1.0),
    card_utilisation: Usage | None = None,
    pue: float | None = None,
    scaling: float = 1.0,
    zone: str | None = None,
    intensity_g_per_kwh: float | Factor | None = None,
) -> Estimate:
    """The hours of an instance type (`aws:p4d.24xlarge`): virtual cores by their architecture's watts, memory at 0.392
    W a GB, cards between 11.5 and 102 % of their power; low, best, high utilisation.

    `more["making_g"]`: making of its share of the host in these hours, beside the carbon of use. UnknownFactorError for
    an unknown type, and for cards whose power nobody published.
    """
    known = instance_of(name)
    for share in (*utilisation, *(card_utilisation or ())):
        number(share, "utilisation", 0.0, 1.0)
    k = number(hours, "hours", _SOME) * number(scaling, "scaling", _SOME) / 1000.0
    memory = Factor.stated(_MEMORY_W_PER_GB, "W", "power of a GB of memory", _CCF)
    parts = {
        "cores": Term(k * known.vcpus, ((_between(known, utilisation), 1),)),
        "memory": Term(k * known.memory_gb, ((memory, 1),)),
    }
    notes = [known.share.note]
    if known.cards is None:
        notes.append("its cards are of a kind that nobody describes: their electricity is missing")
    elif known.cards and known.card:
        card = _card_watts(known.card, card_utilisation or utilisation)
        parts["gpu"] = Term(k * known.cards, ((card, 1),))
    elif known.cards:
        raise UnknownFactorError(f"the cards of {name} are not known: their electricity would be missing")
    site = pue_factor(pue) if pue is not None else constant("pue", _site(known))
    used, split = with_overhead(parts, site)
    made = embodied(making_total(Machine.of_instance(known)), hours * scaling)
    more = {"making_g": made.value} if made.value is not None else {}
    if made.low is not None and made.high is not None and made.value is not None:
        span = with_range(made.value / 1000.0, made.low / 1000.0, made.high / 1000.0, "kg")
        notes.append(f"making of its share of the host in these hours, not in the carbon above: {span}")
    grid = grid_of(zone, intensity_g_per_kwh)
    return Estimate("instance", known.name, used, carbon_of(used, grid), split, notes=tuple(notes), more=more)


def _site(known: Instance) -> str:
    """The name under which a provider's PUE stands; the world's unknown site where it has none."""
    from ..factors import names

    return known.provider if known.provider in names("pue") else "Unknown"


def _between(known: Instance, utilisation: Usage) -> Factor:
    """Watts of a virtual core over the range of utilisations."""
    low, best, high = (known.core_watts(share) for share in utilisation)
    return replace(best, low=min(low.low, best.value), high=max(high.high, best.value))


def _card_watts(name: str, utilisation: Usage) -> Factor:
    power = gpu_tdp(name)
    low, best, high = (_CARD_IDLE + share * (_CARD_FULL - _CARD_IDLE) for share in utilisation)
    if low == high:  # the usage is stated: what is left is how far cards differ
        low, high = low / _CARD_SPREAD, high * _CARD_SPREAD
    note = f"{power.value:g} W of thermal design power, used {utilisation[1]:.0%}"
    ends = (low * power.low, best * power.value, high * power.high)
    return replace(power, low=ends[0], value=ends[1], high=ends[2], name=f"power of a {name}", note=note)
