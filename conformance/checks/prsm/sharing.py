"""Chapter 5: shares and what they allow, and comments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, violates, warns
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.stamps import seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Operation -> the lowest level that allows it (E29): view reads, edit comments, collaborate controls.
_LEVELS: Final = ("view", "edit", "collaborate")
#: How a share is used: by its URL without a key, and at the usual addresses with the key of a recipient.
_WAYS: Final = ((Probe.HOLDER, Credential.NONE), (Probe.RECIPIENT, Credential.SECOND))
_NEEDED: Final = {Operation.GET: 0, Operation.COMMENT: 1, Operation.PAUSE: 2, Operation.CANCEL: 2}


def _asked(x: Exchange, name: str) -> Any:
    return x.request.json.get(name) if isinstance(x.request.json, dict) else None


@check("PRSM-SHARE-001", everywhere=True)
def recipients_are_those_that_were_named(evidence: Evidence) -> Iterable[Finding]:
    """(Share Session) Nobody is let in who was not named; somebody unknown may be left out (E31)."""
    for x in evidence.select(Operation.SHARE, credential=Credential.RIGHT):
        named, told = _asked(x, "recipients"), x.document.get("recipients")
        if not x.accepted or not isinstance(named, list) or not isinstance(told, list):
            continue
        invented = [each for each in told if isinstance(each, str) and each not in named]
        what = "A share has a recipient whom nobody named."
        yield violates(x, what, pointer="/recipients", expected=named, actual=invented[0]) if invented else holds(x)


@check("PRSM-SHARE-003")
def a_share_ends_when_it_was_asked_to(evidence: Evidence) -> Iterable[Finding]:
    """(Share Session) expires_at is the expiration that was asked for (E30), and past it the share opens nothing."""
    for x in evidence.select(Operation.SHARE, credential=Credential.RIGHT):
        apart = seconds_between(_asked(x, "expiration"), x.document.get("expires_at")) if x.accepted else None
        told = "A share ends at another time than was asked for."
        if apart is not None and abs(apart) > 1:
            yield warns(x, told, pointer="/expires_at", expected=_asked(x, "expiration"), erratum="E30")
        elif apart is not None:
            yield holds(x)
    for x in evidence.select(Operation.GET, probe=Probe.HOLDER_LATE):
        told = "A share that has ended is used all the same."
        yield violates(x, told, expected="4xx", actual=x.status) if x.accepted else holds(x)
    if evidence.facts.clock != "test":
        yield inconclusive("no_clock", "Whether a share ends takes a clock that the kit may move.")


@check("PRSM-SHARE-004")
def a_share_allows_what_its_level_says(evidence: Evidence) -> Iterable[Finding]:
    """(Share Session) To recipients and by its URL view reads, edit comments too, collaborate controls too (E29)."""
    ways = [list(_used(evidence, *way)) for way in _WAYS]
    opens = [any(x.accepted for _, x in way if x.label.operation == Operation.GET) for way in ways]
    for way, opened in zip(ways, opens, strict=True):
        for level, x in way:
            yield from _allowed(level, x, opened=opened, other=any(opens))


def _allowed(level: int, x: Exchange, *, opened: bool, other: bool) -> Iterator[Finding]:
    """What is to be said of one use of a share on a way that opens some, or none; `other` is whether any way does."""
    needed = _NEEDED[x.label.operation]
    may = level >= needed
    way = "By the URL of" if x.label.credential == Credential.NONE else "To a recipient of"
    what = f"{way} a share to {_LEVELS[level]} a {x.label.operation} is answered {x.status}."
    if x.accepted and not may:
        yield violates(x, what, expected=f"4xx, for that takes {_LEVELS[needed]}", actual=x.status)
    elif x.accepted or not may:
        if opened or not other:
            yield holds(x) if opened else inconclusive("not_observed", f"{what} No share opens anything.", x)
    elif opened and x.label.operation in (Operation.GET, Operation.COMMENT):
        yield warns(x, what, expected="2xx", actual=x.status, erratum="E29")


def _used(evidence: Evidence, probe: Probe, credential: Credential) -> Iterator[tuple[int, Exchange]]:
    """What was asked on one way that a share may open, with the number of the share's level."""
    for operation in _NEEDED:
        for x in evidence.select(operation, credential=credential):
            if probe.covers(x.label.probe):
                yield _LEVELS.index(probe.detail(x.label.probe or "")), x


@check("PRSM-COM-001", everywhere=True)
def a_comment_says_what_was_sent(evidence: Evidence) -> Iterable[Finding]:
    """(Add Session Comment) content comes back as it was sent."""
    for x in evidence.select(Operation.COMMENT, credential=Credential.RIGHT):
        sent, told = _asked(x, "content"), x.document.get("content")
        if not x.accepted or not isinstance(sent, str) or told is None:
            continue
        what = "A comment does not say what was sent."
        yield holds(x) if told == sent else violates(x, what, pointer="/content", expected=sent, actual=told)


@check("PRSM-COM-003", everywhere=True)
def a_comment_is_of_the_type_that_was_sent(evidence: Evidence) -> Iterable[Finding]:
    """(Add Session Comment) comment_type and reference_point come back as they were sent, where they come back."""
    for x in evidence.select(Operation.COMMENT, credential=Credential.RIGHT):
        for name in ("comment_type", "reference_point"):
            sent, told = _asked(x, name), x.document.get(name)
            if x.accepted and isinstance(sent, str) and told is not None:
                what = f"A comment comes back with another {name}."
                yield holds(x) if told == sent else violates(x, what, pointer=f"/{name}", expected=sent, actual=told)
