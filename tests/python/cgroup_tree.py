"""Control groups as kernels show them, below a folder of the test's own."""

from __future__ import annotations

from pathlib import Path


def cgroup_tree(root: Path, groups: str, **files: str) -> str:
    """`groups`: /proc/self/cgroup, none where empty; `files`: their text by their path below /sys/fs/cgroup. The root,
    for whoever takes one."""
    (root / "proc/self").mkdir(parents=True)
    if groups:
        (root / "proc/self/cgroup").write_text(groups)
    for path, text in files.items():
        place = root / "sys/fs/cgroup" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    return str(root)
