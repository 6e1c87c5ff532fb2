"""What documents state that hold no run: JSON of our own commands, SCI scores, climate cards, files of factors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from .. import file_text
from ..factors import UserFile
from ..factors.plausible import grams_per_kwh
from .claims import claims_in
from .json_table import JsonTable
from .plain_text import latex_text
from .quantities import MASSES, intensities, quantity
from .reported import ReportedNumbers, of_model_card, of_statement, states_emissions
from .sources import read_runs
from .statement import InteropError, text_of

PAPERS = (".tex", ".rst", ".md", ".ipynb", ".html", ".htm")
_ENERGY = {"wh": 1e-3, "kwh": 1.0, "mwh": 1e3, "gwh": 1e6}
_HOURS = {"s": 1 / 3600, "min": 1 / 60, "minutes": 1 / 60, "h": 1.0, "hours": 1.0, "hour": 1.0, "days": 24.0, "d": 24.0}
_POWER = {"w": 1e-3, "kw": 1.0, "mw": 1e3}
_ROUNDED = 0.05  # cards print their numbers with two digits


def numbers_in(path: str | Path, energy_kwh: float | None = None, zone: str | None = None) -> list[ReportedNumbers]:
    """The numbers of a JSON document, a model or climate card (.md, .yaml, .tex), a file of factors (.toml, .json), and
    what the sentences of a paper claim (.tex, .rst, .md, .ipynb, .html).

    `energy_kwh` and `zone`: what a model card leaves out. InteropError, FactorError where nothing is understood.
    """
    place = Path(path)
    if place.suffix == ".toml":
        return list(of_factors(UserFile(place, "file of factors")))
    if place.suffix == ".json":
        return _of_json(place)
    rows = _card_rows(place)
    if rows:
        return [of_climate_card(rows, str(place))]
    if place.suffix not in PAPERS or (place.suffix == ".md" and states_emissions(place)):
        return [of_model_card(place, energy_kwh, zone)]
    claims = claims_in(place)
    if not claims:
        wanted = "an energy (12 kWh), its carbon (5 kg CO2e) or an intensity (420 g CO2e/kWh)"
        card = ", nor co2_eq_emissions, where a model card states its carbon" if place.suffix == ".md" else ""
        raise InteropError(f"{place}: no sentence of it states {wanted}{card}")
    return claims


def reports_at(path: str | Path, energy_kwh: float | None = None, zone: str | None = None) -> list[ReportedNumbers]:
    """The numbers of whatever lies at a place: a document, or runs of any tool."""
    if is_document(path):
        return numbers_in(path, energy_kwh, zone)
    return [of_statement(run) for run in read_runs(path)]


def is_document(path: str | Path) -> bool:
    """Whether a file is one of these, rather than runs to import."""
    place = Path(path)
    if place.suffix in (*PAPERS, ".yaml", ".yml", ".toml"):
        return True
    if place.suffix != ".json" or not place.is_file():
        return False
    try:
        loaded = file_text.json_of(place)
    except ValueError:
        return False  # the reader of BoAmps reports says what is wrong with the file
    return not (isinstance(loaded, dict) and "measures" in loaded)  # that is a BoAmps report


def _of_json(place: Path) -> list[ReportedNumbers]:
    loaded = file_text.json_of(place, InteropError)
    where = str(place)
    if isinstance(loaded, dict) and "sci_g_per_unit" in loaded:
        return of_sci(JsonTable(loaded), where)
    if isinstance(loaded, dict) and {"method", "energy_kwh"} <= set(loaded):
        return [of_estimate(JsonTable(loaded), where)]
    if isinstance(loaded, dict) and isinstance(loaded.get("runs"), list):
        return [numbers for run in loaded["runs"] for numbers in _of_report(JsonTable(run), where)]
    if isinstance(loaded, list) and loaded and all(isinstance(foot, dict) and "matrix" in foot for foot in loaded):
        return [of_footprint(JsonTable(foot), f"{where}, {foot.get('name', '')}") for foot in loaded]
    factors = list(of_factors(UserFile(place, "file of factors"))) if isinstance(loaded, dict) else []
    if not factors:
        raise InteropError(f"{where}: neither a report, an estimate, a footprint, an SCI score nor a file of factors")
    return factors


def of_estimate(document: JsonTable, where: str) -> ReportedNumbers:
    """`estimate --json`: the site's overhead is in its energy."""
    return ReportedNumbers(
        where,
        site_kwh=_number(document, "energy_kwh"),
        carbon_g=_number(document, "carbon_g"),
        tree_months=_number(document, "tree_months"),
    )


def of_footprint(document: JsonTable, where: str) -> ReportedNumbers:
    """One run of `footprint --json`: carbon, water and primary energy of its use."""
    used, pue = _number(document, "energy_kwh"), _number(document, "pue") or 1.0

    def cell(indicator: str) -> float | None:
        return _number(document.table("matrix").table(indicator).table("use"), "value")

    return ReportedNumbers(
        where,
        it_kwh=used,
        site_kwh=None if used is None else used * pue,
        pue=pue,
        wue=_number(document, "wue_l_per_kwh"),
        grid_water=_number(document, "grid_water_l_per_kwh"),
        water_l=cell("water"),
        carbon_g=cell("carbon"),
        primary_energy_mj=cell("primary_energy"),
        zone=document.text("zone"),
    )


def of_sci(document: JsonTable, where: str) -> list[ReportedNumbers]:
    """A software carbon intensity: O = E × I, and the score = (O + M) / R."""
    operational, made = _number(document, "O_g"), _number(document, "M_g")
    total = None if operational is None else operational + (made or 0.0)
    return [
        ReportedNumbers(
            f"{where}, O",
            site_kwh=_number(document, "E_kwh"),
            intensity=_number(document, "I_g_per_kwh"),
            intensity_year=0,  # a score cannot state the year, so it is not missing
            carbon_g=operational,
        ),
        ReportedNumbers(
            f"{where}, score",
            carbon_g=total,
            units=_number(document, "R"),
            carbon_each_g=_number(document, "sci_g_per_unit"),
        ),
    ]


def _of_report(run: JsonTable, where: str) -> Iterator[ReportedNumbers]:
    """One run of `report --json`, and the estimate beside it."""
    result = run.table("result") if run.fields.get("result") else run
    used = _number(result, "kwh" if "kwh" in result.fields else "energy_kwh")
    pue = _number(result, "pue") or 1.0
    yield ReportedNumbers(
        f"{where}, {run.text('path') or run.text('name') or ''}",
        it_kwh=used,
        site_kwh=None if used is None else used * pue,
        power_w=_number(result, "power_w"),
        duration_s=_number(result, "duration_s"),
        pue=pue,
        carbon_g=_number(result, "carbon_g"),
        zone=result.text("zone"),
    )
    estimate = run.table("estimate")
    if "energy_kwh" in estimate.fields:
        yield of_estimate(estimate, f"{where}, its estimate")


def of_factors(file: UserFile) -> Iterator[ReportedNumbers]:
    """Factors of the user's own: what is missing beside them, and what is taken for something else."""
    kinds = JsonTable(file.tables)
    for kind in ("intensity", "gpu_embodied", "primary_energy", "ram_power"):
        entries = kinds.table(kind)
        for name in entries.fields:
            factor = entries.table(name)
            value = _number(factor, "value")
            if value is None:
                continue
            where = str(file.fault([kind, name], f"{kind}, {name}"))
            if kind == "intensity":
                in_grams = grams_per_kwh(value, factor.text("unit") or "g/kWh")
                value = value if in_grams is None else in_grams
                year = factor.count("year") or None
                method = factor.text("method") or None
                yield ReportedNumbers(where, intensity=value, intensity_year=year, intensity_method=method, zone=name)
            elif kind == "gpu_embodied":
                ranged = "low" in factor.fields or "high" in factor.fields
                yield ReportedNumbers(where, embodied_gpu_kg=value, embodied_has_range=ranged, gpu_model=name)
            elif kind == "primary_energy":
                yield ReportedNumbers(where, site_kwh=1.0, primary_energy_mj=value, zone=name)
            else:
                yield ReportedNumbers(where, ram_w=value, ram_gb=1.0)


def _card_rows(place: Path) -> list[tuple[str, str]]:
    """Question and answer of a climate performance model card in Markdown or LaTeX."""
    lines = text_of(place).splitlines()
    if place.suffix == ".tex":
        ended = [line.strip()[:-2] for line in lines if line.rstrip().endswith("\\\\")]
        rows = [[latex_text(part) for part in re.split(r"(?<!\\)&", line)] for line in ended]
    else:
        rows = [re.split(r"(?<!\\)\|", line.strip().strip("|")) for line in lines if line.lstrip().startswith("|")]
    answers = [(row[0].strip().casefold(), row[1].strip()) for row in rows if len(row) == 2]
    return answers if any("energy consumption" in question for question, _ in answers) else []


def of_climate_card(rows: list[tuple[str, str]], where: str) -> ReportedNumbers:
    """A climate performance model card: the final model's energy, or its power × time, its grid, its carbon."""

    def answer(*words: str) -> str:
        return next((a for q, a in rows if all(word in q for word in words)), "")

    hours = quantity(answer("time", "final model"), _HOURS)
    kwh = quantity(answer("energy consumption"), _ENERGY)
    kilowatts = quantity(answer("energy consumption"), _POWER)
    if kwh is None and hours is not None and kilowatts is not None:
        kwh = hours * kilowatts
    year = re.search(r"\b(?:19|20)\d\d\b(?!\s*(?:mg|k?g|t|lbs?)\b)", answer("energy mix"))
    return ReportedNumbers(
        where,
        site_kwh=kwh,
        carbon_g=quantity(answer("co2eq", "final model"), MASSES),
        power_w=None if kilowatts is None else 1000.0 * kilowatts,
        duration_s=None if kilowatts is None or hours is None else 3600.0 * hours,
        intensity=next((grams for _, grams in intensities(answer("energy mix"))), None),
        intensity_year=int(year.group()) if year else None,
        tolerance=_ROUNDED,
    )


def _number(table: JsonTable, name: str) -> float | None:
    value = table.number(name)
    return None if value is None else float(value)
