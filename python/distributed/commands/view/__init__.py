"""Following one job: what is known of it, and how it looks to a person or a pipe."""
