"""Runs from any place: records of this tool, CodeCarbon's CSV, CarbonTracker's and experiment-impact-tracker's logs,
BoAmps."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from ..errors import warn
from ..old_logs import find_old_logs
from ..record import Record, find_records, read_record
from . import boamps, carbontracker, codecarbon, eit
from .from_records import from_records
from .lint import lint
from .reported import of_statement
from .statement import InteropError, Statement

_BEGIN = 65_536  # bytes of a file by which its format is told

KINDS: dict[str, Callable[[Path], list[Statement]]] = {
    "codecarbon": codecarbon.read_csv,
    "carbontracker": carbontracker.read_logs,
    "eit": eit.read_logs,
    "boamps": boamps.read_json,
}


def read_runs(path: str | Path, kind: str | None = None, *, skip: bool = False) -> list[Statement]:
    """The runs at a place; `kind` (codecarbon, carbontracker, eit, boamps, record) or what the files look like.

    Records newest first, those of one machine that overlap in time as one run; of other tools each as it was stated:
    `each_once` takes from them what was counted twice. `skip`: a file that cannot be read is left out with a warning.
    InteropError where nothing is understood, with what was looked for.
    """
    place = Path(path)
    if not place.exists():
        raise InteropError(
            f"there is nothing at {place}: give a logdir, a record, or a file or folder of another tracker"
        )
    wanted = kind or guess(place)
    if wanted == "record":
        return _records(place, skip)
    if wanted not in KINDS:
        raise InteropError(f"unknown kind {wanted!r}; known are record, {', '.join(KINDS)}")
    several = place.is_dir() and wanted in ("codecarbon", "boamps")
    if not skip and not several and not (wanted == "eit" and place.is_dir() and not find_old_logs(place)):
        return [_doubted(run) for run in KINDS[wanted](place)]
    if not skip:
        return [_doubted(run) for file in _files(place, wanted) for run in KINDS[wanted](file)]
    runs: list[Statement] = []
    for file in _files(place, wanted):
        try:
            runs += map(_doubted, KINDS[wanted](file))
        except InteropError as fault:
            warn(f"left out: {fault}")
    return runs


def _doubted(run: Statement) -> Statement:
    """With what the linter finds impossible in it first among its notes: a report of it says so at once."""
    findings = [finding for finding in lint(of_statement(run)) if finding.level == "error" or finding.trap == 3]
    doubts = dict.fromkeys(f"doubtful: {finding.what}. {finding.remedy}" for finding in findings)
    return replace(run, notes=(*doubts, *run.notes)) if doubts else run


def _files(place: Path, kind: str) -> list[Path]:
    """The files of other trackers at a place, of which one may fail without the others."""
    if place.is_file():
        return [place]
    if kind == "eit":
        return find_old_logs(place) or of_kind(place, kind)
    if kind in ("codecarbon", "boamps"):
        return of_kind(place, kind)
    return sorted(place.rglob("*carbontracker*_output.log")) if kind == "carbontracker" else [place]


def of_kind(folder: Path, kind: str) -> list[Path]:
    """The files of a folder that are of a kind by what they hold; InteropError for none."""
    files = sorted(file for file in folder.iterdir() if file.is_file() and kind_by_content(file) == kind)
    if not files:
        raise InteropError(f"{folder}: no file of {kind} in it")
    return files


def guess(place: Path) -> str:
    if place.is_file():
        return kind_by_content(place) or _kind_by_name(place)
    if not place.exists():
        raise FileNotFoundError(f"there is nothing at {place}: give a report, a record, or a folder that holds some")
    if any(place.rglob("impacttracker/*.jsonl")) or (place.name == "impacttracker" and any(place.glob("*.jsonl"))):
        return "record"
    if any(place.rglob("*carbontracker*_output.log")):
        return "carbontracker"
    if any(place.rglob("data.json")):
        return "eit"
    kinds = {kind_by_content(file) for file in place.iterdir() if file.is_file()} - {None, "record"}
    if len(kinds) == 1:
        return str(kinds.pop())
    if kinds:
        named = ", ".join(sorted(map(str, kinds)))
        raise InteropError(f"{place}: files of several formats ({named}): choose with --from")
    raise InteropError(
        f"{place}: no record (impacttracker/*.jsonl), no CarbonTracker log (*_output.log), no log of"
        " experiment-impact-tracker (data.json), no CodeCarbon CSV and no BoAmps report"
    )


def _kind_by_name(place: Path) -> str:
    if {".csv", ".tsv"} & set(place.suffixes):  # also emissions.csv.bak
        return "codecarbon"
    if place.suffix == ".log":
        return "carbontracker"
    return "boamps" if place.suffix == ".json" else "record"


def kind_by_content(place: Path) -> str | None:
    """What a file is by how it begins, whatever it is called; `None` where its beginning does not tell."""
    try:
        with place.open("rb") as file:
            begin = file.read(_BEGIN)
    except OSError:
        return None
    text = begin.decode("utf-8", "replace").lstrip("\ufeff \t\r\n")
    first, _, _ = text.partition("\n")
    if first.startswith("{") and "power_draw" in first and '"timestamp"' in first:
        return "eit"
    if text.startswith("{") and '"measures"' in text and '"powerConsumption"' in text:
        return "boamps"
    if {"duration", "emissions", "energy_consumed"} <= set(re.split(r"[,;\t|]", first.replace('"', "").strip())):
        return "codecarbon"
    if "Actual consumption" in text and "CarbonTracker" in text:
        return "carbontracker"
    return None


def _records(place: Path, skip: bool) -> list[Statement]:
    paths = find_records(place)
    if not paths:
        raise InteropError(f"{place}: no record below it (impacttracker/*.jsonl in the logdir of an ImpactTracker)")
    records: list[Record] = []
    for path in paths:
        try:
            records.append(read_record(path))
        except (OSError, ValueError) as fault:
            if not skip:
                raise
            warn(f"left out: {path}: {fault}")
    return from_records([record for record in records if record.started or len(paths) == 1])
