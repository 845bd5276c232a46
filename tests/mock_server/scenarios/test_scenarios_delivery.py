"""How an answer is sent that a scenario troubles, as an ASGI server sees it."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response

from mock_server.api.answer import SEVER
from mock_server.scenarios.delivery import Delivery, Held, Manner

BODY = b"0123456789"


def sent(manner, *, method="GET", gone_after_s=None, stopping=False):
    """What went out, how the connection ended, and how many answers were held back meanwhile and afterwards."""
    held, messages, ended, counts = Held(), [], [], []

    async def run():
        gone = asyncio.Event()

        async def receive():
            counts.append(held.counts["mine"])
            if gone_after_s is not None:
                await asyncio.sleep(gone_after_s)
                return {"type": "http.disconnect"}
            await gone.wait()
            return {"type": "http.disconnect"}

        async def send(message):
            messages.append(message)

        def end(*, reset):
            ended.append(reset)
            gone.set()

        delivery = Delivery(Response(BODY), manner, "mine", held, lambda: stopping)
        scope = {"type": "http", "method": method, "extensions": {SEVER: {"end": end}}}
        async with asyncio.timeout(20):
            await delivery(scope, receive, send)

    asyncio.run(run())
    body = b"".join(message.get("body", b"") for message in messages)
    whole = bool(messages) and not messages[-1].get("more_body", False)
    return {
        "body": body,
        "whole": whole,
        "ended": ended,
        "begun": bool(messages),
        "counts": counts,
        "left": held.counts,
    }


@pytest.mark.parametrize(
    ("manner", "body", "whole", "ended"),
    [
        (Manner(), BODY, True, []),
        (Manner(first_byte_s=0.01), BODY, True, []),
        (Manner(pieces=4, body_s=0.01), BODY, True, []),
        (Manner(pieces=1000, body_s=0.01), BODY, True, []),
        (Manner(missing=3), BODY[:7], False, [False]),
        (Manner(missing=1000), b"", False, [False]),
        (Manner(reset="in_body"), BODY[:5], False, [True]),
        (Manner(reset="before"), b"", False, [True]),
    ],
)
def test_a_manner_decides_what_comes_and_how_the_connection_ends(manner, body, whole, ended):
    told = sent(manner)
    assert (told["body"], told["whole"], told["ended"]) == (body, whole, ended)
    assert told["begun"] == (manner.reset != "before")
    assert not told["left"]


def test_a_client_that_goes_away_leaves_its_place():
    told = sent(Manner(first_byte_s=60), gone_after_s=0.01)
    assert (told["begun"], told["counts"], dict(told["left"])) == (False, [1], {})


def test_a_server_that_stops_holds_nothing_back():
    assert sent(Manner(first_byte_s=60, pieces=5, body_s=60), stopping=True)["whole"]


def test_an_answer_to_head_has_no_body():
    assert sent(Manner(pieces=2, body_s=0.01), method="HEAD")["body"] == b""
