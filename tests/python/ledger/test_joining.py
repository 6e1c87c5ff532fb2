"""What joins afterwards: tables of jobs, other tools' files, records, and runs that were killed."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from impact_tracker.ledger import Ledger, entries_of, read_job_rows
from impact_tracker.spool import Place, RunEntry, write
from impact_tracker.tracked_run import boot_id
from impact_tracker.values import Energy
from python.ledger.drawn import EPOCH, SECOND, entry
from python.ledger.test_families import joules, runs_of

TABLE = """job,project,started_at,ended_at,energy_j,fate,user,nodes,quality
slurm:1,asr,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z,3600,finished,ada,n1 n2,measured
slurm:2,,1793527200,1793530800,,cancelled,bob,n1,
slurm:3,asr,2026-11-01T10:00:00,2026-11-01T11:00:00Z,10,finished,ada,,
slurm:4,asr,2026-11-01T12:00:00Z,2026-11-01T11:00:00Z,10,finished,ada,,
slurm:5,asr,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z,18446744073709551614,finished,ada,,
slurm:6,asr,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z,10,perhaps,ada,,
,asr,,,10,finished,ada,,
"""


def test_a_table_of_jobs_keeps_odd_rows_apart_with_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "jobs.csv"
    path.write_text(TABLE)
    rows, faults = read_job_rows(path, "vision")
    assert [(row.job, row.project, row.energy.best_j) for row in rows] == [
        ("slurm:1", "asr", 3600),
        ("slurm:2", "vision", None),
    ]
    assert rows[0].entry().duration_s == 3600
    assert [fault.partition(": ")[2] for fault in faults] == [
        "left out: the time 2026-11-01T10:00:00 has no zone: write it as 2026-11-30T12:00:00Z",
        "left out: slurm:4 ends before it starts",
        "left out: an energy of 1.84467e+19 J is no measurement",
        "left out: a run's fate cannot be 'perhaps'; one of finished, failed, cancelled, debug, open",
        "left out: a job has a name, as in slurm:4711",
    ]


def test_a_job_of_0_joules_was_not_measured(tmp_path: Path) -> None:
    """Slurm writes 0 for NVIDIA's cards, whose plugin does not read; a job of a moment may have been rounded."""
    path = tmp_path / "jobs.csv"
    path.write_text(
        "job,started_at,ended_at,energy_j\n"
        "slurm:1,2026-11-01T10:00:00Z,2026-11-01T11:00:00Z,0\n"
        "slurm:2,2026-11-01T10:00:00Z,2026-11-01T10:00:02Z,0\n"
        "slurm:3,,,0.0\n"
        "slurm:4,,,4294967294\n"
    )
    rows, faults = read_job_rows(path, "asr")
    assert [(row.job, row.energy.best_j) for row in rows] == [("slurm:1", None), ("slurm:2", 0.0), ("slurm:3", None)]
    assert len(faults) == 1 and "does not know" in faults[0]


# ---- other tools and records


CODECARBON = {
    **{"timestamp": "2026-11-30T12:10:00", "project_name": "asr", "run_id": "4f1f", "duration": "600"},
    **{"emissions": "0.01", "emissions_rate": "1e-5", "cpu_power": "40", "gpu_power": "0", "ram_power": "5"},
    **{"cpu_energy": "0.006", "gpu_energy": "0", "ram_energy": "0.001", "energy_consumed": "0.007"},
    **{"country_name": "France", "country_iso_code": "FRA", "region": "", "cloud_provider": "", "cloud_region": ""},
    **{
        "os": "Linux",
        "python_version": "3.11",
        "codecarbon_version": "3.0.0",
        "cpu_count": "2",
        "cpu_model": "AMD EPYC",
    },
    **{"gpu_count": "", "gpu_model": "", "ram_total_size": "23.5", "tracking_mode": "machine", "pue": "1.0"},
}


def test_another_tools_file_joins_once(tmp_path: Path) -> None:
    path = tmp_path / "emissions.csv"
    path.write_text("\n".join([",".join(CODECARBON), ",".join(CODECARBON.values()), ""]))
    entries, faults = entries_of(path, "asr")
    assert faults == []
    with Ledger.open(tmp_path / "l") as ledger:
        assert ledger.add(entries) == (1, 0)
        assert ledger.add(entries_of(path, "asr")[0]) == (0, 1)
        (run,) = ledger.runs()
    assert run.energy.kwh == pytest.approx(0.007)
    assert "carbon" in run.tool.lower()
    with pytest.raises(ValueError, match="--project"):
        entries_of(path)


def test_another_tool_beside_a_tracker_on_such_a_machine_counts_once(tmp_path: Path) -> None:
    """The other tool says only what the machine is like: it may be this one, and then its energy is the same."""
    hardware = {"cpu": "AMD EPYC", "threads": "2"}
    tracked = entry("a", 0, 100, 1000)
    tracked = replace(tracked, place=replace(tracked.place, hardware=hardware))
    begin = EPOCH + 10 * SECOND
    foreign = RunEntry(
        "cc",
        "asr",
        Energy(800),
        kind="statement",
        tool="CodeCarbon",
        fate="finished",
        started_ns=begin,
        duration_s=80.0,
        place=Place(
            machine="some EPYC", start_ns=begin, stop_ns=begin + 80 * SECOND, is_certain=False, hardware=hardware
        ),
        written_ns=begin,
    )
    assert sum(value or 0 for value in joules(runs_of(tmp_path, foreign, tracked))) == pytest.approx(1000)
    elsewhere = replace(foreign, place=replace(foreign.place, hardware={"cpu": "Xeon"}))
    assert sum(value or 0 for value in joules(runs_of(tmp_path / "b", elsewhere, tracked))) == pytest.approx(1800)


# ---- runs that were killed


def open_entry(folder: Path, origin: Path, **place: object) -> None:
    here: dict[str, object] = {"host": os.uname().nodename, "machine": boot_id(), "pid": 2**22 + 1, **place}
    begun = RunEntry("killed", "asr", started_ns=EPOCH, place=Place(**here), origin=str(origin), written_ns=EPOCH)  # type: ignore[arg-type]
    write(folder, begun)


KILLED = """
import os, sys, time
from impact_tracker import ImpactTracker
tracker = ImpactTracker("r", project="asr", stage="training", ledger=sys.argv[1]).start()
time.sleep(0.2)
tracker.flush()
os.kill(os.getpid(), 9)
"""


def test_the_record_tells_the_end_of_a_run_that_was_killed(core: object, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "l")], cwd=tmp_path, check=False)
    (opened,) = (tmp_path / "l/spool").rglob("*.json")
    assert opened.name.endswith(".open.json")
    with Ledger.open(tmp_path / "l") as ledger:
        (run,) = ledger.runs()
    assert (run.fate, run.stage) == ("failed", "training")
    assert run.duration_s is not None
    assert run.energy.is_missing or run.energy.partial
    (ended,) = (tmp_path / "l/spool").rglob("*.json")
    assert "open" not in ended.name


def test_records_join_by_what_their_headers_say_and_once(core: object, tmp_path: Path) -> None:
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "lost")], cwd=tmp_path, check=False)
    with Ledger.open(tmp_path / "l") as ledger:
        assert ledger.add(entries_of(tmp_path / "r")[0]) == (2, 0)
        assert [(run.project, run.stage, run.fate) for run in ledger.runs()] == [("asr", "training", "failed")] * 2
        before = ledger.runs()
        again, _ = entries_of(tmp_path / "r")
        assert ledger.add(again) == (0, 2)
        assert ledger.runs() == before
    with Ledger.open(tmp_path / "lost") as lost:
        assert [run.run_id for run in lost.runs()] == [run.run_id for run in before]


def test_a_run_that_goes_on_stays_open(core: object, tmp_path: Path) -> None:
    record = tmp_path / "killed.jsonl"
    record.write_text("{}")
    open_entry(tmp_path / "l", record, pid=os.getpid())
    open_entry(tmp_path / "m", record, host="elsewhere", machine="another boot")
    for name in ("l", "m"):
        with Ledger.open(tmp_path / name) as ledger:
            assert [run.fate for run in ledger.runs()] == ["open"]
    os.utime(record, (0, time.time() - 3600))  # no record, and old: nothing can be told
    with Ledger.open(tmp_path / "m") as ledger:
        assert [run.fate for run in ledger.runs()] == ["open"]


TRACKED = """
from impact_tracker import ImpactTracker
with ImpactTracker("r", project="asr") as tracker:
    tracker.log_metrics(wer=0.25)
"""


def test_a_command_that_is_measured_is_one_run_with_what_it_tracks_itself(core: object, tmp_path: Path) -> None:
    """`impact-tracker run` around a program that has a tracker; a command that fails; one that is stopped."""
    environment = {**os.environ, "IMPACT_TRACKER_LEDGER": str(tmp_path / "l"), "IMPACT_TRACKER_CONFIG": "none"}
    begin = [sys.executable, "-m", "impact_tracker", "run", "-q", "--project", "asr", "-o", "r", "--"]
    commands = ([sys.executable, "-c", TRACKED], ["false"], ["sh", "-c", "kill -TERM $$"])
    codes = [
        subprocess.run([*begin, *command], cwd=tmp_path, env=environment, check=False).returncode
        for command in commands
    ]
    assert codes == [0, 1, 143]
    with Ledger.open(tmp_path / "l") as ledger:
        runs = ledger.runs()[::-1]
    assert [run.fate for run in runs] == ["finished", "failed", "cancelled"]
    assert runs[0].metrics == {"wer": 0.25}
