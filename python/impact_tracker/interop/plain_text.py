"""The sentences of a paper's source as a reader sees them, line by line: LaTeX, reStructuredText, HTML,
notebooks."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path

from .statement import InteropError, text_of

# LaTeX: what is not printed, and what stands for another character.
_UNPRINTED = ("verbatim", "lstlisting", "minted", "comment", "filecontents", "tikzpicture", "thebibliography")
_HIDES = re.compile(rf"\\begin\{{({'|'.join(_UNPRINTED)})\*?\}}|\\iffalse\b")
_SHOWS = {name: re.compile(rf"\\end\{{{name}\*?\}}") for name in _UNPRINTED} | {"": re.compile(r"\\fi\b")}
_COMMENT = re.compile(r"(?<!\\)((?:\\\\)*)%.*")
# What is tried at many places ends at the next sign of its kind, so that a text is read once and not once a place.
_BRACES = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_OPTION = r"\[[^\[\]]*\]"
_QUANTITY = re.compile(rf"\\(?:SI|qty)\s*(?:{_OPTION}\s*)?{_BRACES}\s*(?:{_OPTION}\s*)?{_BRACES}")
_NUMBER = re.compile(rf"\\num\s*(?:{_OPTION}\s*)?{_BRACES}")
_UNIT = re.compile(rf"\\(?:si|unit)\s*(?:{_OPTION}\s*)?{_BRACES}")
_RANGE = re.compile(rf"\\(?:SIrange|qtyrange)\s*(?:{_OPTION}\s*)?{_BRACES}\s*{_BRACES}\s*{_BRACES}")
_LOW = re.compile(rf"\\textsubscript\s*{_BRACES}|(?<!\\)_\s*(?:{_BRACES}|(\w))")
_WRAPPED = re.compile(rf"\\(?:text\w*|emph|mathrm|mathit|mathbf|mathsf|mbox|ce|underline|footnote|hbox)\s*{_BRACES}")
_POWER_OF_TEN = re.compile(r"(\d)\s*(?:\\times|\\cdot|×|\*)\s*10\s*\^\s*(?:\{\s*([+-]?\d+)\s*\}|([+-]?\d))")
_CITED = re.compile(
    rf"\\(?:(?=\w*?cite)\w+|ref|eqref|label|url|index|bibliography\w*|includegraphics)\s*(?:{_OPTION}\s*)*{_BRACES}"
)
_OWN_NUMBER = re.compile(r"\\(?:re)?newcommand\*?\{?(\\[A-Za-z]+)\}?\{\s*([\d.,]+)\s*\}")
_COMMAND = re.compile(r"(\\[A-Za-z]+)(?:\{\})?")
_INVERSE = re.compile(r"(?<!\s)\s*(?:[·.]\s*)?\b(k?Wh|KWh|MWh)\s*(?:\^\s*[-−]1|⁻¹)")  # tried once for a run of blanks
_SPACES = re.compile(r"(?<!\\)~|\\[,;:! ]|\\(?:quad|qquad|thinspace|enspace|hfill)\b\s*")
_FENCE_OR_COMMENT = re.compile(r"^(?:```|~~~)|<!--", re.M)
_FENCE_ENDS = {fence: re.compile(rf"^{fence}[^\n]*$", re.M) for fence in ("```", "~~~")} | {"<!--": re.compile("-->")}
_HTML_HIDES = re.compile(r"<!--|<(head|script|style|template|svg|pre|code)\b[^<>]*>", re.I)
_HTML_SHOWS = {
    name: re.compile(rf"</{name}\s*>", re.I) for name in ("head", "script", "style", "template", "svg", "pre", "code")
} | {"": re.compile("-->")}
_BLOCK = re.compile(
    r"</?(?:p|div|li|ul|ol|dl|dd|dt|table|tr|td|th|caption|h[1-6]|hr|section|article|main|header|footer|nav|aside|figure"
    r"|figcaption|blockquote|details|summary|body|html)\b[^<>]*>",
    re.I,
)
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_SYMBOLS = {
    r"\pm": "±",
    r"\approx": "≈",
    r"\sim": "≈",
    r"\times": "×",
    r"\cdot": "·",
    r"\percent": "%",
    r"\&": "&",
    r"\_": "_",
}
_UNITS = {
    "kilowatthour": "kWh", "watthour": "Wh", "megawatthour": "MWh", "gigawatthour": "GWh", "kWh": "kWh", "MWh": "MWh",
    "Wh": "Wh", "GWh": "GWh", "watt": "W", "joule": "J", "gram": "g", "tonne": "t", "tonnes": "t", "ton": "t",
    "hour": "h", "second": "s", "minute": "min", "day": "d", "kilogram": "kg", "percent": "%", "kW": "kW", "kg": "kg",
    "g": "g", "W": "W", "J": "J",
    "kJ": "kJ", "MJ": "MJ", "h": "h", "s": "s", "MW": "MW", "liter": "L", "litre": "L",
}  # fmt: skip
_PREFIXES = {"micro": "µ", "milli": "m", "kilo": "k", "mega": "M", "giga": "G", "tera": "T"}


def sentences_of(place: Path) -> Iterator[tuple[str, str]]:
    """Where each paragraph stands, as `paper.tex:12`, and its text; InteropError for a notebook that is none."""
    content = text_of(place)
    if place.suffix == ".ipynb":
        yield from _of_notebook(content, place)
        return
    if place.suffix in (".html", ".htm"):
        yield from _of_html(content, place)
        return
    plain = _READERS.get(place.suffix, str)(content)
    yield from _paragraphs(plain, str(place))


def latex_text(source: str) -> str:
    """What LaTeX prints of a source, without comments, with `\\SI` and `\\qty` as number and unit. Lines stay lines."""
    plain = _without_hidden(_COMMENT.sub(r"\1", source), _HIDES, lambda opening: _SHOWS[opening[1] or ""])
    plain = plain.partition("\\end{document}")[0]
    own_numbers = dict(reversed(_OWN_NUMBER.findall(plain)))  # the first definition of a name counts
    if own_numbers:
        plain = _COMMAND.sub(lambda m: own_numbers.get(m[1], m[0]), _OWN_NUMBER.sub("", plain))
    plain = plain.replace("\\footnote", " ")
    plain = _RANGE.sub(lambda m: f"{_number(m[1])} to {_number(m[2])} {_unit(m[3])}", plain)
    plain = _QUANTITY.sub(lambda m: f"{_number(m[1])} {_unit(m[2])}", plain)
    plain = _NUMBER.sub(lambda m: _number(m[1]), plain)
    plain = _UNIT.sub(lambda m: _unit(m[1]), plain)
    plain = _POWER_OF_TEN.sub(lambda m: f"{m[1]}e{m[2] or m[3]}", plain)
    plain = _CITED.sub("", plain).replace("{,}", ",")
    plain = _SPACES.sub(" ", plain)
    for _ in range(3):  # commands stand inside one another
        plain = _WRAPPED.sub(r"\1", _LOW.sub(lambda m: m[1] or m[2] or m[3], plain))
    for command, symbol in _SYMBOLS.items():
        plain = plain.replace(command, symbol)
    plain = re.sub(rf"\\begin\{{[^{{}}]*\}}(?:{_OPTION})?|\\end\{{[^{{}}]*\}}|\\\\(?:{_OPTION})?", " ", plain)
    plain = re.sub(r"\\([%$#{}])", r"\1", plain)
    plain = re.sub(r"\$|[{}]|\\[a-zA-Z]+\*?", "", plain)
    return _INVERSE.sub(r"/\1", plain)


def _without_hidden(text: str, opening: re.Pattern[str], closing: Callable[[re.Match[str]], re.Pattern[str]]) -> str:
    """The text without what lies between an opening and its closing; lines stay lines. What nothing closes is kept."""
    kept: list[str] = []
    done = 0
    never_closed: set[re.Pattern[str]] = set()  # looked for once to the end of the text, and not again
    for begin in opening.finditer(text):
        wanted = closing(begin)
        if begin.start() < done or wanted in never_closed:
            continue
        end = wanted.search(text, begin.end())
        if end is None:
            never_closed.add(wanted)
            continue
        kept += [text[done : begin.start()], "\n" * text.count("\n", begin.start(), end.end())]
        done = end.end()
    return "".join([*kept, text[done:]])


def _number(text: str) -> str:
    """`1.2e3`, `1,287`, `12(3)`, `12 +- 3` as the number alone."""
    power = _POWER_OF_TEN.sub(lambda m: f"{m[1]}e{m[2] or m[3]}", text)
    plain = re.split(r"\(|\+-|\\pm|±", power)[0].replace("{,}", ",").replace(" ", "").replace("d", "e")
    return re.sub(r"\\,|~", "", plain)


def _unit(text: str) -> str:
    """`\\kilo\\watt\\hour` as `kWh`, `\\gram\\per\\kilo\\watt\\hour` and `g.kWh^{-1}` as `g/kWh`."""
    spelled = re.sub(r"(?<![A-Za-z])([A-Za-z]+)\s*\^\s*\{?-1\}?", r"/\1", re.sub(r"~|\\[,;:! ]", " ", text))
    spelled = re.sub(r"[.·]\s*/", "/", spelled)
    written = ""
    for command, other in re.findall(r"\\([A-Za-z]+)|([^\\]+)", spelled):
        if command == "per":
            written += "/"
        elif command:
            written += _PREFIXES.get(command, _UNITS.get(command, ""))
        else:
            written += re.sub(r"[{}\s_$]", "", other)
    return written.replace("W.h", "Wh").replace("W·h", "Wh")


def rst_text(source: str) -> str:
    """What reStructuredText prints of a source, without comments, directives' options and code."""
    lines, hidden_below = [], None
    for line in source.splitlines():
        indent = len(line) - len(line.lstrip())
        if hidden_below is not None and (not line.strip() or indent > hidden_below):
            lines.append("")
            continue
        hidden_below = None
        stripped = line.lstrip()
        is_comment = re.match(r"\.\.(?:\s+(?![\w-]+::|_|\[|\|)|$)", stripped)
        if is_comment or re.match(r"\.\.\s+(?:code|code-block|sourcecode|raw|literalinclude|math)::", stripped):
            hidden_below = indent
            lines.append("")
            continue
        if stripped.endswith("::") and not stripped.startswith(".."):
            hidden_below = indent
        lines.append(re.sub(r"^\s*\.\.\s+[\w-]+::\s*|^\s*:[\w-]+:\s", "", line))
    plain = "\n".join(lines).replace("\\ ", "")
    return re.sub(
        r":\w+:`([^`]*)`|`{1,2}([^`]*)`{1,2}_?|\*{1,2}([^*\n]+)\*{1,2}", lambda m: m[1] or m[2] or m[3] or "", plain
    )


def markdown_text(source: str) -> str:
    """What Markdown prints of a source, without code and comments."""
    plain = _without_hidden(source, _FENCE_OR_COMMENT, lambda opening: _FENCE_ENDS[opening[0]])
    plain = re.sub(r"</?su[bp]>|\*\*|__|`", "", plain)
    return latex_text(re.sub(r"(?<!\\)%", r"\\%", plain)) if "$" in plain or "\\" in plain else plain


def _of_html(content: str, place: Path) -> Iterator[tuple[str, str]]:
    """The texts between the tags that begin a line of their own, with the lines of the source."""
    plain = _without_hidden(content, _HTML_HIDES, lambda opening: _HTML_SHOWS[(opening[1] or "").lower()])
    done, line = 0, 1
    for end, after in (*(tag.span() for tag in _BLOCK.finditer(plain)), (len(plain), len(plain))):
        piece = plain[done:end]
        paragraph = " ".join(unescape(_TAG.sub("", re.sub(r"<br\b[^<>]*>", " ", piece, flags=re.I))).split())
        if paragraph:
            before = len(piece) - len(piece.lstrip())
            yield f"{place}:{line + piece.count(chr(10), 0, before)}", paragraph
        line += plain.count("\n", done, after)
        done = after


_READERS: dict[str, Callable[[str], str]] = {".tex": latex_text, ".rst": rst_text, ".md": markdown_text}


def _of_notebook(content: str, place: Path) -> Iterator[tuple[str, str]]:
    try:
        cells = json.loads(content)["cells"]
        texts = [("".join(cell["source"]), cell["cell_type"]) for cell in cells]
    except (ValueError, KeyError, TypeError, RecursionError) as fault:
        raise InteropError(f"{place}: not a notebook of Jupyter: {fault}") from None
    for number, (text, kind) in enumerate(texts, 1):
        if kind == "markdown":
            for _, paragraph in _paragraphs(markdown_text(text), ""):
                yield f"{place}, cell {number}", paragraph


def _paragraphs(text: str, where: str) -> Iterator[tuple[str, str]]:
    lines: list[str] = []
    began = 1
    for number, line in enumerate([*text.splitlines(), ""], 1):
        if line.strip():
            began = began if lines else number
            lines.append(line.strip())
        elif lines:
            yield f"{where}:{began}", " ".join(" ".join(lines).split())
            lines = []
