"""Every message that crosses a process border, by conversation.

Here live msgspec structs and nothing else: no behaviour, no I/O. New fields go last and
carry a default. `docs/architecture.md` has the table of who sends what to whom.
"""
