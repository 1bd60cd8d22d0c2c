"""The shape every message shares."""

from __future__ import annotations

import msgspec


class Message(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """A request, reply or notice on the wire.

    Encoded as an array that starts with the class name; a newer peer's extra trailing
    fields pass, missing trailing fields take their defaults. So: new fields go last and
    have a default.
    """


class Done(Message, frozen=True):
    """The request was carried out and there is nothing to tell."""


class Refused(Message, frozen=True):
    """The request was understood and is refused.

    `code` is for programs, `reason` for people, `field` names the part at fault.
    """

    code: str
    reason: str
    field: str = ""
    retry_after_seconds: float | None = None


class Redirect(Message, frozen=True):
    """Another node must be asked: its name and address."""

    name: str
    address: str


class Gone(Message, frozen=True):
    """No record of this job is held here; nothing was allocated for it."""

    job_id: str
