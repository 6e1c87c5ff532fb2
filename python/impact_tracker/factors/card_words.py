"""The name of a card taken apart: its maker, the words of the model, its form and its memory, as any driver, scheduler,
tracker or person spells them."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MAKERS = {
    "NVIDIA": r"nvidia|geforce|quadro",
    "AMD": r"amd|ati|advanced micro devices|radeon|instinct",
    "Intel": r"intel|habana(?: labs)?",
    "Google": r"google|cloud tpu",
    "AWS": r"aws|amazon(?:\.com)?",
    "Qualcomm": r"qualcomm",
}
_MAKER = re.compile("|".join(rf"(?P<{maker}>\b(?:{words})\b)" for maker, words in _MAKERS.items()), re.IGNORECASE)
_NOISE = re.compile(
    r"\((r|tm|c)\)|[®™]|\b(nvidia|amd|ati|intel|google|amazon\.com|amazon|aws|qualcomm|habana|cloud|corporation|corp|inc|ltd|labs"
    r"|advanced micro devices|3d controller|vga compatible controller|display controller"
    r"|processing accelerators|geforce|tesla|radeon|instinct|jetson|neurondevice|generation|graphics"
    r"|engineering reference developer kit|developer kit|devkit|accelerator|ai training|ai inference|gpu|chip|card"
    r"|rev [0-9a-f]{2}|oam|mba|ac|hf|mcm|design|passive|mxgpu|lite hash rate|rev\. ?[0-9a-z]|refresh|dual slot"
    r"|gigabyte|asus|msi|evga|zotac|pny|palit|oc)\b\.?",
    re.IGNORECASE,
)
_PCI_ID = re.compile(r"\[(?:[0-9a-f]{4}:[0-9a-f]{4}|(?:03|12)\d\d|AMD/ATI)\]", re.IGNORECASE)  # lspci -nn
_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\](?!.*\[)")  # lspci writes the card's name in the last brackets
_REVISION = re.compile(r"\(rev [0-9a-f]{2}\)|\(prog-if [^)]*\)", re.IGNORECASE)
_SLOT = re.compile(r"^(?:[0-9a-f]{4}:)?[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]\b", re.IGNORECASE)
_MEMORY = re.compile(r"^(\d+(?:\.\d+)?)g(?:b|ib)?$")
_FORM = re.compile(r"^(sxm\d?|pcie|nvl)$")
_KIND = re.compile(r"^(s?hbm\d?e?|l?p?ddr\dx?|gddr\dx?)$")
_JOINED = re.compile(r"^(rtx|gtx|rx|titan)(?=[a-z]?\d)")
_MOBILE = re.compile(r"\b(?:mobile|laptop|notebook)(?: gpu)?\b(?: / max-q)?|\bmax-q / mobile\b", re.IGNORECASE)


@dataclass(frozen=True)
class Words:
    """A name taken apart: `model` its words without what says nothing, written together; the form (SXM4, PCIe, NVL),
    the gigabytes, the kind of memory (HBM3) and the maker where it has them."""

    model: str
    form: str | None = None
    memory_gb: float | None = None
    memory_kind: str | None = None
    maker: str | None = None


def shown_name(name: str) -> str:
    """What names the card in a line of lspci, else the name itself."""
    plain = _REVISION.sub(" ", _PCI_ID.sub(" ", name))
    bracketed = _IN_BRACKETS.search(plain)
    return bracketed[1] if bracketed and bracketed[1].strip() else _SLOT.sub(" ", plain)


def words_of(name: str) -> Words:
    """Takes a name apart; a name without any word of a model has an empty one."""
    spelled = shown_name(name).replace("_", " ").replace("‑", "-")
    makers = {match.lastgroup for match in _MAKER.finditer(spelled)}
    spelled = _MOBILE.sub(" mobile ", spelled)
    spelled = re.sub(r"max-q", " maxq ", re.sub(r"\bwith max-q design\b", " maxq ", spelled, flags=re.I), flags=re.I)
    spelled = _NOISE.sub(" ", spelled).casefold()
    spelled = re.sub(r"\bpci-?e\b|\bpci express\b", " pcie ", spelled)
    spelled = re.sub(r"(\d) ?(gi?b)\b", r"\1\2 ", re.sub(r"[-()/,:]", " ", spelled))
    model: list[str] = []
    form: str | None = None
    memory: float | None = None
    kind: str | None = None
    for word in spelled.split():
        size = _MEMORY.match(word)
        if size:
            memory = float(size[1])
        elif _FORM.match(word):
            form = word
        elif _KIND.match(word):
            kind = word
        else:
            model.append(word)
    return Words(_together(model), form, memory, kind, makers.pop() if len(makers) == 1 else None)


def _together(model: list[str]) -> str:
    """The words written together, without the family's where the number alone names the card: `RTX A6000` is an A6000,
    `Quadro K6000` a K6000; `Quadro RTX 6000` keeps it, since an `RTX 6000` may be another."""
    joined = "".join(model)
    joined = re.sub(r"^rtx(?=a\d{3,4})", "", joined)
    return re.sub(r"^quadro(?!rtx)", "", joined)


def alternatives(name: str) -> list[str]:
    """The names that one line of lspci leaves open: `Radeon RX 7900 XT/7900 XTX` are two, each with its family; a name
    without a stroke is itself."""
    shown = re.sub(r"mobile / max-q|max-q / mobile", "Mobile", shown_name(name), flags=re.IGNORECASE)
    first, *others = (part.strip() for part in shown.split("/"))
    if not others:
        return [name]
    parts = first.split()
    numbered = next((index for index, word in enumerate(parts) if re.search(r"\d", word)), 0)
    family, named = " ".join(parts[:numbered]), [first]
    for other in filter(None, others):
        if _MEMORY.match(other.casefold().replace(" ", "")):
            size = re.search(r"\d+ ?(?:gi?b)?$", first, re.IGNORECASE)
            named.append((first[: size.start()] if size else f"{first} ") + other)
        else:
            alone = re.match(r"[a-z]", other, re.IGNORECASE) and " " in other
            named.append(other if alone or not family else f"{family} {other}")
    return named
