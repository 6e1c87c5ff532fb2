"""Reads every #include under cpp/ and holds it to the table of rules.py."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from architecture.rules import CLOCKLESS, FOREIGN_HEADERS, LAYERS, PUBLIC_HEADERS, WORKER_DOOR

OUTSIDE_IMPACT = ("worker", "bindings", "library")  # folders of cpp/ itself
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)
USES = re.compile(r"^\s*impact_layer\(\s*(\w+)(?:\s+USES([^)]*))?\)", re.MULTILINE)
ASKS_A_CLOCK = re.compile(r"_clock::now\s*\(|\b(?:clock_gettime|gettimeofday|std::time)\s*\(")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)


def sources(root: Path) -> Iterator[tuple[str, Path]]:
    """(layer, file) of every C++ file under cpp/."""
    for layer in LAYERS:
        folder = root / "cpp" / (layer if layer in OUTSIDE_IMPACT else f"impact/{layer}")
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".hpp", ".h", ".cpp", ".cc", ".def"):
                yield layer, path


def readers(root: Path) -> set[str]:
    """The concrete readers' names: X of every cpp/impact/sources/X.cpp that defines open_X."""
    folder = root / "cpp" / "impact" / "sources"
    return {path.stem for path in folder.glob("*.cpp") if re.search(rf"\bopen_{path.stem}\s*\(", path.read_text())}


def own_include(layer: str, path: Path, name: str, concrete: set[str]) -> str | None:
    """What is wrong with including the project's header `name` from this file; None if nothing is."""
    parts = name.split("/")
    if parts[0] != "impact":
        inside_own_folder = layer in OUTSIDE_IMPACT and ".." not in parts
        return None if inside_own_folder else 'own headers are spelled "impact/<layer>/<name>.hpp"'
    if name in PUBLIC_HEADERS:
        return None if layer == "library" else f"{name} is for other programs"
    if len(parts) < 3 or parts[1] not in LAYERS:
        return f"no such layer: {name}"
    target = parts[1]
    if target == layer:
        reader = parts[-1].rsplit(".", 1)[0]
        if layer == "sources" and reader in concrete and reader != path.stem and path.stem in concrete:
            return f"a reader uses another reader's file, {reader}"
        return None
    if target in LAYERS[layer] or "/".join(parts[1:]) in LAYERS[layer]:
        return None
    return f"{layer} may not use {'/'.join(parts[1:])}"


def foreign_include(layer: str, name: str) -> str | None:
    for pattern, allowed, reason in FOREIGN_HEADERS:
        if re.fullmatch(pattern, name) and layer not in allowed:
            return f"<{name}>: {reason}"
    return None


def include_violations(root: Path) -> list[str]:
    violations = []
    concrete = readers(root)
    for layer, path in sources(root):
        text = path.read_text()
        where = path.relative_to(root)
        for match in INCLUDE.finditer(text):
            bracket, name = match.groups()
            is_own = name.startswith("impact/") or (
                bracket == '"' and not re.match(r"(torch|ATen|c10|fmt|nlohmann)/", name)
            )
            seen_as = "host" if where.as_posix() == WORKER_DOOR and not is_own else layer
            wrong = own_include(layer, path, name, concrete) if is_own else foreign_include(seen_as, name)
            if wrong:
                violations.append(f"{where}:{text.count(chr(10), 0, match.start(2)) + 1}: {wrong}")
        if layer in CLOCKLESS and ASKS_A_CLOCK.search(COMMENT.sub("", text)):
            violations.append(f"{where}: {layer} asks a clock; times are handed in")
    return violations


def target_violations(root: Path) -> list[str]:
    """cpp/CMakeLists.txt: a layer's target links, directly or through others, only what its folder may include."""
    lists = root / "cpp" / "CMakeLists.txt"
    declared = {
        name: re.findall(r"impact::(\w+)", uses or "")
        for name, uses in USES.findall(lists.read_text() if lists.exists() else "")
    }

    def reach(name: str) -> set[str]:
        return {target for used in declared.get(name, []) for target in {used} | reach(used)}

    violations = []
    for position, name in enumerate(declared):
        violations += [
            f"cpp/CMakeLists.txt: {name} is above {used}"
            for used in declared[name]
            if used not in list(declared)[:position]
        ]
        allowed = {entry.split("/")[0] for entry in LAYERS.get(name, frozenset())}
        violations += [f"cpp/CMakeLists.txt: {name} links {used}" for used in sorted(reach(name) - allowed)]
    return violations
