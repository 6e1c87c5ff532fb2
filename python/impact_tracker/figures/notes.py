"""Texts of a figure in lines that fit it: the note below its panels, and titles above them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_SIZE = 7.0  # of the note's font, in points
_SHARE = 0.93  # of the width, for letters are set wider or narrower as the resolution has it
_PANEL_SHARE = 0.6  # of a panel's room that is beside its numbers, names and legend


def write_note(figure: Figure, text: str) -> None:
    """Below the axes, in lines as wide as the figure."""
    lines = lines_within(text, float(figure.get_size_inches()[0]) - 0.2, _SIZE)
    figure.supxlabel(lines, fontsize=_SIZE, color="0.35", x=0.99, ha="right")


def add_to_note(figure: Figure, text: str) -> None:
    """Adds a part to the note that the figure has; an empty text adds nothing."""
    if text:
        write_note(figure, f"{figure.get_supxlabel()}; {text}".replace("\n", " "))


def write_title(axes: Axes, text: str, size: float = 10.0, columns: int = 1) -> None:
    """Above a panel at its left, in lines as wide as it. `columns`: panels that stand side by side."""
    width = float(axes.figure.get_size_inches()[0]) / columns  # type: ignore[union-attr]
    axes.set_title(lines_within(text, _PANEL_SHARE * width, size), fontsize=size, loc="left")


def lines_within(text: str, inches: float, size: float) -> str:
    """The text in lines of this width; a word that is wider stands alone."""
    most = inches * 72 * _SHARE
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and width_of(longer, size) > most:
            lines.append(word)
        else:
            lines[-1] = longer
    return "\n".join(lines)


def width_of(text: str, size: float) -> float:
    """Width of a line of text in points (1/72 inch)."""
    return extent_of(text, size)[0]


def extent_of(text: str, size: float) -> tuple[float, float]:
    """Width and height of a line of text in points (1/72 inch)."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    width, height, _ = text_to_path.get_text_width_height_descent(text, FontProperties(size=size), False)
    return float(width), float(height)
