"""The measured roof: what is asked of the worker, how its rows are read, what is made of them, how it is drawn."""

from __future__ import annotations

import json
import random
from contextlib import nullcontext
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.analyse.roof import TRAINING_PASSES, measured_roof
from impact_tracker.bench.plan.suites import tests_of as suite_tests
from impact_tracker.bench.plan.task import plan
from impact_tracker.bench.row.codec import as_line, decode
from impact_tracker.bench.row.log import roofs_of
from impact_tracker.bench.row.roof_run import ARITHMETIC, MEMORY, RoofRun
from impact_tracker.bench.row.schema import line_schema
from impact_tracker.bench.row.storage import Storage
from impact_tracker.bench.run.roof import RoofPlan, roof_plan, roof_runs
from impact_tracker.bench.show.figures.suite import every_figure
from impact_tracker.bench.show.view import read
from impact_tracker.cli import main
from impact_tracker.runner import WorkerError
from impact_tracker.runner.messages import Hello, PhaseResult, decoded
from python import fake_core
from python.bench.made import campaign
from python.bench.stand_ins import Phase, Worker, Workers, idle
from python.bench.test_figures import SUITES
from python.figures.looking import check_texts

pytest.importorskip("scipy")
GB_PER_S, GMAC_PER_S = {"triad": 20.0, "copy": 16.0}, {"matmul": 110.0, "convolution": 200.0}
WATTS = 105.0
KINDS = (*MEMORY, *ARITHMETIC)


def roof_run(kind: str, repeat: int = 1, **more: Any) -> RoofRun:
    """At the rates above, 105 W."""
    memory = kind in MEMORY
    amount = (GB_PER_S if memory else GMAC_PER_S)[kind] * 1e9 * 0.02
    known: dict[str, Any] = {
        "session": 1,
        "device": "cpu",
        "precision": "fp32",
        "threads": 2,
        "what": "arrays of 64 MiB" if memory else "products",
        "bytes_per_pass": amount if memory else None,
        "macs_per_pass": None if memory else amount,
        "passes": 25,
        "duration_s": 0.5,
        "best_pass_s": 0.02,
        "energy_j": 0.5 * WATTS,
        "quality": "measured",
    }
    return RoofRun(kind, repeat, **{**known, **more})


class RoofWorker(Worker):
    hello = Hello(protocol=1, pid=4711, torch_version="1.13.0", devices=("cpu",), threads=2, features=("roof",))

    def roof(self, kind: str, *, seconds: float, **options: Any) -> Any:
        self._workers.before(self, "roof")
        workers = self._workers
        assert isinstance(workers, RoofWorkers)
        workers.asked.append({"kind": kind, "seconds": seconds, **options})
        self.network = "small-cnn"
        return RoofPhase(self, workers, kind, seconds)


class RoofPhase(Phase):
    def __init__(self, worker: Worker, workers: Workers, kind: str, seconds: float) -> None:
        super().__init__(worker, workers, "infer", round(seconds * 1000))
        self._kind = kind

    def run(self, on_event: Any = None) -> PhaseResult:
        done = super().run(lambda event: None)
        memory = self._kind in MEMORY
        amount = (GB_PER_S if memory else GMAC_PER_S)[self._kind] * 1e9 * 0.02
        work = {
            "kind": self._kind,
            "bytes_per_pass": amount if memory else None,
            "macs_per_pass": None if memory else amount,
            "what": "things",
            "array_bytes": 1 << 26 if memory else None,
        }
        passes = max(1, round(done.duration_s / 0.02))
        content = {**vars(done), "event": "done", "roof": work, "passes": passes, "pass_ns": [20_000_000] * passes}
        return decoded(PhaseResult, content)


class RoofWorkers(Workers):
    def __init__(self) -> None:
        super().__init__()
        self.asked: list[dict[str, Any]] = []

    def __call__(self) -> Worker:
        self.opened += 1
        return RoofWorker(self)


@pytest.fixture
def roof_workers(machine: fake_core.Machine) -> RoofWorkers:
    return RoofWorkers()


def ran(folder: Path, workers: Workers, **settings: Any) -> Any:
    asked = {"images": 500, "test_images": 500, "repeats": 1, "roof": True, **settings}
    made = Campaign.create(folder, Settings(**asked), open_worker=workers, sleep=idle)
    made.run(quiet=True)
    return read(folder)


class RegionWithoutResult(nullcontext[None]):
    result = None


class TrackerWithoutResults:
    """One whose regions measure nothing, as that of a machine without a single source."""

    def region(self, name: str, edges: str) -> RegionWithoutResult:
        return RegionWithoutResult()


def test_a_roof_that_nothing_measured_keeps_its_rates_and_says_so(roof_workers: RoofWorkers) -> None:
    runs = list(roof_runs(RoofPlan(repeats=2), roof_workers, cast(Any, TrackerWithoutResults()), session=3))
    assert [(run.work, run.repeat, run.session) for run in runs] == [(kind, n, 3) for kind in KINDS for n in (1, 2)]
    for run in runs:
        assert run.quality == "missing" and run.giga_per_s and run.what == "things"
        assert {run.energy_j, run.energy_low_j, run.energy_high_j, run.bias_j, run.modelled_j} == {None}


# ---- rates and energies
@given(
    rate=st.floats(0.1, 5000),
    watts=st.floats(1, 5000),
    seconds=st.floats(0.01, 1.0),
    passes=st.integers(1, 1000),
)
def test_rate_and_joules_follow_from_passes_and_energy(rate: float, watts: float, seconds: float, passes: int) -> None:
    run = roof_run(
        "triad",
        bytes_per_pass=rate * 1e9 * seconds,
        best_pass_s=seconds,
        passes=passes,
        energy_j=watts * seconds * passes,
    )
    assert run.giga_per_s == pytest.approx(rate)
    assert run.j_per_giga == pytest.approx(watts / rate)


def test_the_fastest_of_each_is_the_roof_with_an_interval_over_repeats() -> None:
    runs = [roof_run(kind, repeat, best_pass_s=0.02 * (1 + 0.01 * repeat)) for kind in KINDS for repeat in (1, 2, 3)]
    roof = measured_roof(runs)
    assert roof is not None and roof.memory is not None and roof.arithmetic is not None
    assert (roof.memory.kind, roof.arithmetic.kind) == ("triad", "convolution")
    assert roof.memory.rate.runs == 3 and roof.memory.rate.interval is not None
    low, high = roof.memory.rate.interval
    assert low < 20.0 / 1.02 < high
    drawn = roof.roof
    assert drawn is not None
    assert drawn.j_per_gb == pytest.approx(WATTS / 20.0)
    assert drawn.j_per_gmac == pytest.approx(WATTS / 200.0)
    assert drawn.ridge == pytest.approx(10.0)
    assert len(roof.ceilings) == 4
    assert "triad 19." in roof.text and "GB/s" in roof.text and "J/GMAC" in roof.text and "2 threads" in roof.text


@pytest.mark.parametrize("repeats", [2, 3, 5, 10])
def test_the_figures_of_a_known_machine_are_held(repeats: int) -> None:
    """40 GB/s and 300 GMAC/s in the mean over phases, which differ by 5 %; in each most passes are slowed by others, by
    8 % in the mean. The rate is that of a pass which nobody slowed, the joules are those of all passes."""
    chance, watts, slower = random.Random(repeats), 120.0, 0.08
    truths = {"triad": 40.0, "matmul": 300.0}
    held: dict[str, list[int]] = {kind: [0, 0] for kind in truths}
    draws = 1200
    for _ in range(draws):
        runs = []
        for kind, truth in truths.items():
            for repeat in range(1, repeats + 1):
                rate = truth * chance.gauss(1, 0.05)
                amount = 1e9 * truth * 0.02
                times = [amount / 1e9 / rate * (1 + chance.choice([0.0, 2 * slower])) for _ in range(25)]
                amounts = {"bytes_per_pass": amount} if kind in MEMORY else {"macs_per_pass": amount}
                energy_j = watts * sum(times)
                runs.append(roof_run(kind, repeat, **amounts, best_pass_s=min(times), energy_j=energy_j))
        roof = measured_roof(runs)
        assert roof is not None and roof.memory is not None and roof.arithmetic is not None
        for ceiling in (roof.memory, roof.arithmetic):
            truth, joules = truths[ceiling.kind], ceiling.joules
            assert joules is not None and joules.interval is not None and ceiling.rate.interval is not None
            cost = watts / truth * (1 + slower) * (1 + 0.05**2)  # the mean of 1 ÷ a rate that scatters by 5 %
            for place, (mean, of_truth) in enumerate(((ceiling.rate, truth), (joules, cost))):
                ends = mean.interval
                assert ends is not None
                held[ceiling.kind][place] += ends[0] <= of_truth <= ends[1]
    for kind, counts in held.items():
        assert all(0.93 <= count / draws <= 0.97 for count in counts), (kind, counts)


def test_what_was_not_measured_is_no_roof() -> None:
    assert measured_roof([]) is None
    assert measured_roof([roof_run("triad", best_pass_s=None)]) is None
    without = measured_roof([roof_run(kind, energy_j=None, quality="missing") for kind in KINDS])
    assert without is not None and without.roof is None
    assert "energy not measured" in without.text
    half = measured_roof([roof_run("triad", 1), roof_run("triad", 2, energy_j=None), roof_run("matmul")])
    assert half is not None and half.memory is not None and half.memory.joules is None
    only = measured_roof([roof_run("copy")])
    assert only is not None and only.arithmetic is None and only.roof is None


def test_the_latest_session_counts() -> None:
    roof = measured_roof([roof_run("triad", best_pass_s=0.01), roof_run("triad", session=2)])
    assert roof is not None and roof.memory is not None
    assert roof.memory.rate.value == pytest.approx(20.0)


# ---- rows
def test_a_line_comes_back_as_it_was_written() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    for kind in KINDS:
        run = roof_run(kind, others_cpus=0.1, cache_bytes=1 << 25)
        content = json.loads(as_line(run))
        assert content["kind"] == "roof" and content["work"] == kind
        jsonschema.validate(content, line_schema())
        back = decode(content)
        assert isinstance(back, RoofRun)
        assert (back.work, back.giga_per_s, back.j_per_giga) == (kind, run.giga_per_s, run.j_per_giga)


# ---- campaigns
def test_a_campaign_measures_it_once_before_its_tests(roof_workers: RoofWorkers, tmp_path: Path) -> None:
    view = ran(tmp_path / "a", roof_workers, threads=2)
    runs = roofs_of(view.lines)
    assert [run.work for run in runs] == [kind for kind in KINDS for _ in range(3)]
    assert [run.repeat for run in runs] == [1, 2, 3] * 4
    assert all(run.energy_j == pytest.approx((run.duration_s or 0) * WATTS) for run in runs)
    assert all(
        (asked["threads"], asked["precision"], asked["device"]) == (2, "fp32", "cpu") for asked in roof_workers.asked
    )
    assert view.roof is not None and view.roof.memory is not None
    assert view.roof.memory.rate.value == pytest.approx(20.0)
    assert view.to_dict()["roof"]["arithmetic"] == "convolution"
    assert any("the most that the machine does" in note for note in view.caveats)
    Campaign.resume(tmp_path / "a", repeats=2, open_worker=roof_workers, sleep=idle).run(quiet=True)
    assert len(roofs_of(Storage(tmp_path / "a").lines())) == 12
    assert roof_workers.opened == roof_workers.closed


def test_a_worker_that_cannot_or_fails_does_not_end_the_campaign(
    machine: fake_core.Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    older = ran(tmp_path / "a", Workers())
    assert older.roof is None and "roof" not in older.to_dict()
    workers = RoofWorkers()
    workers.fail("", "roof", WorkerError("out-of-memory", "the system refused more memory"))
    made = Campaign.create(
        tmp_path / "b",
        Settings(images=500, test_images=500, repeats=1, roof=True),
        open_worker=workers,
        sleep=idle,
    )
    outcome = made.run()
    assert outcome.done == outcome.total
    assert "roof was not measured: the system refused more memory" in capsys.readouterr().err


def test_a_roof_that_was_interrupted_is_measured_anew(roof_workers: RoofWorkers, tmp_path: Path) -> None:
    roof_workers.fail("small-cnn", "roof", WorkerError("out-of-memory", "the system refused more memory"), 4)
    view = ran(tmp_path / "a", roof_workers)
    assert {run.work for run in roofs_of(view.lines)} != set(KINDS)
    Campaign.resume(tmp_path / "a", repeats=2, open_worker=roof_workers, sleep=idle).run(quiet=True)
    again = read(tmp_path / "a")
    assert {ceiling.kind for ceiling in again.roof.ceilings} == set(KINDS)
    count = len(roofs_of(again.lines))
    Campaign.resume(tmp_path / "a", repeats=3, open_worker=roof_workers, sleep=idle).run(quiet=True)
    assert len(roofs_of(Storage(tmp_path / "a").lines())) == count


@pytest.mark.parametrize(
    ("settings", "is_measured"),
    [
        ({"suite": "ai-benchmark"}, True),
        ({"suite": "modern", "mode": "work"}, True),
        ({"suite": "ai-benchmark", "roof": False}, False),
        ({"suite": "ai-benchmark", "models": ("icnet",), "phase": "inference"}, False),
        ({"suite": "fashion-mnist"}, False),
        ({"suite": "fashion-mnist", "roof": True}, True),
        ({"suite": "learning"}, False),
        ({"suite": "ai-benchmark", "replicas": 2}, False),
    ],
)
def test_it_is_measured_where_it_is_drawn(settings: dict[str, Any], is_measured: bool) -> None:
    asked = Settings(**settings)
    tests = suite_tests(asked)
    planned = roof_plan(asked, plan(asked, tests), tests)
    assert (planned is not None) is is_measured
    if planned is not None:
        assert planned.seconds == (2.0 if asked.mode == "work" else 0.5)
    assert roof_plan(asked, [], tests) is None


# ---- figures
def test_the_figure_draws_the_measured_roof_with_names_and_units(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    view = campaign(
        tmp_path / "a", Settings(suite="ai-benchmark", mode="work", repeats=2, models=("vgg-16", "u-net", "icnet"))
    )
    roof = measured_roof([roof_run(kind, repeat) for kind in KINDS for repeat in (1, 2)])
    assert roof is not None and roof.roof is not None
    figure = every_figure(view.points, roof)["roofline"]
    note = figure.get_supxlabel().replace("\n", " ")
    assert "roof, measured: triad" in note and "the least that a test took" not in note
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "triad\n20.0 GB/s, 5.25 J/GB" in labels
    assert "convolutions\n200 GMAC/s, 0.525 J/GMAC" in labels
    for axes, factor in zip(figure.axes, (1.0, TRAINING_PASSES)):
        drawn = [line for line in axes.lines if line.get_linestyle() in ("-", "--") and len(line.get_xdata()) == 2]
        own = roof.roof.times(factor)
        assert drawn
        for line in drawn:
            for x, y in zip(line.get_xdata(), line.get_ydata()):
                assert y == pytest.approx(own.at(x))


def test_without_one_the_figure_says_that_it_is_the_best_of_the_tests(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    view = campaign(tmp_path / "a", Settings(suite="ai-benchmark", mode="work", models=("vgg-16", "u-net")))
    blind = measured_roof([roof_run(kind, energy_j=None, quality="missing") for kind in KINDS])
    for roof in (None, blind):
        note = every_figure(view.points, roof)["roofline"].get_supxlabel().replace("\n", " ")
        assert "no roof was measured; roof, inference: the least that a test took" in note


@pytest.mark.parametrize("seed", range(5))
def test_no_text_overlaps_over_campaigns_drawn_at_random(tmp_path: Path, seed: int) -> None:
    pytest.importorskip("matplotlib")
    chance = random.Random(100 + seed)
    suite = chance.choice(sorted(SUITES))
    models = tuple(chance.sample(SUITES[suite], chance.choice([2, 3, 5, len(SUITES[suite])])))
    settings = Settings(suite=suite, mode="work", repeats=chance.choice([1, 3]), models=models)
    view = campaign(tmp_path / "a", settings, scatter=0.1, seed=seed)
    scale = 10 ** chance.uniform(-2, 3)
    runs = [
        roof_run(kind, repeat, energy_j=chance.uniform(0.5, 2) * scale * WATTS, best_pass_s=chance.gauss(0.02, 4e-4))
        for kind in KINDS
        for repeat in range(1, chance.choice([2, 4]))
    ]
    figure = every_figure(view.points, measured_roof(runs)).get("roofline")
    if figure is not None:
        check_texts(figure, "roofline")


# ---- the command
def test_the_command_shows_it_and_writes_json(
    roof_workers: RoofWorkers, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("impact_tracker.bench.run.campaign.open_runner", roof_workers)
    assert main(["bench", "roof", "--repeats", "2", "-q"]) == 0
    out = capsys.readouterr().out
    assert "The most that this machine does: triad 20" in out and "GB/s" in out and "J/GMAC" in out
    assert main(["bench", "roof", "--threads", "1", "--seconds", "0.2", "--json", "-q"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["memory"] == "triad" and len(document["runs"]) == 12
    assert document["ceilings"][0]["rate"]["value"] == pytest.approx(20.0)
    assert roof_workers.asked[-1]["threads"] == 1
    assert main(["bench", "roof", "--repeats", "0"]) == 2
    assert "1 or more" in capsys.readouterr().err
