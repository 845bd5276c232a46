"""Chapter 5: API keys, on every operation and in every state."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.checks.arrivals import ends_by_itself, opens_by_itself
from conformance.checks.cells import cell, judge_cell
from conformance.checks.declared import methods, missing
from conformance.checks.documents import whole
from conformance.checks.outsiders import CONTENT, kept_out, let_in, names_in, tells_nothing
from conformance.checks.refusals import put_off
from conformance.checks.registry import check
from conformance.evidence.admission import REDIRECTS, alike, refuses
from conformance.finding import departs, holds, inconclusive, not_applicable, recorded, violates, warns
from conformance.vocabulary.addresses import member
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import UNCREDENTIALED, Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_WRONG_KEY = ("authentication_failed", "invalid_api_key")
_FOREIGN_OPERATIONS: tuple[Operation, ...] = (Operation.GET, Operation.UPLOAD, Operation.END)
#: Shorter text of a session may stand in an answer by chance.
_TELLING = 12


def _door(evidence: Evidence) -> dict[str, Exchange]:
    """Spelling -> the answer at the door by which the run told spellings of the key apart.

    That is the first which a spelling opens, else the last that was tried. Doors are found out before the run, and but
    for GET /templates their answers are not graded as such.
    """
    tried = [x for x in evidence.exchanges if Probe.SPELLING.covers(x.label.probe) and x.response is not None]
    right = [x for x in tried if x.label.credential == Credential.RIGHT]
    door = next((x for x in right if x.accepted), right[-1] if right else None)
    at_it = [x for x in right if door is not None and x.label.operation == door.label.operation]
    return {Probe.SPELLING.detail(x.label.probe or ""): x for x in at_it}


def _opens(evidence: Evidence, name: str) -> bool | None:
    """Whether a spelling of the key is let in; None where the door answers whoever comes alike."""
    door = _door(evidence)
    x = door[name]
    if refuses(x) or (not x.accepted and any(y.accepted for y in door.values())):
        return False
    anybody = {spelling: _as_anybody(evidence, y) for spelling, y in door.items()}
    if anybody[name] and False in anybody.values():
        return False
    bad = (y for y in evidence.exchanges if y.label.credential in (Credential.NONE, Credential.WRONG))
    tried = (*door.values(), *(y for y in bad if y.label.operation == x.label.operation))
    return True if x.accepted or any(map(refuses, tried)) else None


def _as_anybody(evidence: Evidence, x: Exchange) -> bool | None:
    """Whether a made-up key in the same spelling is answered in the same words there; None where none was tried."""
    asked = (x.label.operation, x.label.probe, "wrong")
    tried = [y for y in evidence.exchanges if (y.label.operation, y.label.probe, y.label.credential) == asked]
    return any(y.response is not None and alike(x, y) for y in tried) if tried else None


def _api_key(evidence: Evidence) -> Finding | None:
    """Not applicable where discovery offers no API keys; a missing list is DISC-010's to judge."""
    if methods(evidence) and "api_key" not in methods(evidence):
        return not_applicable("authentication.supported_methods does not list api_key.", methods(evidence))
    return None


@check("AUTH-001")
def methods_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(5) Which methods are listed."""
    yield recorded(None, "Authentication methods listed", methods(evidence))


@check("AUTH-002")
def the_key_header_is_accepted(evidence: Evidence) -> Iterable[Finding]:
    """(5.1) X-API-Key: k; the Authorization form may stand in for it leniently."""
    if (outside := _api_key(evidence)) is not None:
        yield outside
        return
    door = _door(evidence)
    header, form = door.get("X-API-Key header"), door.get("Authorization X-API-Key")
    if header is None:
        return
    opens = _opens(evidence, "X-API-Key header")
    if (later := put_off(header)) is not None:
        yield later
    elif opens:
        yield holds(header)
    elif opens is None:
        yield _alike(header)
    elif form is not None and _opens(evidence, "Authorization X-API-Key"):
        told = "The key is refused in X-API-Key and taken in Authorization."
        yield departs(header, "E47", told, expected=200, actual=header.status)
    else:
        yield violates(header, "The key is refused in the X-API-Key header.", expected=200, actual=header.status)


def _alike(x: Exchange) -> Finding:
    told = f"{x.request.method} ({x.label.operation}) answers {x.status} whatever the key: it tells no spelling apart."
    return inconclusive("not_observed", told, x)


@check("AUTH-003")
def the_authorization_form_is_accepted(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Authorization: X-API-Key k, as the examples show it."""
    if (outside := _api_key(evidence)) is not None:
        yield outside
        return
    form = _door(evidence).get("Authorization X-API-Key")
    if form is None:
        return
    told = "Authorization: X-API-Key, the spelling of the examples, is refused."
    opens = _opens(evidence, "Authorization X-API-Key")
    if (later := put_off(form)) is not None:
        yield later
    elif opens is None:
        yield _alike(form)
    else:
        yield holds(form) if opens else warns(form, told, erratum="E47", expected=200, actual=form.status)


@check("AUTH-004")
def the_bearer_form_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Authorization: Bearer k, as one example of the newest text shows it."""
    form = _door(evidence).get("Authorization Bearer")
    if form is not None:
        yield recorded(form, "A key as Authorization: Bearer is answered", form.status)


_OPERATIONS: tuple[Operation, ...] = (Operation.TEMPLATES, Operation.CREATE, Operation.GET, Operation.END)


def _bare(evidence: Evidence, credential: Credential) -> Iterator[Exchange]:
    for operation in _OPERATIONS:
        for x in evidence.select(operation, credential=credential):
            if UNCREDENTIALED[credential].covers(x.label.probe):
                yield x


def _telling(evidence: Evidence, credential: Credential) -> Iterator[Exchange]:
    """Those of them at operations where a credential makes a difference."""
    return (x for x in _bare(evidence, credential) if not tells_nothing(evidence, x) or let_in(evidence, x))


def _refused(x: Exchange, what: str, codes: tuple[str, ...]) -> Finding:
    """401 with one of the codes."""
    code = x.response.error_code if x.response else None
    if x.status == 401 and code in codes:
        return holds(x)
    told = f"{x.request.method} ({x.label.operation}) {what} is not refused as it should be."
    expected, actual = f"401 {' or '.join(codes)}", f"{x.status} {code or 'without a code'}"
    return put_off(x) or violates(x, told, expected=expected, actual=actual)


@check("AUTH-006")
def no_credential_is_401(evidence: Evidence) -> Iterable[Finding]:
    """(5.1) 401 authentication_failed on every operation."""
    for x in _telling(evidence, Credential.NONE):
        yield _refused(x, "without a credential", ("authentication_failed",))


@check("AUTH-007")
def a_wrong_key_is_401(evidence: Evidence) -> Iterable[Finding]:
    """(5.1, 11.2) 401 with authentication_failed or invalid_api_key."""
    if (outside := _api_key(evidence)) is not None:
        yield outside
        return
    for x in _telling(evidence, Credential.WRONG):
        yield _refused(x, "with a made-up key", _WRONG_KEY)


@check("AUTH-008")
def credentials_are_checked_in_every_state(evidence: Evidence) -> Iterable[Finding]:
    """(5.5) GET and end of an own session in each state let nobody else in, and the session stays as it was."""
    for x in (*_bare(evidence, Credential.NONE), *_bare(evidence, Credential.WRONG)):
        if x.label.operation in (Operation.GET, Operation.END):
            what = f"{x.request.method} of an own session ({x.label.probe})"
            yield kept_out(evidence, x, what)
    yield from _untouched(evidence, Session.STATES)


def _restless(reads: Sequence[Exchange], resting: tuple[str, ...]) -> Exchange | None:
    """The first read that shows another state than the one a session already rested in."""
    # A read without a status shows none: that it has to have one is its schema's matter.
    telling = [x for x in reads if isinstance(x.document.get("status"), str)]
    for before, after in pairwise(telling):
        was = before.document["status"]
        if was in resting and after.document["status"] != was:
            return after
    return None


def _untouched(evidence: Evidence, session: str) -> Iterator[Finding]:
    """Reads on either side of refused operations show the same state and counts, the run's own doing aside."""
    own = list(evidence.select(session=session))
    reads = [
        x for x in own if x.label.operation == Operation.GET and x.label.credential == Credential.RIGHT and x.accepted
    ]
    ends = [
        x
        for x in evidence.about(session)
        if x.label.operation == Operation.END and x.label.credential == Credential.RIGHT
    ]
    asked = min((x.number for x in ends), default=None)
    lifecycle, by_itself = evidence.text.lifecycle, ends_by_itself(evidence)  # E70
    for x in reads:
        status = x.document.get("status")
        if not by_itself and (asked is None or x.number < asked) and status in lifecycle.after_end:
            told = "An operation that was to be refused ended the session."
            yield violates(x, told, pointer="/status", expected="created or recording", actual=status)
    # The control: if sessions without intruders change state too, SES-STATE-010 reports it.
    others = [s.reads for s in evidence.stories.values() if s.key != session]
    resting = lifecycle.results
    restless = _restless(reads, resting) if not any(_restless(each, resting) for each in others) else None
    if restless is not None:
        told = "A session at rest changed between reads with only refused operations in between."
        yield violates(restless, told, pointer="/status", expected="the state it rested in")
    knocks = [x for x in own if x.label.operation == Operation.UPLOAD and x.label.credential != Credential.RIGHT]
    refused = [x.number for x in knocks if not opens_by_itself(evidence, x)]
    if not refused:
        return
    sent = {
        x.label.file
        for x in own
        if x.label.operation == Operation.UPLOAD and x.label.credential == Credential.RIGHT and x.accepted
    }
    before = [n for x in reads if x.number < refused[0] and (n := whole(x.document.get("audio_files_received")))]
    # Miscounts that no intruder caused are judged elsewhere.
    most = max([len(sent), *before])
    for x in reads:
        count = whole(x.document.get("audio_files_received"))
        told = "The session counts more files than its owner sent."
        if x.number > refused[0] and count is not None and count > most:
            yield violates(x, told, pointer="/audio_files_received", expected=most, actual=count)


@check("AUTH-026")
def clients_are_kept_apart(evidence: Evidence) -> Iterable[Finding]:
    """(11.2, 12.5) Another client's session is 403 or 404, and stays as it was."""
    if not evidence.facts.second_key:
        yield inconclusive("no_second_key", "Give --second-api-key, a key of another client.")
        return
    for operation in _FOREIGN_OPERATIONS:
        for x in evidence.select(operation, probe=Probe.FOREIGN):
            if operation == Operation.UPLOAD and opens_by_itself(evidence, x):
                continue
            yield kept_apart(evidence, x, operation)
    yield from _untouched(evidence, Session.FOREIGN)


def kept_apart(evidence: Evidence, x: Exchange, operation: str) -> Finding:
    """Whether another client was refused without being told anything about the session."""
    story = evidence.stories.get(x.label.session or "")
    shown = sorted(CONTENT & names_in(x.document))
    data = story.asked.get(evidence.text.printed.passed) if story else None
    for value in data.values() if isinstance(data, dict) else ():
        if isinstance(value, str) and len(value) >= _TELLING and x.response and value.encode() in x.response.body:
            shown.append(value)
    if shown:
        told = f"Another client is shown the session ({x.label.operation})."
        return violates(x, told, expected="no content of the session", actual=shown)
    if refuses(x) and x.status in REDIRECTS:
        told = f"Another client's {operation} is sent away to a page to log in."
        return departs(x, "E49", told, expected="404 or 403", actual=x.status)
    return judge_cell(cell(evidence, "other_client", operation), x, f"Another client's {operation}")


@check("AUTH-027")
def keys_in_the_query_open_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(5.1, 12.2) A key in the query string is not accepted."""
    for x in evidence.select(Operation.TEMPLATES, credential=Credential.NONE):
        if Probe.KEY_IN_QUERY.covers(x.label.probe):
            told = "A key in the query string is accepted."
            taken = warns(x, told, erratum="E88", expected=401, actual=x.status)
            yield taken if x.accepted else kept_out(evidence, x, "A key in the query string")


_OIDC_ENDPOINTS = ("authorization_endpoint", "token_endpoint")


def _oidc(requirement: str, doc: str) -> None:
    """Everything of OIDC needs a declared oidc and a client registered with it."""

    def judge(evidence: Evidence) -> Iterable[Finding]:
        gone = [x for name in _OIDC_ENDPOINTS if (x := missing(evidence, name)) is not None]
        if "oidc" in methods(evidence) and gone:
            told = f"Discovery declares oidc, and there is nothing at {gone[0].request.url} ({gone[0].status})."
            yield inconclusive("not_in_this_release", told, gone[0])
        elif "oidc" in methods(evidence):
            yield inconclusive(
                "not_in_this_release", "Discovery declares oidc, which this release of the kit does not drive."
            )
        elif evidence.discovery:
            yield not_applicable("authentication.supported_methods does not list oidc.", methods(evidence))

    judge.__name__, judge.__doc__ = f"oidc_{requirement[-3:]}", doc
    check(requirement)(judge)


for _id, _doc in (
    ("AUTH-013", "(5.2) Bearer tokens are accepted."),
    ("AUTH-014", "(5.2) Authorization code with PKCE."),
    ("AUTH-015", "(5.2) PKCE is mandatory."),
    ("AUTH-016", "(5.2) Redirect URIs are registered."),
    ("AUTH-017", "(5.2) The token answer."),
    ("AUTH-018", "(5.3) Refreshing."),
    ("AUTH-019", "(5.3) Expired tokens."),
    ("AUTH-020", "(12.2) All claims are validated."),
    ("AUTH-028", "(5.2) No client credentials in the user flow."),
):
    _oidc(_id, _doc)


@check("AUTH-021")
def cookie_sessions_are_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(5.3) Optional, and declared nowhere."""
    told = member(evidence.discovery, "authentication")
    yield recorded(None, "Members of authentication", sorted(told) if isinstance(told, dict) else told)
