"""Looks that tell series and parts apart without their hue: in grey, and for eyes that see fewer colours."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal, TypedDict

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.container import ErrorbarContainer

MARKERS = "osD^vP*X<>hp"
_LINES: tuple[Literal["-", "--", "-.", ":"], ...] = ("-", "--", "-.", ":")
_HATCHES = ("", "///", "...", "\\\\\\", "xxx", "ooo", "---", "+++")
_SHADES = 5  # of a hatch, dark to light


class LineLook(TypedDict):
    """How a series of points is drawn."""

    color: str
    marker: str
    linestyle: Literal["-", "--", "-.", ":"]


class AreaLook(TypedDict):
    """How a bar or a part of one is drawn."""

    facecolor: str
    edgecolor: str
    linewidth: float
    hatch: str


def line_look(number: int) -> LineLook:
    """Of the series of this number: a colour, and a marker and a line of its own."""
    return {
        "color": shade(number % _SHADES),
        "marker": MARKERS[number % len(MARKERS)],
        "linestyle": _LINES[number % len(_LINES)],
    }


def area_look(number: int) -> AreaLook:
    """Of the part of this number: dark and light by turns, so that neighbours differ, and hatched where shades end."""
    step = (number * 2) % _SHADES
    hatch = _HATCHES[number // _SHADES % len(_HATCHES)]
    return {"facecolor": shade(step), "edgecolor": ink_on(shade(step)), "linewidth": 0.5, "hatch": hatch}


def shade(step: int, count: int = _SHADES) -> str:
    """A colour of a scale whose lightness rises with its number, made for eyes that see fewer hues."""
    from matplotlib import colormaps
    from matplotlib.colors import to_hex

    return str(to_hex(colormaps["viridis"](0.05 + 0.85 * step / max(count - 1, 1))))


def ink_on(colour: str) -> str:
    """Black or white, whichever can be read on the colour."""
    from matplotlib.colors import to_rgb

    red, green, blue = to_rgb(colour)
    return "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "white"


def with_halo(whisker: ErrorbarContainer) -> None:
    """A whisker that is seen on dark bars too."""
    from matplotlib.patheffects import withStroke

    for part in whisker.get_children():
        part.set_path_effects([withStroke(linewidth=3, foreground="white")])


def legend_beside(axes: Axes, handles: Sequence[Artist] = (), size: float = 8.0) -> None:
    """The legend right of the panel, where no data are: of the handles, or of what has a label; none of nothing."""
    shown = list(handles) or axes.get_legend_handles_labels()[0]
    if shown:
        axes.legend(handles=shown, fontsize=size, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.0))
