"""Rows as `sacct -P` writes them, and what the reader makes of some."""

from __future__ import annotations

from impact_tracker.cluster.readers.sacct import SacctParser

HEADER = "JobID|JobName|User|Account|Partition|State|Submit|Start|End|ElapsedRaw|NNodes|NCPUS|TotalCPU|ReqMem"
HEADER += "|ConsumedEnergyRaw|AllocTRES|NodeList"


def parsed(*lines: str | bytes, header: str = HEADER, zone: str = "UTC"):  # type: ignore[no-untyped-def]
    parser = SacctParser(header.encode(), "rows", zone)
    parser.feed(b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines) + b"\n")
    return parser.table()


def row(job: str, **given: str) -> str:
    values = {
        "jobname": "a",
        "user": "ada",
        "account": "x",
        "partition": "p",
        "state": "COMPLETED",
        "submit": "2025-03-01T09:00:00",
        "start": "2025-03-01T10:00:00",
        "end": "2025-03-01T10:01:40",
        "elapsedraw": "100",
        "nnodes": "1",
        "ncpus": "4",
        "totalcpu": "00:05:00",
        "reqmem": "4G",
        "consumedenergyraw": "",
        "alloctres": "billing=4,cpu=4,mem=4G,node=1",
        "nodelist": "n1",
        **given,
    }
    return "|".join([job, *values.values()])
