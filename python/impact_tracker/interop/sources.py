"""Runs from any place: records of this tool, CodeCarbon's CSV, CarbonTracker's and experiment-impact-tracker's logs,
BoAmps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import boamps, carbontracker, codecarbon, eit
from .from_records import from_records
from .statement import InteropError, Statement

KINDS: dict[str, Callable[[Path], list[Statement]]] = {
    "codecarbon": codecarbon.read_csv,
    "carbontracker": carbontracker.read_logs,
    "eit": eit.read_logs,
    "boamps": boamps.read_json,
}


def read_runs(path: str | Path, kind: str | None = None) -> list[Statement]:
    """The runs at a place; `kind` (codecarbon, carbontracker, eit, boamps, record) or what the files look like.

    Records newest first, those of one machine that overlap in time as one run; of other tools each as it was stated:
    `each_once` takes from them what was counted twice.
    InteropError where nothing is understood, with what was looked for.
    """
    place = Path(path)
    if not place.exists():
        raise InteropError(
            f"there is nothing at {place}: give a logdir, a record, or a file or folder of another tracker"
        )
    wanted = kind or guess(place)
    if wanted == "record":
        return _records(place)
    if wanted not in KINDS:
        raise InteropError(f"unknown kind {wanted!r}; known are record, {', '.join(KINDS)}")
    return KINDS[wanted](place)


def guess(place: Path) -> str:
    if place.is_file():
        if place.suffix == ".csv":
            return "codecarbon"
        if place.suffix == ".log":
            return "carbontracker"
        return "boamps" if place.suffix == ".json" else "record"
    if any(place.rglob("impacttracker/*.jsonl")) or (place.name == "impacttracker" and any(place.glob("*.jsonl"))):
        return "record"
    if any(place.rglob("*carbontracker*_output.log")):
        return "carbontracker"
    if any(place.rglob("data.json")):
        return "eit"
    raise InteropError(
        f"{place}: no record (impacttracker/*.jsonl), no CarbonTracker log (*_output.log), no log of"
        " experiment-impact-tracker (data.json); a CodeCarbon CSV or a BoAmps report is given as a file"
    )


def _records(place: Path) -> list[Statement]:
    from ..record import find_records, read_record

    paths = find_records(place)
    if not paths:
        raise InteropError(f"{place}: no record below it (impacttracker/*.jsonl in the logdir of an ImpactTracker)")
    return from_records([record for record in map(read_record, paths) if record.started or len(paths) == 1])
