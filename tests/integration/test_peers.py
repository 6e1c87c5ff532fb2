"""The benchmark beside other trackers: its arithmetic and its table, and one whole run of its simplest tool."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from fakes.machine import FakeUnavailableError, find_program

PEERS = Path(__file__).parents[2] / "benchmarks" / "peers"

ARITHMETIC = """
import measure, table
class Machine:
    class truth:
        @staticmethod
        def energy_j(t0, t1): return float(t1 - t0)
errors = measure.errors_of([(0, 10, 11.0), (0, 10, 9.0), (0, 10, None)], Machine)
assert (errors.rms, errors.bias, errors.count, errors.missing) == (0.1, 0.0, 3, 1), errors
assert [table.digits(x) for x in (0.00051234, 0.123, 3.14159, 250.4, 0)] == ["0.00051", "0.12", "3.1", "250", "0"]
good = {"rms": 0.01, "median": 0.005, "bias": 0.0, "count": 5, "missing": 0}
figures = [{"label": "a", "errors": {"0.1": {"sine": good, "square": "fails: boom"}}, "cpu_share": {"1.0": 0.001}}]
text = table.render(figures)
assert "| a | 1.0 % (1 missing) |" in text and "- a: boom" in text and "0.10 %" in text, text
"""


def test_errors_and_table() -> None:
    subprocess.run([sys.executable, "-c", ARITHMETIC], cwd=PEERS, check=True)


@pytest.mark.long
@pytest.mark.serial
def test_a_whole_run(tmp_path: Path) -> None:
    try:
        find_program("fake-powercap")
    except FakeUnavailableError as error:
        pytest.skip(str(error))
    command = [sys.executable, PEERS, "--quick", "--only", "bare", "--no-traps", "--json", tmp_path / "figures.json"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (figures,) = json.loads((tmp_path / "figures.json").read_text())
    assert figures["errors"]["1.0"]["constant"]["rms"] < 0.01
    assert "| two bare preads |" in done.stdout
