"""Reads every import of the Python packages and holds it to the floors of rules.py."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from architecture.rules import FLOORS, NEVER, STILL_FLAT

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


@dataclass(frozen=True)
class Import:
    """One imported name. `runs`: not for type checkers alone; `at_top`: when the module is imported."""

    name: str
    line: int
    runs: bool
    at_top: bool


def imports(tree: ast.Module, name: str, is_package: bool) -> Iterator[Import]:
    """Every import of the module, those inside functions and those under TYPE_CHECKING too."""
    package = name if is_package else name.rpartition(".")[0]

    def walk(node: ast.AST, runs: bool, at_top: bool) -> Iterator[Import]:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(alias.name, node.lineno, runs, at_top)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                anchor = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*anchor, *([node.module] if node.module else [])])
            for alias in node.names:
                yield Import(f"{base}.{alias.name}", node.lineno, runs, at_top)
        in_function = isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        for child in ast.iter_child_nodes(node):
            yield from walk(child, runs and not is_type_checking(node), at_top and not in_function)

    yield from walk(tree, True, True)


def room_of(dotted: str, floors: Mapping[str, int] = FLOORS) -> str | None:
    """The longest entry of the floors that a dotted name lies in: impact_tracker.bench.row.codec -> bench.row.

    The name of the folder or module itself where it has no entry; None for the package and for names of other packages.
    """
    parts = dotted.split(".")
    if parts[0] != PACKAGE or len(parts) < 2:
        return None
    for length in range(len(parts), 1, -1):
        room = ".".join(parts[1:length])
        if room in floors:
            return room
    return parts[1]


def one_import(user: str | None, imported: str, floors: Mapping[str, int] = FLOORS) -> str | None:
    """What is wrong with an import; `user` is the room of the importing module."""
    used = room_of(imported, floors)
    if imported.split(".")[0] == OLD_PACKAGE:
        return "the package never uses the old import paths"
    # A name that is no module (from impact_tracker import ImpactTracker) comes from __init__: any floor may ask for it.
    if used is None or used not in floors or used == user:
        return None
    if user is None or user not in floors:
        return "nothing imports cli" if used.split(".")[0] == "cli" else None
    house, other_house = user.split(".")[0], used.split(".")[0]
    if house == other_house:
        # Floors inside a folder hold between its rooms; what a folder keeps outside them, its __init__, is for all.
        if "." not in user or "." not in used or floors[used] < floors[user]:
            return None
        return f"{user} (floor {floors[user]}) imports {used} (floor {floors[used]})"
    if other_house == "cli":
        return "nothing imports cli"
    if (house, other_house) in NEVER:
        return f"{house} never imports {other_house}"
    if floors[other_house] < floors[house]:
        return None
    return f"{house} (floor {floors[house]}) imports {other_house} (floor {floors[other_house]})"


def without_a_floor(name: str, path: Path, floors: Mapping[str, int] = FLOORS) -> bool:
    """Whether a module, or a folder's part where the folder has floors inside, stands on no floor."""
    room = room_of(name, floors)
    if room is None or path.name == "__main__.py":
        return False
    has_rooms = any(entry.startswith(f"{room}.") for entry in floors)
    inside = name.count(".") > 1 and not name.endswith(f".{room}")
    return room not in floors or (has_rooms and inside and room not in STILL_FLAT)


def floor_violations(root: Path, floors: Mapping[str, int] = FLOORS) -> list[str]:
    violations = []
    for name, path in modules(root, PACKAGE):
        user = room_of(name, floors)
        where = path.relative_to(root)
        if without_a_floor(name, path, floors):
            inside = name.removeprefix(f"{PACKAGE}.")
            violations.append(f"{where}: {inside} stands on no floor: give it one in tests/architecture/rules.py")
        for imported in imports(ast.parse(path.read_text()), name, path.name == "__init__.py"):
            wrong = None if path.name == "__main__.py" else one_import(user, imported.name, floors)
            if wrong:
                violations.append(f"{where}:{imported.line}: {wrong}")
    return violations


def circle_violations(root: Path) -> list[str]:
    """Modules that import each other, directly or through others, whether at run time or for type checkers.

    A folder's __init__ and the package's own name everything in them for their users: what they import makes no circle.
    """
    paths = dict(modules(root, PACKAGE))
    edges: dict[str, set[str]] = {}
    for name, path in paths.items():
        is_package = path.name == "__init__.py"
        named = {imported.name for imported in imports(ast.parse(path.read_text()), name, is_package)}
        used = {target if target in paths else target.rpartition(".")[0] for target in named}
        edges[name] = set() if is_package else {target for target in used if target in paths and target != name}
    circles = []
    for name in sorted(edges):
        for other in sorted(edges[name]):
            if name in _reached(edges, other):
                circles.append(f"{name} imports {other}, which leads back to it")
    return circles


def _reached(edges: Mapping[str, set[str]], start: str) -> set[str]:
    reached, waiting = set(), [start]
    while waiting:
        for target in edges.get(waiting.pop(), ()):
            if target not in reached:
                reached.add(target)
                waiting.append(target)
    return reached


FRAMEWORKS = (f"{PACKAGE}.hooks", f"{PACKAGE}.live.app")


def heavy_violations(root: Path) -> list[str]:
    """Third-party packages are imported in the function that uses them, never at module level (needs Python 3.10).

    A hook is a subclass of its framework's, the live view one of Textual's: only who has the framework imports the
    module, and no other module does.
    """
    own = {PACKAGE, OLD_PACKAGE, "__future__"}
    violations = []
    for package in (PACKAGE, OLD_PACKAGE):
        for name, path in modules(root, package):
            for imported in imports(ast.parse(path.read_text()), name, path.name == "__init__.py"):
                head = imported.name.split(".")[0]
                loads = imported.runs and imported.at_top
                if loads and imported.name.startswith(FRAMEWORKS) and not name.startswith(FRAMEWORKS):
                    violations.append(
                        f"{path.relative_to(root)}:{imported.line}: imports {imported.name} at module level"
                    )
                if name.startswith(FRAMEWORKS):
                    continue
                if loads and head not in own and head not in sys.stdlib_module_names:
                    violations.append(f"{path.relative_to(root)}:{imported.line}: imports {head} at module level")
    return violations
