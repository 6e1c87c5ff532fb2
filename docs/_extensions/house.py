"""What the site takes from the code itself: pages of commands from `--help`, settings from their table, readers from
their head comments; links into the repository as the names of its files."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

DOCS = Path(__file__).resolve().parents[1]
ROOT = DOCS.parent
GENERATED = DOCS / "reference" / "generated"


def parser_of(name: str) -> argparse.ArgumentParser:
    """The parser of one command, with its arguments."""
    from impact_tracker.cli import parser_of as all_of

    top_parser = all_of(name)
    (commands,) = (action for action in top_parser._actions if isinstance(action, argparse._SubParsersAction))
    parser: argparse.ArgumentParser = commands.choices[name]
    return parser


def below(parser: argparse.ArgumentParser) -> list[argparse.ArgumentParser]:
    """The parser and those of its own commands, each once."""
    parsers = [parser]
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for child in dict.fromkeys(action.choices.values()):
                parsers += below(child)
    return parsers


def help_of(parser: argparse.ArgumentParser) -> str:
    """Its help, as wide as a page."""
    parser.formatter_class = lambda prog: argparse.RawDescriptionHelpFormatter(prog, width=100, max_help_position=30)  # type: ignore[assignment,return-value]
    return parser.format_help()


def command_page(name: str, about: str) -> str:
    """A page of the reference, and the source of the man page."""
    title = f"impact-tracker {name}"
    lines = [f"# {title}", "", f"{about[0].upper()}{about[1:]}.", ""]
    for parser in below(parser_of(name)):
        if parser.prog != title:
            lines += [f"## {parser.prog.removeprefix('impact-tracker ')}", ""]
        lines += ["```text", help_of(parser).rstrip(), "```", ""]
    return "\n".join(lines)


def settings_page() -> str:
    """The tracker's settings, and what readers can be told."""
    from impact_tracker import _core
    from impact_tracker.settings import TABLE

    lines = [
        "# Settings",
        "",
        "Each may be an argument of `ImpactTracker`, a variable of the environment, or a line of `[impact-tracker]` in",
        "`impact-tracker.ini`; some are flags of `impact-tracker run`.",
        "",
        "| setting | variable | flag | meaning |",
        "|---|---|---|---|",
    ]
    for option in TABLE.values():
        flags = " ".join(f"`{flag}`" for flag in option.flags)
        about = option.about.replace("|", "\\|")
        lines.append(f"| `{option.name}` | `{option.variable}` | {flags} | {about} |")
    lines += [
        "",
        "## What readers can be told",
        "",
        "By variables, or in `[readers]` of the file.",
        "",
        "| setting | variable | readers | meaning |",
        "|---|---|---|---|",
    ]
    for setting in _core.source_settings():
        about = setting.what.replace("|", "\\|")
        readers = ", ".join(f"`{reader}`" for reader in setting.readers)
        lines.append(f"| `{setting.name}` | `{setting.variable}` | {readers} | {about} |")
    return "\n".join(lines) + "\n"


def readers_page() -> str:
    """The manual of each reader: the head comment of its source."""
    lines = ["# Readers", "", "What each measures, needs and gets wrong: the head of its source.", ""]
    for path in sorted((ROOT / "cpp/impact/sources").glob("*.cpp")):
        text = path.read_text()
        if not re.search(rf"\bopen_{path.stem}\s*\(", text):
            continue
        head = [line.removeprefix("//").removeprefix(" ") for line in text.partition("#include")[0].splitlines()]
        lines += [f"## {path.stem}", "", "```text", "\n".join(head).strip(), "```", ""]
    return "\n".join(lines)


def write_if_changed(path: Path, text: str) -> None:
    """So that a second build reads only what is new."""
    if not path.exists() or path.read_text() != text:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def generate(app: Sphinx) -> None:
    """Writes the pages."""
    from impact_tracker.cli import COMMANDS

    index = ["# Commands", "", "```{toctree}", ":maxdepth: 1", ""]
    for name, about in COMMANDS.items():
        write_if_changed(GENERATED / f"{name}.md", command_page(name, about))
        index.append(name)
    write_if_changed(GENERATED / "commands.md", "\n".join([*index, "```", ""]))
    write_if_changed(GENERATED / "settings.md", settings_page())
    write_if_changed(GENERATED / "readers.md", readers_page())


def outside_links(app: Sphinx, docname: str, source: list[str]) -> None:
    """A link to a file of the repository that is no page of the site becomes the file's name."""

    def replaced(match: re.Match[str]) -> str:
        label, target = match.group(1), match.group(2)
        path = (DOCS / docname).parent / target.partition("#")[0]
        if target.startswith(("http:", "https:", "#", "mailto:")) or (path.suffix == "" and not path.exists()):
            return match.group(0)
        inside = path.resolve().is_relative_to(DOCS)
        return match.group(0) if inside else f"{label} (`{path.resolve().relative_to(ROOT)}`)"

    source[0] = re.sub(r"(?<!!)\[([^\]]+)\]\(([^)\s]+)\)", replaced, source[0])


def setup(app: Sphinx) -> dict[str, bool]:
    """Sphinx's door."""
    app.connect("builder-inited", generate)
    app.connect("source-read", outside_links)
    return {"parallel_read_safe": True}
