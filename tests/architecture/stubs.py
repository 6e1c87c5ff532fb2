"""The names of a stub file beside those of the module it describes."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path
from types import ModuleType


def stub_names(stub: Path) -> dict[str, set[str]]:
    """Every public name of the stub: module level under "", members under their class (Outer.Inner for nested ones)."""
    names_by_owner: dict[str, set[str]] = {}

    def collect(body: list[ast.stmt], owner: str) -> None:
        names = names_by_owner.setdefault(owner, set())
        for node in body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                names.add(node.name)
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                names.add(node.target.id)
            elif isinstance(node, ast.Assign):
                names.update(target.id for target in node.targets if isinstance(target, ast.Name))
            if isinstance(node, ast.ClassDef):
                collect(node.body, f"{owner}.{node.name}".lstrip("."))

    collect(ast.parse(stub.read_text()).body, "")
    return {owner: {name for name in names if not name.startswith("_")} for owner, names in names_by_owner.items()}


def module_names(module: ModuleType) -> dict[str, set[str]]:
    names_by_owner: dict[str, set[str]] = {}

    def collect(thing: object, owner: str) -> None:
        names = {name for name in vars(thing) if not name.startswith("_")}
        names_by_owner[owner] = names
        for name in names:
            member = vars(thing)[name]
            # A class that is only an alias of another stays a name; one that is defined here is looked into.
            if inspect.isclass(member) and member.__qualname__ == f"{owner}.{name}".lstrip("."):
                collect(member, member.__qualname__)

    collect(module, "")
    return names_by_owner


def differences(stub: Path, module: ModuleType) -> list[str]:
    promised, built = stub_names(stub), module_names(module)
    faults = []
    for owner in sorted(promised.keys() | built.keys()):
        where = f"{owner}." if owner else ""
        missing = promised.get(owner, set()) - built.get(owner, set())
        unknown = built.get(owner, set()) - promised.get(owner, set())
        faults += [f"{where}{name} is in {stub.name}, not in the module" for name in sorted(missing)]
        faults += [f"{where}{name} is in the module, not in {stub.name}" for name in sorted(unknown)]
    return faults
