"""`doctor --hand-in`: what the readers saw, true and without names."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import zones
from fakes.machine import FakeMachine
from fakes.plugin import MachineFactory
from impact_tracker.field_report import without_names
from integration.tracked import command, environment

pytestmark = pytest.mark.usefixtures("core")


@pytest.fixture
def machine(fake_machine: MachineFactory) -> FakeMachine:
    return fake_machine(zones.server("constant:90", sockets=2, dram="constant:12"))


def handed_in(machine: FakeMachine, path: Path, *options: str) -> subprocess.CompletedProcess[str]:
    words = command("doctor", "--hand-in", path, "--seconds", "1.5", *options)
    surroundings = environment(USER="ariadne", HOME="/home/ariadne")
    done: subprocess.CompletedProcess[str] = machine.run(words, env=surroundings, capture_output=True, text=True)
    return done


def test_the_file_holds_what_each_channel_did(machine: FakeMachine, tmp_path: Path) -> None:
    done = handed_in(machine, tmp_path / "machine.json")
    assert done.returncode == 0, done.stderr
    assert "nothing was sent" in done.stdout
    report: dict[str, Any] = json.loads((tmp_path / "machine.json").read_text())
    counters = [c for c in report["channels"] if c["source"] == machine.reader and c["quantity"] == "energy"]
    assert {channel["domain"] for channel in counters} >= {"package"}
    for channel in counters:
        assert channel["middle"] == pytest.approx(90 if channel["domain"] == "package" else 12, rel=0.1)
        assert channel["steps"] > 100 and 0.0005 < channel["step_s"] < 0.02
    assert {reader["state"] for reader in report["readers"] if reader["name"] == machine.reader} == {"used"}


def test_a_file_that_is_there_is_kept(machine: FakeMachine, tmp_path: Path) -> None:
    (tmp_path / "machine.json").write_text("mine")
    done = handed_in(machine, tmp_path / "machine.json")
    assert done.returncode == 2 and "is there already" in done.stderr
    assert (tmp_path / "machine.json").read_text() == "mine"
    missing = handed_in(machine, tmp_path / "nowhere" / "machine.json")
    assert missing.returncode == 2 and "cannot be written" in missing.stderr


names = st.from_regex(r"[a-z][a-z0-9-]{3,12}", fullmatch=True)


@given(host=names, user=names)
def test_no_name_stays_in_a_text(host: str, user: str) -> None:
    text = f"open /home/{user}/power: refused by {host}.cluster.example ({user}@{host}, bmc-{host}) at {host.upper()}"
    masked = without_names(text, {host, user, f"{host}.cluster.example"})
    kept = masked.replace("<name>", " ").replace("<address>", " ").casefold().split()
    assert user not in kept and host not in kept


@pytest.mark.parametrize(
    "identity",
    [
        "GPU-8f6d1c2e-1a2b-3c4d-5e6f-0123456789ab", "MIG-8f6d1c2e-1a2b-3c4d-5e6f-0123456789ab", "10.0.3.17",
        "https://root:calvin@bmc17.example/redfish/v1", "aa:bb:cc:dd:ee:ff", "fe80::1ff:fe23:4567:890a",
        "0321418042999ab",
        "someone@example.org",
    ],
)  # fmt: skip
def test_no_address_and_no_serial_number_stays_in_a_text(identity: str) -> None:
    masked = without_names(f"the sensor of {identity} is silent", set())
    assert identity not in masked and masked.startswith("the sensor of <") and masked.endswith("> is silent")
