"""One file that needs nothing else: the parts of a page, its script and its style, and what it may run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Sequence
from importlib import resources
from typing import NamedTuple

from .._core import __version__
from .markup import Html, data_block, element, joined
from .packing import Block

_SCRIPTS = ("uplot/uPlot.iife.min.js", "power.js", "chart.js", "page.js")
_STYLES = ("uplot/uPlot.min.css", "page.css")
_THEMES = (("auto", "as the system"), ("light", "light"), ("dark", "dark"))


class Section(NamedTuple):
    """A part of a page under a heading."""

    identifier: str
    title: str
    body: Html


def asset(name: str) -> str:
    """A file of the package's folder of assets."""
    return resources.files(__package__).joinpath("assets", *name.split("/")).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def html_of(title: str, answer: Html, sections: Sequence[Section], charts: Sequence[object], block: Block) -> str:
    """The page's text. `charts`: what the script draws, from the arrays in the block."""
    licence = asset("uplot/LICENSE").strip()
    script = "\n".join([f"/* uPlot:\n{licence}\n*/", *(asset(name) for name in _SCRIPTS)])
    style = "\n".join(asset(name) for name in _STYLES)
    # Only this script and this style take effect, and nothing is fetched: whatever a name in the page tries.
    policy = (
        f"default-src 'none'; script-src {_hash(script)}; style-src {_hash(style)}; base-uri 'none'; form-action 'none'"
    )
    head = [
        element("meta", {"charset": "utf-8"}),
        element("meta", {"http-equiv": "Content-Security-Policy", "content": policy}),
        element("meta", {"name": "viewport", "content": "width=device-width, initial-scale=1"}),
        element("meta", {"name": "generator", "content": f"impact-tracker {__version__}"}),
        element("title", None, title),
        Html(f"<style>{style}</style>"),
    ]
    contents = [element("li", None, _link(section)) for section in sections]
    navigation = element("nav", {"aria-label": "contents"}, element("ul", {"class": "contents"}, *contents))
    body = [
        element("a", {"class": "skip", "href": "#content"}, "to the answer"),
        element("header", {"class": "top"}, element("h1", None, title), _themes()),
        element(
            "main",
            {"id": "content", "tabindex": "-1"},
            answer,
            navigation if len(sections) > 1 else "",
            *map(_section, sections),
        ),
        element("footer", None, f"Made by impact-tracker {__version__}. It loads nothing and sends nothing."),
        data_block("impact-data", {"runs": list(charts)}),
        Html(f'<script type="text/plain" id="impact-samples">{block.text}</script>'),
        Html(f"<script>{script}</script>"),
    ]
    inside = f"<head>\n{joined(head)}\n</head>\n<body>\n{joined(body)}\n</body>"
    return f'<!DOCTYPE html>\n<html lang="en">\n{inside}\n</html>\n'


def _link(section: Section) -> Html:
    return element("a", {"href": f"#{section.identifier}"}, section.title)


def _section(section: Section) -> Html:
    heading = f"{section.identifier}-title"
    return element(
        "article",
        {"id": section.identifier, "aria-labelledby": heading},
        element("h2", {"id": heading}, section.title),
        section.body,
    )


def _themes() -> Html:
    choices = []
    for value, words in _THEMES:
        attributes = {"type": "radio", "name": "theme", "value": value, "checked": "" if value == "auto" else None}
        choices.append(element("label", None, element("input", attributes), f" {words}"))
    return element("fieldset", {"class": "themes"}, element("legend", None, "Colours"), *choices)
