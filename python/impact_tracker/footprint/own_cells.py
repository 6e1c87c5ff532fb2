"""Cells of the matrix that the user's own file fills: stages of a machine's life that no bundled source tells apart."""

from __future__ import annotations

from ..factors import Factor
from ..factors.cards import ANY_CARD, find_card
from ..factors.hardware_names import bare_name
from ..factors.life_cycle import INDICATOR_UNITS, SERVER, cell_kind
from ..factors.overrides import active_overrides, overridden
from .allocation import Allocation, embodied
from .impact import Impact, Term
from .machine import Machine

MATRIX_UNITS = {"carbon": "g", "adp": "kg Sb", "primary_energy": "MJ", "water": "L", "human_toxicity": "CTUh"}


def stated_parts(stage: str, indicator: str, machine: Machine) -> tuple[dict[str, Impact], list[str]]:
    """What the file states of this stage, for each part of one machine ("server", names of cards), before any share
    is taken of it; and the parts of which it states nothing."""
    kind, unit = cell_kind(stage, indicator), MATRIX_UNITS[indicator]
    _, scale = INDICATOR_UNITS[indicator]
    wanted = [(SERVER, 1.0), *((name or ANY_CARD, float(count)) for name, count in machine.cards.items())]
    stated: dict[str, Impact] = {}
    absent = []
    for name, count in wanted:
        factor = overridden(kind, SERVER) if name == SERVER else _of_card(kind, name)
        if factor is None:
            absent.append(name)
            continue
        impact = Impact.of(indicator, unit, [Term(scale * count, ((factor, 1.0),))], "modelled")
        stated[name] = impact * machine.share if name == SERVER and machine.share is not None else impact
    return stated, absent


def own_cell(
    stage: str, indicator: str, machine: Machine | None, hours: float | None, allocation: Allocation | None
) -> Impact | None:
    """The share of a stage that the file states for one machine, *partial* where it leaves parts out; `None` where it
    states nothing, or where machine or duration is not known."""
    if machine is None or hours is None:
        return None
    stated, absent = stated_parts(stage, indicator, machine)
    if not stated:
        return None
    total = None
    for impact in stated.values():
        total = impact if total is None else total + impact
    assert total is not None
    share = embodied(total, hours, allocation)
    if not absent:
        return share
    words = f"{indicator.replace('_', ' ')} of {stage.replace('_', ' ')} is not known for {', '.join(absent)}"
    return share + Impact.missing(indicator, MATRIX_UNITS[indicator], words)


def _of_card(kind: str, name: str) -> Factor | None:
    """The file's factor for a card, under any of its names."""
    own = overridden(kind, bare_name(name))
    overrides, card = active_overrides(), find_card(name)
    if own is not None or overrides is None or card is None:
        return own
    for known in overrides.names(kind):
        same = find_card(known) if known != SERVER else None
        if same is not None and same.name == card.name:
            return overridden(kind, known)
    return None
