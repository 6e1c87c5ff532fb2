"""`doctor --setup`: counters open to a group, by a udev rule. Everything is shown first; without root it is printed."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from ..system import system_name

RULE_FILE = "etc/udev/rules.d/70-impact-tracker.rules"

Execute = Callable[[Sequence[str]], int]


class SetupPlan(NamedTuple):
    """What is to be done: the rule's text, and the commands around it."""

    rule: str
    before: list[list[str]]
    after: list[list[str]]
    notes: list[str]


def rule_text(group: str, *, ipmi: bool) -> str:
    """The udev rule. A rule for a device that the machine lacks does nothing."""
    chgrp, chmod = f"/bin/chgrp {group}", "/bin/chmod g+r"
    lines = [
        "# Energy counters open to the group of people who may read them (impact-tracker doctor --setup).",
        "# Fine-grained power can tell what others compute (CVE-2020-8694): a group, not everybody.",
        f'SUBSYSTEM=="powercap", TEST=="energy_uj", RUN+="{chgrp} /sys%p/energy_uj", RUN+="{chmod} /sys%p/energy_uj"',
        'SUBSYSTEM=="hwmon", ATTR{name}=="amd_energy", '
        f"RUN+=\"/bin/sh -c '{chgrp} /sys%p/energy*_input; {chmod} /sys%p/energy*_input'\"",
        f'SUBSYSTEM=="misc", KERNEL=="hsmp", GROUP="{group}", MODE="0640"',
    ]
    if ipmi:
        lines += [
            "# The management controller can also switch the node off: only for people who may do that.",
            f'KERNEL=="ipmi*", GROUP="{group}", MODE="0660"',
        ]
    return "\n".join(lines) + "\n"


def _has_group(group: str) -> bool:
    if sys.platform == "win32":
        return False
    import grp

    try:
        grp.getgrnam(group)
    except KeyError:
        return False
    return True


def plan_of(group: str, user: str, *, ipmi: bool = False) -> SetupPlan:
    """What to do for `user` to read the counters through `group`."""
    before = [] if _has_group(group) else [["groupadd", "--system", group]]
    if user and user != "root":
        before.append(["usermod", "-aG", group, user])
    after = [
        ["udevadm", "control", "--reload"],
        ["udevadm", "trigger", "--action=add", "--subsystem-match=powercap"],
        ["udevadm", "trigger", "--action=add", "--subsystem-match=hwmon", "--subsystem-match=misc"],
    ]
    notes = [f"{user or 'the user'} is in the group {group} from the next log-in on (or at once: newgrp {group})"]
    if not ipmi:
        notes.append(
            "the board's management controller stays closed: --with-ipmi opens it too (it can switch the node off)"
        )
    return SetupPlan(rule_text(group, ipmi=ipmi), before, after, notes)


def as_script(plan: SetupPlan) -> str:
    """The same as commands for a shell, with sudo."""
    lines = [f"sudo {shlex.join(command)}" for command in plan.before]
    lines += [f"sudo tee /{RULE_FILE} >/dev/null <<'RULE'", plan.rule.rstrip("\n"), "RULE"]
    lines += [f"sudo {shlex.join(command)}" for command in plan.after]
    return "\n".join(lines) + "\n"


def _run(command: Sequence[str]) -> int:
    try:
        return subprocess.run(list(command), check=False).returncode
    except OSError as error:
        print(f"impact-tracker: {shlex.join(command)}: {error}", file=sys.stderr)
        return 127


def apply(plan: SetupPlan, root: str = "/", run: Execute = _run) -> int:
    """Do it; 0, or 1 after naming what failed. Nothing is written where a command before fails."""
    for command in plan.before:
        if run(command) != 0:
            print(f"impact-tracker: {shlex.join(command)} failed; nothing was written", file=sys.stderr)
            return 1
    path = Path(root) / RULE_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(plan.rule, encoding="utf-8")
    draft.chmod(0o644)
    draft.replace(path)
    failed = [command for command in plan.after if run(command) != 0]
    for command in failed:
        print(f"impact-tracker: {shlex.join(command)} failed; the rule holds from the next boot on", file=sys.stderr)
    return 1 if failed else 0


def _agreed() -> bool:
    """Whether the person at the terminal says yes; nobody there is no."""
    if not sys.stdin.isatty():
        print("impact-tracker: nobody to ask: nothing was written (--yes writes without asking)", file=sys.stderr)
        return False
    try:
        return input("Write this? [y/N] ").strip().lower() in ("y", "yes")
    except EOFError:
        return False


def setup(group: str, *, yes: bool, ipmi: bool, root: str = "/", run: Execute = _run) -> int:
    """Show, ask, write. 0 where it was written, or shown to somebody who is not root; 1 where not."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]{0,31}", group):
        print(f"impact-tracker: {group!r} is no name for a group", file=sys.stderr)
        return 2
    if not sys.platform.startswith("linux"):
        print(
            f"--setup writes a rule of udev's, which {system_name()} lacks: no counter is opened by one here",
            file=sys.stderr,
        )
        return 2
    user = os.environ.get("SUDO_USER") or os.environ.get("USER") or ""
    plan = plan_of(group, user, ipmi=ipmi)
    if os.geteuid() != 0:
        print("Not root: nothing is written. These commands open the counters to a group:\n")
        print(as_script(plan), end="")
        return 0
    print(f"/{RULE_FILE}:\n\n{plan.rule}")
    print("and:\n" + "\n".join(f"  {shlex.join(command)}" for command in (*plan.before, *plan.after)))
    if not yes and not _agreed():
        return 1
    status = apply(plan, root, run)
    for note in plan.notes:
        print(f"! {note}")
    return status
