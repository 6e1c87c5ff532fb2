"""Model-specific registers as a regular sparse file: ``<root>/dev/cpu/<n>/msr``, read with an 8-byte ``pread`` at the
register's number, as of the real device.

The registers of the real device are 8 bytes at every number; in a file neighbours overlap. Those of Intel's energy
domains lie far enough apart. AMD's unit (0xC0010299), core (…29A) and package (…29B) do not: of the unit the lowest two
bytes, which hold the energy unit, survive the package's counter, and the core counter cannot be had beside it.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path

INTEL_UNIT, INTEL_PKG, INTEL_DRAM, INTEL_PP0, INTEL_PP1, INTEL_PSYS = 0x606, 0x611, 0x619, 0x639, 0x641, 0x64D
AMD_UNIT, AMD_CORE, AMD_PKG = 0xC0010299, 0xC001029A, 0xC001029B
INTEL_UNIT_VALUE = 0xA0E03  # ESU 14: 61 uJ
AMD_UNIT_VALUE = 0xA1003  # ESU 16: 15.3 uJ


def write_registers(root: Path, cpu: int, values: Mapping[int, int]) -> Path:
    """Writes the given registers; others keep what they held. Returns the file."""
    path = root / f"dev/cpu/{cpu}/msr"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    with path.open("r+b") as file:
        for register, value in sorted(values.items()):
            file.seek(register)
            file.write(struct.pack("<Q", value))
    return path


def intel(root: Path, cpus: Mapping[int, Mapping[int, int]]) -> None:
    """Counters by CPU and register, with the unit of client and most server parts."""
    for cpu, counters in cpus.items():
        write_registers(root, cpu, {INTEL_UNIT: INTEL_UNIT_VALUE, **counters})


def amd(root: Path, cpus: Mapping[int, int]) -> None:
    """The package's counter by CPU."""
    for cpu, counts in cpus.items():
        write_registers(root, cpu, {AMD_UNIT: AMD_UNIT_VALUE, AMD_PKG: counts})
