"""A page's text, as a reader without a browser has it."""

from __future__ import annotations

from html.parser import HTMLParser


class Text(HTMLParser):
    """The words of a page, its tags, and its blocks of data."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.blocks: dict[str, str] = {}
        self._in: dict[str, str | None] | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = dict(attrs) if tag in ("script", "style") else None

    def handle_endtag(self, tag: str) -> None:
        self._in = None

    def handle_data(self, data: str) -> None:
        if self._in is None:
            self.words.append(data)
        elif self._in.get("id"):
            self.blocks[str(self._in["id"])] = data

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())
