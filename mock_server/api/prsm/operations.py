"""The operations: what is asked of a session, by whomever; routers say how it is asked."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from mock_server import problems
from mock_server.api.prsm import views
from mock_server.api.prsm.query import LAST_PAGE, MOST, USUAL, flag, moment, number, parameters, sieve, word
from mock_server.api.prsm.route import PREFIX, SHARE
from mock_server.clock import stamp
from mock_server.prsm.bounds import LIMIT_S, LONGEST_S
from mock_server.prsm.price import hundredths
from mock_server.prsm.service import Offer
from mock_server.research import Kind
from mock_server.research.render import Unavailable
from mock_server.session.model import json_bytes
from mock_server.session.prsm.model import Commission
from mock_server.session.prsm.table import State

if TYPE_CHECKING:
    from starlette.responses import Response

    from mock_server.api.control.route import Asking
    from mock_server.api.prsm.models import CommentOrder, SessionOrder, ShareOrder
    from mock_server.prsm.access import Caller
    from mock_server.prsm.service import Sight
    from mock_server.research import Report
    from mock_server.session.prsm.table import Event

_STATES: Final = tuple(state.value for state in State)
_KINDS: Final = tuple(kind.value for kind in Kind)
_RESULTS: Final = ("json", "markdown", "pdf")
_EXPORTS: Final = ("pdf", "docx", "markdown", "json")


async def create(asked: Asking, caller: Caller, order: SessionOrder) -> dict[str, Any]:
    """A new session."""
    limits = asked.face.settings.limits
    for name in ("budget", "preferences", "metadata"):
        size = json_bytes(getattr(order, name) or {})
        if size > limits.data_bytes:
            raise problems.data_too_large(name, size, limits.data_bytes)
    budget = order.budget or {}
    # Not in spec: E4. A session that names no type researches.
    wanted = Commission(
        order.prompt, order.session_type or Kind.RESEARCH.value, order.budget, order.preferences, order.metadata
    )
    minutes = budget.get("max_duration_minutes")
    limit_s = LIMIT_S if minutes is None else min(float(minutes) * 60, LONGEST_S)
    most = hundredths(budget["max_cost"]) if "max_cost" in budget else None
    made = await asked.face.research.create(caller, wanted, limit_s, most)
    asked.call.session_id = made.id
    return views.created(made, math.ceil(asked.face.settings.research_s / 60) or 1)


async def listed(asked: Asking, caller: Caller) -> dict[str, Any]:
    """A page of the caller's sessions."""
    given = parameters(asked.call, "status", "session_type", "date_from", "date_to", "page", "limit")
    meant = sieve(given, caller, _STATES, _KINDS)
    page, limit = number(given, "page", 1, LAST_PAGE), number(given, "limit", USUAL, MOST)
    found, counts = await asked.face.research.page(caller, meant, limit=limit, skip=(page - 1) * limit)
    return views.page(found, counts, page, limit)


async def status(asked: Asking, caller: Caller, session_id: str) -> dict[str, Any]:
    """Where a session is."""
    sight = await asked.face.research.see(caller, session_id)
    if sight.inquiry.state is not State.COMPLETED:
        return views.status(sight.inquiry, None)
    sight, report = await asked.face.research.report(caller, session_id)
    return views.status(sight.inquiry, report)


async def control(
    asked: Asking, caller: Caller, session_id: str, event: Event, reason: str | None = None
) -> dict[str, Any]:
    """A pause, a resume or a cancel."""
    return views.controlled(await asked.face.research.control(caller, session_id, event, reason))


async def results(asked: Asking, caller: Caller, session_id: str) -> dict[str, Any] | Response:
    """What a session found, as an object or as a document (E11, E12, E37)."""
    given = parameters(asked.call, "format", "include_metadata")
    form = word(given, "format", _RESULTS) or "json"
    metadata = flag(given, "include_metadata", usual=True)
    sight, report = await asked.face.research.report(caller, session_id)
    if form == "json":
        return views.results(sight, report, metadata=metadata)
    return await _made(asked, sight, report, views.Form(form, metadata=metadata))


async def export(asked: Asking, caller: Caller, session_id: str) -> Response:
    """What a session found, as a file."""
    given = parameters(asked.call, "format", "include_raw_data")
    form = word(given, "format", _EXPORTS)
    if form is None:  # Not in spec: E13
        raise problems.missing_required_field("format")
    raw = flag(given, "include_raw_data", usual=False)
    sight, report = await asked.face.research.report(caller, session_id)
    return await _made(asked, sight, report, views.Form(form, raw=raw))


async def _made(asked: Asking, sight: Sight, report: Report, form: views.Form) -> Response:
    make = partial(views.product, sight, report, form)
    try:
        return views.attached(sight, form, await asked.face.research.drawn(sight.inquiry, form, make))
    except Unavailable as error:
        raise problems.service_unavailable(f"{error}.", 3600) from None


async def metrics(asked: Asking, caller: Caller, session_id: str) -> dict[str, Any]:
    """What a session took and cost."""
    sight = await asked.face.research.see(caller, session_id, rows=True)
    return views.measured(sight, asked.face.service.clocks.now(caller.namespace))


async def history(asked: Asking, caller: Caller, session_id: str) -> dict[str, Any]:
    """What happened to a session."""
    return views.told(await asked.face.research.see(caller, session_id, rows=True))


async def share(asked: Asking, caller: Caller, session_id: str, order: ShareOrder) -> dict[str, Any]:
    """A session is shared; the URL is told once (E29, E30, E31)."""
    expires_at = None
    if order.expiration is not None:
        expires_at = moment("expiration", order.expiration, end=True)
        if expires_at <= asked.face.service.clocks.now(caller.namespace):
            told = f"'expiration' has to be later than now; it is {order.expiration[:40]!r}."
            raise problems.invalid_request(told, field="expiration")
    recipients = tuple(dict.fromkeys(order.recipients))
    offer = Offer(recipients, order.permissions, order.message, expires_at)
    made, secret = await asked.face.research.share(caller, session_id, offer)
    root = asked.face.root(asked.call.request)
    return views.shared(made, f"{root}{PREFIX}{SHARE.format(share_id=made.id, ticket=secret)}")


async def comment(asked: Asking, caller: Caller, session_id: str, order: CommentOrder) -> dict[str, Any]:
    """Something is said about a session (E38)."""
    told: dict[str, Any] = {"content": order.content, "comment_type": order.comment_type or "note"}
    if order.reference_point is not None:
        told["reference_point"] = order.reference_point
    name, at = await asked.face.research.comment(caller, session_id, told)
    author = {"user_id": caller.user} if caller.share is None else {"share_id": caller.share.id}
    return {"comment_id": name, "author": author, "created_at": stamp(at), **told}
