"""Units for systemd: the reader, which alone may read counters, and the exporter, which may do nothing but ask it."""

from __future__ import annotations

from typing import Literal

Part = Literal["exporter", "reader"]

# What neither of the two ever needs. The manual of each: systemd.exec(5).
_HARDENING = """\
UMask=0077
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateMounts=yes
ProtectClock=yes
ProtectHostname=yes
ProtectControlGroups=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
KeyringMode=private
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RemoveIPC=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources @mount @debug @cpu-emulation @obsolete @swap @reboot @module @raw-io @clock
SystemCallErrorNumber=EPERM
MemoryMax=256M
TasksMax=64
LimitNOFILE=1024
LimitCORE=0
Restart=on-failure
RestartSec=5
"""

_EXPORTER = """\
[Unit]
Description=Energy of this machine for Prometheus (impact-tracker)
Documentation=man:impact-tracker-serve(1)
Requires=impact-tracker-reader.service
After=impact-tracker-reader.service network.target

[Service]
Type=exec
ExecStart={program} serve --from {socket} --listen {listen}
DynamicUser=yes
SupplementaryGroups={group}
CapabilityBoundingSet=
AmbientCapabilities=
PrivateDevices=yes
PrivateUsers=yes
ProtectProc=invisible
ProcSubset=pid
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
{network}{hardening}
[Install]
WantedBy=multi-user.target
"""

_READER = """\
[Unit]
Description=Reads this machine's energy counters for the group {group} (impact-tracker)
Documentation=man:impact-tracker-serve(1)

[Service]
Type=exec
ExecStart={program} serve --reader --socket {socket} --group {group}
User=root
Group={group}
RuntimeDirectory=impact-tracker
RuntimeDirectoryMode=0750
CapabilityBoundingSet=CAP_SYS_RAWIO CAP_PERFMON
AmbientCapabilities=
ProtectProc=default
ProtectKernelTunables=yes
RestrictAddressFamilies=AF_UNIX
PrivateNetwork=yes
IPAddressDeny=any
DevicePolicy=closed
DeviceAllow=char-cpu/msr r
DeviceAllow=char-nvidia-frontend rw
DeviceAllow=char-nvidia rw
DeviceAllow=char-drm rw
DeviceAllow=char-kfd rw
DeviceAllow=char-ipmidev rw
{hardening}SystemCallFilter=perf_event_open

[Install]
WantedBy=multi-user.target
"""

_LOOPBACK_ALONE = """\
IPAddressDeny=any
IPAddressAllow=localhost
"""

SOCKET = "/run/impact-tracker/reader.sock"
GROUP = "impact-tracker"


def unit(part: Part, *, program: str, listen: str = "127.0.0.1:9099", socket: str = SOCKET, group: str = GROUP) -> str:
    """The text of a unit. `program`: the absolute path of `impact-tracker`.

    An exporter that listens on loopback may speak to this machine alone; another one may be scraped from elsewhere.
    """
    text = _EXPORTER if part == "exporter" else _READER
    network = _LOOPBACK_ALONE if listen.startswith(("127.", "[::1]", "localhost:")) else ""
    return text.format(
        program=program, listen=listen, socket=socket, group=group, network=network, hardening=_HARDENING
    )
