"""Choices of research sessions: who may see them, how they are made, paused, cancelled and shared."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.prsm.date import dated
from mock_server.choices.choice import Choice
from mock_server.choices.editing import known, merged, without
from mock_server.clock import stamp
from mock_server.served import RESEARCH
from mock_server.session.prsm.model import WITHOUT_PAUSE
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward

#: Real seconds that a creation waits for the start of the work.
_START_S: Final = 2.0
#: What a choice of types without pause stands for.
WITHOUT: Final = {
    "synthesis": WITHOUT_PAUSE,
    "none": frozenset[str](),
    "analysis": frozenset({"analysis"}),
    "synthesis and analysis": frozenset({"synthesis", "analysis"}),
}
#: In which states a choice refuses a cancel.
UNCANCELLED: Final = {
    "refused while initializing": frozenset({State.INITIALIZING}),
    "refused while paused": frozenset({State.PAUSED}),
    "refused in both": frozenset({State.INITIALIZING, State.PAUSED}),
}
#: What opens a shared session, by the words of a choice.
SHARED_BY: Final = {
    "the URL and recipients' keys": frozenset({"url", "key"}),
    "the URL": frozenset({"url"}),
    "recipients' keys": frozenset({"key"}),
}
STRANGER_UNKNOWN: Final = "404 session_not_found"
_A_WEEK: Final = timedelta(days=7)
_NO_TYPE: Final = "none"


def _quota(asked: Asked, answer: Answer) -> Answer:
    body = answer.body
    if not isinstance(body, dict) or body.get("error") != "session_quota_exceeded":
        return answer
    status = int(asked.taken["quota_status"])
    return replace(merged(answer, code=status), status=status)


def _typed(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    if asked.of("prsm.create") and "session_type" not in document:
        raise problems.missing_required_field("session_type")
    return document


def _known(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    profile, _, name = asked.call.operation.partition(".")
    return known(document, RESEARCH, name if profile == RESEARCH else None)


def _present(_asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    for name, value in document.items():
        if value is None:
            raise problems.invalid_request(f"The field {name[:40]!r} is null.", field=name[:40])
    return document


def _limited(asked: Asked, document: dict[str, Any]) -> dict[str, Any]:
    """A share that ends by itself after a week, or no later than that."""
    if not asked.of("prsm.share"):
        return document
    latest = asked.face.service.clocks.now(asked.namespace) + _A_WEEK
    given = document.get("expiration")
    if given is None:
        return {**document, "expiration": stamp(latest)} if asked.taken["share_days"] == _A_WEEK.days else document
    if asked.taken["longest_share"] == "a week" and isinstance(given, str):
        with contextlib.suppress(ValueError):
            if dated(given, end=True) > latest:
                return {**document, "expiration": stamp(latest)}
    return document


async def _begun(asked: Asked, onward: Onward) -> Answer:
    """The creation as it is once the work has begun, where that is soon."""
    answer = await onward()
    call = asked.call
    if not asked.of("prsm.create") or answer.status != 201 or call.session_id is None:
        return answer
    with contextlib.suppress(TimeoutError), asked.face.service.watch.of(call.session_id) as event:
        async with asyncio.timeout(_START_S):
            while True:
                event.clear()
                found = await asked.face.research.standing(call.namespace, call.session_id)
                if found is None or found.state is not State.QUEUED:
                    break
                await event.wait()
    # work that went on meanwhile is not told: what was made is what is answered
    begun = found is not None and found.began_at is not None
    return merged(answer, status=State.INITIALIZING.value) if begun else answer


def _minutes(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("prsm.create") or answer.status != 201:
        return answer
    told = {"rounded down": 0, "ten at least": max(10, answer.body["estimated_duration"])}
    return merged(answer, estimated_duration=told[str(asked.taken["estimated_minutes"])])


async def _controlled(asked: Asked, onward: Onward) -> Answer:
    answer = await onward()
    if not asked.of("prsm.pause", "prsm.resume") or answer.status != 200:
        return answer
    match asked.taken["control_body"]:
        case "empty":
            return replace(answer, body=None)
        case "a message":
            done = "paused" if asked.of("prsm.pause") else "resumed"
            return replace(answer, body={"message": f"The session was {done}."})
    from mock_server.api.prsm.views import status

    found = await asked.face.research.standing(asked.call.namespace, asked.call.session_id or "")
    return answer if found is None else replace(answer, body={**status(found, None), **answer.body})


def _resumed(asked: Asked, answer: Answer) -> Answer:
    told = answer.body.get("status") if isinstance(answer.body, dict) else None
    waits = asked.of("prsm.resume") and answer.status == 200 and told == State.RUNNING.value
    return merged(answer, status=State.QUEUED.value) if waits else answer


def _commented(asked: Asked, answer: Answer) -> Answer:
    given = asked.call.document if isinstance(asked.call.document, dict) else {}
    if not asked.of("prsm.comment") or answer.status != 201 or given.get("comment_type") is not None:
        return answer
    usual = str(asked.taken["comment_type"])
    return without(answer, "comment_type") if usual == _NO_TYPE else merged(answer, comment_type=usual)


CHOICES = (
    Choice(
        "other_user",
        "What a session of another user is refused with, who has not shared it.",
        "PRSM E2: 403, or 404 with either word",
        (403, 404, STRANGER_UNKNOWN),
    ),
    Choice("other_client", "What another client's session is refused with.", "PRSM E2: either", (404, 403)),
    Choice(
        "quota_status",
        "The status of session_quota_exceeded.",
        "PRSM E3: 429 is recommended; leniently any that the text might mean",
        (429,),
        (400, 402, 403, 409),
        rewrites=_quota,
    ),
    Choice(
        "no_type",
        "What becomes of a session that names no type.",
        "PRSM E4: it is taken as research, or refused",
        ("research", 400),
        reads=_typed,
    ),
    Choice(
        "unknown_members",
        "What becomes of members that a request does not have.",
        "PRSM E24: refusing and passing over are equally right",
        ("refused", "passed over"),
        reads=_known,
    ),
    Choice(
        "null_member",
        "What null is in an optional member.",
        "PRSM E24: as if it were not there, or refused",
        ("as if it were not there", 400),
        reads=_present,
    ),
    Choice(
        "new_status",
        "When a creation is answered.",
        "PRSM E40: queued, or initializing where the session starts at once",
        ("queued", "initializing"),
        around=_begun,
    ),
    Choice(
        "estimated_minutes",
        "How an estimate comes to whole minutes.",
        "PRSM E33: rounded as the service likes",
        ("rounded up", "rounded down", "ten at least"),
        rewrites=_minutes,
    ),
    Choice(
        "without_pause",
        "Which types of sessions cannot be paused.",
        "PRSM E16: a type supports a pause, or does not",
        tuple(WITHOUT),
    ),
    Choice(
        "early_cancel",
        "Whether a session is cancelled that is initializing or paused.",
        "PRSM E17: it is; leniently refused",
        ("taken",),
        tuple(UNCANCELLED),
    ),
    Choice(
        "control_body",
        "What a pause and a resume answer.",
        "PRSM E19: any body, or none",
        ("id and status", "the session", "a message", "empty"),
        around=_controlled,
    ),
    Choice(
        "resumed_status",
        "What a resume says of the session.",
        "PRSM E20: running, or queued first",
        ("running", "queued"),
        rewrites=_resumed,
    ),
    Choice(
        "shared_by",
        "What opens a shared session to others.",
        "PRSM E29: its URL, and the keys of recipients; leniently one of the two",
        tuple(SHARED_BY)[:1],
        tuple(SHARED_BY)[1:],
    ),
    Choice(
        "share_days",
        "How many days a share lasts that names no end.",
        "PRSM E30: the service's own time",
        (30, 7),
        reads=_limited,
    ),
    Choice(
        "longest_share",
        "How long a share may last at most.",
        "PRSM E30: as was asked; leniently within a bound of the service",
        ("as asked",),
        ("a week",),
        reads=_limited,
    ),
    Choice(
        "comment_type",
        "The type of a comment that names none.",
        "PRSM E38: note; leniently another, or none",
        ("note",),
        ("question", "insight", _NO_TYPE),
        rewrites=_commented,
    ),
)
