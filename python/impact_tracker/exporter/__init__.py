"""A machine's energy as a service: metrics for Prometheus and OTLP, and a reader with privileges that others ask."""
