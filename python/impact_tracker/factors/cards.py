"""Accelerator cards by the names that drivers, schedulers, trackers and people write: to one card with its parts."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from .assumed import with_range
from .card_table import Card, by_further_name, by_model, cards, installed_cards, maker_of
from .card_words import Words, alternatives, words_of
from .constants import UnknownFactorError, constant
from .factor import Factor, did_you_mean
from .hardware_names import bare_name
from .overrides import active_overrides, overridden

__all__ = ["ANY_CARD", "Card", "any_card", "card", "card_names", "find_card", "gpu_tdp", "part_of_card", "split_cards"]

ANY_CARD = "Any"  # the name that stands for a card without a name

_MIG = re.compile(r"(?:\bmig)?[\s_-]*(?<![a-z0-9])(?:\dc[.])?(\d)g[.](\d+)gb\b(?:\+[\w.]+)?", re.IGNORECASE)
_VGPU = re.compile(r"^(?:(?:nvidia|grid)[ _]+)*((?:quadro[ _])?[a-z][a-z0-9]*)-(?:\d-)?(\d+)[qcba]$", re.IGNORECASE)
_PART = re.compile(r"^(0?\.\d+) of (?:an? )?(?=\S)", re.IGNORECASE)
_COUNTED = re.compile(r"^\s*(\d{1,6})\s*(?:x|×|\*)\s*(?=\S)", re.IGNORECASE)
_COUNT_AFTER = re.compile(r"\s+(?:\(\s*[x×]\s*(\d{1,6})\s*\)|[x×]\s*(\d{1,6}))\s*$", re.IGNORECASE)
_BETWEEN = re.compile(r"\s*(?:[,;+&|\n]|\band\b)\s*")
_GRES = re.compile(r"^(?:gres[/:])?gpu[:/]?(?:([a-z0-9][\w.-]*?))?[:=](\d+)(?:\(.*\))?$", re.IGNORECASE)
_LARGEST_COUNT = 100_000
_NEAR_RATIO, _NEAR_NAMES = 0.6, 4
_ROUNDED = 0.03  # drivers round gigabytes
_LONGEST_NAME = 300  # letters: what is longer names no card


def card(name: str) -> Card:
    """The card of this name, as any driver, scheduler or person writes it; UnknownFactorError with near names."""
    known = find_card(name)
    if known is not None:
        return known
    remedy = " State it with --gpu-die-cm2, --gpu-memory-gb, --tdp-gpu, or under [gpu_tdp] of the file of factors"
    raise UnknownFactorError(f"no card is known as {name!r}.{did_you_mean(_near(name))}{remedy}")


def find_card(name: str) -> Card | None:
    """As `card`, `None` for an unknown one. A slice (MIG, vGPU) is its card with the slice's share; of several names
    that lspci joins by strokes the first, with the range over all."""
    if len(name) > _LONGEST_NAME:
        return None
    sliced = _MIG.search(name)
    if sliced:
        entire = find_card(name[: sliced.start()].rstrip(" _-:") + name[sliced.end() :])
        return None if entire is None else _slice(entire, int(sliced[1]), int(sliced[2]))
    virtual = _VGPU.match(name.strip())
    if virtual and _one_card(name) is None:  # a Gaudi's board HL-225B is no profile of 225 GB
        return _virtual(virtual[1], int(virtual[2]))
    part = _PART.match(name.strip())
    if part:
        entire, share = find_card(name.strip()[part.end() :]), float(part[1])
        return None if entire is None else replace(entire, share=share, note=f"{share:g} of the card")
    known = _one_card(name)
    if known is None:
        named = alternatives(name)
        joined = [entire for entire in map(_one_card, named) if entire is not None] if len(named) > 1 else []
        known = _merged(joined) if joined else None
    if known is None:
        return None
    own = overridden("gpu_tdp", bare_name(name)) or overridden("gpu_tdp", bare_name(known.name))
    return replace(known, power=own) if own else known


def part_of_card(name: str) -> tuple[str, float]:
    """Of a slice's name (`a100_1g.5gb`) the card's and its share of the card; any other name itself and 1."""
    sliced = _MIG.search(name[:_LONGEST_NAME])
    if not sliced:
        return name, 1.0
    known = find_card(name)
    entire = (name[: sliced.start()].rstrip(" _-:") + name[sliced.end() :]).strip()
    return entire, min(1.0, int(sliced[1]) / 7.0) if known is None else known.share


def any_card() -> Card:
    """A card of which nothing is known: the range over all cards of the tables; the best value is Green Algorithms'
    power, and the median of areas and memories."""
    note = f"range over all {len(cards())} cards known"
    return Card(
        "a card without a name",
        _span("area of a card's dies", [known.die for known in cards() if known.die is not None], note),
        _span("memory of a card", [known.memory for known in cards()], note),
        None,
        constant("gpu_tdp", ANY_CARD),
        note=note,
    )


def gpu_tdp(name: str) -> Factor:
    """Power of a card in W by its name; UnknownFactorError with near names, or where nobody published it."""
    own = overridden("gpu_tdp", bare_name(name))
    if own:
        return own
    if name == ANY_CARD:
        return constant("gpu_tdp", ANY_CARD)
    known = card(name)
    if known.power is None:
        raise UnknownFactorError(
            f"nobody published the power of a {known.name}: state it with --tdp-gpu, or under [gpu_tdp] of the file of"
            " factors"
        )
    power = with_range(known.power, "gpu_tdp")
    return power if known.share == 1.0 else _scaled(power, known.share)


def card_names() -> list[str]:
    """The names of the cards that are known, the user's own first."""
    overrides = active_overrides()
    return (overrides.names("gpu_tdp") if overrides else []) + [known.name for known in cards()]


def split_cards(text: str) -> tuple[str, ...]:
    """The names that a text lists, one for each card: `8 x NVIDIA A100`, `NVIDIA L4 and Tesla T4`, `gpu:a100:4`; an
    empty name for a card that has none (`gpu:4`)."""
    names: list[str] = []
    for part in _BETWEEN.split(text.strip()):
        name, count = _counted(part)
        if len(names) + count > _LARGEST_COUNT:
            raise ValueError(f"more than {_LARGEST_COUNT} cards are named in {text[:80]!r}: they are not read")
        if name is not None:
            names += [name.strip()] * count
    return tuple(names)


def _counted(part: str) -> tuple[str | None, int]:
    """A part of a list as name and count; `None` for an empty part."""
    gres = _GRES.match(part)
    if gres:
        return (gres[1] or "").replace("_", " "), int(gres[2])
    counted = _COUNTED.match(part)
    if counted:
        return part[counted.end() :], int(counted[1])
    after = _COUNT_AFTER.search(part) if len(part) <= _LONGEST_NAME else None
    if after and _one_card(part) is None:  # a FirePro S7150 x2 is one card
        return part[: after.start()], int(after[1] or after[2])
    return part or None, 1


def _one_card(name: str) -> Card | None:
    """The card of one name that is neither a slice nor several names."""
    wanted = words_of(name)
    if not wanted.model:
        return None
    further = by_further_name()
    for words in (replace(wanted, maker=None), replace(wanted, maker=None, memory_kind=None)):
        if words in further and wanted.maker in (None, maker_of(further[words])):
            return further[words]
    candidates = _fitting(wanted, by_model()) or _fitting(wanted, installed_cards())
    return _merged(candidates) if candidates else None


def _fitting(wanted: Words, models: Mapping[str, tuple[tuple[Words, Card], ...]]) -> list[Card]:
    """The cards of this model whose form, memory and maker are those of the name, where it has them."""
    rows = models.get(wanted.model, ())
    if not rows and wanted.model.endswith("maxq"):  # a laptop's card, set to less power
        rows = models.get(re.sub(r"(?:mobile)?maxq$", "mobile", wanted.model), ())
    rows = rows or models.get(f"{wanted.model}mobile", ())  # laptops alone have it: drivers do not say so
    if not rows and re.fullmatch(r"\d{4}\w*", wanted.model):  # people and clusters write 4090, 2080ti
        rows = models.get(f"rtx{wanted.model}", ()) or models.get(f"gtx{wanted.model}", ())
    if re.fullmatch(r"rtx[68]000|rtx[45]000", wanted.model):  # Turing's or Ada's
        rows = (*models.get(f"quadro{wanted.model}", ()), *rows, *models.get(f"{wanted.model}ada", ()))
    fitting = []
    for words, known in rows:
        if wanted.maker not in (None, maker_of(known)) or not _same_form(words.form, wanted.form):
            continue
        gigabytes, size = wanted.memory_gb, known.memory.value
        if gigabytes is None or abs(gigabytes - size) <= _ROUNDED * size:
            fitting.append(known)
        elif known.devices > 1 and abs(gigabytes * known.devices - size) <= _ROUNDED * size:
            note = f"one of the {known.devices} devices of its board"
            fitting.append(replace(known, share=1 / known.devices, note=note))
    return fitting


def _same_form(known: str | None, wanted: str | None) -> bool:
    return not (known and wanted) or known.startswith(wanted) or wanted.startswith(known)


def _near(name: str) -> list[str]:
    """Names that look alike and have a number, or the letters before it, in common: none for a word of another
    kind."""
    wanted = words_of(name).model
    spelled = {words.model: known.name for words, known in by_further_name().items()}
    spelled |= {words_of(known).model: known for known in reversed(card_names())}
    close = difflib.get_close_matches(wanted, list(spelled), n=3 * _NEAR_NAMES, cutoff=_NEAR_RATIO)
    return list(dict.fromkeys(spelled[model] for model in close if _alike(model, wanted)))[:_NEAR_NAMES]


def _alike(known: str, wanted: str) -> bool:
    begins = next((i for i, (a, b) in enumerate(zip(known, wanted)) if a != b), min(len(known), len(wanted)))
    numbers = set(re.findall(r"\d{2,}", known)) & set(re.findall(r"\d{2,}", wanted))
    return bool(numbers) or (begins >= 3 and any(letter.isdigit() for letter in known[:begins]))


def _merged(candidates: list[Card]) -> Card:
    """The first of cards that a name does not tell apart, with the range over all of them."""
    first, *others = dict.fromkeys(candidates)
    if not others:
        return first
    names = ", ".join(known.name for known in (first, *others))
    dies = [known.die for known in (first, *others) if known.die is not None]
    powers = [known.power for known in (first, *others) if known.power is not None]
    return replace(
        first,
        die=_widened(first.die, dies) if first.die else None,
        memory=_widened(first.memory, [known.memory for known in others]),
        power=_widened(first.power, powers) if first.power else None,
        note=f"the name leaves open which of {names}: the first, with the range over all",
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


def _virtual(model: str, gigabytes: int) -> Card | None:
    """A virtual card by the profile that its name tells (`A100D-20C`: 20 GB of an A100 with 80): its share of the
    memory. The letters after the number tell memory and form; D is the larger memory."""
    wanted = words_of(model).model
    for name in (wanted, re.sub(r"(?<=\d)(?:d|x|l|m|s)+$", "", wanted)):
        rows = by_model().get(name) or by_model().get(f"quadro{name}", ())
        fitting = sorted((known for _, known in rows if known.memory.value >= gigabytes), key=lambda c: c.memory.value)
        if fitting:
            double = re.search(r"\d(?:d|dx|l|xl)$", wanted) is not None
            entire = fitting[-1] if double and name != wanted else fitting[0]
            share = gigabytes / entire.memory.value
            return replace(entire, share=share, note=f"a virtual card of {gigabytes} GB: {share:.3g} of the card")
    return None


def _scaled(factor: Factor, share: float) -> Factor:
    note = f"{share:.3g} of a card"
    return replace(factor, value=factor.value * share, low=factor.low * share, high=factor.high * share, note=note)
