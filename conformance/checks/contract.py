"""Every answer of a run against the schema of its operation or state, with what the waivers of the revision make of it.

A breach counts against the requirement that stands for the closest place in the schema (`contract:` in its entry).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import scribe_data
from conformance.checks.breaches import Breach, Part, Schemas
from conformance.checks.declared import documents
from conformance.checks.errors import errors_met
from conformance.checks.expiry import if_observed
from conformance.checks.once import once
from conformance.checks.registry import check
from conformance.evidence import NOT_JSON
from conformance.finding import Finding, Kind, holds
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.results import templates_of
from scribe_data.pointer import fits, pointer_of, resolve, tokens, values_at
from scribe_data.waiver import WaiverKind

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange, Story
    from scribe_data import Spec
    from scribe_data.model import Matched
    from scribe_data.waiver import Waiver

#: The name all requirements have in `checks:` that are judged here.
NAME = "answers_fit_their_schema"
#: Operations whose answers are not judged one by one: each has a rule of its own.
_WITH_RULES = frozenset({Operation.DISCOVERY, Operation.CREATE, Operation.UPLOAD, Operation.END, Operation.GET})
_KINDS = {
    WaiverKind.DEPARTS: Kind.DEPARTS,
    WaiverKind.TOLERATED: Kind.TOLERATED,
    WaiverKind.DISPUTED: Kind.DISPUTED,
    WaiverKind.WARNS: Kind.WARNS,
}
_JSON = "application/json"
#: What stands for a member that is not there: null counts as absent in the lenient reading (rule 4).
_NULLABLE = ("type", "enum", "const", "oneOf", "anyOf")


@dataclass(frozen=True)
class Answer:
    """A body to be judged: its schema, and the state of the session it is about, for waivers that ask for one."""

    x: Exchange
    schema: str
    body: Any
    state: str | None = None


class Contract:
    """One text as a judge: compiled schemas, clauses by schema, waivers."""

    def __init__(self, text: Spec) -> None:
        self.text = text
        self._schemas = Schemas(text)
        accepted = {waiver.name: waiver.accepts for waiver in text.waivers if waiver.accepts is not None}
        self._accepted = {name: Part(schema) for name, schema in accepted.items()}
        self._clauses: dict[str, list[tuple[str, tuple[str, ...], Matched]]] = {}
        for requirement in text.requirements.values():
            for clause in requirement.contract if requirement.subject == "service" else ():
                for schema in clause.schemas:
                    places = self._clauses.setdefault(schema, [])
                    places.extend((requirement.id, tokens(pointer), clause) for pointer in clause.pointers)

    def breaches(self, answer: Answer) -> Iterator[Breach]:
        """What is wrong with a body; templates in the other shape (E2) are read through it."""
        found = self._schemas.breaches(answer.schema, answer.body)
        yield from found
        as_array = any(breach.path == ("templates",) and isinstance(breach.value, list) for breach in found)
        if as_array:
            inner = self._schemas.breaches(answer.schema, _as_object(answer.body))
            yield from (breach for breach in inner if breach.path[:1] == ("templates",))

    def blamed(self, schema: str, breach: Breach) -> list[str]:
        """The requirements that stand for the closest place: mostly one."""
        found: dict[str, tuple[int, int, bool]] = {}
        for requirement, pattern, clause in self._clauses.get(schema, ()):
            if clause.keywords and (breach.keyword not in clause.keywords or len(pattern) != len(breach.path)):
                continue
            if fits(pattern, breach.path[: len(pattern)]):
                close = (len(pattern), len(pattern) - pattern.count("*"), bool(clause.keywords))
                found[requirement] = max(close, found.get(requirement, close))
        closest = max(found.values(), default=None)
        return [requirement for requirement, close in found.items() if close == closest]

    def waiver(self, answer: Answer, breach: Breach, evidence: Evidence) -> Waiver | None:
        """The first waiver that fits."""
        for waiver in self.text.waivers:
            matches = waiver.matches
            if answer.schema not in matches.schemas or breach.keyword not in matches.keywords:
                continue
            if waiver.states and answer.state not in waiver.states:
                continue
            if not any(fits(tokens(pointer), breach.path) for pointer in matches.pointers):
                continue
            if waiver.accepts is not None and not self._accepted[waiver.name].takes(breach.value):
                continue
            if waiver.listed is not None and breach.value not in _declared(evidence, waiver.listed):
                continue
            return waiver
        return None

    def optional_null(self, schema: str, breach: Breach) -> bool:
        """Whether a breach is a null where nothing has to stand."""
        if breach.value is not None or breach.keyword not in _NULLABLE or not breach.path:
            return False
        above, last = resolve(self.text.schemas[schema], pointer_of(breach.path[:-1])), breach.path[-1]
        return isinstance(last, str) and above is not None and last not in above.get("required", ())

    def seen(self, schema: str, body: Any, known: Collection[str]) -> Iterator[str]:
        """The requirements of which a body shows something, but for those known."""
        templates = resolve(self.text.schemas[schema], "/templates") or {}
        read = _as_object(body) if templates.get("type") == "object" else body
        for requirement, pattern, clause in self._clauses.get(schema, ()):
            if requirement in known:
                continue
            if any(True for _ in values_at(read, pattern)) if pattern else not clause.keywords:
                yield requirement


def _as_object(body: Any) -> Any:
    """A session document with its templates as an object, whichever shape it has (E2)."""
    there = isinstance(body, dict) and isinstance(body.get("templates"), list)
    return body | {"templates": templates_of(body)} if there else body


def _declared(evidence: Evidence, pointer: str) -> list[Any]:
    return list(values_at(evidence.discovery, tokens(pointer)))


_CONTRACTS: dict[str, Contract] = {}


def contract_of(text: Spec) -> Contract:
    """The contract of a text, compiled once."""
    if text.sha256 not in _CONTRACTS:
        _CONTRACTS[text.sha256] = Contract(text)
    return _CONTRACTS[text.sha256]


def _body(x: Exchange) -> Any:
    """The body as JSON; one that is not JSON is judged as the text it is, which no schema of the protocol takes."""
    if x.response is None:
        return None
    return x.response.json if x.response.json is not NOT_JSON else x.response.body[:200].decode("utf-8", "replace")


def answers(evidence: Evidence) -> Iterator[Answer]:
    """Every answer of the run that a schema of the text describes."""
    protocol = evidence.text.protocol
    if evidence.whole is None:
        yield from (
            Answer(x, known, x.document) for x in documents(evidence) for known in _of(Operation.DISCOVERY, evidence, x)
        )
    for x in evidence.select(Operation.CREATE, credential=Credential.RIGHT):
        if x.accepted:
            yield from (Answer(x, schema, _body(x)) for schema in _of("create", evidence, x))
    yield from _plain(evidence)
    spoken = Operation.UPLOAD in protocol.endpoints
    for story in evidence.stories.values():
        if story.end is not None and (story.acknowledged or not spoken):
            yield from (Answer(story.end, schema, _body(story.end)) for schema in _of("end", evidence, story.end))
        yield from filter(None, (read_as(evidence, story, x) for x in story.reads))
    yield from (Answer(x, protocol.error.schema, _body(x)) for x in errors_met(evidence))


def _plain(evidence: Evidence) -> Iterator[Answer]:
    """Valid requests of the operations about no state of a session, or whose answers are the same in all."""
    for operation in (Operation(each) for each in evidence.text.protocol.endpoints if each not in _WITH_RULES):
        for x in evidence.select(operation, credential=Credential.RIGHT):
            if x.accepted and x.label.plain and not _is_file(evidence, x):
                yield from (Answer(x, schema, _body(x)) for schema in _of(operation, evidence, x))


def _is_file(evidence: Evidence, x: Exchange) -> bool:
    """Whether an answer is of another type than JSON that the OpenAPI document has for it, as files are."""
    endpoint = evidence.text.protocol.endpoints[x.label.operation]
    described = evidence.text.openapi["paths"].get(endpoint.path, {}).get(endpoint.method.lower(), {})
    known = described.get("responses", {}).get(str(x.status), {}).get("content", {})
    kind = x.response.media_type if x.response else ""
    return kind != _JSON and kind in known


def _of(operation: str, evidence: Evidence, x: Exchange) -> Iterable[str]:
    """The schema of a success, also where it has come with another status than the one the text shows."""
    known = evidence.text.protocol.answers(operation)
    return [known[x.status]] if x.status in known else list(known.values())[:1]


def read_as(evidence: Evidence, story: Story, x: Exchange) -> Answer | None:
    """A read of a session with the schema of the state it shows; None for an error told by the envelope alone."""
    states = evidence.text.lifecycle.states
    document, shown = x.document, x.document.get("status")
    ended = story.end is not None and x.number > story.end.number
    alone = [state for state in states.values() if state.status == x.status]
    if len(alone) == 1:
        name = alone[0].name
        enveloped = isinstance(document.get("error"), dict) and "session_id" not in document
        told = "error" in evidence.text.schemas[alone[0].schema].get("required", ())
        return None if enveloped and not (x.accepted or told) else Answer(x, alone[0].schema, document, name)
    if x.response is None or not isinstance(x.response.json, dict):
        return None
    if isinstance(shown, str) and shown in states:
        state = states[shown]
        told = x.accepted or evidence.text.lifecycle.cell(shown, "get").accepts(x.status, lenient=True)
    else:
        told = bool(alone) and x.accepted
        fitting = [state for state in (alone if ended else states.values()) if state.expires is not ended]
        state = (fitting or list(states.values()))[0]
    # Before its end the text shows a session in no answer, whatever open state it calls itself (E19).
    early = not ended and not state.terminal
    return Answer(x, state.schema, document, next(iter(states)) if early else state.name) if told else None


def _finding(contract: Contract, answer: Answer, breach: Breach, waiver: Waiver | None) -> Finding:
    """What a breach counts as, with the waiver that fits it."""
    number, pointer, actual = answer.x.number, breach.pointer or None, breach.value
    if waiver is not None:
        erratum = waiver.errata[0] if waiver.errata else None
        told = f"{breach.message} It counts as {waiver.kind}: {waiver.reason}."
        return Finding(_KINDS[waiver.kind], told, number, pointer, breach.expected, actual, erratum)
    if contract.optional_null(answer.schema, breach):
        told = f"{breach.message} In the lenient reading null counts as absent (rule 4)."
        return Finding(Kind.TOLERATED, told, number, pointer, breach.expected, actual)
    return Finding(Kind.VIOLATES, breach.message, number, pointer, breach.expected, actual)


@once
def judged(evidence: Evidence) -> Mapping[str, tuple[Finding, ...]]:
    """Requirement -> one finding for each place and keyword that is broken, and one for an answer that is right."""
    contract = contract_of(evidence.text)
    found: dict[str, dict[tuple[str | None, str, Kind], Finding]] = {}
    right: dict[str, Finding] = {}
    # A body the recorder cut is not JSON any more, and nothing can be said of its shape.
    for answer in (answer for answer in answers(evidence) if "size" not in answer.x.notes):
        broken: set[str] = set()
        for breach in contract.breaches(answer):
            waiver = contract.waiver(answer, breach, evidence)
            if waiver is not None and waiver.kind is WaiverKind.ALLOWED:
                continue
            blamed = contract.blamed(answer.schema, breach)
            broken.update(blamed)
            if waiver is not None and waiver.kind is WaiverKind.ELSEWHERE:
                continue
            finding = _finding(contract, answer, breach, waiver)
            for requirement in blamed:
                key = (finding.pointer, breach.keyword, finding.kind)
                found.setdefault(requirement, {}).setdefault(key, finding)
        for requirement in contract.seen(answer.schema, answer.body, right.keys()):
            if requirement not in broken:
                right[requirement] = holds(answer.x)
    return {
        requirement: (*found.get(requirement, {}).values(), *filter(None, [right.get(requirement)]))
        for requirement in {**found, **right}
    }


def _register(requirement: str, source: str, statement: str, *, timed: bool) -> None:
    def judge(evidence: Evidence) -> Iterable[Finding]:
        found = list(judged(evidence).get(requirement, ()))
        return if_observed(evidence, found) if timed else found

    judge.__name__, judge.__doc__ = NAME, f"({source}) {statement}"
    judge.__module__ = __name__
    check(requirement, everywhere=True)(judge)


for _profile in scribe_data.profiles():
    for _each in scribe_data.catalogue(_profile).values():
        if f"contract.{NAME}" in _each.checks:
            _register(_each.id, _each.source, _each.statement, timed=_each.testability == "needs-time-control")
