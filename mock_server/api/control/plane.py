"""The control plane's router: a namespace's clock, its journal, its requests, and a clean slate."""

# Annotations are read by FastAPI when the routes are made.
from datetime import datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from mock_server.api.control.models import (
    ClockOrder,
    JournalTold,
    MovedTold,
    RequestsTold,
    ResetTold,
    StateTold,
    TimeTold,
)
from mock_server.api.control.refusal import unknown_word
from mock_server.api.control.route import Asked, ModelRoute, Told
from mock_server.api.order import LONGEST_ID
from mock_server.clock import Mode, stamp
from mock_server.prsm.access import Caller
from mock_server.served import LIVE
from mock_server.session.dalston.table import DALSTON_2026_02_11
from mock_server.session.dalston.table import State as Live
from mock_server.session.prsm.table import PRSM_V1
from mock_server.session.prsm.table import State as Researched
from mock_server.session.table import State
from mock_server.testclock import Move

PREFIX: Final = "/_mock/v1"
#: Seconds a wait lasts, if not told otherwise and at most: proxies and clients give up after a minute.
_WAIT_S, _LONGEST_WAIT_S = 30.0, 60.0


def refusals(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The statuses that an operation refuses with beside 401, as its document names them."""
    envelope = {"application/json": {"schema": {"$ref": "#/components/schemas/error_envelope"}}}
    told = {
        400: ("Not understood: the message says what is wrong, where, and what would be right", "invalid_request"),
        401: ("No credential, or none that is valid", "authentication_failed invalid_api_key"),
        404: ("No such session in the namespace", "session_not_found"),
        408: ("Not in the time that was waited", "timeout"),
        409: ("It cannot be any more", "invalid_request"),
        416: ("The range begins behind the end of the file", "invalid_request"),
        503: ("Not now; Retry-After says when to come back", "service_unavailable"),
    }
    found = sorted({401, *statuses})
    return {
        status: {"description": told[status][0], "content": envelope, "x-error-codes": told[status][1].split()}
        for status in found
    }


def new_router() -> APIRouter:
    """A router of the control plane, still without routes."""
    return APIRouter(prefix=PREFIX, route_class=ModelRoute, default_response_class=Told, tags=["control"])


namespace = new_router()
sessions = new_router()


def _time(asked: Asked) -> dict[str, Any]:
    clocks, whose = asked.face.service.clocks, asked.call.namespace
    mode, factor = clocks.pace(whose)
    return {"now": stamp(clocks.now(whose)), "mode": mode.value, "factor": factor, "namespace": whose}


@namespace.get("/clock", operation_id="read_clock", summary="The namespace's time", responses=refusals())
async def read_clock(asked: Asked) -> TimeTold:
    """By which its sessions are stamped, and expire."""
    return TimeTold(**_time(asked))


@namespace.post(
    "/clock",
    operation_id="advance_clock",
    summary="Move the namespace's time forwards, for example past expires_at, or change how it goes",
    response_model=MovedTold,
    responses=refusals(400, 503),
)
async def advance_clock(order: ClockOrder, asked: Asked) -> Any:
    """What is due by then happens before this is answered, each at its own time; only a reset sets a clock back."""
    move = Move(
        mode=Mode(order.mode) if order.mode else None,
        factor=order.factor,
        at=datetime.fromisoformat(order.at) if order.at else None,
        advance_s=order.advance_seconds,
    )
    face, whose = asked.face, asked.call.namespace
    await face.service.move_clock(whose, move)
    happened = [each for passing in face.passing for each in await passing(whose)]
    face.service.watch.changed(whose, whose)
    told = [{"at": stamp(at), "session_id": name, "event": event} for at, name, event in sorted(happened)]
    return {**_time(asked), "happened": told}


@namespace.post(
    "/reset",
    operation_id="reset_namespace",
    summary="Remove all sessions, audio and journals of the namespace, and set its clock back",
    responses=refusals(503),
)
async def reset(asked: Asked) -> ResetTold:
    """Nothing of other namespaces is touched."""
    face, namespace = asked.face, asked.call.namespace
    if face.traffic is not None:
        await face.traffic.flush()  # what is written later belongs to what comes after
    removed = await face.service.reset(namespace)
    if "session_manager" in face.settings.profiles:
        removed += await face.sessions.reset(namespace)
    face.seen.forget(namespace)
    if face.traffic is not None:
        face.traffic.forget(namespace)
    return ResetTold(sessions_removed=removed, namespace=namespace)


@namespace.get(
    "/requests",
    operation_id="list_requests",
    summary="The namespace's last 200 requests, oldest first, and why they were refused",
    response_model=RequestsTold,
    responses=refusals(),
)
async def requests(asked: Asked) -> Any:
    """A request with no valid key belongs to no namespace: only scribe-mock serve -v shows it."""
    return {"requests": asked.face.seen.of(asked.call.namespace), "namespace": asked.call.namespace}


@sessions.get(
    "/journal/{session_id}",
    operation_id="read_journal",
    summary="What happened to a session, oldest first",
    response_model=JournalTold,
    responses=refusals(404),
)
async def journal(session_id: str, asked: Asked) -> Response:
    """Each line is stamped by the namespace's clock."""
    call, session_id = asked.call, session_id[:LONGEST_ID]
    owner = await _researcher(asked, session_id)
    if owner is not None:
        rows = [*(await asked.face.research.see(owner, session_id, rows=True)).rows]
    elif await _is_live(asked, session_id):
        rows = await asked.face.live.history(call.namespace, session_id)
    else:
        rows = await asked.face.service.journal(call.namespace, session_id)
    told = [{"number": row.number, "at": stamp(row.at), "kind": row.kind, "detail": row.detail} for row in rows]
    # as the model has it: to look at each of ten thousand lines would keep others waiting
    return Told({"session_id": call.session_id, "journal": told, "namespace": call.namespace})


@sessions.get(
    "/wait",
    operation_id="wait_for_state",
    summary="Answer as soon as a session is in a state",
    responses=refusals(400, 404, 408, 409, 503),
)
async def wait(
    asked: Asked,
    session: Annotated[str, Query(min_length=1, description="its id")],
    state: Annotated[str, Query(description="one of those that its profile and revision have")] = "",
    seconds: Annotated[
        float, Query(ge=0, le=_LONGEST_WAIT_S, allow_inf_nan=False, description="of the machine's time, at most")
    ] = _WAIT_S,
) -> StateTold:
    """408 after `seconds`, 409 at once where the session cannot be in that state any more."""
    face, call = asked.face, asked.call
    call.session_id = session[:LONGEST_ID]
    owner = await _researcher(asked, call.session_id)
    live = owner is None and await _is_live(asked, call.session_id)
    machine = DALSTON_2026_02_11 if live else face.service.machine if owner is None else PRSM_V1
    known = [each.value for each in machine.ranks]
    if state not in known:
        raise unknown_word("state", state, known)
    with face.aside():
        if live:
            reached = (await face.live.wait(call.namespace, call.session_id, Live(state), seconds)).value
        elif owner is None:
            reached = (await face.service.wait(call.namespace, call.session_id, State(state), seconds)).value
        else:
            reached = (await face.research.wait(owner, call.session_id, Researched(state), seconds)).value
    return StateTold(session_id=call.session_id, state=reached, namespace=call.namespace)


async def _researcher(asked: Asked, session_id: str) -> Caller | None:
    """Who made a research session of the namespace; None for what is none."""
    if "prsm" not in asked.face.settings.profiles:
        return None
    return await asked.face.research.owner(asked.call.namespace, session_id)


async def _is_live(asked: Asked, session_id: str) -> bool:
    """Whether it is a live session of the namespace."""
    if LIVE not in asked.face.settings.profiles:
        return False
    return await asked.face.live.has(asked.call.namespace, session_id)
