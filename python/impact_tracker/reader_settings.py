"""What the core's readers can be told where to look: an address, an account. Each reader declares its own in the core.

A value stands in the environment (`IMPACT_TRACKER_REDFISH_USER`), which goes first, or in a configuration file
(`redfish_user` below `[readers]`). Values are never shown: an address may hold a password as well.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import complain

if TYPE_CHECKING:
    from . import _core

PREFIX = "IMPACT_TRACKER_"


def source_settings() -> list[_core.SourceSetting]:
    """What the core's readers declare. Asked for when it is needed: many commands load no core."""
    from . import _core

    return _core.source_settings()


def near_names(word: str, names: Iterable[str], *, most: int = 2, cutoff: float = 0.6) -> str:
    """Names that a misspelt word may mean, joined by "or"; "" where none is near."""
    import difflib

    return " or ".join(difflib.get_close_matches(word, list(names), n=most, cutoff=cutoff))


def reader_settings(section: Mapping[str, str], path: Path) -> dict[str, str]:
    """The section `[readers]` of a configuration file. ValueError for a setting that no reader has.

    A path that is relative starts at the configuration file's directory; a library's bare name is left to the loader.
    """
    declared = {setting.name: setting for setting in source_settings()}
    values = {}
    for name, text in section.items():
        if name not in declared:
            near = near_names(name, declared)
            hint = f"did you mean {near}?" if near else f"there are {', '.join(declared)}"
            raise ValueError(f"unknown setting {name!r} of [readers] in {path}; {hint}")
        if declared[name].is_path and text:
            place = path.parent / os.path.expanduser(text)  # noqa: PTH111  # stays as it is where there is no home
            text = str(place) if "/" in text or place.exists() else text
        values[name] = text
    return values


def _is_open_to_all(path: Path) -> bool:
    try:
        return bool(path.stat().st_mode & stat.S_IROTH)
    except OSError:
        return False


def warn_of_open_file(path: Path, values: Mapping[str, str]) -> None:
    """One warning where a configuration file holds a secret and everybody may read it."""
    secrets = {setting.name for setting in source_settings() if setting.is_secret}
    if any(values.get(name) for name in secrets) and _is_open_to_all(path):
        complain(f"{path} holds a password and everybody on this machine can read it: chmod 600 {path}")


def open_secret_files(values: Mapping[str, str]) -> list[str]:
    """A remedy for each file of a secret, named here or in the environment, that everybody may read."""
    declared = source_settings()
    files = [f"{setting.name}_file" for setting in declared if setting.is_secret]
    named = {os.environ.get(PREFIX + name.upper()) or values.get(name) for name in files}
    paths = sorted(path for path in named if path and _is_open_to_all(Path(path)))
    return [f"everybody on this machine can read the password in {path}: chmod 600 {path}" for path in paths]


def where_set(setting: _core.SourceSetting, values: Mapping[str, str], file: str) -> str:
    """Where a reader's setting has its value from; "" where it has none."""
    if os.environ.get(setting.variable):
        return "the environment"
    return file if values.get(setting.name) else ""
