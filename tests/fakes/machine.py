#!/usr/bin/env python3
"""Runs programs on a fake machine: unmodified, they find RAPL zones with a known power curve in /sys/class/powercap.

    with FakeMachine(zones.server("square:20:180:50ms", sockets=2, dram="constant:25")) as machine:
        machine.run(["impact-tracker", "doctor"])                   # in the machine's mount namespace
        Tracker(root=machine.root)                                  # or from outside, below machine.root
        machine.control("eio intel-rapl:0 for 2")
        machine.truth.energy_j(t0_ns, t1_ns)                        # CLOCK_MONOTONIC, as time.monotonic_ns()

Nothing is mounted in the namespace of the caller. The machine ends, with every program in it, at ``close()``, or when
the process that made it is gone, however that ended. Many machines may run at once.
From a shell: ``python tests/fakes/machine.py --curve square:20:180:50ms --dram constant:25 -- PROGRAM ARGS``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import select
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

if not __package__:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from fakes import processors
from fakes import zones as presets
from fakes.truth import Truth

REPOSITORY = Path(__file__).resolve().parents[2]


UNAVAILABLE = 77  # exit code of fake-powercap where namespaces or FUSE are refused


class FakeUnavailableError(RuntimeError):
    """This machine cannot run fakes; the message says why. Tests turn it into a skip."""


def find_program(name: str) -> Path:
    """A built fake: in $IMPACT_FAKES_DIR, or the newest under build/*/tests/fakes.

    Those of a sanitizer are left out: a program that is not built with it cannot load their libraries.
    """
    if directory := os.environ.get("IMPACT_FAKES_DIR"):
        candidates = [Path(directory) / name]
    else:
        builds = [path for path in REPOSITORY.glob("build/*") if not _is_sanitized(path)]
        candidates = [path / "tests/fakes" / name for path in builds]
    built = [path for path in candidates if path.is_file()]
    if not built:
        raise FakeUnavailableError(
            f"{name} is not built: cmake --build with IMPACT_BUILD_TESTS=ON, or set IMPACT_FAKES_DIR"
        )
    return max(built, key=lambda path: path.stat().st_mtime)


def _is_sanitized(build: Path) -> bool:
    """Whether the cache of a build folder names a sanitizer."""
    try:
        cache = (build / "CMakeCache.txt").read_text(encoding="utf-8")
    except OSError:
        return False
    return re.search(r"^IMPACT_SANITIZE:\w+=.", cache, re.MULTILINE) is not None


class FakeMachine:
    """A machine with the given zones (``fakes.zones``); empty zones: a machine without RAPL.

    processor: whose it is (default: ``processors.default()``); an AMD or an ARM has those of the zones that such have.
    Of the machine beneath it has neither processor nor sensors, only its CPUs' number and time.

    files: plain files rewritten every ``interval_us`` in place of FUSE: a read costs what sysfs costs, no faults.
    network=False: programs see nothing but their own loopback.
    powercap=False: the zones can be had through registers alone. msr: {cpus, registers}, see ``zones.intel_msr``.
    show: {target: source}, further files or directories to bind over paths of the machine, e.g. a fake /proc/cpuinfo.
    """

    def __init__(
        self,
        zones: Sequence[presets.Zone],
        *,
        files: bool = False,
        interval_us: int = 1000,
        network: bool = True,
        show: Mapping[str, Path | str] | None = None,
        epoch_ns: int | None = None,
        poll_ms: float = 5.0,
        powercap: bool = True,
        msr: Sequence[Mapping[str, Any]] = (),
        processor: processors.Processor | None = None,
    ) -> None:
        self.processor = processor or processors.default()
        self.config = {
            "zones": self.processor.zones(zones),
            "shows": processors.shown(self.processor, zones),
            "epoch_ns": epoch_ns,
            "poll_ms": poll_ms,
            "powercap": powercap,
            "msr": [dict(group) for group in msr],
        }
        self._options = ["--files", "--interval-us", str(interval_us)] if files else []
        self._options += [] if network else ["--no-network"]
        for target, source in (show or {}).items():
            self._options += ["--show", f"{Path(source).resolve()}:{target}"]
        self._holder: subprocess.Popen[bytes] | None = None
        self._children: list[subprocess.Popen[Any]] = []

    @property
    def reader(self) -> str:
        """The name of our reader of the zones."""
        return self.processor.reader

    def start(self) -> FakeMachine:
        self._program = str(find_program("fake-powercap"))
        # Its stdin is the line it watches: the kernel closes it when we end, whichever way. The configuration of a
        # machine of many CPUs is longer than an argument may be.
        with tempfile.TemporaryFile() as config:
            config.write(json.dumps(self.config).encode())
            config.flush()
            words = [f"/dev/fd/{config.fileno()}", "--namespace", "--watch", "0", *self._options]
            self._holder = subprocess.Popen(
                [self._program, *words],
                pass_fds=[config.fileno()],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
        assert self._holder.stdout is not None and self._holder.stderr is not None
        ready, _, _ = select.select([self._holder.stdout], [], [], 20)
        line = self._holder.stdout.readline() if ready else b""
        if not line:
            reason = self._holder.stderr.read().decode().strip() if ready else "no answer within 20 s"
            code = self._holder.wait(10) if ready else None
            self.close()
            if code == UNAVAILABLE:
                raise FakeUnavailableError(f"no fake machine here: {reason}")
            raise RuntimeError(f"fake-powercap ended with {code}: {reason}")
        self.truth = Truth(line.decode(), self.log)
        return self

    @property
    def pid(self) -> int:
        """The process that holds the machine's namespaces."""
        assert self._holder is not None, "the machine is not running"
        return self._holder.pid

    @property
    def root(self) -> Path:
        """The machine's file system as seen from outside, for readers that take a root prefix."""
        return Path(f"/proc/{self.pid}/root")

    @property
    def powercap(self) -> Path:
        return self.root / "sys/class/powercap"

    def popen(self, command: Sequence[str | Path], **options: Any) -> subprocess.Popen[Any]:
        """Starts a program on the machine; options as for ``subprocess.Popen``."""
        child: subprocess.Popen[Any] = subprocess.Popen(self.entering(command), **options)
        self._children.append(child)
        return child

    def run(self, command: Sequence[str | Path], **options: Any) -> subprocess.CompletedProcess[Any]:
        """Runs a program on the machine to its end; options as for ``subprocess.run``."""
        return subprocess.run(self.entering(command), **options)

    def entering(self, command: Sequence[str | Path]) -> list[str]:
        """The command that runs ``command`` on the machine: it becomes the program, with the same pid."""
        return [self._program, "enter", str(self.pid), "--", *map(str, command)]

    def control(self, *lines: str) -> None:
        """Faults while it runs: ``eio ZONE on|off``, ``eio ZONE for S``, ``slow ZONE MS``, ``deny ZONE on|off``,
        ``freeze ZONE on|off``, ``reset ZONE``, ``vanish ZONE``, ``restore ZONE``; ZONE may be ``*``."""
        with (self.powercap / ".control").open("wb", buffering=0) as file:
            for line in lines:
                file.write(line.encode())

    def log(self) -> str:
        """Load mode: one JSON line a poll with the busy CPU seconds."""
        return (self.powercap / ".log").read_text()

    def energy_uj(self, zone: str) -> int:
        """What the counter shows now."""
        return int((self.powercap / zone / "energy_uj").read_text())

    def close(self) -> None:
        if self._holder is None:
            return
        for pipe in (self._holder.stdin, self._holder.stdout, self._holder.stderr):
            if pipe is not None:
                pipe.close()
        try:
            self._holder.wait(10)
        except subprocess.TimeoutExpired:
            self._holder.kill()
            self._holder.wait()
        for child in self._children:
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(5)
        self._holder = None

    def __enter__(self) -> FakeMachine:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def write_tree(root: Path, zones: Sequence[presets.Zone], *, epoch_ns: int | None = None) -> Truth:
    """The zones as files that stand still, below ``root``/sys: for root-prefixed readers and their tests."""
    config = json.dumps({"zones": list(zones), "epoch_ns": epoch_ns})
    done = subprocess.run([find_program("counter-files"), config, root, "--once"], capture_output=True, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip())
    return Truth(done.stdout)


@contextlib.contextmanager
def counter_files(
    zones: Sequence[presets.Zone], root: Path | None = None, interval_us: int = 1000
) -> Iterator[tuple[Path, Truth]]:
    """The zones as plain files below a root (default: a new directory on tmpfs), rewritten every ``interval_us``."""
    with contextlib.ExitStack() as stack:
        if root is None:
            shared = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
            root = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fake-machine-", dir=shared)))
        config = json.dumps({"zones": list(zones)})
        command = [str(find_program("counter-files")), config, str(root), str(interval_us), "--watch", "0"]
        writer = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert writer.stdin is not None and writer.stdout is not None
        try:
            line = writer.stdout.readline().decode()
            if not line:
                raise RuntimeError("counter-files could not start")
            yield root, Truth(line)
        finally:
            writer.stdin.close()
            writer.stdout.close()
            writer.wait(10)


def _arguments(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Run a program on a fake machine. Its truth: /sys/class/powercap/.truth"
    )
    parser.add_argument("--curve", default="constant:100", help="power of each package, e.g. square:20:180:50ms")
    parser.add_argument("--sockets", type=int, default=1)
    parser.add_argument("--dram", metavar="CURVE")
    parser.add_argument("--core", metavar="CURVE")
    parser.add_argument("--psys", metavar="CURVE", help="add a platform zone")
    parser.add_argument("--mmio", action="store_true", help="add the intel-rapl-mmio mirror of package 0")
    parser.add_argument("--load", metavar="IDLE_W:WATTS_PER_CPU", help="power follows the real load of this machine")
    parser.add_argument("--wrap-s", type=float, help="the counters wrap each so many seconds at 100 W")
    parser.add_argument("--tick-us", type=int, default=1000)
    parser.add_argument("--slow-ms", type=float, default=0.0, help="each read takes this long")
    parser.add_argument("--files", action="store_true", help="plain files rewritten every millisecond, not FUSE")
    parser.add_argument("--no-network", action="store_true")
    parser.add_argument("--no-rapl", action="store_true", help="a machine without powercap zones")
    parser.add_argument("--processor", choices=processors.ALL, default=processors.default().name)
    parser.add_argument("program", nargs=argparse.REMAINDER, help="-- PROGRAM ARGS")
    return parser.parse_args(words)


def _zones(arguments: argparse.Namespace) -> list[presets.Zone]:
    if arguments.no_rapl:
        return []
    options: dict[str, Any] = {"tick_ns": arguments.tick_us * 1000, "slow_ms": arguments.slow_ms}
    if arguments.wrap_s:
        options["range_uj"] = arguments.wrap_s * 100e6
    if arguments.load:
        idle, per_cpu = map(float, arguments.load.split(":"))
        return presets.following_load(idle_w=idle, watts_per_cpu=per_cpu, dram=arguments.dram is not None)
    made = presets.server(
        arguments.curve, sockets=arguments.sockets, dram=arguments.dram, core=arguments.core, **options
    )
    if arguments.psys:
        made.append(presets.psys(arguments.sockets, arguments.psys, **options))
    if arguments.mmio:
        made.append(presets.mmio_mirror())
    return made


def main(words: Sequence[str] | None = None) -> int:
    arguments = _arguments(words)
    program = arguments.program[1:] if arguments.program[:1] == ["--"] else arguments.program
    if not program:
        print("machine.py: no program to run (… -- PROGRAM ARGS)", file=sys.stderr)
        return 2
    try:
        with FakeMachine(
            _zones(arguments),
            files=arguments.files,
            network=not arguments.no_network,
            processor=processors.ALL[arguments.processor],
        ) as machine:
            code = machine.run(program).returncode
    except FakeUnavailableError as error:
        print(f"machine.py: {error}", file=sys.stderr)
        return 2
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main())
