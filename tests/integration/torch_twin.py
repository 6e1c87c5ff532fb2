"""The same weights for the worker's network and for benchmarks/torch_networks.py, and what the latter makes of them.

    python3 torch_twin.py <benchmarks> <network> <size> <folder>

Reads `weights` of the folder (as the worker saved them), writes `filled`, `input` and `expected`: weights, inputs and
the output of Python torch. A value follows from its place in its tensor and from the tensor's shape alone, so that
names and orders of the two need not be the same. Run by a Python that has torch.
"""

from __future__ import annotations

import ctypes
import json
import math
import struct
import sys
from pathlib import Path

import torch

NAMES = {torch.float32: "F32", torch.int64: "I64"}


def read(path: Path) -> dict[str, list[int]]:
    """Shapes by name."""
    data = path.read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    return {name: entry["shape"] for name, entry in header.items() if name != "__metadata__"}


def write(path: Path, tensors: dict[str, torch.Tensor]) -> None:
    header, body = {}, b""
    for name, tensor in tensors.items():
        kept = tensor.contiguous()  # torch alone: not every Python with torch has numpy
        values = ctypes.string_at(kept.data_ptr(), kept.numel() * kept.element_size())
        place = [len(body), len(body) + len(values)]
        header[name] = {"dtype": NAMES[tensor.dtype], "shape": list(tensor.shape), "data_offsets": place}
        body += values
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def noise(shape: list[int]) -> torch.Tensor:
    """-1 to 1, as good as random."""
    places = torch.arange(math.prod(shape), dtype=torch.int64)
    return ((places * 2654435761 % 4294967296).to(torch.float64) / 2147483648 - 1).float().reshape(shape)


def filled(name: str, shape: list[int]) -> torch.Tensor:
    last = name.rpartition(".")[2]
    if last == "running_var":
        return torch.ones(shape)
    if last in ("running_mean", "zero", "bias_hh_l0"):
        return torch.zeros(shape)
    if len(shape) < 2:
        return noise(shape) * 0.1 + (1.0 if last == "weight" else 0.0)
    if len(shape) == 2 and shape[0] > 2000 and shape[1] in (128, 768):  # tables of words
        return noise(shape) * 0.05
    return noise(shape) * math.sqrt(3.0 / math.prod(shape[1:]))


def main() -> None:
    benchmarks, network, size, place = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    sys.path.insert(0, benchmarks)
    import torch_networks

    torch.manual_seed(1)
    chosen = torch_networks.NETWORKS[network]
    twin = chosen.build(size).eval()
    with torch.no_grad():
        for name, tensor in [*twin.named_parameters(), *twin.named_buffers()]:
            if tensor.is_floating_point():
                tensor.copy_(filled(name, list(tensor.shape)))
        inputs = chosen.inputs(2, size)
        expected = twin(inputs)
    shapes = read(place / "weights")
    write(place / "filled", {name: filled(name, shape) for name, shape in shapes.items()})
    write(place / "input", {"input": inputs})
    write(place / "expected", {"output": expected})


if __name__ == "__main__":
    main()
