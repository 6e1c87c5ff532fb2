"""Footprints without measuring: published estimators, by version, each with its formula and its limits."""

from .beside import Use, beside, use_of
from .cluster import Cluster, ClusterImpact, cluster_training
from .estimate import Comparison, Estimate, EstimateError
from .green_algorithms import PROFILES, core_power, green_algorithms, inference_total, training_total
from .hours import hour_factor
from .jobs import Job, clock_hours, ga4hpc, memory_gb
from .requests import Mix, RequestImpact, llm_request
from .simple import accelerator_days, cloud, mlco2, strubell

__all__ = [
    "PROFILES",
    "Cluster",
    "ClusterImpact",
    "Comparison",
    "Estimate",
    "EstimateError",
    "Job",
    "Mix",
    "RequestImpact",
    "Use",
    "accelerator_days",
    "beside",
    "clock_hours",
    "cloud",
    "cluster_training",
    "core_power",
    "ga4hpc",
    "green_algorithms",
    "hour_factor",
    "inference_total",
    "llm_request",
    "memory_gb",
    "mlco2",
    "strubell",
    "training_total",
    "use_of",
]
