"""A file that the user wrote, TOML or JSON: its tables, and every fault of it with the file's line.

TOML needs Python 3.11 or the package `tomli`; JSON (the same tables as objects) needs neither.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..file_text import json_in, text_of
from .factor import FactorError, did_you_mean, near_matches

Fields = Mapping[str, Any]  # what a user wrote below each name, to be checked where it is used


_LARGEST = 1e30  # of any unit: products of several stay finite


class UserFile:
    """`tables`: what the file holds. Faults are raised as `error`, a FactorError, with file and line, also for
    a file that cannot be read or is neither TOML nor JSON."""

    def __init__(self, path: str | Path, what: str, error: type[FactorError] = FactorError) -> None:
        self.path, self._error = Path(path), error
        self._text = text_of(self.path, error)
        loaded = json_in(self._text, self.path, error) if self.path.suffix == ".json" else self._toml()
        if not isinstance(loaded, dict):
            raise error(f"{self.path}:1: the {what} must hold tables")
        self.tables: Fields = loaded

    def fault(self, words: Sequence[str], message: str) -> FactorError:
        """The error for the key that these words lead to, with its line."""
        return self._error(f"{self.path}:{line_of(self._text, list(words))}: {message}")

    def table(self, *words: str) -> Fields:
        """The table that the words lead to."""
        value: object = self.tables
        for word in words:
            value = value.get(word) if isinstance(value, dict) else None
        if not isinstance(value, dict):
            raise self.fault(words, f"{'.'.join(words)} must be a table")
        return value

    def check_names(self, where: Sequence[str], known: Sequence[str], what: str = "field") -> None:
        """Raise for a key of a table that is not known; the error names those that look alike."""
        for name in self.table(*where):
            if name not in known:
                hint = did_you_mean(near_matches(name, known)) or f" Known are {', '.join(known)}."
                raise self.fault([*where, name], f"unknown {what} {name!r}.{hint}")

    def span(self, value: object, words: Sequence[str], lowest: float = -math.inf) -> tuple[float, float, float]:
        """A number, or `[low, best, high]`."""
        numbers: list[Any] = value if isinstance(value, list) else [value] * 3
        fine = len(numbers) == 3 and all(
            isinstance(n, (int, float)) and not isinstance(n, bool) and abs(n) <= _LARGEST for n in numbers
        )
        if not fine:
            raise self.fault(words, f"{words[-1]} is a finite number or [low, best, high], not {value!r:.40}")
        low, best, high = (float(n) for n in numbers)
        if not low <= best <= high:
            raise self.fault(words, f"{words[-1]}: low, best, high are out of order: {low:g}, {best:g}, {high:g}")
        if low < lowest:
            raise self.fault(words, f"{words[-1]} must be {lowest:g} or more, not {low:g}")
        return low, best, high

    def text(self, value: object, words: Sequence[str]) -> str:
        """A text that is not empty."""
        if not isinstance(value, str) or not value.strip():
            raise self.fault(words, f"{words[-1]} must be a text, not {value!r}")
        return value.strip()

    def _toml(self) -> dict[str, object]:
        for module in ("tomllib", "tomli"):
            try:
                decoder = importlib.import_module(module)
                break
            except ImportError:
                continue
        else:
            raise self._error(
                f"{self.path}: reading TOML takes Python 3.11 or the package tomli"
                " (pip install 'impact-tracker[toml]'); or write the file as JSON"
            )
        try:
            loaded: dict[str, object] = decoder.loads(self._text)
        except RecursionError:
            raise self._error(f"{self.path}: its TOML is nested too deeply to be read") from None
        except ValueError as fault:  # it names line and column
            raise self._error(f"{self.path}: {fault}") from fault
        return loaded


def line_of(text: str, words: list[str]) -> int:
    """The line of a key. Each word is looked for behind the word before, for TOML and JSON both nest their tables."""
    position = 0
    for count in (3, 2, 1):  # the longest header wins, as in [effects."longer trips"] or [intensity.FR]
        dotted = r"\s*\.\s*".join(f"[\"']?{re.escape(word)}[\"']?" for word in words[:count])
        header = re.search(r"(?m)^\s*\[\s*" + dotted + r"\s*\]", text) if len(words) >= count else None
        if header:
            position, words = header.end() - 1, words[count:]
            break
    if header and not words:
        return text.count("\n", 0, position) + 1
    for word in words:
        key = re.compile(r"(?<![\w])[\"']?" + re.escape(word) + r"[\"']?\s*(?=[\].=:])").search(text, position)
        if key is None:
            break
        position = key.end()
    return text.count("\n", 0, position) + 1
