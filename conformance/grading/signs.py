"""Which of the origins the text lists a run has met: doors that never opened, results that never came, departures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from conformance.checks.errors import errors_met
from conformance.vocabulary.operation import Credential, Operation
from scribe_data.origin import Lack

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from scribe_data.origin import Origin

_DOCUMENTS = ("discovery", "templates")


def is_met(origin: Origin, evidence: Evidence) -> bool:
    """Whether the sign of an origin is seen; one without a sign has to be told by a failure."""
    if origin.refused:
        return _is_shut(origin.refused, evidence)
    if origin.lacking:
        return _LACKS[origin.lacking](evidence)
    return any(departure.dimension == origin.departure for departure in evidence.dialect)


def detail(origin: Origin, evidence: Evidence) -> tuple[str, int | None]:
    """What the run saw of an origin, in a sentence, and the number of the exchange that shows it best."""
    departure = next((each for each in evidence.dialect if each.dimension == origin.departure), None)
    if departure is not None:
        return departure.text, departure.exchange
    # The last valid request of an operation is in the spelling of the key that is taken.
    plain = _plain(_sent(origin.refused, evidence)) if origin.refused else []
    x = max(plain, key=lambda x: (x.label.probe is None, x.number), default=None)
    if x is None:
        return "", None
    said = f"is answered {x.status}" if x.response else f"gets no answer ({x.trouble})"
    return f"{x.request.method} {urlsplit(x.request.url).path} {said}.", x.number


def _sent(operation: str, evidence: Evidence) -> list[Exchange]:
    """Requests of an operation with the right credential."""
    return [x for x in evidence.exchanges if x.label.operation == operation and x.label.credential == Credential.RIGHT]


def _plain(sent: Iterable[Exchange]) -> list[Exchange]:
    """The valid ones."""
    return [x for x in sent if x.label.plain]


def _is_shut(operation: str, evidence: Evidence) -> bool:
    """Whether valid requests of an operation were sent and none of its requests was ever taken."""
    sent = _sent(operation, evidence)
    plain = _plain(sent)
    # Documents are looked for at other addresses too; an odd request about a session that is taken shows an open door.
    counted = plain if operation in _DOCUMENTS else sent
    return bool(plain) and not any(_is_taken(operation, x) for x in counted)


def _is_taken(operation: str, x: Exchange) -> bool:
    if operation == Operation.CREATE:
        return x.accepted and bool(x.document.get("session_id"))
    if operation == Operation.DISCOVERY:
        return x.status == 200 and bool(x.document)
    return x.accepted or (operation == Operation.GET and x.status == 410)


def _ended(evidence: Evidence) -> Iterator[Exchange | None]:
    """What each session that was ended came to; every session, where they end by themselves."""
    asked = Operation.END in evidence.text.lifecycle.moving
    return (story.final for story in evidence.stories.values() if story.end is not None or not asked)


def _lacks_results(evidence: Evidence) -> bool:
    finals = list(_ended(evidence))
    return bool(finals) and not any(finals)


def _lacks_content(evidence: Evidence) -> bool:
    finals = [final.document for final in _ended(evidence) if final]
    return bool(finals) and not any(final.get("templates") or final.get("transcript") for final in finals)


def _lacks_envelope(evidence: Evidence) -> bool:
    errors = [x.response for x in errors_met(evidence) if x.response]
    return bool(errors) and not any(error.error_code for error in errors)


_LACKS = {Lack.RESULTS: _lacks_results, Lack.CONTENT: _lacks_content, Lack.ENVELOPE: _lacks_envelope}
