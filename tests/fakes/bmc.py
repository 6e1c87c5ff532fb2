#!/usr/bin/env python3
"""A management controller on the loopback that speaks IPMI 2.0 (pyghmi's server) and DCMI's power reading.

    python3 bmc.py PORT            # user and password from FAKE_BMC_USER, FAKE_BMC_PASSWORD

It serves until it is ended. The power is `FAKE_BMC_CURVE` (curve.py) over CLOCK_MONOTONIC since `FAKE_BMC_EPOCH_NS`;
`FAKE_BMC_DELAY_S`: each answer waits that long; `FAKE_BMC_ANSWER`: these bytes (hex, from the completion code on) in
place of a reading. Runs with any interpreter that has pyghmi, Debian's too: no import from here but curve.py.
"""

from __future__ import annotations

import os
import struct
import sys
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from curve import Curve  # type: ignore[import-not-found]
from pyghmi.ipmi.bmc import Bmc  # type: ignore[import-not-found]

DCMI_GROUP, GET_POWER_READING = 0x2C, 0x02


class FakeBmc(Bmc):  # type: ignore[misc]
    """Answers Get Device ID and DCMI's Get Power Reading."""

    curve = Curve.parse(os.environ.get("FAKE_BMC_CURVE", "constant:344"))
    epoch_ns = int(os.environ.get("FAKE_BMC_EPOCH_NS", "0")) or time.monotonic_ns()
    delay_s = float(os.environ.get("FAKE_BMC_DELAY_S", "0"))
    answer = bytes.fromhex(os.environ.get("FAKE_BMC_ANSWER", ""))

    def handle_raw_request(self, request: dict[str, Any], session: Any) -> None:
        if (request["netfn"], request["command"]) != (DCMI_GROUP, GET_POWER_READING):
            super().handle_raw_request(request, session)
            return
        time.sleep(self.delay_s)
        if self.answer:
            session.send_ipmi_response(code=self.answer[0], data=list(self.answer[1:]))
            return
        watts = round(self.curve.power_w(time.monotonic_ns() - self.epoch_ns))
        now = struct.pack("<I", int(time.time()))
        data = b"\xdc" + struct.pack("<4H", watts, 1, 999, watts) + now + struct.pack("<I", 1000) + b"\x40"
        session.send_ipmi_response(data=list(data))


def main() -> None:
    accounts = {os.environ["FAKE_BMC_USER"]: os.environ["FAKE_BMC_PASSWORD"]}
    bmc = FakeBmc(accounts, port=int(sys.argv[1]), address="127.0.0.1")
    print("ready", flush=True)
    bmc.listen()


if __name__ == "__main__":
    main()
