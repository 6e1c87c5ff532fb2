"""Tables can be written as Markdown, LaTeX and CSV, pages as Markdown."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ...report.page import Page, Table

# Every sign that LaTeX reads as a command, and those beyond ASCII that tables hold.
_LATEX = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "$": r"\$", "{": r"\{", "}": r"\}", "~": r"\textasciitilde{}"}
_LATEX.update({"\\": r"\textbackslash{}", "^": r"\^{}", "<": "$<$", ">": "$>$", "`": r"\textasciigrave{}"})
_LATEX.update(
    {"±": r"$\pm$", "→": r"$\to$", "–": "--", "²": "$^2$", "·": r"$\cdot$", "×": r"$\times$", "…": r"\dots{}"}
)
_LATEX.update({"µ": r"\textmu{}", "≤": r"$\le$", "≥": r"$\ge$", "’": "'", "°": r"$^\circ$"})
_POWERS = {"⁻³": "$^{-3}$", "⁻⁴": "$^{-4}$", "⁻⁶": "$^{-6}$", "⁻⁹": "$^{-9}$"}
_LONG = 34  # characters of a cell from which its column is set as paragraphs

PREAMBLE = "% \\usepackage{booktabs}; \\usepackage[utf8]{inputenc}; \\usepackage{textcomp}\n"


def markdown(table: Table) -> str:
    """Writes a pipe table under its title."""
    names = [name.lstrip(">") for name in table.columns]
    marks = ["---:" if name.startswith(">") else "---" for name in table.columns]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (names, marks, *table.rows)]
    title = [f"**{table.title}**", ""] if table.title else []
    return "\n".join([*title, *lines]) + "\n"


def markdown_page(page: Page, title: str = "") -> str:
    """Writes a page: its answer, its tables, what to know."""
    blocks = [f"# {title}\n"] if title else []
    blocks += [line + "\n" for line in page.headline.splitlines()]
    blocks += [markdown(table) for table in page.tables if table.rows]
    if page.caveats:
        blocks.append("".join(f"- {caveat}\n" for caveat in page.caveats))
    blocks += [line + "\n" for line in page.details]
    return "\n".join(blocks)


def latex(table: Table, label: str) -> str:
    """Writes a table with booktabs rules; long texts are paragraphs, so that it fits a page's width."""

    def line(cells: Sequence[str]) -> str:
        return " & ".join(_escaped(cell) for cell in cells) + r" \\"

    body = "\n".join(line(row) for row in table.rows)
    return (
        "\\begin{table}\n\\centering\\small\\setlength{\\tabcolsep}{4pt}\n"
        f"\\caption{{{_escaped(table.title)}}}\n\\label{{tab:{label}}}\n"
        f"\\begin{{tabular}}{{{_alignment(table)}}}\n\\toprule\n{line([name.lstrip('>') for name in table.columns])}\n"
        f"\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def _alignment(table: Table) -> str:
    longest = [max((len(row[place]) for row in table.rows), default=0) for place in range(len(table.columns))]
    words = [length > _LONG and not name.startswith(">") for name, length in zip(table.columns, longest)]
    # What the short columns take, at about 160 characters a line of this size; the long ones share the rest.
    room = 0.92 - sum(length for length, is_long in zip(longest, words) if not is_long) / 160
    roots = sum(length**0.5 for length, is_long in zip(longest, words) if is_long)
    alignment = ""
    for name, length, is_long in zip(table.columns, longest, words):
        width = max(room, 0.3) * length**0.5 / roots if is_long else 0.0
        alignment += f"p{{{width:.2f}\\linewidth}}" if is_long else "r" if name.startswith(">") else "l"
    return alignment


def _escaped(text: str) -> str:
    escaped = "".join(_LATEX.get(sign, sign) for sign in text)
    for power, written in _POWERS.items():
        escaped = escaped.replace(power, written)
    return escaped


def csv_text(table: Table) -> str:
    """Writes the cells separated by commas, as they are shown."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name.lstrip(">") for name in table.columns])
    writer.writerows(table.rows)
    return stream.getvalue()
