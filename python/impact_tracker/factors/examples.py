"""Bundled examples of the files that users write: whole inventories with their sources, by name."""

from __future__ import annotations

from pathlib import Path

from .factor import FactorError, did_you_mean, near_matches
from .tables import DATA

FOLDER = DATA / "examples"


def example_names(kind: str) -> list[str]:
    """The names of the bundled examples of a kind ("workloads", "services")."""
    return sorted(path.stem for path in (FOLDER / kind).glob("*.json"))


def file_or_example(name: str | Path, kind: str) -> Path:
    """The file of this name; where there is none, the bundled example that is called so. FactorError for a name without
    an ending that is neither."""
    path = Path(name)
    if path.exists() or path.name != str(name):
        return path
    if path.name in example_names(kind):
        return FOLDER / kind / f"{name}.json"
    if not path.suffix:
        known = (
            did_you_mean(near_matches(path.name, example_names(kind))) or f" Bundled: {', '.join(example_names(kind))}"
        )
        raise FactorError(f"{name}: neither a file nor a bundled example.{known}")
    return path
