"""Names of persons as keyed hashes: the same person has the same pseudonym in every report with the same key, and
whoever lacks the key cannot try names."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ...file_text import no_pipe
from ..frames import polars
from ..job import JobTable

KEY_VARIABLE = "IMPACT_TRACKER_PSEUDONYM_KEY"
COLUMNS = ("user", "account", "project", "name")
_LEAST_KEY_B = 16


def read_key(path: str | Path | None) -> bytes:
    """The key from a file, or from the environment. ValueError where there is none, or it is too short to be one."""
    if path is not None:
        key = no_pipe(path).read_bytes().strip()
        origin = str(path)
    else:
        key, origin = os.environ.get(KEY_VARIABLE, "").encode(), f"the environment's {KEY_VARIABLE}"
    if len(key) < _LEAST_KEY_B:
        raise ValueError(
            f"{origin} holds no key of {_LEAST_KEY_B} bytes or more: make one with "
            "head -c 32 /dev/urandom | base64 > FILE"
        )
    return key


def pseudonym(name: str, key: bytes, kind: str = "user") -> str:
    """`user-1f0a93c2d4e5`; an empty name stays empty."""
    if not name:
        return ""
    return f"{kind}-{hmac.new(key, f'{kind}:{name}'.encode(), hashlib.sha256).hexdigest()[:12]}"


def pseudonymised(table: JobTable, key: bytes, columns: Sequence[str] = ("user",)) -> JobTable:
    """The jobs with pseudonyms in these columns. Jobs' names go where users are hidden: they often hold a person's.

    ValueError for a column that cannot be.
    """
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise ValueError(f"pseudonyms are for {', '.join(COLUMNS)}, not {', '.join(unknown)}")
    jobs = table.jobs
    for column in columns:
        names = jobs[column].unique().drop_nulls().to_list()
        known = {name: pseudonym(name, key, column) for name in names}
        jobs = jobs.with_columns(polars().col(column).replace(known))
    if "user" in columns and "name" not in columns:
        jobs = jobs.with_columns(name=polars().lit(""))
    return replace(table, jobs=jobs)
