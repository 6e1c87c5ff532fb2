"""Changes to weigh against a run, from the user's own file: one table a change.

["half precision"]
energy = [0.4, 0.55, 0.8]        # ratio to before: a number, or low, best, high
duration = 0.6
source = "our own runs of both"

["Stockholm"]
cloud = "aws/eu-north-1"         # or zone = "SE", with year, intensity, pue

["new cards"]
energy = 0.5
bought = true                    # its making has to pay back
machine = {cpus = 2, cpu_cores = 32, ram_gb = 512, gpus = 4, gpu_model = "NVIDIA H100 SXM5"}

["another instance"]
energy = 0.7
instance = "aws:g5.xlarge"       # its share of a host; or machine
"""

from __future__ import annotations

from dataclasses import fields as fields_of
from pathlib import Path

from ..factors import Factor, FactorError, UnknownFactorError, UserFile, cloud_region, intensity
from ..factors.instances import instance
from ..factors.user_file import Fields
from .impact import pue_factor
from .machine import Machine
from .whatif import ONE, Change

FIELDS = ("energy", "duration", "zone", "year", "intensity", "pue", "cloud", "machine", "instance", "bought", "source")
_PARTS = [field.name for field in fields_of(Machine) if field.name != "ram_density"]
_SMALLEST_RATIO = 1e-9


def read_changes(path: str | Path) -> list[Change]:
    """The file's changes in their order. FactorError with file and line for what is no change: an unknown field, zone,
    cloud or part of a machine (with near names), a ratio that is not above 0, a range out of order."""
    file = UserFile(path, "file of changes")
    if not file.tables:
        raise FactorError(f"{file.path}:1: it holds no change: each table is one, as in [half] with energy = 0.5")
    return [_change(file, name) for name in file.tables]


def _change(file: UserFile, name: str) -> Change:
    table = file.table(name)
    file.check_names([name], FIELDS)
    if not set(table) - {"source", "bought"}:
        raise file.fault([name], f"{name} changes nothing: give one of {', '.join(FIELDS[:-2])}")
    source = file.text(table["source"], [name, "source"]) if "source" in table else f"user's file {file.path.name}"
    energy, duration = (
        _ratio(file, table, name, key, source) if key in table else ONE for key in ("energy", "duration")
    )
    try:
        grid, site = place(table, source)
    except ValueError as fault:
        key = next((k for k in ("cloud", "zone", "intensity", "pue") if k in table), "")
        raise file.fault([name, key] if key else [name], str(fault)) from fault
    if "machine" in table and "instance" in table:
        raise file.fault([name, "instance"], "give either machine or instance: they say the same thing")
    machine = _machine(file, [name, "machine"]) if "machine" in table else _instance(file, table, name)
    bought = table.get("bought", False)
    if not isinstance(bought, bool):
        raise file.fault([name, "bought"], f"bought is true or false, not {bought!r}")
    if bought and machine is None:
        raise file.fault([name, "bought"], "what is bought has to be described: machine = {…}")
    return Change(name, energy, duration, grid, site, machine, bought)


def place(table: Fields, source: str) -> tuple[Factor | None, float | Factor | None]:
    """Intensity and PUE of `cloud`, `zone` (with `year`), `intensity`, `pue` as they are given; `None` for
    what stays as it was. ValueError for an unknown one, or for two that say the same."""
    named = [key for key in ("cloud", "zone", "intensity") if table.get(key) is not None]
    if len(named) > 1:
        raise FactorError(f"give one of {' and '.join(named)}: they say the same thing")
    site = None if table.get("pue") is None else pue_factor(Factor.stated(table["pue"], "1", "PUE", source))
    if table.get("cloud") is not None:
        provider, _, region = str(table["cloud"]).partition("/")
        cloud = cloud_region(provider, region)
        return cloud.intensity, cloud.pue if site is None else site
    if table.get("zone") is not None:
        return intensity(table["zone"], table.get("year")), site
    if table.get("intensity") is not None:
        return Factor.stated(table["intensity"], "g/kWh", "carbon intensity of electricity", source), site
    return None, site


def _ratio(file: UserFile, table: Fields, name: str, key: str, source: str) -> Factor:
    low, best, high = file.span(table[key], [name, key], _SMALLEST_RATIO)
    return Factor(best, "1", low, high, source, name=f"{key} of {name}, ratio to before")


def _instance(file: UserFile, table: Fields, name: str) -> Machine | None:
    if "instance" not in table:
        return None
    try:
        return Machine.of_instance(instance(file.text(table["instance"], [name, "instance"])))
    except UnknownFactorError as fault:
        raise file.fault([name, "instance"], str(fault)) from fault


def _machine(file: UserFile, where: list[str]) -> Machine:
    file.check_names(where, _PARTS, "part of a machine")
    try:
        return Machine(**file.table(*where))
    except (TypeError, ValueError) as fault:
        raise file.fault(where, str(fault)) from fault
