"""The public names, and the golden list beside this file. Run with --write this file announces a change."""

from __future__ import annotations

import importlib
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

GOLDEN = Path(__file__).with_suffix(".txt")
MODULES = (
    "impact_tracker",
    "experiment_impact_tracker.compute_tracker",
    "experiment_impact_tracker.data_interface",
    "experiment_impact_tracker.data_utils",
    "experiment_impact_tracker.utils",
)


def signature_of(thing: object) -> str:
    """The parameters' names: what a caller's keyword arguments depend on."""
    try:
        parameters = inspect.signature(thing).parameters  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""
    return f"({', '.join(parameters)})"


def members_of(prefix: str, cls: type) -> Iterator[str]:
    """The class's own members, and those of the package's classes that it is built on."""
    own = [base for base in reversed(cls.__mro__) if base is cls or base.__module__.startswith("impact_tracker.")]
    members = {name: member for base in own for name, member in vars(base).items()}
    for name, member in sorted(members.items()):
        if name.startswith("_"):
            continue
        plain = member.__func__ if isinstance(member, (classmethod, staticmethod)) else member
        yield f"{prefix}.{name}{signature_of(plain) if inspect.isroutine(plain) else ''}"


def names_of(module: ModuleType) -> Iterator[str]:
    own = [name for name in vars(module) if not name.startswith("_") and not inspect.ismodule(getattr(module, name))]
    for name in sorted(getattr(module, "__all__", own)):
        thing = getattr(module, name)
        # Without __all__ only what is defined there is a promise, not what it happened to import.
        if not hasattr(module, "__all__") and getattr(thing, "__module__", module.__name__) != module.__name__:
            continue
        full = f"{module.__name__}.{name}"
        if inspect.isclass(thing):
            yield full
            yield from members_of(full, thing)
        else:
            yield full + (signature_of(thing) if callable(thing) else "")


def public_names() -> list[str]:
    return [name for module in MODULES for name in names_of(importlib.import_module(module))]


if __name__ == "__main__":
    current = "\n".join(public_names()) + "\n"
    if "--write" in sys.argv[1:]:
        GOLDEN.write_text(current)
    else:
        print(current, end="")
