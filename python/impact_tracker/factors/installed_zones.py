"""Factors of electricity that an installed package has and that its licence keeps out of this one.

    zone_package = "ecologits"     # in the file of factors: ADEME's and WRI's values as EcoLogits ships them (MPL-2.0)
    zone_package = "boaviztapi"    # as BoaviztAPI ships them (AGPL-3.0)

Nothing is copied: the package's own file is read where it is installed.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
from functools import cache
from pathlib import Path

from .factor import Factor, FactorError

# package -> kind -> (its column, its unit in ours). EcoLogits' `pe` is the use of fossil resources.
_COLUMNS: dict[str, dict[str, tuple[str, float]]] = {
    "ecologits": {"adp": ("adpe", 1.0), "fossil_energy": ("pe", 1.0), "water": ("wue", 1.0)},
    "boaviztapi": {
        "adp": ("adpe", 1.0),
        "fossil_energy": ("adpf", 1.0),
        "primary_energy": ("pe", 1.0),
        "water": ("wu", 1000.0),
    },
}
_UNITS = {"adp": "kg Sb/kWh", "fossil_energy": "MJ/kWh", "primary_energy": "MJ/kWh", "water": "L/kWh"}
_LICENCES = {"ecologits": "MPL-2.0, read where it is installed", "boaviztapi": "AGPL-3.0, read where it is installed"}
_VINTAGE = 2.0  # they state no error; the data are of 2011 (ADEME) and 2020 (WRI)
ZONE_PACKAGES = tuple(_COLUMNS)


def installed_factor(package: str, kind: str, code: str) -> Factor | None:
    """The package's factor of a zone; `None` where it has none of its own, only the world's in its place.

    FactorError for a package that is not installed or reads another way than the known versions.
    """
    if kind not in _COLUMNS[package]:
        return None
    column, scale = _COLUMNS[package][kind]
    value = _zones(package).get({"WORLD": "WOR", "EU": "EEE"}.get(code, code), {}).get(column)
    if value is None:
        return None
    version = importlib.metadata.version(package)
    amount = value * scale
    return Factor(
        amount,
        _UNITS[kind],
        amount / _VINTAGE,
        amount * _VINTAGE,
        f"{package} {version}: ADEME Base Impacts 2011, WRI 2020",
        licence=_LICENCES[package],
        name=f"{kind} of electricity, {code}",
        note="our range: a factor of 2, vintage of the data",
    )


@cache
def _zones(package: str) -> dict[str, dict[str, float]]:
    place = importlib.util.find_spec(package)
    if place is None or place.origin is None:
        raise FactorError(f"zone_package = {package!r}: the package is not installed; pip install {package}")
    data = Path(place.origin).parent / "data"
    try:
        return _ecologits(data) if package == "ecologits" else _boaviztapi(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as fault:
        raise FactorError(f"zone_package = {package!r}: this version reads another way: {fault!r}") from fault


def _ecologits(data: Path) -> dict[str, dict[str, float]]:
    rows = json.loads((data / "electricity_mixes.json").read_text(encoding="utf-8"))["electricity_mixes"]
    zones: dict[str, dict[str, float]] = {}
    for row in rows:  # a warning names each value that is the world's in place of the zone's
        borrowed = " ".join(row.get("warnings") or ())
        zones[row["name"]] = {
            column: float(row[column]) for column in ("adpe", "pe", "wue") if f"-{column}-world" not in borrowed
        }
    return zones


def _boaviztapi(data: Path) -> dict[str, dict[str, float]]:
    try:
        import yaml
    except ImportError as fault:
        raise FactorError("zone_package = 'boaviztapi' needs PyYAML: pip install PyYAML") from fault

    rows = yaml.safe_load((data / "factors.yml").read_text(encoding="utf-8"))["electricity"]
    columns = ("adpe", "adpf", "pe", "wu")
    return {
        code: {column: float(row[column]["value"]) for column in columns if row.get(column, {}).get("value")}
        for code, row in rows.items()
        if isinstance(row, dict)
    }
