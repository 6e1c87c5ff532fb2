"""Fashion-MNIST as files: finding it, and writing to each client's folder the images that are the client's own."""

from __future__ import annotations

import gzip
import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..paradigms.numbers import require_numpy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from .split import Indices, Labels

    Pixels = NDArray[np.uint8]

SYSTEM = "/usr/share/datasets/fashion-mnist"
PARTS = {"train": "train", "test": "t10k"}


@dataclass(frozen=True)
class ImageSet:
    """Images with the numbers of their classes."""

    pixels: Pixels
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)

    def taken(self, indices: Indices) -> ImageSet:
        """Some of the images."""
        return ImageSet(self.pixels[indices], self.labels[indices])

    @property
    def bytes(self) -> int:
        """What they take as a file: a byte for each pixel and for each class."""
        return int(self.pixels.nbytes + self.labels.nbytes)


def places(folder: str | None) -> list[Path]:
    """Where the data set may be: the folder given, else below $IMPACT_TRACKER_DATA, else where Debian puts it."""
    if folder:
        return [Path(folder), Path(folder) / "fashion-mnist"]
    data = os.environ.get("IMPACT_TRACKER_DATA")
    return [Path(data) / "fashion-mnist", Path(data)] if data else [Path(SYSTEM)]


def read_images(part: str, folder: str | None = None) -> ImageSet:
    """The "train" or the "test" images. FileNotFoundError says what to install; ValueError for a damaged file."""
    require_numpy()
    pixels = _idx(_located(f"{PARTS[part]}-images-idx3-ubyte", folder), 3)
    labels = _idx(_located(f"{PARTS[part]}-labels-idx1-ubyte", folder), 1)
    if len(pixels) != len(labels):
        raise ValueError(f"the {part} images and their classes differ in number: {len(pixels)} and {len(labels)}")
    return ImageSet(pixels, labels)


def write_images(images: ImageSet, part: str, folder: Path) -> None:
    """The images as the two files that the worker reads."""
    folder.mkdir(parents=True, exist_ok=True)
    for kind, values in (("images-idx3", images.pixels), ("labels-idx1", images.labels)):
        header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
        (folder / f"{PARTS[part]}-{kind}-ubyte").write_bytes(header + values.tobytes())


def drawn(images: ImageSet, count: int | None, seed: int) -> ImageSet:
    """So many of the images, each class in its share; all of them where no number is given.

    ValueError for more than there are.
    """
    import numpy as np

    from .split import allocated

    if count is None or count == len(images):
        return images
    if not 1 <= count <= len(images):
        raise ValueError(f"there are {len(images)} images, and {count} were asked for")
    generator = np.random.default_rng([seed, count])
    classes, sizes = np.unique(images.labels, return_counts=True)
    wanted = allocated(count, sizes.tolist())
    own = [
        generator.permutation(np.flatnonzero(images.labels == label))[:number] for label, number in zip(classes, wanted)
    ]
    return images.taken(np.sort(np.concatenate(own)))


def _located(name: str, folder: str | None) -> Path:
    for place in places(folder):
        for path in (place / f"{name}.gz", place / name):
            if path.is_file():
                return path
    looked = ", ".join(map(str, places(folder)))
    raise FileNotFoundError(
        f"Fashion-MNIST was not found: there is no {name} in {looked}. Install Debian's dataset-fashion-mnist, give "
        "--data-folder, or set IMPACT_TRACKER_DATA"
    )


def _idx(path: Path, dimensions: int) -> Pixels:
    import numpy as np

    try:
        data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (EOFError, gzip.BadGzipFile) as error:
        raise ValueError(f"{path} is damaged: {error}") from error
    header = 4 + 4 * dimensions
    if len(data) < header or data[:4] != bytes((0, 0, 8, dimensions)):
        raise ValueError(f"{path} is no IDX file of bytes in {dimensions} dimensions")
    shape = struct.unpack(f">{dimensions}I", data[4:header])
    values = np.frombuffer(data, dtype=np.uint8, offset=header)
    size = int(np.prod(shape))
    if len(values) < size:
        raise ValueError(f"{path} ends early: {len(values)} of its {size} bytes are there")
    return values[:size].reshape(shape)
