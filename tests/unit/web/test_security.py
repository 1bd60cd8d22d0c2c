"""Nobody acts without the token, nor with another site's form."""

from __future__ import annotations

import re

import httpx
import pytest

from distributed.web.security import WRONG_TOKENS

from .conftest import client_of
from .fakes import TOKEN, FakeNode, gate_site

CANCEL = "/jobs/j-1/cancel"


async def _signed_in(browser: httpx.AsyncClient) -> str:
    answer = await browser.post("/session", data={"token": TOKEN, "back": "/jobs/j-1"})
    assert answer.status_code in (200, 303)
    found = re.search(r'name="csrf" value="([0-9a-f]+)"', (await browser.get("/jobs/j-1")).text)
    assert found is not None
    return found.group(1)


async def test_without_a_token_set_actions_are_off_whatever_is_sent(node: FakeNode) -> None:
    async with client_of(gate_site(node)) as browser:
        for token in ("", "x"):
            answer = await browser.post(CANCEL, headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 403
        assert (await browser.post("/session", data={"token": ""})).status_code == 401
        assert "Read only" in (await browser.get("/")).text
    assert node.cancelled == []


async def test_a_cancel_without_a_session_is_refused(
    browser: httpx.AsyncClient, node: FakeNode
) -> None:
    answer = await browser.post(CANCEL)
    assert answer.status_code == 401
    assert node.cancelled == []


async def test_a_session_and_its_form_cancel_the_job(
    browser: httpx.AsyncClient, node: FakeNode
) -> None:
    csrf = await _signed_in(browser)
    answer = await browser.post(CANCEL, data={"csrf": csrf, "reason": "enough"})
    assert answer.status_code == 200
    assert "1 cancelled, 1 finished" in answer.text
    assert node.cancelled == [("j-1", "enough")]


@pytest.mark.parametrize("csrf", ["", "0" * 64])
async def test_a_session_without_its_form_is_refused(
    browser: httpx.AsyncClient, node: FakeNode, csrf: str
) -> None:
    await _signed_in(browser)
    assert (await browser.post(CANCEL, data={"csrf": csrf})).status_code == 403
    assert node.cancelled == []


async def test_the_csrf_token_of_one_session_is_none_of_another(node: FakeNode) -> None:
    site = gate_site(node, token=TOKEN)
    async with client_of(site) as one, client_of(site) as other:
        csrf = await _signed_in(one)
        await _signed_in(other)
        assert (await other.post(CANCEL, data={"csrf": csrf})).status_code == 403
    assert node.cancelled == []


async def test_what_a_browser_sends_from_another_site_is_refused(
    browser: httpx.AsyncClient, node: FakeNode
) -> None:
    csrf = await _signed_in(browser)
    answer = await browser.post(
        CANCEL, data={"csrf": csrf}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert answer.status_code == 403
    assert node.cancelled == []


async def test_a_program_acts_with_the_token_alone(
    browser: httpx.AsyncClient, node: FakeNode
) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    answer = await browser.post("/drain", data={"name": "worker-1"}, headers=headers)
    assert answer.text == "worker-1 drains, 2 left to finish\n"
    assert node.drained == ["worker-1"]
    refused = await browser.post("/drain", data={"name": "nobody"}, headers=headers)
    assert refused.status_code == 409


async def test_guessing_is_stopped_after_some_wrong_tokens(browser: httpx.AsyncClient) -> None:
    for _ in range(WRONG_TOKENS):
        assert (await browser.post("/session", data={"token": "guess"})).status_code == 401
    assert (await browser.post("/session", data={"token": "guess"})).status_code == 429


async def test_the_session_cookie_is_out_of_reach_of_scripts_and_other_sites(
    browser: httpx.AsyncClient,
) -> None:
    answer = await browser.post("/session", data={"token": TOKEN})
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=strict" in cookie
    assert TOKEN not in cookie


async def test_signing_out_ends_the_session(browser: httpx.AsyncClient, node: FakeNode) -> None:
    csrf = await _signed_in(browser)
    held = browser.cookies.get("shoal_session")
    await browser.post("/session/end", data={"csrf": csrf})
    browser.cookies.set("shoal_session", str(held))
    assert (await browser.post(CANCEL, data={"csrf": csrf})).status_code == 401
    assert node.cancelled == []


@pytest.mark.parametrize("back", ["//evil.example", "https://evil.example", "/\\evil.example"])
async def test_signing_in_leads_nowhere_else(browser: httpx.AsyncClient, back: str) -> None:
    answer = await browser.post(
        "/session", data={"token": TOKEN, "back": back}, headers={"Accept": "text/html"}
    )
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/?notice=")


async def test_a_form_of_any_size_is_not_read(browser: httpx.AsyncClient) -> None:
    answer = await browser.post("/session", data={"token": "x" * 100_000})
    assert answer.status_code == 413


async def test_every_answer_carries_the_policy(browser: httpx.AsyncClient) -> None:
    for path in ("/", "/jobs.json", "/static/shoal.js", "/nothing", "/metrics"):
        answer = await browser.get(path)
        assert "content-security-policy" in answer.headers
        assert answer.headers["x-content-type-options"] == "nosniff"
