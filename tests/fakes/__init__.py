"""Fake machines that tell the truth: counters, drivers and file trees whose real energy is known."""
