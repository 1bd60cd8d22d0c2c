"""Metrics registry, log context and tracing; never configures the embedding process."""
