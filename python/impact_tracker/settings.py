"""The table of a tracker's settings.

A line of `TrackerSettings` gives an option its argument, its default, its name in the environment and in a file, its
flag of `impact-tracker run` and the sentence that explains it; `Options` gives the type of its argument. What the core
takes has its default, its limits and its words in the core.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Generic, Optional, TypedDict, TypeVar, cast, overload

from .budget import Amount, Price, read_amount, read_price
from .ledger_words import STAGES
from .reader_settings import PREFIX
from .setting_values import (
    core_defaults,
    number_that_is,
    read_budget_of,
    read_interval,
    read_ledger,
    read_logdir,
    read_named,
    read_policy,
    read_sources,
    read_stage,
    read_switch,
    read_tags,
    read_words,
    read_zone,
)

if TYPE_CHECKING:
    from inspect import Signature

    from . import _core

Value = TypeVar("Value", covariant=True)

OF_CORE: Any = object()  # a default that the core has


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
        return self._default if self._default is not OF_CORE else cast("Value", getattr(core_defaults(), self.name))

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
    def read_words(self) -> Mapping[str, object]:
        return cast("Mapping[str, object]", type(getattr(core_defaults(), self.name)).__members__)

    def _word(self, value: object) -> str:
        if value in self.read_words:
            return str(value)
        quoted = [f'"{word}"' for word in self.read_words]
        raise ValueError(f"must be {', '.join(quoted[:-1])} or {quoted[-1]}")

    @property
    def default(self) -> str:
        return str(getattr(core_defaults(), self.name).name)

    @property
    def about(self) -> str:
        return self._about.format(default=self.default, words=", ".join(self.read_words))

    def for_core(self, value: object) -> object:
        return self.read_words[str(value)]


class TrackerSettings(tuple[object, ...]):
    """What a tracker runs with, and the table of its options. `origins`: where each value that is no default came from;
    `readers`: what configuration files tell the readers, which is never shown as it may hold a password."""

    readers: dict[str, str]

    # fmt: off
    logdir = Option(
        read_logdir, ".", "logdir of the record (default: the working directory)", "-o", "--output", metavar="DIR",
        core=True)
    interval_s = Option(
        read_interval, OF_CORE, "seconds between samples ({default:g})", "--interval", metavar="S", type=float,
        core=True)
    sources = Option(
        read_sources, None, "names of sources, with commas (default: all; see doctor)", "--sources", core=True)
    edges = Choice("edges of regions: {words} (default: {default}); tick waits up to 2 ms for the counter to move")
    tags = Option[dict[str, str]](read_tags, {}, "a note in the record; may be repeated", "--tag", metavar="NAME=TEXT")
    zone = Option(read_zone, None, 'country of the electricity (FR, FRA, France), "world" for the average', "--zone")
    intensity_g_per_kwh = Option[Optional[float]](
        number_that_is("0 or more grams of CO2e per kWh", lambda grams: grams >= 0), None,
        "carbon intensity of the electricity, in place of a zone", "--intensity", metavar="G_PER_KWH", type=float)
    pue = Option[Optional[float]](
        number_that_is("1 or more (total energy of the site over that of its computers)", lambda ratio: ratio >= 1),
        None, "power usage effectiveness of the site, 1 or more (without it 1, estimated)", "--pue", type=float)
    strict = Option(read_switch, OF_CORE, "fail where nothing can be measured", "--strict", core=True)
    include_psys = Option(
        read_switch, OF_CORE, "count the platform's meter (psys) in place of the parts that it covers",
        "--include-psys", core=True)
    scope = Choice("whose share is told: {words} (default: {default}, with all it starts; machine: none)", "--scope")
    idle_policy = Choice("who bears the energy of idling: {words} (default: {default})", "--idle-policy")
    sync_gpu = Option(read_switch, False, "wait at the edges of regions for the GPU work of torch, jax and cupy")
    project = Option(
        read_named, None, "project whose ledger the run goes into (default: none)", "--project", metavar="NAME")
    stage = Option(read_stage, None, f"what the run is for: {', '.join(STAGES)}", "--stage", metavar="STAGE")
    person = Option(read_words, None, 'whose run it is in the ledger (default: the account; "" for nobody)')
    debug = Option(
        read_switch, False, "the run is a trial of the program, and counts as debug in the ledger", "--debug")
    run_id = Option(
        read_named, None, "name that a run shares with those that it continues (default: as the batch system says)")
    ledger = Option(
        read_ledger, None,
        "folder of the ledger, or postgresql://HOST/DATABASE (default: ~/.local/share/impact-tracker)", "--ledger",
        metavar="PLACE")
    budget = Option[Optional[Amount]](
        read_amount, None, "what the run may use: 50 Wh, 200 gCO2e, or with a price 2 EUR", "--budget",
        metavar="AMOUNT")
    on_budget = Option(
        read_policy, "stop", "loops of the tracker end before the budget is passed (stop), or it is only said (warn)",
        "--on-budget", metavar="stop|warn")
    budget_of = Option(
        read_budget_of, "run", "whose budget it is: run, or project (of all its runs in the ledger)", "--budget-of",
        metavar="run|project")
    price_per_kwh = Option[Optional[Price]](
        read_price, None, "price of the electricity, as in 0.25 EUR", "--price", metavar="PRICE")
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
        settings = core_defaults()
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
    budget: str | None
    on_budget: str | None
    budget_of: str | None
    price_per_kwh: str | None


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
