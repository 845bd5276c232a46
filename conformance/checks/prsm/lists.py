"""Chapter 1, lists: filters, pages, and whose sessions they hold."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from conformance.checks.pages import entries_of, query_of
from conformance.checks.refusals import busy, looked_at
from conformance.checks.registry import check
from conformance.finding import holds, inconclusive, violates, warns
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.stamps import instant, seconds_between

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Filters by a member of an entry, and those by when it was made with the sign of what is inside.
_MEMBERS: Final = ("status", "session_type")
_DATES: Final = {"date_from": 1, "date_to": -1}
#: At the very moment of a bound both are right (E8), and stamps may be cut to the second (rule 2).
_AT_THE_BOUND: Final = 1.0
_LARGEST: Final = 100


def _ids(x: Exchange) -> list[str]:
    return [each["session_id"] for each in entries_of(x) if isinstance(each.get("session_id"), str)]


def _served(evidence: Evidence) -> bool:
    """Whether there are lists at all."""
    return any(x.accepted for x in evidence.select(Operation.LIST, valid=True))


def _answered(evidence: Evidence) -> Iterator[Exchange]:
    """Lists of the caller, valid and not, that the service had time for, where there are lists at all."""
    if _served(evidence):
        yield from (x for x in evidence.select(Operation.LIST, credential=Credential.RIGHT) if not busy(x))


def _made(evidence: Evidence) -> Mapping[str, Exchange]:
    """Id -> the create of each session that the caller made in this run, in any layer."""
    found = {}
    for x in (evidence.whole or evidence).everything:
        session_id = x.document.get("session_id")
        own = x.label.operation == Operation.CREATE and x.label.credential == Credential.RIGHT and x.accepted
        if own and isinstance(session_id, str):
            found[session_id] = x
    return found


@check("PRSM-LIST-001")
def lists_are_answered(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) A list is 200, with or without filters; a page behind the last may be refused (E5)."""
    for x in looked_at(evidence.select(Operation.LIST, valid=True)):
        told = f"A list is answered {x.status}."
        if x.status == 400 and _is_behind(evidence, x):
            yield warns(x, "A page behind the last is answered 400.", expected=200, actual=400, erratum="E5")
        else:
            yield holds(x) if x.status == 200 else violates(x, told, expected=200, actual=x.status)


def _is_behind(evidence: Evidence, x: Exchange) -> bool:
    """Whether a page lies behind the last one, by what an earlier page of the same list told."""
    query = query_of(x)
    page, limit = query.pop("page", ""), query.get("limit", "")
    if not (page.isdecimal() and limit.isdecimal()):
        return False
    for other in evidence.select(Operation.LIST, valid=True):
        rest, total = query_of(other), other.document.get("total_count")
        rest.pop("page", "")
        told = isinstance(total, int) and total <= (int(page) - 1) * int(limit)
        if other.accepted and other.number < x.number and rest == query and told:
            return True
    return False


@check("PRSM-LIST-002", everywhere=True, recorded=False)
def filters_leave_what_fits(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) Every entry fits each filter, and no session of the run that fits all is left out."""
    made = _made(evidence)
    for x in evidence.select(Operation.LIST, valid=True):
        query = query_of(x)
        if not x.accepted or not query.keys() & {*_MEMBERS, *_DATES}:
            continue
        wrong = next(filter(None, (_misfit(query, each, made) for each in entries_of(x))), None)
        if wrong is not None:
            name, entry, shown = wrong
            told = f"A list by {name} has a session that does not fit ({entry.get('session_id')})."
            yield violates(x, told, pointer="/sessions", expected=query[name], actual=shown)
        elif (lacking := _left_out(evidence, x, query, made)) is not None:
            told = f"A list by {' and '.join(name for name in query if name in (*_MEMBERS, *_DATES))} leaves one out."
            yield violates(x, told, pointer="/sessions", expected=lacking)
        else:
            yield holds(x)


def _misfit(
    query: Mapping[str, str], entry: dict[str, Any], made: Mapping[str, Exchange]
) -> tuple[str, dict[str, Any], Any] | None:
    """The filter that an entry does not fit, and what it shows instead."""
    create = made.get(str(entry.get("session_id")))
    for name in _MEMBERS:
        shown = entry.get(name)
        if name == "session_type" and shown is None and create is not None and isinstance(create.request.json, dict):
            shown = create.request.json.get(name)
        if name in query and shown is not None and shown != query[name]:
            return name, entry, shown
    stamp = entry.get("created_at") or (create.document.get("created_at") if create else None)
    for name, sign in _DATES.items():
        apart = seconds_between(query.get(name), stamp)
        if apart is not None and apart * sign < -_AT_THE_BOUND:
            return name, entry, stamp
    return None


def _left_out(evidence: Evidence, x: Exchange, query: Mapping[str, str], made: Mapping[str, Exchange]) -> str | None:
    """A session of this list's own journey that fits all filters and is not there, though there is room for all."""
    entries, total = entries_of(x), x.document.get("total_count")
    if total != len(entries) or not Session.LISTED or x.label.journey != JourneyName.LIST_PAGES:
        return None
    for session_id, create in made.items():
        if create.label.journey != x.label.journey or create.received > x.sent or session_id in _ids(x):
            continue
        told = create.request.json if isinstance(create.request.json, dict) else {}
        shown = {"session_id": session_id, "session_type": told.get("session_type")}
        shown["status"] = _rests(evidence, create.label.session, x)
        known = ("status" not in query or shown["status"] is not None) and _lies_within(query, create)
        if known and _misfit(query, shown, made) is None:
            return session_id
    return None


def _lies_within(query: Mapping[str, str], create: Exchange) -> bool:
    """Whether a session was made between the dates of a filter, by the service's own stamp and not at a bound (E8)."""
    made_at = create.document.get("created_at")
    apart = [(seconds_between(query[name], made_at), sign) for name, sign in _DATES.items() if name in query]
    return all(seconds is not None and seconds * sign > 0 for seconds, sign in apart)


def _rests(evidence: Evidence, session: str | None, x: Exchange) -> str | None:
    """The final state that was seen of a session before an exchange."""
    story = evidence.stories.get(session or "")
    final = story.final if story is not None else None
    status = final.document.get("status") if final is not None and final.received <= x.sent else None
    return status if isinstance(status, str) else None


@check("PRSM-LIST-002")
def filters_that_name_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) A word, or dates, that name nothing: 400 (E9); a date without its zone is taken (E7)."""
    for x in _answered(evidence):
        if Probe.FILTER_UNKNOWN.covers(x.label.probe):
            told = f"A list with {x.label.probe} is answered {x.status}{' with sessions' if entries_of(x) else ''}."
            yield holds(x) if x.status == 400 else warns(x, told, expected=400, actual=x.status, erratum="E9")
        elif Probe.DATE_FORM.covers(x.label.probe):
            told = f"A list by {x.label.probe} is answered {x.status}."
            yield holds(x) if x.accepted else warns(x, told, expected=200, actual=x.status, erratum="E7")


@check("PRSM-LIST-003", everywhere=True, recorded=False)
def pages_are_as_asked_for(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) No page is longer than limit, and page comes back."""
    for x in evidence.select(Operation.LIST, valid=True):
        query, shown = query_of(x), x.document.get("page")
        if not x.accepted or not query.keys() & {"page", "limit"}:
            continue
        limit = query.get("limit", "")
        if limit.isdecimal() and 1 <= int(limit) <= _LARGEST and len(entries_of(x)) > int(limit):
            told = "A page has more sessions than its limit."
            yield violates(x, told, pointer="/sessions", expected=f"<= {limit}", actual=len(entries_of(x)))
        elif "page" in query and str(shown) != query["page"]:
            yield violates(x, "Another page comes back.", pointer="/page", expected=query["page"], actual=shown)
        else:
            yield holds(x)


@check("PRSM-LIST-003")
def pages_cut_the_list(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) INV-09: pages share no session, and together have total_count of them."""
    for pages in _series(evidence):
        ids = [session_id for x in pages for session_id in _ids(x)]
        twice = next((each for each in ids if ids.count(each) > 1), None)
        totals = {x.document.get("total_count") for x in pages}
        last, still = pages[-1], len(totals) == 1
        if twice is not None and still:
            told = "Two pages of one list have the same session."
            yield violates(last, told, pointer="/sessions", expected="each session once", actual=twice)
        elif twice is not None:
            told = "Pages share a session, while one was made in between."
            yield warns(last, told, pointer="/sessions", expected="each session once", actual=twice, erratum="E6")
        elif still and not _ids(last) and totals != {len(ids)}:
            told = "The pages of a list together have not as many sessions as total_count says."
            yield violates(last, told, pointer="/total_count", expected=len(ids), actual=totals.pop())
        else:
            yield holds(last)
        yield from _in_order(pages)


def _series(evidence: Evidence) -> Iterator[Sequence[Exchange]]:
    """Pages of one list, from the first on."""
    found: dict[tuple[tuple[str, str], ...], list[Exchange]] = {}
    for x in evidence.select(Operation.LIST, journey=JourneyName.LIST_PAGES, valid=True):
        query = query_of(x)
        if x.accepted and query.pop("page", ""):
            found.setdefault(tuple(sorted(query.items())), []).append(x)
    yield from found.values()


def _in_order(pages: Sequence[Exchange]) -> Iterator[Finding]:
    """Whether sessions stand in the order in which they were made: what is made meanwhile then comes behind them."""
    stamps = [stamp for x in pages for each in entries_of(x) if (stamp := instant(each.get("created_at"))) is not None]
    if any(later < earlier for earlier, later in pairwise(stamps)):
        yield warns(pages[0], "A later session stands before an earlier one.", pointer="/sessions", erratum="E6")


@check("PRSM-LIST-003")
def pages_that_are_none(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) A page behind the last is empty, and a number out of bounds is 400 (E5)."""
    for x in _answered(evidence):
        if not Probe.PAGE_BEYOND.covers(x.label.probe):
            continue
        behind = int(query_of(x).get("page", "0")) > 1
        right = (x.accepted and not entries_of(x)) if behind else x.status == 400
        told = f"A list {x.label.probe} is answered {x.status}."
        wanted = "200 without sessions" if behind else 400
        yield holds(x) if right else warns(x, told, expected=wanted, actual=x.status, erratum="E5")


@check("PRSM-LIST-004", everywhere=True, recorded=False)
def callers_list_their_own(evidence: Evidence) -> Iterable[Finding]:
    """(List User Sessions) INV-10: another user's list has none of the caller's sessions."""
    if not evidence.facts.second_key:
        yield inconclusive("no_second_key", "Give --second-api-key, a key of another client.")
        return
    made = {name for name, x in _made(evidence).items() if not Session.RECEIVED.covers(x.label.session)}
    for x in evidence.select(Operation.LIST, credential=Credential.SECOND):
        foreign = next((each for each in _ids(x) if each in made), None)
        if foreign is not None:
            told = "Another user lists a session that is not theirs and that nobody shared with them."
            yield violates(x, told, pointer="/sessions", expected="sessions of their own", actual=foreign)
        elif x.accepted:
            yield holds(x)
