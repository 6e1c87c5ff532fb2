"""Pushes the metrics over OTLP/HTTP, by OpenTelemetry's own exporter (extra `serve`)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from .families import METRICS

if TYPE_CHECKING:
    from opentelemetry.metrics import CallbackOptions, Observation

    from ..interop.metric_text import Family

_UCUM = {"joules": "J", "watts": "W", "seconds": "s", "ratio": "1", "": "1"}
_GIVE_UP_MS = 5_000


class OtlpPush:
    """Sends what `renew` was given last, at each interval, to `<url>/v1/metrics`.

    ImportError without the exporter. A collector that does not answer costs nothing but a warning of the exporter.
    """

    def __init__(self, url: str, interval_s: float) -> None:
        try:
            from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
            from opentelemetry.sdk.metrics import MeterProvider
            from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
            from opentelemetry.sdk.resources import Resource
        except ImportError:
            raise ImportError("--otlp needs OpenTelemetry's exporter: pip install 'impact-tracker[serve]'") from None
        endpoint = url if url.endswith("/v1/metrics") else f"{url.rstrip('/')}/v1/metrics"
        exporter = OTLPMetricExporter(endpoint=endpoint, timeout=_GIVE_UP_MS // 1000)
        reader = PeriodicExportingMetricReader(exporter, export_interval_millis=max(interval_s, 1.0) * 1000)
        resource = Resource.create({"service.name": "impact-tracker"})
        self._provider = MeterProvider([reader], resource=resource, shutdown_on_exit=False)
        self._families: dict[str, Family] = {}
        meter = self._provider.get_meter("impact_tracker")
        for metric in METRICS:
            create = meter.create_observable_counter if metric.kind == "counter" else meter.create_observable_gauge
            create(metric.name, [self._observer(metric.name)], _UCUM[metric.unit], metric.text)

    def _observer(self, name: str) -> Callable[[CallbackOptions], Iterable[Observation]]:
        """What the exporter asks for a metric: its samples now, none for what is not known."""
        from opentelemetry.metrics import Observation

        def observe(options: CallbackOptions) -> Iterable[Observation]:
            family = self._families.get(name)
            return [Observation(sample.value, dict(sample.labels)) for sample in family.samples] if family else []

        return observe

    def renew(self, families: list[Family]) -> None:
        """Take the values that are to be sent next."""
        self._families = {family.name: family for family in families}

    def close(self) -> None:
        """Send what is left, for 5 s at most, and end."""
        self._provider.shutdown(timeout_millis=_GIVE_UP_MS)
