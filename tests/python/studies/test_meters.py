"""Meters side by side: how they are found, what is compared, logs of meters that run by themselves."""

from __future__ import annotations

import json
import math
import random
import sys
from pathlib import Path

import pytest

from impact_tracker import cli
from impact_tracker.studies.meters.compare import compared, ratio_of
from impact_tracker.studies.meters.measure import MeterReading, _joules_of_perf, of_series
from impact_tracker.studies.meters.meter import KNOWN, Absence, FoundMeter, find

pytest.importorskip("scipy")
Capture = pytest.CaptureFixture[str]

STUB = """
class Data:
    cpu_energy, gpu_energy, ram_energy, energy_consumed = 2e-6, 0.0, 1e-6, 3e-6

class OfflineEmissionsTracker:
    def __init__(self, **options):
        assert options["country_iso_code"] == "FRA"
    def start(self):
        self.started = True
    def stop(self):
        self.final_emissions_data = Data() if self.started else None
"""


@pytest.fixture
def codecarbon(tmp_path: Path) -> str:
    """An interpreter whose environment has a stand-in of CodeCarbon."""
    package = tmp_path / "site" / "codecarbon"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(STUB)
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nPYTHONPATH={tmp_path / "site"} exec {sys.executable} "$@"\n')
    python.chmod(0o755)
    return str(python)


def meters(capsys: Capture, *options: str) -> tuple[int, str, str]:
    words = ["meters", *options]
    code = cli.main(words)
    out, err = capsys.readouterr()
    return code, out, err


def reading(
    meter: str, number: int, energy_j: float | None, duration_s: float = 10.0, cpu_s: float = 5.0
) -> MeterReading:
    start_ns = hash((meter, number)) % 10**12
    return MeterReading(
        meter, number, energy_j, duration_s, cpu_s, 1e9 + 100 * number, start_ns, start_ns + round(duration_s * 1e9),
        "" if energy_j is not None or meter == "bare" else "broken",
    )  # fmt: skip


def test_a_library_of_another_environment_is_asked_there(tmp_path: Path, capsys: Capture, codecarbon: str) -> None:
    options = [
        "--only",
        "codecarbon",
        "--python",
        f"codecarbon={codecarbon}",
        "--rounds",
        "2",
        "--rest",
        "0",
        "-q",
        "--json",
    ]
    code, out, err = meters(capsys, *options, "--", "sleep", "0.05")
    assert code == 0, err
    answer = json.loads(out)
    (row,) = answer["meters"]
    assert row["meter"] == "codecarbon"
    assert row["energy_j"]["value"] == pytest.approx(10.8)
    assert row["energy_j"]["runs"] == 2
    assert {entry["meter"] for entry in answer["readings"]} == {"bare", "codecarbon"}
    assert all(entry["duration_s"] >= 0.05 for entry in answer["readings"])


def test_meters_that_are_not_here_are_said_absent_with_the_remedy(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    monkeypatch.setenv("PIPX_HOME", "/nonexistent")
    monkeypatch.setenv("UV_TOOL_DIR", "/nonexistent")
    code, out, _ = meters(capsys, "--list", "--json")
    assert code == 0
    answer = json.loads(out)
    assert "uv tool install zeus" in answer["absent"]["zeus"]
    assert "--power alumet=FILE" in answer["absent"]["alumet"]
    assert set(answer["here"]) | set(answer["absent"]) == set(KNOWN)
    assert isinstance(find(KNOWN["pyrapl"], {"pyrapl": "/bin/true"}), Absence)
    assert isinstance(find(KNOWN["impact-tracker"], {}), FoundMeter)


def test_a_workload_that_fails_alone_ends_the_study(capsys: Capture) -> None:
    code, _, err = meters(
        capsys, "--only", "bare", "--power", "x=y.csv", "-q", "--", "sh", "-c", "echo broken >&2; exit 3"
    )
    assert code == 2
    assert "exit code 3: broken" in err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "codecarbn"], "Did you mean codecarbon"),
        (["--reference", "plug"], "none of the meters here"),
        (["--rounds", "0"], "above 0"),
        (["--power", "plug"], "NAME=VALUE"),
        (["--python", "cc=/bin/python"], "no meter has the name"),
    ],
)
def test_options_that_make_no_sense(capsys: Capture, options: list[str], words: str) -> None:
    code, _, err = meters(capsys, *options, "--", "true")
    assert code == 2
    assert words in err


def test_ratios_are_paired_and_their_intervals_hold() -> None:
    draw = random.Random(3)
    inside = 0
    for _ in range(500):
        rows = []
        for number in range(5):
            machine = draw.uniform(50, 150)  # what a round costs changes much; the meters see the same
            rows.append(reading("bare", number, None))
            rows.append(reading("truth", number, machine))
            rows.append(reading("other", number, 0.8 * machine * math.exp(draw.gauss(0, 0.05))))
        other = next(row for row in compared(rows, "truth") if row.meter == "other")
        assert other.ratio is not None and other.ratio.low is not None and other.ratio.high is not None
        inside += other.ratio.low <= 0.8 <= other.ratio.high
    assert 0.93 <= inside / 500 <= 0.97


def test_what_a_meter_costs_is_held_against_the_bare_workload() -> None:
    rows = [reading("bare", n, None, 10, 5) for n in range(3)] + [reading("slow", n, 70.0, 11, 6.5) for n in range(3)]
    (row,) = compared(rows, "slow")
    assert row.extra_time is not None and row.extra_time.value == pytest.approx(1.1)
    assert row.extra_cpu_s is not None and row.extra_cpu_s.value == pytest.approx(1.5)
    (row,) = compared([reading("dead", n, None) for n in range(3)], "dead")
    assert row.energy_j is None and row.failures == ("broken",)
    assert ratio_of([]) is None
    single = ratio_of([0.0])
    assert single is not None and single.low is None


def test_a_log_of_powers_gives_the_energy_of_each_run(tmp_path: Path) -> None:
    log = tmp_path / "plug.csv"
    log.write_text("time,power_w\n" + "".join(f"{1e9 - 5 + second},{100 + second}\n" for second in range(120)))
    rows = of_series("plug", str(log), [reading("bare", n, None) for n in range(3)])
    assert rows[0].energy_j == pytest.approx(10 * (105 + 5))
    assert rows[1].energy_j == pytest.approx(10 * (205 + 5))
    assert rows[2].energy_j is None and "does not cover" in rows[2].error
    log.write_text("time,power_w\n2001-09-09T01:46:40Z,100\n2001-09-09T03:46:50+02:00,100\n")
    assert of_series("plug", str(log), [reading("bare", 0, None)])[0].energy_j == pytest.approx(1000)
    log.write_text("time,power_w\n5,100\n5,100\n")
    with pytest.raises(ValueError, match="must increase"):
        of_series("plug", str(log), [])
    log.write_text("time,watts\n5,100\n")
    with pytest.raises(ValueError, match="columns time and power_w"):
        of_series("plug", str(log), [])
    log.write_text("time,power_w\n2001-09-09T01:46:40,100\n")
    with pytest.raises(ValueError, match=r"plug\.csv:2: .* no zone"):
        of_series("plug", str(log), [])


def test_answers_of_programs_are_read_as_they_write_them() -> None:
    text = (
        "# started on Mon\n\n12.34;Joules;power/energy-pkg/;100;100.00;;\n1.06;Joules;power/energy-ram/;100;100.00;;\n"
    )
    assert _joules_of_perf(text)[0] == pytest.approx(13.4)
    german = text.replace(".", ",")  # perf writes the decimal point of the user's language
    assert _joules_of_perf(german)[0] == pytest.approx(13.4)
    assert _joules_of_perf("<not supported>;Joules;power/energy-pkg/;0;100.00;;\n")[0] is None
    assert _joules_of_perf("")[0] is None
