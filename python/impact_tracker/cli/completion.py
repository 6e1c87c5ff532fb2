"""Print a script that completes this command in a shell: eval "$(impact-tracker completion bash)".

The script is that of argcomplete: at each press of the completion key it runs this command, which answers from its own
parser. So a new option needs no word here; only values that no argument lists as its `choices` are told by `values`.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from argcomplete.completers import BaseCompleter


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def run(args: argparse.Namespace) -> int:
    """Prints the script. ImportError without argcomplete."""
    try:
        from argcomplete.shell_integration import shellcode
    except ImportError:
        raise ImportError("completion needs argcomplete: pip install 'impact-tracker[completion]'") from None
    print(shellcode(["impact-tracker"], shell=args.shell), end="")
    return 0


def words_before_cursor() -> Sequence[str]:
    """The words of the shell's line between the program's name and the word that is being typed."""
    line = os.environ.get("COMP_LINE", "")
    words = line[: int(os.environ.get("COMP_POINT") or len(line))].split(" ")
    return [word for word in words[1:-1] if word]


def answer(parser: argparse.ArgumentParser) -> None:
    """Answer the shell and end the program; do nothing without argcomplete."""
    try:
        import argcomplete
    except ImportError:
        return
    argcomplete.autocomplete(parser, always_complete_options=False, default_completer=cast("BaseCompleter", values))


def values(prefix: str, action: argparse.Action, **_: object) -> Iterable[str]:
    """What an argument without `choices` may be, each value with its meaning: by the name of the argument."""
    if action.dest == "zone":
        return zones()
    if action.dest == "models":
        return networks(prefix)
    from argcomplete.completers import FilesCompleter

    return FilesCompleter()(prefix)


def zones() -> dict[str, str]:
    """Codes of countries and of zones in them, with their names."""
    from ..factors.tables import table

    countries = {code: name for code, _, name, *_ in table("country_intensity")["rows"]}
    finer = {row[0]: row[1] for row in table("subnational_intensity")["rows"]}
    return {**countries, **finer, "EU": "European Union", "world": "the world's average"}


def networks(prefix: str) -> list[str]:
    """Names that `prefix`, a list with commas, may go on with."""
    from ..bench.plan.networks import NETWORKS

    before, comma, _ = prefix.rpartition(",")
    return [before + comma + network.name for network in NETWORKS]
