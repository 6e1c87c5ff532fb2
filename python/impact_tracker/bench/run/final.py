"""What is known only when a session has ended: energies of sensors that lag, and the idle machine after the tests."""

from __future__ import annotations

from typing import Any

from ..judge.baseline import AFTER, BEFORE, baselines, levels_at
from ..judge.validity import ONE, judge
from ..plan.settings import Settings
from ..plan.test import ASIDE
from ..row.rows import Row, add_energy, add_ratios, current
from ..row.storage import Storage
from ..row.sums import together


def settle(storage: Storage, settings: Settings, strict: bool) -> None:
    """Rows whose energy or whose baseline was provisional are written again, also those of a session that was ended. Of
    drivers beside each other each looks after its own task."""
    rows = current(storage.lines())
    if storage.part is not None:
        own = {row.get("session") for row in rows if row["task"] == storage.part}
        rows = [row for row in rows if row.get("session") in own]
    records = _Records(storage)
    changed = {id(row) for row in rows if row.get("provisional") and records.made_final(row)}
    idle = baselines(rows)
    moved = {session for session, both in idle.items() if any(id(row) in changed for row in both.values())}
    for row in rows:  # idle rows come before those that are held against them
        both = idle.get(row.get("session"), {})
        if row["phase"] not in (*ASIDE, "idle") and row["status"] == "ok":
            levels = levels_at(row, both.get(BEFORE), both.get(AFTER))
            waits = row.get("idle_baselines") == ONE and "" in levels and levels[""].low_w is not None
            if id(row) not in changed and row.get("session") not in moved and not waits:
                continue
            judge(row, settings, None, levels, strict)
        elif id(row) not in changed:
            continue
        storage.append(row)


class _Records:
    """The regions of a campaign's records, each read once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._regions: dict[str, dict[str, list[Any]]] = {}

    def made_final(self, row: Row) -> bool:
        """Gives a row its final energy, where its record has one by now."""
        if row["record"] not in self._regions:
            self._regions[row["record"]] = self._read(row["record"])
        # Of a training by epochs there are several regions of one name.
        final = together(self._regions[row["record"]].get(row["region"], []))
        if final is None or final.provisional:
            return False
        add_energy(row, final)
        add_ratios(row)
        late = {source["id"] for source in row["sources"] if source["energy_j"] is not None}
        row["silent"] = [name for name in row.get("silent") or [] if name not in late]
        return True

    def _read(self, record: str) -> dict[str, list[Any]]:
        from ...record import Record

        found: dict[str, list[Any]] = {}
        try:
            for region in Record(self._storage.folder / record).regions:
                found.setdefault(region.name, []).append(region)
        except (OSError, ValueError):  # moved or damaged: what was provisional stays so
            return {}
        return found
