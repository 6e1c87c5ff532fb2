"""Footprints without measuring: published estimators, by version, each with its formula and its limits."""

from .beside import Use, beside, use_of
from .calculator_tables import CalculatorTables, calculator_tables
from .cluster import Cluster, ClusterImpact, cluster_training
from .estimate import Comparison, Estimate, EstimateError
from .green_algorithms import PROFILES, core_power, green_algorithms, inference_total, training_total
from .hours import hour_factor
from .instance import instance
from .jobs import Job, clock_hours, ga4hpc, memory_gb
from .methods import METHODS, Inputs, Method, estimate_by, users_of
from .requests import Mix, RequestImpact, llm_request
from .simple import accelerator_days, cloud, mlco2, strubell

__all__ = [
    "METHODS", "PROFILES", "CalculatorTables", "Cluster", "ClusterImpact", "Comparison", "Estimate", "EstimateError",
    "Inputs", "Job", "Method", "Mix", "RequestImpact", "Use", "accelerator_days", "beside", "calculator_tables",
    "clock_hours", "cloud", "cluster_training", "core_power", "estimate_by", "ga4hpc", "green_algorithms",
    "hour_factor", "inference_total", "instance", "llm_request", "memory_gb", "mlco2", "strubell", "training_total",
    "use_of", "users_of",
]  # fmt: skip
