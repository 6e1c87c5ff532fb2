"""The published study's Tables 1 to 3 for a campaign, the answers, and tables as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from ..report.page import Table
from .analysis import Answer, Point
from .networks import NETWORKS, TOP1_SOURCE
from .page import scale_of, unit_of, with_half
from .published import CLASSIFIERS, published
from .statistics import Mean
from .summary import Cell

_LATEX = {"&": r"\&", "%": r"\%", "#": r"\#", "_": r"\_", "±": r"$\pm$", "→": r"$\to$", "–": "--", "²": "$^2$"}
_LATEX.update({"<": "$<$", ">": "$>$", "·": r"$\cdot$", "×": r"$\times$", "^": r"\^{}"})
_POWERS = {"⁻³": "$^{-3}$", "⁻⁶": "$^{-6}$", "⁻⁹": "$^{-9}$"}


def table1(points: Sequence[Point]) -> Table:
    """Networks: parameters of the graphs beside what the study read off a chart, multiply-adds, reported accuracy."""
    gmac = {point.model: point.gmac for point in points}
    rows = []
    for network in NETWORKS:
        if network.name not in CLASSIFIERS:
            continue
        read_off = published().parameters_m[network.name]
        exact = network.parameters / 1e6
        size = gmac.get(network.name)
        rows.append(
            (
                network.title,
                f"{exact:.2f}",
                f"{read_off:g}",
                f"{(read_off / exact - 1) * 100:+.0f} %",
                "" if size is None else f"{size:.3g}",
                "" if network.top1 is None else f"{network.top1:.1f}",
            )
        )
    columns = ("network", ">parameters, M", ">as published, M", ">off by", ">GMAC", ">top-1, %")
    return Table(columns, rows, f"Table 1: networks (accuracy: {TOP1_SOURCE})")


def table23(cells: Sequence[Cell], phase: str, *, classifiers: bool = True) -> Table:
    """Table 2 (inference) or 3 (training): energy, carbon, seconds as published, and what they lack: images and joules
    for one of them. `classifiers`: the seven of the study, else every test."""
    chosen = [
        cell for cell in cells if cell.phase == phase and (not classifiers or cell.model in CLASSIFIERS) and cell.runs
    ]
    energy, energy_unit = scale_of([cell.kwh for cell in chosen])
    carbon, carbon_unit = scale_of([cell.carbon_kg for cell in chosen])
    rows = []
    for cell in chosen:
        rows.append(
            (
                cell.title,
                str(cell.runs),
                _scaled(cell.kwh, energy),
                _scaled(cell.carbon_kg, carbon),
                _scaled(cell.seconds, 1.0),
                "" if cell.images is None else f"{cell.images:g}",
                _scaled(cell.j_per_image, 1.0),
            )
        )
    columns = (
        "network",
        ">runs",
        f">{energy_unit}kWh",
        f">{carbon_unit}kgCO2e",
        ">s",
        ">inputs" if unit_of(chosen) != "image" else ">images",
        f">J per {unit_of(chosen)}",
    )
    return Table(columns, rows, f"Table {2 if phase == 'inference' else 3}: {phase} (± 95 %)")


def _scaled(mean: Mean | None, scale: float) -> str:
    if mean is None:
        return ""
    return with_half(mean.value * scale, None if mean.half_width is None else mean.half_width * scale)


def answers_table(found: Sequence[Answer]) -> Table:
    """Question, answer, statistic."""
    return Table(("question", "answer", "statistic"), [tuple(one) for one in found], "The study's questions")


def markdown(table: Table) -> str:
    """A pipe table under its title."""
    names = [name.lstrip(">") for name in table.columns]
    marks = ["---:" if name.startswith(">") else "---" for name in table.columns]
    lines = ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in (names, marks, *table.rows)]
    title = [f"**{table.title}**", ""] if table.title else []
    return "\n".join([*title, *lines]) + "\n"


def latex(table: Table, label: str) -> str:
    """A table with booktabs rules."""
    alignment = "".join("r" if name.startswith(">") else "l" for name in table.columns)

    def line(cells: Sequence[str]) -> str:
        return " & ".join(_escaped(cell) for cell in cells) + r" \\"

    body = "\n".join(line(row) for row in table.rows)
    return (
        "\\begin{table}\n\\centering\n"
        f"\\caption{{{_escaped(table.title)}}}\n\\label{{tab:{label}}}\n"
        f"\\begin{{tabular}}{{{alignment}}}\n\\toprule\n{line([name.lstrip('>') for name in table.columns])}\n"
        f"\\midrule\n{body}\n\\bottomrule\n\\end{{tabular}}\n\\end{{table}}\n"
    )


def _escaped(text: str) -> str:
    whole = "".join(_LATEX.get(sign, sign) for sign in text)
    for power, written in _POWERS.items():
        whole = whole.replace(power, written)
    return whole


def csv_text(table: Table) -> str:
    """Comma-separated, as shown."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow([name.lstrip(">") for name in table.columns])
    writer.writerows(table.rows)
    return stream.getvalue()
