"""What a person with the token may do from a page: cancel a job, drain a node."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote

from starlette.responses import PlainTextResponse, RedirectResponse, Response

from distributed.errors import ShoalError

from .security import COOKIE, Forbidden, keep_session

if TYPE_CHECKING:
    from starlette.requests import Request

    from .site import Site

LONGEST_FORM = 8_192


class Actions:
    """Each is authorised first and answered with a redirect that says what came of it.

    A program (no `text/html` in `Accept`) gets a line of text and a status instead.
    """

    def __init__(self, site: Site) -> None:
        self._site = site

    async def sign_in(self, request: Request) -> Response:
        """The token for a session."""
        try:
            self._site.guard.same_site(request)
            form = await _form(request)
            session = self._site.guard.sign_in(form.get("token", ""))
        except Forbidden as refusal:
            return self._answer(request, str(refusal), refusal.status, "")
        response = self._answer(request, "signed in: actions are on", 200, form.get("back", ""))
        keep_session(response, session, request)
        return response

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        try:
            form = await _form(request)
            self._site.guard.authorise(request, form.get("csrf", ""))
        except Forbidden as refusal:
            return self._answer(request, str(refusal), refusal.status, "")
        self._site.guard.sign_out(request)
        response = self._answer(request, "signed out", 200, form.get("back", ""))
        response.delete_cookie(COOKIE, path=request.scope.get("root_path") or "/")
        return response

    async def cancel(self, request: Request) -> Response:
        """Cancel one job."""
        job = request.path_params["job"]
        back = f"/jobs/{quote(job, safe='')}"
        try:
            form = await _form(request)
            self._site.guard.authorise(request, form.get("csrf", ""))
        except Forbidden as refusal:
            return self._answer(request, str(refusal), refusal.status, back)
        if self._site.sources.cancel is None:
            text = f"jobs are cancelled at a gate; this is a {self._site.sources.role}"
            return self._answer(request, text, 404, back)
        reason = form.get("reason", "").strip()[:500] or "asked for on the status page"
        try:
            outcomes = await self._site.sources.cancel.cancel(job, reason)
        except ShoalError as error:
            return self._answer(request, f"not cancelled: {error}", 409, back)
        counts: dict[str, int] = {}
        for outcome in outcomes.values():
            counts[outcome] = counts.get(outcome, 0) + 1
        told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(counts.items()))
        return self._answer(request, f"cancelled: {told or 'nothing ran'}", 200, back)

    async def drain(self, request: Request) -> Response:
        """Drain one node."""
        try:
            form = await _form(request)
            self._site.guard.authorise(request, form.get("csrf", ""))
        except Forbidden as refusal:
            return self._answer(request, str(refusal), refusal.status, "/workers")
        drain = self._site.sources.drain
        if drain is None:
            text = f"nothing can be drained from a {self._site.sources.role}"
            return self._answer(request, text, 404, "/workers")
        name = form.get("name", "")
        try:
            running = await drain.drain(name)
        except ShoalError as error:
            return self._answer(request, f"not drained: {error}", 409, "/workers")
        return self._answer(request, f"{name} drains, {running} left to finish", 200, "/workers")

    def _answer(self, request: Request, text: str, status: int, back: str) -> Response:
        base = str(request.scope.get("root_path", "")).rstrip("/")
        if "text/html" not in request.headers.get("accept", ""):
            return PlainTextResponse(f"{text}\n", status)
        if status >= 400:
            document = self._site.whole(
                "note.html",
                base=base,
                guard=self._site.guard,
                csrf=self._site.guard.csrf(request),
                notice="",
                text=text,
            )
            return Response(document, status, media_type="text/html")
        safe = back if back.startswith("/") and not back.startswith(("//", "/\\")) else "/"
        return RedirectResponse(
            f"{base}{safe}?notice={quote(self._site.guard.sealed(text), safe='')}", 303
        )


async def _form(request: Request) -> dict[str, str]:
    """The fields of a small form.

    Raises:
        Forbidden: it is larger than any form of ours.
    """
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > LONGEST_FORM:
            raise Forbidden("the form is too large", 413)
    fields = parse_qs(body.decode(errors="replace"), keep_blank_values=True)
    return {name: values[-1] for name, values in fields.items()}
