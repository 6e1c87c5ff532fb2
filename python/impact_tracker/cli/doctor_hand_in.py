"""`doctor --hand-in FILE`: what the readers saw here, without names, for somebody who asks."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..field_report import FieldReport
    from ..probes import Probe
    from ..report.page import Page


def hand_in(path: str, seconds: float, probes: Sequence[Probe], root: str) -> int:
    """Measure, write the file, show what stands in it. 2 where it cannot be written."""
    from ..field_report import look
    from ..report.page import show

    target = Path(path)
    if target.exists():
        print(f"impact-tracker doctor: {target} is there already: name another file", file=sys.stderr)
        return 2
    print(f"reading for {seconds:g} s …", file=sys.stderr)
    try:
        report = look(seconds, probes, root)
        target.write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        print(f"impact-tracker doctor: {target} cannot be written: {error}", file=sys.stderr)
        return 2
    show(_page(report, target))
    return 0


def _page(report: FieldReport, target: Path) -> Page:
    from .. import digits
    from ..report.page import Page, Table

    rows = [
        (
            f"{channel.source} {channel.device} {channel.domain}",
            f"{channel.readings}",
            "never" if channel.step_s is None else digits.duration(channel.step_s),
            digits.duration(channel.update_period_s) if channel.update_period_s else "each read",
            " to ".join(f"{value:.4g}" for value in (channel.low, channel.high) if value is not None) or "nothing",
        )
        for channel in report.channels
    ]
    titles = ("channel", ">readings", ">moves each", ">as its reader says", ">seen (W, or its unit)")
    return Page(
        f"{target}: {len(report.channels)} channels of {sum(r.state == 'used' for r in report.readers)} readers, "
        f"{digits.energy(report.energy_j, report.energy_error_j)} in {digits.duration(report.seconds)}",
        [Table(titles, rows)],
        [
            "nothing was sent. The file has no host or user names, addresses or serial numbers; read it before you "
            "hand it in with an issue",
            *report.notes,
        ],
    )
