"""What a container or a job allows, on trees of files as kernels show them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from impact_tracker.control_groups import cpu_quota, cpu_set_size, groups_of, memory_limit
from impact_tracker.runner import Threads, default_threads
from python.cgroup_tree import cgroup_tree

V1 = "cpu,cpuacct/job/cpu.cfs_{}_us"


@pytest.mark.parametrize(
    ("groups", "files", "expected"),
    [
        ("0::/user.slice/job\n", {"user.slice/job/cpu.max": "150000 100000\n"}, 1.5),
        ("0::/user.slice/job\n", {"user.slice/job/cpu.max": "max 100000\n"}, None),
        # The tighter one holds, whoever set it.
        ("0::/a/b\n", {"a/b/cpu.max": "400000 100000\n", "a/cpu.max": "50000 100000\n", "cpu.max": "max 1\n"}, 0.5),
        # In a container: the path is the host's, the limit stands at the top.
        ("0::/docker/0123\n", {"cpu.max": "200000 100000\n"}, 2.0),
        ("0::/../../other\n", {"cpu.max": "200000 100000\n"}, 2.0),
        ("4:cpu,cpuacct:/job\n", {V1.format("quota"): "250000\n", V1.format("period"): "100000\n"}, 2.5),
        ("4:cpu,cpuacct:/job\n", {V1.format("quota"): "-1\n", V1.format("period"): "100000\n"}, None),
        ("4:cpu:/job\n0::/\n", {"cpu/job/cpu.cfs_quota_us": "30000", "cpu/job/cpu.cfs_period_us": "20000"}, 1.5),
        ("4:cpuset:/job\n", {"cpuset/job/cpu.cfs_quota_us": "1", "cpuset/job/cpu.cfs_period_us": "1"}, None),
        ("0::/a\n", {"a/cpu.max": ""}, None),
        ("0::/a\n", {"a/cpu.max": "nonsense 100000"}, None),
        ("0::/a\n", {"a/cpu.max": "100000 0"}, None),
        ("0::/a\n", {"a/cpu.max": "0 100000"}, None),
        ("nonsense\n\n::\n", {}, None),
    ],
)
def test_the_quota_of_a_group(tmp_path: Path, groups: str, files: dict[str, str], expected: float | None) -> None:
    assert cpu_quota(cgroup_tree(tmp_path, groups, **files)) == expected


def test_without_control_groups(tmp_path: Path) -> None:
    assert cpu_quota(str(tmp_path)) is None
    assert list(groups_of("memory", str(tmp_path))) == []


def test_groups_come_from_the_inside_outwards(tmp_path: Path) -> None:
    groups = list(groups_of("memory", cgroup_tree(tmp_path, "0::/a/b\n", **{"a/b/memory.max": "1"})))
    top = tmp_path / "sys/fs/cgroup"
    assert [(group.folder, group.v2) for group in groups] == [(top / "a/b", True), (top / "a", True), (top, True)]


@pytest.mark.parametrize(
    ("bound", "there", "quota", "expected"),
    [
        (8, 8, None, Threads(8, "machine", None)),
        (4, 8, None, Threads(4, "affinity", None)),
        (8, 8, 1.5, Threads(2, "quota", 1.5)),
        (8, 8, 0.1, Threads(1, "quota", 0.1)),
        (8, 8, 3.0, Threads(3, "quota", 3.0)),
        (2, 8, 3.0, Threads(2, "affinity", 3.0)),
        (8, 8, 8.0, Threads(8, "machine", 8.0)),
        (8, 8, 7.5, Threads(8, "machine", 7.5)),
    ],
)
def test_threads_are_the_lesser_of_processors_and_quota(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bound: int, there: int, quota: float | None, expected: Threads
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(bound)), raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: there)
    text = "max 100000" if quota is None else f"{quota * 100_000:.0f} 100000"
    threads = default_threads(cgroup_tree(tmp_path, "0::/job\n", **{"job/cpu.max": text}))
    assert threads == expected
    assert threads.to_tell == (expected.threads if expected.by == "quota" else None)


def test_this_machine_has_threads() -> None:
    assert (default_threads().threads or 0) >= 1


@pytest.mark.parametrize(
    ("groups", "files", "memory", "cpus"),
    [
        ("0::/\n", {"memory.max": "4294967296\n", "cpuset.cpus.effective": "0-3,8\n"}, 4294967296, 5),
        ("0::/a/b\n", {"a/memory.max": "1000\n", "a/b/memory.max": "max\n", "cpuset.cpus.effective": "0\n"}, 1000, 1),
        ("0::/\n", {"memory.max": "max\n"}, None, None),
        (
            "4:memory:/x\n3:cpuset:/x\n",
            {"memory/memory.limit_in_bytes": "77\n", "cpuset/x/cpuset.cpus": "2-3\n"},
            77,
            2,
        ),
        ("", {}, None, None),
    ],
)
def test_limits_of_memory_and_sets_of_processors(tmp_path, groups, files, memory, cpus):
    root = cgroup_tree(tmp_path, groups, **files)
    assert (memory_limit(root), cpu_set_size(root)) == (memory, cpus)
