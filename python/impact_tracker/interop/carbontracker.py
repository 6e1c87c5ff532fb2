"""CarbonTracker's logs: what it said it used, per training."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

from ..values import Energy, joules_of
from .statement import InteropError, Site, Stated, Statement, implied_intensity, text_of

_ACTUAL = re.compile(
    r"Actual consumption(?:\s+for\s+(?P<epochs>\d+)\s+epoch(?:\(s\)|s)?)?:?\s*\n"
    r"\s*Time:\s*(?P<time>[^\n]+)\n\s*Energy:\s*(?P<energy>[\d.eE+-]+)\s+kWh\s*\n"
    r"(?:\s*CO2eq:\s*(?P<carbon>[\d.eE+-]+)\s+g)?",
    re.IGNORECASE,
)
_DAYS = re.compile(r"^(?:(?P<days>\d+)\s+days?,\s*)?(?P<h>\d+):(?P<m>\d{1,2}):(?P<s>\d{1,2}(?:\.\d+)?)$")
PUE_SINCE_2023 = 1.58  # CarbonTracker multiplies energies by it (Uptime Institute 2023); before, by 1.55 to 1.59


def read_logs(path: str | Path, pue: float = PUE_SINCE_2023) -> list[Statement]:
    """The measured consumptions in an output log, or in all of a folder. Predictions are not measurements: left out.

    Its energies have its fixed PUE in them (1.58 since 2023, another for older versions: give `pue`) and are divided
    by it. InteropError where nothing is there.
    """
    place = Path(path)
    files = sorted(place.rglob("*carbontracker*_output.log")) if place.is_dir() else [place]
    runs: list[Statement] = []
    for file in files:
        text = text_of(file)
        runs += [_statement(training, file, text, pue) for training in _ACTUAL.finditer(text)]
    if not runs:
        raise InteropError(f"{place}: no consumption that CarbonTracker measured (its *_output.log files hold them)")
    return runs


def _statement(training: re.Match[str], file: Path, text: str, pue: float) -> Statement:
    where = f"{file}:{text.count(chr(10), 0, training.start()) + 1}"
    try:
        stated_kwh = float(training["energy"])
        grams = None if training["carbon"] is None else float(training["carbon"])
    except ValueError as fault:
        raise InteropError(f"{where}: {fault}") from fault
    source, note = "CarbonTracker: its carbon over its energy", "its own source and year are not in the log"
    intensity = implied_intensity(grams, stated_kwh, source, note)
    epochs = training["epochs"]
    return Statement(
        name=file.name.split("_")[0],
        tool="carbontracker",
        duration_s=_seconds(training["time"]),
        energy=Energy(joules_of(stated_kwh / pue), quality="estimated"),
        site=Site(pue=pue, intensity=intensity),
        stated=Stated(carbon_g=grams, epochs=int(epochs) if epochs else None),
        origin=where,
        notes=(
            "CarbonTracker does not say which of its powers were measured and which modelled",
            f"its energy was divided by its PUE of {pue:g}",
        ),
    )


def _seconds(text: str) -> float | None:
    clock = _DAYS.match(text.strip())
    if not clock:
        return None
    span = timedelta(
        days=int(clock["days"] or 0), hours=int(clock["h"]), minutes=int(clock["m"]), seconds=float(clock["s"])
    )
    return span.total_seconds()
