"""Energy and time of a batch as they were measured: from a record of our own, or from a benchmark campaign."""

from __future__ import annotations

from ...factors import Factor, FactorError
from ...values import Energy, Range, total


def batch_of_record(folder: str, batches: float) -> tuple[Factor, Factor]:
    """Joules and seconds of a batch, of a record in which so many batches were trained.

    ValueError for a record without energy or for no batches; OSError for no record.
    """
    from ...record import read_record

    if batches <= 0:
        raise FactorError(f"a record of {batches:g} batches says nothing of a batch")
    result = read_record(folder).result
    return _of_one(result.energy, result.duration_s, batches, f"record {folder}")


def batch_of_campaign(folder: str, test: str) -> tuple[Factor, Factor]:
    """Joules and seconds of a training step of a test or network, over all valid training rows of a campaign that
    have an energy.

    ValueError for a campaign without such rows; OSError for none.
    """
    from ...bench.row.log import current
    from ...bench.row.storage import Storage

    rows = [
        row
        for row in current(Storage(folder).lines())
        if row.phase == "training"
        and test in (row.test, row.model)
        and row.invalid_because is None
        and not row.energy.is_missing  # its batches would make those of the others cheap
    ]
    steps = [row.work.images / row.setup.batch for row in rows if row.work.images and row.setup.batch]
    seconds = [row.work.duration_s for row in rows if row.work.duration_s]
    if not rows or len(steps) < len(rows) or len(seconds) < len(rows):
        raise FactorError(f"{folder} holds no valid training of {test!r} with its energy, images, batch and duration")
    energies = total(row.energy for row in rows)
    return _of_one(energies, sum(seconds), sum(steps), f"campaign {folder}, {test}")


def _of_one(energy: Energy, duration_s: float, batches: float, source: str) -> tuple[Factor, Factor]:
    span = energy.scaled(1 / batches).range_j
    if span is None:
        raise FactorError(f"{source}: its energy was not measured")
    span = Range(max(span.low, 0.0), span.best, span.high)
    batch_j = Factor(span.best, "J", span.low, span.high, source, name="joules_per_batch", quality=str(energy.quality))
    batch_s = duration_s / batches
    return batch_j, Factor(batch_s, "s", batch_s, batch_s, source, name="batch_s", quality="measured")
