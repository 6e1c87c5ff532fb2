"""A scenario's file in YAML: values with their lines, and quantities as people write them ("30 MB", "50 kbit/J")."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ...factors import Factor, FactorError
from ...factors.factor import did_you_mean, near_matches
from ...file_text import text_of
from .scenario import BY_USER

if TYPE_CHECKING:
    from yaml import Node

# Multiples of each dimension's base unit, as the table of parameters names it.
UNITS: dict[str, dict[str, float]] = {
    "bit": {"bit": 1, "kbit": 1e3, "Mbit": 1e6, "Gbit": 1e9, "Tbit": 1e12}
    | {"B": 8, "kB": 8e3, "MB": 8e6, "GB": 8e9, "TB": 8e12, "KiB": 8 * 2**10, "MiB": 8 * 2**20, "GiB": 8 * 2**30},
    "s": {"ms": 1e-3, "s": 1, "min": 60, "h": 3600, "d": 86_400, "week": 604_800, "year": 31_557_600},
    "W": {"mW": 1e-3, "W": 1, "kW": 1e3},
    "J": {"mJ": 1e-3, "J": 1, "kJ": 1e3, "MJ": 1e6},
    "FLOP": {"FLOP": 1, "MFLOP": 1e6, "GFLOP": 1e9, "TFLOP": 1e12, "PFLOP": 1e15},
    "kg": {"g": 1e-3, "kg": 1, "t": 1e3},
}
for _over in ("J", "s"):
    for _unit in ("bit", "FLOP"):
        UNITS[f"{_unit}/{_over}"] = {f"{name}/{_over}": size for name, size in UNITS[_unit].items()}
UNITS["J/bit"] = {"J/bit": 1, "nJ/bit": 1e-9, "µJ/bit": 1e-6, "J/B": 1 / 8, "J/MB": 1 / 8e6, "J/GB": 1 / 8e9}
UNITS["kWh/GB"] = {"kWh/GB": 1, "Wh/GB": 1e-3}


@dataclass(frozen=True)
class Written:
    """A value of the file, with the words that lead to it and its line."""

    path: Path
    words: tuple[str, ...]
    line: int
    value: object  # a mapping's or a list's values are Written themselves

    def fault(self, message: str) -> FactorError:
        """The error for this value, with file, line and field."""
        field = ".".join(self.words)
        return FactorError(f"{self.path}:{self.line}: {field + ': ' if field else ''}{message}")

    def mapping(self, known: Sequence[str] = ()) -> dict[str, Written]:
        """The values by their names; an error names a name that is not known, with those that look alike."""
        if not isinstance(self.value, dict):
            raise self.fault("it must hold names and values")
        for name, value in self.value.items():
            if known and name not in known:
                hint = did_you_mean(near_matches(name, known)) or f" Known are {', '.join(known)}."
                raise value.fault(f"there is no such field.{hint}")
        return dict(self.value)

    def items(self) -> list[Written]:
        """The values of a list."""
        if not isinstance(self.value, list):
            raise self.fault("it must be a list")
        return list(self.value)

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.fault(f"it must be a text, not {self.value!r}")
        return self.value.strip()

    def number(self, unit: str) -> float:
        """One number: bare in the given unit, or with a unit of the same kind."""
        if isinstance(self.value, str):
            return self._with_unit(self.value, unit)
        if isinstance(self.value, bool) or not isinstance(self.value, (int, float)) or not math.isfinite(self.value):
            raise self.fault(f"it must be a number in {unit}, not {self.value!r}")
        return float(self.value)

    def factor(self, unit: str, name: str) -> Factor:
        """A number, `[low, best, high]`, or a mapping of `value` (or low, best, high) and `source`."""
        if isinstance(self.value, dict):
            fields = self.mapping(("value", "low", "best", "high", "source"))
            best = fields.get("best", fields.get("value"))
            if best is None:
                raise self.fault("it needs a value, or low, best and high")
            source = fields["source"].text() if "source" in fields else BY_USER
            if isinstance(best.value, list):
                return self._ranged([value.number(unit) for value in best.items()], unit, name, source)
            ends = [fields.get(end, best).number(unit) for end in ("low", "high")]
            return self._ranged([ends[0], best.number(unit), ends[1]], unit, name, source)
        values = self.items() if isinstance(self.value, list) else [self] * 3
        return self._ranged([value.number(unit) for value in values], unit, name, BY_USER)

    def _ranged(self, numbers: list[float], unit: str, name: str, source: str) -> Factor:
        if len(numbers) != 3 or not numbers[0] <= numbers[1] <= numbers[2]:
            raise self.fault("a range is [low, best, high], in this order")
        low, best, high = numbers
        try:
            return Factor(best, unit, low, high, source, name=name)
        except FactorError as error:
            raise self.fault(str(error)) from error

    def _with_unit(self, text: str, unit: str) -> float:
        match = re.fullmatch(r"\s*([-+]?[\d_]*\.?\d+(?:[eE][-+]?\d+)?)\s*(\S.*)?", text)
        known = UNITS.get(unit, {unit: 1.0})
        if match is None:
            raise self.fault(f"it must be a number in {unit}, not {text!r}")
        number, written = float(match[1]), (match[2] or unit).strip()
        if written not in known:
            hint = did_you_mean(near_matches(written, known)) or f" Known are {', '.join(known)}."
            raise self.fault(f"the unit {written!r} is none of {unit}'s kind.{hint}")
        return number * known[written]


def read_yaml(path: str | Path) -> Written:
    """The file's values. FactorError with file and line for what is no YAML; ImportError without PyYAML."""
    try:
        import yaml
    except ImportError:
        raise ImportError("scenario files need PyYAML: pip install 'impact-tracker[studies]'") from None
    place = Path(path)
    try:
        node = yaml.compose(text_of(place, FactorError), Loader=yaml.SafeLoader)
    except RecursionError:
        raise FactorError(f"{place}: its YAML is nested too deeply to be read") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark else ""
        raise FactorError(f"{place}{line}: this is no YAML: {getattr(error, 'problem', error)}") from error
    if node is None:
        raise FactorError(f"{place}:1: the scenario is empty; `impact-tracker study paradigms --example` prints one")
    return _written(place, (), node)


def _written(path: Path, words: tuple[str, ...], node: Node) -> Written:
    import yaml

    line = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        values: dict[str, Written] = {}
        for key, value in node.value:
            name = str(key.value)
            if name in values:
                raise FactorError(f"{path}:{key.start_mark.line + 1}: {name} is given twice")
            values[name] = _written(path, (*words, name), value)
        return Written(path, words, line, values)
    if isinstance(node, yaml.SequenceNode):
        return Written(path, words, line, [_written(path, words, value) for value in node.value])
    scalar: object = yaml.SafeLoader("").construct_object(node)
    # YAML reads 1e6 as a text, for it has no point.
    if isinstance(scalar, str) and re.fullmatch(r"[-+]?\d+(\.\d*)?[eE][-+]?\d+", scalar):
        scalar = float(scalar)
    return Written(path, words, line, scalar)
