"""Chapter 6, creating: what a valid body gets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.checks.declared import is_absolute
from conformance.checks.once import once
from conformance.checks.refusals import settled
from conformance.checks.registry import check
from conformance.finding import (
    holds,
    inconclusive,
    violates,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


def creates_taken(evidence: Evidence) -> Iterator[Exchange]:
    """Valid creates that were taken."""
    return (x for x in evidence.select(Operation.CREATE, valid=True) if x.accepted)


@once
def settled_creates(evidence: Evidence) -> Sequence[Exchange]:
    """Valid creates whose answer counts by rule 2: taken, refused, or a server error again and again."""
    grouped: dict[str | None, list[Exchange]] = {}
    for x in evidence.select(Operation.CREATE, valid=True):
        grouped.setdefault(x.label.session, []).append(x)
    return tuple(x for attempts in grouped.values() for x in settled(attempts))


def has_control(evidence: Evidence) -> bool:
    """Rule 6: a refusal proves something only where the valid request works."""
    return any(True for _ in creates_taken(evidence))


def asked_for(x: Exchange) -> dict[str, Any]:
    """The body of a create."""
    return x.request.json if isinstance(x.request.json, dict) else {}


#: What an upload to a session changes of it.
_STANDING = ("status", "audio_files_received", "audio_files")


@check("SES-CREATE-001")
def a_session_can_be_created(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) The smallest valid body gets 2xx with a session_id."""
    made = [x for x in creates_taken(evidence) if x.document.get("session_id")]
    answered = list(settled_creates(evidence))
    if made:
        yield holds(made[0])
    elif answered:
        told = "No valid create led to a session."
        yield violates(answered[0], told, expected="201 with session_id", actual=answered[0].status)
    else:
        for x in list(evidence.select(Operation.CREATE, valid=True))[:1]:
            yield inconclusive("throttled", f"Valid creates were answered {x.status} to the end.", x)


@check("SES-CREATE-002", everywhere=True)
def success_is_201_with_json(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) 201 Created, application/json."""
    for x in creates_taken(evidence):
        media = x.response.media_type if x.response else ""
        if x.status == 201 and media == "application/json":
            yield holds(x)
        else:
            yield violates(
                x,
                "A create is not answered 201 with JSON.",
                expected="201 application/json",
                actual=f"{x.status} {media}",
            )


@check("SES-CREATE-007", everywhere=True)
def upload_url_is_absolute(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) http or https, for a stream ws or wss too, and a host."""
    for x in creates_taken(evidence):
        url = x.document.get("upload_url")
        if url is None:
            continue  # SES-CREATE-003 says that it is missing.
        asked = x.request.json
        streamed = isinstance(asked, dict) and asked.get("upload_type") == "stream"
        if is_absolute(url) or (streamed and is_absolute(url, ("ws", "wss"))):
            yield holds(x)
        else:
            told = "upload_url is not absolute." if isinstance(url, str) else "upload_url is not a URL."
            yield violates(x, told, pointer="/upload_url", expected="https://…", actual=url)


@check("SES-CREATE-008", everywhere=True)
def expires_at_lies_after_created_at(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) expires_at > created_at."""
    for x in creates_taken(evidence):
        lasts = seconds_between(x.document.get("created_at"), x.document.get("expires_at"))
        if lasts is not None:
            yield (
                holds(x)
                if lasts > 0
                else violates(
                    x,
                    "expires_at does not lie after created_at.",
                    pointer="/expires_at",
                    expected="> 0 s",
                    actual=f"{lasts:g} s",
                )
            )


@check("SES-CREATE-034")
def two_creates_make_two_sessions(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Different ids; an upload to one leaves the other as it was."""
    one, other = evidence.stories.get(Session.ONE), evidence.stories.get(Session.OTHER)
    if one is None or other is None or one.created is None or other.created is None:
        return
    if one.session_id == other.session_id:
        yield violates(other.created, "Two creates were answered with the same session.", actual=other.session_id)
        return
    yield holds(other.created)
    told = "An upload to one session changed another."
    since = next((x.number for x in one.uploads if x.accepted), None)
    before = [x for x in other.reads if since is not None and x.accepted and x.number < since]
    after = [x for x in other.reads if since is not None and x.accepted and x.number > since]
    for x in after if before else ():
        # A member that one of the reads lacks is its schema's matter.
        both = [name for name in _STANDING if name in before[-1].document and name in x.document]
        was, now = ({name: read.document[name] for name in both} for read in (before[-1], x))
        yield holds(x) if was == now else violates(x, told, expected=was, actual=now)
