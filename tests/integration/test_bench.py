"""Campaigns with the real worker and the real tracker: what `make bench` runs, in small; killed and resumed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from impact_tracker import Record
from impact_tracker.bench.show.view import read
from impact_tracker.runner import Runner
from integration.tracked import bench, command
from python.bench.flat import flat
from waiting import has_ended, until

pytestmark = pytest.mark.usefixtures("worker", "fashion_mnist")

SMALL = ("--images", "192", "--test-images", "128", "--threads", "1", "--idle", "0.1")


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "rows.jsonl"
    text = path.read_text() if path.exists() else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def children_of(pid: int) -> Sequence[int]:
    children = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        children += [int(child) for child in (task / "children").read_text().split()]
    return children


def test_two_networks_on_real_data(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    done = bench("-o", str(folder), "--repeats", "2", "--pue", "1.4", "--intensity", "100", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "MobileNet-V2" in done.stdout
    view = read(folder)
    assert view.outcome.done == view.outcome.total == 4
    assert {row["phase"] for row in flat(view)} >= {"load", "warm-up", "training", "evaluation", "inference", "idle"}
    for row in flat(view):
        if row["phase"] in ("training", "evaluation", "inference"):
            assert row["images"] == (128 if row["phase"] == "evaluation" else 192)
            assert row["threads"] == 1
            assert row["gmac"] == pytest.approx(row["gmac_stated"])
            assert row["device"] == "cpu"
            begin, end = row["worker_ns"]
            assert row["start_ns"] <= begin <= end <= row["stop_ns"]
            assert row["duration_s"] == pytest.approx((end - begin) / 1e9)
    parameters = {row["model"]: row["parameters"] for row in flat(view) if row["phase"] == "training"}
    assert parameters == {"small-cnn": 421_738, "mobilenet-v2": 2_236_682}
    for name in ("results.json", "results.csv", "summary.csv"):
        assert (folder / name).stat().st_size > 0
    energies = [row["energy_j"] for row in flat(view) if row["phase"] == "training"]
    if all(energy is not None for energy in energies):
        assert (folder / "energy.png").stat().st_size > 10_000
        assert (folder / "energy.svg").stat().st_size > 1000


def test_rows_hold_what_the_record_holds(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    assert bench("-o", str(folder), "--models", "small-cnn", "--repeats", "1", *SMALL).returncode == 0
    rows = {row["region"]: row for row in flat(read(folder))}
    record = Record(folder / next(iter(rows.values()))["record"])
    assert record.complete
    regions = {region.name: region for region in record.regions}
    assert set(rows) <= set(regions)
    for name, row in rows.items():
        assert regions[name].start_ns == row["start_ns"]
        if row["energy_j"] is not None:
            assert regions[name].energy_j == pytest.approx(row["energy_j"], rel=1e-6, abs=1e-6)
    assert record.tags["suite"] == "fashion-mnist"


def test_the_same_seed_gives_the_same_network(tmp_path: Path) -> None:
    losses = []
    for name in ("a", "b"):
        arguments = ("--models", "small-cnn", "--repeats", "1", "--seed", "7", "--phase", "training", *SMALL)
        assert bench("-o", str(tmp_path / name), *arguments, "-q").returncode == 0
        losses.append([row["loss"] for row in flat(read(tmp_path / name)) if row["phase"] == "training"])
    assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_kill_9_of_the_driver_leaves_rows_and_no_orphan_and_resume_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    arguments = ("-o", str(folder), "--models", "small-cnn", "--repeats", "3", *SMALL)
    driver = subprocess.Popen(
        command("bench", *arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        assert until(lambda: sum(line["kind"] == "task" for line in lines(folder)) >= 1, 200)
        assert until(lambda: children_of(driver.pid), 60)
        workers = children_of(driver.pid)
    finally:
        driver.send_signal(signal.SIGKILL)
        driver.wait()
    assert until(lambda: all(map(has_ended, workers))), f"orphans: {workers}"
    before = lines(folder)
    resumed = bench("--resume", str(folder))
    assert resumed.returncode == 0, resumed.stderr
    assert lines(folder)[: len(before)] == before
    view = read(folder)
    assert view.outcome.done == 3
    first = next(line["task"] for line in before if line["kind"] == "task")
    assert {row["session"] for row in flat(view) if row["task"] == first} == {1}
    assert max(row["session"] for row in flat(view)) == 2


def test_kill_9_of_a_worker_is_a_row_and_the_campaign_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    arguments = ("-o", str(folder), "--models", "small-cnn", "--repeats", "2", *SMALL)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    driver = subprocess.Popen(
        command("bench", *arguments), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    )
    assert until(lambda: any(line.get("phase") == "load" for line in lines(folder)), 200)
    (worker,) = children_of(driver.pid)
    # Memory that runs out is to take the worker and not its driver.
    assert Path(f"/proc/{worker}/oom_score_adj").read_text().strip() == "800"
    os.kill(worker, signal.SIGKILL)
    out, _ = driver.communicate(timeout=200)
    assert driver.returncode == 1
    assert "ended by SIGKILL" in out
    view = read(folder)
    assert (view.outcome.done, view.outcome.total) == (1, 2)
    assert list(view.outcome.failed) == ["small-cnn.r1"]
    assert bench("--resume", str(folder)).returncode == 0
    assert read(folder).outcome.done == 2
    assert has_ended(worker)


def test_sigterm_ends_the_worker_and_closes_the_record(tmp_path: Path) -> None:
    folder = tmp_path / "a"
    arguments = ("-o", str(folder), "--models", "small-cnn", "--repeats", "3", *SMALL)
    driver = subprocess.Popen(
        command("bench", *arguments),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert until(lambda: any(line.get("phase") == "load" for line in lines(folder)), 200)
    workers = children_of(driver.pid)
    driver.terminate()
    _, err = driver.communicate(timeout=60)
    assert driver.returncode == 143
    assert "--resume" in err
    assert all(map(has_ended, workers))
    (record,) = (folder / "impacttracker").glob("*.jsonl")
    assert Record(record).complete


def test_without_its_data_or_worker_it_says_what_to_install(tmp_path: Path) -> None:
    nowhere = bench("-o", str(tmp_path / "a"), IMPACT_TRACKER_DATA=str(tmp_path / "nothing"))
    assert nowhere.returncode == 2
    assert "dataset-fashion-mnist" in nowhere.stderr
    missing = bench("-o", str(tmp_path / "a"), IMPACT_TRACKER_WORKER=str(tmp_path / "no-worker"))
    assert missing.returncode == 2
    assert "IMPACT_TRACKER_WORKER" in missing.stderr
    assert not (tmp_path / "a").exists()


def test_a_job_array_gives_the_same_campaign(tmp_path: Path) -> None:
    """submitit's local executor: one process a task, beside each other, each with a record and rows of its own."""
    pytest.importorskip("submitit")
    folder = tmp_path / "a"
    arguments = ("--models", "small-cnn", "--repeats", "2", "--slurm", "--cluster", "local", "--shared", *SMALL)
    done = bench("-o", str(folder), *arguments)
    assert done.returncode == 0, done.stderr
    assert "2 tasks submitted" in done.stderr
    view = read(folder)
    assert view.outcome.done == view.outcome.total == 2
    assert len(list((folder / "parts").glob("*.jsonl"))) == 2
    assert len(list((folder / "impacttracker").glob("*.jsonl"))) == 2
    assert {row["session"] for row in flat(view)} == {1, 2}
    assert "Small CNN" in bench("report", str(folder)).stdout


def test_the_list_is_what_the_worker_has() -> None:
    """Parameters and multiply-adds of the lists against the worker's own count."""
    tests = json.loads(bench("--list", "--json").stdout)
    listed = {test["model"]: test["parameters"] for test in tests}
    with Runner(environment={"OMP_NUM_THREADS": "1"}) as runner:
        networks = {network.name: network for network in runner.capabilities().networks}
    counted = {name: network.parameters for name, network in networks.items()}
    compared = 0
    for listed_test in tests:
        network, size = networks[listed_test["model"]], list(listed_test["size"])
        # ICNet's and GNMT's published numbers are rounded, Pixel-RNN's is read off
        if listed_test["suite"] == "modern" and list(network.input or ())[-len(size) :] == size:
            macs = network.training_macs if "training" in listed_test["phases"] else network.macs
            assert listed_test["gmac"] == pytest.approx((macs or 0) / 1e9, rel=1e-3), listed_test["test"]
            compared += 1
    assert compared >= 15
    common = sorted(set(listed) & set(counted))
    assert "mobilenet-v2" in common
    # Those that learn Fashion-MNIST have heads of its ten classes: what the published heads have beyond is
    # (classes - 10) times the features that go into the head and a bias.
    beyond = {
        "mobilenet-v2": 991 * 1281,
        "resnet-v2-50": 991 * 2049,
        "resnet-v2-152": 991 * 2049,
        "resnet-18": 990 * 513,
    }
    expected = {name: counted[name] - beyond.get(name, 0) for name in common}
    assert {name: listed[name] or expected[name] for name in common} == expected
