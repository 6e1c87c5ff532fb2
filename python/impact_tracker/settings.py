"""The table of a tracker's settings.

A line of `TrackerSettings` gives an option its argument, its default, its name in the environment and in a file, its
flag of `impact-tracker run` and the sentence that explains it; `Options` gives the type of its argument. What the core
takes has its default, its limits and its words in the core.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, Optional, TypedDict, TypeVar, cast, overload

from .reader_settings import PREFIX
from .spool import STAGES, is_url

if TYPE_CHECKING:
    from inspect import Signature

    from . import _core

Value = TypeVar("Value", covariant=True)

OF_CORE: Any = object()  # a default that the core has
_YES = frozenset({"1", "true", "yes", "on"})
_NO = frozenset({"0", "false", "no", "off"})


def _core_defaults() -> _core.TrackerSettings:
    """As the core sets it where nobody says otherwise. A parser of other options than these loads no core."""
    from . import _core

    return _core.TrackerSettings()


def interval_limits_s() -> tuple[float, float]:
    """The shortest and the longest interval that the core takes."""
    settings = _core_defaults()
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


def _number(words: str, is_sane: Callable[[float], bool]) -> Callable[[object], float]:
    """Reads a number that must be what the words say."""

    def read(value: object) -> float:
        result = number(value)
        if is_sane(result):
            return result
        raise ValueError(f"must be {words}")

    return read


def _interval(value: object) -> float:
    seconds = number(value)
    shortest, longest = interval_limits_s()
    if not shortest <= seconds <= longest:
        raise ValueError(f"must lie between {shortest:g} and {longest:g} seconds")
    return seconds


def _switch(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _YES or word in _NO:
        return word in _YES
    raise ValueError("must be true or false (1, 0, yes, no, on, off)")


def _sources(value: object) -> tuple[str, ...] | None:
    names = value.split(",") if isinstance(value, str) else value
    if not isinstance(names, Iterable):
        raise ValueError("must be names of sources")
    wanted = tuple(str(name).strip() for name in names if str(name).strip())
    if not wanted:
        raise ValueError("must name at least one source (leave it out for all)")
    return None if wanted == ("all",) else wanted


def _tags(value: object) -> dict[str, str]:
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


def _zone(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a country's code or name")
    from .factors import named_zone  # here, for the tables of factors take a while to import

    return named_zone(value.strip())


def _logdir(value: object) -> str:
    path = os.fsdecode(os.fspath(cast("str | os.PathLike[str]", value)))
    if not path:
        raise ValueError("must not be empty")
    if "\0" in path:
        raise ValueError("must not hold a zero byte")
    return str(expanded(path))


def _words(value: object) -> str | None:
    """A text of one line; empty for none."""
    text = readable(str(value)).strip()
    if not text.isprintable() or len(text) > 200:
        raise ValueError("must be a line of at most 200 letters")
    return text


def _named(value: object) -> str | None:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("must be a name")
    return _words(value)


def _stage(value: object) -> str | None:
    if value not in STAGES:
        raise ValueError(f"must be one of {', '.join(STAGES)}")
    return str(value)


def _ledger(value: object) -> str | None:
    text = os.fsdecode(os.fspath(cast("str | os.PathLike[str]", value))).strip()
    if not is_url(text):
        return str(Path(_logdir(text)).absolute())
    if re.match(r"[a-z]+://[^/@]*:[^/@]*@", text) or "password=" in text:
        raise ValueError("must hold no password: it belongs into ~/.pgpass, PGPASSWORD, or a file that holds the URL")
    return text


class Option(Generic[Value]):
    """One setting: what reads its value from a text or an argument, its value where nobody says, what it means.

    `about` may hold `{default}` and, of a choice, `{words}`. `flags`: of the command `impact-tracker run`, where `type`
    reads the text behind them. `core`: the core has it too, and where `default` is `OF_CORE` its default as well.
    """

    name: str

    def __init__(
        self,
        read: Callable[[object], Value],
        default: Value,
        about: str,
        *flags: str,
        metavar: str | None = None,
        type: Callable[[str], object] = str,
        core: bool = False,
    ) -> None:
        self.parse, self._default, self._about = read, default, about
        self.flags, self.metavar, self.type, self.core = flags, metavar, type, core

    def __set_name__(self, owner: type[object], name: str) -> None:
        self.name = name

    @overload
    def __get__(self, settings: None, owner: type[object]) -> Option[Value]: ...
    @overload
    def __get__(self, settings: TrackerSettings, owner: type[object]) -> Value: ...
    def __get__(self, settings: TrackerSettings | None, owner: type[object]) -> Option[Value] | Value:
        return self if settings is None else cast("Value", settings[OPTIONS.index(self.name)])

    @property
    def variable(self) -> str:
        """Its name in the environment."""
        return PREFIX + self.name.upper()

    @property
    def default(self) -> Value:
        """Its value where nobody says."""
        return self._default if self._default is not OF_CORE else cast("Value", getattr(_core_defaults(), self.name))

    @property
    def about(self) -> str:
        """What it means, in one line."""
        return self._about.format(default=self.default)

    def for_core(self, value: object) -> object:
        """The core's value of it."""
        return value


class Choice(Option[str]):
    """A setting whose words and default are those of an enum of the core."""

    def __init__(self, about: str, *flags: str) -> None:
        super().__init__(self._word, OF_CORE, about, *flags, core=True)

    @property
    def _words(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", type(getattr(_core_defaults(), self.name)).__members__)

    def _word(self, value: object) -> str:
        if value in self._words:
            return str(value)
        quoted = [f'"{word}"' for word in self._words]
        raise ValueError(f"must be {', '.join(quoted[:-1])} or {quoted[-1]}")

    @property
    def default(self) -> str:
        return str(getattr(_core_defaults(), self.name).name)

    @property
    def about(self) -> str:
        return self._about.format(default=self.default, words=", ".join(self._words))

    def for_core(self, value: object) -> object:
        return self._words[str(value)]


class TrackerSettings(tuple[object, ...]):
    """What a tracker runs with, and the table of its options. `origins`: where each value that is no default came from;
    `readers`: what configuration files tell the readers, which is never shown as it may hold a password."""

    readers: dict[str, str]

    # fmt: off
    logdir = Option(
        _logdir, ".", "logdir of the record (default: the working directory)", "-o", "--output", metavar="DIR",
        core=True)
    interval_s = Option(
        _interval, OF_CORE, "seconds between samples ({default:g})", "--interval", metavar="S", type=float, core=True)
    sources = Option(_sources, None, "names of sources, with commas (default: all; see doctor)", "--sources", core=True)
    edges = Choice("edges of regions: {words} (default: {default}); tick waits up to 2 ms for the counter to move")
    tags = Option[dict[str, str]](_tags, {}, "a note in the record; may be repeated", "--tag", metavar="NAME=TEXT")
    zone = Option(_zone, None, 'country of the electricity (FR, FRA, France), "world" for the average', "--zone")
    intensity_g_per_kwh = Option[Optional[float]](
        _number("0 or more grams of CO2e per kWh", lambda grams: grams >= 0), None,
        "carbon intensity of the electricity, in place of a zone", "--intensity", metavar="G_PER_KWH", type=float)
    pue = Option[Optional[float]](
        _number("1 or more (total energy of the site over that of its computers)", lambda ratio: ratio >= 1), None,
        "power usage effectiveness of the site, 1 or more (without it 1, estimated)", "--pue", type=float)
    strict = Option(_switch, OF_CORE, "fail where nothing can be measured", "--strict", core=True)
    include_psys = Option(
        _switch, OF_CORE, "count the platform's meter (psys) in place of the parts that it covers", "--include-psys",
        core=True)
    scope = Choice("whose share is told: {words} (default: {default}, with all it starts; machine: none)", "--scope")
    idle_policy = Choice("who bears the energy of idling: {words} (default: {default})", "--idle-policy")
    sync_gpu = Option(_switch, False, "wait at the edges of regions for the GPU work of torch, jax and cupy")
    project = Option(
        _named, None, "project whose ledger the run goes into (default: none)", "--project", metavar="NAME")
    stage = Option(_stage, None, f"what the run is for: {', '.join(STAGES)}", "--stage", metavar="STAGE")
    person = Option(_words, None, 'whose run it is in the ledger (default: the account; "" for nobody)')
    debug = Option(_switch, False, "the run is a trial of the program, and counts as debug in the ledger", "--debug")
    run_id = Option(
        _named, None, "name that a run shares with those that it continues (default: as the batch system says)")
    ledger = Option(
        _ledger, None, "folder of the ledger, or postgresql://HOST/DATABASE (default: ~/.local/share/impact-tracker)",
        "--ledger", metavar="PLACE")
    # fmt: on

    def __new__(
        cls, values: Mapping[str, object], origins: Mapping[str, str], readers: Mapping[str, str] | None = None
    ) -> TrackerSettings:
        settings = super().__new__(cls, (*(values[option] for option in OPTIONS), dict(origins)))
        settings.readers = dict(readers or {})
        return settings

    def __getnewargs__(self) -> tuple[dict[str, object], dict[str, str], dict[str, str]]:
        return self._asdict(), self.origins, self.readers

    def __repr__(self) -> str:
        return f"TrackerSettings({', '.join(f'{name}={value!r}' for name, value in self._asdict().items())})"

    def _asdict(self) -> dict[str, object]:
        return dict(zip((*OPTIONS, "origins"), self))

    @property
    def origins(self) -> dict[str, str]:
        """Where each value that is no default came from."""
        return cast("dict[str, str]", self[-1])

    def origin(self, option: str) -> str:
        """Where an option's value came from, for a message."""
        return self.origins.get(option, "the default")

    def for_core(self) -> _core.TrackerSettings:
        """What of it the core takes. ValueError for what the core refuses."""
        settings = _core_defaults()
        settings.source_settings = self.readers
        for option, value in zip(TABLE.values(), self):
            if option.core and value is not None:
                setattr(settings, option.name, option.for_core(value))
        return settings


TABLE: dict[str, Option[object]] = {
    key: member for key, member in vars(TrackerSettings).items() if isinstance(member, Option)
}
OPTIONS = tuple(TABLE)


class Options(TypedDict, total=False):
    """The arguments by which a tracker's settings may be given: the options of `TrackerSettings` but `logdir`."""

    interval_s: float | None
    sources: Iterable[str] | None
    edges: str | None
    tags: Mapping[str, str] | None
    zone: str | None
    intensity_g_per_kwh: float | None
    pue: float | None
    strict: bool | None
    include_psys: bool | None
    scope: str | None
    idle_policy: str | None
    sync_gpu: bool | None
    project: str | None
    stage: str | None
    person: str | None
    debug: bool | None
    run_id: str | None
    ledger: str | None


class OptionsShown:
    """The `__signature__` of a class whose constructor takes `**options`: it names each, for editors and `help`."""

    def __get__(self, instance: object, owner: type[object]) -> Signature:
        from inspect import Parameter, Signature, signature

        if instance is not None:
            raise AttributeError("an instance has the signature of its call")
        own = list(signature(owner.__init__).parameters.values())[1:-1]
        options = [Parameter(name, Parameter.KEYWORD_ONLY, default=None) for name in OPTIONS if name != "logdir"]
        return Signature(own + options)


def explained() -> str:
    """The options with their meanings, for the end of a method's docstring."""
    return "".join(f"\n        `{option.name}`: {option.about}." for option in TABLE.values())
