"""Our values beside boaviztapi's, EcoLogits' and CodeCarbon's, over all their cards, processors, instances, zones and
regions: a table of ratios, every cell beyond 1.25 times with its reason.

    python benchmarks/beside             # prints the summary; every cell goes to build/beside/cells.csv
    python benchmarks/beside --write     # and writes benchmarks/beside/ratios.md

Each package is asked in an environment of its own (made under build/beside from PyPI at the first run: some minutes).
"""

from __future__ import annotations

import argparse
import csv
import statistics
import sys
from collections import Counter

from environments import HERE, HOME, VERSIONS, values_of
from ratios import BEYOND, FAMILIES, Cell, family_of, groups_of, reason_of

NAMED = 8  # cells outside both that a group shows by name


def summary(cells: list[Cell]) -> list[str]:
    """The table of ratios as Markdown."""
    lines = [
        "# Ours over theirs",
        "",
        "`python benchmarks/beside --write`. Known: names that we find. Near: within 1.25 times. In range: theirs lies",
        "in our range. Every cell, with its reason where it lies beyond, goes to `build/beside/cells.csv`.",
        "",
        "| kind | package | indicator | cells | known | near | in range | either | ratio: least, median, most |",
        "|---|---|---|---:|---:|---:|---:|---:|---|",
    ]
    for (kind, package, indicator), group in groups_of(cells).items():
        ratios = sorted(cell.ratio for cell in group if cell.ratio is not None)
        known, near, inside = len(ratios), sum(c.near for c in group), sum(c.inside for c in group)
        both = sum(c.near or c.inside for c in group)
        span = ", ".join(f"{r:.3g}" for r in (ratios[0], statistics.median(ratios), ratios[-1])) if ratios else ""
        row = (kind, package, indicator, len(group), known, near, inside, both, span)
        lines.append(f"| {' | '.join(str(part) for part in row)} |")
    return [*lines, *_reasons(cells), *_cards(cells), *_processors(cells)]


def _reasons(cells: list[Cell]) -> list[str]:
    """Every cell beyond 1.25 times by its reason; by name those outside our range too."""
    lines = ["", "## Cells beyond 1.25 times, by reason", ""]
    lines += ["| kind | package | indicator | cells | outside our range too | reason |", "|---|---|---|---:|---|---|"]
    for (kind, package, indicator), group in groups_of(cells).items():
        beyond = [cell for cell in group if cell.ours is not None and not cell.near]
        for reason, count in Counter(map(reason_of, beyond)).most_common():
            outside = [cell.name for cell in beyond if reason_of(cell) == reason and not cell.inside]
            shown = ", ".join(outside[:NAMED]) + (f" and {len(outside) - NAMED} more" if len(outside) > NAMED else "")
            told = f"{len(outside)}: {shown}" if outside else "0"
            lines.append(f"| {kind} | {package} | {indicator} | {count} | {told} | {reason or 'NOT EXPLAINED'} |")
    return lines


def _cards(cells: list[Cell]) -> list[str]:
    """The making of each card, ours over theirs."""
    named: dict[str, dict[str, str]] = {}
    for cell in cells:
        if cell.kind == "cards" and cell.package == "boaviztapi" and cell.ratio is not None:
            named.setdefault(cell.name, {})[cell.indicator] = f"{cell.ratio:.2f}"
    lines = ["", f"## Making of cards, ours over boaviztapi {VERSIONS['boaviztapi']}", ""]
    lines += ["| card | carbon | primary energy | depletion |", "|---|---:|---:|---:|"]
    order = ("carbon", "primary_energy", "adp")
    return [*lines, *(f"| {name} | {' | '.join(row.get(i, '') for i in order)} |" for name, row in named.items())]


def _processors(cells: list[Cell]) -> list[str]:
    """The making of processors by their maker's line, ours over theirs."""
    lines = ["", f"## Making of processors, ours over boaviztapi {VERSIONS['boaviztapi']}", ""]
    lines += ["Cores are those of our tables, else what a machine with this processor says of itself.", ""]
    lines += [
        "| line | processors | indicator | near | in range | ratio: least, median, most |",
        "|---|---:|---|---:|---:|---|",
    ]
    for family in (*FAMILIES, "others"):
        for indicator in ("carbon", "primary_energy", "adp"):
            group = [
                c for c in cells if (c.kind, c.indicator) == ("processors", indicator) and family_of(c.name) == family
            ]
            ratios = sorted(cell.ratio for cell in group if cell.ratio is not None)
            if ratios:
                near, inside = sum(c.near for c in group), sum(c.inside for c in group)
                span = ", ".join(f"{r:.2f}" for r in (ratios[0], statistics.median(ratios), ratios[-1]))
                lines.append(f"| {family} | {len(group)} | {indicator} | {near} | {inside} | {span} |")
    return lines


def main() -> int:
    """Prints the table; 1 where a cell beyond 1.25 times has no reason."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="writes benchmarks/beside/ratios.md")
    args = parser.parse_args()
    HOME.mkdir(parents=True, exist_ok=True)
    from ratios import cells_of

    cells = [cell for package in VERSIONS for cell in cells_of(package, values_of(package))]
    with (HOME / "cells.csv").open("w", encoding="utf-8", newline="") as stream:
        out = csv.writer(stream)
        out.writerow(("package", "kind", "indicator", "name", "theirs", "ours", "low", "high", "ratio", "reason"))
        for cell in cells:
            ours = cell.ours[:3] if cell.ours else ("", "", "")
            reason = "" if cell.ours is None or cell.near else reason_of(cell)
            out.writerow((*cell[:5], *ours, cell.ratio or "", reason))
    text = "\n".join(summary(cells)) + "\n"
    print(text)
    if args.write:
        (HERE / "ratios.md").write_text(text, encoding="utf-8")
    unexplained = [cell for cell in cells if cell.ours and not cell.near and not reason_of(cell)]
    print(f"{len(cells)} cells, {len(unexplained)} beyond {BEYOND:g} times without a reason", file=sys.stderr)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
