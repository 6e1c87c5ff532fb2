"""Sums over tests: what is made of several networks, each so many times, with the interval of the sum."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from ... import digits
from ...values import sum_if_known
from ...values.statistics import Mean, sum_of_means


class CostedTest(Protocol):
    """A test whose joules for one input are known, with the sensors' and models' own relative error."""

    @property
    def j_per_image(self) -> Mean | None: ...
    @property
    def bias(self) -> float | None: ...


class EnergySum(NamedTuple):
    """Joules of several tests' inputs together. `bias_j`: the sensors' and models' own error (95 %), which all parts
    share: it adds up as it is, and no number of runs shrinks it; `None` where that of a part is not known. `parts`: of
    how many tests."""

    mean: Mean
    bias_j: float | None
    parts: int

    def text(self) -> str:
        """How it is known: over how many runs, by what rule, and what the interval does not hold."""
        if self.mean.half_width is None:
            known = "one run: no interval" if self.parts == 1 else "one run of a part: no interval"
        elif self.parts == 1:
            known = f"± 95 % over {self.mean.runs} runs (Student's t)"
        else:
            known = f"± 95 % over at least {self.mean.runs} runs of each part (Welch and Satterthwaite)"
        if self.mean.runs == 2:
            known += ", and two runs tell little of the spread"
        if self.bias_j is None:
            return f"{known}; the sensors' and models' own error is not known"
        if self.bias_j == 0:
            return known
        shared = "" if self.parts == 1 else ", which all parts share"
        return f"{known}; the sensors' and models' own error{shared}, apart: {digits.energy(self.bias_j)}"


def sum_of_parts(times: Mapping[str, float], tests: Mapping[str, CostedTest]) -> EnergySum | None:
    """So many inputs of each test, added; `None` where one was not measured. The tests ran apart, each in workers of
    its own."""
    known = [(count, tests[name]) for name, count in times.items() if name in tests]
    means = [(count, test.j_per_image) for count, test in known if test.j_per_image is not None]
    if len(means) < len(times):
        return None
    summed = sum_of_means([(count, mean) for count, mean in means if mean is not None])
    if summed is None:
        return None
    biases = [
        None if test.bias is None or test.j_per_image is None else count * test.j_per_image.value * test.bias
        for count, test in known
    ]
    return EnergySum(summed, sum_if_known(biases), len(means))
