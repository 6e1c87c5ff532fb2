"""Indicators and stages of a life cycle: the rows and columns of every matrix, and the kinds of a user's file that fill
its cells."""

from __future__ import annotations

# indicator -> unit in which a file states it, and how many of the impact's unit one of these is
INDICATOR_UNITS = {
    "carbon": ("kg", 1000.0),
    "adp": ("kg Sb", 1.0),
    "primary_energy": ("MJ", 1.0),
    "water": ("L", 1.0),
    "human_toxicity": ("CTUh", 1.0),
}
STAGES = ("extraction", "making", "transport", "use", "end_of_life")
# Stages that a machine goes through once. What using it costs depends on its electricity, and has kinds by zone.
STAGES_OF_MACHINES = tuple(stage for stage in STAGES if stage != "use")


def cell_kind(stage: str, indicator: str) -> str:
    """The kind of factor that fills a cell of the matrix: `transport_carbon`. Its names are "server" (a machine
    without its cards) and names of cards."""
    return f"{stage}_{indicator}"


CELL_KINDS = {
    cell_kind(stage, indicator): unit
    for stage in STAGES_OF_MACHINES
    for indicator, (unit, _) in INDICATOR_UNITS.items()
}
SERVER = "server"  # a machine without its cards, in a user's file
