"""Reading a node's status page: each page is plain JSON beside its HTML."""

from __future__ import annotations

from typing import Any


def fetched(web: str, path: str, timeout: float) -> bytes:
    """A page of the node whose status page is at `web`.

    Raises:
        OSError: there is none, or it does not come within `timeout` seconds.
    """
    import urllib.request

    if not web:
        raise OSError("no address was given (--web)")
    with urllib.request.urlopen(f"http://{web}{path}", timeout=timeout) as page:
        return bytes(page.read())


def value(web: str, path: str, timeout: float) -> dict[str, Any]:
    """A page's value; a page that the node's role lacks says so under `error`.

    Raises:
        OSError: the node does not answer, or not with a page.
    """
    from urllib.error import HTTPError

    import msgspec

    try:
        text = fetched(web, path, timeout)
    except HTTPError as error:
        with error:
            text = error.read()
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise OSError(f"{web}{path} is not a status page of ours: {error}") from error
