"""What the name of an instance type says where no table has the type: AWS and Azure name sizes by one rule."""

from __future__ import annotations

import re
from typing import NamedTuple

_AWS = re.compile(r"^([cimrx])(\d+)([a-z]*)(?:-flex)?\.(medium|large|(\d*)xlarge|metal-(\d+)xl)$")
_AZURE = re.compile(r"^(dc|ec|[defl])(\d+)([a-z]*)v(\d+)$")
_FIRST_AWS, _FIRST_AZURE = 3, 3  # the generations since which the letters and numbers say this
# GiB of memory for each virtual core, by the family's letter.
_AWS_GIB = {"c": 2, "i": 8, "m": 4, "r": 8, "x": 16}
_AZURE_GIB = {"d": 4, "dc": 4, "e": 8, "ec": 8, "f": 2, "l": 8}
_INTEL = {5: "Skylake", 6: "Ice Lake", 7: "Sapphire Rapids", 8: "Granite Rapids"}
_AMD = {5: "EPYC 1st Gen", 6: "EPYC 3rd Gen", 7: "EPYC 4th Gen", 8: "EPYC 5th Gen"}
_ARM = {6: "Graviton2", 7: "Graviton3", 8: "Graviton4"}
_AZURE_INTEL = {3: "Skylake", 4: "Cascade Lake", 5: "Ice Lake", 6: "Emerald Rapids"}
_AZURE_AMD = {4: "EPYC 2nd Gen", 5: "EPYC 3rd Gen", 6: "EPYC 4th Gen"}


class Ruled(NamedTuple):
    """What a name says: virtual cores, memory in GiB, processor and architecture where the letters tell them."""

    vcpus: int
    memory_gib: float
    cpu: str | None
    architecture: str | None


def ruled(provider: str, key: str) -> Ruled | None:
    """A type by its clouds' rule of names; `None` where the name follows none. `key` has no spaces and dashes but
    AWS's own, in small letters."""
    return {"aws": _aws, "azure": _azure}.get(provider, _none)(key)


def _none(_: str) -> Ruled | None:
    return None


def _aws(key: str) -> Ruled | None:
    match = _AWS.match(key)
    if match is None:
        return None
    letter, generation, options, size, times, metal = match.groups()
    vcpus = {"medium": 1, "large": 2}.get(size) or 4 * int(times or metal or 1)
    number = int(generation)
    if number < _FIRST_AWS:
        return None
    gib = vcpus * _AWS_GIB[letter] * (2 if letter == "x" and "e" in options else 1)
    if "g" in options:
        graviton = _ARM.get(number)
        return Ruled(vcpus, gib, f"AWS {graviton}" if graviton else None, graviton)
    numbered = letter != "i"  # whose generations are counted apart
    architecture = (_AMD if "a" in options else _INTEL).get(number) if numbered else None
    return Ruled(vcpus, gib, None, architecture)


def _azure(key: str) -> Ruled | None:
    match = _AZURE.match(key)
    if match is None:
        return None
    letter, cores, options, version = match.groups()
    vcpus, number = int(cores), int(version)
    if number < _FIRST_AZURE:
        return None
    gib = _AZURE_GIB[letter] * (0.5 if letter == "d" and "l" in options else 1)
    arm = "p" in options
    architecture = None if arm else (_AZURE_AMD if "a" in options else _AZURE_INTEL).get(number)
    return Ruled(vcpus, vcpus * gib, "Ampere Altra Q80-30" if arm and number == 5 else None, architecture)
