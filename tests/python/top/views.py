"""Snapshots of the live view that its tests and its picture show."""

from __future__ import annotations

from impact_tracker.live.processes import GpuUse, ProcessUse
from impact_tracker.live.snapshot import BudgetView, DevicePower, LiveSnapshot, RegionUse

USES = (
    ProcessUse(30, "train", 0, 0.9, 390.0, "step_0", "Slurm 77.0", 90.0, GpuUse(300.0, 0.95, 70 * 2**30, "measured"),
               False, "measured"),
    ProcessUse(20, "load [red]", 0, 0.1, 10.0, "job_13", "", 10.0, None, False, "measured"),
    ProcessUse(40, "serve", 0, 0.0, None, "docker", "Docker 3f2a9c81b7d0", None, GpuUse(None, None, 2**29)),
    ProcessUse(10, "sleep", 0, 0.0, 0.0, "", "", 0.0, None, False, "measured"),
)  # fmt: skip
MACHINE = LiveSnapshot(
    "this machine", 10.0, 430.0, 4300.0, 43.0, "measured",
    (DevicePower("cpu:0 package", 100.0, 1000.0, "measured", "rapl", True),
     DevicePower("cpu:0 core", None, None, "missing", "rapl", False),
     DevicePower("gpu:GPU-8f gpu", 310.0, 3100.0, "measured", "nvml", True),
     DevicePower("memory dram", 20.0, 200.0, "modelled", "ram_model", True)),
    USES, notes=("memory: not measured",), interval_s=1.0,
)  # fmt: skip
BUDGET = BudgetView("50 Wh", 180e3, 155e3, 250.0, 0.139, "measured", 171e3, 9e3, 0.15)
RUNNING = LiveSnapshot(
    "20260102T030405.jsonl (runs, or was cut off)", 250.0, 100.0, 25e3, 250.0, "measured",
    (DevicePower("cpu:0 package", 100.0, 25e3, "measured", "rapl", True),),
    USES[1:2], ("fit", "epoch"), BUDGET, interval_s=1.0,
    region_uses=(RegionUse("load", 1, 3.0, 150.0, 2.0, "measured", False),
                 RegionUse("epoch", 2, 160.0, 16e3, 160.0, "measured", True),
                 RegionUse("fit", 0, 0.0, None, None, "missing", True)),
)  # fmt: skip
MODELLED = LiveSnapshot(
    "this machine", 10.0, 40.0, 400.0, 200.0, "modelled",
    (DevicePower("cpu:0 package", 40.0, 400.0, "modelled", "cpu_model", True),),
    (ProcessUse(30, "train", 0, 1.0, 40.0, "", "", 40.0, None, False, "modelled"),), interval_s=1.0,
)  # fmt: skip
ENDED = LiveSnapshot(
    "a.jsonl (ended)", 60.0, 50.0, 3e3, 30.0, "measured",
    (DevicePower("cpu:0 package", 50.0, 3e3, "measured", "rapl", True),),
    region_uses=(RegionUse("fit", 1, 60.0, 3e3, 30.0, "measured", False),),
)  # fmt: skip
DAMAGED = LiveSnapshot(
    "b.jsonl (damaged)", 60.0, 50.0, 3e3, 30.0, "measured", ENDED.devices,
    notes=("damaged: line 812: not JSON; 1 line was passed over",),
)  # fmt: skip
EMPTY = LiveSnapshot(
    "this machine", 10.0, None, None, None, "missing", (),
    (ProcessUse(20, "load", 0, 0.5, None, "job_13"), ProcessUse(10, "sleep", 0, 0.0)), interval_s=1.0,
)  # fmt: skip
SPENT = LiveSnapshot(
    "c.jsonl (runs, or was cut off)", 250.0, 100.0, 190e3, 250.0, "modelled", MODELLED.devices,
    budget=BudgetView("50 Wh", 180e3, 0.0, 0.0, 1.06, "modelled", 230e3, None, 0.8),
)  # fmt: skip
EVERY = {
    "machine": MACHINE, "running": RUNNING, "modelled": MODELLED, "ended": ENDED, "damaged": DAMAGED, "empty": EMPTY,
    "spent": SPENT,
}  # fmt: skip


def _use(pid: int, command: str, cpu_s: float, job: str, gpu_w: float = 0.0, use: float = 0.0) -> ProcessUse:
    """A process of the picture, on a machine whose processors draw 260 W."""
    cpu_w, gpu = 260.0 * cpu_s / 22.9, GpuUse(gpu_w, use, round(use * 80 * 2**30), "measured") if gpu_w else None
    return ProcessUse(pid, command, 1000, cpu_s, cpu_w + gpu_w, job, job, cpu_w, gpu, False, "measured")


# What docs/top.md shows: a run with a budget on a node with two GPUs, another job beside it.
PICTURE = LiveSnapshot(
    "resnet.jsonl (runs, or was cut off)", 4980.0, 1084.0, 5.38e6, 7.1e4, "modelled",
    (DevicePower("cpu:0 package", 151.0, 7.52e5, "measured", "rapl_powercap", True),
     DevicePower("cpu:1 package", 109.0, 5.43e5, "measured", "rapl_powercap", True),
     DevicePower("gpu:GPU-8f21c0 gpu", 412.0, 2.05e6, "measured", "nvml", True),
     DevicePower("gpu:GPU-c4470e gpu", 366.0, 1.82e6, "measured", "nvml", True),
     DevicePower("memory dram", 46.0, 2.29e5, "modelled", "ram_model", True),
     DevicePower("node board", 1205.0, 6.0e6, "measured", "ipmi", False)),
    (_use(41207, "python", 1.02, "Slurm 118204.0", 398.0, 0.96),
     _use(40990, "python", 0.88, "Slurm 118197.0", 366.0, 0.91),
     *(_use(41233 + n, "pt_data_worker", 0.83 - n / 40, "Slurm 118204.0") for n in range(8)),
     *(_use(41011 + n, "pt_data_worker", 0.71 - n / 50, "Slurm 118197.0") for n in range(6)),
     _use(38120, "tritonserver", 0.21, "Docker 3f2a9c81b7d0", 14.0, 0.03), _use(2210, "beegfs-client", 0.06, ""),
     _use(1877, "slurmstepd", 0.01, "Slurm 118204.0"),
     *(ProcessUse(300 + n, f"kworker/{n}:1", 0, 0.0, 0.0, "", "", 0.0, None, False, "measured") for n in range(480))),
    ("fit", "epoch", "train"), BudgetView("2 kWh", 7.2e6, 1.82e6, 7.1e4, 0.747, "modelled", 6.9e6, 1.6e5, 0.78),
    interval_s=1.0,
)  # fmt: skip
