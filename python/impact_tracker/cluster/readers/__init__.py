"""Readers of jobs and of power, one file a place that they come from."""
