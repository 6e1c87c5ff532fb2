"""What texts say of a run: how many cards of which name, who measured or modelled it, a mass with its range."""

from __future__ import annotations

import math
from collections import Counter

from .. import digits
from ..factors.cards import split_cards
from ..footprint import Impact
from ..hostinfo import Hardware
from .statement import Statement

_MASSES = ((1.0, 1e3, "mg"), (1e3, 1.0, "g"), (1e6, 1e-3, "kg"), (math.inf, 1e-6, "t"))


def cards_named(name: str | None, count: int) -> tuple[str, ...]:
    """One name a card, of a count and a name that may hold the count again ("8 x A100" beside 8)."""
    names = split_cards(name or "")
    if count <= 1:
        return names or ("",) * count
    return (names + (names or ("",))[:1] * count)[:count]


def cards_of(hardware: Hardware) -> Counter[str]:
    """How many cards of each name; an empty name for those without one. Each of the names is one card, also where it
    says how many there are of it."""
    names = hardware.gpus
    if len(set(names)) == 1 and len(names) > 1:
        return Counter(cards_named(names[0], len(names)))
    return Counter(name for listed in names for name in split_cards(listed) or ("",))


def cards_in_words(hardware: Hardware, times: str = "x") -> str:
    """`2 x NVIDIA A100, 1 x Tesla T4`; empty for no card that has a name."""
    return ", ".join(f"{count} {times} {name}" for name, count in cards_of(hardware).items() if name)


def made_by(run: Statement) -> str:
    """`measured with impact-tracker 1.0`, `estimated by codecarbon 2.3`: the quality, who says it, whose models are in
    it."""
    tool = f"{run.tool} {run.tool_version}".strip()
    if run.energy.is_missing:
        return f"not measured by {tool}"
    if run.energy.quality == "measured":
        return f"measured with {tool}"
    models = run.quality_in_words.partition(": ")[2]
    return f"{run.energy.quality} by {tool}" + (f": {models}" if models else "")


def mass(impact: Impact, *, quality: bool = True) -> str:
    """`15.79 kg CO2e (14 to 26, estimated)`, digits no finer than the range; why it is not known, where it is not."""
    if impact.value is None or impact.low is None or impact.high is None:
        return f"not known ({impact.note})"
    scale, unit = next((scale, unit) for limit, scale, unit in _MASSES if impact.value < limit)
    low, best, high = (end * scale for end in (impact.low, impact.value, impact.high))
    details = [impact.quality] if quality else []
    if high > low:
        details.insert(0, digits.span(best, low, high))
    told = f" ({', '.join(details)})" if details else ""
    return f"{digits.within(best, low, high)} {unit} CO2e{told}"
