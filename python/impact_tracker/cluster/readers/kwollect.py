"""Power of nodes from Kwollect, Grid'5000's collector: management controllers (BMC) and wattmeters."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import NamedTuple

from ..finding import ClusterFinding, RejectedRow
from ..frames import POWER, polars, schema
from ..integral import PERIODS_OF_A_GAP
from ..protocol import PowerBatch, PowerWindow
from .web import JsonService, iso_ns

METRICS = ("bmc_node_power_watt", "wattmetre_power_watt", "pdu_outlet_power_watt")
WINDOW_NS = 6 * 3600 * 10**9


@dataclass(frozen=True)
class KwollectPower:
    """Nodes of one site. `service`: as in `https://api.grid5000.fr/stable/sites/nancy`; `nodes`: their names;
    `metric`: which meter, `None` for the best of each node (wattmeter before BMC)."""

    service: JsonService
    nodes: tuple[str, ...]
    metric: str | None = None

    def __post_init__(self) -> None:
        """ValueError without nodes: Kwollect answers for named ones."""
        if not self.nodes:
            raise ValueError("Kwollect is asked for nodes by their names: give --nodes FILE or --node NAME")

    @property
    def source(self) -> str:
        """Address and metric."""
        return f"{self.service.shown} {self.metric or 'any power'} {','.join(self.nodes)}"

    def windows(self, begin_ns: int, end_ns: int) -> Sequence[PowerWindow]:
        """Some hours of one node each, on a grid. The end is in the key: a window that was cut off, as the last of an
        import up to now, is asked again by the next one."""
        first = begin_ns // WINDOW_NS * WINDOW_NS
        spans = [(max(start, begin_ns), min(start + WINDOW_NS, end_ns)) for start in range(first, end_ns, WINDOW_NS)]
        return [
            PowerWindow(f"{node}-{begin}-{end}", begin, end, (node,)) for begin, end in spans for node in self.nodes
        ]

    def read(self, window: PowerWindow) -> PowerBatch:
        """One answer: a list of readings with timestamp, device, metric, value and labels."""
        (node,) = window.nodes
        wanted = [self.metric] if self.metric else list(METRICS)
        answer = self.service.get(
            "metrics",
            {
                "devices": node.partition(".")[0],
                "start_time": _text(window.begin_ns),
                "end_time": _text(window.end_ns),
                "metrics": ",".join(wanted),
            },
        )
        if not isinstance(answer, list):
            raise ValueError(f"{self.service.shown}: no answer of Kwollect: {str(answer)[:200]}")
        rejected: list[RejectedRow] = []
        by_metric: dict[str, dict[str, dict[int, float]]] = {}
        for place, reading in enumerate(answer, 1):
            row = _reading(reading)
            if row is None:
                reason = "it has no time or no value"
                rejected.append(RejectedRow(self.service.shown, place, reason, str(reading)[:200]))
                continue
            if window.begin_ns <= row.time_ns < window.end_ns:
                by_metric.setdefault(row.metric, {}).setdefault(row.label, {})[row.time_ns] = row.value
        order = [metric for metric in reversed(METRICS[:2]) if metric in by_metric] or list(by_metric)
        chosen = order[0] if order else None
        findings: tuple[ClusterFinding, ...] = ()
        if len(by_metric) > 1:
            others = ", ".join(sorted(set(by_metric) - {str(chosen)}))
            text = f"node {node} has several meters: {chosen} counts, {others} does not"
            findings = (ClusterFinding("several_meters", node, text),)
        powers = _together(list(by_metric.get(str(chosen), {}).values()))
        readings = [(node, "node", "power", time_ns, value) for time_ns, value in powers]
        frame = polars().DataFrame(readings, schema=schema(POWER), orient="row")
        return PowerBatch(frame, tuple(rejected), findings)


def _together(supplies: Sequence[Mapping[int, float]]) -> list[tuple[int, float]]:
    """The power of a node by the readings of its supplies, which have a label each: their sum, at every time of any of
    them at which all are known, each in a straight line from one reading to the next. In a hole of one of them the
    node's power is not known."""
    import numpy as np

    if len(supplies) < 2:
        return [reading for supply in supplies for reading in sorted(supply.items())]
    moments = np.array(sorted({at for supply in supplies for at in supply}), dtype=np.int64)
    total = np.zeros(len(moments))
    for supply in supplies:
        times = np.array(sorted(supply), dtype=np.int64)
        values = np.array([supply[int(at)] for at in times])
        after = np.searchsorted(times, moments)
        is_reading = times[np.minimum(after, len(times) - 1)] == moments
        steps = np.diff(times)
        longest = PERIODS_OF_A_GAP * float(np.median(steps)) if len(steps) else 0.0
        inside = (after > 0) & (after < len(times))
        between = np.zeros(len(moments), dtype=bool)
        between[inside] = steps[after[inside] - 1] <= longest
        # Nanoseconds since 1970 are more than a float holds; since the first reading they are not.
        first = times[0]
        known = np.interp((moments - first).astype(float), (times - first).astype(float), values)
        total += np.where(is_reading | between, known, np.nan)
    return [(int(at), float(power)) for at, power in zip(moments, total) if np.isfinite(power)]


def _text(time_ns: int) -> str:
    """With its zone: a time without one is that of France there."""
    return datetime.fromtimestamp(time_ns / 1e9, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class _Reading(NamedTuple):
    """`label`: of the outlet or supply; of several the node's power is the sum."""

    metric: str
    label: str
    time_ns: int
    value: float


def _reading(reading: object) -> _Reading | None:
    if not isinstance(reading, dict):
        return None
    value, stamp = reading.get("value"), reading.get("timestamp")
    time_ns = iso_ns(stamp) if isinstance(stamp, str) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or time_ns is None:
        return None
    label = json.dumps(reading.get("labels") or {}, sort_keys=True)
    return _Reading(str(reading.get("metric_id") or ""), label, time_ns, float(value))
