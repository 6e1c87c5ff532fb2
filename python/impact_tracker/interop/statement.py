"""What a tool states of one run, in the form that exports write and imports read. What is not known is never 0."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

from .. import file_text
from ..estimators import Comparison, Use, beside
from ..factors import CloudRegion, Factor, FactorError, cloud_region, zone_code
from ..factors.ranges import range_of
from ..footprint import Impact, carbon, grams_of, pue_factor
from ..hostinfo import Hardware
from ..modelled import ModelledPart, quality_in_words
from ..overlap import MachineSpan
from ..values import Energy
from ..weighing import Reweighing, Weighing

NOT_MEASURED = Energy.missing()
STATED_BY_USER = "stated by the user"


LARGEST_PUE = 100
BEYOND_ALL_RUNS = 1e24  # J, s or g: the sun's energy of a millisecond; products of what is less stay finite


class InteropError(ValueError):
    """A file that cannot be read, with its name and the line or field; or a run that a format cannot hold."""


def text_of(place: Path) -> str:
    """What stands in a file of UTF-8 or UTF-16, other bytes replaced. InteropError where it cannot be read."""
    return file_text.text_of(place, InteropError)


@contextmanager
def faults_of_file(where: object) -> Iterator[None]:
    """Whatever a file's content breaks is an InteropError with the place."""
    try:
        yield
    except InteropError:
        raise
    except (OSError, ValueError, OverflowError, RecursionError, csv.Error) as fault:
        raise InteropError(f"{where}: {fault}") from fault


def began_at(ended: datetime, seconds: float) -> datetime | None:
    """When a run began that lasted so long; `None` for a time that no calendar holds."""
    try:
        return ended.astimezone(timezone.utc) - timedelta(seconds=seconds)
    except OverflowError:
        return None


def known_zone(*names: str | None) -> str | None:
    """The first of some names of a country that the tables know."""
    for name in filter(None, names):
        with suppress(FactorError):
            zone_code(name)
            return name
    return None


@dataclass(frozen=True)
class Parts:
    """Energies of a machine's parts; missing where they are not told apart."""

    processors: Energy = NOT_MEASURED
    cards: Energy = NOT_MEASURED
    memory: Energy = NOT_MEASURED


@dataclass(frozen=True)
class Site:
    """Where a run drew its electricity. `pue`: 1 or more; `pue_source`: who states it, `None` for nobody where it is 1.

    `wue`: L of water for each kWh of the computers. `intensity`: in g/kWh, with its source; `zone`: country as the tool
    names it; `zone_name`: in words; `location`: more precisely than the country.
    """

    pue: float = 1.0
    wue: float | None = None
    intensity: Factor | None = None
    zone: str | None = None
    zone_name: str | None = None
    location: str | None = None
    cloud_provider: str | None = None
    cloud_region: str | None = None
    pue_source: str | None = None
    region: CloudRegion | None = None

    @property
    def overhead(self) -> Factor:
        """The PUE with who states it: *estimated*, with its range, where nobody does."""
        if not self.pue_is_stated:
            return pue_factor(None)
        if self.region is not None and self.region.pue.value == self.pue:
            return pue_factor(self.region.pue)
        return pue_factor(Factor.stated(self.pue, "1", "PUE", self.pue_source or STATED_BY_USER))

    @property
    def water_use(self) -> Factor | None:
        """The WUE with who states it; `None` where nobody does."""
        if self.region is not None and self.region.wue is not None and self.region.wue.value == self.wue:
            return self.region.wue
        return None if self.wue is None else Factor.stated(self.wue, "L/kWh", "water usage effectiveness of the site")

    @property
    def pue_is_stated(self) -> bool:
        """Whether somebody states the PUE; 1 is what stands in where nobody does."""
        return self.pue_source is not None or self.pue != 1.0

    @property
    def pue_in_words(self) -> str:
        """The PUE for a line of text; where nobody states one, its range."""
        overhead = self.overhead
        return f"PUE {self.pue:g}" if self.pue_is_stated else f"PUE not stated ({overhead.low:g} to {overhead.high:g})"

    @property
    def place(self) -> str | None:
        """The most precise name of the place."""
        return self.location or self.zone_name or self.zone

    def weighed(self, new: Reweighing) -> Site:
        """With another PUE and another electricity where they are given.

        An intensity that is only a number leaves the place as it was, and with it water and primary energy of there.
        """
        site = self if new.pue is None else replace(self, pue=pue_factor(new.pue).value, pue_source=STATED_BY_USER)
        if not new.of_electricity:
            return site
        weighing = Weighing(zone=new.zone, intensity_g_per_kwh=new.intensity_g_per_kwh)
        grid = weighing.intensity
        if new.zone is None and not isinstance(new.intensity_g_per_kwh, Factor):
            return replace(site, intensity=grid)
        place = grid.name.rpartition(", ")[2]
        if place == "world average" or (new.zone is not None and weighing.zone is None):
            return replace(site, intensity=grid, zone=None, zone_name=None)
        return replace(site, intensity=grid, zone=new.zone or place, zone_name=place)

    def in_cloud(self, name: str, year: int | None = None) -> Site:
        """The site of a cloud's region ("aws/eu-north-1"), its grid of a `year`: what nobody published of it is not
        known."""
        provider, _, region = name.partition("/")
        cloud = cloud_region(provider, region, year)
        return replace(
            self,
            intensity=cloud.intensity,
            pue=cloud.pue.value,
            pue_source=cloud.pue.source,
            wue=None if cloud.wue is None else cloud.wue.value,
            zone=cloud.zone,
            zone_name=cloud.place,
            location=cloud.place,
            cloud_provider=cloud.provider,
            cloud_region=cloud.region,
            region=cloud,
        )


@dataclass(frozen=True)
class Stated:
    """Numbers of a file that are kept as they stand there, for the check of the file itself.

    `site_energy`: with the site's overhead; `powers_w`: by part, `None` for a format without powers; `epochs`: of the
    training that was measured.
    """

    carbon_g: float | None = None
    water_l: float | None = None
    site_energy: Energy = NOT_MEASURED
    powers_w: Mapping[str, float] | None = None
    epochs: int | None = None


def implied_intensity(
    grams: float | None, kwh: float | None, source: str, note: str = "", *, place: str = "", year: int | None = None
) -> Factor | None:
    """The intensity that a file's carbon and energy give, both with the site's overhead or both without it."""
    if grams is None or not kwh:
        return None
    value, name = grams / kwh, "carbon intensity of electricity"
    low, high = range_of("", value)  # as far as publishers differ: the file tells neither publisher nor year
    named = f"{name}, {place}" if place else name
    return Factor(value, "g/kWh", low, high, source, name=named, year=year, note=note, spread="lognormal")


@dataclass(frozen=True)
class Statement:
    """What `tool` states of one run. `energy` is the computers' own, without the site's overhead; carbon has it.

    `models`: whose models are in an energy that is modelled; `use`: how busy processors and cards were; `stated`: what
    the file itself says of what is computed here; `origin`: file and line; `span`: which machine it is of, over which
    time, `None` for what overlaps with nothing.
    A duration of 0 is one that is not known. InteropError for a negative or infinite number, and for one that no run
    can have.
    """

    name: str
    tool: str
    tool_version: str = ""
    started_at: datetime | None = None
    duration_s: float | None = None
    energy: Energy = NOT_MEASURED
    models: tuple[ModelledPart, ...] = ()
    parts: Parts = field(default_factory=Parts)
    site: Site = field(default_factory=Site)
    hardware: Hardware = field(default_factory=Hardware)
    use: Use = field(default_factory=Use)
    stated: Stated = field(default_factory=Stated)
    run_id: str | None = None
    notes: tuple[str, ...] = ()
    origin: str = ""
    span: MachineSpan | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.site.pue <= LARGEST_PUE:
            limits = f"1 or more and {LARGEST_PUE} at most"
            raise InteropError(f"{self.origin or self.name}: a PUE is {limits}, not {self.site.pue:g}")
        for what, value in (
            ("duration_s", self.duration_s),
            ("its energy in J", self.energy.best_j),
            ("the processors' energy in J", self.parts.processors.best_j),
            ("the cards' energy in J", self.parts.cards.best_j),
            ("the memory's energy in J", self.parts.memory.best_j),
            ("the stated carbon in g", self.stated.carbon_g),
        ):
            if value is not None and not 0 <= value < math.inf:
                raise InteropError(f"{self.origin or self.name}: {what} must be finite and not negative, not {value!r}")
            if value is not None and (value > BEYOND_ALL_RUNS or 0 < value < 1.0 / BEYOND_ALL_RUNS):
                raise InteropError(f"{self.origin or self.name}: {what} cannot be {value!r}")
        if self.duration_s == 0:  # no run takes no time: the tool wrote before it knew
            object.__setattr__(self, "duration_s", None)

    @property
    def quality_in_words(self) -> str:
        """The energy's quality, and whose models are in a modelled one."""
        return quality_in_words(self.energy.quality, self.models)

    @property
    def memory_gb(self) -> float | None:
        """Memory of the machine in GB."""
        return None if self.hardware.memory_bytes is None else self.hardware.memory_bytes / 1e9

    @property
    def site_energy(self) -> Energy:
        """The energy with the site's overhead."""
        return self.energy.scaled(self.site.pue)

    @property
    def carbon(self) -> Impact:
        """Energy × PUE × intensity; what the tool itself stated where no intensity is known; missing else."""
        if self.site.intensity is not None:
            return carbon(self.energy, self.site.overhead, intensity=self.site.intensity)
        if self.stated.carbon_g is not None:
            stated = Factor.stated(self.stated.carbon_g / 1000.0, "kg", f"carbon as {self.tool} stated it", self.tool)
            return grams_of(stated)
        return Impact.missing("carbon", "g", "no intensity is known")

    def placed(self) -> Statement:
        """With the span that its begin, its duration and its hardware give. Hardware describes a machine and does not
        name it: two runs on the same hardware at the same time may be of two machines."""
        known = self.hardware
        described = repr((known.cpu, known.threads, known.memory_bytes, known.gpus, known.kernel))
        if self.started_at is None or self.duration_s is None:
            return replace(self, span=MachineSpan(described, is_certain=False))
        start_ns = round(self.started_at.timestamp() * 1e9)
        stop_ns = start_ns + round(self.duration_s * 1e9)
        return replace(self, span=MachineSpan(described, start_ns, stop_ns, is_certain=False))

    @property
    def power_w(self) -> float | None:
        """Mean power of the computers in W."""
        return self.energy.best_j / self.duration_s if self.energy.best_j is not None and self.duration_s else None

    @property
    def ended_at(self) -> datetime | None:
        """When it ended, UTC."""
        if self.started_at is None or self.duration_s is None:
            return None
        return began_at(self.started_at, -self.duration_s)

    def weighed(self, new: Reweighing) -> Statement:
        """The same run with another PUE or electricity."""
        return replace(self, site=self.site.weighed(new))

    def beside(self, hardware: Hardware | None = None) -> Comparison:
        """An estimate beside it; `hardware`: what is known of the machine better than the statement says."""
        return beside(
            self.energy,
            self.duration_s,
            hardware or self.hardware,
            self.use,
            pue=self.site.overhead,
            intensity=self.site.intensity,
        )
