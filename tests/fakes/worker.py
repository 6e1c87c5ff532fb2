"""A worker without libtorch: speaks the protocol, computes nothing, and misbehaves when told to.

Run as a program. The network's name chooses the behaviour: good, silent, dies, garbage, slow, stuck …
"""

from __future__ import annotations

import json
import os
import select
import signal
import sys
import time
from typing import Any

NETWORKS = ("good", "silent", "dies", "garbage", "slow", "refuses", "stuck", "busy", "bytes", "endless", "deep", "cut")


def say(event: str, **fields: Any) -> None:
    sys.stdout.write(json.dumps({"event": event, **fields}) + "\n")
    sys.stdout.flush()


def stop_is_waiting() -> bool:
    ready, _, _ = select.select([sys.stdin.fileno()], [], [], 0)
    return bool(ready) and json.loads(os.read(sys.stdin.fileno(), 4096).split(b"\n")[0] or b"{}").get("cmd") == "stop"


def read() -> dict[str, Any]:
    """One line, byte by byte: nothing may hide in a buffer when select is asked."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(sys.stdin.fileno(), 1)
        if not byte:
            sys.exit(0)
        line += byte
    return dict(json.loads(line))


def done(phase: str, begin: int, passes: int, stopped: bool) -> None:
    end = time.monotonic_ns()
    say(
        "done", phase=phase, begin_ns=begin, end_ns=end, duration_s=(end - begin) * 1e-9, images=passes * 2,
        passes=passes, batch=2, stopped=stopped, limit="stop" if stopped else "passes", loss=None, accuracy=0.5,
        peak_memory_bytes=None, peak_memory_scope="phase", device="cpu", threads=1, layout="nchw", precision="fp32",
        torch_version="0", network="good",
    )  # fmt: skip


def misbehave(network: str) -> None:
    if network == "stuck":
        read()
    elif network == "busy":  # one batch that takes long
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            pass
    elif network == "bytes":
        os.write(1, b"\xff\xfe no event\n")
    elif network == "endless":
        for _ in range(70):
            os.write(1, b"x" * (1 << 20))
        read()
    elif network == "deep":
        os.write(1, b'{"event":' + b"[" * 100_000 + b"\n")
    elif network == "cut":  # the last words that are kept begin inside a character
        os.write(2, "é".encode() * 4000 + b"!\nout of luck\n")
        os._exit(3)


def run(phase: str, network: str, wanted: int) -> None:
    say("ready", phase=phase)
    if read()["cmd"] != "go":
        say("aborted", phase=phase)
        return
    if network == "dies":
        print("out of luck", file=sys.stderr, flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    if network == "garbage":
        print("Segmentation fault", flush=True)
    misbehave(network)
    begin = time.monotonic_ns()
    for i in range(wanted):
        if network == "slow":
            time.sleep(0.01)
        if stop_is_waiting():
            done(phase, begin, i, True)
            return
        say("progress", phase=phase, passes=i + 1, images=2 * i + 2, elapsed_s=0.1, fraction=(i + 1) / wanted)
    done(phase, begin, wanted, False)


def main() -> None:
    network = "good"
    protocol = int(os.environ.get("FAKE_PROTOCOL", "1"))
    say("hello", protocol=protocol, pid=os.getpid(), torch_version="0", devices=["cpu"], threads=1)
    while True:
        command = read()
        if command["cmd"] == "load":
            network = command["network"]
            if network == "refuses":
                say("error", kind="unknown-network", what="there is no such network", advice="did you mean good?")
            elif network != "silent":
                say("loaded", network=network, batch=command["batch"], title=json.dumps(command))
        elif command["cmd"] in ("infer", "train", "evaluate"):
            run(command["cmd"], network, command.get("passes", 3))


if __name__ == "__main__":
    main()
