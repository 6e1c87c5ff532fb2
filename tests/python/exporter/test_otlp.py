"""What is pushed by OTLP/HTTP: a value that is not known any more is not sent again."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from impact_tracker.exporter.families import POWER
from impact_tracker.exporter.otlp import OtlpPush
from impact_tracker.interop.metric_text import Sample
from waiting import until


def test_what_is_not_known_any_more_is_not_sent_again() -> None:
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    pushed: list[dict[str, float]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            metrics = ExportMetricsServiceRequest.FromString(body).resource_metrics[0].scope_metrics[0].metrics
            points = [point for metric in metrics if metric.name == POWER.name for point in metric.gauge.data_points]
            pushed.append({point.attributes[0].value.string_value: point.as_double for point in points})
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        push = OtlpPush(f"http://127.0.0.1:{server.server_port}", 1.0)
        other = POWER.family([Sample({"device": "cpu:1"}, 7.0)])
        push.renew([POWER.family([Sample({"device": "cpu:0"}, 5.0), *other.samples])])
        assert until(lambda: {"cpu:0": 5.0, "cpu:1": 7.0} in pushed, 20)
        push.renew([other])
        assert until(lambda: pushed[-1] == {"cpu:1": 7.0}, 20)
        push.close()
        assert pushed[-1] == {"cpu:1": 7.0}
    finally:
        server.shutdown()
        thread.join(10)
        server.server_close()
