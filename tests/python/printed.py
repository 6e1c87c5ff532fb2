"""Texts that people read: no number in them has a digit finer than the interval that stands beside it."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

_NUMBER = r"([-+]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?)"
_BEGIN = r"(?<![\w.:/^-])"
_UNIT = r"(?:[ ~][^\s\d()±;,|]+){0,3}"
_SPREAD = re.compile(rf"{_BEGIN}{_NUMBER}({_UNIT}) ?%? ?(?:±|\+/-|\$\\pm\$)[ ~]?{_NUMBER}({_UNIT})")
_RANGE = re.compile(rf"{_BEGIN}{_NUMBER}({_UNIT}) ?\((?:exponent )?{_NUMBER} to {_NUMBER}\b")
_COLUMNS = re.compile(rf"{_BEGIN}{_NUMBER}  +{_NUMBER}–{_NUMBER}\b")
_IDENTIFIERS = re.compile(r"arXiv \d+\.\d+|doi [\w./-]+|https?:\S+")
_LONG = re.compile(rf"{_BEGIN}-?\d+\.\d+(?:e[+-]?\d+)?(?![\w.]*[-:/.]\d)")
_QUOTED = 6  # digits of a number that someone gave or published


def value_of(number: str) -> float:
    return float(number.replace(",", ""))


def digits_of(number: str) -> tuple[float, int]:
    """The place of a number's last digit that tells, and how many tell: of 1010 the tens, and three."""
    mantissa, _, power = number.replace(",", "").lstrip("+-").partition("e")
    mantissa = re.sub(r"(?<=\d{5})\.0$", "", mantissa)  # YAML's 3700000.0
    decimals = len(mantissa.partition(".")[2])
    zeros = 0 if decimals else len(mantissa) - len(mantissa.rstrip("0"))
    telling = len(mantissa.replace(".", "").lstrip("0")) - zeros
    return 10.0 ** (int(power or 0) - decimals + zeros), telling


def is_too_fine(number: str, half_width: float) -> bool:
    """Whether it has a digit below the first two of its half-width; two that tell it may always have."""
    place, telling = digits_of(number)
    return half_width > 0 and telling > 2 and place < 10.0 ** (math.floor(math.log10(half_width * 1.0001)) - 1) * 0.999


def intervals_in(line: str) -> Iterator[tuple[str, float]]:
    """The numbers of a line that have an interval beside them, each with its half-width."""
    for match in _SPREAD.finditer(line):
        if match[2] == match[4] or not match[2]:
            yield match[1], value_of(match[3])
    for match in _COLUMNS.finditer(line):
        yield match[1], (value_of(match[3]) - value_of(match[2])) / 2.0
    for match in _RANGE.finditer(line):
        yield match[1], (value_of(match[4]) - value_of(match[3])) / 2.0


def assert_coarse(text: str) -> int:
    """How many numbers with an interval stand in a text. None has a digit finer than that, and no number has more
    digits than a person gives."""
    count = 0
    for line in _IDENTIFIERS.sub("", text).splitlines():
        for number, half_width in intervals_in(line):
            count += 1
            assert not is_too_fine(number, half_width), (number, half_width, line)
        for match in _LONG.finditer(line):
            assert digits_of(match[0])[1] <= _QUOTED, (match[0], line)
    return count
