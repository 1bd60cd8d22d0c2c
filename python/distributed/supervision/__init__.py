"""The only place that makes tasks: one supervisor a node, one scope a job."""
