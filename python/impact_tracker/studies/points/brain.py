"""The brain that the benchmark's 3-D network segments, voxel by voxel: Colin27 and its AAL labels of mricron-data.

The same classes, slabs and spacing as the worker's data set brain-2mm: training sees one half of the brain, judging
happens on the other, mirrored. A voxel's row is what a method without convolutions can look at: its value, means around
it at several widths, the steepness there, and where it lies.
"""

from __future__ import annotations

import gzip
import os
import struct
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from numpy import ndarray

_PLACE = "/usr/share/mricron/templates"
_LEFT_END, _RIGHT_BEGIN = 88, 93  # mm
_DEEP = (37, 38, 41, 42, *range(71, 79))  # hippocampus, amygdala, basal ganglia, thalamus
_SPACING = 2
_TRAIN, _TEST = 60_000, 60_000


def read_brain(folder: str | None) -> tuple[ndarray, ndarray, ndarray, ndarray]:
    """Rows and classes of both halves. FileNotFoundError says what to install."""
    import numpy as np

    given = folder or os.environ.get("IMPACT_TRACKER_DATA")
    places = [Path(given), Path(given) / "mricron"] if given else []
    place = next((p for p in (*places, Path(_PLACE)) if (p / "ch2.nii.gz").is_file()), None)
    if place is None:
        raise FileNotFoundError(
            f"the brain was not found in {', '.join(map(str, (*places, _PLACE)))}: install Debian's mricron-data"
        )
    image, labels = _volume(place / "ch2.nii.gz"), _volume(place / "aal.nii.gz")
    classes = np.where(labels == 0, 0, np.where(labels >= 91, 3, np.where(np.isin(labels, _DEEP), 2, 1)))
    parts: list[ndarray] = []
    for count, half, answers in (
        (_TRAIN, image[:_LEFT_END], classes[:_LEFT_END]),
        (_TEST, image[_RIGHT_BEGIN:][::-1], classes[_RIGHT_BEGIN:][::-1]),
    ):
        rows, truth = _rows(half, answers)
        chosen = np.random.default_rng(0).permutation(len(rows))[:count]
        parts += [rows[chosen], truth[chosen]]
    return parts[0], parts[1], parts[2], parts[3]


def _volume(path: Path) -> ndarray:
    """A NIfTI-1 file of bytes as [x, y, z]. ValueError for another kind."""
    import numpy as np

    data = gzip.decompress(path.read_bytes())
    shape = struct.unpack_from("<8h", data, 40)
    kind, offset = struct.unpack_from("<h", data, 70)[0], round(struct.unpack_from("<f", data, 108)[0])
    if kind != 2 or shape[0] < 3:
        raise ValueError(f"{path} is no volume of bytes: install Debian's mricron-data again")
    return np.frombuffer(data, np.uint8, shape[1] * shape[2] * shape[3], offset).reshape(shape[1:4], order="F")


def _rows(image: ndarray, classes: ndarray) -> tuple[ndarray, ndarray]:
    import numpy as np
    from scipy import ndimage

    blocks = tuple(side // _SPACING for side in image.shape)
    cut = tuple(slice(0, side * _SPACING) for side in blocks)
    split = [size for side in blocks for size in (side, _SPACING)]

    def coarser(volume: ndarray) -> ndarray:
        return np.asarray(volume[cut].reshape(split).mean(axis=(1, 3, 5)))

    values = coarser(image.astype(np.float32)) / 255
    commonest = np.argmax([coarser((classes == number).astype(np.float32)) for number in range(4)], axis=0)
    looks = [values, *(ndimage.gaussian_filter(values, width) for width in (1.0, 2.0, 4.0))]
    looks += [ndimage.gaussian_gradient_magnitude(values, 1.0), ndimage.uniform_filter(values**2, 3) - values**2]
    looks += list(np.meshgrid(*(np.linspace(0, 1, side) for side in blocks), indexing="ij"))
    rows = np.stack([look.ravel() for look in looks], axis=1).astype(np.float32)
    return rows, commonest.ravel()
