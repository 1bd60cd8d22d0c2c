"""Who may act from a page, and what a browser may do with one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict, deque
from typing import TYPE_CHECKING

from distributed.errors import ShoalError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from distributed.clock import Clock

COOKIE = "shoal_session"
SESSION_SECONDS = 8 * 3600.0
MOST_SESSIONS = 64
WRONG_TOKENS, WITHIN_SECONDS = 10, 60.0

HEADERS = {
    b"content-security-policy": (
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
    ),
    b"x-content-type-options": b"nosniff",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
}


class Forbidden(ShoalError):
    """The action is refused; `status` is the HTTP status that says so."""

    def __init__(self, reason: str, status: int = 403) -> None:
        self.status = status
        super().__init__(reason)


class SecureHeaders:
    """Adds the headers to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS.items()]
            await send(message)

        await self._app(scope, receive, secured if scope["type"] == "http" else send)


class Guard:
    """Sessions of those who gave the token. No token set: nobody may act.

    A session's forms carry its CSRF token, an HMAC over the session under a key of this
    process; a request with the token itself in `Authorization: Bearer` needs neither.
    """

    def __init__(self, token: str, clock: Clock) -> None:
        self._token = token.encode()
        self._clock = clock
        self._key = secrets.token_bytes(32) if token else b""
        self._sessions: OrderedDict[str, float] = OrderedDict()
        self._wrong: deque[float] = deque(maxlen=WRONG_TOKENS)

    @property
    def enabled(self) -> bool:
        """Whether anybody may act at all."""
        return bool(self._token)

    def sign_in(self, token: str) -> str:
        """A new session for the right token.

        Raises:
            Forbidden: it is wrong, or too many wrong ones came lately.
        """
        self._check(token)
        session = secrets.token_urlsafe(32)
        self._sessions[session] = self._clock.now() + SESSION_SECONDS
        while len(self._sessions) > MOST_SESSIONS:
            self._sessions.popitem(last=False)
        return session

    def sign_out(self, request: Request) -> None:
        """End the request's session."""
        self._sessions.pop(request.cookies.get(COOKIE, ""), None)

    def session(self, request: Request) -> str:
        """The request's live session, "" for none."""
        session = request.cookies.get(COOKIE, "")
        until = self._sessions.get(session)
        return session if until is not None and self._clock.now() < until else ""

    def csrf(self, request: Request) -> str:
        """What a form of this session must carry; "" without a session."""
        session = self.session(request)
        return self._signed(session) if session else ""

    def same_site(self, request: Request) -> None:
        """Refuse what a browser says comes from another site.

        Raises:
            Forbidden: it does.
        """
        if request.headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
            raise Forbidden("the request comes from another site")

    def authorise(self, request: Request, csrf: str) -> None:
        """Let an action through.

        Raises:
            Forbidden: with why.
        """
        if not self.enabled:
            raise Forbidden("actions are off: this node has no web token (node.web_token)")
        self.same_site(request)
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            self._check(given)
            return
        session = self.session(request)
        if not session:
            raise Forbidden("sign in with the node's web token first", 401)
        if not hmac.compare_digest(csrf.encode(), self._signed(session).encode()):
            raise Forbidden("the form's CSRF token does not fit the session; reload the page")

    def sealed(self, text: str) -> str:
        """What came of an action, for the address that the browser goes to next."""
        return f"{self._signed(text)[:16]}.{text}"

    def opened(self, sealed: str) -> str:
        """The text of an address, if this node put it there; "" for anybody else's."""
        mark, _, text = sealed.partition(".")
        fits = hmac.compare_digest(mark.encode(), self._signed(text)[:16].encode())
        return text if fits and self.enabled else ""

    def _check(self, token: str) -> None:
        now = self._clock.now()
        if len(self._wrong) == WRONG_TOKENS and now - self._wrong[0] < WITHIN_SECONDS:
            raise Forbidden("too many wrong tokens; wait a minute", 429)
        if not self.enabled or not hmac.compare_digest(token.encode(), self._token):
            self._wrong.append(now)
            raise Forbidden("the token is wrong", 401)

    def _signed(self, session: str) -> str:
        return hmac.new(self._key, session.encode(), hashlib.sha256).hexdigest()


def keep_session(response: Response, session: str, request: Request) -> None:
    """Give the browser its session, out of reach of scripts and of other sites."""
    response.set_cookie(
        COOKIE,
        session,
        max_age=int(SESSION_SECONDS),
        path=request.scope.get("root_path") or "/",
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
