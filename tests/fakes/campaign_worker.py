"""A worker for whole campaigns: speaks the protocol, computes nothing, and gets into trouble where it is told to.

Run as a program. `FAKE_FOLDER` gets a file a step (list, load, warmup, ready-train, go-train …) with one byte for every
worker that came there, so that others know where it is. `FAKE_TROUBLE`, as `go-train:die:2`: what happens to the worker
that is the second to come to that step.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

NETWORKS = ("small-cnn", "mobilenet-v2", "small-gpt", "u-net-3d")
PARENT = os.getppid()


def write(data: bytes) -> None:
    while data:
        data = data[os.write(1, data) :]


def say(event: str, **fields: Any) -> None:
    write(json.dumps({"event": event, **fields}).encode() + b"\n")


def read() -> dict[str, Any]:
    """One line, byte by byte: none is taken that a trouble waits for."""
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            os._exit(0)
        line += byte
    return dict(json.loads(line))


def deaf() -> None:
    """Hears nothing any more, and yet never outlives its parent."""
    while os.getppid() == PARENT:
        time.sleep(0.02)
    os._exit(0)


def trouble(kind: str) -> None:
    if kind == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    elif kind == "exit":
        os.write(2, b"\xe9" * 5000 + b" out of luck\n")  # no UTF-8
        os._exit(3)
    elif kind == "wait":
        read()
    elif kind == "deaf":
        deaf()
    elif kind == "closed":
        os.close(1)
        os.close(0)
        deaf()
    elif kind == "noise":
        write(b"\xff\xfe\x00 no event \xc3\n")
    elif kind == "flood":
        for _ in range(70):
            write(b"x" * (1 << 20))
        deaf()
    elif kind == "nested":
        write(b'{"event":' + b"[" * 100_000 + b"\n")
    elif kind == "nonsense":
        say("done", phase="train")
        say("loaded")
        say("warmed")


def step(name: str) -> None:
    """Leaves word of having been here; then what is to happen here happens."""
    place = Path(os.environ["FAKE_FOLDER"]) / name
    with place.open("ab", buffering=0) as stream:
        stream.write(b".")
        here = stream.tell()
    where, _, rest = os.environ.get("FAKE_TROUBLE", "").partition(":")
    kind, _, count = rest.partition(":")
    if where == name and here == int(count or 1):
        trouble(kind)


def phase(command: dict[str, Any]) -> None:
    name = command["cmd"]
    step(f"ready-{name}")
    say("ready", phase=name)
    if read()["cmd"] != "go":
        say("aborted", phase=name)
        return
    begin = time.monotonic_ns()
    step(f"go-{name}")
    images = int(command.get("images") or command.get("subset") or 64)
    say("progress", phase=name, passes=1, images=images, elapsed_s=0.1, fraction=1.0)
    end = time.monotonic_ns()
    epoch = {"epoch": 1, "images": images, "loss": 0.5, "accuracy": None, "end_ns": end}
    say(
        "done", phase=name, begin_ns=begin, end_ns=end, duration_s=(end - begin) * 1e-9, images=images, passes=2,
        batch=32, stopped=False, limit="images", loss=0.5, accuracy=0.75 if name == "evaluate" else None, finite=True,
        peak_memory_bytes=None, peak_memory_scope="phase", device="cpu", threads=1, layout="channels_last",
        precision="fp32", torch_version="0", network="fake", pass_ns=[(end - begin) // 2] * 2,
        epochs=[epoch] if name == "train" else None,
    )  # fmt: skip


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C is the parent's affair
    loaded = ""
    step("start")
    say("hello", protocol=1, pid=os.getpid(), torch_version="0", devices=["cpu"], threads=1)
    while True:
        command = read()
        name = command["cmd"]
        if name == "list":
            step("list")
            facts = {
                "task": "classification",
                "input": [1, 32, 32],
                "activations": 1000,
                "parameters": 1000,
                "gmac": 0.1,
            }
            say("networks", networks=[{"name": name, "title": name, **facts} for name in NETWORKS])
        elif name == "load":
            loaded = command["network"]
            step("load")
            say("loaded", network=loaded, unit="image", batch=command.get("batch", 1), seed=command.get("seed"))
        elif name == "warmup":
            step("warmup")
            say("warmed", duration_s=0.001, passes=1)
        else:
            phase(command)


if __name__ == "__main__":
    sys.exit(main())
