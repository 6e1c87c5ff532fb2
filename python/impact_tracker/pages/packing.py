"""Arrays of numbers as one compressed block of text, which the page's script unpacks."""

from __future__ import annotations

import base64
import hashlib
import zlib
from array import array
from typing import TYPE_CHECKING, TypedDict, Union

if TYPE_CHECKING:
    from numpy import ndarray

    Numbers = Union[array[float], array[int], ndarray]

_TYPES = {"f8": ("d", 8), "f4": ("f", 4), "u2": ("H", 2)}
_LEVEL = 6


class ArrayPlace(TypedDict):
    """Where an array lies in the block."""

    type: str
    at: int
    count: int


class Block:
    """Collects arrays; the same bytes are kept once."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0
        self._known: dict[tuple[str, bytes], ArrayPlace] = {}

    def add(self, kind: str, numbers: Numbers) -> ArrayPlace:
        """An array whose numbers are of the type "f8", "f4" or "u2"."""
        data = numbers.tobytes()
        key = (kind, hashlib.sha256(data).digest())
        if key not in self._known:
            padding = -self._size % 8  # typed arrays begin at multiples of their width
            self._known[key] = ArrayPlace(type=kind, at=self._size + padding, count=len(data) // _TYPES[kind][1])
            self._pieces += [bytes(padding), data]
            self._size += padding + len(data)
        return self._known[key]

    def add_list(self, kind: str, numbers: list[float] | list[int]) -> ArrayPlace:
        """The same of a list."""
        return self.add(kind, array(_TYPES[kind][0], numbers))

    @property
    def text(self) -> str:
        """The block, compressed, in letters; empty where nothing was added."""
        return base64.b64encode(zlib.compress(b"".join(self._pieces), _LEVEL)).decode("ascii") if self._pieces else ""
