"""Every drawing of the package with data of three kinds: little, as usual, and awkward (long names, many rows, six
decades, a single run, nothing known)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from inspect import Parameter, signature
from pathlib import Path
from typing import Any

from impact_tracker.values.statistics import mean_of
from python.bench.made import campaign

KINDS = ("little", "usual", "awkward")
LONG = "a very long name of something that somebody once called so, second edition (2026)"
VANS = "vans not driven any more through the city"
Drawing = Callable[[Path, str], object]


# ---- the benchmark
def suites(folder: Path, kind: str) -> None:
    from impact_tracker.bench import Settings
    from impact_tracker.bench.analyse.roof import measured_roof
    from impact_tracker.bench.show.figures import energy_figure
    from impact_tracker.bench.show.figures.suite import every_figure
    from python.bench.test_measured_roof import KINDS as ROOFS
    from python.bench.test_measured_roof import roof_run

    roof = measured_roof([roof_run(work, repeat) for work in ROOFS for repeat in (1, 2, 3)])
    for suite in ("ai-benchmark", "modern"):
        few = {"ai-benchmark": ("vgg-16", "mobilenet-v2"), "modern": ()}[suite]
        repeats, by = {"little": (1, None), "usual": (5, None), "awkward": (2, "cpu_model/load")}[kind]
        settings = Settings(suite=suite, mode="work", repeats=repeats, models=few if kind == "little" else ())
        view = campaign(folder / suite, settings, scatter=0.1, seed=3, by=by, parts=True)
        every_figure(view.points, roof if kind == "usual" else None)
        energy_figure(view.cells)
    settings = Settings(suite="fashion-mnist", repeats=3) if kind != "little" else Settings(repeats=1)
    view = campaign(folder / "fashion", settings, joules=lambda name: 0.02 + len(name) / 300)
    every_figure(view.points)
    energy_figure(view.cells)


def sweeps(folder: Path, kind: str) -> None:
    from itertools import product

    from impact_tracker.bench.analyse.sweeps import Sweep, SweepPlace
    from impact_tracker.bench.plan.axes import SweepPoint, point_words
    from impact_tracker.bench.show.figures.sweeps import sweeps_figure

    chance = random.Random(5)
    axes = {"batch": [1, 4, 16], "threads": [1, 2], "precision": ["fp32", "bf16", "tf32"]}
    points = [SweepPoint(**dict(zip(axes, values))) for values in product(*axes.values())]  # type: ignore[arg-type]
    titles = ["Small CNN", "MobileNet-V2", "ResNet-V2-50", LONG[:40], *(f"Net {n}" for n in range(10))]
    made = []
    for title in titles[: {"little": 1, "usual": 3, "awkward": 14}[kind]]:
        places = []
        for point in chance.sample(points, {"little": 2, "usual": 5, "awkward": 18}[kind]):
            seconds, joules = chance.lognormvariate(-4, 2), chance.lognormvariate(0, 3)
            runs = 1 if kind == "little" else 3
            means = [mean_of([value * chance.gauss(1, 0.05) for _ in range(runs)]) for value in (seconds, joules)]
            places.append(SweepPlace(title, point, point_words(point.name), *means, "measured"))  # type: ignore[arg-type]
        made.append(Sweep(title, title, "inference", "image", places))
    sweeps_figure(made)


def learning(folder: Path, kind: str) -> None:
    from impact_tracker.bench.analyse.targets import Reached
    from impact_tracker.bench.row.row import Epoch
    from impact_tracker.bench.show.figures.learning import learning_figure

    chance = random.Random(2)
    epochs, targets = [], []
    tests = {"little": 1, "usual": 2, "awkward": 4}[kind]
    for number in range(tests):
        name = f"net-{number}" if kind != "awkward" else f"{LONG[:30]} {number}"
        metric = ("accuracy", "loss")[number % 2]
        runs = 1 if kind == "little" else 3
        for run in range(runs):
            for look in range(2 if kind == "little" else 12):
                score = 1 - math.exp(-look / (3 + run))
                epochs.append(
                    made_epoch(
                        Epoch, name, f"{name}.r{run}", look, metric,
                        value=score if metric == "accuracy" else 7 * (1 - score) + 0.2,
                        training_j=0.0 if look == 0 else 10.0 ** (2 * number) * chance.gauss(100, 5),
                    )
                )  # fmt: skip
        targets.append(made_target(Reached, name, metric, runs, None if kind == "little" else 0.9))
    learning_figure(epochs, targets)


def made_epoch(kind: type, test: str, task: str, look: int, metric: str, **more: float) -> Any:
    """A line of a course, whose other fields no figure reads."""
    return filled_with_nothing(kind, {"test": test, "task": task, "epoch": look, "metric": metric, **more})


def made_target(kind: type, test: str, metric: str, runs: int, target: float | None) -> Any:
    """What became of a test's runs."""
    reached = None if target is None else runs - 1
    known = {"test": test, "title": test, "metric": metric, "runs": runs, "target": target, "reached": reached}
    return filled_with_nothing(kind, {**known, "evaluated_on": "validation", "left_out": ()})


def filled_with_nothing(kind: type, known: dict[str, Any]) -> Any:
    """Of the type, with `None` for each parameter that has no value."""
    needed = [name for name, each in signature(kind).parameters.items() if each.default is Parameter.empty]
    return kind(**{**dict.fromkeys(needed), **known})


# ---- reports
def powers(folder: Path, kind: str) -> None:
    """Of records of the fake machine: see `test_every_figure`, which has it."""
    from experiment_impact_tracker.create_graph_appendix import create_graphs, create_scatterplot_from_df
    from impact_tracker.report import load_runs
    from impact_tracker.report.plot import plot_power

    runs, _ = load_runs([folder])
    plot_power(runs, folder / "power.svg")
    create_graphs(folder, folder / "old names")
    create_scatterplot_from_df({"x in J": [1, 2], "y in s": [3, 4]}, "x in J", "y in s", folder)


def impacts(folder: Path, kind: str) -> None:
    from impact_tracker.footprint import Machine, assess
    from impact_tracker.report import impact_figures as figures

    kwh = {"little": 3.6e-3, "usual": 3.6e6, "awkward": 3.6e12}[kind]
    machine = {"little": None, "usual": Machine(cpus=2, gpus=1)}.get(kind, Machine(cpus=8, gpus=64, ram_gb=4096))
    energy = {"little": kwh, "usual": (0.9 * kwh, kwh, 1.1 * kwh), "awkward": (0.001 * kwh, kwh, 3 * kwh)}[kind]
    idle = None if kind == "little" else 0.3 * kwh
    foot = assess(energy=energy, idle_j=idle, duration_s=3600, pue=1.2, zone="FR", machine=machine)
    figures.plot_life_cycle(foot, folder / "life.svg")
    figures.plot_life_cycle(assess(energy=None, zone="FR", machine=machine), folder / "unknown.svg")
    figures.plot_matrix(foot, folder / "matrix.svg")
    figures.plot_countries(energy, folder / "countries.svg", own={"little": "PL", "usual": "FR", "awkward": "US"}[kind])
    figures.plot_countries(energy, folder / "few.svg", zones=["FR"] if kind == "little" else ["FR", "US", "NO"])
    figures.plot_countries(energy, folder / "world.svg", zones=None, own={"little": "NO", "usual": "US"}.get(kind))
    parts = {
        "little": {"cores": 1.0, "GPU": None, "memory": None, "overhead": None},
        "usual": {"cores": 1.0, "GPU": 3.0, "memory": 0.2, "overhead": 0.1},
        "awkward": {"cores": 1e-6, "GPU": 1.0, "memory": 0.0, "overhead": 123456.0},
    }[kind]
    figures.plot_split(parts, folder / "split.svg")


# ---- the ledger
def ledgers(folder: Path, kind: str) -> None:
    from impact_tracker.ledger import Filter, Ledger, report_of
    from impact_tracker.ledger.figures import draw
    from impact_tracker.ledger.report import BestBy
    from python.ledger.drawn import entry
    from python.ledger.test_report import filled, site

    if kind == "little":
        ledger = filled(folder / "ledger", entry("only", 0, joules=None))
    elif kind == "usual":
        ledger = site(folder / "ledger")
    else:
        chance = random.Random(4)
        fates = ("finished", "failed", "debug", "cancelled")
        runs = [
            entry(
                f"run{n}", 86_400 * 9 * n, joules=10 ** chance.uniform(0, 7), person=f"{LONG[:40]} {n % 25}",
                fate=fates[n % 4], stage=chance.choice(["training", "processing", "deployment", None]),
                metrics={"wer": chance.random(), "requests": 10.0**chance.randint(0, 6)},
            )
            for n in range(120)
        ]  # fmt: skip
        ledger = filled(folder / "ledger", *runs)
    with Ledger.open(ledger) as opened:
        best = None if kind == "little" else BestBy("wer", "min")
        report = report_of(opened, Filter(project="asr"), best)
    draw(report, folder / "figures")
    if kind == "awkward":
        from impact_tracker.ledger.figures import plot_frequencies

        many = [
            replace(each, project=f"{project}{n}", count=each.count * 3**n)
            for n, project in enumerate(["asr", "a project with a long name", "vision", "x"])
            for each in report.frequencies
        ]
        plot_frequencies(many, folder / "many.svg")


# ---- services
def services(folder: Path, kind: str) -> None:
    import json

    from impact_tracker.services import read_inventory, weigh
    from impact_tracker.services.page import plot_service
    from python.services.test_service import small

    if kind == "usual":
        inventory = read_inventory("stable-diffusion")
    else:
        tables = small()
        if kind == "awkward":
            for number in range(9):
                tables["entries"][f"run{number}"] = {**tables["entries"]["run"], "part": f"{LONG[:28]} {number}"}
        path = folder / "service.json"
        path.write_text(json.dumps(tables))
        inventory = read_inventory(path)
    names = list(inventory.units)
    plot_service([weigh(inventory, name) for name in (names[:1] if kind == "little" else names)], folder / "s.svg")


def trees(folder: Path, kind: str) -> None:
    from impact_tracker.footprint import Effect, consequences
    from impact_tracker.services.consequence_tree import plot_tree
    from python.services.test_consequence_tree import LETTERS

    tree = {
        "little": consequences("nothing", [Effect("use", 1, (1e3, 2e3, 3e3))]),
        "usual": LETTERS,
        "awkward": consequences(
            LONG,
            [
                Effect("the service that is offered to everybody", 1, (80e3, 100e3, 130e3)),
                Effect(VANS, 2, (-1.2e9, -1e9, -0.8e9)),
                *(Effect(f"effect {n}", 3, causes=((VANS, (0.1,) * 3),)) for n in range(6)),
                Effect("demand", 3, causes=(("effect 1", (0.5,) * 3),)),
            ],
        ),
    }[kind]  # fmt: skip
    plot_tree(tree, folder / "tree.svg")


# ---- studies
def questions(folder: Path, kind: str) -> None:
    """Each study's own points, learnt by a law."""
    from matplotlib.figure import Figure

    from impact_tracker.studies.points.store import StudyPlan
    from impact_tracker.studies.questions.asked import StudyAsked
    from impact_tracker.studies.questions.known import QUESTIONS
    from python.studies.test_points import learnt

    for name, question in QUESTIONS.items():
        more: dict[str, Any] = {"data": ("digits",)} if name not in ("machine", "ladder") else {}
        if name == "curve":
            more["models"] = ("small-cnn", "mlp") if kind != "little" else ("mlp",)
        if name == "data-size":
            more["examples"] = (100,) if kind == "little" else (100, 200, 400, 800, 1600)
        if kind == "awkward":
            more["preset"] = "full"
            more.pop("data", None)
        points = question.points(StudyAsked(**more))
        repeats = 1 if kind == "little" else 3
        plan = StudyPlan(name, "quick", points, repeats, 5)
        chance = random.Random(name)
        factors = {point: 10 ** chance.uniform(-2, 2) if kind == "awkward" else 1.0 for point in points}
        runs = []
        for task in plan.tasks():
            run = learnt(task, None)  # type: ignore[arg-type]
            factor = factors[task.point] * chance.gauss(1, 0.05)
            energy = replace(run.training, best_j=(run.training.best_j or 0.0) * factor)
            looks = tuple(replace(look, energy_j=(look.energy_j or 0.0) * factor) for look in run.checkpoints)
            score = (run.score or 0.0) * chance.gauss(1, 0.01)
            runs.append(replace(run, training=energy, checkpoints=looks, score=score))
        answer = question.answer(points, runs)
        if answer.draw is not None:
            answer.draw(Figure(figsize=(8.0, 5.0), layout="constrained"))


def metrics(folder: Path, kind: str) -> None:
    from impact_tracker.studies.metrics.show import draw
    from python.studies.test_metrics import entry, fleet

    if kind == "little":
        draw([entry("a", [1.0], macs=1e6), entry("b", [2.0], macs=2e6)], folder / "m.svg", False)
    elif kind == "usual":
        draw(fleet(1), folder / "m.svg", True)
    else:
        draw([replace(each, name=f"{LONG[:50]} {n}") for n, each in enumerate(fleet(2, 40))], folder / "m.svg", True)


def meters(folder: Path, kind: str) -> None:
    from impact_tracker.studies.meters.compare import compared
    from impact_tracker.studies.meters.show import MeterStudy, draw
    from python.studies.test_meters import reading

    chance = random.Random(1)
    names = {
        "little": ["impact-tracker"],
        "usual": ["impact-tracker", "codecarbon", "perf"],
        "awkward": ["impact-tracker", "codecarbon", "perf", "zeus", "pyrapl", f"{LONG[:40]}", "none"],
    }[kind]
    readings = [
        reading(name, number, None if name == "none" else 100 * (place + 1) ** 4 * chance.gauss(1, 0.05))
        for number in range(1 if kind == "little" else 5)
        for place, name in enumerate(names)
    ]
    rows = compared(readings, "impact-tracker")
    title = LONG if kind == "awkward" else "sleep 5"
    draw(MeterStudy(title, "impact-tracker", False, (), (), readings, rows), folder / "meters.svg")


def paradigms(folder: Path, kind: str) -> None:
    from impact_tracker.studies.paradigms.figures import draw_map, draw_sobol, draw_terms
    from impact_tracker.studies.paradigms.scenario import ParameterPlace
    from impact_tracker.studies.paradigms.sensitivity import sobol, winner_map
    from impact_tracker.studies.paradigms.simulation import simulate
    from python.studies.test_paradigms import WORKED, scenario_of

    text = WORKED
    if kind != "little":
        text = files("impact_tracker.studies.paradigms").joinpath("example.yaml").read_text()
    if kind == "awkward":
        first = next(line for line in text.splitlines() if line.startswith("title:"))
        text = text.replace(first, f"title: {LONG}")
    scenario = scenario_of(folder, text)
    draw_terms(simulate(scenario, draws=200), folder / "terms.svg")
    x, y = (ParameterPlace("uplink_bit_per_j", 0), ParameterPlace("data_bits", 0))
    draw_map(scenario, winner_map(scenario, x, y, points=12), "energy_j", folder / "map.svg")
    if kind != "little":
        indices = sobol(scenario, "centralised", "energy_j", against="federated", draws=2000)
        draw_sobol(scenario, indices, ("centralised", "federated"), folder / "sobol.svg")


def federated(folder: Path, kind: str) -> None:
    from impact_tracker.studies.federated.figures import draw
    from impact_tracker.studies.federated.findings import findings_of
    from python.studies.test_federated_compare import made_centre, made_run, study_of

    if kind == "little":
        runs = [made_run(1, 2, 2)]
    elif kind == "usual":
        runs = [made_run(1, 4, 8, reached=4), made_run(2, 4, 8, split="dirichlet:0.1", reached=7), made_centre(8, 3)]
    else:
        splits = ("iid", "dirichlet:0.1", "dirichlet:0.5", "dirichlet:0.01", "shards:2", "shards:4")
        runs = [made_run(n, 8, 30, split=split, reached=None if n % 2 else 20) for n, split in enumerate(splits)]
        runs += [made_centre(30, 10)]
    draw(findings_of(study_of(*runs)), folder / "f.svg")


# ---- clusters
def clusters(folder: Path, kind: str) -> None:
    from impact_tracker import cli
    from impact_tracker.cluster.simulate import SiteSpec, write_site
    from python.cluster.test_reports import words

    size = {
        "little": {"nodes": 1, "days": 1.0, "jobs": 2, "users": 1},
        "usual": {"nodes": 6, "days": 2.0, "jobs": 300, "users": 6},
        "awkward": {"nodes": 8, "days": 70.0, "jobs": 900, "users": 40, "period_s": 300.0},
    }[kind]
    write_site(SiteSpec(seed=4, **{"period_s": 60.0, **size}), folder / "site", gpu_meters=True)  # type: ignore[arg-type]
    assert cli.main(["cluster", "report", *words(folder / "site"), "--figures", str(folder / "f")]) == 0


BENCH = "impact_tracker.bench.show.figures"
# Each with the modules whose figures it draws: all of them where data are as usual.
DRAWINGS: dict[str, tuple[Drawing, tuple[str, ...]]] = {
    "suites": (suites, (BENCH, f"{BENCH}.suite", f"{BENCH}.study", f"{BENCH}.parts")),
    "sweeps": (sweeps, (f"{BENCH}.sweeps",)),
    "learning": (learning, (f"{BENCH}.learning",)),
    "powers": (powers, ("impact_tracker.report.plot", "experiment_impact_tracker.create_graph_appendix")),
    "impacts": (impacts, ("impact_tracker.report.impact_figures",)),
    "ledgers": (ledgers, ("impact_tracker.ledger.figures",)),
    "services": (services, ("impact_tracker.services.page",)),
    "trees": (trees, ("impact_tracker.services.consequence_tree",)),
    "questions": (
        questions,
        tuple(
            f"impact_tracker.studies.questions.{name}"
            for name in ("size", "data_size", "target", "machine", "ladder", "shallow", "curve")
        ),
    ),
    "metrics": (metrics, ("impact_tracker.studies.metrics.show",)),
    "meters": (meters, ("impact_tracker.studies.meters.show",)),
    "paradigms": (paradigms, ("impact_tracker.studies.paradigms.figures",)),
    "federated": (federated, ("impact_tracker.studies.federated.figures",)),
    "clusters": (clusters, ("impact_tracker.cluster.reports.figures",)),
}
