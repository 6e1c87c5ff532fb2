"""Metrics as text: the exposition format of Prometheus (0.0.4) and OpenMetrics 1.0, one set of rules for both.

Names carry their base unit. A counter's samples end in `_total`. What is not known has no sample, and is never 0.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

OPEN_METRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"

Kind = Literal["counter", "gauge"]


@dataclass(frozen=True)
class Sample:
    """One value of a family; `labels` tell it from the others."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True)
class Family:
    """A metric with its samples; `name` without `_total`. `unit`: the last word of the name, "" for none."""

    name: str
    unit: str
    text: str
    kind: Kind
    samples: tuple[Sample, ...]

    @property
    def sample_name(self) -> str:
        """As a query spells it."""
        return f"{self.name}_total" if self.kind == "counter" else self.name


def escaped(text: str) -> str:
    """A label's value between its quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def metric_text(families: Iterable[Family], *, open_metrics: bool = True) -> str:
    """The families as OpenMetrics, or as Prometheus read before it. A family without samples keeps its description."""
    lines = []
    for family in families:
        described = family.name if open_metrics else family.sample_name
        lines.append(f"# TYPE {described} {family.kind}")
        if open_metrics and family.unit:
            lines.append(f"# UNIT {described} {family.unit}")
        lines.append(f"# HELP {described} {family.text}")
        for sample in family.samples:
            if math.isnan(sample.value):
                continue
            spelled = ",".join(f'{key}="{escaped(word)}"' for key, word in sample.labels.items())
            labels = f"{{{spelled}}}" if spelled else ""
            lines.append(f"{family.sample_name}{labels} {float(sample.value)!r}")
    return "\n".join([*lines, *(["# EOF"] if open_metrics else [])]) + "\n"
