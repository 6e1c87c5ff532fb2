"""Settings of a tracker: argument before environment before configuration file before default.

Environment: `IMPACT_TRACKER_<OPTION>`, as `IMPACT_TRACKER_INTERVAL_S=0.1`, `IMPACT_TRACKER_TAGS=model=resnet,fold=3`,
`IMPACT_TRACKER_SOURCES=rapl_perf,nvml` (`all` for every source), `IMPACT_TRACKER_ZONE=FR` (`world` for the average).

File, an ini that every Python reads: `impact-tracker.ini` in the working directory or the nearest directory above it,
then `~/.config/impact-tracker/config.ini` (`$XDG_CONFIG_HOME`) for what the first does not say::

    [impact-tracker]
    interval_s = 0.1
    zone = FR
    [tags]
    project = vision
    [readers]
    redfish = https://bmc.example

`[readers]` holds what readers can be told (`impact-tracker doctor` lists it). `IMPACT_TRACKER_CONFIG=PATH` names one
file in place of both, `IMPACT_TRACKER_CONFIG=none` none. A relative `logdir` in a file starts at that file's directory.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .errors import complain
from .paths import absolute
from .reader_settings import PREFIX, near_names, reader_settings, source_settings, warn_of_open_file
from .setting_values import expanded
from .settings import OPTIONS, TABLE, TrackerSettings

if TYPE_CHECKING:
    from os import PathLike

    PathText = str | PathLike[str]

FILE_NAME = "impact-tracker.ini"


def _shown(option: str, value: object) -> str:
    """A value for an error message, short and without secrets."""
    from .masking import mask_value

    text = repr(mask_value(option, value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else text[:77] + "..."


class _Given(dict[str, tuple[object, str]]):
    """What one layer says: the value of each option, checked, and where it came from; and what it tells the readers."""

    def __init__(self, values: Mapping[str, object], where: Callable[[str], str]) -> None:
        """`where`: the origin of an option's value. ValueError names it, also where zone and intensity exclude
        each other."""
        super().__init__(
            {option: (_parse(option, value, where(option)), where(option)) for option, value in values.items()}
        )
        self.readers: dict[str, tuple[str, str]] = {}
        if "zone" in self and "intensity_g_per_kwh" in self:
            raise ValueError(
                "give either zone or intensity_g_per_kwh, not both "
                f"(from {self['zone'][1]} and {self['intensity_g_per_kwh'][1]})"
            )


def _parse(option: str, value: object, origin: str) -> object:
    try:
        return TABLE[option].parse(value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{option} {error}, not {_shown(option, value)} (from {origin})") from None


def _environment(environ: Mapping[str, str]) -> _Given:
    known = {option.variable: option.name for option in TABLE.values()}
    for word in environ:
        if word.startswith(PREFIX) and word not in known:
            _say_if_misspelt(word)
    given = {option: environ[name] for name, option in known.items() if environ.get(name, "").strip()}
    return _Given(given, lambda option: f"the environment variable {TABLE[option].variable}")


def _say_if_misspelt(variable: str) -> None:
    """A variable that is nearly one of ours is most likely meant to be; others may be somebody else's.

    The prefix, which all have in common, would make short names alike that are not.
    """
    name = variable[len(PREFIX) :].lower()
    declared = [setting.name for setting in source_settings()]
    near = near_names(name, OPTIONS, most=1, cutoff=0.85) or near_names(name, declared, most=1, cutoff=0.9)
    if near and name not in declared:
        complain(f"the environment variable {variable} has no effect; did you mean {PREFIX}{near.upper()}?")


def _file(path: Path) -> _Given:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names of tags keep their case
    try:
        parser.read_string(path.read_text(encoding="utf-8"), str(path))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no configuration file: {' '.join(str(error).split())}") from None
    for section in parser.sections():
        if section not in ("impact-tracker", "tags", "readers"):
            raise ValueError(f"unknown section [{section}] in {path}; there are [impact-tracker], [tags] and [readers]")
    values: dict[str, object] = dict(parser["impact-tracker"]) if "impact-tracker" in parser else {}
    for word in values:
        if word not in OPTIONS:
            near = near_names(word, OPTIONS)
            hint = f"; did you mean {near}?" if near else f"; there are {', '.join(OPTIONS)}"
            raise ValueError(f"unknown option {word!r} in {path}{hint}")
    if "tags" in parser:
        tags = cast("dict[str, str]", _parse("tags", values.get("tags", ""), str(path)))
        values["tags"] = {**tags, **parser["tags"]}
    given = _Given(values, lambda option: str(path))
    if "logdir" in given:
        given["logdir"] = (str(path.parent / str(given["logdir"][0])), str(path))
    if "readers" in parser:
        readers = reader_settings(parser["readers"], path)
        warn_of_open_file(path, readers)
        given.readers = {name: (value, str(path)) for name, value in readers.items()}
    return given


def _nearest_file() -> Path | None:
    """`impact-tracker.ini` in the working directory or the nearest one above it that has one."""
    try:
        here = Path.cwd()
    except OSError:  # the working directory was removed
        return None
    candidates = (folder / FILE_NAME for folder in (here, *here.parents))
    return next((path for path in candidates if _is_file(path)), None)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a directory above that may not be searched
        return False


def _files(environ: Mapping[str, str], named: PathText | None) -> list[Path]:
    """The configuration files that count, the nearest first. ValueError where one that was named is missing."""
    origin = "the argument config"
    if named is None:
        named, origin = environ.get(PREFIX + "CONFIG", ""), f"the environment variable {PREFIX}CONFIG"
    named = os.fsdecode(os.fspath(named))
    if named.strip().lower() == "none":
        return []
    if named:
        path = absolute(expanded(named))
        if not _is_file(path):
            raise ValueError(f"there is no configuration file {path} (from {origin})")
        return [path]
    of_user = expanded(environ.get("XDG_CONFIG_HOME") or "~/.config") / "impact-tracker" / "config.ini"
    nearest = _nearest_file()
    return [path for path in (nearest, of_user) if path is not None and _is_file(path)]


def resolve(
    arguments: Mapping[str, object], *, config: PathText | None = None, environ: Mapping[str, str] | None = None
) -> TrackerSettings:
    """The settings that hold, from arguments (`None`: not given), the environment and configuration files.

    Tags add up over the layers; `zone` and `intensity_g_per_kwh` are one choice, made by the first layer that has
    either. ValueError for a value that cannot be, naming where it came from.
    """
    for name in arguments:
        if name not in TABLE:
            near = near_names(name, OPTIONS)
            raise TypeError(f"a tracker has no option {name!r}{near and f'; did you mean {near}?'}")
    environ = os.environ if environ is None else environ
    given = {option: value for option, value in arguments.items() if value is not None}
    layers = [_Given(given, lambda option: f"the argument {option}"), _environment(environ)]
    for path in _files(environ, config):
        try:
            layers.append(_file(path))
        except OSError as error:
            if config is not None or environ.get(PREFIX + "CONFIG"):  # one that was named is meant
                raise ValueError(f"the configuration file {path} cannot be read: {error.strerror or error}") from None
            complain(f"configuration file not read: {error}")
    values: dict[str, object] = {option.name: option.default for option in TABLE.values()}
    origins: dict[str, str] = {}
    readers: dict[str, str] = {}
    tags: dict[str, str] = {}
    for layer in reversed(layers):
        for name, (text, origin) in layer.readers.items():
            readers[name], origins[name] = text, origin
        if "zone" in layer or "intensity_g_per_kwh" in layer:
            values["zone"] = values["intensity_g_per_kwh"] = None
        for option, (value, origin) in layer.items():
            origins[option] = origin
            values[option] = value
            if option == "tags":
                tags.update(cast("dict[str, str]", value))
    values["tags"] = tags
    values["logdir"] = os.path.normpath(absolute(str(values["logdir"])))
    return TrackerSettings(values, origins, readers)
