"""Pure policies about jobs: states, graph, validation, ownership, fairness, outcomes."""
