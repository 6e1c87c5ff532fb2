"""How long files and functions may be: the numbers of rules.py."""

from __future__ import annotations

import ast
from pathlib import Path

from architecture.rules import (
    MAX_CONSTRUCTOR_ARGUMENTS,
    MAX_LINES,
    MAX_MODULE_CPP,
    MAX_PYTHON_FUNCTION,
)

FOLDERS = ("cpp", "python", "tests", "benchmarks", "scripts")


def lines_of(path: Path) -> int:
    return path.read_text().count("\n")


def file_violations(root: Path) -> list[str]:
    violations = []
    for path in sorted(path for folder in FOLDERS for path in (root / folder).rglob("*")):
        most = MAX_LINES.get(path.suffix)
        if path.relative_to(root).as_posix() == "cpp/bindings/module.cpp":
            most = MAX_MODULE_CPP
        if most and "data" not in path.parts and path.is_file() and lines_of(path) > most:
            violations.append(f"{path.relative_to(root)}: {lines_of(path)} lines, {most} at most: split it")
    return violations


def function_violations(root: Path) -> list[str]:
    violations = []
    for path in sorted((root / "python").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                continue
            # The docstring is a promise, not work.
            first = node.body[1] if ast.get_docstring(node) is not None and len(node.body) > 1 else node.body[0]
            length = (node.end_lineno or node.lineno) - first.lineno + 1
            if length > MAX_PYTHON_FUNCTION:
                where = f"{path.relative_to(root)}:{node.lineno}"
                violations.append(f"{where}: {node.name} has {length} lines, {MAX_PYTHON_FUNCTION} at most")
    return violations


def constructor_violations(root: Path) -> list[str]:
    """Constructors of more arguments than anybody keeps apart; a record's fields, each by its name, are none."""
    violations = []
    for path in sorted((root / "python").rglob("*.py")):
        classes = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.ClassDef)]
        for owner in classes:
            for method in owner.body:
                if isinstance(method, ast.FunctionDef) and method.name in ("__init__", "__new__"):
                    given = method.args
                    count = len([*given.posonlyargs, *given.args, *given.kwonlyargs]) - 1
                    if count > MAX_CONSTRUCTOR_ARGUMENTS:
                        where = f"{path.relative_to(root)}:{method.lineno}"
                        violations.append(f"{where}: {owner.name} is made of {count} arguments")
    return violations
