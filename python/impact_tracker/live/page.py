"""One look of the live view as a page that is printed."""

from __future__ import annotations

from ..report.page import Page, Table
from . import screen, tables
from .processes import jobs_of
from .snapshot import LiveSnapshot

_MOST = 20  # rows of a table


def page_of(snapshot: LiveSnapshot) -> Page:
    """Devices, and the processes, jobs and regions that used most."""
    devices = [
        (device.name, tables.watts_text(device.watts, device.quality), device.quality, device.source)
        for device in snapshot.devices
    ]
    parts = [Table(("device", ">W", "quality", "source"), devices)]
    processes = [
        (str(use.pid), tables.watts_text(use.watts, use.quality, use.partial), use.command, use.job or use.group)
        for use in screen.ranked(snapshot.processes, "watts", "")[:_MOST]
        if use.cpu_s > 0 or use.gpu is not None
    ]
    if processes:
        parts.append(Table(("pid", ">W", "command", "job or group"), processes))
    jobs = [
        (job.name, str(job.processes), tables.watts_text(job.watts, job.quality, job.partial))
        for job in screen.ranked_jobs(jobs_of(snapshot.processes), "watts", "")[:_MOST]
        if job.cpu_s > 0 or job.gpu is not None
    ]
    if jobs:
        parts.append(Table(("job, container or service", ">processes", ">W"), jobs))
    regions = [
        tables.region_cells(region) for region in screen.ranked_regions(snapshot.region_uses, "watts", "")[:_MOST]
    ]
    if regions:
        parts.append(Table(("region", ">times", ">time", ">energy", "quality"), regions))
    budget = [] if snapshot.budget is None else [line.text for line in screen.budget_lines(snapshot.budget)]
    return Page(
        f"{snapshot.title}: {screen.power_text(snapshot)}, {snapshot.quality}", parts, [*budget, *snapshot.notes]
    )
