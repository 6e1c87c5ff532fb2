"""CarbonTracker's logs: what it said it used, per training."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import Path

from ..values import Energy, joules_of
from .statement import (
    InteropError,
    Site,
    Stated,
    Statement,
    began_at,
    faults_of_file,
    implied_intensity,
    known_zone,
    text_of,
)

_ACTUAL = re.compile(
    r"Actual consumption(?:\s+for\s+(?P<epochs>\d+)\s+epoch(?:\(s\)|s)?)?:?\s*\n"
    r"\s*Time:\s*(?P<time>[^\n]+)\n\s*Energy:\s*(?P<energy>[\d.eE+-]+)\s+kWh\s*\n"
    r"(?:\s*CO2eq:\s*(?P<carbon>[\d.eE+-]+)\s+g)?",
    re.IGNORECASE,
)
_DAYS = re.compile(r"^(?:(?P<days>\d+)\s+days?,\s*)?(?P<h>\d+):(?P<m>\d{1,2}):(?P<s>\d{1,2}(?:\.\d+)?)$")
_PUE = re.compile(r"\bPUE\b[^\d\n]{0,40}([1-3]\.\d+)")
_PREDICTED = re.compile(r"Predicted consumption\s+for\s+(\d+)\s+epoch", re.IGNORECASE)
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\b.*CarbonTracker", re.MULTILINE)
_PLACE = re.compile(r"\blocation: *([^\n]+?)\.?$", re.MULTILINE)
PUE_SINCE_2023 = 1.58  # CarbonTracker multiplies energies by it (Uptime Institute 2023); before, by 1.55 to 1.59


def read_logs(path: str | Path, pue: float | None = None) -> list[Statement]:
    """The measured consumptions in an output log, or in all of a folder. Predictions are not measurements: left out.

    Its energies have a PUE in them and are divided by it: `pue`, else the one that the log or the one beside it states,
    else that of its versions since 2023. InteropError where nothing is there.
    """
    place = Path(path)
    files = sorted(place.rglob("*carbontracker*_output.log")) if place.is_dir() else [place]
    runs: list[Statement] = []
    for file in files:
        text = text_of(file)
        beside = file.with_name(file.name.replace("_output.log", ".log"))
        stated = _PUE.search(text + (text_of(beside) if beside != file and beside.is_file() else ""))
        divisor = pue or (float(stated[1]) if stated else PUE_SINCE_2023)
        for training in _ACTUAL.finditer(text):
            where = f"{file}:{text.count(chr(10), 0, training.start()) + 1}"
            with faults_of_file(where):
                runs.append(_statement(training, file, text, divisor, where))
    if not runs:
        raise InteropError(f"{place}: no consumption that CarbonTracker measured (its *_output.log files hold them)")
    return runs


def _statement(training: re.Match[str], file: Path, text: str, pue: float, where: str) -> Statement:
    stated_kwh = float(training["energy"])
    grams = None if training["carbon"] is None else float(training["carbon"])
    source, note = "CarbonTracker: its carbon over its energy", "its own source and year are not in the log"
    intensity = implied_intensity(grams, stated_kwh, source, note)
    epochs = int(training["epochs"]) if training["epochs"] else None
    predicted = [int(number) for number in _PREDICTED.findall(text)]
    is_part = epochs is not None and max(predicted, default=0) > epochs
    notes = [f"it measured {epochs} of {max(predicted)} epochs: its energy is of these alone"] if is_part else []
    seconds = _seconds(training["time"])
    ended = [datetime.fromisoformat(f"{stamp}+00:00") for stamp in _STAMP.findall(text[: training.start() + 1])]
    places = _PLACE.findall(text)
    words = [word.strip() for word in reversed(places[-1].split(","))] if places else []
    run = Statement(
        name=file.name.split("_")[0],
        tool="carbontracker",
        started_at=began_at(ended[-1], seconds) if ended and seconds is not None else None,
        duration_s=seconds,
        energy=Energy(joules_of(stated_kwh / pue), quality="estimated", partial=is_part),
        site=Site(
            pue=pue,
            pue_source="CarbonTracker",
            intensity=intensity,
            zone=known_zone(*words),
            location=", ".join(reversed(words)) or None,
        ),
        stated=Stated(carbon_g=grams, epochs=epochs),
        origin=where,
        notes=(
            *notes,
            "CarbonTracker does not say which of its powers were measured and which modelled",
            f"its energy was divided by its PUE of {pue:g}",
        ),
    )
    return run.placed()


def _seconds(text: str) -> float | None:
    clock = _DAYS.match(text.strip())
    if not clock:
        return None
    span = timedelta(
        days=int(clock["days"] or 0), hours=int(clock["h"]), minutes=int(clock["m"]), seconds=float(clock["s"])
    )
    return span.total_seconds()
