"""One driver at a time in a campaign's folder: a lock on its rows, which ends with its process however that ends."""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path

_TAKEN = (errno.EWOULDBLOCK, errno.EACCES)
_UNKNOWN = (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL)  # as on Lustre that is mounted without flock


def take(descriptor: int, path: Path) -> bool:
    """Locks the open file at `path`; False where its file system has no locks. BlockingIOError names who has it."""
    if sys.platform == "win32":  # its locks keep others from reading
        return False
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _UNKNOWN:
            return False
        if error.errno not in _TAKEN:
            raise
        who = holder(path)
        by = f" by process {who}" if who else ""
        raise BlockingIOError(
            f"another campaign is being run in {path.parent}{by}: wait for its end, or name another folder (-o)"
        ) from None
    return True


def holder(path: Path, root: str = "/") -> int | None:
    """The process on this machine that has the lock of a file; None where there is none, or the system does not say."""
    if sys.platform == "win32":
        return None
    try:
        status = path.stat()
        text = (Path(root) / "proc/locks").read_text(encoding="ascii")
    except (OSError, ValueError):
        return None
    place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in text.splitlines():
        fields = (
            line.split()
        )  # 1: FLOCK ADVISORY WRITE 4711 fe:01:131074 0 EOF; one that waits has "->" after its number
        if len(fields) > 5 and fields[1] == "FLOCK" and fields[5] == place:
            return int(fields[4])
    return None
