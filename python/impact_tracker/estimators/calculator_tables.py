"""Green Algorithms' own tables of one version, read from the folder `data` of the calculator's public repository.

    v2.1/CI_aggregated.csv              location, continentName, countryName, regionName, carbonIntensity (g/kWh) …
    v2.1/TDP_cpu.csv, TDP_gpu.csv       model, …, TDP_per_core (W a core; of a card: the whole card)
    v2.1/defaults_PUE.csv               provider, PUE
    v2.1/cloudProviders_datacenters.csv provider, Name, location, …, PUE (empty: the provider's)

The first line of each file says what the columns are in, the second names them.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ..factors.factor import FactorError, did_you_mean, near_matches
from ..factors.hardware_names import bare_name
from ..factors.tables import DATA
from ..factors.zones import plain, zone_code
from .estimate import EstimateError

_WHOLE_COUNTRY = "any"  # what stands in the place of a region
ENVIRONMENT = "IMPACT_TRACKER_GREEN_ALGORITHMS"
BUNDLED = DATA / "green_algorithms"
HOW = (
    "the calculator's tables are read from the folder `data` of its repository (GreenAlgorithms/green-algorithms-tool):"
    f" --tables FOLDER, or {ENVIRONMENT}=FOLDER"
)


@dataclass(frozen=True)
class CloudSite:
    """A cloud's region: the location of its electricity, and its PUE, `None` where its provider's stands in."""

    location: str
    pue: float | None


@dataclass(frozen=True)
class CalculatorTables:
    """One version's tables. Keys are as the calculator spells them; `place`, `core_w` and `card_w` take other
    spellings too."""

    version: str
    folder: Path
    intensities: Mapping[str, float]
    locations: Mapping[str, str]
    cores_w: Mapping[str, float]
    cards_w: Mapping[str, float]
    pues: Mapping[str, float]
    regions: Mapping[tuple[str, str], CloudSite]

    def place(self, zone: str) -> str:
        """The location of a zone by its code or its name; EstimateError, with near names, for one it does not have."""
        wanted = zone.strip().upper()
        if wanted in self.intensities:
            return wanted
        word = _code_of(zone) or plain(zone)  # Georgia is the country: the state is US-GA
        if word in self.locations:
            return self.locations[word]
        near = did_you_mean(near_matches(zone, [*self.intensities, *self.locations]))
        raise EstimateError(f"Green Algorithms {self.version} has no location {zone!r}.{near} Give --intensity instead")

    def core_w(self, model: str) -> float:
        """W a core; EstimateError, with near names, for a processor that this version does not have."""
        return self._power(self.cores_w, model, "processor", "--tdp-per-core")

    def card_w(self, model: str) -> float:
        """W a card, likewise."""
        return self._power(self.cards_w, model, "card", "--tdp-gpu")

    def region(self, provider: str, name: str) -> CloudSite:
        """A cloud's region; EstimateError, with near names, for another."""
        key = (provider.casefold(), name.casefold())
        if key not in self.regions:
            near = did_you_mean(near_matches(name, [region for cloud, region in self.regions if cloud == key[0]]))
            raise EstimateError(f"Green Algorithms {self.version} has no region {provider}/{name}.{near}")
        return self.regions[key]

    def _power(self, powers: Mapping[str, float], model: str, what: str, instead: str) -> float:
        if model in powers:
            return powers[model]
        for name, watts in powers.items():
            if bare_name(name) == bare_name(model):
                return watts
        near = did_you_mean(near_matches(model, powers))
        raise EstimateError(f"Green Algorithms {self.version} has no {what} {model!r}.{near} Give {instead} instead")


def calculator_tables(version: str, folder: str | None = None) -> CalculatorTables | None:
    """A version's tables from `folder`, else from where the environment says, else from the package; `None` where
    neither has them. EstimateError for a folder that was named and has none, and for tables that cannot be read."""
    named = folder or os.environ.get(ENVIRONMENT)
    for place in _places(Path(named).expanduser() if named else BUNDLED, version):
        if (place / "CI_aggregated.csv").is_file():
            return _read(place, version)
    if named:
        raise EstimateError(f"{named}: no tables of Green Algorithms {version} (v{version}/CI_aggregated.csv); {HOW}")
    return None


def _places(top: Path, version: str) -> Iterator[Path]:
    """Where a version's files may lie: below the folder `data`, below a checkout, or in the folder itself."""
    yield from (top / f"v{version}", top / "data" / f"v{version}")
    if top.name == f"v{version}":
        yield top


@cache
def _read(folder: Path, version: str) -> CalculatorTables:
    intensities: dict[str, float] = {}
    locations: dict[str, str] = {}
    doubled: set[str] = set()
    for row in _rows(folder / "CI_aggregated.csv", "location", "carbonIntensity"):
        code = row["location"]
        intensities[code] = _number(row, "carbonIntensity", folder)
        region = (row.get("regionName") or _WHOLE_COUNTRY).casefold()
        name = row.get("countryName", "") if region == _WHOLE_COUNTRY else region
        of_name = "" if code.startswith("US-") else _code_of(name)  # states have names of countries
        for word in filter(None, {plain(name), _code_of(code), of_name}):
            if locations.setdefault(word, code) != code:
                doubled.add(word)
    clouds = folder / "cloudProviders_datacenters.csv"
    pues = next((folder / name for name in ("defaults_PUE.csv", "servers_PUE.csv") if (folder / name).is_file()), None)
    return CalculatorTables(
        version,
        folder,
        intensities,
        {word: code for word, code in locations.items() if word not in doubled},
        _powers(folder / "TDP_cpu.csv"),
        _powers(folder / "TDP_gpu.csv"),
        {r["provider"].casefold(): _number(r, "PUE", folder) for r in _rows(pues, "provider", "PUE")} if pues else {},
        {
            (row["provider"].casefold(), row["Name"].casefold()): CloudSite(
                row["location"], _number(row, "PUE", folder) if row.get("PUE") else None
            )
            for row in (_rows(clouds, "provider", "Name", "location") if clouds.is_file() else ())
        },
    )


def _powers(path: Path) -> dict[str, float]:
    return {row["model"]: _number(row, "TDP_per_core", path) for row in _rows(path, "model", "TDP_per_core")}


def _rows(path: Path, *needed: str) -> Iterator[dict[str, str]]:
    """The rows below the two lines of the head; those without a first cell are left out."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = list(csv.reader(file))
    except (OSError, ValueError, csv.Error) as fault:
        raise EstimateError(f"{path}: cannot be read: {fault}; {HOW}") from fault
    names = lines[1] if len(lines) > 1 else []
    if not set(needed) <= set(names):
        raise EstimateError(f"{path}: its second line does not name the columns {', '.join(needed)}; {HOW}")
    for cells in lines[2:]:
        row = {name: cell.strip() for name, cell in zip(names, cells)}
        if row.get(needed[0]):
            yield row


def _number(row: Mapping[str, str], column: str, place: Path) -> float:
    try:
        return float(row[column])
    except (KeyError, ValueError):
        raise EstimateError(
            f"{place}: {column} of {next(iter(row.values()))!r} is no number: {row.get(column)!r}"
        ) from None


def _code_of(name: str) -> str:
    """The code of a country by its code or name; empty for what is none."""
    try:
        return zone_code(name)
    except FactorError:
        return ""
