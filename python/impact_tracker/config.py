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

`IMPACT_TRACKER_CONFIG=PATH` names one file in place of both, `IMPACT_TRACKER_CONFIG=none` none. A relative `logdir` in
a file starts at that file's directory.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from .errors import complain

FILE_NAME = "impact-tracker.ini"
PREFIX = "IMPACT_TRACKER_"
# Variables that other parts of the package read themselves; of those with a star all that begin so.
ELSEWHERE = "CONFIG WORKER DATA CAMPAIGN FACTORS NVML AMDSMI REDFISH* KWOLLECT* PROMETHEUS* ELECTRICITY*"
EDGES = ("plain", "tick")
SCOPES = ("machine", "process", "cgroup", "job")
IDLE_POLICIES = ("none", "allocated_cores", "usage", "equal")
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


class Settings(NamedTuple):
    """What a tracker runs with. `origins` tells where each value that is no default came from."""

    logdir: str
    interval_s: float
    sources: tuple[str, ...] | None
    edges: str
    tags: dict[str, str]
    zone: str | None
    intensity_g_per_kwh: float | None
    pue: float
    strict: bool
    include_psys: bool
    scope: str
    idle_policy: str
    sync_gpu: bool
    origins: dict[str, str]

    def origin(self, option: str) -> str:
        """Where an option's value came from, for a message."""
        return self.origins.get(option, "the default")


def _expanded(path: str) -> Path:
    """`~` for the home directory; kept as it stands where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def _absolute(path: str) -> str:
    return os.path.normpath(Path(path).absolute())


def number(value: Any) -> float:
    """A finite number from a number or a text; ValueError else."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    try:
        found = float(value)
    except (TypeError, ValueError):
        raise ValueError("must be a number") from None
    if found != found or found in (float("inf"), float("-inf")):
        raise ValueError("must be a finite number")
    return found


def _interval(value: Any) -> float:
    found = number(value)
    if found <= 0:
        raise ValueError("must be more than 0 seconds")
    return found


def _pue(value: Any) -> float:
    found = number(value)
    if found < 1:
        raise ValueError("must be 1 or more (total energy of the site over that of its computers)")
    return found


def _intensity(value: Any) -> float:
    found = number(value)
    if found < 0:
        raise ValueError("must be 0 or more grams of CO2e per kWh")
    return found


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("must be true or false (1, 0, yes, no, on, off)")


def _edges(value: Any) -> str:
    if value not in EDGES:
        raise ValueError('must be "plain" or "tick"')
    return str(value)


def _scope(value: Any) -> str:
    if value not in SCOPES:
        raise ValueError('must be "machine", "process", "cgroup" or "job"')
    return str(value)


def _idle_policy(value: Any) -> str:
    if value not in IDLE_POLICIES:
        raise ValueError('must be "none", "allocated_cores", "usage" or "equal"')
    return str(value)


def _sources(value: Any) -> tuple[str, ...] | None:
    names = value.split(",") if isinstance(value, str) else value
    try:
        found = tuple(str(name).strip() for name in names if str(name).strip())
    except TypeError:
        raise ValueError("must be names of sources") from None
    if not found:
        raise ValueError("must name at least one source (leave it out for all)")
    return None if found == ("all",) else found


def _tags(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(name): str(tag) for name, tag in value.items()}
    if not isinstance(value, str):
        raise ValueError("must be a mapping of names to texts")
    found = {}
    for part in value.split(","):
        name, equals, tag = part.partition("=")
        if part.strip() and not (equals and name.strip()):
            raise ValueError("must read name=value,name=value")
        if part.strip():
            found[name.strip()] = tag.strip()
    return found


def _zone(value: Any) -> str | None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a country's code or name")
    return None if value.strip().lower() == "world" else value.strip()


def _logdir(value: Any) -> str:
    path = os.fsdecode(os.fspath(value))
    if not path:
        raise ValueError("must not be empty")
    if "\0" in path:
        raise ValueError("must not hold a zero byte")
    return str(_expanded(path))


_PARSERS = {
    "logdir": _logdir,
    "interval_s": _interval,
    "sources": _sources,
    "edges": _edges,
    "tags": _tags,
    "zone": _zone,
    "intensity_g_per_kwh": _intensity,
    "pue": _pue,
    "strict": _flag,
    "include_psys": _flag,
    "scope": _scope,
    "idle_policy": _idle_policy,
    "sync_gpu": _flag,
}
OPTIONS = tuple(_PARSERS)
_DEFAULTS: dict[str, Any] = {
    "logdir": ".",
    "interval_s": 1.0,
    "sources": None,
    "edges": "plain",
    "zone": None,
    "intensity_g_per_kwh": None,
    "pue": 1.0,
    "strict": False,
    "include_psys": False,
    "scope": "process",
    "idle_policy": "usage",
    "sync_gpu": False,
}


def _shown(option: str, value: Any) -> str:
    """A value for an error message, short and without secrets."""
    from .masking import mask_value

    text = repr(mask_value(option, value) if isinstance(value, str) else value)
    return text if len(text) <= 80 else text[:77] + "..."


def _parse(option: str, value: Any, origin: str) -> Any:
    try:
        return _PARSERS[option](value)
    except (ValueError, TypeError) as error:
        raise ValueError(f"{option} {error}, not {_shown(option, value)} (from {origin})") from None


def _layer(values: Mapping[str, Any], where: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    """One layer's values, checked, each with where it came from; zone and intensity exclude each other in one layer."""
    layer = {option: (_parse(option, value, where[option]), where[option]) for option, value in values.items()}
    if "zone" in layer and "intensity_g_per_kwh" in layer:
        raise ValueError(
            "give either zone or intensity_g_per_kwh, not both "
            f"(from {layer['zone'][1]} and {layer['intensity_g_per_kwh'][1]})"
        )
    return layer


def _environment(environ: Mapping[str, str]) -> dict[str, tuple[Any, str]]:
    names = {option: PREFIX + option.upper() for option in OPTIONS}
    for word in environ:
        if word.startswith(PREFIX) and word not in names.values() and not _is_read_elsewhere(word):
            _warn_of_typo(word, list(names.values()))
    given = {option: environ[name] for option, name in names.items() if environ.get(name, "").strip()}
    return _layer(given, {option: f"the environment variable {name}" for option, name in names.items()})


def _is_read_elsewhere(word: str) -> bool:
    own = word[len(PREFIX) :]
    return any(own == name or (name.endswith("*") and own.startswith(name[:-1])) for name in ELSEWHERE.split())


def _warn_of_typo(word: str, known: list[str]) -> None:
    """A variable that is nearly one of ours is most likely meant to be; others may be somebody else's."""
    import difflib

    near = difflib.get_close_matches(word, known, n=1, cutoff=0.85)
    if near:
        complain(f"the environment variable {word} has no effect; did you mean {near[0]}?")


def _no_such_option(word: str, path: Path) -> ValueError:
    import difflib

    near = difflib.get_close_matches(word, OPTIONS, n=2)
    hint = f"; did you mean {' or '.join(near)}?" if near else f"; there are {', '.join(OPTIONS)}"
    return ValueError(f"unknown option {word!r} in {path}{hint}")


def _file(path: Path) -> dict[str, tuple[Any, str]]:
    import configparser

    parser = configparser.ConfigParser(interpolation=None, default_section="")
    parser.optionxform = str  # type: ignore[assignment, method-assign]  # names of tags keep their case
    try:
        parser.read_string(path.read_text(encoding="utf-8"), str(path))
    except (configparser.Error, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no configuration file: {' '.join(str(error).split())}") from None
    for section in parser.sections():
        if section not in ("impact-tracker", "tags"):
            raise ValueError(f"unknown section [{section}] in {path}; there are [impact-tracker] and [tags]")
    values: dict[str, Any] = dict(parser["impact-tracker"]) if "impact-tracker" in parser else {}
    for word in values:
        if word not in OPTIONS:
            raise _no_such_option(word, path)
    if "tags" in parser:
        values["tags"] = {**_parse("tags", values.get("tags", ""), str(path)), **parser["tags"]}
    layer = _layer(values, {option: str(path) for option in OPTIONS})
    if "logdir" in layer:
        layer["logdir"] = (str(path.parent / layer["logdir"][0]), str(path))
    return layer


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


def _files(environ: Mapping[str, str], named: Any) -> list[Path]:
    """The configuration files that count, the nearest first. ValueError where one that was named is missing."""
    origin = "the argument config"
    if named is None:
        named, origin = environ.get(PREFIX + "CONFIG", ""), f"the environment variable {PREFIX}CONFIG"
    named = os.fsdecode(os.fspath(named))
    if named.strip().lower() == "none":
        return []
    if named:
        path = _expanded(named).absolute()
        if not _is_file(path):
            raise ValueError(f"there is no configuration file {path} (from {origin})")
        return [path]
    of_user = _expanded(environ.get("XDG_CONFIG_HOME") or "~/.config") / "impact-tracker" / "config.ini"
    nearest = _nearest_file()
    return [path for path in (nearest, of_user) if path is not None and _is_file(path)]


def resolve(arguments: Mapping[str, Any], *, config: Any = None, environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that hold, from arguments (`None`: not given), the environment and configuration files.

    Tags add up over the layers; `zone` and `intensity_g_per_kwh` are one choice, made by the first layer that has
    either. ValueError for a value that cannot be, naming where it came from.
    """
    environ = os.environ if environ is None else environ
    given = {option: value for option, value in arguments.items() if value is not None}
    layers = [_layer(given, {option: f"the argument {option}" for option in OPTIONS}), _environment(environ)]
    for path in _files(environ, config):
        try:
            layers.append(_file(path))
        except OSError as error:
            complain(f"configuration file not read: {error}")
    values, origins = dict(_DEFAULTS), {}
    tags: dict[str, str] = {}
    for layer in reversed(layers):
        if "zone" in layer or "intensity_g_per_kwh" in layer:
            values["zone"] = values["intensity_g_per_kwh"] = None
        for option, (value, origin) in layer.items():
            origins[option] = origin
            if option == "tags":
                tags.update(value)
            else:
                values[option] = value
    values["logdir"] = _absolute(values["logdir"])
    return Settings(tags=tags, origins=origins, **values)
