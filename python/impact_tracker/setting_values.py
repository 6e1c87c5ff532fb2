"""What reads the values of a tracker's settings from texts and arguments: a ValueError says what a value must be."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast

from .ledger_words import STAGES, is_url

if TYPE_CHECKING:
    from . import _core

_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def core_defaults() -> _core.TrackerSettings:
    """As the core sets it where nobody says otherwise. A parser of other options than these loads no core."""
    from . import _core

    return _core.TrackerSettings()


def interval_limits_s() -> tuple[float, float]:
    """The shortest and the longest interval that the core takes."""
    settings = core_defaults()
    return settings.shortest_interval_s, settings.longest_interval_s


def expanded(path: str) -> Path:
    """`~` for the home directory; kept as it stands where there is none."""
    try:
        return Path(path).expanduser()
    except RuntimeError:
        return Path(path)


def readable(name: str) -> str:
    """The name as UTF-8 can say it, for the record: a byte that is none stands there as its number."""
    try:
        return name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return name.encode("utf-8", "backslashreplace").decode("utf-8")


def number(value: object) -> float:
    """A finite number from a number or a text; ValueError else."""
    if isinstance(value, bool):
        raise ValueError("must be a number")
    try:
        result = float(cast("str", value))
    except (TypeError, ValueError):
        raise ValueError("must be a number") from None
    if result != result or result in (float("inf"), float("-inf")):
        raise ValueError("must be a finite number")
    return result


def number_that_is(words: str, is_sane: Callable[[float], bool]) -> Callable[[object], float]:
    """Reads a number that must be what the words say."""

    def read(value: object) -> float:
        result = number(value)
        if is_sane(result):
            return result
        raise ValueError(f"must be {words}")

    return read


def read_interval(value: object) -> float:
    seconds = number(value)
    shortest, longest = interval_limits_s()
    if not shortest <= seconds <= longest:
        raise ValueError(f"must lie between {shortest:g} and {longest:g} seconds")
    return seconds


def read_switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("must be true or false (1, 0, yes, no, on, off)")


def read_sources(value: object) -> tuple[str, ...] | None:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, Iterable):
        raise ValueError("must be names of sources")
    wanted = tuple(str(name).strip() for name in names if str(name).strip())
    if not wanted:
        raise ValueError("must name at least one source (leave it out for all)")
    return None if wanted == ("all",) else wanted


def read_tags(value: object) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {readable(str(name)): readable(str(tag)) for name, tag in value.items()}
    if not isinstance(value, str):
        raise ValueError("must be a mapping of names to texts")
    tags = {}
    for part in value.split(","):
        name, equals, tag = part.partition("=")
        if part.strip() and not (equals and name.strip()):
            raise ValueError("must read name=value,name=value")
        if part.strip():
            tags[readable(name.strip())] = readable(tag.strip())
    return tags


def read_zone(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a country's code or name")
    from .factors import named_zone  # here, for the tables of factors take a while to import

    return named_zone(value.strip())


def read_logdir(value: object) -> str:
    path = os.fsdecode(os.fspath(cast("str | os.PathLike[str]", value)))
    if not path:
        raise ValueError("must not be empty")
    if "\0" in path:
        raise ValueError("must not hold a zero byte")
    return str(expanded(path))


def read_words(value: object) -> str | None:
    """A text of one line; empty for none."""
    text = readable(str(value)).strip()
    if not text.isprintable() or len(text) > 200:
        raise ValueError("must be a line of at most 200 letters")
    return text


def read_named(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a name")
    return read_words(value)


def read_stage(value: object) -> str | None:
    if value not in STAGES:
        raise ValueError(f"must be one of {', '.join(STAGES)}")
    return str(value)


def read_ledger(value: object) -> str | None:
    text = os.fsdecode(os.fspath(cast("str | os.PathLike[str]", value))).strip()
    if not is_url(text):
        return str(Path(read_logdir(text)).absolute())
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", text) or "password=" in text:
        raise ValueError("must hold no password: it belongs into ~/.pgpass, PGPASSWORD, or a file that holds the URL")
    return text


def read_policy(value: object) -> str:
    if value not in ("stop", "warn"):
        raise ValueError("must be stop or warn; a function of yours is called by tracker.budget.on_spent(function)")
    return str(value)


def read_budget_of(value: object) -> str:
    if value not in ("run", "project"):
        raise ValueError("must be run or project")
    return str(value)
