"""Power of nodes from a Prometheus by range queries, window by window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..finding import RejectedRow
from ..frames import POWER, polars, schema
from ..protocol import PowerBatch, PowerWindow
from .power_files import UNITS
from .web import JsonService

MOST_POINTS = 10_000  # of a series in one answer; Prometheus refuses more than 11,000


@dataclass(frozen=True)
class PrometheusPower:
    """A query whose series are nodes. `label`: the label that names the node; a port behind it is cut off. `unit`: of
    its values; a counter of joules is "J". `step_s`: between readings, the scrape interval at best."""

    service: JsonService
    query: str
    label: str = "instance"
    unit: str = "W"
    step_s: float = 15.0
    part: str = "node"

    def __post_init__(self) -> None:
        """ValueError for an unknown unit and a step of nothing."""
        if self.unit not in UNITS:
            raise ValueError(f"unknown unit {self.unit!r} of power: one of {', '.join(UNITS)}")
        if not self.step_s > 0.0:
            raise ValueError(f"the step between readings is above 0 s, not {self.step_s!r}")

    @property
    def source(self) -> str:
        """Address, query and step: another step gives other readings."""
        return f"{self.service.shown} {self.query} {self.label} {self.unit} {self.step_s:g} {self.part}"

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        """Windows on a grid of the step, so that each time is asked once, whenever the import began."""
        step_ns = round(self.step_s * 1e9)
        length = step_ns * MOST_POINTS
        first = begin_ns // length * length
        grid = range(first, end_ns, length)
        return [
            PowerWindow(f"{begin}-{end}", begin, end)
            for begin, end in ((max(start, begin_ns), min(start + length, end_ns)) for start in grid)
        ]

    def read(self, window: PowerWindow) -> PowerBatch:
        """One range query."""
        step_ns = round(self.step_s * 1e9)
        first = -(-window.begin_ns // step_ns) * step_ns
        last = (window.end_ns - 1) // step_ns * step_ns
        if last < first:
            return PowerBatch(polars().DataFrame(schema=schema(POWER)))
        answer = self.service.get(
            "api/v1/query_range",
            {
                "query": self.query,
                "start": f"{first / 1e9:.3f}",
                "end": f"{last / 1e9:.3f}",
                "step": f"{self.step_s:g}",
            },
        )
        kind, scale = UNITS[self.unit]
        rows: list[tuple[str, str, str, int, float]] = []
        rejected: list[RejectedRow] = []
        for place, series in enumerate(_series(answer, self.service.shown), 1):
            node = _label(series, self.label)
            if node is None:
                reason = f"the series has no label {self.label!r}"
                rejected.append(RejectedRow(self.service.shown, place, reason, str(series.get("metric"))[:200]))
                continue
            points = series.get("values")
            for point in points if isinstance(points, list) else ():
                value = _number(point[1])
                if value is not None:
                    rows.append((node, self.part, kind, round(float(point[0]) * 1e9), value * scale))
        frame = polars().DataFrame(rows, schema=schema(POWER), orient="row")
        doubled = frame.filter(polars().struct("node", "time_ns").is_duplicated())
        if doubled.height:
            how = "avg" if kind == "share" else "sum"
            raise ValueError(
                f"{self.service.shown}: node {doubled['node'][0]} has several series at the same time: make one of "
                f"them in the query, as in {how} by ({self.label}) ({self.query})"
            )
        return PowerBatch(frame, tuple(rejected))


def _series(answer: object, source: str) -> list[dict[str, object]]:
    """The series of an answer. ValueError where it is none."""
    data = answer.get("data") if isinstance(answer, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, list) or (isinstance(answer, dict) and answer.get("status") != "success"):
        raise ValueError(f"{source}: no answer of Prometheus to a range query: {str(answer)[:200]}")
    return [series for series in result if isinstance(series, dict)]


def _label(series: dict[str, object], name: str) -> str | None:
    metric = series.get("metric")
    value = metric.get(name) if isinstance(metric, dict) else None
    if not isinstance(value, str) or not value:
        return None
    host, port, number = value.rpartition(":")
    return host if port and number.isdecimal() else value


def _number(text: object) -> float | None:
    """A value; `NaN` and infinities are none."""
    import math

    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None
