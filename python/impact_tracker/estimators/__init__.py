"""Footprints without measuring: published estimators, by version, each with its formula and its limits."""

from .beside import beside, beside_result
from .cluster import Cluster, ClusterImpact, cluster_training
from .estimate import Comparison, Estimate, EstimateError, sentences
from .green_algorithms import PROFILES, green_algorithms, inference_total, training_total
from .jobs import Job, clock_hours, ga4hpc, memory_gb
from .requests import Mix, RequestImpact, llm_request
from .simple import accelerator_days, cloud, hour_factor, mlco2, strubell

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
    "accelerator_days",
    "beside",
    "beside_result",
    "clock_hours",
    "cloud",
    "cluster_training",
    "ga4hpc",
    "green_algorithms",
    "hour_factor",
    "inference_total",
    "llm_request",
    "memory_gb",
    "mlco2",
    "sentences",
    "strubell",
    "training_total",
]
