"""Points of studies on synthetic machines: courses with budgets and targets, folders that survive, the command."""

from __future__ import annotations

import json
import math
import random
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker import cli
from impact_tracker.studies.points import campaign
from impact_tracker.studies.points.campaign import conduct, outcome_of
from impact_tracker.studies.points.course import EnergyTaken, Judged, ModelCounts, run_course
from impact_tracker.studies.points.execute import StudyBench
from impact_tracker.studies.points.network import budget_step, next_look
from impact_tracker.studies.points.point import Checkpoint, JoulesRead, StudyPoint, StudyRun, StudyTask
from impact_tracker.studies.points.shallow import affordable
from impact_tracker.studies.points.store import RUNS, StudyPlan, StudyStore
from impact_tracker.studies.questions.known import QUESTIONS
from impact_tracker.studies.questions.show import finding_of, write_files
from impact_tracker.studies.questions.target import costs_of, joules_to_target
from impact_tracker.values import Energy

pytest.importorskip("scipy")
Capture = pytest.CaptureFixture[str]


class Pupil:
    """Learns 1 − e^(−examples/τ) at a fixed price an example; steps of a fixed size, or what the budget allows."""

    trials = 1

    def __init__(self, price_j: float, tau: float, step: int, most: int, *, goes_back: bool = False) -> None:
        self.price_j, self.tau, self.step, self.most, self.goes_back = price_j, tau, step, most, goes_back
        self.seen = 0
        self.steps: list[int] = []

    def next_step(self, used_j: float, left_j: float | None) -> int | None:
        rest = min(self.step, self.most - self.seen)
        if rest <= 0 or (left_j is not None and left_j <= 0):
            return None
        return rest

    def advance(self, step: int) -> EnergyTaken:
        self.seen += step
        self.steps.append(step)
        return EnergyTaken(Energy(step * self.price_j, 0.1, 0.0, 0.0), step * 0.01)

    def undo(self) -> bool:
        if self.goes_back:
            self.seen -= self.steps.pop()
        return self.goes_back

    def judge(self, part: str) -> Judged:
        return Judged(1 - math.exp(-self.seen / self.tau), 10, EnergyTaken(Energy(1.0, 0.1, 0.0, 0.0), 0.1))

    def counts(self) -> ModelCounts:
        return ModelCounts(1)


POINT = StudyPoint("small-cnn", "fashion-mnist", 1000)


@given(st.floats(1, 5000), st.integers(1, 50), st.booleans())
def test_a_budget_is_passed_by_one_step_at_most_and_by_none_where_a_step_can_be_taken_back(
    budget_j: float, step: int, goes_back: bool
) -> None:
    pupil = Pupil(2.0, 300, step, 2000, goes_back=goes_back)
    course = run_course(replace(POINT, budget_j=budget_j), pupil)
    used_j = sum(pupil.steps) * 2.0
    assert used_j <= budget_j + (0 if goes_back else step * 2.0)
    if course.judged is None:
        assert step * 2.0 > budget_j
        assert "smaller than the smallest step" in str(course.reason)
    else:
        assert course.seen == pupil.seen > 0


def test_a_target_ends_the_course_at_the_first_look_that_reaches_it() -> None:
    course = run_course(replace(POINT, target=0.5), Pupil(1.0, 300, 20, 2000))
    needed = math.ceil(300 * math.log(2) / 20) * 20
    assert course.seen == needed
    assert course.reached is True
    missed = run_course(replace(POINT, target=0.9999), Pupil(1.0, 300, 20, 200))
    assert missed.reached is False
    assert missed.seen == 200


def test_from_the_untrained_network_the_first_look_has_a_line_too() -> None:
    pupil = Pupil(1.0, 300, 400, 2000)
    course = run_course(replace(POINT, target=0.5, evaluations=8), pupil, untrained=True)
    assert course.checkpoints[0] == Checkpoint(0, 0.0, 0.0, 0.0, "validation")
    run = StudyRun("t", replace(POINT, target=0.5), 1, 1, "ok", reached=True, checkpoints=course.checkpoints)
    joules = joules_to_target(replace(run, training=JoulesRead.of(course.training.energy)))
    assert joules is not None
    assert 0 < 300 * math.log(2) <= 400  # the truth, in the first step
    assert abs(joules - 300 * math.log(2)) < 400 and joules < 400
    assert run_course(replace(POINT, evaluations=8), Pupil(1.0, 300, 400, 800), untrained=True).checkpoints[0].examples


@given(st.integers(1, 5), st.integers(2, 40), st.integers(1, 3000), st.integers(1, 128))
def test_looks_that_were_asked_for_reach_every_end_of_an_epoch(epochs: int, looks: int, there: int, batch: int) -> None:
    point = replace(POINT, target=0.9, epochs=epochs, evaluations=looks * epochs)
    seen, places = 0, []
    while seen < there * epochs:
        seen = next_look(point, seen, there, batch)
        places.append(seen)
    assert places == sorted(set(places)) and places[-1] == there * epochs
    assert {there * epoch for epoch in range(1, epochs + 1)} <= set(places)
    assert len(places) <= looks * epochs


def test_a_budget_without_any_energy_is_refused() -> None:
    class Unmeasured(Pupil):
        def advance(self, step: int) -> EnergyTaken:
            super().advance(step)
            return EnergyTaken(Energy.missing(), 0.1)

    with pytest.raises(ValueError, match="budget cannot be kept"):
        run_course(replace(POINT, budget_j=10.0), Unmeasured(1.0, 300, 20, 2000))
    assert run_course(POINT, Unmeasured(1.0, 300, 20, 100)).training.energy.is_missing


@given(st.floats(0.001, 10), st.floats(1, 2.5), st.floats(0.1, 1e4), st.integers(2, 6))
def test_a_fit_that_is_taken_costs_no_more_than_what_is_left(
    price: float, power: float, left_j: float, fits: int
) -> None:
    costs = [(200 * 2**fit, price * (200 * 2.0**fit) ** power) for fit in range(fits)]
    step = affordable(costs, 2 * costs[-1][0], left_j)
    if step is None:
        assert price * (costs[-1][0] * 1.25) ** power > left_j / 1.5
    else:
        assert price * step**power <= left_j * 1.001


@given(st.floats(1e-4, 1), st.floats(10, 1e4), st.integers(1, 256), st.randoms(use_true_random=False))
def test_a_network_passes_its_budget_by_less_than_one_batch(
    each_j: float, budget_j: float, batch: int, chance: random.Random
) -> None:
    """Costs scatter by a tenth from step to step, and no step is taken back."""
    used_j, last_j, seen, steps = 0.0, 0.0, 0, 0
    while True:
        step = batch if not seen else budget_step(max(used_j / seen, last_j), budget_j, budget_j - used_j, batch)
        if step is None or used_j >= budget_j:
            break
        cost_j = step * each_j * chance.uniform(0.95, 1.05)
        used_j, last_j, seen, steps = used_j + cost_j, cost_j / step, seen + step, steps + 1
    assert used_j <= budget_j + batch * each_j * 1.06
    if budget_j > 50 * batch * each_j:
        assert used_j > 0.9 * budget_j
    assert steps < 60 or batch * each_j < budget_j / 1000


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"budget_j": 0.0}, "above 0 J"),
        ({"budget_j": -1.0}, "above 0 J"),
        ({"budget_j": math.inf}, "above 0 J"),
        ({"target": 0.0}, "above 0"),
        ({"epochs": 0}, "epochs is 1 or more"),
        ({"batch": -4}, "batch is 1 or more"),
    ],
)
def test_points_that_make_no_sense_name_the_field(more: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        replace(POINT, **more)


def learnt(task: StudyTask, bench: StudyBench) -> StudyRun:
    """A run of a machine whose energies and scores are known: 1 J an example, saturating scores."""
    point = task.point
    joules = point.examples * point.epochs * (1 + 0.01 * task.repeat) * (2.0 if point.model == "small-cnn" else 1.0)
    score = 0.9 * (1 - math.exp(-point.examples * point.epochs / 2000))
    looks = tuple(
        Checkpoint(round(point.examples * n / 4), joules * n / 4, n / 4, score * (0.7 + 0.3 * n / 4))
        for n in range(1, 5)
    )
    return StudyRun(
        task.id,
        point,
        task.repeat,
        task.seed,
        "ok",
        training=JoulesRead(joules, 0.5, 0.69 * joules, joules, "modelled"),
        training_s=joules / 20,
        evaluation=JoulesRead(10.0, 0.1, 1.0, 10.0, "modelled"),
        evaluated=1000,
        metric="accuracy",
        score=score,
        seen=point.examples * point.epochs,
        parameters=1000 * (point.width or 7),
        checkpoints=looks,
        reached=None if point.target is None else score >= point.target,
    )


@pytest.fixture
def synthetic(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(conduct.__kwdefaults__, "run_task", learnt)
    monkeypatch.setitem(conduct.__kwdefaults__, "tracker", lambda store, plan: nullcontext())
    monkeypatch.setattr("impact_tracker.studies.points.preflight.preflight", lambda points, folder: None)


PLAN = StudyPlan("data-size", "quick", tuple(replace(POINT, examples=n) for n in (100, 400, 1600)), 3, 5)


def test_rounds_are_shuffled_by_the_seed_alone_and_more_repeats_only_append() -> None:
    tasks = PLAN.tasks()
    assert tasks == PLAN.tasks()
    assert replace(PLAN, repeats=5).tasks()[: len(tasks)] == tasks
    assert {task.id for task in tasks} == {f"{p.id}.r{r}" for p in PLAN.points for r in (1, 2, 3)}
    assert [task.seed for task in tasks[::3]] == [5, 6, 7]


def test_a_study_that_is_killed_goes_on_where_it_stood(tmp_path: Path, synthetic: None) -> None:
    store, done = StudyStore(tmp_path / "s"), []
    store.create(PLAN)

    def dies(task: StudyTask, bench: StudyBench) -> StudyRun:
        if len(done) == 4:
            raise KeyboardInterrupt
        done.append(task.id)
        return learnt(task, bench)

    with pytest.raises(KeyboardInterrupt):
        conduct(store, PLAN, run_task=dies, quiet=True)
    with (store.folder / RUNS).open("ab") as file:
        file.write(b'{"task": "half a li')  # as a kill in the middle of a line leaves it
    again = []

    def goes_on(task: StudyTask, bench: StudyBench) -> StudyRun:
        again.append(task.id)
        return learnt(task, bench)

    outcome = conduct(store, store.plan(), run_task=goes_on, quiet=True)
    assert sorted(done + again) == sorted(task.id for task in PLAN.tasks())
    assert len(outcome.good) == outcome.total == 9
    assert len(outcome.notes) == 1
    assert "left out" in outcome.notes[0]
    assert store.plan() == PLAN
    assert {run.task: run for run in outcome_of(store).runs} == {
        task.id: learnt(task, StudyBench(None))
        for task in PLAN.tasks()  # type: ignore[arg-type]
    }
    with pytest.raises(FileExistsError, match="--resume"):
        store.create(PLAN)


def test_a_run_that_failed_is_tried_again_and_is_in_no_mean(tmp_path: Path, synthetic: None) -> None:
    store = StudyStore(tmp_path / "s")
    store.create(PLAN)

    def breaks(task: StudyTask, bench: StudyBench) -> StudyRun:
        run = learnt(task, bench)
        return replace(run, status="failed", reason="no memory") if task.repeat == 2 else run

    outcome = conduct(store, PLAN, run_task=breaks, quiet=True)
    assert len(outcome.failed) == 3
    assert any("no memory" in caveat for caveat in finding_of(outcome).caveats)
    assert len(conduct(store, PLAN, quiet=True).good) == 9


@pytest.mark.parametrize("study", sorted(QUESTIONS))
def test_every_study_answers_with_a_sentence_tables_a_figure_and_json(
    study: str, tmp_path: Path, synthetic: None, capsys: Capture
) -> None:
    folder = tmp_path / "s"
    data = ["--data", "digits"] if study not in ("machine", "ladder") else []
    examples = ["--examples", "100,400" if study == "data-size" else "400"]
    command = ["study", study, "-o", str(folder), *data, *examples, "--quiet"]
    if study == "curve":
        command += ["--models", "small-cnn,mlp"]
    assert cli.main([*command, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["done"] == document["total"] > 0
    assert document["sentence"].endswith(".")
    assert "n = 3" in document["sentence"] or study in ("data-size",)
    assert any("± 69 %" in caveat for caveat in document["caveats"])
    for name in (f"{study}.svg", f"{study}.png", "answer.json", "table1.csv"):
        assert (folder / name).stat().st_size > 100, name
    assert cli.main(["study", study, "--show", str(folder)]) == 0
    assert document["sentence"] in capsys.readouterr().out
    assert cli.main(["study", study, "--resume", str(folder), "--repeats", "4", "--quiet", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["total"] == document["total"] // 3 * 4


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["ladder", "--budget", "0J"], "must be above 0"),
        (["ladder", "--budget", "50"], "unit"),
        (["ladder", "--budget", "5 gCO2e"], "give J"),
        (["curve", "--budget", "5J"], "belongs to the studies"),
        (["curve", "--target", "0.5"], "belongs to study target"),
        (["target", "--target", "-1"], "above 0"),
        (["curve", "--data", "fashion-minst"], "fashion-mnist"),
        (["curve", "--models", "smal-cnn"], "small-cnn"),
        (["shallow", "--models", "small-cnn", "--data", "wine"], "none of the models"),
        (["machine", "--axes", "colour"], "an axis is one of"),
        (["data-size", "--data", "wine", "--examples", "5000"], "5,000 were asked for"),
        (["curve", "--repeats", "0"], "repeats is 1 or more"),
        (["curve", "--show", "nowhere"], "holds no study"),
        (["curve", "--resume", "nowhere"], "holds no study"),
    ],
)
def test_what_makes_no_sense_is_said_before_anything_runs(
    words: list[str], text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("impact_tracker.studies.points.preflight.find_worker", lambda: Path("/bin/true"))
    try:
        code = cli.main(["study", *words])
    except SystemExit as error:
        code = int(str(error.code))
    assert code == 2
    assert text in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_a_resume_keeps_its_own_study_and_never_loses_repeats(tmp_path: Path, synthetic: None, capsys: Capture) -> None:
    StudyStore(tmp_path / "s").create(PLAN)
    assert cli.main(["study", "curve", "--resume", str(tmp_path / "s")]) == 2
    assert "study of data-size" in capsys.readouterr().err
    assert cli.main(["study", "data-size", "--resume", str(tmp_path / "s"), "--repeats", "2"]) == 2
    assert "cannot have 2" in capsys.readouterr().err


def run_to(joules: float, reached: bool, repeat: int, looks: tuple[Checkpoint, ...] = ()) -> StudyRun:
    point = StudyPoint("small-cnn", "digits", 100, target=0.8)
    return StudyRun(
        f"x.r{repeat}",
        point,
        repeat,
        1,
        "ok",
        training=JoulesRead(joules, 1.0, quality="measured"),
        reached=reached,
        checkpoints=looks,
        metric="accuracy",
        score=0.8,
    )


def test_a_missed_target_is_censored_and_not_averaged() -> None:
    runs = [run_to(joules, joules < 40, n) for n, joules in enumerate([10.0, 20.0, 30.0, 40.0, 40.0])]
    (cost,) = costs_of([runs[0].point], runs)
    assert cost.joules is not None
    assert (cost.joules.reached, cost.joules.runs, cost.joules.median) == (3, 5, 30.0)
    assert cost.joules.mean is None  # a mean of what was reached would be too low, and of all too
    never = [run_to(40.0, False, n) for n in range(3)]
    (cost,) = costs_of([never[0].point], never)
    assert cost.joules is not None and cost.joules.median is None
    answer = QUESTIONS["target"].answer([never[0].point], never)
    assert "never reached it" in answer.sentence
    assert any("more than 40" in cell for row in answer.tables[0].rows for cell in row)


def test_what_a_target_takes_is_read_off_between_the_looks() -> None:
    looks = (Checkpoint(50, 10.0, 1.0, 0.7, "validation"), Checkpoint(100, 20.0, 2.0, 0.9, "validation"))
    (cost,) = costs_of([run_to(20.0, True, 1).point], [run_to(20.0, True, 1, looks)])
    assert cost.values == [pytest.approx(15.0)]


def test_files_of_an_answer_are_whole(tmp_path: Path, synthetic: None) -> None:
    store = StudyStore(tmp_path / "s")
    store.create(PLAN)
    outcome = conduct(store, PLAN, quiet=True)
    answer = finding_of(outcome)
    growth = answer.document["growth"]
    assert isinstance(growth, list)
    assert growth[0]["exponent"] == pytest.approx(1.0)
    paths = write_files(outcome, answer, tmp_path / "s")
    assert all(path.stat().st_size > 0 for path in paths)
    assert campaign.outcome_of(store).total == 9


@pytest.mark.parametrize("spread", [0.0, 1e-5, 3e-4, 0.02])
def test_a_gain_has_no_digit_finer_than_its_interval_and_no_interval_of_zero(spread: float) -> None:
    runs = []
    for point, mean in zip(PLAN.points[:2], (0.80, 0.86)):
        for repeat, of_run in ((1, -spread), (2, 0.0), (3, spread)):
            base = run_to(10.0 * point.examples, True, repeat)
            runs.append(replace(base, task=f"{point.id}.r{repeat}", point=point, score=mean + of_run))
    answer = QUESTIONS["data-size"].answer(PLAN.points[:2], runs)
    (gain,) = [cell for table in answer.tables for row in table.rows for cell in row if cell.startswith("+")]
    value, _, half = gain.partition(" points")[0].partition(" ± ")
    if not spread:
        assert (value, half) == ("+6.0", "")
    else:
        assert float(half) > 0 and len(value.partition(".")[2]) == len(half.partition(".")[2])
