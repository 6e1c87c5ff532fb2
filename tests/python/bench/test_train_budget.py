"""A training that ends at a batch for its budget: on curves whose energy is known, and in campaigns of stand-ins."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.run.allowance import Allowance
from impact_tracker.bench.show.page_learning import headline, notes_of
from impact_tracker.bench.show.view import View, read
from impact_tracker.cli import main
from impact_tracker.pacing import Limit
from impact_tracker.runner import WorkerError
from impact_tracker.values import Energy, Range
from python import fake_core
from python.bench.flat import flat
from python.bench.stand_ins import Phase, Worker, Workers, idle

PATIENCE_S = 20.0


class KnownPower:
    """A tracker whose energy is what the test adds; it is seen in steps of the sampling interval alone."""

    running = True

    def __init__(self, interval_s: float) -> None:
        self.interval_s = interval_s
        self.time_s = self.true_j = self.seen_j = 0.0
        self.targets: list[float] = []
        self.changed = threading.Condition()

    @property
    def energy_j(self) -> float | None:
        return self.seen_j

    def tick(self) -> None:
        """A reading at the edge of a region."""
        self.seen_j = self.true_j

    def work(self, seconds: float, watts: float) -> None:
        """Time and energy pass; readings come on a grid of the interval."""
        with self.changed:
            edges = np.floor((self.time_s + seconds) / self.interval_s) - np.floor(self.time_s / self.interval_s)
            self.time_s += seconds
            self.true_j += seconds * watts
            if edges > 0:
                self.seen_j = self.true_j - (self.time_s % self.interval_s) * watts
            self.changed.notify_all()

    def wait(self, *, energy_j: float, timeout_s: float | None = None) -> bool:
        with self.changed:
            self.targets.append(energy_j)
            return self.changed.wait_for(lambda: self.seen_j >= energy_j, timeout_s)


def known(limit_j: float, tracker: Any, told: list[str] | None = None) -> Allowance:
    limit = Limit(Range(limit_j, limit_j, limit_j), f"{limit_j:g} J", "energy of the machine")
    return Allowance(limit, tracker, [].append if told is None else told.append)


def trained(allowance: Allowance, tracker: KnownPower, batches: list[tuple[float, float]]) -> int:
    """One training of the worker: batches until it is told to stop; how many were run."""
    stopped, begin_j, done = threading.Event(), tracker.true_j, 0
    tracker.tick()
    with allowance.watched(stopped.set):
        for seconds, watts in batches:
            if stopped.is_set():
                break
            tracker.work(seconds, watts)
            done += 1
            # The word to stop is on its way as soon as the energy is seen: the next batch is not begun before.
            target = tracker.targets[-1] if tracker.targets else float("inf")
            if tracker.seen_j >= target:
                assert stopped.wait(PATIENCE_S)
    used_j = tracker.true_j - begin_j
    tracker.tick()
    allowance.charge(Energy(used_j, 0.0, 0.0, 0.0, "measured"))
    return done


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 2**32 - 1))
def test_no_budget_is_passed_by_more_than_a_batch_and_an_interval(seed: int) -> None:
    draw = np.random.default_rng(seed)
    interval_s = float(draw.choice([0.05, 0.5, 1.0, 5.0]))
    batch_s, watts = float(10 ** draw.uniform(-2, 1)), float(10 ** draw.uniform(1, 3.5))
    tracker = KnownPower(interval_s)
    limit_j = watts * batch_s * float(draw.uniform(0.01, 60.0))
    allowance = known(limit_j, tracker)
    highest_w, longest_s, epochs = 0.0, 0.0, 0
    while not allowance.spent and epochs < 200:
        epochs += 1
        batches = [
            (batch_s * float(draw.uniform(0.8, 1.2)), watts * float(draw.uniform(0.7, 1.3)))
            for _ in range(int(draw.integers(1, 30)))
        ]
        longest_s = max(longest_s, *(seconds for seconds, _ in batches))
        highest_w = max(highest_w, *(power for _, power in batches))
        before_j = tracker.true_j
        trained(allowance, tracker, batches)
        assert tracker.true_j > before_j
        tracker.work(float(draw.uniform(0.0, 3.0)), watts)  # an evaluation, which is not the training's
        tracker.tick()
    assert allowance.spent
    over_j = allowance._used_j - limit_j
    assert -1e-6 * limit_j - 1e-9 <= over_j <= highest_w * (longest_s + interval_s) * (1 + 1e-9)


def test_a_training_that_ends_by_itself_is_not_stopped_and_nothing_stops_what_comes_after() -> None:
    tracker, calls = KnownPower(0.1), []
    allowance = known(100.0, tracker)
    with allowance.watched(lambda: calls.append("stop")):
        tracker.work(1.0, 60.0)
    tracker.work(10.0, 60.0)  # an evaluation goes far beyond
    allowance.charge(Energy(60.0, 0.0, 0.0, 0.0, "measured"))
    assert (calls, allowance.spent) == ([], False)
    threading.Event().wait(0.02)
    assert calls == []


def test_what_it_rests_on_is_said_once() -> None:
    tracker, told = KnownPower(0.1), []
    allowance = known(100.0, tracker, told)
    allowance.charge(Energy(10.0, 0.0, 6.9, 10.0, "modelled"))
    allowance.charge(Energy(10.0, 0.0, 6.9, 10.0, "modelled"))
    assert told == ["the budget of 100 J rests on a model, whose energies can be wrong by 69 %"]
    nothing, told = type("Nothing", (), {"energy_j": None, "running": True})(), []
    allowance = known(100.0, nothing, told)
    with allowance.watched(lambda: pytest.fail("nobody knows that it is spent")):
        pass
    allowance.charge(Energy.missing())
    (message,) = told
    assert "cannot be kept: no energy is measured here" in message and "doctor" in message
    assert not allowance.spent


def test_a_worker_that_has_ended_meanwhile_needs_no_stop() -> None:
    tracker, asked = KnownPower(0.1), threading.Event()
    allowance = known(10.0, tracker)

    def stop() -> None:
        asked.set()
        raise WorkerError("ended", "the worker has ended", "")

    with allowance.watched(stop):
        tracker.work(1.0, 60.0)
        assert asked.wait(PATIENCE_S)
    assert allowance.spent


# ---- campaigns on a fake machine of 105 W
WATTS, BATCH, BATCH_S = 105.0, 64, 0.192  # 64 images trained at 3 ms each


class Batches(Phase):
    """A training that runs batch by batch, as the worker does; it stops at the batch after it was told to."""

    def __init__(self, worker: Budgeted, images: int) -> None:
        super().__init__(worker, worker._workers, "train", images)
        self._budgeted = worker
        self._stop = threading.Event()

    def stop(self) -> None:
        self._stop.set()

    def run(self, on_event: Callable[..., None]) -> Any:
        plain, passes, before = self._images, 0, fake_core.machine.now_ns
        workers = self._budgeted.workers
        while passes * BATCH < plain and not self._stop.is_set():
            fake_core.machine.advance(BATCH_S)
            passes += 1
            workers.used_j += BATCH_S * WATTS
            if workers.used_j >= workers.limit_j:  # the thread sees it: the word to stop is on its way
                assert self._stop.wait(PATIENCE_S)
        images = min(passes * BATCH, plain)
        self._images = 0
        done = super().run(on_event)
        seconds = (fake_core.machine.now_ns - before) / 1e9
        limit = "stop" if self._stop.is_set() else "epochs"
        return replace(
            done,
            images=images,
            passes=passes,
            duration_s=seconds,
            begin_ns=before,
            stopped=limit == "stop",
            limit=limit,
        )


class Budgeted(Worker):
    def __init__(self, workers: BudgetedWorkers) -> None:
        super().__init__(workers)
        self.workers = workers
        workers.used_j = 0.0

    def train(self, *, epochs: int = 1, subset: int = 60_000, **options: Any) -> Any:
        self.workers.options.append(options)
        return Batches(self, epochs * subset)

    def checkpoint(self, path: Path) -> None:
        if self.workers.disk_is_full:
            raise OSError(28, "No space left on device", str(path))
        Path(path).write_bytes(b"weights and optimizer")


class BudgetedWorkers(Workers):
    def __init__(self, limit_j: float) -> None:
        super().__init__()
        self.limit_j, self.used_j, self.disk_is_full = limit_j, 0.0, False
        self.options: list[dict[str, Any]] = []

    def __call__(self) -> Worker:
        self.opened += 1
        return Budgeted(self)


def campaign(folder: Path, workers: BudgetedWorkers, **more: Any) -> View:
    asked = {"suite": "learning", "models": ("small-cnn",), "images": 1000, "test_images": 500, "repeats": 1, **more}
    made = Campaign.create(folder, Settings(**asked), open_worker=workers, sleep=idle)
    made.run(quiet=True)
    return read(folder)


def training(view: View) -> dict[str, Any]:
    return next(row for row in flat(view) if row["phase"] == "training")


def test_a_campaigns_training_ends_at_the_batch_and_its_row_says_so(machine: fake_core.Machine, tmp_path: Path) -> None:
    workers = BudgetedWorkers(400.0)
    view = campaign(tmp_path / "a", workers, budget="400 J")
    row = training(view)
    batch_j = BATCH_S * WATTS
    assert (row["budget"], row["budget_j"], row["ended_by"]) == ("400 J", 400.0, "budget")
    assert row["energy_j"] == pytest.approx(20 * batch_j)  # 19 are 383 J
    assert row["over_budget_j"] == pytest.approx(20 * batch_j - 400.0)
    assert 0.0 <= row["over_budget_j"] <= batch_j
    assert row["images"] == 1000 + 4 * BATCH  # of 64: 16 batches are an epoch
    assert (row["reached"], row["most_epochs"], row["parts"]) == (None, 50, 2)
    assert row["checkpoint"] == "checkpoints/small-cnn.r1"
    assert (tmp_path / "a" / row["checkpoint"]).read_bytes() == b"weights and optimizer"
    assert all("lr_schedule" not in options for options in workers.options)
    assert not row.get("invalid")
    evaluation = next(row for row in flat(view) if row["phase"] == "evaluation")
    assert evaluation["accuracy"] == pytest.approx(0.86) and evaluation.get("budget") is None
    (target,) = view.targets
    assert (target.budget, target.by_budget) == ("400 J", 1)
    assert "when the budget of 400 J ended its one run, 403 J used" in headline(target)
    assert any("ended its one run at a batch, with 3.20 J beyond it at most" in note for note in notes_of([target]))
    view.write_files()
    header, line = (tmp_path / "a" / "results.csv").read_text().splitlines()[:2]
    assert header.endswith(",budget,budget_j,over_budget_j,ended_by,checkpoint") and header.count(",") == line.count(
        ","
    )
    written = [json.loads(line) for line in (tmp_path / "a" / "rows.jsonl").read_text().splitlines()]
    assert any(line.get("budget_why") == "energy of the machine, without PUE" for line in written)


@pytest.mark.parametrize(
    ("more", "limit_j"),
    [
        ({"budget": "20 mWh"}, 72.0),
        ({"budget": "2 gCO2e", "intensity_g_per_kwh": 18_000.0, "pue": 1.0}, 400.0),
        ({"budget": "0.01 EUR", "price_per_kwh": "60 EUR", "pue": 1.5}, 400.0),
        ({"budget": "1e-3 J"}, 1e-3),
    ],
)
def test_budgets_of_energy_carbon_and_money(
    machine: fake_core.Machine, tmp_path: Path, more: dict[str, Any], limit_j: float
) -> None:
    row = training(campaign(tmp_path / "a", BudgetedWorkers(limit_j), **more))
    assert row["budget_j"] == pytest.approx(limit_j)
    assert row["ended_by"] == "budget"
    assert 0.0 <= row["over_budget_j"] <= BATCH_S * WATTS * (1 + 1e-9)  # one that is nearly nothing: one batch


def test_a_target_before_the_budget_and_epochs_before_both(machine: fake_core.Machine, tmp_path: Path) -> None:
    view = campaign(tmp_path / "a", BudgetedWorkers(1e9), budget="1 GJ", target_metric="accuracy", target=0.8)
    row = training(view)
    assert (row["ended_by"], row["reached"], row["checkpoint"]) == ("target", True, None)
    assert row["over_budget_j"] < 0.0
    row = training(campaign(tmp_path / "b", BudgetedWorkers(1e9), budget="1 GJ", epochs=2))
    assert (row["ended_by"], row["epochs"]) == ("epochs", 2)
    missed = campaign(tmp_path / "c", BudgetedWorkers(400.0), budget="400 J", target_metric="accuracy", target=0.99)
    assert (training(missed)["ended_by"], training(missed)["reached"]) == ("budget", False)
    (target,) = missed.targets
    assert any("censored" in note for note in notes_of([target]))
    assert "no run spent its budget of 1 GJ" in notes_of(view.targets)[0]


def test_a_checkpoint_that_cannot_be_written_is_said_and_the_row_stays(
    machine: fake_core.Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    workers = BudgetedWorkers(400.0)
    workers.disk_is_full = True
    asked = Settings(suite="learning", models=("small-cnn",), images=1000, test_images=500, repeats=1, budget="400 J")
    Campaign.create(tmp_path / "a", asked, open_worker=workers, sleep=idle).run()
    told = capsys.readouterr().err
    assert "could not be kept: [Errno 28] No space left" in told
    assert "the training ended for its budget of 400 J: it used 403 J, 3.20 J more" in told
    row = training(read(tmp_path / "a"))
    assert (row["status"], row["checkpoint"], row["ended_by"]) == ("ok", None, "budget")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--budget", "50"], "budget needs a unit"),
        (["--budget", "0Wh"], "budget must be above 0"),
        (["--budget", "5 parsec"], "which is none of"),
        (["--budget", "2 EUR"], "needs a price: price_per_kwh"),
        (["--budget", "2 EUR", "--price", "0.2 USD"], "is in EUR, but the price is in USD"),
        (["--price", "0.2 EUR"], "a price is of a budget in money"),
        (["--budget", "5gCO2e", "--intensity", "0"], "the electricity has none: give a budget of energy"),
    ],
)
def test_a_budget_that_is_none_is_refused_before_anything_runs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    assert main(["bench", "train", "--model", "small-cnn", *words, "-o", str(tmp_path / "a")]) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def test_other_suites_have_no_budget() -> None:
    with pytest.raises(ValueError, match="a budget belongs to suite learning"):
        Settings(budget="5 Wh")
