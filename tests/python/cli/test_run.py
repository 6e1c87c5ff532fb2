"""`impact-tracker run`: exit codes, signals, budgets, what goes to which stream."""

from __future__ import annotations

import itertools
import json
import os
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from impact_tracker import cli
from impact_tracker.descendants import descendants_of, is_alive
from impact_tracker.tracker import ImpactTracker
from python import fake_core

Machine = fake_core.Machine
Capture = pytest.CaptureFixture[str]


def run(arguments: Sequence[str]) -> int:
    return cli.main(["run", "--quiet", *arguments])


@pytest.mark.parametrize("code", [0, 1, 3, 255])
def test_exit_codes_pass_through(machine: Machine, tmp_path: Path, code: int) -> None:
    assert run(["-o", str(tmp_path), "--", "sh", "-c", f"exit {code}"]) == code
    assert run(["-o", str(tmp_path), "sh", "-c", f"exit {code}"]) == code
    assert len(list((tmp_path / "impacttracker").iterdir())) == 2


def test_another_thread_that_takes_the_childs_signal_away_stops_nobody(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    really_wait, looks = os.waitpid, itertools.count()

    def ends_behind_the_first_look(pid: int, options: int) -> tuple[int, int]:
        if next(looks) == 0:
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
            return 0, 0
        return really_wait(pid, options)

    done = threading.Event()
    other = threading.Thread(target=done.wait)
    other.start()  # it does not block SIGCHLD, as the threads of numerical libraries do not
    monkeypatch.setattr(os, "waitpid", ends_behind_the_first_look)
    try:
        assert run(["-o", str(tmp_path), "--", "sh", "-c", "exit 3"]) == 3
    finally:
        done.set()
        other.join()


def test_a_killed_command_is_128_plus_its_signal(machine: Machine, tmp_path: Path) -> None:
    assert run(["-o", str(tmp_path), "--", "sh", "-c", "kill -TERM $$"]) == 143
    assert run(["-o", str(tmp_path), "--", "sh", "-c", "kill -KILL $$"]) == 137


def test_a_command_that_has_used_its_budget_is_asked_to_end(
    machine: Machine, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(machine, monkeypatch)
    options = ["-o", str(tmp_path), "--budget", "1 kJ", "--interval", "0.01"]
    assert run([*options, "--", "sleep", "60"]) == 143
    told = capsys.readouterr().err
    assert "the budget of 1 kJ is spent after" in told
    assert "SIGTERM" in told and "SIGKILL:" not in told
    assert "the grace took" in told and "cost" in told


def test_after_the_grace_it_is_ended_with_all_that_it_began(
    machine: Machine, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    spend(machine, monkeypatch)
    options = ["-o", str(tmp_path), "--budget", "1 kJ", "--interval", "0.01", "--grace", "0.3"]
    pid_file = tmp_path / "pid"
    deaf = f"trap '' TERM; sleep 60 & echo $! > {pid_file}; while :; do sleep 0.05; done"
    assert run([*options, "--", "sh", "-c", deaf]) == 137
    assert "did not end within 300 ms of grace: SIGKILL" in capsys.readouterr().err
    child = int(pid_file.read_text())
    assert not any(mark.pid == child and is_alive(mark) for mark in descendants_of(1))
    # A shell that ends at once, and leaves its program behind.
    leaving = f"sleep 61 & echo $! > {pid_file}; wait"
    assert run([*options, "--", "sh", "-c", leaving]) == 143
    child = int(pid_file.read_text())
    assert not any(mark.pid == child and is_alive(mark) for mark in descendants_of(1))


def spend(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look at the tracker's energy finds a second more."""
    energy_j = ImpactTracker.energy_j

    def later(tracker: ImpactTracker) -> float | None:
        machine.advance(1)
        return energy_j.fget(tracker)  # type: ignore[attr-defined, no-any-return]

    monkeypatch.setattr(ImpactTracker, "energy_j", property(later))


def test_no_such_command_is_127_and_leaves_no_record(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    assert run(["-o", str(tmp_path), "--", "no-such-command"]) == 127
    assert capsys.readouterr().err == "impact-tracker run: no-such-command: command not found\n"
    (tmp_path / "text").write_text("hello")
    assert run(["-o", str(tmp_path), "--", str(tmp_path / "text")]) == 126
    assert not (tmp_path / "impacttracker").exists()
    assert run(["-o", str(tmp_path)]) == 2
    assert "no command was given" in capsys.readouterr().err


def test_a_script_without_a_first_line_runs_as_in_a_shell(machine: Machine, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("exit 5\n")
    script.chmod(0o755)
    assert run(["-o", str(tmp_path), "--", str(script)]) == 5


def test_settings_reach_the_record_and_secrets_do_not(machine: Machine, tmp_path: Path) -> None:
    options = ["--interval", "0.5", "--tag", "model=a,fold=2", "--tag", "x=y", "--zone", "FR", "--pue", "1.2"]
    assert run(["-o", str(tmp_path), *options, "--", "true", "--", "-o", "--token", "sesame"]) == 0
    (path,) = (tmp_path / "impacttracker").iterdir()
    header = json.loads(path.read_text().splitlines()[0])["header"]
    assert header["tags"] == {"model": "a", "fold": "2", "x": "y"}
    assert (header["zone"], header["pue"], header["interval_s"]) == ("FR", 1.2, 0.5)
    assert run(["-o", str(tmp_path), "--interval", "0", "--", "true"]) == 2


def test_summary_goes_to_standard_error(machine: Machine, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "-o", str(tmp_path), "--", "echo", "theirs"]) == 0
    captured = capfd.readouterr()
    assert captured.out == "theirs\n"
    assert captured.err.startswith("impact-tracker: ")
    assert str(tmp_path / "impacttracker") in captured.err


def test_the_command_gets_the_signals_as_this_program_had_them(machine: Machine, tmp_path: Path) -> None:
    program = (
        "import signal; print(len(signal.pthread_sigmask(signal.SIG_BLOCK, [])), signal.getsignal(signal.SIGPIPE))"
    )
    target = tmp_path / "out"
    script = f"import sys, signal; sys.stdout = open({str(target)!r}, 'w'); {program}"
    assert run(["-o", str(tmp_path), "--", sys.executable, "-c", script]) == 0
    assert target.read_text().split()[0] == "0"
