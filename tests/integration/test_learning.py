"""`impact-tracker bench train` with the real worker and the real tracker: images, a made brain, a text; all tiny."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("impact_tracker._core", reason="the core is not built")

from fakes import zones
from fakes.plugin import MachineFactory
from impact_tracker import Record
from impact_tracker.bench.show.view import View, read
from impact_tracker.runner.runner import find_worker
from integration.tracked import bench, command, environment
from python.bench.flat import flat

pytestmark = pytest.mark.usefixtures("worker")
needs_fashion = pytest.mark.usefixtures("fashion_mnist")
LICENCES = Path("/usr/share/common-licenses")
SMALL = ("--threads", "1", "--idle", "0.1", "--repeats", "1", "-q")


def learnt(folder: Path, *arguments: str) -> View:
    done = bench("train", *arguments, *SMALL, "-o", str(folder))
    assert done.returncode == 0, done.stderr
    return read(folder)


def epochs(view: View) -> list[dict[str, Any]]:
    return flat(view.epochs)


@needs_fashion
def test_images_to_an_accuracy(tmp_path: Path) -> None:
    sizes = ("--images", "1024", "--test-images", "256", "--epochs", "6")
    view = learnt(tmp_path / "a", "--model", "small-cnn", "--target-accuracy", "0.6", *sizes)
    (target,) = view.targets
    assert (target.reached, target.runs) == (1, 1)
    assert target.final is not None
    assert target.final.value >= 0.6
    lines = epochs(view)
    assert [line["reached"] for line in lines] == [False] * (len(lines) - 1) + [True]
    training = next(row for row in flat(view) if row["phase"] == "training")
    assert training["images"] == 1024 * (len(lines) - 1)  # the first line is the untrained network
    record = Record(view.storage.folder / training["record"])
    regions = [region for region in record.regions if region.name == training["region"]]
    assert len(regions) == len(lines) - 1
    if training["energy_j"] is not None:
        assert sum(region.energy_j or 0.0 for region in regions) == pytest.approx(training["energy_j"], rel=1e-6)


@needs_fashion
def test_a_target_out_of_reach_is_missed_and_said(tmp_path: Path) -> None:
    arguments = ("--model", "small-cnn", "--target-accuracy", "0.999", "--epochs", "2", "--images", "128")
    done = bench("train", *arguments, "--test-images", "128", *SMALL, "-o", str(tmp_path / "a"))
    assert done.returncode == 0, done.stderr
    assert "its one run did not reach accuracy ≥ 0.999" in done.stdout
    assert "censored" in done.stdout


def brain(folder: Path) -> None:
    """A brain of the real one's width: bright tissue with a dark core that is another class."""
    sides = (181, 176, 64)  # at 2 mm just as high as a cube, and deep enough for one in the part that stops a training
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *sides, 1, 1, 1, 1)
    struct.pack_into("<h", header, 70, 2)
    struct.pack_into("<f", header, 108, 352.0)
    header[344:348] = b"n+1\0"
    image, labels = bytearray(), bytearray()
    for z in range(sides[2]):
        for y in range(sides[1]):
            for x in range(sides[0]):
                core = 40 <= y < 136 and 16 <= z < 48
                image.append(60 + (x * 7 + y * 5 + z * 3) % 9 if core else 200)
                labels.append(1 if core else 95)
    folder.mkdir()
    (folder / "ch2.nii.gz").write_bytes(gzip.compress(bytes(header) + image, 1))
    (folder / "aal.nii.gz").write_bytes(gzip.compress(bytes(header) + labels, 1))


def test_volumes_to_a_dice(tmp_path: Path) -> None:
    brain(tmp_path / "brain")
    sizes = ("--images", "2", "--test-images", "2", "--batch", "1", "--epochs", "4", "--data", str(tmp_path / "brain"))
    view = learnt(tmp_path / "a", "--model", "u-net-3d", "--target-dice", "0.05", *sizes)
    (target,) = view.targets
    assert target.reached == 1
    (line, *_) = epochs(view)
    assert line["metric"] == "dice"
    assert len(line["dice_by_class"]) == 4
    row = next(row for row in flat(view) if row["phase"] == "evaluation")
    assert (row["unit"], row["data"], row["input"]) == ("volume", "brain-2mm", [1, 32, 32, 32])


@pytest.mark.skipif(not LICENCES.is_dir(), reason="no texts in /usr/share/common-licenses")
def test_text_to_a_loss(tmp_path: Path) -> None:
    sizes = ("--images", "128", "--test-images", "16", "--epochs", "8")
    view = learnt(tmp_path / "a", "--target-loss", "3.5", *sizes)
    (target,) = view.targets
    assert (target.model, target.reached) == ("small-gpt", 1)
    losses = [line["value"] for line in epochs(view)]
    assert losses[-1] <= 3.5
    assert losses[-1] < losses[0]


@needs_fashion
def test_epochs_alone_follow_the_seed(tmp_path: Path) -> None:
    arguments = ("--model", "small-cnn", "--epochs", "2", "--images", "192", "--test-images", "128", "--seed", "4")
    a, b = (learnt(tmp_path / name, *arguments) for name in "ab")
    assert [line["value"] for line in epochs(a)] == [line["value"] for line in epochs(b)]
    assert [line["training_loss"] for line in epochs(a)] == pytest.approx([line["training_loss"] for line in epochs(b)])
    assert json.loads((tmp_path / "a" / "results.json").read_text())["targets"][0]["target"] is None


@pytest.mark.parametrize(
    ("goal", "package"),
    [
        ("--target-accuracy", "dataset-fashion-mnist"),
        ("--target-dice", "mricron-data"),
        ("--target-loss", "base-files"),
    ],
)
def test_missing_data_names_its_package(tmp_path: Path, goal: str, package: str) -> None:
    done = bench("train", goal, "0.5", *SMALL, "-o", str(tmp_path / "a"), IMPACT_TRACKER_DATA=str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert package in done.stderr
    assert not (tmp_path / "a").exists()


@needs_fashion
def test_replicas_share_the_batch(tmp_path: Path) -> None:
    arguments = ("--model", "small-cnn", "--epochs", "1", "--images", "128", "--test-images", "64", "--replicas", "2")
    view = learnt(tmp_path / "a", *arguments)
    row = next(row for row in flat(view) if row["phase"] == "training")
    assert row["devices"] == ["cpu", "cpu"]
    assert row["images"] == 128


@needs_fashion
@pytest.mark.usefixtures("core")
@pytest.mark.processors
def test_a_budget_ends_the_workers_training_at_a_batch(fake_machine: MachineFactory, tmp_path: Path) -> None:
    """120 W for certain: 300 J are 2.5 s. What is passed is a batch and a sampling interval at most."""
    machine = fake_machine(zones.server("constant:60", sockets=2))
    words = ["bench", "train", "--model", "small-cnn", "--budget", "300J", "--interval", "0.05", "--test-images", "256"]
    environ = environment(IMPACT_TRACKER_SOURCES=machine.reader, IMPACT_TRACKER_WORKER=str(find_worker()))
    folder = tmp_path / "a"
    done = machine.run(
        command(*words, *SMALL[:-1], "-o", folder), capture_output=True, text=True, env=environ, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    row = next(row for row in flat(read(folder)) if row["phase"] == "training")
    assert (row["ended_by"], row["stopped"], row["budget_j"]) == ("budget", True, 300.0)
    assert row["quality"] in ("measured", "modelled")  # an AMD's counter is the processor's own model
    assert -1.0 <= row["over_budget_j"] <= 120.0 * (5.0 * row["pass_ms"] / 1000.0 + 0.05 + 0.5)
    assert row["images"] < 60_000
    assert (folder / row["checkpoint"]).stat().st_size > 1_000_000
    assert "when the budget of 300J ended its one run" in done.stdout
    assert "the training ended for its budget of 300J" in done.stderr
    assert ("rests on a model" in done.stderr) == (row["quality"] == "modelled")
