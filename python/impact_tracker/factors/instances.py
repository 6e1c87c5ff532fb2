"""Cloud instances by their type: what of a host they hold, and what a virtual core draws."""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

from .constants import UnknownFactorError
from .factor import Factor, did_you_mean
from .instance_rules import ruled
from .tables import published, table

PROVIDERS = ("aws", "azure", "gcp", "ovhcloud", "scaleway")
INSTALLED_ALONE = ("ovhcloud", "scaleway")  # whose types are read from an installed boaviztapi (AGPL) alone
LEAST_HOST_VCPUS = 64  # of a host of which only the family's largest type is known
_UNSEEN = 1.08  # what a type has over what its system sees: the kernel and the firmware keep some
_LONGEST_NAME = 100  # letters: what is longer names no type
_GIB_PER_GB = 2**30 / 1e9
_SEVERAL = r"[:/]"
_SERVICE = re.compile(
    r"(?:db|cache|kafka|ml)\.(?P<type>[a-z][\w-]*\.[\w-]+)|(?P<of>[a-z][\w-]*\.[\w-]+)\.(?:elasticsearch|search)",
    re.IGNORECASE,
)
# One thread a core: Arm's processors, and AMD's and Intel's instances that AWS sells without second threads.
_ONE_THREAD = re.compile(r"graviton|axion|ampere|grace|altra|apple|9r14|9r45|9r05", re.IGNORECASE)


# Names that tell of local disks.
_WITH_DISKS = {
    **dict.fromkeys(PROVIDERS, re.compile(r"(?!)")),
    "aws": re.compile(r"(?:i\d|im\d|is\d|d\d|h1|[a-z]+\d+[a-z]*d[a-z]*(?:-\w+)?\.|p4d|p4de|p5|g5\.|g6)"),
    "azure": re.compile(r"(?:standard_)?(?:l\d|[a-z]+\d+(?:-\d+)?[a-z]*d[a-z]*(?:[_ ]|$))"),
    "gcp": re.compile(r".*-lssd|z3-"),
}


class LocalDisks(NamedTuple):
    """Disks in the host that come with an instance: how many, GB of each, whether they spin."""

    pieces: int
    gb: float
    spin: bool


@dataclass(frozen=True)
class Instance:
    """An instance type: its virtual cores, memory in GiB, cards (a fraction for a share of one; `None`: not known), and
    the host it is cut from: processor, virtual cores and sockets (`None`: not known)."""

    provider: str
    name: str
    vcpus: float
    memory_gib: float
    cpu: str | None
    architecture: str | None
    host_vcpus: int
    host_sockets: int | None
    cards: float | None
    card: str | None
    disks: LocalDisks | None = None

    @property
    def has_unknown_disks(self) -> bool:
        """Whether its name tells of local disks that no table describes."""
        return self.disks is None and bool(_WITH_DISKS[self.provider].match(self.name.casefold()))

    @property
    def memory_gb(self) -> float:
        """Memory in units of 1e9 bytes."""
        return self.memory_gib * _GIB_PER_GB

    @property
    def threads_per_core(self) -> int:
        """How many virtual cores a core of the host gives."""
        return 1 if _ONE_THREAD.search(self.cpu or "") else 2

    @property
    def share(self) -> Factor:
        """What the instance is of its host; where only the largest type of the family tells the host's size, the host
        may be larger: down to a quarter, and up to the share of that type."""
        known = self.host_sockets is not None and self.host_vcpus >= LEAST_HOST_VCPUS / 4  # no server has less
        certain = known or (self.provider, _family(self.name)) in _entire_hosts()
        host_vcpus = self.host_vcpus if certain else max(self.host_vcpus, LEAST_HOST_VCPUS)
        best, high = min(1.0, self.vcpus / host_vcpus), min(1.0, self.vcpus / self.host_vcpus)
        note = f"{self.vcpus:g} of {host_vcpus} virtual cores of the host of {self.provider}'s {self.name}"
        source = published(table("instances")["sources"]["ccf"], best, "1", "share of the host").source
        quality = "modelled" if certain else "estimated"
        low = best if certain else best / 4
        return Factor(best, "1", low, high, source, quality=quality, name="share of the host", note=note)

    def core_watts(self, utilisation: float) -> Factor:
        """Watts of a virtual core at a utilisation from 0 to 1: between idle and full as SPECpower's servers of its
        architecture draw (of several where the type runs on several), all architectures where it is not known."""
        watts = table("instances")["watts"]
        known = [watts[name] for name in (self.architecture or "").split(" or ") if name in watts]
        pairs = known or list(watts.values())
        drawn = sorted(idle + utilisation * (full - idle) for idle, full in pairs)
        best = drawn[len(drawn) // 2]
        spread = 1.25 if known else 1.0  # our assumption of an architecture's own servers
        origin = table("instances")["sources"]["ccf"]
        what = f"watts of a virtual core, {self.architecture or 'architecture not known'}"
        note = (
            "" if known else f"no watts of {self.name}'s processor are known: the middle of {len(drawn)} architectures"
        )
        quality = "modelled" if known else "estimated"
        low, high = drawn[0] / spread, drawn[-1] * spread
        return published(origin, best, "W", what, low=low, high=high, quality=quality, note=note)


def instance(name: str) -> Instance:
    """The instance of this name: `aws:m5.large`, `azure:Standard_D2s_v3`, `gcp/n1-standard-4`, or the type alone where
    one cloud has it. UnknownFactorError with near names."""
    known = find_instance(name)
    if known is not None:
        return known
    provider, bare = _parts(name)
    if provider not in (None, *PROVIDERS):
        raise UnknownFactorError(f"no instances of {provider!r} are known: {', '.join(PROVIDERS)}")
    offered = {
        _key(other.name): f"{other.provider}:{other.name}" for other in _all() if provider in (None, other.provider)
    }
    near = [offered[key] for key in difflib.get_close_matches(_key(bare), list(offered), n=4, cutoff=0.7)]
    hint = ""
    if not _installed():
        more = "Its types" if provider in INSTALLED_ALONE else "Further types"
        hint = f" {more} are read from boaviztapi where that is installed (pip install boaviztapi)."
    raise UnknownFactorError(
        f"no instance is known as {name!r}.{did_you_mean(near)}{hint} Describe its share of a host with --cpus"
    )


def find_instance(name: str) -> Instance | None:
    """As `instance`, `None` for an unknown one, or for a type that several clouds have."""
    provider, bare = _parts(name)
    if len(bare) > _LONGEST_NAME:
        return None
    named = [other for other in _by_key().get(_key(bare), ()) if provider in (None, other.provider)]
    if named:
        return named[0] if len(named) == 1 else None
    served = _SERVICE.fullmatch(bare.strip())  # of a managed service, which runs on the type of that name
    if served is not None and provider in (None, "aws"):
        return find_instance(f"aws:{served['type'] or served['of']}")
    return _by_rule(provider, bare)


def instance_of_firmware(cloud: str | None, product: str) -> Instance | None:
    """The type that a cloud's firmware names: AWS (`m5.large`, where no cloud is said too, for no board has such a
    name) and Scaleway (`SCW-DEV1-S`) do; `None` for those that do not."""
    if cloud in (None, "aws") and "." in product:
        return find_instance(f"aws:{product}")
    if cloud == "scaleway":
        return find_instance(f"scaleway:{product.removeprefix('SCW-')}")
    return None


def words_of_cloud(cloud: str, vcpus: float, memory_bytes: int | None) -> str:
    """For a machine whose firmware names its cloud and no type: the types that have its virtual cores and memory, of
    which the system sees a little less."""
    seen = (memory_bytes or 0) / 2**30
    alike = [
        known.name
        for known in _all()
        if known.provider == cloud and known.vcpus == vcpus and seen <= known.memory_gib <= seen * _UNSEEN
    ]
    told = f"{cloud}'s firmware does not name the type"
    if alike and seen:
        few = ", ".join(alike[:6]) + (f" and {len(alike) - 6} more" if len(alike) > 6 else "")
        return f"{told}: {vcpus:g} virtual cores and {seen:.3g} GiB are {few}; name it with --instance {cloud}:TYPE"
    return f"{told}: name it with --instance {cloud}:TYPE" if cloud in PROVIDERS else told


def _by_rule(provider: str | None, bare: str) -> Instance | None:
    """A type of a family that no table has, by its cloud's rule of names; of its host nothing is known."""
    for cloud in (provider,) if provider else ("aws", "azure"):
        sizes = ruled(cloud, re.sub(r"^standard", "", _key(bare)) if cloud == "azure" else bare.strip().casefold())
        if (
            sizes is not None and (cloud, _family(bare)) not in _families()
        ):  # a size that a known family lacks is a slip
            host = max(sizes.vcpus, LEAST_HOST_VCPUS // 2)
            return Instance(
                cloud, bare.strip(), sizes.vcpus, sizes.memory_gib, sizes.cpu, sizes.architecture, host, None, 0, None
            )
    return None


def _family(name: str) -> str:
    """A type without its size: `m5` of m5.large, `d#sv3` of Standard_D2s_v3."""
    family, _, _ = _key(name).partition(".")
    return family if "." in name else re.sub(r"\d+", "#", family, count=1)


@cache
def _entire_hosts() -> frozenset[tuple[str, str]]:
    """The families of which a type is the whole host: its size is known."""
    return frozenset((known.provider, _family(known.name)) for known in _all() if "metal" in known.name)


@cache
def _families() -> frozenset[tuple[str, str]]:
    return frozenset((known.provider, _family(known.name)) for known in _all())


def instance_names(provider: str | None = None) -> list[str]:
    """The known types, as `aws:m5.large`."""
    return [f"{known.provider}:{known.name}" for known in _all() if provider in (None, known.provider)]


def _parts(name: str) -> tuple[str | None, str]:
    pieces = re.split(_SEVERAL, name.strip(), maxsplit=1)
    return (pieces[0].casefold(), pieces[1]) if len(pieces) == 2 else (None, pieces[0])


def _key(name: str) -> str:
    """Azure's `Standard_D2s_v3` and `D2s v3` are one type."""
    return re.sub(r"[ _-]", "", re.sub(r"^(standard|basic)_", "", name.strip().casefold()))


@cache
def _all() -> tuple[Instance, ...]:
    disks = {name: LocalDisks(*told) for name, told in table("instances")["disks"]["aws"].items()}
    rows = table("instances")["rows"].items()
    bundled = [
        replace(known, disks=disks.get(known.name)) if known.provider == "aws" else known
        for known in (Instance(cloud, *row) for cloud, types in rows for row in types)
    ]
    keys = {(known.provider, _key(known.name)) for known in bundled}
    return (*bundled, *(known for known in _installed() if (known.provider, _key(known.name)) not in keys))


@cache
def _by_key() -> dict[str, tuple[Instance, ...]]:
    keys: dict[str, tuple[Instance, ...]] = {}
    for known in _all():
        keys[_key(known.name)] = (*keys.get(_key(known.name), ()), known)
    return keys


@cache
def _installed() -> tuple[Instance, ...]:
    """The types as an installed boaviztapi has them; none where it is not installed."""
    package = find_spec("boaviztapi")
    if package is None or not package.submodule_search_locations:
        return ()
    folder = Path(next(iter(package.submodule_search_locations))) / "data" / "archetypes"
    try:
        hosts = {row["id"]: row for row in _rows(folder / "server.csv")}
        return tuple(
            _archetype(cloud, row, hosts.get(row["platform"], {}))
            for cloud in PROVIDERS
            for row in _rows(folder / "cloud" / f"{cloud}.csv")
        )
    except (OSError, KeyError, ValueError):
        return ()


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        yield from csv.DictReader(stream)


def _archetype(cloud: str, row: dict[str, str], host: dict[str, str]) -> Instance:
    from .hardware import find_cpu

    vcpus = float(row["vcpu"])
    sockets = int(_first(host.get("CPU.units", "")) or 0)
    cpu = host.get("CPU.name") or None
    chip = find_cpu(cpu)
    cores = (chip.cores if chip and chip.exact else None) or int(_first(host.get("CPU.core_units", "")) or 0)
    host_vcpus = (1 if _ONE_THREAD.search(cpu or "") else 2) * sockets * cores
    cards = float(_first(row.get("gpu_units", "")) or 0)
    known = host_vcpus >= vcpus
    return Instance(
        cloud,
        row["id"],
        vcpus,
        float(row["memory"]),
        cpu,
        None,
        host_vcpus if known else max(1, round(vcpus)),
        sockets if known else None,
        cards,
        (host.get("GPU.name") or None) if cards else None,
    )


def _first(text: str) -> float:
    """The best of boaviztapi's `best;low;high`."""
    return float(text.split(";")[0] or 0.0)
