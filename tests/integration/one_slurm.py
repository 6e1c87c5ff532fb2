"""A whole Slurm on this machine alone: controller, node and munge with their own configuration, key, folders and ports.

Needs Debian's slurmctld, slurmd, slurm-client and munge; starts only its own processes and ends only those. All of its
traffic is on loopback. Nothing of the system's own Slurm or munge, where there is one, is read or touched.
"""

from __future__ import annotations

import getpass
import os
import platform
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "sinfo")
_SBIN = "/usr/sbin:/usr/local/sbin"


class NoSlurmError(RuntimeError):
    """What is missing here, or why it did not come up."""


def missing() -> list[str]:
    """Programs that are not installed."""
    path = f"{os.environ.get('PATH', '')}:{_SBIN}"
    return [name for name in PROGRAMS if shutil.which(name, path=path) is None]


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody uses now; all are held until all are found."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for endpoint in sockets:
            endpoint.bind(("127.0.0.1", 0))
        return [endpoint.getsockname()[1] for endpoint in sockets]


class OneSlurm:
    """As a context manager: up and idle inside. `environment`: for whoever submits."""

    def __init__(self, cpus: int = 2) -> None:
        # A short path: the socket's name may have 107 characters at most.
        self.folder = Path(tempfile.mkdtemp(prefix="one-slurm-"))
        self.node = platform.node().partition(".")[0]
        self._cpus = cpus
        self._running: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> dict[str, str]:
        path = f"{os.environ['PATH']}:{_SBIN}"
        return {**os.environ, "SLURM_CONF": str(self.folder / "slurm.conf"), "PATH": path}

    def command(self, *words: str) -> str:
        """Output of one of Slurm's commands; NoSlurmError with what it said where it fails."""
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            raise NoSlurmError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
        return done.stdout.strip()

    def __enter__(self) -> OneSlurm:
        try:
            self._configure()
            key = f"--key-file={self.folder}/munge.key"
            files = [f"--{name}-file={self.folder}/munge.{name}" for name in ("log", "pid", "seed")]
            socket_name = f"--socket={self.folder}/munge.socket"
            self._start("munged", "--foreground", "--force", "--num-threads=1", key, *files, socket_name)
            self._until("munge", lambda: (self.folder / "munge.socket").exists())
            conf = str(self.folder / "slurm.conf")
            self._start("slurmctld", "-D", "-c", "-f", conf)
            self._start("slurmd", "-D", "-f", conf, "-N", self.node)
            self._until("the node", self._is_idle)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def _configure(self) -> None:
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        control, node = free_ports(2)
        user = getpass.getuser()
        settings = {
            "ClusterName": "one",
            "SlurmctldHost": f"{self.node}(127.0.0.1)",
            "SlurmctldPort": control,
            "SlurmdPort": node,
            "SlurmUser": user,
            "SlurmdUser": user,
            "AuthType": "auth/munge",
            "AuthInfo": f"socket={self.folder}/munge.socket",
            "CommunicationParameters": "NoCtldInAddrAny",
            "StateSaveLocation": self.folder / "state",
            "SlurmdSpoolDir": self.folder / "spool",
            "SlurmctldPidFile": self.folder / "slurmctld.pid",
            "SlurmdPidFile": self.folder / "slurmd.pid",
            "SlurmctldLogFile": self.folder / "slurmctld.log",
            "SlurmdLogFile": self.folder / "slurmd.log",
            "ProctrackType": "proctrack/linuxproc",
            "TaskPlugin": "task/none",
            "MpiDefault": "none",
            "JobAcctGatherType": "jobacct_gather/none",
            "AccountingStorageType": "accounting_storage/none",
            "SelectType": "select/cons_tres",
            "SelectTypeParameters": "CR_Core",
            "SchedulerParameters": "batch_sched_delay=0,sched_min_interval=0",
            "SlurmdParameters": "config_overrides",
            "ReturnToService": 2,
            "KillWait": 5,
        }
        lines = [f"{name}={value}" for name, value in settings.items()]
        lines.append(f"NodeName={self.node} NodeAddr=127.0.0.1 CPUs={self._cpus} RealMemory=1000 State=UNKNOWN")
        lines.append(f"PartitionName=all Nodes={self.node} Default=YES MaxTime=60 State=UP")
        (self.folder / "slurm.conf").write_text("\n".join(lines) + "\n")
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")

    def _start(self, *words: str) -> None:
        with (self.folder / f"{words[0]}.out").open("wb") as out:
            program = subprocess.Popen(
                words, env=self.environment, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
            )
        self._running.append(program)

    def _is_idle(self) -> bool:
        try:
            return self.command("sinfo", "--noheader", "--format=%T") == "idle"
        except (NoSlurmError, subprocess.TimeoutExpired):
            return False

    def _until(self, what: str, ready: object, seconds: float = 60.0) -> None:
        assert callable(ready)
        deadline = time.monotonic() + seconds
        while not ready():
            ended = [program for program in self._running if program.poll() is not None]
            if ended or time.monotonic() > deadline:
                raise NoSlurmError(f"{what} did not come up: {self._last_words()}")
            time.sleep(0.1)

    def _last_words(self) -> str:
        last_lines = []
        for file in sorted((*self.folder.glob("*.out"), *self.folder.glob("*.log"))):
            lines = file.read_text(errors="replace").strip().splitlines()
            last_lines += [f"{file.name}: {line}" for line in lines[-3:]]
        return "; ".join(last_lines)

    def jobs(self) -> list[str]:
        """Ids of all that wait or run."""
        return self.command("squeue", "--noheader", "--array", "--format=%i").split()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(NoSlurmError, subprocess.TimeoutExpired, OSError):
            self.command("scancel", "--full", "--signal=KILL", f"--user={getpass.getuser()}")
            self.command("scancel", f"--user={getpass.getuser()}")
            deadline = time.monotonic() + 30
            while self.jobs() and time.monotonic() < deadline:
                time.sleep(0.1)
        for program in reversed(self._running):
            program.send_signal(signal.SIGTERM)
            try:
                program.wait(20)
            except subprocess.TimeoutExpired:
                program.kill()
                program.wait()
        shutil.rmtree(self.folder, ignore_errors=True)
