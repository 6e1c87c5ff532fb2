"""Markup that cannot be broken by the names in it: all text is escaped where it enters, once."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from html import escape

_VOID = frozenset({"br", "input", "meta"})
# Control characters have no place in HTML, and halves of a surrogate pair none in UTF-8: both are shown as replaced.
_NOT_IN_HTML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_IN_SCRIPT = {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}


class Html(str):
    """Markup that is safe as it stands. All other text is escaped where it is put into an element."""

    __slots__ = ()


def clean(text: str) -> str:
    """The text without characters that no page may hold; each is replaced by U+FFFD."""
    return _NOT_IN_HTML.sub("\ufffd", text)


def markup(text: str) -> Html:
    """Text as markup; what is markup already stays."""
    return text if isinstance(text, Html) else Html(escape(clean(text), quote=True))


def joined(parts: Sequence[str]) -> Html:
    """Texts and pieces of markup, one after the other."""
    return Html("".join(markup(part) for part in parts))


def element(tag: str, attributes: Mapping[str, str | None] | None = None, *children: str) -> Html:
    """An element. An attribute of `None` is left out, one of an empty text stands alone."""
    given = [(name, value) for name, value in (attributes or {}).items() if value is not None]
    words = "".join(f' {name}="{escape(clean(value), quote=True)}"' if value else f" {name}" for name, value in given)
    if tag in _VOID:
        return Html(f"<{tag}{words}>")
    return Html(f"<{tag}{words}>{joined(children)}</{tag}>")


def name(text: str) -> Html:
    """A name that came from outside: its direction of writing does not reach what stands around it."""
    return element("bdi", None, text)


def items(texts: Sequence[str], kind: str = "plain") -> Html:
    """A list; nothing for no texts."""
    return element("ul", {"class": kind}, *(element("li", None, text) for text in texts)) if texts else Html("")


def facts(pairs: Sequence[tuple[str, str]]) -> Html:
    """Terms with what they are."""
    return element(
        "dl",
        {"class": "facts"},
        *(joined([element("dt", None, term), element("dd", None, value)]) for term, value in pairs),
    )


def badge(quality: str) -> Html:
    """A quality as a word in its colour."""
    style = "modelled-word" if quality == "modelled" else quality
    return element("span", {"class": f"badge {style}"}, quality)


def data_block(identifier: str, value: object) -> Html:
    """JSON in a block that no browser runs, in which no text can end the block."""
    text = json.dumps(value, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for character, code in _IN_SCRIPT.items():
        text = text.replace(character, code)
    return Html(f'<script type="application/json" id="{escape(identifier)}">{text}</script>')
