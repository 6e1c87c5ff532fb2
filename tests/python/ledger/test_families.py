"""Runs whose answer is known: requeues, ranks, runs within runs, jobs of a cluster, other tools, shared machines."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from impact_tracker.ledger import Filter, JobRow, Ledger, LedgerRun, entries_of, read_job_rows
from impact_tracker.ledger.families import _built, _of_one
from impact_tracker.ledger.rows import Member, entry_row
from impact_tracker.ledger.schema import ENTRY_COLUMNS
from impact_tracker.spool import Amendment, Place, RunEntry, write
from impact_tracker.tracked_run import boot_id
from impact_tracker.values import Energy
from python.ledger.drawn import EPOCH, SECOND, entries, entry


def runs_of(folder: Path, *entries: RunEntry) -> list[LedgerRun]:
    """As the ledger has them, the oldest first."""
    for each in entries:
        write(folder, each, durable=False)
    with Ledger.open(folder) as ledger:
        return ledger.runs()[::-1]


def joules(runs: list[LedgerRun]) -> list[float | None]:
    return [None if run.energy.best_j is None else round(run.energy.best_j, 6) for run in runs]


# ---- a requeued job


def attempt(run_id: str, restart: int, begin_s: float, fate: str, **more: object) -> RunEntry:
    return entry(run_id, begin_s, fate=fate, job="slurm:7", restart=1000 * restart, series="s", machine=run_id, **more)


def test_attempts_of_a_requeued_job_are_one_run(tmp_path: Path) -> None:
    (run,) = runs_of(
        tmp_path,
        attempt("a", 0, 0, "open", joules=40),
        attempt("b", 1, 100, "failed", joules=50),
        attempt("c", 2, 200, "finished", joules=60, metrics={"wer": 0.1}),
    )
    assert (run.run_id, run.fate, run.attempts, run.energy.best_j, run.duration_s) == ("a", "finished", 3, 150, 30)
    assert run.metrics == {"wer": 0.1}


def test_a_finished_run_is_not_continued_by_its_repetition(tmp_path: Path) -> None:
    """The script ran three seeds by the same command; the third was cut off, and goes on after the requeue."""
    runs = runs_of(
        tmp_path,
        *(attempt(run_id, 0, begin, fate) for run_id, begin, fate in (("a", 0, "finished"), ("b", 20, "finished"))),
        attempt("c", 0, 40, "failed"),
        attempt("d", 1, 100, "finished"),
        attempt("e", 1, 120, "finished"),
    )
    assert [(run.run_id, run.attempts) for run in runs] == [("a", 1), ("b", 1), ("c", 2), ("e", 1)]


def test_another_command_goes_on_where_only_one_was_left(tmp_path: Path) -> None:
    lineage = attempt("b", 1, 100, "finished").lineage
    resumed = replace(attempt("b", 1, 100, "finished"), lineage=replace(lineage, series="with --resume"))
    (run,) = runs_of(tmp_path, attempt("a", 0, 0, "open"), resumed)
    assert (run.attempts, run.energy.best_j) == (2, 200)


def test_runs_of_one_start_of_a_job_stay_apart_and_so_do_clusters(tmp_path: Path) -> None:
    other = attempt("d", 1, 200, "finished")
    runs = runs_of(
        tmp_path,
        replace(attempt("a", 0, 0, "failed"), lineage=replace(other.lineage, restart=0, cluster="hal")),
        attempt("b", 0, 50, "finished"),
        replace(other, lineage=replace(other.lineage, cluster="other")),
    )
    assert len(runs) == 3


def test_a_name_of_the_users_joins_runs_without_a_batch_system(tmp_path: Path) -> None:
    runs = runs_of(
        tmp_path,
        entry("a", 0, fate="failed", continues="large"),
        entry("b", 50, continues="large"),
        entry("c", 90, continues="large", project="vision"),
    )
    assert [(run.project, run.attempts, run.energy.best_j) for run in runs] == [("asr", 2, 200), ("vision", 1, 100)]


def test_a_run_is_said_to_continue_another_afterwards(tmp_path: Path) -> None:
    runs_of(tmp_path, entry("a", 0, fate="cancelled"), entry("b", 50))
    with Ledger.open(tmp_path) as ledger:
        run = ledger.tag("b", Amendment("b", continues="a"))
        assert (run.run_id, run.attempts, run.fate, run.energy.best_j) == ("a", 2, "finished", 200)
        assert len(ledger.runs()) == 1


# ---- ranks, and runs within runs


def test_ranks_of_one_launch_are_one_run_and_their_machines_count_once(tmp_path: Path) -> None:
    """Two nodes of two ranks; each rank's record holds its whole node."""
    ranks = [
        entry(f"{node}{rank}", rank * 0.1, 10, 100 if node == "x" else 300, machine=node, launch="l")
        for node in "xy"
        for rank in range(2)
    ]
    later = [entry(f"later{rank}", 60 + rank, machine="x", launch="l") for rank in range(2)]
    first, second = runs_of(tmp_path, *ranks, *later)
    assert (first.ranks, second.ranks) == (4, 2)
    assert first.energy.best_j == pytest.approx(400, rel=0.02)
    assert second.energy.best_j == pytest.approx(110, rel=0.02)


def test_a_run_within_another_is_a_part_of_it(tmp_path: Path) -> None:
    (run,) = runs_of(
        tmp_path,
        entry("outer", 0, 100, 1000, fate="failed", metrics={"loss": 2.0}),
        entry("inner", 10, 20, 250, within="outer", metrics={"wer": 0.1, "loss": 9.0}),
    )
    assert (run.run_id, run.fate, run.ranks) == ("outer", "failed", 1)
    assert run.energy.best_j == pytest.approx(1000)
    assert run.metrics == {"wer": 0.1, "loss": 2.0}


def test_an_inner_run_that_comes_before_its_outer_one_waits_for_it(tmp_path: Path) -> None:
    write(tmp_path, entry("inner", 10, 20, 250, within="outer"))
    with Ledger.open(tmp_path) as ledger:
        assert joules(ledger.runs()) == [250]
        write(tmp_path, entry("outer", 0, 100, 1000))
        ledger.sync()
        assert joules(ledger.runs()) == [1000]


# ---- shared machines


def test_two_projects_on_one_machine_share_its_joules_by_their_own_use(tmp_path: Path) -> None:
    runs = runs_of(
        tmp_path,
        entry("a", 0, 10, 1000, share_j=300.0),
        entry("b", 0, 10, 1000, share_j=100.0, project="vision"),
    )
    assert {run.run_id: run.energy.best_j for run in runs} == {"a": 750, "b": 250}
    whole = Energy(1000, 10, 20, 0.0)
    assert sum(run.energy.half_j**2 for run in runs) == pytest.approx(whole.half_j**2)  # type: ignore[operator]
    assert sum(run.energy.bias_j for run in runs) == pytest.approx(whole.bias_j)  # type: ignore[misc]


def test_runs_one_after_the_other_are_as_they_were_measured(tmp_path: Path) -> None:
    first, second = entry("a", 0, 10, 100), entry("b", 10, 10, 70)
    assert [run.energy for run in runs_of(tmp_path, first, second)] == [first.energy, second.energy]


def test_a_missing_energy_stays_missing_and_a_sum_with_it_is_partial(tmp_path: Path) -> None:
    alone, *_ = runs_of(tmp_path, entry("a", 0, joules=None))
    assert alone.energy == Energy.missing()
    (run,) = runs_of(tmp_path / "b", attempt("a", 0, 0, "open", joules=None), attempt("b", 1, 50, "finished"))
    assert (run.energy.best_j, run.energy.partial) == (100, True)


# ---- jobs of a cluster


def job(begin_s: float, lasts_s: float, joules: float | None, **more: object) -> RunEntry:
    begin = EPOCH + round(begin_s * SECOND)
    energy = Energy.missing() if joules is None else Energy(joules, joules / 10)
    values: dict[str, object] = {"fate": "finished", "user": "ada", "project": "account1", **more}
    return JobRow(
        "slurm:7",
        energy=energy,
        started_ns=begin,
        ended_ns=begin + round(lasts_s * SECOND),
        **values,  # type: ignore[arg-type]
    ).entry()


def test_a_jobs_energy_counts_once_with_the_runs_that_were_tracked_in_it(tmp_path: Path) -> None:
    """Two tracked runs of 100 and 300 J on one of the job's nodes; the job's nodes used 800 J."""
    runs = runs_of(
        tmp_path,
        entry("a", 10, 10, 100, job="slurm:7", restart=0),
        entry("b", 30, 10, 300, job="slurm:7", restart=0),
        job(0, 60, 800),
    )
    assert [(run.run_id, run.project, run.energy.best_j) for run in runs] == [("a", "asr", 200), ("b", "asr", 600)]
    assert [run.person for run in runs] == ["ada", "ada"]


def test_a_tracker_that_saw_more_than_the_batch_system_counts(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, entry("a", 10, 10, 900, job="slurm:7", restart=0), job(0, 60, 800))
    assert run.energy.best_j == 900
    (unknown,) = runs_of(tmp_path / "b", entry("a", 10, 10, 900, job="slurm:7", restart=0), job(0, 60, None))
    assert (unknown.energy.best_j, unknown.energy.partial) == (900, True)


def test_the_batch_system_tells_the_end_of_a_run_that_nobody_saw(tmp_path: Path) -> None:
    """Killed at its time limit: the spool is open, and so is what the record could tell."""
    begun = replace(entry("a", 10, job="slurm:7", restart=0), fate="open", energy=Energy.missing(), duration_s=None)
    (run,) = runs_of(tmp_path, begun, job(0, 60, 800, fate="cancelled"))
    assert (run.fate, run.energy.best_j) == ("cancelled", 800)
    cut_off = replace(entry("a", 10, 10, 500, job="slurm:7", restart=0, fate="failed"), recovered=True)
    (run,) = runs_of(tmp_path / "b", cut_off, job(0, 60, 800, fate="cancelled"))
    assert (run.fate, run.energy.best_j) == ("cancelled", 800)


def test_a_job_without_a_tracker_is_a_run_and_its_requeues_are_attempts(tmp_path: Path) -> None:
    (run,) = runs_of(tmp_path, job(0, 60, 800, fate="failed"), job(100, 60, 900, restart=1))
    assert (run.kind, run.attempts, run.energy.best_j, run.fate, run.person) == ("job", 2, 1700, "finished", "ada")


def test_a_start_of_a_job_that_nobody_tracked_belongs_to_the_run_that_went_on(tmp_path: Path) -> None:
    (run,) = runs_of(
        tmp_path,
        job(0, 60, 800, fate="failed"),
        job(100, 60, 900, restart=1),
        entry("a", 110, 40, 850, job="slurm:7", restart=1000),
    )
    assert (run.project, run.attempts, run.energy.best_j) == ("asr", 2, 1700)


def test_a_job_that_is_added_again_counts_once_and_its_newest_row_holds(tmp_path: Path) -> None:
    with Ledger.open(tmp_path) as ledger:
        assert ledger.add([job(0, 60, None, fate="open")]) == (1, 0)
        assert ledger.add([job(0, 60, None, fate="open")]) == (0, 1)
        assert ledger.add([job(0, 60, 800)]) == (1, 0)
        assert [(run.fate, run.energy.best_j) for run in ledger.runs()] == [("finished", 800)]


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


# ---- what is said afterwards


def test_the_newest_word_on_a_run_holds(tmp_path: Path) -> None:
    runs_of(tmp_path, entry("a", metrics={"wer": 0.5}, tags={"fold": "1"}, person="ada"))
    with Ledger.open(tmp_path) as ledger:
        ledger.tag("a", Amendment("a", fate="failed", metrics={"wer": 0.4}))
        ledger.tag("a", Amendment("a", fate="debug", stage="analysis", tags={"note": "x"}, person=""))
        run = ledger.tag("a", Amendment("a", project="vision"))
        assert (run.fate, run.stage, run.person, run.project) == ("debug", "analysis", None, "vision")
        assert (run.metrics, run.tags) == ({"wer": 0.4}, {"fold": "1", "note": "x"})
        with pytest.raises(KeyError, match="ledger list"):
            ledger.tag("nothing", Amendment("nothing", fate="failed"))
        assert ledger.runs(Filter(tags={"note": "x"})) == [run]
        assert ledger.runs(Filter(tags={"note": "y"})) == []


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


@settings(max_examples=100)
@given(drawn=entries())
def test_a_run_of_one_file_is_what_adding_it_up_gives(drawn: RunEntry) -> None:
    row = entry_row(drawn, "s/m/f", "s", "m", "w")
    cells = dict(zip(ENTRY_COLUMNS, row))
    own = [cells[name] for name in ("best_j", "half_j", "bias_j", "modelled_j", "quality", "partial")]
    member = Member(*(cells[name] for name in Member._fields[:-6]), *own)  # type: ignore[arg-type]
    for family in ("run|a", "job|slurm:1"):
        assert _of_one(family, member) == _built(family, [[member]])
