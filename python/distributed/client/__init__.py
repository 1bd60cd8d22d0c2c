"""The client: submit, watch, collect, whatever gate answers."""

from distributed import _coexist

_coexist.check()

from .client import Client  # noqa: E402
from .job import JobHandle  # noqa: E402
from .outcome import Outcome  # noqa: E402
from .settings import ClientSettings  # noqa: E402

__all__ = ["Client", "ClientSettings", "JobHandle", "Outcome"]
