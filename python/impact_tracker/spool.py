"""The spool of the ledger: one small file a run, written beside and renamed into place, read by whoever has the folder.

Home directories on network file systems make a database that several machines write unsafe. A file that takes its name
whole, and is never changed after, needs no lock: a reader sees all of it or none. What stands in a file never changes,
so its name is enough to know whether it was read before.

<folder>/spool/2026-11/<run id>.json         a run that has ended; nothing more is written of it
<folder>/spool/2026-11/<run id>.open.json    a run that has begun; removed at its end, left by a run that was killed
<folder>/spool/2026-11/<run id>.<8 hex>.json a job or another tool's run, or what `ledger tag` says of a run
<folder>/damaged/                            files that could not be read, each with its reason beside it
"""

from __future__ import annotations

import errno
import json
import math
import os
import time
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path

from .ledger_words import FATES, STAGES, is_url
from .overlap import MachineSpan, Scope
from .system import FILE_FLAGS
from .typed import built
from .values import Energy, quality_of

SCHEMA = 2
_ENERGY = ("best_j", "half_j", "bias_j", "modelled_j", "quality", "partial")
_MOST_J = 1e21  # more than mankind uses in a year
SPOOL, DAMAGED = "spool", "damaged"
KINDS = ("tracked", "job", "statement")

_WHY = {
    errno.ENOSPC: "the disk is full: free some space",
    errno.EDQUOT: "the quota of this file system is used up: free some space",
    errno.EROFS: "the file system is read-only: name another folder (ledger=…, IMPACT_TRACKER_LEDGER, --ledger)",
    errno.EACCES: "permission denied: name another folder (ledger=…, IMPACT_TRACKER_LEDGER, --ledger)",
    errno.EPERM: "permission denied: name another folder (ledger=…, IMPACT_TRACKER_LEDGER, --ledger)",
    errno.ENOTDIR: "a part of this path is a file: name another folder (ledger=…, IMPACT_TRACKER_LEDGER, --ledger)",
}


class DamagedSpoolError(ValueError):
    """A file of the spool that cannot be what was written."""


class NewerSpoolError(ValueError):
    """A file of the spool that a newer version of this program wrote."""


@dataclass(frozen=True)
class Place:
    """Where a run was measured. `machine`: boot id; `start_ns`, `stop_ns` on its clock; `is_certain`: whether `machine`
    names one machine, or only describes it; `scope`: as `MachineSpan`'s; `pid` and `program`: of the process, in words
    of this host; `share_j`: the process's part of the machine's energy; `hardware`: what is known of the machine."""

    host: str | None = None
    machine: str | None = None
    start_ns: int | None = None
    stop_ns: int | None = None
    scope: str = "machine"
    is_certain: bool = True
    pid: int | None = None
    share_j: float | None = None
    hardware: Mapping[str, str] = field(default_factory=dict)

    def span(self, otherwise: str) -> MachineSpan:
        """For `overlap`; a run that names no machine is one of its own, named `otherwise`."""
        scope: Scope = "process" if self.scope == "process" else "machine"
        return MachineSpan(self.machine or otherwise, self.start_ns, self.stop_ns, scope, self.is_certain)


@dataclass(frozen=True)
class Lineage:
    """What a run is a part of. `job`: "slurm:4711", on `cluster`; `restart`: how often the job began anew before;
    `series`: the same for the same command in the same directory; `launch`: the same in all ranks of one launch;
    `within`: the run that began this one; `continues`: the user's own name for a run that goes on later."""

    job: str | None = None
    cluster: str | None = None
    restart: int | None = None
    series: str | None = None
    launch: str | None = None
    within: str | None = None
    continues: str | None = None


@dataclass(frozen=True)
class RunEntry:
    """One file of the spool: a run as it was tracked, a job of a cluster, or what another tool stated of a run.

    `fate`: one of `FATES`, "open" while nobody has seen its end; `stage`: one of `STAGES`; `metrics`: `None` for one
    that is no finite number; `weighing`: as `Weighing.as_info` gives it; `origin`: the record or file it comes from;
    `recovered`: its end was told by its record, for the process did not live to tell it.
    """

    run_id: str
    project: str
    energy: Energy = field(default_factory=Energy.missing)
    name: str = ""
    kind: str = "tracked"
    tool: str = "impact-tracker"
    started_ns: int | None = None
    duration_s: float | None = None
    fate: str = "open"
    stage: str | None = None
    person: str | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    place: Place = field(default_factory=Place)
    lineage: Lineage = field(default_factory=Lineage)
    weighing: Mapping[str, object] = field(default_factory=dict)
    origin: str = ""
    written_ns: int = 0
    recovered: bool = False

    def __post_init__(self) -> None:
        _check(self.run_id and "/" not in self.run_id and not self.run_id.startswith("."), "run_id", self.run_id)
        _check(self.project.strip(), "project", self.project)
        _check(self.fate in FATES, "fate", self.fate)
        _check(self.kind in KINDS, "kind", self.kind)
        _check(self.stage is None or self.stage in STAGES, "stage", self.stage)
        values = (self.energy.best_j, self.energy.half_j, self.energy.bias_j, self.energy.modelled_j)
        _check(all(abs(value or 0.0) < _MOST_J for value in values), "energy", self.energy)
        seconds = self.duration_s
        _check(seconds is None or 0 <= seconds < math.inf, "duration_s", seconds)


@dataclass(frozen=True)
class Amendment:
    """What somebody says of a run afterwards, `None` for what is left as it was; the one written last wins. `person`,
    `stage`: "" takes away what was there."""

    run_id: str
    fate: str | None = None
    stage: str | None = None
    person: str | None = None
    project: str | None = None
    continues: str | None = None
    metrics: Mapping[str, float | None] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    written_ns: int = 0

    def __post_init__(self) -> None:
        _check(self.fate is None or self.fate in FATES, "fate", self.fate)
        _check(not self.stage or self.stage in STAGES, "stage", self.stage)
        _check(self.project is None or self.project.strip(), "project", self.project)


def _check(is_right: object, name: str, value: object) -> None:
    if not is_right:
        words = {"fate": FATES, "stage": STAGES, "kind": KINDS}.get(name)
        hint = f"; one of {', '.join(words)}" if words else ""
        raise ValueError(f"a run's {name} cannot be {str(value)[:80]!r}{hint}")


def finite_metrics(metrics: Mapping[str, object]) -> dict[str, float | None]:
    """Numbers by name; `None` for what is infinite or no number at all, as the loss of a run that diverged."""
    kept: dict[str, float | None] = {}
    for name, value in metrics.items():
        try:
            number = float(value)  # type: ignore[arg-type]  # what it refuses is caught
        except (TypeError, ValueError, OverflowError):
            number = math.nan
        kept[str(name)] = number if math.isfinite(number) else None
    return kept


def as_bytes(content: RunEntry | Amendment) -> bytes:
    """A file of the spool: schema, kind of content, a check sum over the content, and the content."""
    body = {item.name: getattr(content, item.name) for item in fields(content)}
    if isinstance(content, RunEntry):
        body.update(
            energy={name: getattr(content.energy, name) for name in _ENERGY},
            place=_told(content.place),
            lineage=_told(content.lineage),
        )
    what = "run" if isinstance(content, RunEntry) else "amendment"
    text = _canonical({name: value for name, value in body.items() if value is not None and value != {}})
    check = zlib.crc32(text.encode("utf-8", "surrogatepass"))
    return f'{{"schema":{SCHEMA},"what":"{what}","crc32":{check},"content":{text}}}\n'.encode(
        "utf-8", "backslashreplace"
    )


def _told(part: Place | Lineage) -> dict[str, object]:
    return {item.name: value for item in fields(part) for value in (getattr(part, item.name),) if value != item.default}


def _canonical(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)


def from_bytes(data: bytes) -> RunEntry | Amendment:
    """What `as_bytes` wrote, of this schema and of older ones. DamagedSpoolError says what is wrong with it,
    NewerSpoolError that a newer version is needed."""
    try:
        head = json.loads(data)
        schema, what, content = head["schema"], head["what"], head["content"]
        if type(schema) is not int or schema < 1:
            raise ValueError(f"no schema {schema!r}")
        if schema > SCHEMA:
            raise NewerSpoolError(f"it is of schema {schema}, this version reads up to {SCHEMA}: install the newer one")
        if zlib.crc32(_canonical(content).encode()) != head["crc32"]:
            raise ValueError("its content does not fit its check sum")
        if what == "amendment":
            return built(Amendment, content)
        if what != "run":
            raise ValueError(f"it holds no run but {what!r}")
        energy = content.pop("energy")
        if schema < 2:  # six values in a row
            energy = dict(zip(_ENERGY, energy))
        energy["quality"] = quality_of(energy["quality"])
        return replace(built(RunEntry, content), energy=Energy(**energy))
    except NewerSpoolError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error) or repr(error)
        raise DamagedSpoolError(f"not what was written: {reason}") from None


def name_of(content: RunEntry | Amendment, data: bytes) -> str:
    """The file's name: it says whether a run is open, and of what may come in several versions which one it is."""
    if isinstance(content, RunEntry) and content.kind == "tracked" and not content.recovered:
        return f"{content.run_id}.open.json" if content.fate == "open" else f"{content.run_id}.json"
    return f"{content.run_id}.{zlib.crc32(data):08x}.json"


def shard_of(content: RunEntry | Amendment) -> str:
    """The folder of the month in which it was written."""
    return time.strftime("%Y-%m", time.gmtime(content.written_ns // 1_000_000_000))


def write(folder: Path, content: RunEntry | Amendment, *, durable: bool = True) -> Path:
    """The content as a file of the ledger's folder. When this returns it is on the disk (`durable`), whole; where it
    raises, nothing of it is there. OSError says what to do."""
    data = as_bytes(content)
    path = folder / SPOOL / shard_of(content) / name_of(content, data)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | FILE_FLAGS, 0o644)
            try:
                view = memoryview(data)
                while view:
                    view = view[os.write(descriptor, view) :]
                if durable:
                    os.fsync(descriptor)  # before it takes the name: a power cut shall not leave a name without bytes
            finally:
                os.close(descriptor)
            beside.replace(path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        if durable:
            _sync(path.parent)
    except OSError as error:
        why = _WHY.get(error.errno or 0, error.strerror or str(error))
        raise type(error)(error.errno, f"{path} cannot be written: {why}") from None
    return path


def _sync(folder: Path) -> None:
    """Makes the names in a folder last. Some file systems refuse it, which then keep names in order by themselves."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | FILE_FLAGS)
    except OSError:
        return
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EBADF):
            raise
    finally:
        os.close(descriptor)


def default_folder() -> Path:
    """`$XDG_DATA_HOME/impact-tracker/ledger`, as a rule below ~/.local/share."""
    base = os.environ.get("XDG_DATA_HOME") or "~/.local/share"
    try:
        return Path(base).expanduser() / "impact-tracker" / "ledger"
    except RuntimeError:  # no home directory
        return Path(base) / "impact-tracker" / "ledger"


def folder_of(ledger: str | None) -> Path:
    """Where runs leave their spools: the folder given, or the default one beside a database."""
    if not ledger or is_url(ledger) or Path(ledger).is_file():
        return default_folder()
    return Path(ledger)
