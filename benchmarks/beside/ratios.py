"""Ours over theirs, cell by cell, and why a cell lies beyond 1.25 times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from environments import VERSIONS, Named
from ours import Value, value_of

BEYOND = 1.25
_WHAT = {("ecologits", "zones", "primary_energy"): "fossil_energy"}  # theirs is the depletion of fossil resources


_BESIDE = ("year", "cores")  # what a package says of a name and is no value to compare


class Cell(NamedTuple):
    """One value of theirs beside ours, `None` where we know none."""

    package: str
    kind: str
    indicator: str
    name: str
    theirs: float
    ours: Value | None

    @property
    def ratio(self) -> float | None:
        """Ours over theirs."""
        return None if self.ours is None else self.ours.best / self.theirs

    @property
    def near(self) -> bool:
        """Within 1.25 times."""
        return self.ratio is not None and 1 / BEYOND <= self.ratio <= BEYOND

    @property
    def inside(self) -> bool:
        """Theirs lies in our range."""
        return self.ours is not None and self.ours.low <= self.theirs <= self.ours.high


def cells_of(package: str, document: dict[str, Named]) -> Iterator[Cell]:
    """Every value that is not 0, with ours."""
    for kind, named in document.items():
        for name, numbers in named.items():
            for indicator, theirs in numbers.items():
                if theirs and indicator not in _BESIDE:
                    wanted = _WHAT.get((package, kind, indicator), indicator)
                    ours = value_of(kind, name, wanted, numbers.get("cores"))
                    yield Cell(package, kind, indicator, name, theirs, ours)


def reason_of(cell: Cell) -> str:
    """Why a cell lies beyond 1.25 times; "" where no reason is known."""
    if cell.kind == "cards":
        return _of_card(cell)
    if cell.kind == "processors":
        return _of_processor(cell)
    if cell.kind == "instances":
        if cell.ours is not None and cell.ours.quality == "estimated":
            return "only the family's largest type tells the host here; an archetype there"
        return "disks and modules of the host's own size are counted there; here modules of 32 GB and no disks"
    if cell.kind == "regions":
        return "Google's own: direct emissions of what is consumed; ours: life cycle of what the zone produces"
    return _of_zone(cell)


def _of_card(cell: Cell) -> str:
    if cell.package == "ecologits":
        return "theirs is boaviztapi's A100 with 40 GB, used for a server of cards with 80 GB"
    if cell.indicator == "adp":
        return "depletion comes from the heat sink and the board, which a line through dies and memory does not see"
    return ""


def _of_processor(cell: Cell) -> str:
    if cell.indicator != "power_w":
        if cell.ratio is not None and cell.ratio < 1:
            return "the die holds more than its cores: graphics, or cores that are switched off; ours goes by the cores"
        return "a newer process has smaller cores, or several dies hold them; ours goes by the cores alone"
    quality, note = (cell.ours.quality, cell.ours.note) if cell.ours is not None else ("", "")
    if quality == "estimated":
        return f"in no table of ours: {note.partition(':')[0]}"
    if note == "a laptop's maker sets it":
        return "a laptop's maker sets it: the base, the lower or the upper setting"
    return "the packages' tables differ: base or greatest power, or one of them names a neighbour's"


def _of_zone(cell: Cell) -> str:
    if cell.indicator == "carbon":
        return {
            "boaviztapi": "its values describe 2011 to 2020, ours the newest year",
            "codecarbon": "another year of the same publishers",
            "ecologits": "another publisher (Ember alone) or edition",
        }[cell.package]
    if cell.indicator == "water":
        return "water of hydropower's reservoirs is counted otherwise"
    if cell.package == "boaviztapi":
        return "ADEME 2011, primary energy as fossil over one minus renewable; ours from the newest mix of fuels"
    return "ADEME 2011; ours from the newest mix of fuels, which has changed since"


FAMILIES = (
    "EPYC",
    "Threadripper",
    "Ryzen",
    "Athlon",
    "Xeon",
    "Core",
    "Pentium",
    "Celeron",
    "Atom",
    "Graviton",
    "Apple",
)


def family_of(name: str) -> str:
    """Of a processor: its maker's word for the line."""
    return next((family for family in FAMILIES if family.casefold() in name.casefold()), "others")


def groups_of(cells: Iterable[Cell]) -> dict[tuple[str, str, str], list[Cell]]:
    """The cells by kind, package and indicator."""
    groups: dict[tuple[str, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((cell.kind, f"{cell.package} {VERSIONS[cell.package]}", cell.indicator), []).append(cell)
    return dict(sorted(groups.items()))
