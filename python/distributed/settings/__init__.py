"""Every setting with its type, unit and default, and where its value came from."""
