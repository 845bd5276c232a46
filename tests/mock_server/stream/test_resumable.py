"""Streams of clients that ask for acknowledgements: what is told, where they go on, and what is refused."""

from __future__ import annotations

import json
import time
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

import scribe_data
from tests.mock_server.stream.talking import (
    FRAME,
    PCM,
    SAID,
    STOP,
    all_kept,
    begin,
    dial,
    frames,
    goes_on,
    kept,
    media,
    outcome,
)

ADDED = scribe_data.load().stream.resumable
HALF = len(PCM) // FRAME // 2 * FRAME


def resumed(session):
    return dial(session, ADDED.protocol)


def heard(client, session):
    client.end(session)
    return client.settled(session)["transcript"]


@pytest.mark.parametrize("words", [[*frames()], [begin(), *map(media, frames())]], ids=["binary", "json"])
def test_a_client_that_offers_the_subprotocol_is_told_what_is_safe_up_to_the_last_byte(client, words):
    session = client.create()
    with resumed(session) as ws:
        assert ws.subprotocol == ADDED.protocol
        assert kept(ws) == 0
        for message in [*words, STOP]:
            ws.send(message)
        offsets, closed = all_kept(ws)
    assert closed == (1000, "")
    assert offsets == sorted(set(offsets))
    assert offsets[-1] == len(PCM)
    assert heard(client, session) == SAID


def test_without_the_subprotocol_the_server_is_silent_and_knows_no_continue(client):
    session = client.create()
    with dial(session, "something.else", "scribe-stream.resumable.v2") as ws:
        assert ws.subprotocol is None
        for message in (goes_on(PCM[0] + 2), *frames(), STOP):
            ws.send(message)
        assert outcome(ws) == (1000, "")
    account = client.closed(session)
    assert (account["ignored"], account["bytes"], "repeated" in account) == (1, len(PCM), False)


def test_a_client_that_was_cut_off_goes_on_where_the_server_says(client):
    session = client.create()
    told = {"scenario": "stream_breaks", "parameters": {"bytes": HALF, "code": None}}
    client.http.post("/_mock/v1/scenarios", json=told | {"on": {"session": session["session_id"]}})
    with resumed(session) as ws:
        with suppress(ConnectionClosed):  # it may be cut off before all is sent
            for message in (*frames(), STOP):
                ws.send(message)
        assert all_kept(ws)[1][0] == 1006
    with resumed(session) as ws:
        offset = kept(ws)
        assert offset == HALF
        for message in (*frames(PCM[offset:]), STOP):
            ws.send(message)
        offsets, closed = all_kept(ws)
    assert (offsets[-1], closed) == (len(PCM), (1000, ""))
    assert heard(client, session) == SAID


@pytest.mark.parametrize("back", [HALF, FRAME + 2, 2, 0])
@pytest.mark.parametrize("size", [FRAME, 640], ids=["large messages", "small messages"])
def test_bytes_that_are_sent_again_are_not_kept_again(client, back, size):
    session = client.create()
    with resumed(session) as ws:
        ws.send(PCM[:HALF])
        ws.send(STOP)
        assert all_kept(ws)[0][-1] == HALF
    at = HALF - back
    with resumed(session) as ws:
        ws.send(goes_on(at))
        for message in (*(PCM[n : n + size] for n in range(at, len(PCM), size)), STOP):
            ws.send(message)
        offsets, _ = all_kept(ws)
    assert (offsets[0], offsets[-1]) == (HALF, len(PCM))
    account = client.closed(session)
    assert (account["repeated"], account["bytes"]) == (back, len(PCM) - HALF)
    assert heard(client, session) == SAID


def test_a_gap_is_refused_by_a_code_of_its_own_and_nothing_of_it_is_kept(client):
    session = client.create()
    with resumed(session) as ws:
        ws.send(PCM[:HALF])
        ws.send(STOP)
        all_kept(ws)
    with resumed(session) as ws:
        with suppress(ConnectionClosed):  # it may be closed before all is sent
            for message in (goes_on(HALF + 2), PCM[HALF + 2 :], STOP):
                ws.send(message)
        offsets, closed = all_kept(ws)
    assert offsets == [HALF]
    assert closed == (ADDED.gap, f"Samples from byte {HALF + 2} on leave a gap: {HALF} bytes are safe.")
    with resumed(session) as ws:
        assert kept(ws) == HALF


@pytest.mark.parametrize(
    "messages",
    [
        [json.dumps({"event": "continue"})],
        [json.dumps({"event": "continue", "continue": 0})],
        [goes_on(-2)],
        [goes_on(1)],
        [goes_on(True)],
        [goes_on(0.0)],
        [goes_on("0")],
        [goes_on(None)],
        [goes_on(0), goes_on(0)],
        [PCM[:FRAME], goes_on(0)],
    ],
)
def test_a_continue_that_says_no_place_or_comes_late_is_refused(client, messages):
    session = client.create()
    with resumed(session) as ws:
        for message in messages:
            ws.send(message)
        offsets, (code, reason) = all_kept(ws)
    assert (offsets[0], code) == (0, 4400)
    assert "continue" in reason


def test_what_a_client_waits_for_while_it_says_nothing_comes_within_a_step(client):
    session = client.create()
    with resumed(session) as ws:
        assert kept(ws) == 0
        ws.send(PCM[:FRAME])
        assert kept(ws) == FRAME


def test_an_end_over_rest_tells_what_is_safe_before_the_socket_is_closed(client):
    session = client.create()
    with resumed(session) as ws:
        ws.send(PCM)
        while client.get(session)["status"] != "recording":
            time.sleep(0.02)
        assert client.end(session).status_code == 202
        offsets, (code, _) = all_kept(ws)
    assert (offsets[-1], code) == (len(PCM), 4409)
    assert client.settled(session)["transcript"] == SAID


def test_an_id_of_nobody_and_a_session_that_is_over_are_told_by_a_code_and_no_offset(client):
    session = client.create()
    with resumed({"upload_url": session["upload_url"].replace("tkt_", "tkt_A")}) as ws:
        assert ws.subprotocol == ADDED.protocol
        assert outcome(ws)[0] == 4000
    client.http.post(f"/v1/sessions/{session['session_id']}/end", json={"audio_files_sent": 0})
    with resumed(session) as ws:
        assert outcome(ws)[0] == 4409


def test_what_is_no_frame_is_refused_while_acknowledgements_are_on_their_way(client, caplog):
    session = client.create()
    with resumed(session) as ws:
        ws.send(PCM[:FRAME])
        with suppress(ConnectionClosed):
            ws.send(b"\0" * (1024 * 1024 + 2))
        assert all_kept(ws)[1][0] == 1009
    assert client.closed(session)["bytes"] == FRAME
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
