"""Tables of the live view as lines of text that fit a terminal's width; no widget in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from .. import digits
from ..plain_text import short_name
from .processes import GpuUse, JobUse, ProcessUse
from .snapshot import DevicePower, RegionUse

Cells = tuple[str, ...]
_BAR = 12  # cells
_BYTES = ((2**40, "TiB"), (2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB"))


@dataclass(frozen=True)
class Column:
    """`width`: in cells; one that `grows` has at least that, and what is left beside the others. Where the terminal is
    too narrow, columns of the highest rank are left out first; rank 0 stays."""

    title: str
    width: int
    rank: int = 0
    right: bool = False
    grows: bool = False


_WATTS = Column("W", 10, right=True)
_USE = (_WATTS, Column("", _BAR, 9), Column("CPU %", 5, 1, right=True))
_GPU = (Column("GPU W", 10, 5, right=True), Column("GPU %", 5, 4, right=True), Column("GPU mem", 9, 6, right=True))
_PID = Column("pid", 7, 3, right=True)
REGIONS = (
    Column("region", 12, grows=True), Column("times", 6, 2, right=True), Column("time", 12, 3, right=True),
    Column("energy", 20, right=True), Column("quality", 9, 1),
)  # fmt: skip


def device_columns(longest: int, width: int) -> tuple[Column, ...]:
    """Those of the devices, of whose names the longest has so many letters."""
    name = Column("device", max(6, min(longest, width - _WATTS.width - 1)))
    return (
        name, _WATTS, Column("", _BAR, 5), Column("energy", 12, 1, right=True), Column("quality", 9, 2),
        Column("source", 14, 3), Column("", 14, 4, grows=True),
    )  # fmt: skip


def process_columns(with_gpus: bool) -> tuple[Column, ...]:
    """Those of the processes."""
    gpu = _GPU if with_gpus else ()
    return (_PID, *_USE, *gpu, Column("command", 10, grows=True), Column("job or group", 16, 8, grows=True))


def job_columns(with_gpus: bool) -> tuple[Column, ...]:
    """Those of the jobs."""
    gpu = _GPU if with_gpus else ()
    return (Column("processes", 9, 3, right=True), *_USE, *gpu, Column("job, container or service", 12, grows=True))


class Layout:
    """Columns fitted into a width: made once for a width, then each row is one pass."""

    def __init__(self, columns: Sequence[Column], width: int) -> None:
        kept = list(columns)
        while len(kept) > 1 and _needed(kept) > width and max(column.rank for column in kept) > 0:
            kept.remove(max(kept, key=lambda column: column.rank))
        widths = [column.width for column in kept]
        growing = [index for index, column in enumerate(kept) if column.grows]
        for turn in range(max(width - _needed(kept), 0) if growing else 0):
            widths[growing[turn % len(growing)]] += 1
        self.width = width
        self._places = tuple((columns.index(column), wide, column.right) for column, wide in zip(kept, widths))
        self.titles = self.line(tuple(column.title for column in columns))

    def line(self, cells: Cells) -> str:
        """A row as text of exactly the width."""
        parts = [fitted(cells[index], wide, right) for index, wide, right in self._places]
        return fitted(" ".join(parts), self.width)


def _needed(columns: Sequence[Column]) -> int:
    return sum(column.width for column in columns) + len(columns) - 1


def fitted(text: str, width: int, right: bool = False) -> str:
    """Text of exactly so many cells of a terminal, with an ellipsis where it was cut."""
    if text.isascii() or not _is_wide(text):
        if len(text) > width:
            text = text[: width - 1] + "…" if width > 0 else ""
        return text.rjust(width) if right else text.ljust(width)
    from rich.cells import cell_len, set_cell_size

    if cell_len(text) > width > 0:
        text = set_cell_size(text, width - 1) + "…"
    pad = " " * max(width - cell_len(text), 0)
    return pad + text if right else text + pad


def _is_wide(text: str) -> bool:
    """Whether a character takes two cells, or none."""
    return any(c > "\u02ff" and not "\u2010" <= c <= "\u259f" for c in text)


def watts_text(watts: float | None, quality: str = "measured", partial: bool = False) -> str:
    """`≈ 100 W` where it is not measured, `≥ 100 W` where a part is not known."""
    if watts is None:
        return "–"
    mark = ("≥ " if partial else "") + ("" if quality == "measured" else "≈ ")
    return f"{mark}{digits.quantity(watts, 'W')}" if watts else f"{mark}0 W"


def energy_text(energy_j: float | None, error_j: float | None = None, quality: str = "measured") -> str:
    """An energy with its error; `≈` before one that is not measured."""
    mark = "" if energy_j is None or quality == "measured" else "≈ "
    return mark + digits.energy(energy_j, error_j)


def bar(watts: float | None, most: float | None, quality: str) -> str:
    """A length for a power, one cell at least; hatched where it is not measured."""
    if not watts or not most:
        return ""
    cells = max(1, round(_BAR * min(watts / most, 1.0)))
    return ("▇" if quality == "measured" else "▒") * cells


def bytes_text(number: int | None) -> str:
    """`1.2 GiB`."""
    if number is None:
        return "–"
    for factor, unit in _BYTES:
        if number >= factor:
            return f"{number / factor:.{1 if number < 10 * factor else 0}f} {unit}"
    return f"{number} B"


def _percent(ratio: float | None) -> str:
    return "–" if ratio is None else f"{100 * ratio:.0f}"


def device_cells(device: DevicePower, most: float | None) -> Cells:
    """A row of the devices; `most`: watts of the longest bar."""
    return (
        device.name,
        watts_text(device.watts, device.quality),
        bar(device.watts, most, device.quality),
        energy_text(device.energy_j, None, device.quality),
        device.quality,
        device.source,
        "" if device.in_total else "not in the sum",
    )


def _use_cells(use: ProcessUse | JobUse, most: float | None, interval_s: float | None) -> Cells:
    return (
        watts_text(use.watts, use.quality, use.partial),
        bar(use.watts, most, use.quality),
        _percent(use.cpu_s / interval_s) if interval_s else "",
    )


def _gpu_cells(gpu: GpuUse | None) -> Cells:
    if gpu is None:
        return ("", "", "")
    return watts_text(gpu.watts, gpu.quality), _percent(gpu.use), bytes_text(gpu.memory_bytes)


def process_cells(use: ProcessUse, most: float | None, interval_s: float | None, with_gpus: bool) -> Cells:
    """A row of the processes."""
    gpu = _gpu_cells(use.gpu) if with_gpus else ()
    return (str(use.pid), *_use_cells(use, most, interval_s), *gpu, use.command, use.job or use.group)


def job_cells(job: JobUse, most: float | None, interval_s: float | None, with_gpus: bool) -> Cells:
    """A row of the jobs."""
    gpu = _gpu_cells(job.gpu) if with_gpus else ()
    return (str(job.processes), *_use_cells(job, most, interval_s), *gpu, job.name)


def region_cells(region: RegionUse) -> Cells:
    """A row of the regions."""
    energy = energy_text(region.energy_j, region.error_j, region.quality) if region.times else "not ended yet"
    energy = f"≥ {energy}" if region.partial else energy
    return (
        f"{short_name(region.name)}{' (open)' if region.open else ''}",
        str(region.times),
        digits.duration(region.seconds) if region.times else "",
        energy,
        region.quality if region.times else "",
    )
