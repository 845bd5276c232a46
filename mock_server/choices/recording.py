"""Choices of what is kept of live sessions: how details and downloads show it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from starlette.requests import Request

from mock_server.api.answer import Answer
from mock_server.api.dalston.route import PREFIX
from mock_server.choices.address import TICKET
from mock_server.choices.choice import Choice
from mock_server.choices.dictation import USUAL_ID, meant, uuid_of
from mock_server.choices.editing import headed, merged
from mock_server.dalston.recording import SAMPLES
from mock_server.problems import Problem
from mock_server.served import LIVE
from mock_server.session.dalston.table import State
from mock_server.stream.tape import head

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.choices.choice import Asked, Onward
    from mock_server.session.dalston.model import Dictation

GET, LIST, AUDIO, TRANSCRIPT, DELETE = (f"{LIVE}.{name}" for name in ("get", "list", "audio", "transcript", "delete"))
_IDS: Final = ("id", "session_id", "previous_session_id")
#: Members that may be left out where they have no value (E25), and those that only the table has (E3).
_EMPTY: Final = frozenset({"ended_at", "audio_uri", "transcript_uri", "worker_id", "client_ip"})
_OF_TABLE: Final = frozenset({"previous_session_id", "enhancement_job_id", "error"})
_INSIDE: Final = ("worker_id", "client_ip", "instance")
_LEFT_OUT, _FILE, _NO_FILE, _EMPTY_FILE = "left out", "the file", "none", "an empty file"
#: Ways to an audio file that are no redirect: the member that has the address.
_MEMBERS: Final = {"a link": "url", "a link in download_url": "download_url"}
_LINK_S: Final = 3600
_SEPARATORS: Final = {"a space": " ", "a line": "\n", "a paragraph": "\n\n"}


def sessions(asked: Asked, answer: Answer, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Answer:
    """An answer with each session in it changed, be it one or a list."""
    if answer.status != 200 or not isinstance(answer.body, dict):
        return answer
    if asked.of(GET):
        return replace(answer, body=change(answer.body))
    return merged(answer, sessions=list(map(change, answer.body["sessions"]))) if asked.of(LIST) else answer


def _without(body: dict[str, Any], leaves: Callable[[str, Any], bool]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if not leaves(name, value)}


async def _seen(asked: Asked) -> Dictation | None:
    """The session of a request, as its tenant may see it."""
    try:
        return await asked.face.live.see(asked.call.namespace, asked.call.session_id or "")
    except Problem:
        return None


async def _by_uuid(asked: Asked, onward: Onward) -> Answer:
    """A request that names a session by its UUID."""
    call = asked.call
    if call.session_id is not None and (named := meant(call.session_id)) != call.session_id:
        scope = call.request.scope
        params = {**scope["path_params"], "session_id": named}
        call.request = Request({**scope, "path_params": params}, call.request.receive)
        call.session_id = named
    return await onward()


def _as_uuids(asked: Asked, answer: Answer) -> Answer:
    def shown(body: dict[str, Any]) -> dict[str, Any]:
        named = {name: uuid_of(body[name]) for name in _IDS if isinstance(body.get(name), str)}
        return body | named

    if asked.of(TRANSCRIPT, DELETE) and answer.status == 200:
        return replace(answer, body=shown(answer.body))
    return sessions(asked, answer, shown)


def _kept_back(asked: Asked, answer: Answer) -> Answer:
    nothing = asked.taken["caller_details"] == "null"

    def change(body: dict[str, Any]) -> dict[str, Any]:
        if nothing:
            return body | {name: None for name in _INSIDE if name in body}
        return _without(body, lambda name, _value: name in _INSIDE)

    if asked.of(TRANSCRIPT) and answer.status == 200:
        return merged(answer, metadata=change(answer.body["metadata"]))
    return sessions(asked, answer, change)


def _untabled(asked: Asked, answer: Answer) -> Answer:
    return sessions(asked, answer, lambda body: _without(body, lambda name, _value: name in _OF_TABLE))


def _left_out(asked: Asked, answer: Answer) -> Answer:
    return sessions(asked, answer, lambda body: _without(body, lambda name, value: value is None and name in _EMPTY))


def _modelled(asked: Asked, answer: Answer) -> Answer:
    named = {"model": asked.face.streamer.model}
    if asked.of(TRANSCRIPT) and answer.status == 200:
        return merged(answer, **named)
    return sessions(asked, answer, lambda body: body | named)


def _joined(asked: Asked, answer: Answer) -> Answer:
    if not asked.of(TRANSCRIPT) or answer.status != 200:
        return answer
    between = _SEPARATORS[str(asked.taken["transcript_text"])]
    return merged(answer, text=between.join(each["text"] for each in answer.body["utterances"] if each["text"]))


async def _led(asked: Asked, onward: Onward) -> Answer:
    """A link or a redirect to the file, which a signed address opens without a key (E20)."""
    call, way = asked.call, asked.taken["audio_download"]
    deliver = call.deliver
    answer = await onward()
    if not asked.of(AUDIO) or answer.status not in (200, 206) or TICKET in call.request.scope:
        return answer
    call.deliver = deliver  # the file stays where it is
    ticket = asked.tickets.issue(call.namespace, call.session_id or "")
    at = f"{asked.face.root(call.request)}{PREFIX}/sessions/{quote(call.session_id or '')}/audio?signature={ticket}"
    if isinstance(way, int):
        return Answer(way, headers={"Location": at, "Cache-Control": "no-store"})
    told: dict[str, Any] = {_MEMBERS[str(way)]: at, "expires_in": _LINK_S}
    return Answer(200, told, {"Cache-Control": "no-store"})


def _whole(asked: Asked, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name != b"range"] if asked.of(AUDIO) else headers


def _unranged(asked: Asked, answer: Answer) -> Answer:
    return headed(answer, Accept_Ranges=None) if asked.of(AUDIO) else answer


async def _silent(asked: Asked, onward: Onward) -> Answer:
    """The file of a session that was sent nothing: a head, and no samples (E5)."""
    answer = await onward()
    call = asked.call
    if not (asked.of(AUDIO) and answer.status == 404) and not (asked.of(GET) and answer.status == 200):
        return answer
    found = await _seen(asked)
    if found is None or not found.final or not found.wanted.store_audio or found.audio_key is not None:
        return answer
    if asked.of(GET):
        return merged(answer, audio_uri=f"{asked.face.root(call.request)}{PREFIX}/sessions/{found.id}/audio")
    return Answer(200, raw=head(SAMPLES, 0), media_type="audio/wav", headers={"Cache-Control": "no-store"})


async def _early(asked: Asked, onward: Onward) -> Answer:
    """409 for what an active session has not yet, where a number is chosen (E19)."""
    answer = await onward()
    if asked.taken["active_downloads"] != 409 or answer.status != 404 or not asked.of(AUDIO, TRANSCRIPT):
        return answer
    found = await _seen(asked)
    return answer if found is None or found.final else replace(answer, status=409)


async def _lost(asked: Asked, onward: Onward) -> Answer:
    """No transcript of an interrupted session (E14)."""
    answer = await onward()
    if asked.of(GET) and answer.status == 200 and answer.body["status"] == State.INTERRUPTED.value:
        return merged(answer, transcript_uri=None)
    if not asked.of(TRANSCRIPT) or answer.status != 200:
        return answer
    found = await _seen(asked)
    if found is None or found.state is not State.INTERRUPTED:
        return answer
    problem = Problem(404, "transcript_not_available", "The session was interrupted, and has no transcript.")
    return asked.face.refusal(asked.call, problem)


CHOICES = (
    Choice(
        "audio_download",
        "What a download of audio is answered.",
        "Realtime E20: the file, an object with its address in url, or a redirect; leniently in another member",
        (_FILE, "a link", 302, 303, 307),
        ("a link in download_url",),
        around=_led,
    ),
    Choice(
        "ranges",
        "Whether a part of an audio file is given that is asked for.",
        "Realtime E31, RFC 9110 §14.2: a range may be passed over",
        ("given", "passed over"),
        heads=_whole,
        rewrites=_unranged,
    ),
    Choice(
        "silent_audio",
        "What is kept of a session that was sent no audio.",
        "Realtime E5: no object, or an empty one",
        (_NO_FILE, _EMPTY_FILE),
        around=_silent,
    ),
    Choice(
        "active_downloads",
        "What downloads of an active session are answered.",
        "Realtime E19: 404 or 409; leniently what there is so far",
        (404, 409),
        ("the transcript so far",),
        around=_early,
    ),
    Choice(
        "lost_transcript",
        "Whether an interrupted session has a transcript.",
        "Realtime E14: what was understood until then, or 404",
        ("kept", _NO_FILE),
        around=_lost,
    ),
    Choice(
        "transcript_text",
        "What stands between utterances in the text of a transcript.",
        "Realtime E29: white space is not compared",
        tuple(_SEPARATORS),
        rewrites=_joined,
    ),
    Choice(
        "shown_model",
        "What the model of a session is called.",
        "Realtime E26: any text",
        ("as asked", "as its engine"),
        rewrites=_modelled,
    ),
    Choice(
        "caller_details",
        "Whether answers tell the worker and where the client came from.",
        "Realtime E12: they do; leniently they may be absent or null",
        ("told",),
        ("null", _LEFT_OUT),
        rewrites=_kept_back,
    ),
    Choice(
        "table_members",
        "Whether details have what the table has and no printed body.",
        "Realtime E3, E23: the three members may be there",
        ("told", _LEFT_OUT),
        rewrites=_untabled,
    ),
    Choice(
        "no_value",
        "What a member is that has no value.",
        "Realtime E25: null; the end, the two addresses, the worker and the client may also be left out",
        ("null", _LEFT_OUT),
        rewrites=_left_out,
    ),
    Choice(
        "rest_id",
        "Which id answers show.",
        "Realtime E1: that of the socket; leniently the UUID that belongs to it, and both are taken",
        ("the socket's",),
        ("a UUID",),
        around=_by_uuid,
        rewrites=_as_uuids,
        needs=("live_id", (USUAL_ID,)),
    ),
)
