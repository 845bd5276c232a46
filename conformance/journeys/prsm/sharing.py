"""Shares and comments: of each kind, with one thing about them wrong, and shares used by whoever holds them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit, urlunsplit

from conformance.drive.handle import Handle
from conformance.drive.hands import UNSET
from conformance.journeys.prsm.lists import stamp
from conformance.journeys.prsm.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.drive.inquiries import Inquiries
    from conformance.evidence import Exchange

#: A day, as long as the shares of a run last.
_DAY_S: Final = 86_400.0
#: Past an expiry by so much: stamps are cut.
_AFTER_S: Final = 3.0
#: Names that are tried for the second client, and letters of one: an address has 254.
_MOST_NAMES, _LONGEST_NAME = 4, 254
_HELD: Final = ((Operation.COMMENT, "comments"), (Operation.PAUSE, "pause"), (Operation.CANCEL, "cancel"))


def _words(drive: Inquiries, operation: Operation, member: str) -> list[str]:
    """The words that a member of a request may be."""
    takes = drive.options.text.protocol.endpoints[operation].takes
    return [str(word) for word in drive.options.text.schemas[takes or ""]["properties"][member]["enum"]]


def _order(level: str, **changes: Any) -> dict[str, Any]:
    told = {"recipients": ["user-17", "lee@example.com"], "permissions": level} | changes
    return {name: value for name, value in told.items() if value is not None}


@way(JourneyName.SHARES)
async def levels(drive: Inquiries) -> None:
    """(Share Session) Sessions are shared on each level, used by the holder of the share, and read by their owner."""

    async def one(level: str) -> None:
        handle = await drive.create(Session.SHARED.of(level))
        if handle is None:
            return
        shared = await drive.ask(Operation.SHARE, handle, json=_order(level, message="See the third finding."))
        await _held(drive, handle, level, shared)
        await drive.get(handle)

    await drive.together(*map(one, _words(drive, Operation.SHARE, "permissions")))
    handle = await drive.create(Session.SHARED.of("defects"))
    if handle is not None:
        await drive.ask(Operation.SHARE, handle)
        for what, body in _defects():
            await drive.ask(Operation.SHARE, handle, json=body, probe=Probe.DEFECT.of(what))


async def _held(drive: Inquiries, handle: Handle, level: str, shared: Exchange) -> None:
    """What the holder of a share's URL, who has no key, may do with it: read, and what lies below it."""
    url = shared.document.get("share_url")
    if not shared.accepted or not isinstance(url, str) or not drive.owns(url):
        return
    probe = Probe.HOLDER.of(level)
    await _by_url(drive, handle, Operation.GET, url, probe)
    for operation, below in _HELD:
        await _by_url(drive, handle, operation, below_of(url, below), probe)


def below_of(url: str, name: str) -> str:
    """The address of something that lies below another, whose query goes along."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"{parts.path.rstrip('/')}/{name}"))


async def _by_url(drive: Inquiries, handle: Handle, operation: Operation, url: str, probe: str) -> Exchange:
    told = {"content": "Is this so for a paused session?"} if operation == Operation.COMMENT else {}
    method = drive.options.text.protocol.endpoints[operation].method
    body = told if method == "POST" else UNSET
    return await drive.send(
        operation, method, url, session=handle.key, probe=probe, credential=Credential.NONE, json=body
    )


@way(JourneyName.RECIPIENTS)
async def recipients(drive: Inquiries) -> None:
    """(Share Session) The second client uses sessions that are shared with it on each level, at their own addresses."""
    name = await _second_called(drive) if drive.target.second_key else None
    if name is None:
        return

    async def one(level: str) -> None:
        handle = await drive.create(Session.RECEIVED.of(level))
        if (
            handle is None
            or not (await drive.ask(Operation.SHARE, handle, json=_order(level, recipients=[name]))).accepted
        ):
            return
        for operation in (Operation.GET, *dict(_HELD)):
            await drive.ask(operation, handle, probe=Probe.RECIPIENT.of(level), credential=Credential.SECOND)

    await drive.together(*map(one, _words(drive, Operation.SHARE, "permissions")))


async def _second_called(drive: Inquiries) -> str | None:
    """What a share has to call the second client, so that its key opens the session; None where no name does.

    A comment's author has members of the service's own: what the second client's have is tried, a few of them.
    """
    made = await drive.send(
        Operation.CREATE,
        "POST",
        drive.at(Operation.CREATE),
        session=Session.SECOND_OWN,
        credential=Credential.SECOND,
        json=drive.body(),
        graded=False,
    )
    session_id = made.document.get("session_id")
    if not made.accepted or not isinstance(session_id, str) or not session_id:
        return None
    own = Handle(Session.SECOND_OWN, session_id, "", made, {})
    said = await drive.ask(Operation.COMMENT, own, credential=Credential.SECOND, graded=False)
    await drive.ask(Operation.CANCEL, own, credential=Credential.SECOND, graded=False)
    author = said.document.get("author")
    told = author.values() if isinstance(author, dict) else ()
    names = [each for each in dict.fromkeys(told) if isinstance(each, str) and 0 < len(each) <= _LONGEST_NAME]
    return await _opening(drive, names[:_MOST_NAMES])


async def _opening(drive: Inquiries, names: Sequence[str]) -> str | None:
    """The first of some names with which a share lets the second client read."""
    handle = await drive.create(Session.RECEIVED.of("on trial")) if names else None
    if handle is None or (await drive.get(handle, credential=Credential.SECOND, graded=False)).accepted:
        return None
    for name in names:
        order = _order("view", recipients=[name])
        if not (await drive.ask(Operation.SHARE, handle, json=order, graded=False)).accepted:
            continue
        if (await drive.get(handle, credential=Credential.SECOND, graded=False)).accepted:
            return name
    return None


def _defects() -> Iterator[tuple[str, Any]]:
    yield "no recipients", _order("view", recipients=None)
    yield "recipients a text", _order("view", recipients="user-17")
    yield "an empty list of recipients", _order("view", recipients=[])
    yield "no permissions", {"recipients": ["user-17"]}
    yield "unknown permissions", _order("own")
    yield "a number for permissions", _order("view", permissions=7)
    yield "a list", []


@way(JourneyName.SHARES_CLOCK, phase="clock")
async def for_a_time(drive: Inquiries) -> None:
    """(Share Session) A share ends when it was asked to, by the target's clock."""
    handle = await drive.create(Session.SHARED_FOR_A_TIME)
    if handle is None or drive.clock is None:
        return
    now = await drive.clock.now()
    asked = now.fromtimestamp(now.timestamp() + _DAY_S, now.tzinfo)
    shared = await drive.ask(Operation.SHARE, handle, json=_order("view", expiration=stamp(asked)))
    url = shared.document.get("share_url")
    if not shared.accepted or not isinstance(url, str) or not drive.owns(url):
        return
    await _by_url(drive, handle, Operation.GET, url, Probe.HOLDER.of("view"))
    until = instant(shared.document.get("expires_at")) or asked
    await drive.clock.advance(max(0.0, (until - await drive.clock.now()).total_seconds()) + _AFTER_S)
    await _by_url(drive, handle, Operation.GET, url, Probe.HOLDER_LATE)


@way(JourneyName.COMMENTS)
async def comments(drive: Inquiries) -> None:
    """(Add Session Comment) Comments of each kind, with a reference, and with one thing about them wrong."""
    handle = await drive.create(Session.REMARKED)
    if handle is None:
        return
    await drive.ask(Operation.COMMENT, handle)
    for kind in _words(drive, Operation.COMMENT, "comment_type"):
        told = {"content": f"A {kind}: ü \U0001f9ea", "comment_type": kind, "reference_point": "findings/0"}
        await drive.ask(Operation.COMMENT, handle, json=told)
    for what, body in {
        "no content": {"comment_type": "note"},
        "an empty content": {"content": ""},
        "a number for content": {"content": 7},
        "an unknown comment_type": {"content": "x", "comment_type": "verdict"},
        "a number for reference_point": {"content": "x", "reference_point": 7},
    }.items():
        await drive.ask(Operation.COMMENT, handle, json=body, probe=Probe.DEFECT.of(what))
