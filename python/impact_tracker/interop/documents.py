"""What documents state that hold no run: JSON of our own commands, SCI scores, climate cards, files of factors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ..factors import UserFile
from .run import InteropError
from .statement import Statement, of_model_card

_MASS = {"mg": 1e-3, "g": 1.0, "kg": 1e3, "t": 1e6, "tonnes": 1e6, "tons": 1e6, "lb": 453.59237, "lbs": 453.59237}
_ENERGY = {"wh": 1e-3, "kwh": 1.0, "mwh": 1e3, "gwh": 1e6}
_HOURS = {"s": 1 / 3600, "min": 1 / 60, "minutes": 1 / 60, "h": 1.0, "hours": 1.0, "hour": 1.0, "days": 24.0, "d": 24.0}
_POWER = {"w": 1e-3, "kw": 1.0, "mw": 1e3}
_NUMBER = r"(?<![\w.,])(\d[\d.,]*(?:e[+-]?\d+)?)"  # 1,287.5 and 4.16e-06
_ROUNDED = 0.05  # cards are printed with two digits


def statements_in(path: str | Path, energy_kwh: float | None = None, zone: str | None = None) -> list[Statement]:
    """The statements of a JSON document, a model or climate card (.md, .yaml), a file of factors (.toml, .json).

    `energy_kwh` and `zone`: what a model card leaves out. InteropError, FactorError where nothing is understood.
    """
    place = Path(path)
    if place.suffix == ".toml":
        return list(of_factors(UserFile(place, "file of factors")))
    if place.suffix == ".json":
        return _of_json(place)
    rows = _card_rows(place)
    return [of_climate_card(rows, str(place))] if rows else [of_model_card(place, energy_kwh, zone)]


def is_document(path: str | Path) -> bool:
    """Whether a file is one of these, rather than runs to import."""
    place = Path(path)
    if place.suffix in (".md", ".yaml", ".yml", ".toml"):
        return True
    if place.suffix != ".json" or not place.is_file():
        return False
    try:
        loaded = json.loads(place.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False  # its reader says what is wrong with it
    return not (isinstance(loaded, dict) and "measures" in loaded)  # that is a BoAmps report


def _of_json(place: Path) -> list[Statement]:
    loaded = json.loads(place.read_text(encoding="utf-8"))
    where = str(place)
    if isinstance(loaded, dict) and "sci_g_per_unit" in loaded:
        return of_sci(loaded, where)
    if isinstance(loaded, dict) and {"method", "energy_kwh"} <= set(loaded):
        return [of_estimate(loaded, where)]
    if isinstance(loaded, dict) and isinstance(loaded.get("runs"), list):
        return [found for run in loaded["runs"] for found in _of_report(run, where)]
    if isinstance(loaded, list) and loaded and all(isinstance(one, dict) and "matrix" in one for one in loaded):
        return [of_footprint(one, f"{where}, {one.get('name', '')}") for one in loaded]
    found = list(of_factors(UserFile(place, "file of factors"))) if isinstance(loaded, dict) else []
    if not found:
        raise InteropError(f"{where}: neither a report, an estimate, a footprint, an SCI score nor a file of factors")
    return found


def of_estimate(document: Mapping[str, Any], where: str) -> Statement:
    """`estimate --json`: the site's overhead is in its energy."""
    return Statement(
        where,
        site_kwh=_number(document, "energy_kwh"),
        carbon_g=_number(document, "carbon_g"),
        tree_months=_number(document, "tree_months"),
    )


def of_footprint(document: Mapping[str, Any], where: str) -> Statement:
    """One run of `footprint --json`: carbon, water and primary energy of its use."""
    used, pue = _number(document, "energy_kwh"), _number(document, "pue") or 1.0

    def cell(indicator: str) -> float | None:
        return _number(document["matrix"].get(indicator, {}).get("use") or {}, "value")

    return Statement(
        where,
        it_kwh=used,
        site_kwh=None if used is None else used * pue,
        pue=pue,
        wue=_number(document, "wue_l_per_kwh"),
        grid_water=_number(document, "grid_water_l_per_kwh"),
        water_l=cell("water"),
        carbon_g=cell("carbon"),
        primary_energy_mj=cell("primary_energy"),
        zone=document.get("zone"),
    )


def of_sci(document: Mapping[str, Any], where: str) -> list[Statement]:
    """A software carbon intensity: O = E × I, and the score = (O + M) / R."""
    operational, made = _number(document, "O_g"), _number(document, "M_g")
    total = None if operational is None else operational + (made or 0.0)
    return [
        Statement(
            f"{where}, O",
            site_kwh=_number(document, "E_kwh"),
            intensity=_number(document, "I_g_per_kwh"),
            intensity_year=0,  # the score has no place for it
            carbon_g=operational,
        ),
        Statement(
            f"{where}, score",
            carbon_g=total,
            units=_number(document, "R"),
            carbon_each_g=_number(document, "sci_g_per_unit"),
        ),
    ]


def _of_report(run: Mapping[str, Any], where: str) -> Iterator[Statement]:
    """One run of `report --json`, and the estimate beside it."""
    result = run.get("result") or run
    used = _number(result, "kwh") if "kwh" in result else _number(result, "energy_kwh")
    pue = _number(result, "pue") or 1.0
    yield Statement(
        f"{where}, {run.get('path') or run.get('name', '')}",
        it_kwh=used,
        site_kwh=None if used is None else used * pue,
        power_w=_number(result, "power_w"),
        duration_s=_number(result, "duration_s"),
        pue=pue,
        carbon_g=_number(result, "carbon_g"),
        zone=result.get("zone"),
    )
    if isinstance(run.get("estimate"), Mapping) and "energy_kwh" in run["estimate"]:
        yield of_estimate(run["estimate"], f"{where}, its estimate")


def of_factors(file: UserFile) -> Iterator[Statement]:
    """Factors of the user's own: what is missing beside them, and what is taken for something else."""
    for kind in ("intensity", "gpu_embodied", "primary_energy", "ram_power"):
        entries = file.tables.get(kind, {})
        for name, fields in entries.items() if isinstance(entries, dict) else ():
            value = _number(fields, "value") if isinstance(fields, dict) else None
            if value is None:
                continue
            where = str(file.fault([kind, name], f"{kind}, {name}"))
            if kind == "intensity":
                method, year = str(fields.get("method", "")) or None, fields.get("year")
                yield Statement(where, intensity=value, intensity_year=year, intensity_method=method, zone=name)
            elif kind == "gpu_embodied":
                ranged = "low" in fields or "high" in fields
                yield Statement(where, embodied_gpu_kg=value, embodied_has_range=ranged, gpu_model=name)
            elif kind == "primary_energy":
                yield Statement(where, site_kwh=1.0, primary_energy_mj=value, zone=name)
            else:
                yield Statement(where, ram_w=value, ram_gb=1.0)


def _card_rows(place: Path) -> list[tuple[str, str]]:
    """Question and answer of a climate performance model card in Markdown."""
    try:
        text = place.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as fault:
        raise InteropError(f"{place}: cannot be read: {fault}") from fault
    rows = [
        re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in text.splitlines() if line.lstrip().startswith("|")
    ]
    found = [(row[0].strip().casefold(), row[1].strip()) for row in rows if len(row) == 2]
    return found if any("energy consumption" in question for question, _ in found) else []


def of_climate_card(rows: list[tuple[str, str]], where: str) -> Statement:
    """A climate performance model card: the final model's energy, or its power × time, its grid, its carbon."""

    def answer(*words: str) -> str:
        return next((a for q, a in rows if all(word in q for word in words)), "")

    hours = _quantity(answer("time", "final model"), _HOURS)
    kwh = _quantity(answer("energy consumption"), _ENERGY)
    kilowatts = _quantity(answer("energy consumption"), _POWER)
    if kwh is None and hours is not None and kilowatts is not None:
        kwh = hours * kilowatts
    mix = re.search(_NUMBER + r"\s*g\s*(?:CO2e?q?)?\s*/\s*kWh", answer("energy mix"), re.IGNORECASE)
    year = re.search(r"\b(?:19|20)\d\d\b", answer("energy mix"))
    return Statement(
        where,
        site_kwh=kwh,
        carbon_g=_quantity(answer("co2eq", "final model"), _MASS),
        intensity=_float(mix.group(1)) if mix else None,
        intensity_year=int(year.group()) if year else None,
        tolerance=_ROUNDED,
    )


def _quantity(text: str, units: Mapping[str, float]) -> float | None:
    """The first number with one of the units, in the unit that they are scaled to."""
    words = "|".join(sorted(units, key=len, reverse=True))
    found = re.search(rf"{_NUMBER}\s*({words})\b", text, re.IGNORECASE)
    number = _float(found.group(1)) if found else None
    return None if found is None or number is None else number * units[found.group(2).casefold()]


def _float(text: str) -> float | None:
    """`1,287.5` is a number with thousands; so is `5,521,000`."""
    try:
        return float(text.replace(",", "").rstrip("."))
    except ValueError:
        return None


def _number(table: Mapping[str, Any], name: str) -> float | None:
    value = table.get(name)
    return float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else None
