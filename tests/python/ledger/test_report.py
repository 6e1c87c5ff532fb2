"""The report's answers: the ratio with its range, sums by what they are of, frequency, the rebound, carbon, persons."""

from __future__ import annotations

import json
import math
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.ledger import Filter, Ledger, Pseudonyms, report_of
from impact_tracker.ledger.cells import RunSum, cells_of, summed
from impact_tracker.ledger.change import Period, change_of
from impact_tracker.ledger.report import BestBy
from impact_tracker.ledger.show import frequency_table
from impact_tracker.spool import RunEntry, write
from impact_tracker.values import Energy, kwh_of, total
from impact_tracker.weighing import Reweighing, Weighing
from python.ledger.drawn import EPOCH, SECOND, entries, entry, put

DAY = 86_400 * SECOND
ASR = Filter(project="asr")


def filled(folder: Path, *runs: RunEntry) -> Path:
    for run in runs:
        write(folder, run, durable=False)
    return folder


def site(folder: Path) -> Path:
    """The best training takes 100 J ± 1 J, all of the development 1000 J, the deployment 500 J."""
    return filled(
        folder,
        entry("prepare", 0, joules=150, stage="processing", person="bob"),
        entry("first", 100, joules=200, metrics={"wer": 0.5}, person="ada"),
        entry("best", 200, joules=100, metrics={"wer": 0.1}, person="ada", weighing={"pue": 1.5}),
        entry("crashed", 300, joules=250, fate="failed", metrics={"wer": 0.01}, person="bob"),
        entry("trial", 400, joules=300, fate="debug", stage=None),
        entry("served", 86_400 * 4, 86_400 * 2, joules=500, stage="deployment", metrics={"requests": 1000.0}),
    )


def test_the_sum_of_the_development_over_its_best_run(tmp_path: Path) -> None:
    with Ledger.open(site(tmp_path)) as ledger:
        report = report_of(ledger, ASR, BestBy("wer", "min"))
        worst = report_of(ledger, ASR, BestBy("wer", "max"))
    ratio = report.ratio
    assert ratio is not None
    assert worst.ratio is not None
    assert worst.ratio.best.run.run_id == "first"
    assert (ratio.best.run.run_id, ratio.best.candidates, ratio.value, ratio.is_at_least) == ("best", 2, 10.0, False)
    # Each run is known to √(1² + 2²) %: the rest, 900 J, by the sum's error; the best, 100 J, by its own.
    halves = math.hypot(*(0.01 * joules for joules in (150, 200, 100, 250, 300)))
    error = math.hypot(halves, 0.02 * 1000)
    spread = 9 * math.hypot(error / 900, math.hypot(1, 2) / 100)
    assert ratio.low == pytest.approx(10 - spread)
    assert ratio.high == pytest.approx(10 + spread)
    assert report.deployment.sum.energy.best_j == 500


def test_sums_by_stage_fate_month_and_person(tmp_path: Path) -> None:
    with Ledger.open(site(tmp_path)) as ledger:
        report = report_of(ledger, ASR)

    def joules(name: str) -> dict[str, float | None]:
        return {line.name: line.sum.energy.best_j for line in getattr(report, name)}

    assert joules("by_stage") == {"processing": 150, "training": 550, "deployment": 500, "not stated": 300}
    assert list(joules("by_stage")) == ["processing", "training", "deployment", "not stated"]
    assert joules("by_fate") == {"finished": 950, "failed": 250, "debug": 300}
    assert joules("by_person") == {"not stated": 800, "bob": 400, "ada": 300}
    assert sum(value or 0 for value in joules("by_month").values()) == 1500
    assert "say by which metric" in report.no_ratio
    assert any("that state no stage" in finding for finding in report.findings)


def test_frequencies_set_what_is_rare_and_dear_beside_what_is_frequent(tmp_path: Path) -> None:
    with Ledger.open(site(tmp_path)) as ledger:
        inference, training, development = report_of(ledger, ASR).frequencies
    assert (inference.unit, inference.count, inference.energy.best_j) == ("request", 1000, 0.5)
    assert inference.per_day == pytest.approx(1000 / 2)  # its deployment lasted two days
    # Six runs began within four days: 0.8 days apart on average, so that they stand for 4.8 days.
    assert (training.count, training.energy.best_j, training.per_day) == (2, 150, pytest.approx(2 / 4.8))
    assert (development.energy.best_j, development.per_day) == (1000, pytest.approx(1 / 4.8))
    assert inference.per_day_ends is None and development.per_day_ends is None
    assert training.per_day_ends == pytest.approx((0.2422 / 4.8, 7.2247 / 4.8), rel=1e-3)  # Garwood's of 2
    assert training.to_dict()["days_seen"] == pytest.approx(4.8)
    text = str(frequency_table([inference, training, development]))
    assert "4.8 days, 6 runs" in text and "0.42 (" in text
    assert "2.0 days, 1 run'" in text


def test_carbon_is_each_runs_own_weighing_or_another(tmp_path: Path) -> None:
    with Ledger.open(site(tmp_path)) as ledger:
        own = report_of(ledger, ASR).development.carbon_g
        french = report_of(ledger, ASR, new=Reweighing(intensity_g_per_kwh=50.0, pue=2.0)).development.carbon_g
    world = Weighing().intensity.value
    assert own is not None
    assert french is not None
    assert own.best == pytest.approx(kwh_of(900 + 1.5 * 100) * world, rel=1e-3)
    assert french.best == pytest.approx(kwh_of(1000) * 100)
    assert own.low < own.best < own.high


def test_what_is_missing_is_said_and_never_0(tmp_path: Path) -> None:
    folder = filled(
        tmp_path,
        entry("a", 0, joules=None, metrics={"wer": 0.1}),
        entry("b", 20, joules=100, metrics={"wer": 0.3}),
        entry("c", 40, joules=200, metrics={"wer": None}),
    )
    with Ledger.open(folder) as ledger:
        report = report_of(ledger, ASR, BestBy("wer", "min"))
        with pytest.raises(LookupError, match="projects are asr"):
            report_of(ledger, Filter(project="asra"))
        unknown = report_of(ledger, ASR, BestBy("cer", "min"))
    assert report.ratio is not None
    assert (report.ratio.best.run.run_id, report.ratio.best.unmeasured, report.ratio.is_at_least) == ("b", 1, True)
    assert (report.development.sum.runs, report.development.sum.measured) == (3, 2)
    assert report.development.sum.energy.partial
    assert "metrics there are: wer" in unknown.no_ratio
    with Ledger.open(filled(tmp_path / "m", entry("a", joules=None))) as ledger:
        nothing = report_of(ledger, ASR)
    assert nothing.development.sum.energy == Energy.missing(partial=True)
    assert nothing.development.carbon_g is None


@settings(max_examples=40)
@given(st.lists(entries(), min_size=1, max_size=12), st.data())
def test_sums_are_those_of_the_runs_whatever_is_asked(drawn: list[RunEntry], data: st.DataObject) -> None:
    edges = st.none() | st.sampled_from([EPOCH, EPOCH + 20 * SECOND, 1_788_220_800 * SECOND, 1_790_812_800 * SECOND])
    wanted = Filter(
        data.draw(st.sampled_from([None, "asr", "vision"])),
        data.draw(edges),
        data.draw(edges),
        data.draw(st.sampled_from([None, "ada"])),
        data.draw(st.sampled_from([None, "failed"])),
    )
    by = data.draw(st.sampled_from([("project", "stage", "fate", "weighing"), ("month", "weighing"), ("person",)]))
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("impact_tracker.ledger.ledger.Ledger._end_killed", lambda self: 0)
        folder = Path(name)
        with Ledger.open(folder) as ledger:
            for each in drawn:
                put(folder, each)
                if data.draw(st.booleans()):
                    ledger.sync()
            ledger.sync()
            runs, cells = ledger.runs(wanted), cells_of(ledger.database, wanted, *by)
            assert ledger.count(wanted) == len(runs)
    once, direct = summed(cells), total(run.energy for run in runs)
    assert once.runs == len(runs)
    assert once.measured == sum(not run.energy.is_missing for run in runs)
    assert once.energy.quality == direct.quality
    assert once.energy.partial == direct.partial or once.runs == 0
    for name in ("best_j", "half_j", "bias_j", "modelled_j"):
        part, expected = getattr(once.energy, name), getattr(direct, name)
        assert (part is None) == (expected is None)
        assert part is None or math.isclose(part, expected, rel_tol=1e-12, abs_tol=1e-9)


# ---- the rebound


def period(begin_day: int, days: int, runs: int, joules: float, half: float = 0.0) -> Period:
    energy = Energy(joules * runs, half * runs, 0.0, 0.0) if runs else Energy.missing()
    return Period(begin_day * DAY, (begin_day + days) * DAY, RunSum(runs=runs, measured=runs, energy=energy))


def test_a_change_in_energy_per_run_times_number_of_runs() -> None:
    """Runs take half, and three times as many run: what was saved is used up twice."""
    change = change_of(period(0, 10, 100, 40.0), period(10, 10, 300, 20.0))
    assert (change.difference_j, change.by_energy_j, change.by_runs_j) == (200.0, -400.0, 600.0)
    assert change.rebound is not None
    assert change.rebound.best == 2.0
    unequal = change_of(period(0, 10, 100, 40.0), period(10, 20, 200, 40.0))
    assert (unequal.difference_j, unequal.by_energy_j, unequal.by_runs_j, unequal.rebound) == (0.0, 0.0, 0.0, None)


def test_a_saving_within_the_error_has_no_rebound() -> None:
    assert change_of(period(0, 10, 10, 40.0, half=5.0), period(10, 10, 30, 38.0, half=5.0)).rebound is None


def test_a_period_without_runs_is_not_split() -> None:
    change = change_of(period(0, 10, 0, 0.0), period(10, 10, 10, 40.0))
    assert (change.difference_j, change.by_energy_j, change.rebound) == (40.0, None, None)
    with pytest.raises(ValueError, match="ends after"):
        change_of(period(0, 0, 1, 1.0), period(0, 1, 1, 1.0))


counts, energies = st.integers(1, 10**6), st.floats(1e-3, 1e9)


@example(1, 64910714.0, 524289, 1.0, 18, 1)
@given(counts, energies, counts, energies, st.integers(1, 400), st.integers(1, 400))
def test_the_parts_of_a_change_add_up(n1: int, e1: float, n2: int, e2: float, days1: int, days2: int) -> None:
    change = change_of(period(0, days1, n1, e1), period(days1, days2, n2, e2))
    assert change.difference_j is not None
    assert change.by_energy_j is not None
    assert change.by_runs_j is not None
    # The parts may be far larger than their sum: each is known to its own last digits.
    digit = 1e-12 * max(abs(change.by_energy_j), abs(change.by_runs_j), n1 * e1 / days1, n2 * e2 / days2)
    assert math.isclose(change.by_energy_j + change.by_runs_j, change.difference_j, abs_tol=digit)
    if change.rebound is not None:
        assert change.rebound.low <= change.rebound.best <= change.rebound.high
        if change.rebound.best > 1.000001:
            assert change.difference_j > 0  # more runs used up more than was saved


# ---- persons


def test_persons_have_names_that_only_the_key_turns_back(tmp_path: Path) -> None:
    key = Pseudonyms(b"0123456789abcdef")
    with Ledger.open(site(tmp_path)) as ledger:
        report = report_of(ledger, ASR, BestBy("wer", "min"), pseudonyms=key)
    text = json.dumps(report.to_dict())
    assert "ada" not in text
    assert "bob" not in text
    assert str(key.name("ada")) in text
    assert key.person(key.name("ada"), ["bob", "ada"]) == "ada"
    assert Pseudonyms(b"0123456789abcdeg").name("ada") != key.name("ada")
    with pytest.raises(ValueError, match="16 bytes"):
        Pseudonyms(b"short")


# ---- the command


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = cli.main(["ledger", *words])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_reports(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    place = ["--ledger", str(site(tmp_path / "l"))]
    code, out, err = run(capsys, "report", "asr", "--min", "wer", "--figures", str(tmp_path / "f"), *place)
    assert code == 0, err
    assert "5 runs of development took 1.000 kJ ± 0.021 kJ" in out
    assert "10.00 (9.71 to 10.29) times the energy of the best run, best (wer 0.1" in out
    assert len(list((tmp_path / "f").glob("*.svg"))) == 4
    code, out, _ = run(capsys, "report", "--min", "wer", "--json", *place)
    assert json.loads(out)["ratio"]["value"] == 10
    code, out, _ = run(capsys, "best", "--min", "wer", *place)
    assert out.startswith("best: wer 0.1, the minimum of 2 finished training runs")


def test_the_command_lists_tags_and_says_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = ["--ledger", str(site(tmp_path / "l"))]
    code, out, _ = run(capsys, "list", "--fate", "failed", *place)
    assert code == 0
    assert "crashed" in out
    assert "trial" not in out
    code, out, _ = run(capsys, "tag", "cra", "--fate", "cancelled", "--metric", "wer=0.9", "--json", *place)
    assert (code, json.loads(out)["fate"]) == (0, "cancelled")
    for words, reason in {
        ("tag", "nothing", "--fate", "failed"): "no run 'nothing'",
        ("tag", "best"): "say what to change",
        ("tag", "best", "--metric", "wer=low"): "the metric wer must be a number",
        ("report", "asr", "--min", "wer", "--from", "yesterday"): "a period is written as",
        ("best", "asr", "--min", "cer"): "metrics there are: requests, wer",
        ("add",): "name what is to join",
    }.items():
        code, out, err = run(capsys, *words, *place)
        assert code == 2, words
        assert reason in err


def test_the_command_shows_the_change_and_several_projects(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = [entry(f"a{number}", 3600 * number, joules=40.0) for number in range(4)]
    after = [entry(f"b{number}", 86_400 * 31 + 3600 * number, joules=20.0) for number in range(12)]
    place = ["--ledger", str(filled(tmp_path / "l", *before, *after))]
    code, out, err = run(capsys, "report", "--change", "2026-09", "2026-10", *place)
    assert code == 0, err
    assert "by the number of runs. Rebound: more runs used up" in out
    filled(tmp_path / "l", entry("v", 0, project="vision"))
    code, out, _ = run(capsys, "report", *place)
    assert out.startswith("2 projects, 17 runs")
    code, _, err = run(capsys, "report", "--min", "wer", *place)
    assert "--min is about one project: asr, vision" in err


def test_an_empty_ledger_says_how_to_begin(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "report", "--ledger", str(tmp_path / "l"))
    assert code == 2
    assert "impact-tracker ledger add" in err
    code, out, _ = run(capsys, "rebuild", "--json", "--ledger", str(tmp_path / "l"))
    assert json.loads(out)["runs"] == 0


def test_jobs_join_by_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "jobs.csv"
    table.write_text("job,energy_j,fate\nslurm:1,3600,finished\nslurm:2,-5,finished\n")
    words = ["add", "--jobs", str(table), "--project", "asr", "--stage", "training", "--ledger", str(tmp_path / "l")]
    code, out, err = run(capsys, *words)
    assert (code, out) == (0, "runs that joined: 1; there already: 0; left out: 1\n")
    assert "jobs.csv:3: left out" in err
    assert run(capsys, *words)[1].startswith("runs that joined: 0; there already: 1")


def test_the_person_may_be_asked_for_by_pseudonym(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key"
    key.write_bytes(b"0123456789abcdef\n")
    name = str(Pseudonyms(b"0123456789abcdef").name("ada"))
    place = ["--pseudonyms", str(key), "--person", name, "--json", "--ledger", str(site(tmp_path / "l"))]
    code, out, _ = run(capsys, "report", *place)
    assert code == 0
    assert [line["name"] for line in json.loads(out)["by_person"]] == [name]


def test_a_run_without_a_begin_is_in_no_period(tmp_path: Path) -> None:
    timeless = replace(entry("a"), started_ns=None, duration_s=None)
    with Ledger.open(filled(tmp_path, timeless)) as ledger:
        assert report_of(ledger, ASR).by_month[0].name == "not stated"
        with pytest.raises(LookupError):
            report_of(ledger, replace(ASR, begin_ns=0))
