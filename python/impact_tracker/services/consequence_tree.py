"""A declared tree of consequences, drawn: as text (with colours where rich is installed) and as a picture.

An effect stands below what causes it, under each of its causes; what it causes itself stands below it once. An arrow
that leads back to an effect above it is a loop and ends there.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, TextIO

from ..digits import stated
from ..factors import Factor
from ..figures.notes import lines_within
from ..footprint import Consequences, Effect, mass_of, mass_span
from ..report.plot import figure_for, save

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from rich.tree import Tree

_LETTERS = 20  # of a line in a box
_HALF = 0.27  # of a box's width, of the distance between two columns
ORDER_NAMES = {1: "direct", 2: "indirect", 3: "rebound and structure"}


@dataclass(frozen=True)
class Branch:
    """An effect below its cause: `share` g a year is what this cause brings of it between `ends`, by `ratio`; without
    a cause its own amount. `closes_loop`: it stands above already."""

    effect: Effect
    share: float
    ends: tuple[float, float]
    ratio: tuple[float, float, float] | None
    children: tuple[Branch, ...] = ()
    closes_loop: bool = False


def branches_of(consequences: Consequences) -> list[Branch]:
    """The effects that stand for themselves, each with those that it causes; of a loop without one, the first."""
    declared = consequences.declared
    expanded: set[str] = set()
    roots = [e for e in declared if any(e.amount) or not e.causes]
    trees = [_branch(consequences, root, root.amount[1], root.amount[::2], None, (), expanded) for root in roots]
    for effect in declared:
        if effect.name not in expanded:
            own = consequences.effects[effect.name]
            trees.append(_branch(consequences, effect, own.best, (own.low, own.high), None, (), expanded))
    return sorted(trees, key=lambda branch: branch.effect.order)


def _branch(
    consequences: Consequences,
    effect: Effect,
    share: float,
    ends: tuple[float, float],
    ratio: tuple[float, float, float] | None,
    above: tuple[str, ...],
    expanded: set[str],
) -> Branch:
    if effect.name in expanded:
        return Branch(effect, share, ends, ratio, closes_loop=effect.name in above)
    expanded.add(effect.name)
    children = []
    for follower in consequences.declared:
        for cause, declared_ratio in follower.causes:
            if cause == effect.name:
                span = _span(declared_ratio)
                origin = consequences.effects[effect.name]
                products = sorted(end * ratio_end for end in (origin.low, origin.high) for ratio_end in span[::2])
                brought, ends_brought = span[1] * origin.best, (products[0], products[-1])
                below = (*above, effect.name)
                children.append(_branch(consequences, follower, brought, ends_brought, span, below, expanded))
    return Branch(effect, share, ends, ratio, tuple(children))


def _span(ratio: Factor | tuple[float, float, float]) -> tuple[float, float, float]:
    return (ratio.low, ratio.value, ratio.high) if isinstance(ratio, Factor) else ratio


def words_of_branch(branch: Branch) -> str:
    """`more letters (rebound and structure): +300 kg a year, × -0.3 (-0.5 to -0.1)`."""
    sign = "+" if branch.share > 0 else ""
    text = (
        f"{branch.effect.name} ({ORDER_NAMES[branch.effect.order]}): {sign}{mass_of(branch.share, *branch.ends)} a year"
    )
    if branch.ratio is not None:
        low, best, high = branch.ratio
        text += f", × {stated(best, low, high)}"
    return text + (" ↺ a loop: it stands above" if branch.closes_loop else "")


def root_words(consequences: Consequences) -> str:
    """The net with its interval, against what."""
    net = consequences.net
    amount = f"{mass_of(net.best, net.low, net.high)} a year ({mass_span(net.best, net.low, net.high)})"
    return f"net {amount}, against: {consequences.reference}"


def tree_lines(consequences: Consequences) -> list[str]:
    """The tree as text."""
    lines = [root_words(consequences)]

    def add(branches: tuple[Branch, ...], indent: str) -> None:
        for number, branch in enumerate(branches):
            last = number == len(branches) - 1
            lines.append(f"{indent}{'└── ' if last else '├── '}{words_of_branch(branch)}")
            add(branch.children, indent + ("    " if last else "│   "))

    add(tuple(branches_of(consequences)), "")
    return lines


def show_tree(consequences: Consequences, stream: TextIO | None = None) -> None:
    """Print the tree: with rich on a terminal where it is installed (green what is avoided, red what is added)."""
    stream = sys.stdout if stream is None else stream
    try:
        from rich.console import Console
    except ImportError:
        stream.write("\n".join(tree_lines(consequences)) + "\n")
        return
    if not stream.isatty():
        stream.write("\n".join(tree_lines(consequences)) + "\n")
        return
    Console(file=stream, highlight=False).print(_rich_tree(consequences))


def _rich_tree(consequences: Consequences) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    root = Tree(Text(root_words(consequences), style="bold"))

    def add(node: Tree, branches: tuple[Branch, ...]) -> None:
        for branch in branches:
            style = "green" if branch.share < 0 else "red" if branch.share > 0 else ""
            add(node.add(Text(words_of_branch(branch), style=style)), branch.children)

    add(root, tuple(branches_of(consequences)))
    return root


def plot_tree(consequences: Consequences, path: str | os.PathLike[str]) -> None:
    """The tree as a picture: one column a step away from the service, green what is avoided, red what is added; the
    ratio stands on each arrow, a loop is dashed. Format by the suffix. ValueError, ImportError as of any figure."""
    trees = branches_of(consequences)
    rows = sum(_leaves(tree) for tree in trees)
    depth = max(_depth(tree) for tree in trees)
    figure = figure_for(path, (2.9 * (depth + 1), 1.2 + 1.05 * rows))
    axes = figure.subplots()
    axes.set(xlim=(-0.55, depth + 0.55), ylim=(-rows + 0.3, 0.7))
    axes.axis("off")
    middle = -(rows - 1) / 2
    net = consequences.net
    _box(axes, 0.0, middle, f"net\n{_amount(net.best, net.low, net.high)}", net.best)
    top = 0.0
    for tree in trees:
        top = _draw(axes, tree, 1.0, top, (0.0, middle))
    text = f"CO2e against: {consequences.reference}; declared, not measured; on an arrow: how much for one of its cause"
    width = float(figure.get_size_inches()[0]) - 0.4
    axes.set_title(lines_within(text, width, 9.0), fontsize=9, loc="left")
    save(figure, path)


def _leaves(branch: Branch) -> int:
    return max(1, sum(_leaves(child) for child in branch.children))


def _depth(branch: Branch) -> int:
    return 1 + max((_depth(child) for child in branch.children), default=0)


def _draw(axes: Axes, branch: Branch, x: float, top: float, parent: tuple[float, float]) -> float:
    """One branch with those below it; the next free row."""
    y = top - (_leaves(branch) - 1) / 2
    style = {"arrowstyle": "->", "color": "0.4", "linestyle": "--" if branch.closes_loop else "-"}
    axes.annotate("", (x - _HALF, y), (parent[0] + _HALF, parent[1]), arrowprops=style)
    if branch.ratio is not None:
        # Near the arrow's head, where those of siblings are apart.
        place, box = (x - 0.38, y + 0.24 * (parent[1] - y)), {"facecolor": "white", "linewidth": 0, "pad": 0.5}
        axes.text(*place, f"× {branch.ratio[1]:g}", fontsize=7, ha="center", va="center", bbox=box)
    title = "\n".join(wrap(branch.effect.name, _LETTERS))
    name = f"{title}\n{ORDER_NAMES[branch.effect.order]}\n{_amount(branch.share, *branch.ends)}"
    _box(axes, x, y, name + ("\n↺ a loop" if branch.closes_loop else ""), branch.share)
    for child in branch.children:
        top = _draw(axes, child, x + 1.0, top, (x, y))
    return top if branch.children else top - 1.0


def _box(axes: Axes, x: float, y: float, text: str, grams: float) -> None:
    colour = "#d9f0d3" if grams < 0 else "#fddbc7" if grams > 0 else "#eeeeee"
    box = {"boxstyle": "round,pad=0.4", "facecolor": colour, "edgecolor": "0.5"}
    axes.text(x, y, text, ha="center", va="center", fontsize=8, bbox=box)


def _amount(grams: float, low: float, high: float) -> str:
    return f"{'+' if grams > 0 else ''}{mass_of(grams, low, high)} a year"
