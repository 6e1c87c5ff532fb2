"""What Python knows of a run and its record keeps: command, place in the job, versions. Secrets are masked."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .hostinfo import host_info
from .masking import mask_argv, mask_environment, mask_text, mask_value
from .ranks import VARIABLES, read_rank
from .settings import TrackerSettings
from .system import node_name

if TYPE_CHECKING:
    from .weighing import Weighing

# fmt: off
# What places a process in a batch job or a parallel run.
_JOB_VARIABLES = (
    "SLURM_JOB_ID", "SLURM_JOB_NAME", "SLURM_JOB_PARTITION", "SLURM_JOB_NODELIST", "SLURM_JOB_NUM_NODES",
    "SLURM_CLUSTER_NAME", "SLURM_ARRAY_JOB_ID", "SLURM_ARRAY_TASK_ID", "SLURM_STEP_ID", "SLURM_NTASKS",
    "SLURM_PROCID", "SLURM_LOCALID", "SLURM_NODEID", "SLURM_CPUS_PER_TASK", "SLURM_CPUS_ON_NODE",
    "SLURM_MEM_PER_NODE", "SLURM_GPUS", "SLURM_GPUS_ON_NODE", "SLURM_JOB_GPUS", "SLURMD_NODENAME", "PBS_JOBID",
    "PBS_JOBNAME", "PBS_QUEUE", "PBS_NODENUM", "LSB_JOBID", "LSB_JOBNAME", "LSB_QUEUE", "JOB_ID", "SGE_TASK_ID",
    "OAR_JOB_ID", "OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_LOCAL_RANK", "OMPI_COMM_WORLD_SIZE", "PMI_RANK",
    "PMI_SIZE", "PMIX_RANK", "MPI_LOCALRANKID", "RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE",
    "GROUP_RANK", "NODE_RANK", "MASTER_ADDR",
)
# What changes how a run computes or where: kept with their values.
_RUN_VARIABLES = (
    "CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
    "ZE_AFFINITY_MASK", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "OMP_PROC_BIND",
    "KMP_AFFINITY", "TF_NUM_INTRAOP_THREADS", "CUBLAS_WORKSPACE_CONFIG", "PYTORCH_CUDA_ALLOC_CONF", "XLA_FLAGS",
    "CONDA_DEFAULT_ENV", "VIRTUAL_ENV", "KUBERNETES_SERVICE_HOST", "PYTHONHASHSEED", "LANG", "TZ",
)
_PACKAGES = (
    "torch", "torchvision", "tensorflow", "keras", "jax", "jaxlib", "flax", "numpy", "scipy", "pandas", "polars",
    "sklearn", "transformers", "datasets", "accelerate", "deepspeed", "lightning", "pytorch_lightning", "xgboost",
    "lightgbm", "catboost", "onnxruntime", "cupy", "numba", "triton", "vllm", "sentence_transformers", "diffusers",
    "timm", "ray", "dask", "mpi4py", "experiment_impact_tracker",
)


# fmt: on
_MOST, _LONGEST, _SHOWN = 500, 4000, 1000  # arguments, characters looked at, characters kept


def _short(argument: str) -> str:
    return argument if len(argument) <= _SHOWN else argument[:_SHOWN] + "…"


def _selected(names: tuple[str, ...]) -> dict[str, str]:
    return mask_environment({name: value for name in names for value in (os.environ.get(name),) if value})


def _working_directory() -> str | None:
    try:
        return str(Path.cwd())
    except OSError:  # removed while the program runs
        return None


def start_info(settings: TrackerSettings, weighing: Weighing, tool_version: str) -> dict[str, object]:
    """For the record's header. `weighing`: as the record's results are weighed."""
    arguments = [sys.executable or "python", *getattr(sys, "orig_argv", ["", *sys.argv])[1:]]
    return {
        "argv": [_short(argument) for argument in mask_argv(a[:_LONGEST] for a in arguments[:_MOST])],
        "program": mask_text(sys.argv[0]) if sys.argv else None,
        "cwd": _working_directory(),
        "hostname": node_name(),
        "host": host_info(),
        "tool": {"name": "impact-tracker", "version": tool_version},
        "job": _selected(tuple(dict.fromkeys(_JOB_VARIABLES + VARIABLES))),
        "rank": read_rank().as_info(),
        "environment": _selected(_RUN_VARIABLES),
        "interval_s": settings.interval_s,
        "settings_from": dict(settings.origins),
        "tags": mask_tags(settings.tags),
        **weighing.as_info(),
    }


def mask_tags(tags: dict[str, str]) -> dict[str, str]:
    """Tags without secrets."""
    return {name: mask_value(name, value) for name, value in tags.items()}


def loaded_packages() -> dict[str, str]:
    """Versions of the heavy packages that this program has imported; none is imported for it."""
    versions = {}
    for name in _PACKAGES:
        module = sys.modules.get(name)
        # vars(): a lazy module's __getattr__ would import what it stands for.
        version = vars(module).get("__version__") if module is not None and hasattr(module, "__dict__") else None
        if isinstance(version, str):  # torch's is a subclass
            versions[name] = str(version)
    return versions


def stop_info(ended_by: str | None) -> dict[str, object]:
    """For the record's last line. `ended_by`: the name of the exception that ended the block, None where none did."""
    return {"packages": loaded_packages(), "ended_by": ended_by}
