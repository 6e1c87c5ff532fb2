"""A tracked run on its way into the ledger: what it is a part of, its open spool at the begin, its last one at the end.

Nothing here touches a network or a database, and nothing raises into the program: a ledger that cannot be written costs
one warning, and the record holds all that `impact-tracker ledger add` needs to join the run later.
"""

from __future__ import annotations

import getpass
import hashlib
import itertools
import os
import socket
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from . import spool
from .hostinfo import host_info
from .ranks import read_rank, run_key
from .spool import Lineage, Place, RunEntry, finite_metrics
from .system import user_number
from .typed import built

if TYPE_CHECKING:
    from .result import Result
    from .settings import TrackerSettings
    from .weighing import Weighing

WITHIN = "IMPACT_TRACKER_WITHIN"  # in a child's environment: the run that began it
_CANCELLED = ("KeyboardInterrupt", "CancelledError", "GeneratorExit", "TrialPruned")
_ELASTIC = 1000  # restarts of a launcher within one start of the job

_ordinals = itertools.count()
_active: list[str] = []  # runs of this process that are in a ledger, the innermost last


@dataclass(frozen=True)
class RunFacts:
    """What is known of a run before it begins. The record's header has it too, so that a record can join later."""

    project: str
    stage: str | None = None
    person: str | None = None
    debug: bool = False
    lineage: Lineage = field(default_factory=Lineage)

    @classmethod
    def of_settings(cls, settings: TrackerSettings) -> RunFacts:
        """Of a tracker whose settings name a project."""
        person = settings.person if settings.person is not None else _account()
        lineage = lineage_here(settings.run_id)
        return cls(str(settings.project), settings.stage, person or None, settings.debug, lineage)

    @classmethod
    def of_info(cls, info: object) -> RunFacts | None:
        """What `as_info` gave; None for anything else."""
        try:
            return built(cls, info) if isinstance(info, Mapping) else None
        except ValueError:
            return None

    def as_info(self) -> dict[str, object]:
        """For the record's header."""
        return asdict(self)


def _account() -> str | None:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a user id without a name, as containers have it
        number = user_number()
        return None if number is None else f"uid {number}"


def lineage_here(continues: str | None = None, environment: Mapping[str, str] | None = None) -> Lineage:
    """What this process is a part of, from its environment and its command line."""
    variables = os.environ if environment is None else environment
    rank = read_rank(environment)
    words = [str(_directory()), *getattr(sys, "orig_argv", sys.argv)]
    series = hashlib.blake2s("\0".join(words).encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    launch = None
    if rank.is_one_of_several:
        address = variables.get("MASTER_ADDR", "")
        is_local = rank.job is None and (not address or address in ("localhost", "::1") or address.startswith("127."))
        launch = f"{socket.gethostname() if is_local else ''}|{run_key()}|{next(_ordinals)}"
    return Lineage(
        job=rank.job,
        cluster=variables.get("SLURM_CLUSTER_NAME") or None,
        restart=_restarts(variables) if rank.job or "TORCHELASTIC_RESTART_COUNT" in variables else None,
        series=series,
        launch=launch,
        within=_active[-1] if _active else variables.get(WITHIN) or None,
        continues=continues,
    )


def _restarts(variables: Mapping[str, str]) -> int:
    """How often it all began anew: first the job (a requeue), then the launcher within the job."""
    counts = [variables.get(name, "") for name in ("SLURM_RESTART_COUNT", "TORCHELASTIC_RESTART_COUNT")]
    job, launcher = (int(text) if text.isascii() and text.isdigit() else 0 for text in counts)
    return job * _ELASTIC + min(launcher, _ELASTIC - 1)


def _directory() -> str:
    try:
        return str(Path.cwd())
    except OSError:  # removed while the program runs
        return ""


def fate_of(error: BaseException | None) -> str:
    """How a block ended that this exception left; None: by itself."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "finished"
    return fate_named(type(error).__name__)


def fate_named(exception: str | None) -> str:
    """The same from the exception's name alone, as records keep it."""
    return "finished" if exception is None else "cancelled" if exception in _CANCELLED else "failed"


def boot_id(root: str = "/") -> str | None:
    """Of this machine; None where it does not say."""
    try:
        return (Path(root) / "proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def hardware_words(host: Mapping[str, object]) -> dict[str, str]:
    """What tells machines of different kinds apart, of what `host_info` gives."""
    cards = host.get("gpus")
    known = {
        "cpu": host.get("cpu"),
        "threads": host.get("logical_cpus"),
        "gpus": len(cards) if isinstance(cards, (list, tuple)) else None,
    }
    return {name: str(value) for name, value in known.items() if value is not None}


class TrackedRun:
    """One run of a tracker that names a project. `fate`: as the user says it, `None` where nobody does."""

    def __init__(self, facts: RunFacts, settings: TrackerSettings, weighing: Weighing) -> None:
        self.facts = facts
        self.fate: str | None = None
        self.metrics: dict[str, float | None] = {}
        self._folder = spool.folder_of(settings.ledger)
        self._tags, self._weighing = settings.tags, weighing
        self._begun: RunEntry | None = None

    @classmethod
    def of_settings(cls, settings: TrackerSettings, weighing: Weighing) -> TrackedRun:
        """Of a tracker whose settings name a project."""
        return cls(RunFacts.of_settings(settings), settings, weighing)

    def log_metrics(self, metrics: Mapping[str, object]) -> None:
        """Metrics of the run; one that is given again replaces its earlier value."""
        self.metrics.update(finite_metrics(metrics))

    def begin(self, record: str, root: str, complain: Callable[[str], None]) -> None:
        """Leaves the open spool: a run that is killed is in the ledger too."""
        run_id = Path(record).stem
        try:
            host, boot = socket.gethostname(), boot_id(root)
            self._begun = RunEntry(
                run_id,
                self.facts.project,
                name=self._tags.get("name", ""),
                started_ns=time.time_ns(),
                stage=self.facts.stage,
                person=self.facts.person,
                tags=self._tags,
                place=Place(host, boot, pid=os.getpid(), hardware=hardware_words(host_info())),
                lineage=self.facts.lineage,
                weighing=self._weighing.as_info(),
                origin=record,
                written_ns=time.time_ns(),
            )
            _active.append(run_id)
            spool.write(self._folder, self._begun, durable=False)
        except Exception as error:
            complain(
                f"the run is not in the ledger yet: {error}; its record can join: impact-tracker ledger add {record}"
            )

    def last_words(self, ended_by: str | None, fate: str | None = None) -> dict[str, object]:
        """For the record's last line, from which the run can join a ledger where its spool could not be written."""
        return {"ledger": {"fate": self._fate(fate or fate_named(ended_by)), "metrics": self.metrics}}

    def _fate(self, otherwise: str) -> str:
        return self.fate or ("debug" if self.facts.debug else otherwise)

    def end(self, result: Result, ended_by: str | None, fate: str | None, complain: Callable[[str], None]) -> None:
        """Leaves the run's one spool, whole and on the disk when this returns, and takes the open one away."""
        begun = self._begun
        if begun is None:
            return
        if begun.run_id in _active:
            _active.remove(begun.run_id)
        try:
            place = replace(begun.place, start_ns=result.start_ns, stop_ns=result.stop_ns, share_j=result.share_j)
            ended = replace(
                begun,
                energy=result.energy,
                duration_s=result.duration_s,
                fate=self._fate(fate or fate_named(ended_by)),
                metrics=self.metrics,
                place=place,
                written_ns=time.time_ns(),
            )
            spool.write(self._folder, ended)
            opened = self._folder / spool.SPOOL / spool.shard_of(begun) / f"{begun.run_id}.open.json"
            opened.unlink(missing_ok=True)
        except Exception as error:
            complain(
                f"the run is not in the ledger: {error}; its record can join later: "
                f"impact-tracker ledger add {begun.origin}"
            )
