"""The command: exit codes, what goes to which stream, golden pages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from impact_tracker import cli
from impact_tracker.cli import surroundings
from impact_tracker.tracker import ImpactTracker
from python import fake_core, golden
from python.test_old_logs import write_log

Machine = fake_core.Machine
Capture = pytest.CaptureFixture[str]


HOST = {
    "cpu": "Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz",
    "sockets": 1,
    "physical_cores": 16,
    "logical_cpus": 32,
    "memory_bytes": 64_000_000_000,
}


@pytest.fixture(autouse=True)
def known_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a page says of the machine, and the estimate for it, are the same wherever the tests run."""
    monkeypatch.setattr("impact_tracker.runinfo.host_info", lambda: dict(HOST))


def record(machine: Machine, logdir: Path, seconds: float = 60.0, watts: float = 100.0, **settings: Any) -> Path:
    machine.power_w = watts
    with ImpactTracker(logdir, intensity_g_per_kwh=50.0, **settings) as tracker:
        with tracker.region("load"):
            machine.advance(seconds / 4)
        with tracker.region("train", edges="tick"):
            machine.advance(seconds * 3 / 4)
    return Path(tracker.path)


def settled(text: str, tmp_path: Path) -> str:
    """A page without what differs from run to run: paths, process numbers, command lines."""
    import re

    text = text.replace(str(tmp_path), "/RUNS").replace(sys.executable, "/python")
    text = re.sub(r"-\d+-([0-9a-f]{4})", r"-PID-\1", text)
    text = text.replace(f'"{os.uname().nodename}"', '"HOST"').replace(f",{os.uname().nodename},", ",HOST,")
    text = re.sub(rf"(?m)^{re.escape(os.uname().nodename)},.*$", "HOST", text)
    text = re.sub(r"(CPUs busy: \S+ of) \d+", r"\1 N", text)
    return re.sub(r'(?m)^/python .*$|(?<="command": ").*(?=",$)', "COMMAND", text)


def check(name: str, capture: Capture, tmp_path: Path) -> None:
    golden.check(f"cli/{name}", settled(capture.readouterr().out, tmp_path))


def test_help_names_every_command_and_version_prints(machine: Machine, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--help"])
    assert ended.value.code == 0
    text = capsys.readouterr().out
    assert all(name in text for name in cli.COMMANDS)
    assert cli.main([]) == 0
    capsys.readouterr()
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"impact-tracker {fake_core.__version__}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_keeps_the_contract(name: str, machine: Machine, capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main([name, "--help"])
    assert ended.value.code == 0
    assert "usage: impact-tracker" in capsys.readouterr().out


def test_a_wrong_word_names_near_ones(capsys: Capture) -> None:
    assert cli.main(["reprot", "x"]) == 2
    assert "did you mean report" in capsys.readouterr().err


def test_only_the_module_of_the_command_is_imported() -> None:
    program = (
        "import sys\nfrom impact_tracker import cli\n"
        "try:\n    cli.main(['doctor', '--help'])\nexcept SystemExit: pass\n"
        "print([n for n in sys.modules if n.startswith('impact_tracker.') and 'cli' not in n], file=sys.stderr)\n"
    )
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.stderr.strip() == "[]"


# ---- report


def test_report_of_one_run(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    record(machine, tmp_path, tags={"model": "resnet"})
    assert cli.main(["report", str(tmp_path), "--regions"]) == 0
    check("report-one.txt", capsys, tmp_path)


def test_report_of_several_runs(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    for name, watts in (("a", 100.0), ("b", 150.0), ("c/d", 50.0)):
        record(machine, tmp_path / name, 3600, watts)
    record(machine, tmp_path / "a", 10)
    assert cli.main(["report", str(tmp_path)]) == 0
    check("report-several.txt", capsys, tmp_path)


def test_report_as_json_and_csv(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    record(machine, tmp_path / "a", tags={"fold": "1"})
    record(machine, tmp_path / "b", tags={"seed": "7, 8"})
    assert cli.main(["report", str(tmp_path), "--csv"]) == 0
    golden.check_csv("cli/report.csv", settled(capsys.readouterr().out, tmp_path))
    assert cli.main(["report", str(tmp_path), "--csv", "--regions"]) == 0
    golden.check_csv("cli/report-regions.csv", settled(capsys.readouterr().out, tmp_path))
    assert cli.main(["report", str(tmp_path / "a"), "--json", "--regions"]) == 0
    text = capsys.readouterr().out
    document = json.loads(text, parse_constant=pytest.fail)
    assert document["complete"] is True
    assert document["runs"][0]["tags"] == {"fold": "1"}
    assert [region["name"] for region in document["runs"][0]["regions"]] == ["load", "train"]
    golden.check_json("cli/report.json", settled(text, tmp_path))


def test_report_weighs_with_other_factors(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    record(machine, tmp_path, pue=1.5)
    cli.main(["report", str(tmp_path), "--json"])
    own = json.loads(capsys.readouterr().out)["runs"][0]["result"]
    cli.main(["report", str(tmp_path), "--json", "--intensity", "100", "--pue", "1"])
    other = json.loads(capsys.readouterr().out)["runs"][0]["result"]
    assert other["carbon_g"] == pytest.approx(own["carbon_g"] / 1.5 * 2)
    cli.main(["report", str(tmp_path), "--json", "--zone", "world"])
    assert json.loads(capsys.readouterr().out)["runs"][0]["result"]["pue"] == 1.5
    assert cli.main(["report", str(tmp_path), "--zone", "Franze"]) == 2
    assert "Did you mean France" in capsys.readouterr().err


def test_a_record_that_ends_early_is_no_failure(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    tracker = ImpactTracker(tmp_path / "a").start()
    machine.advance(5)
    tracker.flush()
    assert cli.main(["report", str(tmp_path), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["complete"], document["runs"][0]["complete"]) == (False, False)
    assert cli.main(["report", str(tmp_path)]) == 0
    assert "ends early" in capsys.readouterr().out
    tracker.stop()


def test_a_damaged_line_is_passed_over_and_said(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    path = record(machine, tmp_path)
    path.write_text(path.read_text() + "{half\n")
    assert cli.main(["report", str(tmp_path)]) == 0
    assert "damaged: line 5" in capsys.readouterr().out
    other = record(machine, tmp_path / "other")
    other.write_text("nothing of the kind\n")
    assert cli.main(["report", str(tmp_path)]) == 0
    assert f"not read: {other}" in capsys.readouterr().out
    assert cli.main(["report", str(other)]) == 2
    assert "no record" in capsys.readouterr().err


def test_no_record_is_exit_2_with_path_and_hint(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    assert cli.main(["report", str(tmp_path)]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert str(tmp_path) in captured.err
    assert "impact-tracker run -o" in captured.err
    ImpactTracker(tmp_path)
    assert cli.main(["report", str(tmp_path)]) == 2
    assert "was ever started" in capsys.readouterr().err
    assert cli.main(["report", str(tmp_path / "lost")]) == 2
    assert "lost" in capsys.readouterr().err


def test_old_logs_are_reported_too(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    write_log(tmp_path, [10.0])
    assert cli.main(["report", str(tmp_path)]) == 0
    assert "by experiment-impact-tracker" in capsys.readouterr().out


def test_overlapping_runs_are_one_machine_counted_once(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    outer = ImpactTracker(tmp_path / "outer", intensity_g_per_kwh=50.0).start()
    record(machine, tmp_path / "inner")
    outer.stop()
    assert cli.main(["report", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith("2 records of 1 machine: 6.30 kJ")


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_plot(machine: Machine, tmp_path: Path, capsys: Capture, suffix: str) -> None:
    pytest.importorskip("matplotlib")
    record(machine, tmp_path / "a")
    record(machine, tmp_path / "b")
    target = tmp_path / "figures" / f"power.{suffix}"
    assert cli.main(["report", str(tmp_path), "--plot", str(target)]) == 0
    assert target.read_bytes()[:5] in (b"\x89PNG\r", b"<?xml")
    assert cli.main(["report", str(tmp_path), "--plot", "power.txt"]) == 2
    assert ".png, .svg or .pdf" in capsys.readouterr().err


# ---- compare, doctor


def test_compare_two_runs(machine: Machine, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    record(machine, tmp_path / "a")
    record(machine, tmp_path / "b", 66, 110)
    assert cli.main(["compare", "a", "b"]) == 0
    check("compare.txt", capsys, tmp_path)
    assert cli.main(["compare", "a", "b", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    energy = document["comparisons"][0]
    assert energy["ratio"] == pytest.approx(66 * 115 / (60 * 105))
    assert energy["clear"]
    assert not energy["overlap"]
    assert document["same_sensors"]


def test_compare_groups_by_their_scatter(
    machine: Machine, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for watts in (100, 104, 108):
        record(machine, tmp_path / "a", 60, watts)
        record(machine, tmp_path / "b", 60, watts + 2)
    assert cli.main(["compare", "a", "b"]) == 0
    text = capsys.readouterr().out
    assert "the same energy within what is known" in text
    assert "mean of 3 runs" in text
    golden.check("cli/compare-groups.txt", text)


def test_compare_without_a_measurement(machine: Machine, tmp_path: Path, capsys: Capture) -> None:
    record(machine, tmp_path / "a")
    machine.measured = False
    with pytest.warns(UserWarning, match="no energy"):
        record(machine, tmp_path / "b")
    machine.measured = True
    assert cli.main(["compare", str(tmp_path / "a"), str(tmp_path / "b")]) == 0
    assert "cannot be compared" in capsys.readouterr().out


@pytest.fixture
def a_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Whether one is built must not decide what a test sees."""
    worker = tmp_path / "impact-worker"
    worker.touch()
    monkeypatch.setenv("IMPACT_TRACKER_WORKER", str(worker))
    return worker


def test_doctor(
    machine: Machine, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch, a_worker: Path
) -> None:
    monkeypatch.setattr(surroundings, "read", lambda root: surroundings.Surroundings(None, None, ()))
    assert cli.main(["doctor"]) == 0
    check("doctor.txt", capsys, tmp_path)
    assert cli.main(["doctor", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["sources"][1]["state"] == "used"
    assert document["surroundings"] == {"container": None, "guest": None, "masked": []}
    assert document["worker"] == str(a_worker)


@pytest.mark.usefixtures("a_worker")
def test_doctor_on_a_machine_without_anything(
    machine: Machine, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake_core, "probe", lambda root, settings: [])
    monkeypatch.setattr(surroundings, "read", lambda root: surroundings.Surroundings(None, None, ()))
    assert cli.main(["doctor"]) == 0
    assert capsys.readouterr().out == "no energy can be had on this machine\n"


def test_doctor_says_what_brings_the_worker_where_there_is_none(
    machine: Machine, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("IMPACT_TRACKER_WORKER", raising=False)
    monkeypatch.setattr("impact_tracker.runner.runner._places", lambda: [])
    assert cli.main(["doctor"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "`impact-tracker bench`" in text and "pip install impact-tracker-worker" in text
    assert cli.main(["doctor", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["worker"] is None


def test_a_warning_does_not_name_a_line_of_the_command_itself(
    machine: Machine, tmp_path: Path, capsys: Capture
) -> None:
    import warnings

    from impact_tracker.errors import ImpactWarning

    before = warnings.formatwarning
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        machine.measured = False
        assert cli.main(["run", "-o", str(tmp_path), "--budget", "5 J", "--", "true"]) == 0
        line = cli._warning_line(ImpactWarning("mind"), ImpactWarning, "/bin/impact-tracker", 8)
    assert warnings.formatwarning is before
    assert line == "impact-tracker: mind\n"
    assert "ImpactWarning" not in capsys.readouterr().err


def test_an_error_of_the_system_is_told_without_its_number_and_its_path_once() -> None:
    assert cli._words(PermissionError(13, "Permission denied", "/a/b")) == "/a/b: Permission denied"
    assert cli._words(OSError(28, "/a/b cannot be written: full", "/a/b")) == "/a/b cannot be written: full"
    assert (
        cli._words(OSError(20, "not written: /a/b: Not a directory", "/a/b/c")) == "not written: /a/b: Not a directory"
    )
    assert cli._words(OSError("words alone")) == "words alone"
    assert cli._words(ValueError("3 is no zone")) == "3 is no zone"
