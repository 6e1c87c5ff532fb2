from __future__ import annotations

import filecmp
import os
from pathlib import Path

import pytest

from fakes import machine_trees, msr

NAMES = [machine.name for machine in machine_trees.MACHINES]


def same(a: filecmp.dircmp[str]) -> bool:
    return not (a.left_only or a.right_only or a.diff_files) and all(map(same, a.subdirs.values()))


@pytest.mark.parametrize("machine", machine_trees.MACHINES, ids=NAMES)
def test_the_committed_tree_is_what_the_generator_writes(machine: machine_trees.Machine, tmp_path: Path) -> None:
    machine_trees.write(machine, tmp_path)
    assert same(filecmp.dircmp(tmp_path / machine.name, machine_trees.DATA / machine.name))


@pytest.mark.parametrize("name", NAMES)
def test_every_link_leads_somewhere_inside(name: str) -> None:
    base = machine_trees.DATA / name
    links = [path for path in base.rglob("*") if path.is_symlink()]
    for link in links:
        assert link.resolve().is_relative_to(base)
        assert link.exists(), link
    assert bool(links) == (not name.startswith("vm-no"))


def test_the_kernels_numbering_of_cpus() -> None:
    two_threads = machine_trees.cpus(1, 8, 2, dies=4)
    assert [cpu.die for cpu in two_threads[:8]] == [0, 0, 1, 1, 2, 2, 3, 3]
    assert two_threads[11].siblings == (3, 11)
    assert [cpu.package for cpu in machine_trees.cpus(2, 2, 1)] == [0, 0, 1, 1]


def test_registers_of_a_file(tmp_path: Path) -> None:
    msr.intel(tmp_path, {0: {msr.INTEL_PKG: 0x1_2345_6789, msr.INTEL_DRAM: 77, msr.INTEL_PSYS: 5}})
    msr.amd(tmp_path, {3: 0xFFFF_FFFF})
    with (tmp_path / "dev/cpu/0/msr").open("rb") as file:
        registers = {name: int.from_bytes(os.pread(file.fileno(), 8, name), "little") for name in (0x606, 0x611, 0x619)}
    assert registers == {0x606: 0xA0E03, 0x611: 0x1_2345_6789, 0x619: 77}
    with (tmp_path / "dev/cpu/3/msr").open("rb") as file:
        assert int.from_bytes(os.pread(file.fileno(), 8, msr.AMD_PKG), "little") == 0xFFFF_FFFF
        assert int.from_bytes(os.pread(file.fileno(), 2, msr.AMD_UNIT), "little") >> 8 & 0x1F == 16
