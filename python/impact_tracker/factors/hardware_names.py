"""How names of hardware are compared: as makers, systems and people spell them."""

from __future__ import annotations

import re

_NOISE = re.compile(
    r"\((r|tm|c)\)|[®™]|@.*$|^\d+th gen (?=intel|core)|[(),]|\b(cpu|gpu|processor|with radeon.*|w/ radeon.*"
    r"|(\d+|dual|triple|quad|six|eight|twelve|sixteen)[-‑]cores?|chip|with|ibrs|geforce|tesla|corporation|inc\.?)\b",
    re.IGNORECASE,
)
_CODE_NAMES = re.compile(r"(xeon )(?:scalable|ice lake|cascade lake) (?=platinum|gold|\d)|\bipu\b", re.IGNORECASE)
_BRANDS = re.compile(r"^(intel|amd|nvidia|google|apple|aws|annapurna labs|microsoft|alibaba|arm)\s+", re.IGNORECASE)


def bare_name(name: str) -> str:
    """`Intel(R) Xeon(R) CPU E5-2683 v4 @ 2.10GHz` and `Xeon E5-2683 v4` become the same `xeon e5-2683 v4`."""
    bare = " ".join(_NOISE.sub(" ", name).replace("_", " ").split())
    bare = _CODE_NAMES.sub(r"\1", bare)
    bare = re.sub(r"(?<=xeon )(?=8375c)", "platinum ", bare, flags=re.IGNORECASE)
    bare = re.sub(r"\b(i[3579]) (?=\d{3})", r"\1-", bare.replace(" -", "-"))  # Core i7 CPU 920, FX(tm)-8350
    return _BRANDS.sub("", bare).casefold()
