"""What is known only when a session has ended: energies of sensors that lag, and the idle machine after the tests."""

from __future__ import annotations

from dataclasses import replace

from ..judge.baseline import AFTER, BEFORE, baselines, levels_at
from ..judge.checks import ONE, Rules, judge, to_judge
from ..plan.settings import Settings
from ..row.log import current
from ..row.make import measured_by, summed, with_energy, with_verdict
from ..row.row import Measured, Row
from ..row.storage import Storage


def settle(storage: Storage, settings: Settings, strict: bool) -> None:
    """Writes rows again whose energy or idle baseline was provisional, also those of a session that was interrupted.
    If several drivers run, each of them looks after its own task."""
    rows = current(storage.lines())
    if storage.part is not None:
        own = {row.key.session for row in rows if row.task == storage.part}
        rows = [row for row in rows if row.key.session in own]
    regions = _Regions(storage)
    newer = [regions.final(row) if row.measured.provisional else None for row in rows]
    rows = [row if final is None else final for row, final in zip(rows, newer)]
    idle = baselines(rows)
    changed = {id(row) for row in newer if row is not None}
    moved = {session for session, both in idle.items() if any(id(row) in changed for row in both.values())}
    for row in rows:  # idle rows come before those that are held against them
        both = idle.get(row.key.session, {})
        if to_judge(row):
            levels = levels_at(row, both.get(BEFORE), both.get(AFTER))
            waits = row.verdict.idle_baselines == ONE and "" in levels and levels[""].low_w is not None
            if id(row) in changed or row.key.session in moved or waits:
                storage.append(with_verdict(row, judge(row, levels, Rules(settings, strict))))
        elif id(row) in changed:
            storage.append(row)


class _Regions:
    """The regions of a campaign's records. Each record is read once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._of_record: dict[str, dict[str, list[Measured]]] = {}

    def final(self, row: Row) -> Row | None:
        """The row with its final energy, or `None` if its record has none yet."""
        record = row.origin.record or ""
        if record not in self._of_record:
            self._of_record[record] = self._read(record)
        # Of a training by epochs there are several regions of one name.
        measured = summed(self._of_record[record].get(row.region, []))
        if measured is None or measured.provisional:
            return None
        late = {source.id for source in measured.sources if source.energy_j is not None}
        silent = tuple(name for name in row.around.silent or () if name not in late)
        row = with_energy(replace(row, around=replace(row.around, silent=silent)), measured)
        return row.with_names("j_per_image", "images_per_s", "silent")

    def _read(self, record: str) -> dict[str, list[Measured]]:
        from ...record import Record

        regions: dict[str, list[Measured]] = {}
        try:
            for region in Record(self._storage.folder / record).regions:
                measured = measured_by(region)
                if measured is not None:
                    regions.setdefault(region.name, []).append(measured)
        except (OSError, ValueError):  # moved or damaged: what was provisional stays so
            return {}
        return regions
