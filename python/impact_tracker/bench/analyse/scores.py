"""AI scores, as the original computes them: 10,000 times the geometric mean of reference over measured batch times; and
their intervals, of which the original knows none."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ... import digits
from ...values.statistics import Mean, mean_of, student_t
from ..plan.suites.ai import sub_tests
from ..row.row import Row

Ends = tuple[float, float]


class Scatter(NamedTuple):
    """What runs tell of a score's chance: its relative standard error, with the degrees of freedom of Welch and
    Satterthwaite."""

    error: float
    freedom: float

    def around(self, score: float) -> Ends | None:
        """The ends of a score's 95 % interval, by logarithms; `None` where all runs took the same time."""
        if self.error == 0:
            return None
        factor = math.exp(min(student_t(0.95, self.freedom) * self.error, 700.0))
        return score / factor, score * factor


class Scores(NamedTuple):
    """`inference`, `training`: int(10000 · geometric mean of reference / measured) over the sub-tests that ran, `None`
    where none did; `missing`: those that did not; `scaled`: batches were not the original's, times are scaled;
    `on_card`: inputs lay on the card and outputs stayed there, where the original's times hold the copies;
    `inference_ends`, `training_ends`, `ai_score_ends`: 95 % intervals over the runs, `None` where a sub-test ran
    once; `runs`: of the sub-test with the fewest."""

    inference: int | None
    training: int | None
    missing: list[str]
    scaled: bool
    on_card: bool = False
    inference_ends: tuple[float, float] | None = None
    training_ends: tuple[float, float] | None = None
    ai_score_ends: tuple[float, float] | None = None
    runs: int | None = None

    @property
    def ai_score(self) -> int | None:
        """The sum of both; `None` unless every sub-test ran."""
        if self.missing or self.inference is None or self.training is None:
            return None
        return self.inference + self.training

    def to_dict(self) -> dict[str, object]:
        """The same as what JSON holds."""
        return {**self._asdict(), "ai_score": self.ai_score, "text": self.text()}

    def text(self) -> str:
        """The scores in one sentence."""
        phases = (("inference", self.inference, self.inference_ends), ("training", self.training, self.training_ends))
        parts = [f"{name} {_score_text(score, ends)}" for name, score, ends in phases if score]
        if not parts:
            return "no score: no sub-test of the suite has a run that counts"
        if self.ai_score:
            text = f"AI score {_score_text(self.ai_score, self.ai_score_ends)}; of it {', '.join(parts)}"
        else:
            text = f"AI scores: {', '.join(parts)}"
        if self.missing:
            text += f", over the sub-tests that ran ({len(self.missing)} of {len(sub_tests())} are missing)"
        if self.runs is not None:
            ends = self.inference_ends or self.training_ends or self.ai_score_ends
            none = "no interval" if self.runs == 1 else "all runs took the same time"
            text += f", 95 % over {self.runs} runs" if ends else f", n = {self.runs}: {none}"
        text += ", times scaled to the original batches" if self.scaled else ""
        return text + (", without the copies to and from the card that the original's hold" if self.on_card else "")


def _score_text(score: int, ends: Ends | None) -> str:
    if ends is None:
        return str(score)
    decimals = min(digits.decimals_for(score, (ends[1] - ends[0]) / 2.0), 0)
    best, low, high = (digits.fixed(number, decimals) for number in (score, *ends))
    return f"{best} ({low} to {high})"


def scores(rows: Sequence[Row]) -> Scores:
    """Scores rows of suite ai-benchmark by the mean time of a pass, the first left out, over all runs of a sub-test."""
    norms: dict[str, list[float]] = {"inference": [], "training": []}
    times: dict[str, list[Mean]] = {"inference": [], "training": []}
    missing, scaled, on_card = [], False, False
    for sub_test in sub_tests():
        times_ms = []
        for row in rows:
            if (row.test, row.phase) != (sub_test.name, sub_test.phase) or row.invalid_because:
                continue
            if row.work.pass_ms and row.setup.batch:
                factor = sub_test.batch / row.setup.batch
                scaled = scaled or factor != 1
                on_card = on_card or (row.setup.device or "").startswith("cuda")
                times_ms.append(row.work.pass_ms * factor)
        mean = mean_of(times_ms)
        if mean is not None:
            norms[sub_test.phase].append(sub_test.reference_ms / (math.fsum(times_ms) / len(times_ms)))
            times[sub_test.phase].append(mean)
        else:
            missing.append(sub_test.name)
    by_phase = {
        phase: int(math.exp(math.fsum(map(math.log, values)) / len(values)) * 10_000) if values else None
        for phase, values in norms.items()
    }
    inference, training = by_phase["inference"], by_phase["training"]
    scatters = [_scatter(times[phase]) for phase in ("inference", "training")]
    ends = [
        None if score is None or scatter is None else scatter.around(score)
        for score, scatter in zip((inference, training), scatters)
    ]
    least = min((mean.runs for means in times.values() for mean in means), default=None)
    made = Scores(inference, training, missing, scaled, on_card, ends[0], ends[1], runs=least)
    if made.ai_score is None or None in scatters:
        return made
    both = _of_sum([(score or 0.0, scatter) for score, scatter in zip((inference, training), scatters) if scatter])
    return made._replace(ai_score_ends=both.around(made.ai_score))


def _scatter(means: Sequence[Mean]) -> Scatter | None:
    """Of a geometric mean of so many measured times; `None` where one of them is a single run's."""
    relative = [mean.relative for mean in means]
    if not means or None in relative:
        return None
    parts = [(math.log1p((cv or 0.0) ** 2) / mean.runs, mean.runs - 1) for cv, mean in zip(relative, means)]
    return _together([(variance / len(means) ** 2, freedom) for variance, freedom in parts])


def _of_sum(scored: Sequence[tuple[float, Scatter]]) -> Scatter:
    """Of the sum of scores that are independent of each other."""
    total = math.fsum(score for score, _ in scored)
    return _together([((score / total * scatter.error) ** 2, scatter.freedom) for score, scatter in scored])


def _together(parts: Sequence[tuple[float, float]]) -> Scatter:
    """Variances of independent parts, with the degrees of freedom of each."""
    variance = math.fsum(part for part, _ in parts)
    if variance == 0:
        return Scatter(0.0, math.fsum(freedom for _, freedom in parts))
    return Scatter(math.sqrt(variance), variance**2 / math.fsum(part**2 / freedom for part, freedom in parts))
