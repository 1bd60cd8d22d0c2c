"""The demonstration: a cluster, a real job, a killed worker, and what came of it."""
