"""What a test needs and what there is, in machines and in control groups; nothing is started that cannot fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.run import execution
from impact_tracker.bench.run.memory import estimated_bytes, system_memory
from impact_tracker.bench.show.view import read
from impact_tracker.runner import NetworkFacts
from python import fake_core
from python.bench.flat import flat
from python.bench.stand_ins import Workers, idle
from python.cgroup_tree import cgroup_tree

GIB = 1 << 30


def machine_tree(root: Path, groups: str = "", **files: str) -> str:
    cgroup_tree(root, groups, **files)
    (root / "proc/meminfo").write_text(f"MemTotal: {8 * GIB // 1024} kB\nMemAvailable: {6 * GIB // 1024} kB\n")
    return str(root)


def test_memory_that_a_test_needs() -> None:
    (test,) = suite_tests(Settings(models=("mobilenet-v2",), batch=10))
    network = NetworkFacts("small", input=(3, 64, 64), activations=1000, parameters=500)
    assert estimated_bytes(test, network) == 4 * 4 * 500 + 10 * 10 * 250


def test_the_machine_s_memory(tmp_path: Path) -> None:
    assert system_memory(machine_tree(tmp_path)) == (8 * GIB, 6 * GIB)
    assert system_memory(str(tmp_path / "nothing")) is None
    total, free = system_memory() or (0, 0)
    assert total >= free > 0


def test_a_control_group_allows_less(tmp_path: Path) -> None:
    group = "user.slice/job"
    files = {
        f"{group}/memory.max": str(2 * GIB),
        f"{group}/memory.current": str(GIB),
        f"{group}/memory.stat": f"anon 5\ninactive_file {GIB // 2}\n",
        "user.slice/memory.max": "max\n",
    }
    root = machine_tree(tmp_path, f"0::/{group}\n", **files)
    assert system_memory(root) == (2 * GIB, GIB + GIB // 2)


def test_the_first_version_of_control_groups_and_a_container(tmp_path: Path) -> None:
    """The path is the host's and is not seen inside: the limit stands at the top."""
    files = {
        "memory/memory.limit_in_bytes": str(3 * GIB),
        "memory/memory.usage_in_bytes": str(GIB),
        "memory/memory.stat": "total_inactive_file 0\n",
    }
    root = machine_tree(tmp_path, "5:cpu:/a\n4:memory:/docker/0123\n", **files)
    assert system_memory(root) == (3 * GIB, 2 * GIB)


def test_what_cannot_fit_is_a_row_and_its_worker_is_never_started(
    machine: fake_core.Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workers = Workers()
    campaign = Campaign.create(tmp_path / "a", Settings(repeats=1, images=100), open_worker=workers, sleep=idle)
    monkeypatch.setattr(execution, "system_memory", lambda: (8 * GIB, 100_000_000))
    outcome = campaign.run(quiet=True)
    assert workers.opened == workers.closed == 2  # one to look, one for the small network
    (reason,) = outcome.failed.values()
    assert reason.startswith("load: it needs about")
    assert "100 MB are free" in reason
    row = next(row for row in flat(read(tmp_path / "a")) if row["status"] == "failed")
    assert (row["model"], row["phase"], row["failure"]) == ("mobilenet-v2", "load", "out-of-memory")
    assert row["energy_j"] is None
