"""Chapter 5: API keys, on every operation and in every state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.declared import member, methods
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, not_applicable, recorded, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Credential, Evidence, Exchange
    from conformance.finding import Finding

_WRONG_KEY = ("authentication_failed", "invalid_api_key")
_FOREIGN = "another client's session"


def _spelling(evidence: Evidence, name: str) -> Exchange | None:
    found = list(evidence.select("templates", probe=f"credential: {name}"))
    return found[-1] if found else None


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
    header, form = _spelling(evidence, "X-API-Key header"), _spelling(evidence, "Authorization X-API-Key")
    if header is None:
        return
    if header.accepted:
        yield holds(header)
    elif form is not None and form.accepted:
        yield departs(
            header,
            "E47",
            "The key is refused in X-API-Key and taken in Authorization.",
            expected=200,
            actual=header.status,
        )
    else:
        yield violates(header, "The key is refused in the X-API-Key header.", expected=200, actual=header.status)


@check("AUTH-003")
def the_authorization_form_is_accepted(evidence: Evidence) -> Iterable[Finding]:
    """(6.3) Authorization: X-API-Key k, as the examples show it."""
    if (outside := _api_key(evidence)) is not None:
        yield outside
        return
    form = _spelling(evidence, "Authorization X-API-Key")
    if form is not None:
        told = "Authorization: X-API-Key, the spelling of the examples, is refused."
        yield holds(form) if form.accepted else warns(form, told, erratum="E47", actual=form.status)


def _bare(evidence: Evidence, credential: Credential) -> Iterator[Exchange]:
    for operation in ("templates", "create", "get", "end"):
        for x in evidence.select(operation, credential=credential):
            if (x.label.probe or "").startswith(f"{credential} credential"):
                yield x


@check("AUTH-006")
def no_credential_is_401(evidence: Evidence) -> Iterable[Finding]:
    """(5.1) 401 authentication_failed on every operation."""
    for x in _bare(evidence, "none"):
        code = x.response.error_code if x.response else None
        if x.status == 401 and code == "authentication_failed":
            yield holds(x)
        else:
            told = f"{x.request.method} without a credential is not 401 authentication_failed."
            yield violates(x, told, expected="401 authentication_failed", actual=f"{x.status} {code or ''}".strip())


@check("AUTH-007")
def a_wrong_key_is_401(evidence: Evidence) -> Iterable[Finding]:
    """(5.1, 11.2) 401 with authentication_failed or invalid_api_key."""
    if (outside := _api_key(evidence)) is not None:
        yield outside
        return
    for x in _bare(evidence, "wrong"):
        code = x.response.error_code if x.response else None
        if x.status == 401 and code in _WRONG_KEY:
            yield holds(x)
        else:
            told = f"{x.request.method} with a made-up key is not 401 with one of the two codes."
            yield violates(
                x, told, expected=f"401 {' or '.join(_WRONG_KEY)}", actual=f"{x.status} {code or ''}".strip()
            )


@check("AUTH-008")
def credentials_are_checked_in_every_state(evidence: Evidence) -> Iterable[Finding]:
    """(5.5) GET and end of an own session in each state: 401, and the session stays as it was."""
    for credential in ("none", "wrong"):
        for operation in ("get", "end"):
            for x in evidence.select(operation, credential=credential):
                if x.label.session != "authentication/states":
                    continue
                told = f"{x.request.method} of an own session is not refused ({x.label.probe})."
                yield holds(x) if x.status == 401 else violates(x, told, expected=401, actual=x.status)
    yield from _untouched(evidence, "authentication/states")


def _untouched(evidence: Evidence, session: str) -> Iterator[Finding]:
    """Reads on either side of refused operations show the same count, and no later state than the run's own doing."""
    story = evidence.stories.get(session)
    ends = story.end.number if story and story.end else None
    for x in story.reads if story else ():
        status = x.document.get("status")
        if (ends is None or x.number < ends) and status in ("processing", "completed", "partial", "failed"):
            told = "An operation that was to be refused ended the session."
            yield violates(x, told, pointer="/status", expected="created or recording", actual=status)


@check("AUTH-026")
def clients_are_kept_apart(evidence: Evidence) -> Iterable[Finding]:
    """(11.2, 12.5) Another client's session is 403 or 404, and stays as it was."""
    if not evidence.facts.second_key:
        yield inconclusive("no_second_key", "Give --second-api-key, a key of another client.")
        return
    own = evidence.stories.get("authentication/foreign")
    for operation in ("get", "upload", "end"):
        for x in evidence.select(operation, probe=_FOREIGN):
            discloses = own is not None and own.session_id is not None and "audio_files" in x.document
            if x.status in (403, 404) and not discloses:
                yield holds(x)
            elif 400 <= x.status < 500 and x.status != 410 and not discloses:
                told = f"Another client's {operation} is refused with an unusual code."
                yield departs(x, "E49", told, expected="403 or 404", actual=x.status)
            else:
                yield violates(
                    x, f"Another client's {operation} is not refused.", expected="403 or 404", actual=x.status
                )
    yield from _untouched(evidence, "authentication/foreign")
    for x in own.reads[-1:] if own else ():
        count = x.document.get("audio_files_received")
        told = "Another client's upload stands in the session."
        if isinstance(count, int) and own and count > len(own.acknowledged):
            yield violates(x, told, pointer="/audio_files_received", actual=count)


@check("AUTH-027")
def keys_in_the_query_open_nothing(evidence: Evidence) -> Iterable[Finding]:
    """(5.1, 12.2) A key in the query string is not accepted."""
    for x in evidence.select("templates", credential="none"):
        if (x.label.probe or "").startswith("key in the query"):
            told = "A key in the query string is accepted."
            yield warns(x, told, erratum="E88", expected=401, actual=x.status) if x.accepted else holds(x)


def _oidc(requirement: str, doc: str) -> None:
    """Everything of OIDC needs a declared oidc and a client registered with it."""

    def judge(evidence: Evidence) -> Iterable[Finding]:
        if "oidc" in methods(evidence):
            yield inconclusive(
                "not_in_this_release", "Discovery declares oidc, which this release of the kit does not drive."
            )
        else:
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
    yield recorded(None, "Members of authentication", sorted(member(evidence.discovery, "authentication") or {}))
