"""How images are dealt out to clients: evenly, unevenly by class, or a few classes to each. Every image goes to one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..paradigms.numbers import require_numpy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Labels = NDArray[np.uint8]
    Indices = NDArray[np.int64]

_DRAWS = 1000


@dataclass(frozen=True)
class DataSplit:
    """`kind`: "iid", "dirichlet" with its α, or "shards" with how many pieces of the sorted images each client has."""

    kind: str
    parameter: float | None = None

    @property
    def name(self) -> str:
        """As it is asked for: `dirichlet:0.3`."""
        return self.kind if self.parameter is None else f"{self.kind}:{self.parameter:g}"

    @property
    def title(self) -> str:
        """As a paper names it."""
        if self.kind == "iid":
            return "IID"
        return f"Dirichlet α = {self.parameter:g}" if self.kind == "dirichlet" else f"{self.parameter:g} shards each"


def parse_split(text: str) -> DataSplit:
    """The split of a text. ValueError for another word, or a parameter that is missing or impossible."""
    kind, colon, value = text.strip().lower().partition(":")
    if kind == "iid" and not colon:
        return DataSplit("iid")
    if kind in ("dirichlet", "shards"):
        try:
            parameter = float(value)
        except ValueError:
            example = "dirichlet:0.3" if kind == "dirichlet" else "shards:2"
            raise ValueError(f"a split by {kind} needs a number, as in {example}, not {text!r}") from None
        if kind == "dirichlet" and not (math.isfinite(parameter) and parameter > 0):
            raise ValueError(f"the α of a Dirichlet split is a finite number above 0, not {value}")
        if kind == "shards" and (parameter < 1 or parameter != int(parameter)):
            raise ValueError(f"each client has a whole number of shards, at least 1, not {value}")
        return DataSplit(kind, parameter)
    raise ValueError(f"a split is iid, dirichlet:α or shards:N, not {text!r}")


def partition(labels: Labels, clients: int, split: DataSplit, seed: int, least: int = 1) -> list[Indices]:
    """The images of each client: every image with one client, and `least` images or more with each.

    The same arguments give the same parts. ValueError where there are too few images for that.
    """
    require_numpy()
    import numpy as np

    if clients < 1:
        raise ValueError(f"there is one client at least, not {clients}")
    if len(labels) < clients * least:
        raise ValueError(f"{len(labels)} images are too few to give {least} to each of {clients} clients")
    generator = np.random.default_rng([seed, clients])
    if split.kind == "iid":
        return [np.sort(part) for part in np.array_split(generator.permutation(len(labels)), clients)]
    if split.kind == "shards":
        return _shards(labels, clients, int(split.parameter or 1), least, generator)
    assert split.parameter is not None
    for _ in range(_DRAWS):
        weights = {
            label: generator.dirichlet(np.full(clients, split.parameter)).tolist() for label in np.unique(labels)
        }
        parts = _by_class(labels, weights, clients, generator)
        if min(map(len, parts)) >= least:
            return parts
    raise ValueError(
        f"none of {_DRAWS} draws of {split.name} gives {least} images to each of {clients} clients: take a larger α, "
        "fewer clients, a smaller batch or more images"
    )


def like(labels: Labels, training: Sequence[Labels], seed: int) -> list[Indices]:
    """Test images, each to one client, so that each has the mix of classes that it trains on."""
    import numpy as np

    generator = np.random.default_rng([seed, len(training), 1])
    weights = {
        label: [float(np.count_nonzero(own == label)) for own in training] for label in np.unique(labels)
    }  # fmt: skip
    return _by_class(labels, weights, len(training), generator)


def allocated(count: int, weights: Sequence[float]) -> list[int]:
    """A whole number dealt out in proportion to weights, remainders to the largest fractions; evenly without any."""
    total = math.fsum(weights)
    if not total > 0:
        weights, total = [1.0] * len(weights), float(len(weights))
    exact = [count * weight / total for weight in weights]
    parts = [math.floor(share) for share in exact]
    order = sorted(range(len(parts)), key=lambda place: (parts[place] - exact[place], place))
    for place in order[: count - sum(parts)]:
        parts[place] += 1
    return parts


def _by_class(
    labels: Labels, weights: dict[np.uint8, list[float]], clients: int, generator: np.random.Generator
) -> list[Indices]:
    """Each class dealt out in proportion to its weights, its images in a random order."""
    import numpy as np

    dealt: list[list[Indices]] = [[] for _ in range(clients)]
    for label, shares in weights.items():
        own = generator.permutation(np.flatnonzero(labels == label))
        ends = np.cumsum(allocated(len(own), shares))
        for client, part in enumerate(np.split(own, ends[:-1])):
            dealt[client].append(part)
    empty = np.empty(0, dtype=np.int64)
    return [np.sort(np.concatenate(parts)) if parts else empty for parts in dealt]


def _shards(labels: Labels, clients: int, each: int, least: int, generator: np.random.Generator) -> list[Indices]:
    import numpy as np

    if len(labels) // (clients * each) * each < least:
        raise ValueError(
            f"{clients} clients with {each} shards each leave fewer than {least} images to a client: take fewer of both"
        )
    mixed = generator.permutation(len(labels))
    pieces = np.array_split(mixed[np.argsort(labels[mixed], kind="stable")], clients * each)
    order = generator.permutation(clients * each)
    return [
        np.sort(np.concatenate([pieces[number] for number in order[client * each : (client + 1) * each]]))
        for client in range(clients)
    ]
