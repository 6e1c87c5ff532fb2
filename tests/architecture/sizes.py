"""How long files and functions may be, and how often something may occur: the numbers of rules.py."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

from architecture.rules import CEILINGS, MAX_LINES, MAX_MODULE_CPP, MAX_PYTHON_FUNCTION, VAGUE_NAMES

FOLDERS = ("cpp", "python", "tests", "benchmarks", "scripts")


def lines_of(path: Path) -> int:
    return path.read_text().count("\n")


def file_violations(root: Path) -> list[str]:
    found = []
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*")):
        most = MAX_LINES.get(path.suffix)
        if path.relative_to(root).as_posix() == "cpp/bindings/module.cpp":
            most = MAX_MODULE_CPP
        if most and "data" not in path.parts and path.is_file() and lines_of(path) > most:
            found.append(f"{path.relative_to(root)}: {lines_of(path)} lines, {most} at most: split it")
    return found


def function_violations(root: Path) -> list[str]:
    found = []
    for path in sorted((root / "python").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            # The docstring is a promise, not work.
            first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or node.lineno) - first.lineno + 1
            if length > MAX_PYTHON_FUNCTION:
                where = f"{path.relative_to(root)}:{node.lineno}"
                found.append(f"{where}: {node.name} has {length} lines, {MAX_PYTHON_FUNCTION} at most")
    return found


def sources(root: Path, package: str = "*") -> Iterator[tuple[str, str]]:
    """(path within the repository, text) of every Python file of the package, or of both packages."""
    for path in sorted((root / "python").glob(f"{package}/**/*.py")):
        yield path.relative_to(root).as_posix(), path.read_text()


def lines(root: Path) -> list[str]:
    """One entry a line, so that all counts are lengths of lists of places."""
    return [
        f"{path}:{number}"
        for path, text in sources(root, "impact_tracker")
        for number, _ in enumerate(text.splitlines(), 1)
    ]


def any_words(root: Path) -> list[str]:
    return [
        f"{path}:{number}"
        for path, text in sources(root, "impact_tracker")
        for number, line in enumerate(text.splitlines(), 1)
        for _ in re.findall(r"\bAny\b", line)
    ]


def joules_per_kwh(root: Path) -> list[str]:
    return [
        f"{path}:{node.lineno}"
        for path, text in sources(root)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Constant) and type(node.value) in (int, float) and node.value == 3_600_000
    ]


def vague_names(root: Path) -> list[str]:
    return [
        f"{path}:{node.lineno}: {name}"
        for path, text in sources(root)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.arg) or (isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
        for name in [node.arg if isinstance(node, ast.arg) else node.id]
        if name in VAGUE_NAMES
    ]


def docstrings(root: Path) -> list[str]:
    """Docstrings that do not stand between three double quotes, whose first paragraph is no sentence, or whose names
    stand between two backticks."""
    found = []
    for path, text in sources(root):
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            docstring = ast.get_docstring(node)
            if docstring is None:
                continue
            quoted = ast.get_source_segment(text, node.body[0]) or ""
            is_sentence = docstring.partition("\n\n")[0].rstrip().endswith((".", ":", "?", "!", "…"))
            if not re.match(r'r?"""', quoted) or not is_sentence or "``" in docstring:
                found.append(f"{path}:{node.body[0].lineno}")
    return found


COUNTED: dict[str, Callable[[Path], list[str]]] = {
    "lines": lines,
    "any": any_words,
    "joules_per_kwh": joules_per_kwh,
    "vague_names": vague_names,
    "docstrings": docstrings,
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
