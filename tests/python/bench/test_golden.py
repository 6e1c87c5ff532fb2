"""What campaigns leave is pinned: rows.jsonl, tables and the console byte for byte, results.json and the CSV files but
for last digits, in which versions of scipy differ. IMPACT_GOLDEN=write writes the files anew."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from impact_tracker.bench import Campaign, Settings
from impact_tracker.bench.row.machine import MachineState
from impact_tracker.cli import main
from impact_tracker.runner import Loaded, Observed, WorkerError
from impact_tracker.runner.messages import decoded
from python import fake_core, golden
from python.bench import made
from python.bench.stand_ins import Worker, Workers, ended
from python.bench.test_learning import Learners

# Pythons before 3.10 round math.hypot differently in the last digit.
pytest.importorskip("scipy")
pytestmark = pytest.mark.skipif(sys.version_info < (3, 10), reason="math.hypot rounds differently")

# What differs from machine to machine and from run to run.
VARYING = (
    (r'"(written_at|began_at)": ?"[^"]*"', r'"\1":"TIME"'),
    (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
    (r'"python": ?"[^"]*"', '"python":"VERSION"'),
    (r'"architecture": ?"[^"]*"', '"architecture":"ARCHITECTURE"'),
    (r"-\d+-([0-9a-f]{4})\.jsonl", r"-PID-\1.jsonl"),
)


@pytest.fixture(autouse=True)
def known_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same machine wherever the test runs."""
    monkeypatch.setattr("platform.node", lambda: "HOST")
    monkeypatch.setattr("os.cpu_count", lambda: 2)
    monkeypatch.setattr("time.clock_gettime", lambda clock: 0.0)
    monkeypatch.setattr("os.sched_getaffinity", lambda pid: {0, 1})
    monkeypatch.setattr("impact_tracker.runner.processors.cpu_quota", lambda root="/": None)
    state = MachineState("performance", True, 3000.0, 2900.0, 3100.0, 800.0, 3600.0)
    monkeypatch.setattr("impact_tracker.bench.run.circumstances.machine_state", lambda root="/": state)


def settled(text: str, folder: Path) -> str:
    text = text.replace(str(folder), "/FOLDER").replace(str(folder.parent), "/RUNS")
    for pattern, replacement in VARYING:
        text = re.sub(pattern, replacement, text)
    return text


def check(name: str, folder: Path, *files: str) -> None:
    for file in files:
        compare = {".json": golden.check_json, ".csv": golden.check_csv}.get(Path(file).suffix, golden.check)
        compare(f"bench/{name}/{file}", settled((folder / file).read_text(), folder))


def check_console(name: str, capsys: pytest.CaptureFixture[str], folder: Path) -> None:
    out, err = capsys.readouterr()
    golden.check(f"bench/{name}/console.txt", settled(f"{out}---- standard error\n{err}", folder))


class Varying(Workers):
    """Runs differ in their power, and phases hold everything that a worker may say."""

    def __init__(self) -> None:
        super().__init__()
        self.elsewhere = 0
        self.powers = iter([100.0, 104.0, 96.0, 101.0, 99.0, 105.0, 103.0, 95.0] * 4)

    def __call__(self) -> Worker:
        self.opened += 1
        return Told(self)


class Told(Worker):
    def load(self, network: str, **options: Any) -> Loaded:
        assert isinstance(self._workers, Varying)
        fake_core.machine.power_w = next(self._workers.powers)
        super().load(network, **options)
        self.loaded.update(training_macs=3_000_000)
        return decoded(Loaded, self.loaded)

    def infer(self, **options: Any) -> Any:
        phase = super().infer(**options)
        run, workers = phase.run, self._workers
        assert isinstance(workers, Varying)

        def with_passes(on_event: Any) -> Any:
            done = replace(
                run(on_event),
                pass_ns=tuple(9_000_000 + 10_000 * (i % 7) for i in range(24)),
                observed=Observed("fp32", {"fp32": 0.8, "bf16": 0.2}, None, {}, threads=1, busy_cpus=0.9),
            )
            return replace(done, device="cuda:7") if workers.opened == workers.elsewhere else done

        phase.run = with_passes
        return phase


def test_a_campaign_with_a_failed_task_and_its_resumption(
    machine: fake_core.Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from python.bench.stand_ins import idle

    workers = Varying()
    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "open_worker", workers)
    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "sleep", idle)
    folder = tmp_path / "fashion"
    workers.fail("mobilenet-v2", "train", ended(), nth=2)
    sized = ("--images", "12000", "--test-images", "500", "--pue", "1.5", "--intensity", "100")
    assert main(["bench", "-o", str(folder), *sized]) == 1
    workers.fail("mobilenet-v2", "load", WorkerError("out-of-memory", "the system refused more memory", "less"))
    workers.elsewhere = 10  # the worker that is opened as this one runs on another device, so its row is invalid
    assert main(["bench", "--resume", str(folder), "--repeats", "4"]) == 1
    check("fashion", folder, "rows.jsonl", "results.json", "results.csv", "summary.csv", "campaign.json")
    check_console("fashion", capsys, folder)
    lines = len((folder / "rows.jsonl").read_text().splitlines())
    machine.lagging = set(range(1, 100))  # energies that stay provisional are written once
    assert main(["bench", "--resume", str(folder), "--redo-invalid"]) == 0
    assert len((folder / "rows.jsonl").read_text().splitlines()) > lines
    golden.check("bench/fashion/redone.jsonl", settled((folder / "rows.jsonl").read_text(), folder))
    capsys.readouterr()
    assert main(["bench", "report", str(folder), "--olympic", "--pue", "2"]) == 0
    check_console("fashion-weighed", capsys, folder)
    check("fashion-weighed", folder, "results.json", "results.csv")


@pytest.mark.parametrize("strict", [False, True])
def test_a_campaign_whose_sensors_lag_is_settled_at_the_end(
    workers: Workers, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, strict: bool
) -> None:
    name = f"settled-{'work' if strict else 'quick'}"
    fake_core.machine.lagging = set(range(1, 100))
    regions = fake_core.Record.regions

    def final(self: fake_core.Record) -> list[fake_core.RegionResult]:
        return [
            replace(region, provisional=False, energy=replace(region.energy, best_j=2 * (region.energy.best_j or 0.0)))
            for region in regions(self)
        ]

    monkeypatch.setattr(fake_core.Record, "regions", final)
    settings = Settings(models=("small-cnn",), repeats=2, images=1000, mode="work" if strict else "quick")
    Campaign.create(tmp_path / name, settings).run(quiet=True)
    check(name, tmp_path / name, "rows.jsonl")


def test_a_campaign_on_a_machine_without_sensors(
    workers: Workers, machine: fake_core.Machine, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.measured = False
    folder = tmp_path / "unmeasured"
    with pytest.warns(Warning, match="no energy was measured"):
        assert main(["bench", "-o", str(folder), "--models", "small-cnn", "--repeats", "1", "--images", "640"]) == 0
    check("unmeasured", folder, "rows.jsonl", "results.json", "results.csv", "summary.csv")
    check_console("unmeasured", capsys, folder)


def test_a_training_to_a_target(
    machine: fake_core.Machine, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    from python.bench.stand_ins import idle

    learners = Learners()
    steps = {1: 0.3, 2: 0.15, 3: 0.01, 4: 0.1, 5: 0.3}  # accuracy gained in an epoch, by the run's seed
    learners.value = lambda seed, epoch: 0.6 + steps[seed] * epoch
    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "open_worker", learners)
    monkeypatch.setitem(Campaign.__init__.__kwdefaults__, "sleep", idle)
    folder = tmp_path / "learning"
    sized = ("--images", "12000", "--test-images", "500", "--repeats", "5", "--epochs", "4")
    command = ["bench", "train", "--model", "small-cnn", "-o", str(folder), "--target-accuracy", "0.89", *sized]
    assert main(command) == 0
    check("learning", folder, "rows.jsonl", "results.json", "results.csv", "summary.csv", "targets.csv")
    check_console("learning", capsys, folder)


@pytest.mark.parametrize("suite", ["ai-benchmark", "modern"])
def test_the_tables_of_a_suite(suite: str, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = tmp_path / suite
    made.campaign(folder, Settings(suite=suite, repeats=3, pue=1.2))
    made.campaign(tmp_path / "other", Settings(suite=suite, repeats=4), seed=2, factor=1.3)
    assert main(["bench", "report", str(folder)]) == 0
    names = ["rows.jsonl", "results.json", "results.csv", "summary.csv"]
    names += sorted(path.name for path in folder.iterdir() if path.suffix in (".md", ".tex", ".csv"))
    check(suite, folder, *dict.fromkeys(names))
    check_console(suite, capsys, folder)
    assert main(["bench", "compare", str(folder), str(tmp_path / "other")]) == 0
    check_console(f"{suite}-compare", capsys, folder)
    if suite == "ai-benchmark":
        assert main(["bench", "paper", str(folder)]) == 0
        check_console(f"{suite}-paper", capsys, folder)
        assert main(["bench", "forecast", "--from", str(folder), "--images", "50000"]) == 0
        check_console(f"{suite}-forecast", capsys, folder)


def test_the_list_of_all_tests(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    assert main(["bench", "--list", "--json"]) == 0
    check_console("list", capsys, tmp_path)
