"""Reads every import of the Python packages and holds it to the floors of rules.py."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from architecture.rules import FLOORS, NEVER

PACKAGE = "impact_tracker"
OLD_PACKAGE = "experiment_impact_tracker"


def modules(root: Path, package: str) -> Iterator[tuple[str, Path]]:
    """(dotted name, file) of every module of the package; a package's own __init__ goes by the package's name."""
    base = root / "python"
    for path in sorted((base / package).rglob("*.py")):
        parts = path.relative_to(base).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts), path


def is_type_checking(node: ast.AST) -> bool:
    if not isinstance(node, ast.If):
        return False
    test = node.test
    return (isinstance(test, ast.Name) and test.id == "TYPE_CHECKING") or (
        isinstance(test, ast.Attribute) and test.attr == "TYPE_CHECKING"
    )


def imports(tree: ast.Module, name: str, is_package: bool) -> Iterator[tuple[str, int, bool]]:
    """(imported dotted name, line, at module level) of every import that runs, those for type checkers left out."""
    package = name if is_package else name.rpartition(".")[0]

    def walk(node: ast.AST, top: bool) -> Iterator[tuple[str, int, bool]]:
        if is_type_checking(node):
            return
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, node.lineno, top
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*anchor, *([node.module] if node.module else [])])
            for alias in node.names:
                yield f"{base}.{alias.name}", node.lineno, top
        inside = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from walk(child, top and not inside)

    yield from walk(tree, True)


def floor_of(dotted: str) -> str | None:
    """impact_tracker.report.table -> report; None for the package itself and for names of other packages."""
    parts = dotted.split(".")
    return parts[1] if parts[0] == PACKAGE and len(parts) > 1 else None


def one_import(user: str | None, imported: str) -> str | None:
    used = floor_of(imported)
    if imported.split(".")[0] == OLD_PACKAGE:
        return "the package never uses the old import paths"
    # A name that is no module (from impact_tracker import ImpactTracker) comes from __init__: any floor may ask for it.
    if used is None or used not in FLOORS or used == user:
        return None
    if used == "cli":
        return "nothing imports cli"
    if user is None or user not in FLOORS:
        return None
    if (user, used) in NEVER:
        return f"{user} never imports {used}"
    return (
        None if FLOORS[used] < FLOORS[user] else f"{user} (floor {FLOORS[user]}) imports {used} (floor {FLOORS[used]})"
    )


def floor_violations(root: Path) -> list[str]:
    found = []
    for name, path in modules(root, PACKAGE):
        user = floor_of(name)
        where = path.relative_to(root)
        if user is not None and user not in FLOORS and user != "__main__":
            found.append(f"{where}: {user} stands on no floor: give it one in tests/architecture/rules.py")
        for imported, line, _ in imports(ast.parse(path.read_text()), name, path.name == "__init__.py"):
            wrong = None if path.name == "__main__.py" else one_import(user, imported)
            if wrong:
                found.append(f"{where}:{line}: {wrong}")
    return found


def heavy_violations(root: Path) -> list[str]:
    """Third-party packages are imported in the function that uses them, never at module level (needs Python 3.10)."""
    own = {PACKAGE, OLD_PACKAGE, "__future__"}
    found = []
    for package in (PACKAGE, OLD_PACKAGE):
        for name, path in modules(root, package):
            for imported, line, top in imports(ast.parse(path.read_text()), name, path.name == "__init__.py"):
                head = imported.split(".")[0]
                if top and head not in own and head not in sys.stdlib_module_names:
                    found.append(f"{path.relative_to(root)}:{line}: imports {head} at module level")
    return found
