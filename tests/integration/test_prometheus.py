"""Power from a real Prometheus (Debian's package) that promtool has filled."""

from __future__ import annotations

import math
import shutil
import subprocess
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest

pytest.importorskip("polars")

from impact_tracker.cluster.importing import import_power
from impact_tracker.cluster.readers.prometheus import PrometheusPower
from impact_tracker.cluster.readers.web import JsonService
from impact_tracker.cluster.store import PowerStore
from integration.one_slurm import free_ports

pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(
        not (shutil.which("prometheus") and shutil.which("promtool")), reason="needs prometheus and promtool (Debian)"
    ),
]
STEP_S, COUNT = 15, 5000


def power(node: int, number: int) -> float:
    return 100.0 * (node + 1) + 50.0 * math.sin(number / 40.0)


def test_range_queries_of_a_real_prometheus(tmp_path: Path) -> None:
    last = int(time.time()) // STEP_S * STEP_S - 3600
    first = last - STEP_S * (COUNT - 1)
    lines = ["# HELP node_power_watts Power of a node.", "# TYPE node_power_watts gauge"]
    for number in range(COUNT):
        lines += [
            f'node_power_watts{{instance="n{node}:9100"}} {power(node, number)!r} {first + STEP_S * number}'
            for node in range(3)
        ]
    samples = tmp_path / "samples.txt"
    samples.write_text("\n".join([*lines, "# EOF", ""]))
    data = tmp_path / "data"
    made = ["promtool", "tsdb", "create-blocks-from", "openmetrics", str(samples), str(data)]
    subprocess.run(made, check=True, capture_output=True, timeout=120)
    config = tmp_path / "prometheus.yml"
    config.write_text("global: {}\n")
    (port,) = free_ports(1)
    words = [
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={data}",
        "--storage.tsdb.retention.time=10y",
    ]
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen([*words, f"--web.listen-address=127.0.0.1:{port}"], stdout=log, stderr=log)
    try:
        wait_until_ready(port, server, tmp_path / "log")
        service = JsonService(f"http://127.0.0.1:{port}")
        reader = PrometheusPower(service, "node_power_watts", step_s=STEP_S)
        store = PowerStore(tmp_path / "store")
        done = import_power(reader, store, first * 10**9, (last + 1) * 10**9)
    finally:
        server.terminate()
        server.wait(20)
    assert done.samples == 3 * COUNT
    for node in range(3):
        values = [value for piece in store.pieces()[f"n{node}"] for value in piece.read()[1].tolist()]
        assert values == pytest.approx([power(node, number) for number in range(COUNT)])


def wait_until_ready(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/-/ready", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (URLError, OSError):
            pass
        if server.poll() is not None or time.monotonic() > deadline:
            raise AssertionError(log.read_text()[-2000:])
        time.sleep(0.1)
