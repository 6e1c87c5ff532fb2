"""The command `impact-tracker`. One module a command: add_arguments(parser), run(args) -> exit code.

A module is imported when its command is asked for. Exit codes: 0, 2 for an input that makes no answer (with the reason
on standard error); `run` passes its command's own through.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from types import ModuleType
from typing import TextIO

COMMANDS = {
    "run": "run any command and measure it",
    "report": "what recorded runs used",
    "compare": "two runs, or two groups of runs, beside each other",
    "doctor": "what is measured here, what is not, and what would mend it",
    "top": "watts live: devices and processes of this machine, or a record while it is written",
    "bench": "train and run networks, and show what each cost",
    "footprint": "carbon, water, primary energy, depletion of runs over their life cycle",
    "what-if": "what another place, machine, precision or model would save, with its range and its rebound",
    "meters": "which meter to believe: one workload under every meter that is installed",
    "study": "experiments and simulations: what accuracy, data, size and the paradigm of training cost",
    "indirect": "declared consequences of a solution: second order, rebound, loops, against a reference scenario",
    "service": "a service by its inventory: terminal, network, hosting, inference, share of the training",
    "request": "requests to an AI service (EcoLogits' models and zones)",
    "estimate": "energy and carbon of a run that was not measured, by a published method",
    "export": "write runs in the form of a journal, hub or standard",
    "lint": "look for the known traps in reports, ours and others'",
    "ledger": "every run of a project, and what its development cost beside its best run",
    "cluster": "a cluster's energy job by job: reports, the balance, imports, a site to try it",
    "serve": "this machine's energy for Prometheus, OTLP, Grafana, and for users without root",
    "completion": "a script that completes this command in bash, zsh or fish",
}


def command(name: str) -> ModuleType:
    """The module of a command."""
    return import_module(f".{name.replace('-', '_')}", __name__)


def parser_of(chosen: str | None = None) -> argparse.ArgumentParser:
    """The parser of all commands. Only the chosen one has its arguments, for these need its module."""
    parser = argparse.ArgumentParser(
        prog="impact-tracker",
        description="Measures what programs cost in energy and in impact on the world.",
        epilog="First: impact-tracker doctor (what is measured here), then impact-tracker run -o DIR -- COMMAND and "
        "impact-tracker report DIR. impact-tracker COMMAND --help says what a command takes.",
    )
    parser.add_argument("--version", action="store_true", help="print the version and end")
    commands = parser.add_subparsers(dest="name", metavar="COMMAND", title="commands")
    for name, about in COMMANDS.items():
        below = commands.add_parser(name, help=about)
        if name == chosen:
            module = command(name)
            below.description, below.formatter_class = module.__doc__, argparse.RawDescriptionHelpFormatter
            module.add_arguments(below)
            below.set_defaults(run=module.run)
    return parser


def _chosen(arguments: Sequence[str]) -> str | None:
    """The command that is asked for; `None` for help and for a word that is no command."""
    return arguments[0] if arguments and arguments[0] in COMMANDS else None


def _unknown(arguments: Sequence[str]) -> int | None:
    """2 after saying which commands are near, where the first word is none."""
    if not arguments or arguments[0].startswith("-") or arguments[0] in COMMANDS:
        return None
    import difflib

    near = difflib.get_close_matches(arguments[0], COMMANDS)
    hint = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(COMMANDS)}"
    print(f"impact-tracker: no command {arguments[0]!r}; {hint}", file=sys.stderr)
    return 2


def _complete() -> None:
    """Where a shell asks how its line may go on: answer, and end the program."""
    if "_ARGCOMPLETE" in os.environ:
        from . import completion

        completion.answer(parser_of(_chosen(completion.words_before_cursor())))


def _open_closed_streams() -> None:
    """Open the null device for each standard stream that was closed.

    Otherwise the next file that is opened would get the stream's number, and printed text would go into it.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            try:
                os.fstat(number)
            except OSError:
                os.open(os.devnull, os.O_RDWR)  # it gets the lowest free number, which is this one
            setattr(sys, name, open(number, "r" if number == 0 else "w", closefd=False))  # noqa: SIM115


def _release(stream: TextIO) -> None:
    """Flush a stream; where its reader is gone, the program shall not end with an error for that."""
    try:
        stream.flush()
    except (OSError, ValueError):
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _error_handler(stream: TextIO) -> str:
    """What writes the signs that the stream's encoding lacks: an ASCII terminal shows "+/-" for "±"."""
    if stream.encoding.lower().startswith("utf"):
        return "replace"
    from ..plain_text import ASCII_SPELLINGS

    return ASCII_SPELLINGS


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    _open_closed_streams()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors=_error_handler(stream))
    # The words behind "--" are another program's command line. Versions of argparse treat them differently.
    cut = arguments.index("--") if "--" in arguments else len(arguments)
    unknown = _unknown(arguments)
    if unknown is not None:
        return unknown
    _complete()
    parser = parser_of(_chosen(arguments))
    args = parser.parse_args(arguments[:cut])
    args.behind = arguments[cut + 1 :] if cut < len(arguments) else None
    if args.version:
        from .._core import __version__

        print(f"impact-tracker {__version__}")
        return 0
    if args.name is None:
        parser.print_help()
        return 0
    return _guarded(args)


def _tell_doubts(args: argparse.Namespace) -> None:
    """Warn of typed numbers that no grid, site or part can have, by the rules that `lint` has."""
    typed = {name: value for name, value in vars(args).items() if isinstance(value, float)}
    if not typed or args.name == "lint":
        return
    from ..factors.plausible import doubts_of

    for name, doubt in doubts_of(typed):
        flag = "--intensity" if name == "intensity_g_per_kwh" else f"--{name.replace('_', '-')}"
        print(f"impact-tracker {args.name}: {doubt.level}: {flag}: {doubt}", file=sys.stderr)


def _words(error: Exception) -> str:
    """The error in words, without the system's number for it; its path once."""
    if not isinstance(error, OSError) or not error.strerror:
        return str(error)
    path = os.fsdecode(error.filename) if isinstance(error.filename, (str, bytes)) else ""
    is_told = not path or path in error.strerror or f"{os.path.dirname(path)}: " in error.strerror  # noqa: PTH120
    return error.strerror if is_told else f"{path}: {error.strerror}"


def _warning_line(
    message: Warning | str, category: type[Warning], filename: str, lineno: int, line: str | None = None
) -> str:
    """A warning of this package without the line of the program that is this command itself."""
    if category.__name__ == "ImpactWarning":
        return f"impact-tracker: {message}\n"
    return f"{filename}:{lineno}: {category.__name__}: {message}\n"


def _guarded(args: argparse.Namespace) -> int:
    """The command's exit code; an error that a user can mend is told in one line."""
    format_before, warnings.formatwarning = warnings.formatwarning, _warning_line
    try:
        _tell_doubts(args)
        code = int(args.run(args))
        sys.stdout.flush()
        return code
    except BrokenPipeError:  # as in `| head`, which reads only the first lines
        _release(sys.stdout)
        return 0
    except KeyboardInterrupt:
        return 130
    except (ValueError, OSError, ImportError) as error:
        with suppress(OSError, ValueError):
            print(f"impact-tracker {args.name}: {_words(error)}", file=sys.stderr)
        return 2
    finally:
        warnings.formatwarning = format_before
        _release(sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
