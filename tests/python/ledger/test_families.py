"""Runs whose answer is known: requeues, ranks, runs within runs, jobs of a cluster, other tools, shared machines."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from impact_tracker.ledger import Filter, JobRow, Ledger, LedgerRun
from impact_tracker.ledger.families import _built, _of_one
from impact_tracker.ledger.families import runs_of as families_runs_of
from impact_tracker.ledger.rows import Member, entry_row
from impact_tracker.ledger.schema import ENTRY_COLUMNS
from impact_tracker.spool import Amendment, RunEntry, write
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


def test_a_job_of_thousands_of_runs_takes_no_longer_for_each() -> None:
    """As of a function that is measured at each of its calls: a square of their number would be minutes."""
    members = []
    for number in range(4000):
        row = dict(zip(ENTRY_COLUMNS, entry_row(attempt(f"r{number}", number // 3999, number, "finished"), *"smmw")))
        own = [row[name] for name in ("best_j", "half_j", "bias_j", "modelled_j", "quality", "partial")]
        members.append(Member(*(row[name] for name in Member._fields[:-6]), *own))  # type: ignore[arg-type]
    began = time.process_time()
    assert len(list(families_runs_of("job|slurm:7", members))) == 4000
    assert time.process_time() - began < 20


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
    total = Energy(1000, 10, 20, 0.0)
    assert sum(run.energy.half_j**2 for run in runs) == pytest.approx(total.half_j**2)  # type: ignore[operator]
    assert sum(run.energy.bias_j for run in runs) == pytest.approx(total.bias_j)  # type: ignore[misc]


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


@settings(max_examples=100)
@given(drawn=entries())
def test_a_run_of_one_file_is_what_adding_it_up_gives(drawn: RunEntry) -> None:
    row = entry_row(drawn, "s/m/f", "s", "m", "w")
    cells = dict(zip(ENTRY_COLUMNS, row))
    own = [cells[name] for name in ("best_j", "half_j", "bias_j", "modelled_j", "quality", "partial")]
    member = Member(*(cells[name] for name in Member._fields[:-6]), *own)  # type: ignore[arg-type]
    for family in ("run|a", "job|slurm:1"):
        assert _of_one(family, member) == _built(family, [[member]])
