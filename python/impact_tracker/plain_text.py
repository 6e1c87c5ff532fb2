"""Text for streams that cannot show all of it: signs that an ASCII terminal lacks, names that would move its cursor.

A "?" in place of "µ" leaves open whether milligrams or micrograms are meant, so that the signs of this package have
spellings of their own in ASCII.
"""

from __future__ import annotations

import codecs
import sys
import unicodedata

ASCII_SPELLINGS = "impact-tracker.ascii-spellings"  # the name of the error handler, as `str.encode` takes it

_SPELLINGS = {
    "±": "+/-",
    "µ": "u",
    "μ": "u",
    "×": "x",
    "·": "*",
    "÷": "/",
    "−": "-",
    "–": "-",
    "—": "-",
    "…": "...",
    "≈": "~",
    "≤": "<=",
    "≥": ">=",
    "→": "->",
    "←": "<-",
    "Δ": "Delta ",
    "Σ": "sum ",
    "√": "root ",
    "▒": "#",
    "│": "|",
    "├": "|",
    "└": "`",
    "─": "-",
    "“": '"',
    "”": '"',
    "’": "'",
    "€": "EUR",
}
_LONGEST_NAME = 80
_MOVING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})  # controls, marks of direction, lone surrogates, separators


def _spelled(character: str) -> str:
    """The character in ASCII; an accent is left out, and "?" stands for what has no spelling."""
    spelling = _SPELLINGS.get(character)
    if spelling is None:
        spelling = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii") or "?"
    return spelling


def _spell(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_spelled, error.object[error.start : error.end])), error.end


codecs.register_error(ASCII_SPELLINGS, _spell)


def printable(text: str) -> str:
    """The text as standard output can show it: printing a result never ends a program with an encoding error."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.encode(encoding, ASCII_SPELLINGS).decode(encoding)
    except LookupError:  # a stream of the user's whose encoding nobody knows
        return text.encode("ascii", ASCII_SPELLINGS).decode("ascii")
    return text


def on_a_line(text: str) -> str:
    """The text with its control characters escaped: names come from outside, and a terminal obeys what they hold."""
    if text.isprintable():
        return text
    return "".join(repr(c)[1:-1] if unicodedata.category(c) in _MOVING else c for c in text)


def short_name(name: str) -> str:
    """A name on a line of a table: a long one is cut in its middle, so that the other columns stay in sight."""
    shown = on_a_line(name)
    if len(shown) <= _LONGEST_NAME:
        return shown
    half = (_LONGEST_NAME - 1) // 2
    return f"{shown[:half]}…{shown[-half:]}"
