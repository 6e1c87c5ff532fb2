"""What the ended runs of a project have used, straight from the spool: for a budget that its runs share.

The ledger's index answers more, and faster; a tracker that starts needs this number alone, and no database.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .overlap import MachineSpan, counted, groups
from .spool import SPOOL, Amendment, DamagedSpoolError, NewerSpoolError, RunEntry, from_bytes
from .values import Energy, total


def project_energy(folder: Path, project: str, *, but: str = "") -> Energy:
    """Joules of the project's runs that have ended, each joule of a machine once; exactly 0 where there are none yet.

    A run counts as its newest file says, in the project that `ledger tag` gave it last. `but`: a run that is left out.
    Runs that go on now are not in it. What cannot be read leaves the sum partial.
    """
    runs: dict[str, RunEntry] = {}
    projects: dict[str, Amendment] = {}
    damaged = False
    for content in _contents(folder):
        if content is None:
            damaged = True
        elif isinstance(content, Amendment):
            before = projects.get(content.run_id)
            if content.project is not None and (before is None or content.written_ns >= before.written_ns):
                projects[content.run_id] = content
        elif content.run_id not in runs or _is_later(content, runs[content.run_id]):
            runs[content.run_id] = content
    spans: list[MachineSpan] = []
    energies: list[Energy] = []
    for run_id, run in runs.items():
        tagged = projects.get(run_id)
        belongs = (tagged.project if tagged is not None else run.project) == project
        if belongs and run.fate != "open" and run_id != but:
            spans.append(run.place.span(run_id))
            energies.append(run.energy)
    nothing = Energy(0.0, 0.0, 0.0, 0.0, "measured")
    parts = [counted([spans[i] for i in group], [energies[i] for i in group])[0] for group in groups(spans)]
    energy = total([nothing, *parts])
    return Energy(
        energy.best_j, energy.half_j, energy.bias_j, energy.modelled_j, energy.quality, energy.partial or damaged
    )


def _is_later(run: RunEntry, other: RunEntry) -> bool:
    """Whether a file of a run counts in place of another: one that knows the end before one that does not."""
    return (run.fate != "open", run.written_ns) > (other.fate != "open", other.written_ns)


def _contents(folder: Path) -> Iterator[RunEntry | Amendment | None]:
    """What the spool's files hold; `None` for one that cannot be read."""
    for path in (folder / SPOOL).glob("*/[!.]*.json"):
        try:
            yield from_bytes(path.read_bytes())
        except FileNotFoundError:  # an open run has ended meanwhile, and has another file
            continue
        except (OSError, DamagedSpoolError, NewerSpoolError):
            yield None
