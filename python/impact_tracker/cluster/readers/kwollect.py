"""Power of nodes from Kwollect, Grid'5000's collector: management controllers (BMC) and wattmeters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone

from ..finding import ClusterFinding, RejectedRow
from ..frames import POWER, polars, schema
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
        """One answer: a list of readings with timestamp, device, metric and value."""
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
        by_metric: dict[str, list[tuple[str, str, str, int, float]]] = {}
        for place, reading in enumerate(answer, 1):
            row = _reading(reading)
            if row is None:
                reason = "it has no time or no value"
                rejected.append(RejectedRow(self.service.shown, place, reason, str(reading)[:200]))
                continue
            metric, time_ns, value = row
            if window.begin_ns <= time_ns < window.end_ns:
                by_metric.setdefault(metric, []).append((node, "node", "power", time_ns, value))
        order = [metric for metric in reversed(METRICS[:2]) if metric in by_metric] or list(by_metric)
        chosen = order[0] if order else None
        findings: tuple[ClusterFinding, ...] = ()
        if len(by_metric) > 1:
            others = ", ".join(sorted(set(by_metric) - {str(chosen)}))
            text = f"node {node} has several meters: {chosen} counts, {others} does not"
            findings = (ClusterFinding("several_meters", node, text),)
        frame = polars().DataFrame(by_metric.get(str(chosen), []), schema=schema(POWER), orient="row")
        return PowerBatch(frame, tuple(rejected), findings)


def _text(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def _reading(reading: object) -> tuple[str, int, float] | None:
    """Metric, time and value of a reading."""
    if not isinstance(reading, dict):
        return None
    value, stamp = reading.get("value"), reading.get("timestamp")
    time_ns = iso_ns(stamp) if isinstance(stamp, str) else None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or time_ns is None:
        return None
    return str(reading.get("metric_id") or ""), time_ns, float(value)
