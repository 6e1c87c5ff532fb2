"""Jobs of OAR 2 and 3 from their REST interface (`/jobs/details.json`, a job each, Grid'5000's) or from files of it."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from ...file_text import no_pipe
from ..finding import ClusterFinding, RejectedRow
from ..frames import table_of
from ..job import ClusterJob, JobTable, NodeShare
from .slurm_words import SlurmNumber
from .web import JsonService, asked_again, iso_ns

STATES = {
    "terminated": "completed",
    "error": "failed",
    "running": "running",
    "suspended": "running",
    "resuming": "running",
    "finishing": "running",
    "launching": "running",
}
NEVER_RAN = ("waiting", "hold", "toackreservation", "tolaunch", "toerror")
_LISTS = ("items", "jobs")
_HOSTS = ("host", "hosts", "node", "nodes", "network_address", "cluster", "switch")


def is_oar(path: str | Path) -> bool:
    """Whether a JSON file is of OAR: it has jobs with times of OAR's names."""
    try:
        listed = _listed(json.loads(no_pipe(path).read_bytes().decode("utf-8", errors="replace")))
    except (ValueError, RecursionError):
        return False
    first = next((job for job in listed if isinstance(job, dict)), {})
    return "start_time" in first or "started_at" in first or "cpuset_name" in first


def read_oar_jobs(path: str | Path) -> JobTable:
    """The jobs of a file: one job, a list of them, or a list under `items`. ValueError where it is none."""
    raw = no_pipe(path).read_bytes().decode("utf-8", errors="replace")
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path}: no JSON ({error})") from None
    return oar_table(_listed(document), str(path))


class OarJobs:
    """Jobs of a running OAR by its REST interface. `address`: as in `http://oar.example/oarapi`."""

    def __init__(self, service: JsonService, wait: Callable[[float], None] = time.sleep) -> None:
        self._service, self._wait = service, wait

    @property
    def source(self) -> str:
        """The address without credentials."""
        return self._service.shown

    def read(self, begin_ns: int | None, end_ns: int | None) -> JobTable:
        """All jobs that ran in a part of the window, page after page; a page that breaks off is asked again."""
        query: dict[str, str] = {"array": "NO"}
        if begin_ns is not None:
            query["from"] = str(begin_ns // 10**9)
        if end_ns is not None:
            query["to"] = str(-(-end_ns // 10**9))
        jobs: list[object] = []
        page = self._page(query)
        while True:
            listed = _listed(page)
            jobs += listed
            following = _next_offset(page, len(jobs))
            if following is None or not listed:
                break
            page = self._page({**query, "offset": str(following)})
        return oar_table(jobs, self.source)

    def _page(self, query: Mapping[str, str]) -> object:
        return asked_again(lambda: self._service.get("jobs/details.json", query), self._wait)


def _next_offset(page: object, so_far: int) -> int | None:
    total = SlurmNumber.of(page.get("total")) if isinstance(page, Mapping) else None
    return so_far if total is not None and so_far < total else None


def _listed(document: object) -> list[object]:
    """The jobs of a document."""
    if isinstance(document, list):
        return document
    if isinstance(document, Mapping):
        for name in _LISTS:
            if isinstance(document.get(name), list):
                return list(document[name])
        if "id" in document or "uid" in document or "job_id" in document:
            return [document]
    return []


def oar_table(jobs: list[object], source: str) -> JobTable:
    """The jobs as columns; what cannot be used is kept aside with its place in the list, from 1."""
    typed: list[ClusterJob] = []
    rejected: list[RejectedRow] = []
    waiting = 0
    seen: set[str] = set()
    for place, job in enumerate(jobs, 1):
        if not isinstance(job, Mapping):
            rejected.append(RejectedRow(source, place, "it is no object", str(job)[:200]))
            continue
        state = str(job.get("state") or "").casefold()
        if state in NEVER_RAN or (not _ns(job, "start_time", "started_at") and state in ("error", "terminated")):
            waiting += 1
            continue
        read = _job(job, state, place)
        if isinstance(read, str):
            rejected.append(RejectedRow(source, place, read, str(job.get("id") or job.get("uid"))[:200]))
        elif read.job_id in seen:
            rejected.append(RejectedRow(source, place, "its id stands above", read.job_id))
        else:
            seen.add(read.job_id)
            typed.append(read)
    findings = []
    if waiting:
        findings.append(ClusterFinding("never_ran", source, f"{waiting} jobs never ran", None, waiting))
    table = table_of(typed, source)
    return JobTable(table.jobs, table.shares, tuple(rejected), tuple(findings), source)


def _job(job: Mapping[str, object], state: str, place: int) -> ClusterJob | str:
    """The job, or why it is none."""
    number = SlurmNumber.of(job.get("id") or job.get("uid") or job.get("job_id"))
    start, stop = _ns(job, "start_time", "started_at"), _ns(job, "stop_time", "stopped_at")
    if number is None:
        return "its id is none"
    if start is None:
        return "its start is not known"
    if stop is None and STATES.get(state) != "running":
        return "its end is not known, though it does not run"
    if stop is not None and stop < start:
        return "it ends before it starts"
    shares = _shares(job)
    if not shares:
        return "it names no node"
    types = [str(word) for word in _list(job.get("types"))]
    code = SlurmNumber.of(job.get("exit_code"))
    fate = STATES.get(state, "other")
    if fate == "completed" and code:
        fate = "failed"
    events = {str(_field(event, "type")) for event in _list(job.get("events"))}
    if "WALLTIME" in events:
        fate = "timeout"
    elif "FRAG_JOB_REQUEST" in events:
        fate = "cancelled"
    cores = [share.cores for share in shares]
    known = [count for count in cores if count is not None]
    return ClusterJob(
        f"{number:.0f}",
        start,
        stop,
        shares,
        fate,
        user=str(job.get("owner") or job.get("user") or job.get("user_uid") or ""),
        account=str(job.get("project") or ""),
        project=str(job.get("project") or ""),
        partition=str(job.get("queue") or ""),
        name=str(job.get("name") or ""),
        submit_ns=_ns(job, "submission_time", "submitted_at"),
        cores=sum(known) if known and len(known) == len(cores) else None,
        reported_basis=" ".join(types),
        line=place,
    )


def _ns(job: Mapping[str, object], *names: str) -> int | None:
    """Nanoseconds of the first of some times that is known; 0 is OAR's mark of nothing. Texts are ISO 8601."""
    for name in names:
        value = job.get(name)
        seconds = SlurmNumber.of(value)
        if seconds:
            return round(seconds * 1e9)
        if isinstance(value, str) and iso_ns(value) is not None:
            return iso_ns(value)
    return None


def _field(value: object, name: str) -> object:
    return value.get(name) if isinstance(value, Mapping) else None


def _list(value: object) -> list[object]:
    return list(value) if isinstance(value, list) else []


def _shares(job: Mapping[str, object]) -> tuple[NodeShare, ...]:
    """Nodes with the number of the job's resources on each: a resource is a core there. Where resources do not name
    their node, they are even over the nodes; where there are none, or the job asked for whole hosts, it has its nodes
    to itself."""
    counts: dict[str, float] = {}
    for resource in _list(job.get("resources")):
        node = _field(resource, "network_address") or _field(resource, "host")
        if isinstance(node, str) and node:
            cores = SlurmNumber.of(_field(resource, "cores"))
            counts[node] = counts.get(node, 0.0) + (cores or 1.0)
    if counts:
        return tuple(NodeShare(node, cores=count) for node, count in counts.items())
    names: list[str] = []
    for node in [*_list(job.get("nodes")), *_list(job.get("assigned_nodes"))]:
        name = node if isinstance(node, str) else _field(node, "network_address")
        if isinstance(name, str) and name and name not in names:
            names.append(name)
    count = len(_list(job.get("resources")))
    asked = _finest(job.get("wanted_resources"))
    if names and asked not in _HOSTS and (count > len(names) or (count and asked)):
        return tuple(NodeShare(name, cores=count / len(names)) for name in names)
    return tuple(NodeShare(name, exclusive=True) for name in names)


def _finest(wanted: object) -> str:
    """What a job asked for at last, as `core` in `/network_address=1/core=2,walltime=1:0:0`; empty where not known."""
    parts = re.findall(r"(\w+)\s*=\s*(?:\d+|ALL|BEST|BESTHALF)\b", str(wanted or "").partition(",walltime")[0])
    return str(parts[-1]).casefold() if parts else ""
