"""Chapter 7, audio over a socket, where discovery lists streams: the wire is the field's (E91), the rest the text's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from conformance.checks.declared import listed
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.evidence.socket import UNCLOSED
from conformance.finding import departs, holds, inconclusive, not_applicable, violates, warns
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.words import content_words, found_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding

#: The erratum on the wire.
_WIRE: Final = "E91"
_STREAM: Final = "stream"
#: What a known wire goes over.
_SOCKET: Final = "websocket"
#: What somebody wrote down who heard half of the words has heard the recording.
_HEARD: Final = 0.5


def _unlisted(evidence: Evidence) -> Iterator[Finding]:
    """Where discovery lists no streams, nothing is asked of them."""
    if evidence.discovery and _STREAM not in listed(evidence.discovery, "capabilities", "upload_methods"):
        yield not_applicable("Discovery lists no streams.", evidence.discovery.get("capabilities"))


def _elsewhere(evidence: Evidence) -> Iterator[Finding]:
    """Where streams are listed and go over no socket of a known wire, nobody here can tell what becomes of them."""
    yield from _unlisted(evidence)
    taken = [x for x in _creates(evidence) if x.accepted]
    if taken and not any(_is_socket(x) for x in taken):
        yield not_applicable("No session is streamed over a WebSocket.", taken[0].document.get("upload_url"))


def _creates(evidence: Evidence) -> Iterator[Exchange]:
    """Creates of streams."""
    return (x for x in evidence.select(Operation.CREATE) if Probe.STREAM_OVER.covers(x.label.probe))


def _is_socket(x: Exchange) -> bool:
    url = x.document.get("upload_url")
    over = Probe.STREAM_OVER.detail(x.label.probe or "") == _SOCKET
    return over and isinstance(url, str) and urlsplit(url).scheme in ("ws", "wss")


def _sockets(evidence: Evidence, probe: Probe) -> Iterator[Exchange]:
    """What was seen of sockets: those that opened, and those that were refused as HTTP refuses."""
    return (x for x in evidence.exchanges if probe.covers(x.label.probe) and x.response is not None)


def _stories(evidence: Evidence) -> Iterator[tuple[Story, Exchange]]:
    """Sessions whose audio went over a socket, and that socket; one that did not take all of it is none."""
    sockets = {x.label.session: x for x in _sockets(evidence, Probe.STREAM)}
    for key, story in evidence.stories.items():
        if Session.STREAMED.covers(key) and key in sockets:
            yield story, sockets[key]


@check("AUD-034")
def a_listed_stream_is_taken(evidence: Evidence) -> Iterable[Finding]:
    """(4.4, 6.2) Where discovery lists stream, a create with it is taken over some protocol of the schema."""
    yield from _unlisted(evidence)
    creates = list(_creates(evidence))
    taken = [x for x in creates if x.accepted]
    for x in taken[:1]:
        yield holds(x)
    told = "Discovery lists stream, and a create with it is refused over every protocol."
    usual = list(evidence.select(Operation.CREATE, valid=True))
    for x in creates[-1:] if not taken else ():
        if busy(x) or x.status >= 500:
            yield inconclusive("throttled", f"Creates of streams were answered {x.status} to the end.", x)
        elif usual and not any(y.accepted for y in usual):
            yield inconclusive("not_observed", "No create is taken at all, which says nothing of streams.", x)
        else:
            seen = {Probe.STREAM_OVER.detail(each.label.probe or ""): each.status for each in creates}
            yield violates(x, told, expected=201, actual=seen)  # no one answer shows it


@check("AUD-035")
def a_stream_has_the_address_of_a_socket(evidence: Evidence) -> Iterable[Finding]:
    """(6.2, E91) upload_url is a ws or wss URL where the stream comes over a websocket."""
    yield from _unlisted(evidence)
    told = "The upload_url of a stream over a websocket is no ws or wss URL."
    for x in _creates(evidence):
        if not x.accepted:
            continue
        if Probe.STREAM_OVER.detail(x.label.probe or "") != _SOCKET:
            yield not_applicable("Streams go over another protocol.", x.label.probe)
        elif _is_socket(x):
            yield holds(x)
        else:
            url = x.document.get("upload_url")
            yield departs(x, _WIRE, told, pointer="/upload_url", expected="wss://…", actual=url)


@check("AUD-036")
def what_was_streamed_is_worked_on(evidence: Evidence) -> Iterable[Finding]:
    """(6.4, 9.5, E91) After the end of a session its transcript has what was said over its socket."""
    yield from _elsewhere(evidence)
    for story, x in _stories(evidence):
        if x.socket is None:
            told = "The socket of a streamed session is refused."
            yield departs(x, _WIRE, told, expected=101, actual=x.status)
        elif story.final is not None:
            yield _heard(evidence, story.final)
        elif story.end is not None:
            yield inconclusive("deadline", f"Session {story.key} did not end in time.", story.end)


def _heard(evidence: Evidence, final: Exchange) -> Finding:
    words = set(content_words(evidence.recordings["short"].text))
    said = final.document.get("transcript")
    transcript = set(content_words(said)) if isinstance(said, str) else set()
    if sum(found_in(word, transcript) for word in words) >= _HEARD * len(words):
        return holds(final)
    told = "What was said over the socket of a session is not in its transcript."
    shown = said[:80] if isinstance(said, str) else final.document.get("error", said)
    return departs(final, _WIRE, told, pointer="/transcript", expected=evidence.recordings["short"].text, actual=shown)


@check("AUD-037")
def the_service_says_nothing_on_a_stream(evidence: Evidence) -> Iterable[Finding]:
    """(E91) No message comes from the service."""
    yield from _elsewhere(evidence)
    for x in _sockets(evidence, Probe.STREAM):
        if x.socket is not None:
            told = f"The service said {x.socket.heard} messages on a stream."
            yield departs(x, _WIRE, told, expected=0, actual=x.socket.heard) if x.socket.heard else holds(x)


@check("AUD-038")
def a_stream_of_nobody_is_turned_away(evidence: Evidence) -> Iterable[Finding]:
    """(7.1, E91) A socket for an id that nobody was given is refused, or closed with another code than a good one."""
    yield from _elsewhere(evidence)
    for x in _sockets(evidence, Probe.STREAM_UNKNOWN):
        yield _turned_away(evidence, x, "A socket for an id that nobody was given is taken like any other.")


@check("AUD-040")
def an_ended_session_takes_no_stream(evidence: Evidence) -> Iterable[Finding]:
    """(7.1, E91) A socket of a session that was ended is refused, or closed with another code than a good one."""
    yield from _elsewhere(evidence)
    seen = False
    for x in _sockets(evidence, Probe.STREAM_LATE):
        seen = True
        yield _turned_away(evidence, x, "A socket of a session that was ended is taken like any other.")
    if not seen:
        yield from (inconclusive("deadline", "No streamed session could be ended.") for _ in _stories(evidence))


def _turned_away(evidence: Evidence, x: Exchange, told: str) -> Finding:
    wire, seen = evidence.text.stream, x.socket
    if seen is None:
        return holds(x, f"answered {x.status}") if x.status >= 400 else departs(x, _WIRE, told, actual=x.status)
    if wire is not None and seen.by == "server" and seen.code != wire.done:
        return holds(x, f"closed with {seen.code}")
    shown = UNCLOSED if seen.code is None else seen.code
    return departs(x, _WIRE, told, expected=wire.unknown if wire else None, actual=shown)


@check("AUD-039")
def a_stream_ends_no_session(evidence: Evidence) -> Iterable[Finding]:
    """(6.1, E70, E91) After the socket is closed a session is open until it is ended."""
    yield from _elsewhere(evidence)
    for story, x in _stories(evidence):
        between = [read for read in story.reads if story.end is not None and x.number < read.number < story.end.number]
        for read in between[:1]:
            status = read.document.get("status")
            told = "A session whose socket was closed is no longer open, and nobody has ended it."
            if status in evidence.text.lifecycle.open:
                yield holds(read)
            else:
                yield warns(read, told, pointer="/status", expected="recording", actual=status, erratum="E70")


@check("AUD-041")
def a_stream_is_closed_once_all_is_said(evidence: Evidence) -> Iterable[Finding]:
    """(E91) After stop the service closes the socket, with the code of a good end."""
    yield from _elsewhere(evidence)
    wire = evidence.text.stream
    for x in _sockets(evidence, Probe.STREAM):
        if x.socket is None or wire is None:
            continue
        if x.socket.by == "server" and x.socket.code == wire.done:
            yield holds(x)
        else:
            told = "A client said that its audio is over, and the service did not close the socket with the usual code."
            shown = UNCLOSED if x.socket.code is None else x.socket.code
            yield departs(x, _WIRE, told, expected=wire.done, actual=shown)
