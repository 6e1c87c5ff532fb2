"""Processes from a /proc of our own, and the division of powers among them."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from impact_tracker.live.processes import (
    DividedPower,
    GpuUse,
    ProcessTable,
    ProcessUse,
    divided,
    job_text,
    jobs_of,
    with_gpus,
)

pytestmark = pytest.mark.usefixtures("core")
UNKNOWN = DividedPower(None)


def put(root: Path, pid: int, ticks: int, *, command: str = "train", started: int = 7, group: str = "/job_12") -> None:
    place = root / "proc" / str(pid)
    place.mkdir(parents=True, exist_ok=True)
    fields = ["S", "1", *["0"] * 9, str(ticks), "0", *["0"] * 6, str(started), *["0"] * 20]
    (place / "stat").write_text(f"{pid} ({command}) {' '.join(fields)}\n")
    (place / "cgroup").write_text(f"0::{group}\n")


def test_a_look_tells_what_was_used_since_the_one_before(tmp_path: Path) -> None:
    put(tmp_path, 10, 500)
    put(tmp_path, 11, 40, command="a (b) c")
    table = ProcessTable(str(tmp_path))
    assert all(use.cpu_s == 0 and use.watts is None for use in table.look(UNKNOWN))
    put(tmp_path, 10, 550)
    put(tmp_path, 12, 30)  # began since
    uses = {use.pid: use for use in table.look(DividedPower(80.0, "measured"))}
    assert uses[10].cpu_s == pytest.approx(0.5)
    assert uses[11].cpu_s == 0 and uses[11].command == "a (b) c" and uses[11].watts == 0.0
    assert uses[12].cpu_s == pytest.approx(0.3)
    assert uses[10].group == "job_12" and uses[10].job == ""
    assert uses[10].watts == pytest.approx(50.0) and uses[10].quality == "measured"


@pytest.mark.parametrize(
    ("first", "second", "watts"),
    [
        ("cpu  100 0 50 900 3 1 2 9 0 0", "cpu  150 20 60 950 4 6 17 99 0 0", 40.0),  # twice as much
        ("cpu  100 0 50 900 3 1 2 0 0 0", "cpu  110 0 50 950 3 1 2 0 0 0", 80.0),  # fewer than the processes had
        ("cpu  100 0 50 900 3 1 2 0 0 0", "cpu  90 0 50 950 3 1 2 0 0 0", 80.0),  # it began anew
        ("cpu  100 0", "cpu  900 0", 80.0),
        ("intr 1 2 3 4 5 6 7 8", "intr 100 2 3 4 5 6 7 8", 80.0),
        ("", "cpu  900 0 50 900 3 1 2 0 0 0", 80.0),
    ],
)
def test_what_the_machine_did_beside_the_processes_seen_is_nobodys(
    tmp_path: Path, first: str, second: str, watts: float
) -> None:
    put(tmp_path, 10, 500)
    (tmp_path / "proc/stat").write_text(f"{first}\ncpu0 5 5 5 5 5 5 5\n")
    table = ProcessTable(str(tmp_path))
    table.look(UNKNOWN)
    put(tmp_path, 10, 550)
    (tmp_path / "proc/stat").write_text(f"{second}\ncpu0 5 5 5 5 5 5 5\n")
    (use,) = table.look(DividedPower(80.0, "measured"))
    assert use.watts == pytest.approx(watts)


def test_another_process_of_the_same_number_is_another(tmp_path: Path) -> None:
    put(tmp_path, 10, 500)
    table = ProcessTable(str(tmp_path))
    table.look(UNKNOWN)
    put(tmp_path, 10, 20, started=9, command="other")
    (use,) = table.look(UNKNOWN)
    assert use.cpu_s == pytest.approx(0.2) and use.command == "other"


def test_idle_ones_follow_the_powers_quality(tmp_path: Path) -> None:
    put(tmp_path, 10, 500)
    put(tmp_path, 11, 500)
    table = ProcessTable(str(tmp_path))
    table.look(UNKNOWN)
    for ticks, power in ((510, DividedPower(50.0, "measured")), (520, DividedPower(50.0, "modelled"))):
        put(tmp_path, 10, ticks)
        by_pid = {use.pid: use for use in table.look(power)}
        assert by_pid[11].watts == 0.0 and by_pid[11].quality == power.quality
    put(tmp_path, 10, 530)
    assert {use.watts for use in table.look(UNKNOWN)} == {None}  # not known is not 0


@pytest.mark.parametrize(
    ("group", "job"),
    [
        ("/system.slice/slurmstepd.scope/job_77/step_0", "Slurm 77.0"),
        ("/slurm/uid_1000/job_9", "Slurm 9"),
        (f"/system.slice/docker-{'3f' * 32}.scope", "Docker 3f3f3f3f3f3f"),
        ("/user.slice/user-1000.slice/session-3.scope", ""),
    ],
)
def test_the_job_of_a_process_is_that_of_its_group(tmp_path: Path, group: str, job: str) -> None:
    put(tmp_path, 10, 5, group=group)
    (use,) = ProcessTable(str(tmp_path)).look(UNKNOWN)
    assert use.job == job and use.group == group.rpartition("/")[2]
    assert [each.name for each in jobs_of([use])] == [job or use.group]


def test_a_command_cannot_move_the_cursor(tmp_path: Path) -> None:
    put(tmp_path, 10, 5, command="\x1b[2J\x07 x\u202e")
    (use,) = ProcessTable(str(tmp_path)).look(UNKNOWN)
    assert use.command.isprintable() and use.command.endswith("\N{REPLACEMENT CHARACTER}") and "[2J" in use.command


@given(text=st.binary(max_size=200))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None)
def test_any_bytes_are_read_or_passed_over(tmp_path: Path, text: bytes) -> None:
    put(tmp_path, 10, 5)
    (tmp_path / "proc/10/stat").write_bytes(text)
    assert len(ProcessTable(str(tmp_path)).look(UNKNOWN)) <= 1


used = st.lists(st.floats(1e-9, 100) | st.just(0.0), min_size=1, max_size=20)


@given(seconds=used, watts=st.floats(0, 1000), busy_s=st.none() | st.floats(0, 1000))
def test_the_parts_are_no_more_than_the_power(seconds: list[float], watts: float, busy_s: float | None) -> None:
    uses = [ProcessUse(number, "x", 0, cpu_s) for number, cpu_s in enumerate(seconds)]
    parts = [use.watts for use in divided(uses, DividedPower(watts, "measured"), busy_s)]
    if sum(seconds) == 0 and not busy_s:
        assert parts == [None] * len(parts)
    else:
        total = math.fsum(part for part in parts if part is not None)
        assert total <= watts * (1 + 1e-9)
        if busy_s is None:
            assert total == pytest.approx(watts)


def test_an_unknown_power_is_nobodys() -> None:
    assert [use.watts for use in divided([ProcessUse(1, "x", 0, 1.0)], UNKNOWN)] == [None]


def test_a_process_on_a_gpu_has_the_sum_of_what_is_known() -> None:
    on_both = ProcessUse(1, "x", 0, 1.0, 40.0, cpu_watts=40.0, quality="measured")
    unmeasured = ProcessUse(2, "y", 0, 1.0)
    off = ProcessUse(3, "z", 0, 1.0, 7.0, cpu_watts=7.0, quality="measured")
    gpus = {1: GpuUse(300.0, 0.9, 2**30, "modelled"), 2: GpuUse(50.0, None, None, "measured")}
    first, second, third = with_gpus([on_both, unmeasured, off], gpus)
    assert (first.watts, first.partial, first.quality) == (340.0, False, "modelled")
    assert (second.watts, second.partial, second.quality) == (50.0, True, "measured")
    assert third is off
    (hidden,) = with_gpus([on_both], {1: GpuUse(None, None, 5)})
    assert (hidden.watts, hidden.partial) == (40.0, True)
    (none,) = with_gpus([unmeasured], {2: GpuUse(None, None, 5)})
    assert (none.watts, none.partial, none.quality) == (None, False, "missing")


gpu_uses = st.none() | st.builds(
    GpuUse, st.none() | st.floats(0, 500), st.none() | st.floats(0, 1), st.none() | st.integers(0, 2**40)
)
process_uses = st.builds(
    ProcessUse, st.integers(1, 99), st.just("x"), st.just(0), st.floats(0, 9), st.none() | st.floats(0, 99),
    st.sampled_from(["", "a", "b"]), st.sampled_from(["", "Slurm 1"]), gpu=gpu_uses,
)  # fmt: skip


@given(uses=st.lists(process_uses, max_size=12))
def test_jobs_hold_each_process_once(uses: list[ProcessUse]) -> None:
    jobs = jobs_of(uses)
    assert sum(job.processes for job in jobs) == len(uses)
    assert math.fsum(job.cpu_s for job in jobs) == pytest.approx(math.fsum(use.cpu_s for use in uses))
    assert math.fsum(job.watts or 0 for job in jobs) == pytest.approx(math.fsum(use.watts or 0 for use in uses))
    for job in jobs:
        members = [use for use in uses if (use.job or use.group or "no group") == job.name]
        assert (job.watts is None) == all(use.watts is None for use in members)
        assert job.partial or job.watts is None or all(use.watts is not None for use in members)


@given(st.sampled_from(["Slurm", "Docker"]), st.text(alphabet="0123456789abcdef", min_size=1, max_size=70), st.text())
def test_the_text_of_a_job_has_its_number(system: str, job: str, step: str) -> None:
    assert job_text(system, job, step).startswith(f"{system} {job[:12]}")
