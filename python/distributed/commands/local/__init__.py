"""Running a whole cluster on this machine, a process a node, and ending it cleanly."""
