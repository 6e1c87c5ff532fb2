"""CodeCarbon's emissions.csv, both ways. Its emissions are kilograms (of the energy with PUE), energies kWh."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path

from ..estimators import Use
from ..factors import Factor, FactorError, zone_code
from ..factors.finer import country_of_zone
from ..hostinfo import Hardware
from ..values import Energy, Quality, joules_of
from .statement import (
    InteropError,
    Parts,
    Site,
    Stated,
    Statement,
    began_at,
    faults_of_file,
    implied_intensity,
    known_zone,
    text_of,
)
from .words import cards_in_words, cards_named

_MOST_CARDS = 10_000  # a larger number is a slip, not a machine
_MEMORY_UNIT_B = 2**30  # what it calls GB
_STAMPS_APART_S = 2.0  # stamps are of whole seconds, durations are not


def to_csv(runs: Iterable[Statement]) -> str:
    """All columns, one row a run. What is not known is an empty cell, never 0.

    Energies have the PUE in them, as theirs; so have powers, that energy stays power × time.
    """
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for run in runs:
        writer.writerow({name: "" if value is None else value for name, value in _row(run).items()})
    return out.getvalue()


def _row(run: Statement) -> dict[str, object]:
    site, parts, hardware, seconds = run.site, run.parts, run.hardware, run.duration_s
    grams = run.carbon.value
    kilograms = None if grams is None else grams / 1000.0
    try:
        code = country_of_zone(zone_code(site.zone)) if site.zone else None
    except FactorError:
        code = site.zone

    def with_pue(energy: Energy) -> float | None:
        return None if energy.kwh is None else energy.kwh * site.pue

    def watts(energy: Energy) -> float | None:
        return None if energy.best_j is None or not seconds else energy.best_j * site.pue / seconds

    ended = run.ended_at
    return {
        "timestamp": ended.replace(tzinfo=None).isoformat(timespec="seconds") if ended else None,
        "project_name": run.name,
        "run_id": run.run_id,
        "experiment_id": None,
        "duration": seconds,
        "emissions": kilograms,
        "emissions_rate": None if kilograms is None or not seconds else kilograms / seconds,
        "cpu_power": watts(parts.processors),
        "gpu_power": watts(parts.cards),
        "ram_power": watts(parts.memory),
        "cpu_energy": with_pue(parts.processors),
        "gpu_energy": with_pue(parts.cards),
        "ram_energy": with_pue(parts.memory),
        "energy_consumed": with_pue(run.energy),
        "water_consumed": run.stated.water_l,
        "country_name": site.zone_name,
        "country_iso_code": code,
        "region": site.location,
        "cloud_provider": site.cloud_provider,
        "cloud_region": site.cloud_region,
        "os": hardware.kernel,
        "python_version": hardware.python,
        "codecarbon_version": run.tool_version
        if run.tool == "codecarbon"
        else f"{run.tool} {run.tool_version}".strip(),
        "cpu_count": hardware.threads,
        "cpu_model": hardware.cpu,
        "gpu_count": len(hardware.gpus) or None,
        "gpu_model": cards_in_words(hardware) or None,
        "longitude": None,
        "latitude": None,
        "ram_total_size": None if hardware.memory_bytes is None else hardware.memory_bytes / _MEMORY_UNIT_B,
        "tracking_mode": "machine",
        "cpu_utilization_percent": _percent(run.use.cpu),
        "gpu_utilization_percent": _percent(run.use.gpu),
        "ram_utilization_percent": None,
        "ram_used_gb": None,
        "on_cloud": "Y" if site.cloud_provider else "N",
        "pue": site.pue if site.pue_is_stated else None,
        "wue": site.wue,
    }


def _percent(share: float | None) -> float | None:
    return None if share is None else 100.0 * share


COLUMNS = tuple(_row(Statement("", "codecarbon")))  # every one of its version 3, in its order


def read_csv(path: str | Path) -> list[Statement]:
    """The runs of an emissions.csv, of any version (columns by name) and with any separator.

    A row that cannot be read is named, with its line and the reason, in the notes of the first run; InteropError where
    no row can. Of the rows that one run wrote over and over, each with all before it, the last counts.

    Its energies have its PUE in them and are divided by it here; an absent power is not 0 W; the intensity is reckoned
    back from its own emissions and energy, so that nothing is weighed twice.
    """
    source = Path(path)
    lines = text_of(source).splitlines()
    separator = max(",;\t|", key=(lines or [""])[0].count)
    reader = csv.reader(lines, delimiter=separator)
    runs: list[Statement] = []
    faults: list[str] = []
    try:
        header = [name.strip() for name in next(reader, [])]
        missing = {"duration", "emissions", "energy_consumed"} - set(header)
        if missing:
            raise InteropError(f"{source}:1: no CodeCarbon file: it lacks the columns {', '.join(sorted(missing))}")
        for cells in reader:
            where = f"{source}:{reader.line_num}"
            try:
                with faults_of_file(where):
                    runs += _of_row(header, [cell.strip() for cell in cells], where, separator)
            except InteropError as fault:
                faults.append(str(fault))
    except csv.Error as fault:
        faults.append(f"{source}:{reader.line_num}: {fault}")
    if not runs:
        raise InteropError("; ".join(faults) or f"{source}: a header alone, without a row")
    runs = _last_rows(runs)
    unread = tuple(f"not read: {fault}" for fault in faults)
    return [replace(runs[0], notes=(*unread, *runs[0].notes)), *runs[1:]]


def _of_row(header: Sequence[str], cells: Sequence[str], where: str, separator: str) -> list[Statement]:
    if not any(cells):
        return []
    if cells == header:
        raise InteropError(f"{where}: the header again: remove the line")
    if cells[0].startswith(("<<<<<<<", "=======", ">>>>>>>")):
        raise InteropError(f"{where}: the mark of a merge: keep one of the two versions")
    if len(cells) != len(header):
        raise InteropError(f"{where}: {len(cells)} cells under a header of {len(header)}")
    return [_statement(_Row(dict(zip(header, cells)), where, separator != ","))]


def _last_rows(runs: Sequence[Statement]) -> list[Statement]:
    """Rows with one run's id that began at one time hold what those before them hold: the largest counts."""
    rows: dict[object, list[Statement]] = {}
    for run in runs:
        began = run.started_at.timestamp() if run.started_at else math.nan
        own = [key for key in rows if isinstance(key, tuple) and key[:2] == (run.run_id, run.name)]
        near = [key for key in own if not abs(key[2] - began) > _STAMPS_APART_S]
        key: object = near[0] if near else (run.run_id, run.name, began)
        rows.setdefault(key if run.run_id else id(run), []).append(run)
    return [max(group, key=lambda run: (run.energy.best_j or 0.0, run.duration_s or 0.0)) for group in rows.values()]


class _Row:
    """One line of the file: its cells as numbers, `None` for an empty one. `commas`: a comma may be a decimal point."""

    def __init__(self, cells: dict[str, str], where: str, commas: bool) -> None:
        self.cells, self.where, self.commas = cells, where, commas

    def text(self, name: str) -> str | None:
        return self.cells.get(name) or None

    def number(self, name: str) -> float | None:
        cell = self.cells.get(name) or ""
        if self.commas and "," in cell:
            cell = cell.replace(".", "").replace(",", ".")
        if not cell or cell.casefold() in ("nan", "none"):
            return None
        try:
            value = float(cell)
        except ValueError:
            raise InteropError(f"{self.where}: {name} is no number: {cell!r}") from None
        if not math.isfinite(value):
            raise InteropError(f"{self.where}: {name} must be finite, not {cell}")
        if value < 0:
            raise InteropError(f"{self.where}: {name} must not be negative, not {cell}")
        return value

    def readable(self, name: str) -> float | None:
        """A number that only the check of the file needs: `None` where it cannot be read."""
        try:
            return self.number(name)
        except InteropError:
            return None

    def over(self, name: str, divisor: float) -> float | None:
        value = self.number(name)
        return None if value is None else value / divisor

    def energy(self, name: str, pue: float, quality: Quality) -> Energy:
        """An energy without the site's overhead, which the file's own have in them."""
        kwh = self.over(name, pue)
        return Energy.missing() if kwh is None else Energy(joules_of(kwh), quality=quality)

    def whole(self, name: str) -> int | None:
        value = self.number(name)
        return None if value is None else int(value)


def _statement(row: _Row) -> Statement:
    pue = row.number("pue")
    overhead = pue or 1.0
    version = row.text("codecarbon_version") or ""
    ours = version.startswith("impact-tracker")
    quality: Quality = "modelled" if row.text("tracking_mode") == "constant" else "estimated"
    powers = {part: row.readable(f"{part}_power") for part in ("cpu", "gpu", "ram")}
    run = Statement(
        name=row.text("task_name") or row.text("project_name") or "codecarbon",
        tool="impact-tracker" if ours else "codecarbon",
        tool_version=version.partition(" ")[2] if ours else version,
        started_at=_started(row.text("timestamp"), row.number("duration")),
        duration_s=row.number("duration"),
        energy=row.energy("energy_consumed", overhead, quality),
        parts=Parts(*(row.energy(f"{part}_energy", overhead, quality) for part in ("cpu", "gpu", "ram"))),
        site=Site(
            pue=overhead,
            pue_source="stated in the file" if pue else None,
            wue=row.number("wue"),
            intensity=_intensity(row),
            zone=known_zone(row.text("country_iso_code"), row.text("country_name")),
            zone_name=row.text("country_name"),
            location=row.text("region"),
            cloud_provider=row.text("cloud_provider"),
            cloud_region=row.text("cloud_region"),
        ),
        hardware=_hardware(row),
        use=Use(row.over("cpu_utilization_percent", 100.0), row.over("gpu_utilization_percent", 100.0)),
        stated=Stated(
            carbon_g=row.over("emissions", 1e-3),
            water_l=row.number("water_consumed"),
            site_energy=row.energy("energy_consumed", 1.0, quality),
            powers_w={part: watts for part, watts in powers.items() if watts is not None},
        ),
        run_id=row.text("run_id"),
        notes=(
            "a CodeCarbon file does not say which of its energies were measured and which modelled",
            *(() if pue else ("it states no PUE: none was taken out",)),
        ),
        origin=row.where,
    )
    return run.placed()


def _hardware(row: _Row) -> Hardware:
    try:  # "2 x NVIDIA A100" stands beside the count 2
        count = row.whole("gpu_count")
        if (count or 0) > _MOST_CARDS:
            raise InteropError(f"{row.where}: {count} cards in one machine")
        cards = cards_named(row.text("gpu_model"), 0 if count is None else count)
    except ValueError as fault:
        raise InteropError(f"{row.where}: {fault}") from fault
    memory = row.number("ram_total_size")
    return Hardware(
        cpu=row.text("cpu_model"),
        threads=row.whole("cpu_count"),
        memory_bytes=None if memory is None else round(memory * _MEMORY_UNIT_B),
        gpus=cards,
        kernel=row.text("os"),
        python=row.text("python_version"),
        virtual=row.text("on_cloud") == "Y",
    )


def _intensity(row: _Row) -> Factor | None:
    source, note = "CodeCarbon: its emissions over its energy", "its own source and year are not in the file"
    place = row.text("country_name") or "unknown"
    return implied_intensity(row.over("emissions", 1e-3), row.number("energy_consumed"), source, note, place=place)


def _started(stamp: str | None, seconds: float | None) -> datetime | None:
    # CodeCarbon stamps the end in local time without a zone. It is read as UTC, which may be wrong by hours.
    try:
        ended = datetime.fromisoformat(stamp or "")
    except ValueError:
        return None
    return began_at(ended if ended.tzinfo else ended.replace(tzinfo=timezone.utc), seconds or 0.0)
