"""An environment of its own for each package, made once under build/beside, with the versions below from PyPI."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
HOME = HERE.parents[1] / "build" / "beside"
VERSIONS = {"boaviztapi": "2.5.0", "ecologits": "0.11.3", "codecarbon": "3.3.2"}

Numbers = dict[str, float]
Named = dict[str, Numbers]  # name -> indicator -> value


def values_of(package: str) -> dict[str, Named]:
    """What a package says, by kind (cards, processors, instances, zones, regions): asked once of each version, by its
    own Python. boaviztapi takes three minutes."""
    stored = HOME / f"{package}-{VERSIONS[package]}.json"
    if not stored.exists():
        script = HERE / "inside" / f"{package}_values.py"
        print(f"asking {package} {VERSIONS[package]} …", file=sys.stderr)
        asked = subprocess.run([_python_of(package), script], check=True, capture_output=True, text=True)
        stored.write_text(asked.stdout, encoding="utf-8")
    document: dict[str, Named] = json.loads(stored.read_text(encoding="utf-8"))
    return document


def _python_of(package: str) -> Path:
    home = HOME / f"{package}-{VERSIONS[package]}"
    python, done = home / "bin" / "python", home / "installed"
    if not done.exists():
        print(f"installing {package} {VERSIONS[package]} …", file=sys.stderr)
        base = getattr(sys, "_base_executable", None) or sys.executable
        subprocess.run([base, "-m", "venv", "--clear", home], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, f"{package}=={VERSIONS[package]}"], check=True)
        done.write_text("")
    return python
