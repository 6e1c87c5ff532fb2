"""A Slurm on this machine alone with its accounting: slurmdbd on a MariaDB of its own, and energy from a file that
stands in for the processor's register.

Beside what `one_slurm` needs: Debian's slurmdbd and mariadb-server, root, and a machine without the real register
(/dev/cpu/0/msr): the file is made there, and taken away at the end.
"""

from __future__ import annotations

import getpass
import os
import shutil
import struct
import subprocess
import threading
import time
from pathlib import Path
from types import TracebackType

from integration.one_slurm import NoSlurmError, OneSlurm, free_ports

REGISTER = Path("/dev/cpu/0/msr")
UNIT, PACKAGE, DRAM = 0x606, 0x611, 0x619
JOULES_PER_COUNT = 2.0**-14
WATTS = 110.0
PROGRAMS = (
    "munged",
    "slurmctld",
    "slurmd",
    "sbatch",
    "sacct",
    "sacctmgr",
    "slurmdbd",
    "mariadbd",
    "mariadb-install-db",
)


def missing_for_accounts() -> list[str]:
    """What this needs and is not here."""
    path = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if os.geteuid() != 0:
        absent.append("root")
    if REGISTER.exists():
        absent.append(f"a machine without {REGISTER}")
    return absent


class Register:
    """A register that counts 110 W from the moment it is made; `energy_j` is what it says now."""

    def __init__(self) -> None:
        REGISTER.parent.mkdir(parents=True, exist_ok=True)
        self._file = REGISTER.open("w+b", buffering=0)
        self._write(UNIT, 14 << 8 | 3)
        self._begin = time.time()
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._count, daemon=True)
        self._thread.start()

    def energy_j(self) -> float:
        return (time.time() - self._begin) * WATTS

    def _write(self, place: int, value: int) -> None:
        os.pwrite(self._file.fileno(), struct.pack("<Q", value), place)

    def _count(self) -> None:
        while not self._ended.wait(0.02):
            self._write(PACKAGE, int(self.energy_j() / JOULES_PER_COUNT) & 0xFFFFFFFF)
            self._write(DRAM, 0)

    def close(self) -> None:
        if self._ended.is_set():
            return
        self._ended.set()
        self._thread.join()
        self._file.close()
        REGISTER.unlink()


class SlurmWithAccounts(OneSlurm):
    """As a context manager: up, with the accounts of one cluster and an account for root."""

    def __enter__(self) -> SlurmWithAccounts:
        self.register = Register()
        try:
            super().__enter__()
        except BaseException:
            self.register.close()
            raise
        return self

    def _configure(self) -> None:
        super()._configure()
        database, accounts = free_ports(2)
        self._database(database)
        self._munge()
        conf = self.folder / "slurmdbd.conf"
        settings = {
            "DbdHost": self.node,
            "DbdAddr": "127.0.0.1",
            "DbdPort": accounts,
            "SlurmUser": getpass.getuser(),
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self.folder}/munge.socket",
            "StorageType": "accounting_storage/mysql",
            "StorageHost": "127.0.0.1",
            "StoragePort": database,
            "StorageUser": "slurm",
            "StoragePass": "slurm",
            "LogFile": self.folder / "slurmdbd.log",
            "PidFile": self.folder / "slurmdbd.pid",
        }
        conf.write_text("\n".join(f"{name}={value}" for name, value in settings.items()) + "\n")
        conf.chmod(0o600)
        more = {
            "AccountingStorageType": "accounting_storage/slurmdbd",
            "AccountingStorageHost": "127.0.0.1",
            "AccountingStoragePort": accounts,
            "AccountingStoragePass": self.folder / "munge.socket",  # which munge its client asks
            "AccountingStorageTRES": "energy",
            "AcctGatherEnergyType": "acct_gather_energy/rapl",
            "AcctGatherNodeFreq": 1,
            "JobAcctGatherFrequency": "task=1,energy=1",
            "JobAcctGatherType": "jobacct_gather/linux",
        }
        file = self.folder / "slurm.conf"
        kept = [line for line in file.read_text().splitlines() if line.partition("=")[0] not in more]
        file.write_text("\n".join([*(f"{name}={value}" for name, value in more.items()), *kept]) + "\n")
        self._start("slurmdbd", "-D")
        self._until("slurmdbd", lambda: self._answers("sacctmgr", "-n", "show", "cluster"))
        self.command("sacctmgr", "-i", "add", "cluster", "one")
        self.command("sacctmgr", "-i", "add", "account", "acc1")
        self.command("sacctmgr", "-i", "add", "user", "root", "account=acc1")

    def _answers(self, *words: str) -> bool:
        try:
            self.command(*words)
        except (NoSlurmError, subprocess.TimeoutExpired) as error:
            (self.folder / "asked.out").write_text(str(error))
            return False
        return True

    def _munge(self) -> None:
        """Before slurmdbd; the base class starts munge after `_configure`, and finds it up."""
        key = f"--key-file={self.folder}/munge.key"
        files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("log", "pid", "seed")]
        self._start(
            "munged", "--foreground", "--force", "--num-threads=1", key, *files, f"--socket={self.folder}/munge.socket"
        )
        self._until("munge", lambda: (self.folder / "munge.socket").exists())
        self._is_munge_up = True

    def _start(self, *words: str) -> None:
        if words[0] == "munged" and getattr(self, "_is_munge_up", False):
            return
        super()._start(*words)

    def _database(self, port: int) -> None:
        place = self.folder / "mariadb"
        made = ["mariadb-install-db", "--no-defaults", "--user=root", f"--datadir={place}", "--skip-test-db"]
        subprocess.run(made, check=True, capture_output=True, timeout=120)
        socket = self.folder / "db.sock"
        grant = self.folder / "grant.sql"
        grant.write_text("CREATE USER slurm@'%' IDENTIFIED BY 'slurm';\nGRANT ALL ON *.* TO slurm@'%';\n")
        words = [f"--datadir={place}", f"--socket={socket}", f"--port={port}", f"--init-file={grant}"]
        words += ["--bind-address=127.0.0.1", "--user=root", "--skip-name-resolve", f"--pid-file={self.folder}/db.pid"]
        self._start("mariadbd", "--no-defaults", *words)
        self._until("MariaDB", socket.exists)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        self.register.close()
