"""AI scores, as the original computes them: 10,000 times the geometric mean of reference over measured batch times."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from ..plan.suites.ai import sub_tests
from ..row.row import Row


class Scores(NamedTuple):
    """`inference`, `training`: int(10000 · geometric mean of reference / measured) over the sub-tests that ran, `None`
    where none did; `missing`: those that did not; `scaled`: batches were not the original's, times are scaled;
    `on_card`: inputs lay on the card and outputs stayed there, where the original's times hold the copies."""

    inference: int | None
    training: int | None
    missing: list[str]
    scaled: bool
    on_card: bool = False

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
        parts = [
            f"{name} {score}" for name, score in (("inference", self.inference), ("training", self.training)) if score
        ]
        if not parts:
            return "no score: no sub-test of the suite has a run that counts"
        text = f"AI score {self.ai_score} ({', '.join(parts)})" if self.ai_score else f"AI scores: {', '.join(parts)}"
        if self.missing:
            text += f", over the sub-tests that ran ({len(self.missing)} of {len(sub_tests())} are missing)"
        text += ", times scaled to the original batches" if self.scaled else ""
        return text + (", without the copies to and from the card that the original's hold" if self.on_card else "")


def scores(rows: Sequence[Row]) -> Scores:
    """Scores rows of suite ai-benchmark by the mean time of a pass, the first left out, over all runs of a sub-test."""
    norms: dict[str, list[float]] = {"inference": [], "training": []}
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
        if times_ms:
            norms[sub_test.phase].append(sub_test.reference_ms / (math.fsum(times_ms) / len(times_ms)))
        else:
            missing.append(sub_test.name)
    by_phase = {
        phase: int(math.exp(math.fsum(map(math.log, values)) / len(values)) * 10_000) if values else None
        for phase, values in norms.items()
    }
    return Scores(by_phase["inference"], by_phase["training"], missing, scaled, on_card)
