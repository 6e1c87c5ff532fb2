"""Data sets that come with packages: pictures, tables, texts, and the benchmark's other tasks as learners see them."""

from __future__ import annotations

import gzip
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from numpy import ndarray

VALIDATION = 0.15  # of the training examples, where a target is judged on the way
_FASHION = "/usr/share/datasets/fashion-mnist"


@lru_cache(maxsize=1)
def _load_patient_threads() -> None:
    """Loads scikit-learn's threads so that they sleep where they wait for each other: on a busy machine they would
    spin, and ten times the time and energy of a small fit would be theirs. What is started later is left as it is."""
    before = os.environ.get("OMP_WAIT_POLICY")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    try:
        import_module("sklearn.utils._openmp_helpers")
    finally:
        if before is None:
            del os.environ["OMP_WAIT_POLICY"]


def sklearn(module: str) -> ModuleType:
    """A module of scikit-learn, or an error that names the extra."""
    try:
        _load_patient_threads()
        return import_module(f"sklearn.{module}")
    except ImportError:
        raise ImportError("studies need scikit-learn: pip install 'impact-tracker[studies]'") from None


class DataArrays(NamedTuple):
    """A data set as its package holds it. `x`, `y`: to train with; `test_x`, `test_y`: to judge with."""

    x: ndarray
    y: ndarray
    test_x: ndarray
    test_y: ndarray


@dataclass(frozen=True)
class DataSet:
    """`task`: classification, segmentation or super-resolution; `metric`: what its score is; `kind`: image (28 × 28
    grey values of 0 to 255), table, text or patch; `needs`: what to install."""

    name: str
    title: str
    kind: str
    task: str
    metric: str
    read: Callable[[str | None], DataArrays]
    needs: str


class ExamplePart(NamedTuple):
    """Examples and their answers."""

    x: ndarray
    y: ndarray


class Examples(NamedTuple):
    """The examples of one run: drawn with its seed from the set's training part; the test part is always the same."""

    data: DataSet
    train: ExamplePart
    validation: ExamplePart
    test: ExamplePart

    def features(self) -> Examples:
        """The same as rows of numbers, as the methods of scikit-learn take them. What scales or counts them is learnt
        from the training examples alone, is the same for every method, and is in no energy."""
        import numpy as np

        parts = [self.train, self.validation, self.test]
        if self.data.kind == "text":
            words = sklearn("feature_extraction.text").TfidfVectorizer(
                max_features=2000, sublinear_tf=True, dtype=np.float32
            )
            words.fit(self.train.x)
            rows = [words.transform(part.x).toarray() if len(part.x) else np.empty((0, 1)) for part in parts]
        elif self.data.kind == "image":
            rows = [part.x.reshape(len(part.x), 28 * 28).astype(np.float32) / 255 for part in parts]
        else:
            scaler = sklearn("preprocessing").StandardScaler().fit(self.train.x)
            rows = [scaler.transform(part.x).astype(np.float32) if len(part.x) else part.x for part in parts]
        return Examples(self.data, *(ExamplePart(row, part.y) for row, part in zip(rows, parts)))


def _fashion(folder: str | None) -> DataArrays:
    import numpy as np

    place = _fashion_folder(folder)
    parts: list[ndarray] = []
    for part in ("train", "t10k"):
        images = np.frombuffer(_unpacked(place / f"{part}-images-idx3-ubyte"), np.uint8, offset=16)
        labels = np.frombuffer(_unpacked(place / f"{part}-labels-idx1-ubyte"), np.uint8, offset=8)
        parts += [images.reshape(len(labels), 28, 28), labels.astype(np.int64)]
    return DataArrays(*parts)


def _fashion_folder(folder: str | None) -> Path:
    given = folder or os.environ.get("IMPACT_TRACKER_DATA")
    places = [Path(given), Path(given) / "fashion-mnist"] if given else []
    places.append(Path(_FASHION))
    for place in places:
        if any((place / f"train-images-idx3-ubyte{suffix}").is_file() for suffix in (".gz", "")):
            return place
    raise FileNotFoundError(
        f"Fashion-MNIST was not found in {', '.join(map(str, places))}: install Debian's dataset-fashion-mnist, or "
        "name its folder with --data-folder"
    )


def _unpacked(path: Path) -> bytes:
    packed = path.with_name(path.name + ".gz")
    return gzip.decompress(packed.read_bytes()) if packed.is_file() else path.read_bytes()


def _bundled(name: str) -> Callable[[str | None], DataArrays]:
    def read(folder: str | None) -> DataArrays:
        datasets = sklearn("datasets")
        bunch = getattr(datasets, f"load_{name}")()
        x, y = bunch.data, bunch.target
        if name == "digits":  # pictures of 8 × 8 in 28 × 28, for networks of pictures take those
            import numpy as np

            large = np.zeros((len(x), 28, 28))
            large[:, 2:26, 2:26] = np.kron(x.reshape(-1, 8, 8), np.ones((3, 3)))
            x = (large * (255.0 / 16.0)).round().astype(np.uint8)
        return _split(x, y)

    return read


def _split(x: ndarray, y: ndarray, share: float = 0.3) -> DataArrays:
    """Always the same examples to judge with, every class in its share."""
    selection = sklearn("model_selection")
    kept, test, kept_y, test_y = selection.train_test_split(x, y, test_size=share, random_state=0, stratify=y)
    return DataArrays(kept, kept_y, test, test_y)


def _licences(folder: str | None) -> DataArrays:
    """Passages of the licences that every Debian has; the answer is which licence it is from."""
    import numpy as np

    place = Path(folder or "/usr/share/common-licenses")
    place = place if (place / "GPL-3").is_file() else Path("/usr/share/common-licenses")
    names = ("Apache-2.0", "Artistic", "GFDL-1.3", "GPL-1", "GPL-3", "LGPL-2.1", "MPL-1.1", "MPL-2.0")
    passages, answers = [], []
    for number, name in enumerate(names):
        try:
            words = (place / name).read_text(encoding="utf-8", errors="replace").split()
        except OSError:
            raise FileNotFoundError(f"{place / name} is missing: the licences come with Debian's base-files") from None
        for begin in range(0, len(words) - _PASSAGE, _PASSAGE):
            passages.append(" ".join(words[begin : begin + _PASSAGE]))
            answers.append(number)
    return _split(np.array(passages, dtype=object), np.array(answers))


_PASSAGE = 25  # words


def _sentiment(folder: str | None) -> DataArrays:
    """Sentences of film reviews that people rated, of the VADER study (Hutto and Gilbert 2014, MIT licence), as the
    source package of vaderSentiment 0.5 holds them: is the mean rating above 0?"""
    import io
    import tarfile
    import zipfile

    import numpy as np

    place = Path(folder or os.environ.get("IMPACT_TRACKER_DATA") or ".") / "vaderSentiment-0.5.zip"
    if not place.is_file():
        raise FileNotFoundError(
            f"{place} is missing: pip download --no-deps --no-binary :all: vaderSentiment==0.5, then name its folder "
            "with --data-folder"
        )
    with zipfile.ZipFile(place) as outer:
        packed = outer.read("vaderSentiment-0.5/additional_resources/hutto_ICWSM_2014.tar.gz")
    with tarfile.open(fileobj=io.BytesIO(packed)) as inner:
        member = inner.extractfile("hutto_ICWSM_2014/movieReviewSnippets_GroundTruth.txt")
        assert member is not None
        lines = [line.split("\t") for line in member.read().decode("utf-8", errors="replace").splitlines()]
    rated = [(text, float(rating)) for _, rating, text in (line[:3] for line in lines if len(line) >= 3)]
    sentences = np.array([text for text, rating in rated if rating != 0], dtype=object)
    return _split(sentences, np.array([int(rating > 0) for _, rating in rated if rating != 0]))


def _brain(folder: str | None) -> DataArrays:
    from .brain import read_brain

    return DataArrays(*read_brain(folder))


def _finer(folder: str | None) -> DataArrays:
    """Pictures of half the size, and what is missing in them: for each of their pixels its neighbours, and the four
    pixels that it was the mean of."""
    pictures = _fashion(folder)
    parts: list[ndarray] = []
    for images in (pictures.x[:4000], pictures.test_x[:500]):
        parts += patches_of(images)
    return DataArrays(*parts)


def patches_of(images: ndarray) -> tuple[ndarray, ndarray]:
    """Of pictures: the 5 × 5 neighbours of each pixel of their half-sized selves less the pixel, 0 to 1, and the 2 × 2
    pixels behind it less the same."""
    import numpy as np

    large = images.astype(np.float32) / 255
    count, side = len(large), large.shape[1] // 2
    blocks = large.reshape(count, side, 2, side, 2).transpose(0, 1, 3, 2, 4).reshape(count, side, side, 4)
    small = blocks.mean(axis=3)
    wide = np.pad(small, ((0, 0), (2, 2), (2, 2)), mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(wide, (5, 5), axis=(1, 2)).reshape(count, side, side, 25)
    flat = (around - small[..., None]).reshape(-1, 25), (blocks - small[..., None]).reshape(-1, 4)
    return flat[0].astype(np.float32), flat[1].astype(np.float32)


DATA_SETS = {
    data.name: data
    for data in (
        DataSet(
            "fashion-mnist", "Fashion-MNIST", "image", "classification", "accuracy", _fashion, "dataset-fashion-mnist"
        ),
        DataSet("digits", "digits", "image", "classification", "accuracy", _bundled("digits"), "scikit-learn"),
        DataSet(
            "breast-cancer",
            "breast cancer",
            "table",
            "classification",
            "accuracy",
            _bundled("breast_cancer"),
            "scikit-learn",
        ),
        DataSet("wine", "wine", "table", "classification", "accuracy", _bundled("wine"), "scikit-learn"),
        DataSet("licences", "licences", "text", "classification", "accuracy", _licences, "base-files"),
        DataSet("sentiment", "film sentences", "text", "classification", "accuracy", _sentiment, "vaderSentiment==0.5"),
        DataSet("brain-2mm", "brain at 2 mm", "voxel", "segmentation", "dice", _brain, "mricron-data"),
        DataSet(
            "finer-clothes",
            "Fashion-MNIST × 2",
            "patch",
            "super-resolution",
            "psnr_db",
            _finer,
            "dataset-fashion-mnist",
        ),
    )
}


def data_set(name: str) -> DataSet:
    """A data set by its name. ValueError with near names for one that is unknown."""
    from ...factors.factor import did_you_mean, near_matches

    if name not in DATA_SETS:
        hint = did_you_mean(near_matches(name, DATA_SETS)) or f" There are {', '.join(DATA_SETS)}."
        raise ValueError(f"no data set has the name {name!r}.{hint}")
    return DATA_SETS[name]


@lru_cache(maxsize=4)
def source_of(name: str, folder: str | None) -> DataArrays:
    """The whole set, read once. FileNotFoundError says what to install."""
    return data_set(name).read(folder)


def draw(
    name: str, examples: int, seed: int, *, test: int | None = None, validate: bool = False, folder: str | None = None
) -> Examples:
    """So many training examples, drawn with the seed; more examples of a seed hold the fewer. `test`: so many to judge
    with, the same whatever the seed; `validate`: a part of the training examples is set apart, to judge on the way.

    ValueError for more examples than there are.
    """
    import numpy as np

    source = source_of(name, folder)
    for asked, there, what in ((examples, len(source.x), "training"), (test or 1, len(source.test_x), "test")):
        if asked > there:
            raise ValueError(f"{data_set(name).title} has {there} {what} examples, {asked} were asked for")
    order = np.random.default_rng(seed).permutation(len(source.x))[:examples]
    apart = max(1, round(examples * VALIDATION)) if validate else 0
    judged = np.random.default_rng(0).permutation(len(source.test_x))[:test]
    kept, held = order[apart:], order[:apart]
    if not len(kept):
        raise ValueError(f"{examples} examples are too few to set some of them apart: give 2 or more")
    return Examples(
        data_set(name),
        ExamplePart(source.x[kept], source.y[kept]),
        ExamplePart(source.x[held], source.y[held]),
        ExamplePart(source.test_x[judged], source.test_y[judged]),
    )


def write_idx(folder: Path, train: ExamplePart, test: ExamplePart) -> Path:
    """Pictures as the worker reads them: the four files of an MNIST-like set."""
    import struct

    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    for name, part in (("train", train), ("t10k", test)):
        images, labels = part.x.astype(np.uint8), part.y.astype(np.uint8)
        head = struct.pack(">IIII", 0x803, *images.shape)
        (folder / f"{name}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">II", 0x801, len(labels)) + labels.tobytes())
    return folder
