"""Print a script that completes this command in a shell: eval "$(impact-tracker completion bash)"."""

from __future__ import annotations

import argparse

NAME = "completion"
HELP = "a script that completes this command in bash, zsh or fish"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Which shell."""
    parser.add_argument("shell", choices=("bash", "zsh", "fish"))


def run(args: argparse.Namespace) -> int:
    """Prints the script."""
    print({"bash": bash, "zsh": zsh, "fish": fish}[args.shell](words()), end="")
    return 0


def words() -> dict[str, tuple[str, list[tuple[str, str]]]]:
    """For each command its help and its options with theirs."""
    from . import COMMANDS, command

    found = {}
    for name in COMMANDS:
        module = command(name)
        parser = argparse.ArgumentParser(prog=name)
        module.add_arguments(parser)
        options = [
            (option, action.help or "")
            for action in parser._actions
            if action.help != argparse.SUPPRESS
            for option in action.option_strings
            if option.startswith("--")
        ]
        found[name] = (str(module.HELP), options)
    return found


def bash(known: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    """Options by command, files for the rest; behind `run … --` whatever bash completes there."""
    cases = "\n".join(
        f'    {name}) options="{" ".join(option for option, _ in options)}" ;;' for name, (_, options) in known.items()
    )
    return f"""_impact_tracker() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" options=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "{" ".join(known)} --help --version" -- "$current"))
    return
  fi
  case "${{COMP_WORDS[1]}}" in
{cases}
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
    *) COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}}
complete -o filenames -F _impact_tracker impact-tracker
"""


def zsh(known: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    """The bash script, through zsh's own compatibility."""
    return "autoload -U +X bashcompinit && bashcompinit\n" + bash(known)


def fish(known: dict[str, tuple[str, list[tuple[str, str]]]]) -> str:
    """One line a command and an option."""

    def quoted(text: str) -> str:
        return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = []
    for name, (text, options) in known.items():
        lines.append(f"complete -c impact-tracker -n __fish_use_subcommand -a {name} -d {quoted(text)}")
        for option, about in options:
            within = f"'__fish_seen_subcommand_from {name}'"
            lines.append(f"complete -c impact-tracker -n {within} -l {option[2:]} -d {quoted(about)}")
    return "\n".join(lines) + "\n"
