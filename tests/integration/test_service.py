"""The service on fake machines whose power is known: what is scraped, pushed and handed over is the truth."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from urllib.error import URLError
from urllib.request import Request, urlopen

import pytest

from fakes import zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from integration.one_slurm import free_ports
from waiting import until

SERVE = [sys.executable, "-m", "impact_tracker", "serve", "--config", "none", "--interval", "0.1"]
Samples = dict[tuple[str, str], float]


class Service:
    """`impact-tracker serve` on a machine; everything is closed with it."""

    def __init__(self, machine: FakeMachine, tmp_path: Path, *words: str, descriptors: int = 1024) -> None:
        self.log = tmp_path / f"serve-{time.monotonic_ns()}.log"
        environment = {**os.environ, "IMPACT_TRACKER_SOURCES": "", "TMPDIR": str(tmp_path)}
        with self.log.open("wb") as log:
            command = ["sh", "-c", f'ulimit -n {descriptors}; exec "$@"', "sh", *SERVE, *words]
            self.process = machine.popen(command, stderr=log, env=environment)
        assert until(lambda: self.told() or self.process.poll() is not None, 30)
        assert self.process.poll() is None, self.log.read_text()

    def told(self) -> str:
        """What it says once it serves: the address or the path."""
        match = re.search(r"serve: (?:http://)?([^,\s]+)", self.log.read_text())
        return match.group(1) if match else ""

    def text(self, accept: str = "application/openmetrics-text") -> str:
        with urlopen(Request(f"http://{self.told()}", headers={"Accept": accept}), timeout=10) as answer:
            return str(answer.read().decode())

    def samples(self) -> Samples:
        """(name, channel or source or "") -> value, by the parser of prometheus_client."""
        parser = pytest.importorskip("prometheus_client.openmetrics.parser")
        return {
            (sample.name, sample.labels.get("channel") or sample.labels.get("source", "")): sample.value
            for family in parser.text_string_to_metric_families(self.text())
            for sample in family.samples
        }

    def ends(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(15)


def power_on(service: Service, channel: str = "rapl/package-0") -> bool:
    return ("impact_power_watts", channel) in service.samples()


def test_scraped_joules_are_the_truth(fake_machine: MachineFactory, tmp_path: Path) -> None:
    from impact_tracker.exporter.board import PANELS

    machine = fake_machine(zones.server("square:20:180:50ms", sockets=2, dram="constant:25"))
    service = Service(machine, tmp_path, "--listen", "127.0.0.1:0")
    assert until(lambda: power_on(service))
    first, second = service.samples(), service.samples()
    until(lambda: service.samples()["impact_snapshot_time_seconds", ""] > first["impact_snapshot_time_seconds", ""] + 2)
    second = service.samples()
    taken = "impact_snapshot_time_seconds", ""
    offset_ns = time.time_ns() - time.monotonic_ns()
    begin_ns, end_ns = (int(samples[taken] * 1e9) - offset_ns for samples in (first, second))
    for zone, channel in [("intel-rapl:0", "rapl/package-0"), ("intel-rapl:1", "rapl/package-1")]:
        key = ("impact_energy_joules_total", channel)
        truth_j = machine.truth.energy_j(begin_ns, end_ns, zone)
        # The reading lies up to some ms before the time of the snapshot, on a machine that is busy with other tests.
        assert second[key] - first[key] == pytest.approx(truth_j, abs=180 * 0.05)
    total = ("impact_machine_energy_joules_total", "")
    truth_j = machine.truth.energy_j(begin_ns, end_ns)
    assert second[total] - first[total] == pytest.approx(truth_j, abs=410 * 0.05)
    in_total = sum(value for (name, channel), value in second.items() if name == key[0] and channel.startswith("rapl/"))
    assert second[total] == pytest.approx(in_total, abs=0.1)
    assert second["impact_power_watts", "rapl/dram-0"] == pytest.approx(25, abs=1)
    asked_for = {name for panel in PANELS for name in re.findall(r"impact_\w+", panel.query)}
    assert asked_for <= {name for name, _ in second}  # a board's panel without a metric would stay empty
    assert service.text("text/plain").count("# EOF") == 0
    assert service.ends() == 0
    assert list(tmp_path.glob("impact-tracker-*")) == []  # no record is left where none was asked for


def test_a_lost_sensor_is_absent_and_comes_back(fake_machine: MachineFactory, tmp_path: Path) -> None:
    machine = fake_machine(zones.server("constant:100", sockets=2))
    service = Service(machine, tmp_path, "--listen", "127.0.0.1:0", "--sources", "rapl_powercap")
    assert until(lambda: power_on(service))
    assert service.samples()["impact_source_up", "rapl_powercap"] == 1
    machine.control("eio intel-rapl:0 on")
    assert until(lambda: not power_on(service), 20)
    lost = service.samples()
    assert ("impact_energy_joules_total", "rapl/package-0") not in lost
    assert ("impact_machine_power_watts", "") not in lost
    assert lost["impact_power_watts", "rapl/package-1"] == pytest.approx(100, abs=2)
    assert lost["impact_source_up", "rapl_powercap"] == 0
    assert lost["impact_read_failures_total", ""] > 0
    machine.control("eio intel-rapl:0 off")
    assert until(lambda: power_on(service), 20)
    assert service.samples()["impact_source_up", "rapl_powercap"] == 1
    assert service.ends(signal.SIGINT) == 0


def resident_kib(process: subprocess.Popen[bytes]) -> int:
    match = re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text())
    assert match is not None
    return int(match.group(1))


def test_a_thousand_hostile_clients_and_few_descriptors_do_the_measuring_no_harm(
    fake_machine: MachineFactory, tmp_path: Path
) -> None:
    machine = fake_machine(zones.server("constant:100"))
    words = ("--listen", "127.0.0.1:0", "--sources", "rapl_powercap")
    service = Service(machine, tmp_path, *words, descriptors=128)
    assert until(lambda: power_on(service))
    host, _, port = service.told().partition("/")[0].rpartition(":")
    first, before_kib = service.samples(), resident_kib(service.process)
    held = []
    try:
        for number in range(1000):
            client = socket.create_connection((host, int(port)), timeout=10)
            with suppress(OSError):  # who was cut off for the next one
                client.sendall([b"", b"GET /", b"\0" * 9000, b"GET /metrics HTTP/1.1\r\n\r\n" * 99][number % 4])
            held.append(client)
            if number % 100 == 99:
                assert power_on(service)
        last = service.samples()
    finally:
        for client in held:
            client.close()
    energy, taken = ("impact_energy_joules_total", "rapl/package-0"), ("impact_snapshot_time_seconds", "")
    passed_s = last[taken] - first[taken]
    assert last[energy] - first[energy] == pytest.approx(100 * passed_s, abs=100 * 0.05)
    assert last["impact_read_failures_total", ""] == 0
    assert last["impact_http_dropped_total", ""] > 0
    assert resident_kib(service.process) - before_kib < 32 << 10
    assert service.ends() == 0
    assert "Traceback" not in service.log.read_text()


def test_a_machine_without_sensors_has_no_energy_and_no_zero(fake_machine: MachineFactory, tmp_path: Path) -> None:
    service = Service(fake_machine([]), tmp_path, "--listen", "127.0.0.1:0", "--sources", "rapl_powercap")
    samples = service.samples()
    assert not [name for name, _ in samples if "joules" in name or "watts" in name]
    assert service.ends() == 0


def test_a_record_is_kept_where_asked_for(fake_machine: MachineFactory, tmp_path: Path) -> None:
    from impact_tracker.record import read_record

    machine = fake_machine(zones.server("constant:100"))
    service = Service(machine, tmp_path, "--listen", "127.0.0.1:0", "-o", str(tmp_path / "kept"))
    assert until(lambda: power_on(service))
    assert service.ends() == 0
    (path,) = (tmp_path / "kept" / "impacttracker").glob("*.jsonl")
    assert read_record(path).complete


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to become somebody else")
def test_a_user_without_root_reads_through_the_reader(fake_machine: MachineFactory, tmp_path: Path) -> None:
    """The reader as root on the machine, the exporter as nobody: only the reader can open the counters."""
    machine = fake_machine(zones.server("constant:100"))
    with_short_path = Path(f"/tmp/impact-{os.getpid()}-{time.monotonic_ns()}.sock")
    reader = Service(machine, tmp_path, "--reader", "--socket", str(with_short_path), "--group", "65534")
    try:
        words = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", *SERVE]
        begin = json.loads(_output(machine, [*words, "--from", str(with_short_path), "--once", "--json"]))
        assert until(lambda: _energy_of(machine, words, with_short_path) > _energy(begin) + 50, 30)
        later = json.loads(_output(machine, [*words, "--from", str(with_short_path), "--once", "--json"]))
        passed_s = later["taken_unix_s"] - begin["taken_unix_s"]
        assert _energy(later) - _energy(begin) == pytest.approx(100 * passed_s, rel=0.1)
        outsider = ["setpriv", "--reuid=65534", "--regid=65533", "--clear-groups", *SERVE]
        refused = machine.run([*outsider, "--from", str(with_short_path), "--once"], capture_output=True, text=True)
        assert refused.returncode == 2
        assert "ask to be added to its group" in refused.stderr
        exporter = Service(machine, tmp_path, "--from", str(with_short_path), "--listen", "127.0.0.1:0")
        assert until(lambda: power_on(exporter))
        assert reader.ends() == 0
        assert not with_short_path.exists()
        assert until(lambda: exporter.samples() == {("impact_reader_up", ""): 0.0} | _of_http(exporter.samples()))
        assert exporter.ends() == 0
    finally:
        with suppress(FileNotFoundError):
            with_short_path.unlink()


def _of_http(samples: Samples) -> Samples:
    return {key: value for key, value in samples.items() if key[0].startswith("impact_http")}


def _output(machine: FakeMachine, words: list[str]) -> str:
    return str(machine.run(words, capture_output=True, text=True, check=True).stdout)


def _energy(snapshot: dict[str, list[dict[str, float]]]) -> float:
    (energy_j,) = (channel["energy_j"] for channel in snapshot["channels"] if channel["id"] == "rapl/package-0")
    return energy_j


def _energy_of(machine: FakeMachine, words: list[str], path: Path) -> float:
    return _energy(json.loads(_output(machine, [*words, "--from", str(path), "--once", "--json"])))


class Collector:
    """A collector of OTLP/HTTP on loopback: keeps the bodies that it gets."""

    def __init__(self) -> None:
        bodies: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.headers.get("Content-Encoding") == "gzip":
                    import gzip

                    body = gzip.decompress(body)
                bodies.append(body)
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.bodies = bodies
        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join(10)
        self._server.server_close()


def test_otlp_carries_the_same_values(fake_machine: MachineFactory, tmp_path: Path) -> None:
    pytest.importorskip("opentelemetry.exporter.otlp.proto.http")
    from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest

    machine = fake_machine(zones.server("constant:100"))
    collector = Collector()

    def pushed() -> list[tuple[float, float, float]]:
        """Time of the snapshot, joules and watts of each push that has all of them."""
        pushes = []
        for body in list(collector.bodies):
            (resource,) = ExportMetricsServiceRequest.FromString(body).resource_metrics
            metrics = {metric.name: metric for metric in resource.scope_metrics[0].metrics}
            energies, powers = metrics.get("impact_energy_joules"), metrics.get("impact_power_watts")
            clock = metrics.get("impact_snapshot_time_seconds")
            if energies is None or powers is None or clock is None:
                continue
            assert (energies.unit, energies.sum.is_monotonic) == ("J", True)
            channel_j = {a.value.string_value: p.as_double for p in energies.sum.data_points for a in p.attributes}
            channel_w = {a.value.string_value: p.as_double for p in powers.gauge.data_points for a in p.attributes}
            if "rapl/package-0" in channel_j and "rapl/package-0" in channel_w:
                (time_s,) = (point.as_double for point in clock.gauge.data_points)
                pushes.append((time_s, channel_j["rapl/package-0"], channel_w["rapl/package-0"]))
        return pushes

    try:
        service = Service(machine, tmp_path, "--listen", "127.0.0.1:0", "--otlp", collector.url)
        # A busy machine pushes late, reads late, and may have nothing to push at first.
        assert until(lambda: len(pushed()) >= 3, 60)
        assert until(lambda: any(abs(watts - 100) <= 2 for _, _, watts in pushed()), 60)
        assert service.ends() == 0
    finally:
        collector.close()
    (first_s, first_j, _), *_, (last_s, last_j, _) = pushed()
    # Each reading lies up to some ms before the time of its snapshot.
    assert last_j - first_j == pytest.approx(100 * (last_s - first_s), abs=100 * 0.1)


@pytest.mark.long
@pytest.mark.skipif(shutil.which("prometheus") is None, reason="needs prometheus (Debian)")
def test_a_real_prometheus_scrapes_and_answers_the_boards_queries(fake_machine: MachineFactory, tmp_path: Path) -> None:
    from impact_tracker.exporter.board import PANELS

    machine = fake_machine(zones.server("constant:100", sockets=2))
    service = Service(machine, tmp_path, "--listen", "127.0.0.1:0", "--sources", "rapl_powercap")
    (port,) = free_ports(1)
    config = tmp_path / "prometheus.yml"
    target = service.told().partition("/")[0]
    config.write_text(
        "global: {scrape_interval: 1s}\nscrape_configs:\n"
        f"  - {{job_name: impact, static_configs: [{{targets: ['{target}']}}]}}\n"
    )
    words = ["prometheus", f"--config.file={config}", f"--storage.tsdb.path={tmp_path / 'data'}"]
    with (tmp_path / "prometheus.log").open("wb") as log:
        server = subprocess.Popen([*words, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)

    def asked(query: str) -> list[tuple[dict[str, str], float]]:
        from urllib.parse import urlencode

        try:
            with urlopen(f"http://127.0.0.1:{port}/api/v1/query?{urlencode({'query': query})}", timeout=5) as answer:
                rows = json.load(answer)["data"]["result"]
        except (URLError, OSError):
            return []
        return [(row["metric"], float(row["value"][1])) for row in rows]

    def range_of(query: str) -> str:
        return re.sub(r"\$__(range|rate_interval)|1h(?=\])", "15s", query).replace("$instance", ".*")

    try:
        query = 'rate(impact_energy_joules_total{role="in_total"}[15s])'
        # A rate is the counter's growth divided by its whole range, which is filled by samples only after 15 s.
        rates: list[float] = []

        def are_100_w() -> bool:
            rates[:] = [value for _, value in asked(query)]
            return rates == pytest.approx([100, 100], rel=0.03)

        assert until(are_100_w, 60), (rates, (tmp_path / "prometheus.log").read_text()[-2000:])
        empty = [panel.title for panel in PANELS if not asked(range_of(panel.query))]
        assert empty == ["Power beside the sum"]  # this machine has no meter beside its packages
    finally:
        server.terminate()
        server.wait(20)
        assert service.ends() == 0
