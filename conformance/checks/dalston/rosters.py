"""Chapter 5: lists by filters and pages, whose they are, and that details are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.checks.dalston.sight import dictated
from conformance.checks.pages import entries_of, query_of
from conformance.checks.refusals import busy, looked_at
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, violates, warns
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: What holds without a parameter.
_USUAL: Final = {"limit": 50, "offset": 0}
#: At the very moment of a bound both are right (E11), and stamps may be cut to the second (rule 2).
_AT_THE_BOUND: Final = 1.0


def ids_of(x: Exchange) -> list[str]:
    """The ids of the sessions on a page."""
    return [each["id"] for each in entries_of(x) if isinstance(each.get("id"), str)]


def _names(evidence: Evidence) -> dict[str, str]:
    """Id, of the socket or of the details (E1) -> the session that has it."""
    found: dict[str, str] = {}
    for each in dictated(evidence):
        found |= {str(x.document["id"]): each.key for x in each.reads if x.document.get("id")}
        found[each.session_id] = each.key
    return found


@check("RT-GET-001")
def details_are_shown(evidence: Evidence) -> Iterable[Finding]:
    """(Get Session Details) A session that was begun is answered 200, and says where what it keeps is."""
    for each in dictated(evidence):
        for x in looked_at(each.of(Operation.GET)):
            told = f"The details of a session are answered {x.status}."
            yield holds(x) if x.status == 200 else violates(x, told, expected=200, actual=x.status)
        kept = next((x for x in each.of(Operation.AUDIO) if x.accepted and each.seconds), None)
        later = next((x for x in each.reads if kept is not None and x.sent >= kept.received), None)
        if later is not None and later.document.get("audio_uri") is None:
            told = "The details do not say where the audio is."
            yield violates(later, told, pointer="/audio_uri", expected="an address", actual=None)


@check("RT-LIST-001")
def lists_are_answered(evidence: Evidence) -> Iterable[Finding]:
    """(List Sessions) A list is 200; without parameters limit is 50 and offset 0, where the text has them."""
    members = evidence.text.schemas["session_list"]["properties"]
    for x in looked_at(evidence.select(Operation.LIST, valid=True)):
        query = query_of(x)
        usual = {name: value for name, value in _USUAL.items() if name in members and name not in query}
        wrong = next((name for name, value in usual.items() if x.document.get(name, value) != value), None)
        if x.status != 200:
            yield violates(x, f"A list is answered {x.status}.", expected=200, actual=x.status)
        elif wrong is not None:
            told = f"Without {wrong} another one than {usual[wrong]} holds."
            yield violates(x, told, pointer=f"/{wrong}", expected=usual[wrong], actual=x.document[wrong])
        else:
            yield holds(x)


@check("RT-LIST-002")
def filters_leave_what_fits(evidence: Evidence) -> Iterable[Finding]:
    """(List Sessions) Every entry has the status, and started between the bounds; what fits is there."""
    for x in evidence.select(Operation.LIST, valid=True):
        query = query_of(x)
        if not x.accepted or not query.keys() & {"status", "since", "until"}:
            continue
        wrong = next((each for each in entries_of(x) if _misfits(query, each)), None)
        if wrong is not None:
            told = f"A list by {' and '.join(sorted(query.keys() - {'limit'}))} has a session that does not fit."
            shown = {name: wrong.get(name) for name in ("id", "status", "started_at")}
            yield violates(x, told, pointer="/sessions", expected=query, actual=shown)
        elif (lacking := _left_out(evidence, x, query)) is not None:
            yield violates(x, "A list leaves out a session that fits.", pointer="/sessions", expected=lacking)
        else:
            yield holds(x)


def _misfits(query: dict[str, str], entry: dict[str, Any]) -> bool:
    if "status" in query and entry.get("status") not in (None, query["status"]):
        return True
    begun = entry.get("started_at")
    since, until = seconds_between(query.get("since"), begun), seconds_between(begun, query.get("until"))
    return any(apart is not None and apart < -_AT_THE_BOUND for apart in (since, until))


def _left_out(evidence: Evidence, x: Exchange, query: dict[str, str]) -> str | None:
    """A session of the lists' own journey that fits for certain and is not there, though there is room for all."""
    limit, shown = query.get("limit", ""), ids_of(x)
    if not limit.isdecimal() or len(shown) >= int(limit) or x.label.journey != JourneyName.LIVE_LISTS:
        return None
    for each in dictated(evidence):
        read = next((y for y in each.over if y.received <= x.sent), None)
        if not Session.LISTED_LIVE.covers(each.key) or read is None:
            continue
        fits = not _misfits(query, read.document) and _well_within(query, read.document)
        if fits and not {each.session_id, read.document.get("id")} & set(shown):
            return each.session_id
    return None


def _well_within(query: dict[str, str], entry: dict[str, Any]) -> bool:
    """Whether a session lies inside the bounds, and not at one of them."""
    begun = entry.get("started_at")
    since, until = seconds_between(query.get("since"), begun), seconds_between(begun, query.get("until"))
    return all(apart is None or apart >= 0 for apart in (since, until))


@check("RT-LIST-002")
def pages_cut_the_list(evidence: Evidence) -> Iterable[Finding]:
    """(List Sessions) INV-07: no page has more than limit, pages share no session, and total stays."""
    pages = list(_pages(evidence))
    for x in pages:
        limit = query_of(x)["limit"]
        if len(entries_of(x)) > int(limit):
            told = "A page has more sessions than its limit."
            yield violates(x, told, pointer="/sessions", expected=f"<= {limit}", actual=len(entries_of(x)))
    yield from filter(None, map(_behind_total, pages))
    ids = [each for x in pages for each in ids_of(x)]
    totals = {x.document.get("total") for x in pages}
    twice = next((each for each in ids if ids.count(each) > 1), None)
    if len(totals) > 1:  # somebody else of this tenant may begin sessions meanwhile
        told = "Pages of one list have different totals."
        yield warns(pages[-1], told, pointer="/total", expected="one number", actual=sorted(map(str, totals)))
    elif twice is not None:
        told = "Two pages of one list have the same session."
        yield violates(pages[-1], told, pointer="/sessions", expected="each session once", actual=twice)
    elif pages and not entries_of(pages[-1]) and totals not in ({len(ids)}, {None}):
        told = "The pages of a list together have not as many sessions as total says."
        yield violates(pages[-1], told, pointer="/total", expected=len(ids), actual=totals.pop())
    elif len(pages) > 1:
        yield holds(pages[-1])


def _behind_total(x: Exchange) -> Finding | None:
    """A page whose own sessions, with those before it, are more than its total."""
    total, offset = x.document.get("total"), query_of(x).get("offset", "0")
    least = int(offset) + len(entries_of(x)) if offset.isdecimal() and entries_of(x) else 0
    if not isinstance(total, int) or total >= least:
        return None
    told = "A page has a session that total does not count."
    return violates(x, told, pointer="/total", expected=f">= {least}", actual=total)


def _pages(evidence: Evidence) -> Iterator[Exchange]:
    """The pages of the lists' own journey, from the first on."""
    for x in evidence.select(Operation.LIST, journey=JourneyName.LIVE_LISTS, valid=True):
        query = query_of(x)
        if x.accepted and query.get("limit", "").isdecimal() and not query.keys() - {"limit", "offset", "cursor"}:
            yield x


@check("RT-LIST-002")
def what_names_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(List Sessions) Filters that name nothing and pages out of bounds: 400 or 422, or as if left out (E10, E22)."""
    for x in evidence.select(Operation.LIST, credential=Credential.RIGHT):
        filtered, beyond = Probe.FILTER_UNKNOWN.covers(x.label.probe), Probe.PAGE_BEYOND.covers(x.label.probe)
        if (filtered or beyond) and not busy(x):
            told = f"A list {x.label.probe} is answered {x.status}."
            erratum = "E22" if filtered else "E10"
            right = x.status in (400, 422) or x.accepted
            yield holds(x) if right else warns(x, told, expected="400 or 422", actual=x.status, erratum=erratum)


@check("RT-LIST-004")
def tenants_list_their_own(evidence: Evidence) -> Iterable[Finding]:
    """(Data Model, Delete Session) INV-08: another tenant's list has none of the caller's sessions."""
    if not evidence.facts.second_key:
        yield inconclusive("no_second_key", "Give --second-api-key, a key of another client.")
        return
    known = _names(evidence)
    for x in evidence.select(Operation.LIST, credential=Credential.SECOND):
        foreign = next((each for each in ids_of(x) if each in known), None)
        if foreign is not None:
            told = "Another tenant lists a session that is not theirs."
            yield violates(x, told, pointer="/sessions", expected="sessions of their own", actual=foreign)
        elif x.accepted:
            yield holds(x)


def lists_after(evidence: Evidence, number: int) -> Sequence[Exchange]:
    """The lists that were answered behind an exchange, in the journeys."""
    return [x for x in evidence.select(Operation.LIST, valid=True) if x.accepted and x.number > number]
