"""Looking at figures by rules: every figure that is made while one watches, and what a reader would object to in it."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import combinations
from types import FrameType
from typing import Any

import pytest

PACKAGES = ("impact_tracker.", "experiment_impact_tracker.")
DIVIDING = ("subplots", "add_subplot", "add_axes")
# Words that say what a number is: units, or kinds of numbers that have none.
UNITS = re.compile(
    r"\b(J|Wh|mWh|kWh|MWh|kJ|MJ|kilowatt|W|s|ms|h|hours?|GMAC|MAC|FLOP|g|mg|kg|t|CO2e|dB|bytes?|bits?|MB|B|points?|nats)\b|[%/]"
    r"|million|multiply-adds|accuracy|Dice|share|number|runs|rounds?|countries|users|a day|parameters|examples|score"
    r"|kappa|skew|loss"
)
WHISKERS = re.compile(r"whisker|error bar|lines?:|95 %|range|±")
LEAST_GREY = 0.055  # of black to white, between two that differ in nothing else


class Watched:
    """`figures`: those that were made; `makers`: the functions of the package that were at work when they were divided
    into panels, by module and name."""

    def __init__(self) -> None:
        self.figures: list[Any] = []
        self.makers: set[str] = set()


@contextmanager
def watching(monkeypatch: pytest.MonkeyPatch) -> Iterator[Watched]:
    """Keeps every figure that the package makes inside the block."""
    from matplotlib.figure import Figure

    watched = Watched()

    def keeping(original: Any) -> Any:
        def made(self: Any, *args: Any, **options: Any) -> Any:
            frame: FrameType | None = sys._getframe(1)
            while frame is not None:
                module = str(frame.f_globals.get("__name__", ""))
                if module.startswith(PACKAGES):
                    watched.makers.add(f"{module}.{frame.f_code.co_name}")
                frame = frame.f_back
            if all(self is not figure for figure in watched.figures):
                watched.figures.append(self)
            return original(self, *args, **options)

        return made

    with monkeypatch.context() as patched:
        for name in DIVIDING:
            patched.setattr(Figure, name, keeping(getattr(Figure, name)))
        yield watched


def makers_in(module: str, tree: ast.Module) -> set[str]:
    """Functions of a module that divide a figure into panels, and those of it that call them."""
    calls = {node.name: set(calls_of(node)) for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    makers = {name for name, called in calls.items() if called & set(DIVIDING)}
    while more := {name for name, called in calls.items() if called & makers} - makers:
        makers |= more
    return {f"{module}.{name}" for name in makers}


def calls_of(function: ast.AST) -> Iterator[str]:
    """Names that a function calls itself, and not in functions that it only makes."""
    for node in ast.iter_child_nodes(function):
        if isinstance(node, (ast.FunctionDef, ast.Lambda)):
            continue
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node.func.id
        yield from calls_of(node)


def drawn(figure: Any) -> Any:
    """The renderer, after everything has its place; drawn once, for that takes longest."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    if not isinstance(figure.canvas, FigureCanvasAgg):
        FigureCanvasAgg(figure)
    if figure.stale or not hasattr(figure.canvas, "renderer"):
        figure.canvas.draw()
    return figure.canvas.get_renderer()


def texts_of(figure: Any) -> list[tuple[Any, Any]]:
    """Every text that is seen in a figure, with its box in pixels."""
    from matplotlib.text import Text

    renderer = drawn(figure)
    texts = [*figure.texts, *(text for legend in figure.legends for text in legend.get_texts())]
    for axes in figure.axes:
        texts += [*axes.texts, axes.title, axes._left_title, axes._right_title]
        if axes.get_legend() is not None:
            texts += axes.get_legend().get_texts()
        if axes.axison:
            texts += [axes.xaxis.label, axes.yaxis.label]
            for axis in (axis for axis in (axes.xaxis, axes.yaxis) if axis.get_visible()):  # the ticks in view
                texts += [tick.label1 for tick in axis._update_ticks() if tick.label1.get_visible()]
                texts += [tick.label2 for tick in axis._update_ticks() if tick.label2.get_visible()]
                texts += [axis.get_offset_text()]
    written = [text for text in texts if text.get_text().strip() and text.get_visible()]
    return [(text, Text.get_window_extent(text, renderer)) for text in written]  # of an annotation without its arrow


def points_of(figure: Any) -> list[tuple[float, float]]:
    """The middles of all marks, in pixels."""
    middles = []
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() not in ("None", "none", None, "", " ", "|", "_"):
                middles += [tuple(place) for place in line.get_transform().transform(line.get_xydata())]
        for marks in axes.collections:
            if marks.get_offsets().size and type(marks).__name__ == "PathCollection":
                middles += [tuple(place) for place in axes.transData.transform(marks.get_offsets())]
    return middles


def check_texts(figure: Any, name: str) -> None:
    """No text lies on another or on a point, and none is cut at the figure's edge."""
    texts = texts_of(figure)
    width, height = figure.canvas.get_width_height()
    for text, box in texts:
        assert box.x0 >= -1 and box.y0 >= -1 and box.x1 <= width + 1 and box.y1 <= height + 1, (name, text.get_text())
    for (text, box), (other, its) in combinations(texts, 2):
        apart = min(box.x1, its.x1) - max(box.x0, its.x0) < 1.5 or min(box.y1, its.y1) - max(box.y0, its.y0) < 1.5
        turned = text.get_rotation() % 90 or other.get_rotation() % 90  # whose boxes are larger than they
        assert apart or turned, (name, text.get_text(), other.get_text())
    for x, y in points_of(figure):
        for text, box in texts:
            assert not (box.x0 < x < box.x1 and box.y0 < y < box.y1), (name, text.get_text(), (x, y))


def check_units(figure: Any, name: str) -> None:
    """Each axis with numbers says what they are; one that several panels share says it once."""
    drawn(figure)
    for axes in figure.axes:
        if not axes.axison or not axes.get_visible():
            continue
        for axis, siblings in ((axes.xaxis, axes.get_shared_x_axes()), (axes.yaxis, axes.get_shared_y_axes())):
            written = [tick.label1.get_text() for tick in axis._update_ticks() if tick.label1.get_visible()]
            written += [tick.label2.get_text() for tick in axis._update_ticks() if tick.label2.get_visible()]
            plain = [re.sub(r"\\[a-z]+|[${}^]", "", text) for text in written]
            numbers = [text for text in plain if re.fullmatch(r"[−-]?[\d,.]+(e[−+-]?\d+)?", text)]
            if not numbers or not axis.get_visible():
                continue
            which = "x" if axis is axes.xaxis else "y"
            labels = [getattr(each, f"get_{which}label")() for each in siblings.get_siblings(axes)]
            assert any(UNITS.search(label) for label in labels), (name, labels, numbers)


def check_whiskers(figure: Any, name: str) -> None:
    """Where there are whiskers, a text of the figure says what they are."""
    has_whiskers = any(
        type(container).__name__ == "ErrorbarContainer" and any(container.lines[2])
        for axes in figure.axes
        for container in axes.containers
    )
    if has_whiskers:
        words = " ".join(text.get_text() for text, _ in texts_of(figure)).replace("\n", " ")
        assert WHISKERS.search(words), (name, words)


def check_legends(figure: Any, name: str) -> None:
    """No legend lies in a panel, where data are, and what it tells apart does not differ in hue alone."""
    renderer = drawn(figure)
    for axes in figure.axes:
        legend = axes.get_legend()
        if legend is not None:
            box, frame = legend.get_window_extent(renderer), axes.get_window_extent(renderer)
            apart = box.x0 >= frame.x1 - 1 or box.x1 <= frame.x0 + 1 or box.y0 >= frame.y1 - 1 or box.y1 <= frame.y0 + 1
            assert apart, (name, "a legend lies in the panel")
    legends = [*figure.legends, *(axes.get_legend() for axes in figure.axes if axes.get_legend() is not None)]
    for legend in legends:
        looks = [
            (handle_look(handle), text.get_text()) for handle, text in zip(legend.legend_handles, legend.get_texts())
        ]
        for ((grey, form), label), ((its, other), second) in combinations(looks, 2):
            if grey is None or its is None or form != other:
                continue
            assert abs(grey - its) >= LEAST_GREY, (name, label, second, grey, its)


def handle_look(handle: Any) -> tuple[float | None, tuple[str, ...]]:
    """How light it is, and its form: marker, line, hatch; no lightness of a handle that shows nothing."""
    from matplotlib.colors import to_rgb

    kind = type(handle).__name__
    if kind == "Line2D":
        form = (kind, str(handle.get_marker()), str(handle.get_linestyle()))
        if form[1] in ("None", "none") and form[2] in ("None", "none"):
            return None, form
        return grey_of(to_rgb(handle.get_color())), form
    if kind in ("Rectangle", "Patch"):
        return grey_of(to_rgb(handle.get_facecolor())), (kind, str(handle.get_hatch()))
    if kind == "ErrorbarContainer":
        return handle_look(handle.lines[0])
    return None, (kind,)


def grey_of(colour: tuple[float, float, float]) -> float:
    """What a printer without colours makes of it."""
    red, green, blue = colour
    return 0.299 * red + 0.587 * green + 0.114 * blue


def faults_of(figure: Any) -> list[str]:
    """What a reader would object to, in sentences; empty where nothing."""
    faults = []
    for look in (check_texts, check_units, check_whiskers, check_legends):
        try:
            look(figure, look.__name__)
        except AssertionError as error:
            faults.append(str(error).splitlines()[0])
    return faults
