"""Print a script that completes this command in a shell: eval "$(impact-tracker completion bash)"."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import NamedTuple

NAME = "completion"
HELP = "a script that completes this command in bash, zsh or fish"


class Option(NamedTuple):
    """One option: its help, what it takes where that is known, and whether it takes several with commas."""

    name: str
    about: str
    values: tuple[str, ...] = ()
    listed: bool = False


class Words(NamedTuple):
    """Of a command, or of a command and its action ("bench train"): help, options, and words that may stand first."""

    about: str
    options: list[Option]
    first: tuple[str, ...]


Known = Mapping[str, Words]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"), help="the shell")


def run(args: argparse.Namespace) -> int:
    """Prints the script."""
    print({"bash": bash, "zsh": zsh, "fish": fish}[args.shell](words()), end="")
    return 0


def words() -> dict[str, Words]:
    """For each command and each of its actions what can be completed."""
    from . import COMMANDS, command

    found: dict[str, Words] = {}
    for name in COMMANDS:
        module = command(name)
        parser = argparse.ArgumentParser(prog=name)
        module.add_arguments(parser)
        found.update(_of_parser(name, str(module.HELP), parser))
    return found


def _of_parser(name: str, about: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, Words]]:
    options: list[Option] = []
    first: list[str] = []
    below: list[tuple[str, Words]] = []
    for action in parser._actions:
        if action.help == argparse.SUPPRESS:
            continue
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for word, other in action.choices.items():
                first.append(word)
                below += _of_parser(f"{name} {word}", helps.get(word, ""), other)
        elif action.option_strings:
            names = getattr(action, "completer", None)
            values = tuple(map(str, action.choices or (names() if names is not None else ())))
            options += [
                Option(option, action.help or "", values, names is not None)
                for option in action.option_strings
                if option.startswith("--")
            ]
        elif action.choices:
            first += map(str, action.choices)
    yield name, Words(about, options, tuple(first))
    yield from below


def bash(known: Known) -> str:
    """Options by command, what they take where that is known, files for the rest; behind `run … --` whatever bash
    completes there."""
    cases = "\n".join(
        f'    "{name}") options="{" ".join(option.name for option in one.options)}"; first="{" ".join(one.first)}" ;;'
        for name, one in known.items()
    )
    actions = "|".join(f'"{name}"' for name in known if " " in name) or '""'
    values = "\n".join(
        f'    "{name} {option.name}") values="{" ".join(option.values)}"{"; listed=1" if option.listed else ""} ;;'
        for name, one in known.items()
        for option in one.options
        if option.values
    )
    top = " ".join(name for name in known if " " not in name)
    return f"""_impact_tracker() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}" command="${{COMP_WORDS[1]}}"
  local options="" first="" values="" listed="" at=2 done=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{top} --help --version" -- "$current"))
    return
  fi
  if [ "$COMP_CWORD" -gt 2 ]; then
    case "$command ${{COMP_WORDS[2]}}" in
      {actions}) command="$command ${{COMP_WORDS[2]}}"; at=3 ;;
    esac
  fi
  case "$command" in
{cases}
  esac
  case "$command $before" in
{values}
  esac
  if [ -n "$listed" ]; then
    case "$current" in *,*) done="${{current%,*}}," ;; esac
    COMPREPLY=($(compgen -P "$done" -W "$values" -- "${{current##*,}}"))
    return
  fi
  if [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
    return
  fi
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current"))
       [ "$COMP_CWORD" -eq "$at" ] && COMPREPLY+=($(compgen -W "$first" -- "$current")) ;;
  esac
}}
complete -o filenames -F _impact_tracker impact-tracker
"""


def zsh(known: Known) -> str:
    """The bash script, through zsh's own compatibility."""
    return "autoload -U +X bashcompinit && bashcompinit\n" + bash(known)


def fish(known: Known) -> str:
    """One line a command, an action and an option."""

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = []
    for name, one in known.items():
        above, _, action = name.partition(" ")
        within = f"'__fish_seen_subcommand_from {above}'"
        if not action:
            lines.append(f"complete -c impact-tracker -n __fish_use_subcommand -a {name} -d {quoted(one.about)}")
            for word in one.first:
                about = known[f"{name} {word}"].about if f"{name} {word}" in known else ""
                lines.append(f"complete -c impact-tracker -n {within} -a {word} -d {quoted(about)}")
        else:
            within = f"'__fish_seen_subcommand_from {above}; and __fish_seen_subcommand_from {action}'"
        for option in one.options:
            takes = f" -xa {quoted(' '.join(option.values))}" if option.values else ""
            lines.append(
                f"complete -c impact-tracker -n {within} -l {option.name[2:]}{takes} -d {quoted(option.about)}"
            )
    return "\n".join(lines) + "\n"
