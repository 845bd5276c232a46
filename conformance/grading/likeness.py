"""Which revision of the protocol a target speaks, by what discovery and a session or two show of it (E68)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import scribe_data
from conformance.checks.contract import Answer, contract_of
from conformance.checks.once import once
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from scribe_data.waiver import WaiverKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.evidence import Evidence, Exchange
    from scribe_data import Spec

#: Another revision has to explain so many times as much: a service may have faults, whichever it speaks.
_TIMES = 3
#: So many signs that stand in discovery alone are more than a slip.
_IN_DISCOVERY = 3
#: What may differ from a schema without being a sign of another text.
_NO_SIGN = (WaiverKind.ALLOWED, WaiverKind.WARNS, WaiverKind.ELSEWHERE, WaiverKind.DISPUTED)


@dataclass(frozen=True)
class Likeness:
    """Another text that fits what was seen better than the one it is graded by, and what shows that."""

    text: Spec
    graded_as: str
    signs: tuple[str, ...]
    exchange: int | None

    @property
    def told(self) -> str:
        """A sentence or two for whoever ran the kit."""
        shown = "; ".join(self.signs[:_TOLD])
        return (
            f"This looks like revision {self.text.revision}, and is graded as {self.graded_as}: {shown}. Run again with"
            f" --revision {self.text.revision}."
        )


def is_foreign(text: Spec, evidence: Evidence, x: Exchange) -> bool:
    """Whether a refusal is right by a text that does not have such a request, or such a create of its session."""
    story = evidence.stories.get(x.label.session or "")
    made = story.created if story is not None else None
    return not x.accepted and any(_is_foreign(text, each) for each in (x, made) if each is not None)


def _is_foreign(text: Spec, x: Exchange) -> bool:
    """Whether a text does not have a request: it was made for another one."""
    if x.label.operation == Operation.UPLOAD:
        numbered = any(x.request.header(name) is not None for name in ("x-chunk-index", "x-upload-type"))
        return text.printed.files == "numbered" and not numbered
    endpoint = text.protocol.endpoints.get(x.label.operation)
    if endpoint is None or endpoint.takes is None or not x.request.whole:
        return False
    return bool(list(contract_of(text).breaches(Answer(x, endpoint.takes, x.request.json or {}))))


#: Signs that are named in the sentence.
_TOLD = 4


@once
def likeness(evidence: Evidence) -> Likeness | None:
    """The revision that what was seen looks like, where that is clearly another one than it is graded as."""
    departures = _departures(evidence)
    own = departures.get(evidence.text.revision)
    best = min(departures, key=lambda name: (len(departures[name]), name != evidence.text.revision), default=None)
    if own is None or best is None or best == evidence.text.revision or len(departures[best]) * _TIMES >= len(own):
        return None
    found = {sign: x for sign, x in own.items() if sign not in departures[best]}
    left = dict(sorted(found.items(), key=lambda each: each[1].label.operation == Operation.DISCOVERY))
    if all(x.label.operation == Operation.DISCOVERY for x in left.values()) and len(left) < _IN_DISCOVERY:
        return None
    text = scribe_data.load(evidence.text.profile, best)
    numbers = (x.number for x in left.values() if x.label.operation != Operation.DISCOVERY)
    return Likeness(text, evidence.text.revision, tuple(left), next(numbers, None))


def closest(evidence: Evidence) -> tuple[str, Mapping[str, int]]:
    """The revision that fits what was seen best, the default one among equals, and how much speaks against each."""
    against = {name: len(signs) for name, signs in _departures(evidence).items()}
    usual = scribe_data.load(evidence.text.profile).revision
    return min(against, key=lambda name: (against[name], name != usual), default=usual), against


def _departures(evidence: Evidence) -> dict[str, dict[str, Exchange]]:
    """Revision -> what differs from its text, in words, with the exchange that shows it; nothing without a session."""
    seen = list(_session(evidence))
    if not any(x.label.operation == Operation.CREATE and x.accepted for x in seen):
        return {}
    profile = evidence.text.profile
    texts = (scribe_data.load(profile, name) for name in scribe_data.revisions(profile))
    return {text.revision: dict(_from(text, evidence, seen)) for text in texts}


def _session(evidence: Evidence) -> Iterator[Exchange]:
    """Discovery, the session that was tried out, and the first of the journeys that came to its results."""
    yield from evidence.discoveries[-1:]
    stories = evidence.stories.values()
    done = next((s.key for s in stories if s.final and s.created and s.created.label.probe is None), None)
    for x in evidence.exchanges:
        known = x.label.session in (Session.TRIED_OUT, done) and x.label.session is not None
        plain = known and x.label.probe is None
        # Where ends are counted, only a probe comes without a count.
        bare = Probe.END_UNCOUNTED.covers(x.label.probe)
        if (plain or bare) and x.label.credential == Credential.RIGHT and x.response is not None:
            yield x


def _from(text: Spec, evidence: Evidence, seen: list[Exchange]) -> Iterator[tuple[str, Exchange]]:
    """What differs from one text."""
    contract = contract_of(text)
    for x in seen:
        yield from ((sign, x) for sign in _by_status(text, x, seen))
        for schema in _schemas(text, x):
            answer = Answer(x, schema, x.document)
            for breach in contract.breaches(answer):
                waiver = contract.waiver(answer, breach, evidence)
                if waiver is None or waiver.kind not in _NO_SIGN:
                    name = f"the answer to {_named(x)}: {breach.message}".rstrip(".")
                    yield name.partition(': "')[0] if breach.keyword != "required" else name, x


def _named(x: Exchange) -> str:
    return {"get": "a read", "end": "an end", "create": "a create"}.get(x.label.operation, str(x.label.operation))


def _schemas(text: Spec, x: Exchange) -> Iterator[str]:
    """The schemas that a text has for a success."""
    states = text.lifecycle.states
    shown = x.document.get("status")
    if x.label.operation in (Operation.CREATE, Operation.END, Operation.DISCOVERY) and x.accepted:
        yield from list(text.protocol.answers(x.label.operation).values())[:1]
    elif x.label.operation != Operation.GET or not x.accepted or not isinstance(shown, str):
        return
    elif shown in states and shown not in text.lifecycle.open:
        yield states[shown].schema


def _by_status(text: Spec, x: Exchange, seen: list[Exchange]) -> Iterator[str]:
    """Statuses that a text does not have where they came, words it does not know, and a body it does not ask for."""
    lifecycle, shown = text.lifecycle, x.document.get("status")
    about = [y for y in seen if y.label.session == x.label.session]
    fed = any(y.accepted and y.label.operation == Operation.UPLOAD for y in about)
    if x.label.operation == Operation.END and Probe.END_UNCOUNTED.covers(x.label.probe):
        if not x.accepted and text.protocol.endpoints[Operation.END].takes is None:
            yield f"an end without a body is answered {x.status}"
    elif x.label.operation == Operation.END and fed:
        first = next(y for y in about if y.label.operation == Operation.END)
        cell = lifecycle.cell("recording", Operation.END)
        if x.accepted and x.status not in cell.expected.codes:
            yield f"an end is answered {x.status}"
        elif (
            x is first
            and not x.accepted
            and not x.request.body
            and text.protocol.endpoints[Operation.END].takes is None
        ):
            yield f"an end without a body is answered {x.status}"
    elif x.label.operation == Operation.GET and x.accepted and isinstance(shown, str):
        if shown in lifecycle.states:
            cell = lifecycle.cell(shown, Operation.GET)
            if not cell.accepts(x.status, lenient=True):
                yield f"a session that is {shown} is answered {x.status}"
        elif shown not in lifecycle.aliases:
            yield f"a session is {shown}"
