"""Counts of what should become less in the package, each with its ceiling in rules.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from architecture.rules import CEILINGS, LATER_FOLDERS, VAGUE_NAMES


class Source(NamedTuple):
    """A Python file: its path within the repository, its lines, and all nodes of its syntax tree."""

    path: str
    lines: list[str]
    nodes: list[ast.AST]


@lru_cache(maxsize=1)
def sources(root: Path) -> list[Source]:
    """Every Python file of the package and of the old import paths."""
    return [
        Source(path.relative_to(root).as_posix(), text.splitlines(), list(ast.walk(ast.parse(text))))
        for path in sorted((root / "python").rglob("*.py"))
        for text in [path.read_text()]
    ]


def package(root: Path) -> list[Source]:
    """The files of impact_tracker alone."""
    return [source for source in sources(root) if source.path.startswith("python/impact_tracker/")]


def lines(root: Path) -> list[str]:
    house = [source for source in package(root) if Path(source.path).parts[2] not in LATER_FOLDERS]
    return [f"{source.path}:{number}" for source in house for number in range(1, len(source.lines) + 1)]


def any_words(root: Path) -> list[str]:
    return [
        f"{source.path}:{number}"
        for source in package(root)
        for number, line in enumerate(source.lines, 1)
        for _ in re.findall(r"\bAny\b", line)
    ]


def joules_per_kwh(root: Path) -> list[str]:
    return [
        f"{source.path}:{node.lineno}"
        for source in sources(root)
        for node in source.nodes
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 3_600_000
    ]


@lru_cache(maxsize=1)
def sources_beside(root: Path) -> list[Source]:
    """Every Python file that is not of the package: tests, benchmarks, scripts, the site's extension."""
    return [
        Source(path.relative_to(root).as_posix(), text.splitlines(), list(ast.walk(ast.parse(text))))
        for folder in ("tests", "benchmarks", "scripts", "docs")
        for path in sorted((root / folder).rglob("*.py"))
        for text in [path.read_text()]
    ]


def vague_names(root: Path) -> list[str]:
    return vague_names_in(sources(root))


def vague_names_beside(root: Path) -> list[str]:
    return vague_names_in(sources_beside(root))


def vague_names_in(files: list[Source]) -> list[str]:
    return [
        f"{source.path}:{node.lineno}: {name}"
        for source in files
        for node in source.nodes
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        for name in [node.arg if isinstance(node, ast.arg) else node.id]
        if name in VAGUE_NAMES
    ]


def docstrings(root: Path) -> list[str]:
    """Docstrings that do not stand between three double quotes, whose first paragraph is no sentence, or whose names
    stand between two backticks."""
    places = []
    for source in sources(root):
        for node in source.nodes:
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            docstring = ast.get_docstring(node)
            if docstring is None:
                continue
            first = node.body[0]
            opening = source.lines[first.lineno - 1][first.col_offset :]
            is_sentence = docstring.partition("\n\n")[0].rstrip().endswith((".", ":", "?", "!", "…"))
            if not re.match(r'r?"""', opening) or not is_sentence or "``" in docstring:
                places.append(f"{source.path}:{first.lineno}")
    return places


def shared_names(root: Path) -> list[str]:
    """Classes of the package whose name another class has too: one word means one thing."""
    classes: dict[str, list[str]] = {}
    for source in package(root):
        module = source.nodes[0]
        assert isinstance(module, ast.Module)
        for node in module.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                classes.setdefault(node.name, []).append(f"{source.path}:{node.lineno}: {node.name}")
    return [place for places in classes.values() for place in places[1:]]


COUNTED: dict[str, Callable[[Path], list[str]]] = {
    "lines": lines,
    "any": any_words,
    "joules_per_kwh": joules_per_kwh,
    "vague_names": vague_names,
    "vague_names_beside": vague_names_beside,
    "docstrings": docstrings,
    "shared_names": shared_names,
}


def count_violations(root: Path) -> list[str]:
    """What occurs more often than its ceiling allows, with some of the places."""
    violations = []
    for name, ceiling, goal in CEILINGS:
        places = COUNTED[name](root)
        if len(places) > ceiling:
            some = ", ".join(places[:5])
            violations.append(f"{name}: {len(places)}, at most {ceiling} (goal {goal}): {some} …")
    return violations
