"""The worker's weights as arrays and back: files in the safetensors format, which numpy alone can read."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Weights = NDArray[np.generic]

_TYPES = {"F32": "<f4", "F64": "<f8", "F16": "<f2", "I64": "<i8", "I32": "<i4", "U8": "|u1", "BOOL": "|b1"}


def read_weights(path: Path) -> dict[str, Weights]:
    """The arrays of a file by their names, in the file's order. ValueError for another format or type."""
    import numpy as np

    data = path.read_bytes()
    try:
        (length,) = struct.unpack_from("<Q", data)
        header = json.loads(data[8 : 8 + length])
    except (struct.error, ValueError) as error:
        raise ValueError(f"{path} is no safetensors file: {error}") from error
    weights = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        if entry["dtype"] not in _TYPES:
            raise ValueError(f"{path}: {name} has values of the type {entry['dtype']}, which cannot be averaged here")
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        weights[name] = np.frombuffer(data[begin:end], dtype=_TYPES[entry["dtype"]]).reshape(entry["shape"])
    return weights


def write_weights(path: Path, weights: Mapping[str, Weights]) -> None:
    """Arrays as a file that the worker reads. ValueError for values of a type that the format does not know."""
    import numpy as np

    names = {np.dtype(code): name for name, code in _TYPES.items()}
    header: dict[str, dict[str, object]] = {}
    offset, parts = 0, []
    for name, values in weights.items():
        if values.dtype not in names:
            raise ValueError(f"{name} has values of the type {values.dtype}, which a safetensors file does not hold")
        part = np.ascontiguousarray(values).tobytes()
        header[name] = {
            "dtype": names[values.dtype],
            "shape": list(values.shape),
            "data_offsets": [offset, offset + len(part)],
        }
        offset += len(part)
        parts.append(part)
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def shaped_as(template: Mapping[str, Weights], arrays: Sequence[Weights]) -> dict[str, Weights]:
    """Arrays that came over the wire under the names and types of a template: an average of counts is rounded.

    ValueError where they are not of the same network.
    """
    import numpy as np

    if [values.shape for values in template.values()] != [np.shape(values) for values in arrays]:
        raise ValueError("the weights that came are not of this network")
    shaped: dict[str, Weights] = {}
    for (name, own), values in zip(template.items(), arrays):
        counts = not np.issubdtype(own.dtype, np.floating) and np.issubdtype(np.asarray(values).dtype, np.floating)
        shaped[name] = (np.rint(values) if counts else np.asarray(values)).astype(own.dtype)
    return shaped
