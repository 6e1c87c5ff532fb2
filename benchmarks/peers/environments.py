"""An environment of its own for each tool, made once under build/peers, with the versions below from PyPI."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HOME = REPOSITORY / "build" / "peers"


@dataclass(frozen=True)
class Peer:
    """One way to use one tool. tool: its class in inside/tools.py; package: what pip installs, None for ours, bare."""

    label: str
    tool: str
    package: str | None = None
    statement: str = ""  # what a program imports it by
    tracker: str = ""  # the tool that starts and stops a tracker at each region, for its enter + exit time
    intervals_s: tuple[float, ...] = ()  # what it can sample at, for its CPU time


CODECARBON, CARBONTRACKER = "codecarbon==3.3.2", "carbontracker==2.4.7"
PYRAPL, ZEUS = "pyRAPL==0.2.3.1", "zeus==0.16.0"
RATES = (1.0, 0.1, 0.001)

PEERS = (
    Peer("two bare preads", "Bare"),
    Peer(
        "impact-tracker, tick edges",
        "OursTick",
        None,
        "from impact_tracker import ImpactTracker",
        tracker="OursTracker",
        intervals_s=RATES,
    ),
    Peer("impact-tracker, plain edges", "OursPlain"),
    Peer("pyRAPL", "PyRapl", PYRAPL, "import pyRAPL"),
    Peer("Zeus", "Zeus", ZEUS, "from zeus.monitor import ZeusMonitor", intervals_s=(1.0,)),
    Peer(
        "CodeCarbon, tracker",
        "CodeCarbon",
        CODECARBON,
        "from codecarbon import OfflineEmissionsTracker",
        "CodeCarbon",
        RATES[:2],
    ),
    Peer("CodeCarbon, task", "CodeCarbonTask", CODECARBON),
    Peer(
        "CarbonTracker",
        "CarbonTracker",
        CARBONTRACKER,
        "from carbontracker.tracker import CarbonTracker",
        "CarbonTrackerWhole",
        RATES[:2],
    ),
)


def python_of(peer: Peer, ours: str = sys.executable) -> str:
    """The interpreter that has the tool; its environment is made if it is missing. ours: that of impact-tracker."""
    if peer.package is None:
        return ours
    home = HOME / peer.package
    python = home / "bin" / "python"
    done = home / "installed"
    if not done.exists():
        print(f"installing {peer.package} …", file=sys.stderr)
        subprocess.run([_base_python(), "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", peer.package]
        subprocess.run(pip, check=True)
        done.write_text("")
    return str(python)


def _base_python() -> str:
    """The interpreter behind a virtual environment: an environment made from another one's shares its faults."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    return str(base)
