"""IPMI over the network against pyghmi's controller on the loopback: log-in, readings, nonsense, slow answers."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import pytest

BMC = Path(__file__).resolve().parents[1] / "fakes" / "bmc.py"
ACCOUNT = {"FAKE_BMC_USER": "reader", "FAKE_BMC_PASSWORD": "s3cret-word"}
READ = """
import json, sys, time
from impact_tracker import ImpactTracker, _core
probe = next(p for p in _core.probe() if p["name"] == "ipmi_lan")
found = {"probe": probe}
if probe["state"] == "used":
    with ImpactTracker(sys.argv[1], sources=["ipmi_lan"], interval_s=0.2) as tracker:
        time.sleep(2.5)
    found["result"] = tracker.result.to_dict()
print(json.dumps(found))
"""


def interpreter() -> str:
    """One that has pyghmi: this one, or Debian's."""
    for python in (sys.executable, "/usr/bin/python3"):
        with contextlib.suppress(OSError):
            if (
                subprocess.run([python, "-c", "import pyghmi.ipmi.bmc"], capture_output=True, check=False).returncode
                == 0
            ):
                return python
    pytest.skip("no pyghmi: sudo apt-get install python3-pyghmi")


@pytest.fixture(autouse=True)
def library() -> None:
    if find_library("freeipmi") is None:
        pytest.skip("no FreeIPMI: sudo apt-get install libfreeipmi17")


@contextlib.contextmanager
def controller(**settings: str) -> Iterator[int]:
    """A running one; its port."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    environment = {**os.environ, **ACCOUNT, **{f"FAKE_BMC_{key.upper()}": value for key, value in settings.items()}}
    with subprocess.Popen(
        [interpreter(), str(BMC), str(port)], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield port
        finally:
            process.kill()


def read(port: int, tmp_path: Path, **more: str) -> dict[str, Any]:
    """What a program sees that is told of the controller; its password lies in a file."""
    secret = tmp_path / "password"
    secret.write_text(ACCOUNT["FAKE_BMC_PASSWORD"] + "\n")
    settings = {"IPMI": f"127.0.0.1:{port}", "IPMI_USER": "reader", "IPMI_PASSWORD_FILE": str(secret), **more}
    environment = {**os.environ, **{f"IMPACT_TRACKER_{key}": value for key, value in settings.items()}}
    done = subprocess.run(
        [sys.executable, "-c", READ, str(tmp_path / "run")],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert ACCOUNT["FAKE_BMC_PASSWORD"] not in done.stdout + done.stderr
    for record in (tmp_path / "run").rglob("*.jsonl"):
        assert ACCOUNT["FAKE_BMC_PASSWORD"] not in record.read_text()
    document: dict[str, Any] = json.loads(done.stdout)
    return document


@pytest.mark.serial
def test_reads_the_nodes_power(tmp_path: Path) -> None:
    with controller(curve="constant:344") as port:
        document = read(port, tmp_path)
    assert document["probe"]["state"] == "used", document["probe"]
    assert document["probe"]["channels"][0]["domain"] == "wall"
    result = document["result"]
    assert result["wall_j"] == pytest.approx(344 * result["duration_s"], rel=0.02)
    assert result["energy_j"] is None  # a wattmeter is no component


@pytest.mark.serial
def test_a_wrong_password_is_said_and_not_repeated(tmp_path: Path) -> None:
    with controller() as port:
        document = read(port, tmp_path, IPMI_PASSWORD="another")
    probe = document["probe"]
    assert probe["state"] == "forbidden", probe
    assert "IMPACT_TRACKER_IPMI_USER" in probe["advice"]


@pytest.mark.serial
@pytest.mark.parametrize("answer", ["c1", "00dc58010f01e901", "00ff58010f01e9013f0111223344e803000040"])
def test_nonsense_is_no_reading(tmp_path: Path, answer: str) -> None:
    with controller(answer=answer) as port:
        document = read(port, tmp_path)
    assert document["probe"]["state"] in ("unsupported", "broken"), document["probe"]


@pytest.mark.serial
def test_a_slow_controller_is_read_all_the_same(tmp_path: Path) -> None:
    with controller(curve="constant:200", delay_s="0.4") as port:
        document = read(port, tmp_path)
    assert document["probe"]["state"] == "used", document["probe"]
    assert document["result"]["wall_j"] == pytest.approx(200 * document["result"]["duration_s"], rel=0.05)


def test_nobody_there_says_so(tmp_path: Path) -> None:
    document = read(9, tmp_path)
    assert document["probe"]["state"] in ("broken", "forbidden"), document["probe"]
    assert "127.0.0.1:9" in document["probe"]["error"]
