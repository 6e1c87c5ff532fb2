"""Metrics side by side: parameters, bytes, FLOPs, hours, energy, carbon, accuracy, and whether they tell the energy."""
