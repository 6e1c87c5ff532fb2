"""Dealing images out, weights as files, and bytes on a connection: the parts of a federated run that need no worker."""

from __future__ import annotations

import gzip
import socket
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from impact_tracker.studies.federated.images import ImageSet, drawn, read_images, write_images
from impact_tracker.studies.federated.plan import FederatedSettings
from impact_tracker.studies.federated.split import DataSplit, allocated, like, parse_split, partition
from impact_tracker.studies.federated.weights import read_weights, shaped_as, write_weights
from impact_tracker.studies.federated.wire import connections, free_port, own_port

SPLITS = st.one_of(
    st.just(DataSplit("iid")),
    st.floats(0.05, 1e6).map(lambda alpha: DataSplit("dirichlet", alpha)),
    st.integers(1, 4).map(lambda each: DataSplit("shards", float(each))),
)


def labels_of(seed: int, count: int, classes: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, classes, count).astype(np.uint8)


@given(SPLITS, st.integers(1, 12), st.integers(0, 2**31), st.integers(300, 900), st.integers(1, 12))
def test_every_image_goes_to_one_client(split: DataSplit, clients: int, seed: int, count: int, classes: int) -> None:
    labels = labels_of(seed, count, classes)
    try:
        parts = partition(labels, clients, split, seed)
    except ValueError as error:  # a small α and few classes leave a client without any image in every draw
        assert split.kind == "dirichlet" and "take a larger α" in str(error)
        return
    assert len(parts) == clients
    assert sorted(np.concatenate(parts).tolist()) == list(range(count))
    assert min(map(len, parts)) >= 1
    again = partition(labels, clients, split, seed)
    assert all((part == same).all() for part, same in zip(parts, again))


@given(st.integers(1, 20), st.integers(0, 2**31), st.integers(20, 500))
def test_an_even_split_has_sizes_that_differ_by_one_at_most(clients: int, seed: int, count: int) -> None:
    sizes = [len(part) for part in partition(labels_of(seed, count, 10), clients, DataSplit("iid"), seed)]
    assert max(sizes) - min(sizes) <= 1


@given(st.integers(1, 10), st.integers(0, 2**31), st.integers(200, 900))
def test_a_dirichlet_split_of_a_great_alpha_gives_each_client_the_mix_of_all(
    clients: int, seed: int, count: int
) -> None:
    """In the limit each class is dealt out evenly: what a client has of it differs by one image at most."""
    labels = labels_of(seed, count, 5)
    parts = partition(labels, clients, DataSplit("dirichlet", 1e12), seed)
    for label in np.unique(labels):
        counts = [int(np.count_nonzero(labels[part] == label)) for part in parts]
        assert max(counts) - min(counts) <= 1


def test_a_small_alpha_is_uneven_and_a_larger_one_less_so() -> None:
    labels = labels_of(3, 20_000, 10)

    def unevenness(alpha: float) -> float:
        """Mean over the clients of the share that their largest class has."""
        parts = partition(labels, 10, DataSplit("dirichlet", alpha), 1)
        return float(np.mean([np.bincount(labels[part], minlength=10).max() / len(part) for part in parts]))

    by_alpha = [unevenness(alpha) for alpha in (0.1, 1.0, 10.0, 1000.0)]
    assert by_alpha == sorted(by_alpha, reverse=True)
    assert by_alpha[0] > 0.4
    assert by_alpha[-1] == pytest.approx(0.1, abs=0.02)


@given(st.integers(1, 5), st.integers(2, 9), st.integers(0, 2**31))
def test_shards_bound_the_classes_of_a_client(each: int, clients: int, seed: int) -> None:
    """A piece of sorted images that is not larger than a class spans two classes at most."""
    labels = np.repeat(np.arange(10, dtype=np.uint8), 200)
    parts = partition(labels, clients, DataSplit("shards", float(each)), seed)
    spanned = 1 + -(-2000 // (clients * each)) // 200
    for part in parts:
        assert len(np.unique(labels[part])) <= each * (spanned + 1)


@given(SPLITS, st.integers(1, 8), st.integers(0, 2**31))
def test_a_client_is_tested_on_the_mix_that_it_trains_on(split: DataSplit, clients: int, seed: int) -> None:
    labels, tests = labels_of(seed, 1200, 6), labels_of(seed + 1, 600, 6)
    own = [labels[part] for part in partition(labels, clients, split, seed)]
    parts = like(tests, own, seed)
    assert sorted(np.concatenate(parts).tolist()) == list(range(600))
    for label in range(6):
        trained = np.array([np.count_nonzero(part == label) for part in own], dtype=float)
        tested = np.array([np.count_nonzero(tests[part] == label) for part in parts], dtype=float)
        if trained.sum() and tested.sum():
            assert np.abs(tested - trained / trained.sum() * tested.sum()).max() < 1.0


@given(st.integers(0, 10_000), st.lists(st.floats(0, 1e6), min_size=1, max_size=30))
def test_what_is_allocated_adds_up(count: int, weights: list[float]) -> None:
    parts = allocated(count, weights)
    assert sum(parts) == count
    assert min(parts) >= 0
    if sum(weights) > 0:
        assert all(abs(part - count * weight / sum(weights)) < 1 + 1e-6 for part, weight in zip(parts, weights))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("idd", "a split is iid"),
        ("iid:3", "a split is iid"),
        ("dirichlet", "needs a number, as in dirichlet:0.3"),
        ("dirichlet:0", "above 0"),
        ("dirichlet:nan", "above 0"),
        ("shards:1.5", "whole number"),
        ("shards:x", "as in shards:2"),
    ],
)
def test_a_split_that_cannot_be_is_told(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse_split(text)


@pytest.mark.parametrize("text", ["iid", "dirichlet:0.3", "shards:2"])
def test_a_split_is_named_as_it_is_asked_for(text: str) -> None:
    assert parse_split(text).name == text
    assert parse_split(text.upper()) == parse_split(text)


def test_too_few_images_are_told_with_the_remedy() -> None:
    labels = labels_of(1, 64, 10)
    with pytest.raises(ValueError, match="64 images are too few to give 32 to each of 5"):
        partition(labels, 5, DataSplit("iid"), 1, least=32)
    with pytest.raises(ValueError, match="larger α, fewer clients"):
        partition(labels, 8, DataSplit("dirichlet", 0.05), 1, least=8)
    with pytest.raises(ValueError, match="take fewer of both"):
        partition(labels, 8, DataSplit("shards", 9.0), 1)


def images_of(seed: int, count: int) -> ImageSet:
    generator = np.random.default_rng(seed)
    pixels = generator.integers(0, 256, (count, 28, 28)).astype(np.uint8)
    return ImageSet(pixels, generator.integers(0, 10, count).astype(np.uint8))


def test_images_come_back_as_they_were_written(tmp_path: Path) -> None:
    images = images_of(1, 50)
    write_images(images, "train", tmp_path)
    write_images(images.taken(np.arange(7)), "test", tmp_path)
    packed = tmp_path / "train-labels-idx1-ubyte"
    (tmp_path / "train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(packed.read_bytes()))
    packed.unlink()
    train, test = read_images("train", str(tmp_path)), read_images("test", str(tmp_path))
    assert (train.pixels == images.pixels).all()
    assert (train.labels == images.labels).all()
    assert len(test) == 7
    assert train.bytes == 50 * 785


@pytest.mark.parametrize("kept", [0, 3, 15, 900])
def test_a_damaged_image_file_is_told(tmp_path: Path, kept: int) -> None:
    write_images(images_of(1, 5), "train", tmp_path)
    path = tmp_path / "train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="train-images-idx3-ubyte"):
        read_images("train", str(tmp_path))


def test_missing_images_are_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="dataset-fashion-mnist"):
        read_images("train", str(tmp_path))


@given(st.integers(1, 300), st.integers(0, 1000))
def test_drawn_images_keep_the_shares_of_the_classes(count: int, seed: int) -> None:
    images = images_of(5, 300)
    part = drawn(images, count, seed)
    assert len(part) == count
    sizes, of_all = np.bincount(part.labels, minlength=10), np.bincount(images.labels, minlength=10)
    assert np.abs(sizes - of_all * count / 300).max() < 1


def test_weights_come_back_as_they_were_written(tmp_path: Path) -> None:
    generator = np.random.default_rng(1)
    weights = {
        "a.weight": generator.normal(size=(3, 4)).astype(np.float32),
        "b.count": np.array([7], dtype=np.int64),
        "c": np.float32(2.5).reshape(()),
    }
    write_weights(tmp_path / "w", weights)
    back = read_weights(tmp_path / "w")
    assert list(back) == list(weights)
    for name, values in weights.items():
        assert back[name].dtype == values.dtype
        assert (back[name] == values).all()
    averaged = shaped_as(weights, [weights["a.weight"], np.array([6.6]), weights["c"]])
    assert averaged["b.count"].dtype == np.int64
    assert averaged["b.count"].tolist() == [7]
    with pytest.raises(ValueError, match="not of this network"):
        shaped_as(weights, [weights["a.weight"]])


def test_what_is_no_weights_is_told(tmp_path: Path) -> None:
    (tmp_path / "w").write_bytes(b"no")
    with pytest.raises(ValueError, match="no safetensors file"):
        read_weights(tmp_path / "w")


@given(st.lists(st.integers(1, 100_000), min_size=1, max_size=4))
def test_bytes_of_a_connection_are_those_that_were_sent(sizes: list[int]) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as sender:
            receiver, _ = listener.accept()
            with receiver:
                for size in sizes:
                    sender.sendall(b"x" * size)
                    left = size
                    while left:
                        left -= len(receiver.recv(left))
                counted = connections(port)
                ours = sender.getsockname()[1]
                if counted[ours].received is None:
                    pytest.skip("this system does not count the bytes of a connection")
                assert counted[ours].received == sum(sizes)
                assert counted[ours].sent in (0, 1)  # the handshake may count
                assert own_port(port) == ours


def test_a_free_port_can_be_taken() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", free_port()))
    assert own_port(1) is None


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"clients": 0}, "clients is a whole number of at least 1"),
        ({"clients": 3, "active": 4}, "active is 4, more than the 3 clients"),
        ({"target": 85.0}, "as in 0.85"),
        ({"lr": 0.0}, "lr is above 0"),
        ({"passes": 0}, "passes is a whole number"),
    ],
)
def test_settings_that_cannot_be_are_told(options: dict[str, float], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FederatedSettings(**options)  # type: ignore[arg-type]
