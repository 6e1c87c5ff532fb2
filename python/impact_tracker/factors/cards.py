"""Accelerator cards by the names that drivers, schedulers, trackers and people write: to one card with its parts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache

from .constants import UnknownFactorError, constant
from .factor import Factor, did_you_mean, near_matches
from .hardware_names import bare_name
from .overrides import active_overrides, overridden
from .tables import published, table

ANY_CARD = "Any"  # the name that stands for a card without a name
AREA_SPREAD = 1.1  # sources of one die's area differ by up to a tenth

_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](?!.*\[)")  # lspci writes the card's name in the last brackets
_MIG = re.compile(r"(?:\bmig)?[\s_-]*(?<![a-z0-9])(\d)g[.](\d+)gb\b(?:\+\w+)?", re.IGNORECASE)
_MAKERS = re.compile(
    r"\((r|tm|c)\)|[®™]|\b(nvidia|amd|ati|intel|google|corporation|corp|inc|advanced micro devices|3d controller"
    r"|vga compatible controller|display controller|processing accelerators|geforce|tesla|radeon|instinct|jetson"
    r"|generation|graphics|developer kit|accelerator|gpu|rev [0-9a-f]{2})\b\.?",
    re.IGNORECASE,
)
_MEMORY = re.compile(r"^(\d+)(?:gb?|gib)$")
_COUNTED = re.compile(r"^\s*(\d{1,6})\s*(?:x|×|\*)\s*(?=\S)", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[,;+&|\n]|\band\b)\s*")
_GRES = re.compile(r"^(?:gres[/:])?gpu[:/]?(?:([a-z][\w.-]*?))?[:=](\d+)(?:\(.*\))?$", re.IGNORECASE)
_LARGEST_COUNT = 100_000


@dataclass(frozen=True)
class Card:
    """An accelerator card: area of its dies in cm2 (`None`: nobody published it), its memory in GB and that memory's
    kind (HBM or GDDR; `None`: not known), and its power in W.

    `share` is the part of the card that a slice of it (MIG) holds. `note` says what the name left open.
    """

    name: str
    die: Factor | None
    memory: Factor
    memory_kind: str | None
    power: Factor
    share: float = 1.0
    note: str = ""


@dataclass(frozen=True)
class _Words:
    """A name taken apart: the words of the model, the form (SXM4, PCIe, NVL) and the gigabytes, where it has them."""

    model: tuple[str, ...]
    form: str | None
    memory_gb: int | None


def card(name: str) -> Card:
    """The card of this name, as any driver, scheduler or person writes it; UnknownFactorError with near names."""
    known = find_card(name)
    if known is not None:
        return known
    remedy = " State it with --gpu-die-cm2, --gpu-memory-gb, --tdp-gpu, or under [gpu_tdp] of the file of factors"
    spelled = {" ".join(_words(known).model): known for known in reversed(card_names())}
    near = near_matches(" ".join(_words(name).model), spelled)
    raise UnknownFactorError(f"no card is known as {name!r}.{did_you_mean([spelled[n] for n in near])}{remedy}")


def find_card(name: str) -> Card | None:
    """As `card`, `None` for an unknown one. A slice (MIG) is its card with the slice's share."""
    sliced = _MIG.search(name)
    if sliced:
        entire = find_card(name[: sliced.start()].rstrip(" _-:") + name[sliced.end() :])
        return None if entire is None else _slice(entire, int(sliced[1]), int(sliced[2]))
    wanted = _words(name)
    candidates = _by_alias().get(wanted) or tuple(
        row for row in _by_model().get(wanted.model, ()) if _agrees(_words(row.name), wanted)
    )
    if not candidates:
        return None
    known = _merged(candidates)
    own = overridden("gpu_tdp", bare_name(name)) or overridden("gpu_tdp", bare_name(known.name))
    return replace(known, power=own) if own else known


def any_card() -> Card:
    """A card of which nothing is known: the range over all cards of the tables; the best value is Green Algorithms'
    power, and the median of areas and memories."""
    cards = _cards()
    dies = [known.die for known in cards if known.die is not None]
    note = f"range over all {len(cards)} cards known"
    return Card(
        "a card without a name",
        _span("area of a card's dies", dies, note),
        _span("memory of a card", [known.memory for known in cards], note),
        None,
        constant("gpu_tdp", ANY_CARD),
        note=note,
    )


def gpu_tdp(name: str) -> Factor:
    """Power of a card in W by its name; UnknownFactorError with near names."""
    own = overridden("gpu_tdp", bare_name(name))
    if own:
        return own
    if name == ANY_CARD:
        return constant("gpu_tdp", ANY_CARD)
    known = card(name)
    return known.power if known.share == 1.0 else _scaled(known.power, known.share)


def card_names() -> list[str]:
    """The names of the cards that are known, the user's own first."""
    overrides = active_overrides()
    return (overrides.names("gpu_tdp") if overrides else []) + [known.name for known in _cards()]


def split_cards(text: str) -> tuple[str, ...]:
    """The names that a text lists, one for each card: `8 x NVIDIA A100`, `NVIDIA L4 and Tesla T4`, `gpu:a100:4`; an
    empty name for a card that has none (`gpu:4`)."""
    names: list[str] = []
    for part in _BETWEEN.split(text.strip()):
        gres, counted = _GRES.match(part), _COUNTED.match(part)
        count = int(gres[2]) if gres else int(counted[1]) if counted else 1
        name = (gres[1] or "").replace("_", " ") if gres else part[counted.end() :] if counted else part
        if len(names) + count > _LARGEST_COUNT:
            raise ValueError(f"more than {_LARGEST_COUNT} cards are named in {text[:80]!r}: they are not read")
        if name or gres:
            names += [name.strip()] * count
    return tuple(names)


def _words(name: str) -> _Words:
    bracketed = _IN_BRACKETS.search(name)
    spelled = bracketed[1] if bracketed else name
    spelled = _MAKERS.sub(" ", re.sub(r"\(rev [0-9a-f]{2}\)", " ", spelled.replace("_", " "))).casefold()
    spelled = re.sub(r"\bpci-?e\b|\bpci express\b", " pcie ", spelled)
    spelled = re.sub(r"max-q", "maxq", spelled)
    spelled = re.sub(r"(\d) (gi?b)\b", r"\1\2", re.sub(r"[-()/,]", " ", spelled))
    spelled = re.sub(r"\b(rtx|gtx|rx)(\d{3,4})", r"\1 \2", re.sub(r"\b(\d{3,4})(ti|super|xtx|xt)\b", r"\1 \2", spelled))
    model: list[str] = []
    form: str | None = None
    memory: int | None = None
    for word in spelled.split():
        size = _MEMORY.match(word)
        if size:
            memory = int(size[1])
        elif re.fullmatch(r"sxm\d?|pcie|nvl", word):
            form = word
        elif not re.fullmatch(r"s?hbm\d?e?|gddr\d?x?", word):
            model.append(word)
    return _Words(_plain(model), form, memory)


def _plain(model: list[str]) -> tuple[str, ...]:
    """Leaves out the family's word where the number alone names the card: `RTX A6000` is an A6000."""
    if len(model) > 1 and model[0] == "rtx" and re.fullmatch(r"a\d{4}", model[1]):
        return tuple(model[1:])
    if len(model) > 1 and model[0] == "quadro" and model[1] != "rtx":
        return tuple(model[1:])
    return tuple(model)


def _agrees(known: _Words, wanted: _Words) -> bool:
    """Whether a name's form and memory, where it has them, are this card's (drivers round gigabytes)."""
    if wanted.form and known.form and not (known.form.startswith(wanted.form) or wanted.form.startswith(known.form)):
        return False
    if wanted.memory_gb is None or known.memory_gb is None:
        return True
    return abs(wanted.memory_gb - known.memory_gb) <= 0.03 * known.memory_gb


@cache
def _cards() -> tuple[Card, ...]:
    return tuple(_row_card(*row) for row in table("cards")["rows"])


def _row_card(
    name: str,
    aliases: list[str],
    die_cm2: float | None,
    memory_gb: float,
    kind: str,
    watts: list[float],
    year: int,
    source: str,
) -> Card:
    maker, powered = table("cards")["sources"]["vendor"], table("cards")["sources"][source]
    best, low, high = watts
    die = None
    if die_cm2 is not None:
        low_cm2, high_cm2 = die_cm2 / AREA_SPREAD, die_cm2 * AREA_SPREAD
        die = published(maker, die_cm2, "cm2", f"area of the dies, {name}", low=low_cm2, high=high_cm2, year=year)
    memory = published(maker, memory_gb, "GB", f"memory, {name}", year=year)
    power = published(powered, best, "W", f"thermal design power, {name}", low=low, high=high, year=year)
    return Card(name, die, memory, kind, power)


@cache
def _by_model() -> dict[tuple[str, ...], tuple[Card, ...]]:
    models: dict[tuple[str, ...], tuple[Card, ...]] = {}
    for known in _cards():
        model = _words(known.name).model
        models[model] = (*models.get(model, ()), known)
    return models


@cache
def _by_alias() -> dict[_Words, tuple[Card, ...]]:
    spelled: dict[_Words, tuple[Card, ...]] = {}
    for known, row in zip(_cards(), table("cards")["rows"]):
        for alias in row[1]:
            spelled[_words(alias)] = (known,)
    return spelled


def _merged(cards: tuple[Card, ...]) -> Card:
    """The first of cards that a name does not tell apart, with the range over all of them."""
    first = cards[0]
    if len(cards) == 1:
        return first
    names = ", ".join(known.name for known in cards)
    note = f"the name leaves open which of {names}: the first, with the range over all"
    dies = [known.die for known in cards if known.die is not None]
    return replace(
        first,
        die=_widened(first.die, dies) if first.die else None,
        memory=_widened(first.memory, [known.memory for known in cards]),
        power=_widened(first.power, [known.power for known in cards]),
        note=note,
    )


def _widened(best: Factor, all_of_them: Iterable[Factor]) -> Factor:
    ranges = [best, *all_of_them]
    return replace(best, low=min(r.low for r in ranges), high=max(r.high for r in ranges))


def _span(name: str, factors: list[Factor], note: str) -> Factor:
    ordered = sorted(factors, key=lambda factor: factor.value)
    median = _widened(ordered[len(ordered) // 2], factors)
    return replace(median, name=name, quality="estimated", note=note, year=None)


def _slice(entire: Card, sevenths: int, gigabytes: int) -> Card:
    """A slice's share of its card: of seven in computing or of the memory, whichever is more."""
    share = min(1.0, max(sevenths / 7.0, gigabytes / entire.memory.value))
    note = f"a slice of {sevenths} in 7 and {gigabytes} GB: {share:.3g} of the card"
    return replace(entire, share=share, note="; ".join(filter(None, [entire.note, note])))


def _scaled(factor: Factor, share: float) -> Factor:
    note = f"{share:.3g} of a card"
    return replace(factor, value=factor.value * share, low=factor.low * share, high=factor.high * share, note=note)
