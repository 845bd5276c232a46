"""Chapter 6, what a create may ask for: each member of its body, left out, as the text shows it, and beyond that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.checks.creation import asked_for, creates_taken, has_control, settled_creates
from conformance.checks.documents import refused_for_a_template
from conformance.checks.refusals import busy, not_looked_at, refused
from conformance.checks.registry import check
from conformance.finding import (
    Kind,
    departs,
    disputed,
    holds,
    inconclusive,
    not_applicable,
    recorded,
    tolerated,
    violates,
    warns,
)
from conformance.vocabulary.addresses import member
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


def probes_of(evidence: Evidence, *names: str) -> Iterator[Exchange]:
    """Answers to probes, where the request without the defect works (rule 6)."""
    for name in names if has_control(evidence) else ():
        yield from evidence.select(Operation.CREATE, probe=name)


def _without(x: Exchange, member: str) -> dict[str, Any]:
    return {name: value for name, value in asked_for(x).items() if name != member}


def blamed(evidence: Evidence, x: Exchange, member: str) -> bool:
    """Whether a refusal is due to one member: the same body with another value of it, or without it, is taken."""
    return any(
        _without(x, member) == _without(y, member) and asked_for(x) != asked_for(y) for y in creates_taken(evidence)
    )


def taken_where(evidence: Evidence, fits: Callable[[dict[str, Any]], bool], what: str) -> Iterator[Finding]:
    """A form that valid creates have: taken once it is taken; refused each time it is not, while others are taken."""
    answered = [x for x in settled_creates(evidence) if fits(asked_for(x))]
    made = [x for x in answered if x.accepted]
    if made:
        yield holds(made[0])
    elif answered and has_control(evidence):
        yield violates(answered[0], f"{what} is refused.", expected=201, actual=answered[0].status)


def may_be_left_out(evidence: Evidence, member: str) -> Iterator[Finding]:
    """Creates without a member are taken; a refusal counts where the same body with it is taken (rule 6)."""
    for x in settled_creates(evidence):
        if member in asked_for(x):
            continue
        if x.accepted:
            yield holds(x)
        elif blamed(evidence, x, member):
            yield violates(x, f"A create without {member} is refused.", expected=201, actual=x.status)


def refused_for(evidence: Evidence, what: str, *probes: str, **how: Any) -> Iterator[Finding]:
    """Whether each of these probes was refused."""
    for x in probes_of(evidence, *probes):
        yield refused(x, f"{what} ({x.label.probe})", **how)


_BAD = ("invalid_request", "missing_required_field")


@check("SES-CREATE-010")
def templates_is_mandatory(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without templates: 400, and no session."""
    yield from refused_for(evidence, "A create without templates", Probe.TEMPLATES_MISSING, codes=_BAD)
    for x in probes_of(evidence, Probe.TEMPLATES_MISSING):
        if not x.accepted and "session_id" in x.document:
            told = "The refusal of a create without templates names a session."
            yield violates(x, told, pointer="/session_id", expected="none", actual=x.document["session_id"])


@check("SES-CREATE-011")
def templates_is_an_array_of_strings(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) A string, an object, a number among them: 400."""
    probes = (Probe.TEMPLATES_STRING, Probe.TEMPLATES_OBJECT, Probe.TEMPLATES_NUMBER)
    yield from refused_for(evidence, "templates that is not an array of strings", *probes)


def either_way(x: Exchange, erratum: str, what: str) -> Finding:
    """A form only one part of the text shows: taking and refusing it are equally right (rule 5)."""
    if x.accepted:
        return disputed(x, erratum, f"{what} is accepted.", actual=x.status)
    if x.status in (400, 422):
        return disputed(x, erratum, f"{what} is refused.", actual=x.status)
    if busy(x):
        return not_looked_at(x, what)
    return violates(x, f"{what} is answered {x.status}.", expected="201 or 400", actual=x.status)


@check("SES-CREATE-012")
def two_templates_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(6.2, 8.4) Two listed ids: 201; three: 201 or 400."""
    if len(evidence.template_ids) < 2:
        yield inconclusive("too_few_templates", "The target lists fewer than two templates.")
        return
    yield from taken_where(
        evidence, lambda asked: _listed_templates(evidence, asked) == 2, "A create with two templates"
    )
    for x in probes_of(evidence, Probe.TEMPLATES_THREE):
        yield either_way(x, "E14", "A create with three listed templates")
    if len(evidence.template_ids) < 3:
        yield inconclusive("too_few_templates", "The target lists fewer than three templates.")


def _listed_templates(evidence: Evidence, asked: Mapping[str, Any]) -> int:
    """How many different ids a body asks for, all of them listed; else 0."""
    names = asked.get("templates")
    known = isinstance(names, list) and all(isinstance(name, str) and name in evidence.template_ids for name in names)
    return len(set(names)) if known and isinstance(names, list) else 0


@check("SES-CREATE-013")
def an_empty_templates_array_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) [] passes the schema; what a service does with it is its own affair."""
    for x in probes_of(evidence, Probe.TEMPLATES_EMPTY):
        yield recorded(x, "templates [] is answered", x.status)


@check("SES-CREATE-022")
def upload_type_may_be_left_out_or_not(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Present 201; absent 400, or 201 and then usable as chunked."""
    yield from taken_where(evidence, lambda asked: "upload_type" in asked, "A create with upload_type")
    for x in probes_of(evidence, Probe.UPLOAD_TYPE_MISSING, Probe.UPLOAD_TYPE_USED):
        yield either_way(x, "E10", "A create without upload_type")
    for x in evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_DEFAULT):
        if not x.accepted and not busy(x):
            yield violates(x, "A session made without upload_type refuses a chunk.", expected="2xx", actual=x.status)


@check("SES-CREATE-023")
def upload_type_is_one_of_three(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An unknown one is 400; what discovery lists is 201."""
    yield from refused_for(evidence, "An unknown upload_type", Probe.UPLOAD_TYPE_UNKNOWN)
    declared = member(evidence.discovery, "capabilities", "upload_methods")
    made = {kind for x in creates_taken(evidence) if (kind := asked_for(x).get("upload_type")) in ("chunked", "single")}
    for x in settled_creates(evidence):
        kind = asked_for(x).get("upload_type")
        if kind not in ("chunked", "single"):
            continue
        if x.accepted:
            yield holds(x)
        elif (kind in declared if isinstance(declared, list) else not made) and blamed(evidence, x, "upload_type"):
            told = f"upload_type {kind}, which discovery lists, is refused."
            yield violates(x, told, expected=201, actual=x.status)
    for x in probes_of(evidence, Probe.UPLOAD_TYPE_STREAM):
        yield recorded(x, "upload_type stream is answered", x.status)


@check("SES-CREATE-024")
def an_upload_type_not_listed_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Only where discovery has a list that leaves one out."""
    seen = False
    for x in probes_of(evidence, Probe.UPLOAD_TYPE_UNLISTED):
        seen = True
        if x.accepted:
            told = "An upload type that discovery does not list is accepted."
            yield warns(x, told, expected=400, actual=x.status, erratum="E11")
        else:
            yield refused(x, "An upload type that discovery does not list", erratum="E11")
    if not seen:
        yield not_applicable("Discovery leaves no upload type out.", evidence.discovery.get("capabilities"))


@check("SES-CREATE-025")
def communication_protocol_may_be_left_out_or_not(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) http is taken; absent is 201 or 400."""
    what = "A create with communication_protocol http"
    yield from taken_where(evidence, lambda asked: asked.get("communication_protocol") == "http", what)
    for x in probes_of(evidence, Probe.PROTOCOL_MISSING):
        yield either_way(x, "E4", "A create without communication_protocol")


@check("SES-CREATE-026")
def communication_protocol_is_one_of_three(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An unknown one is 400, or let through with a warning."""
    for x in probes_of(evidence, Probe.PROTOCOL_UNKNOWN):
        if x.accepted:
            yield tolerated(x, "E4", "An unknown communication_protocol is accepted.", expected=400, actual=x.status)
        else:
            yield refused(x, "An unknown communication_protocol")
    for x in probes_of(evidence, Probe.PROTOCOL_WEBSOCKET, Probe.PROTOCOL_RPC):
        yield recorded(x, f"{x.label.probe} is answered", x.status)


@check("SES-CREATE-027")
def additional_data_is_an_object(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An array, a string, a number: 400; an object with nested values: 201."""
    probes = (Probe.DATA_ARRAY, Probe.DATA_STRING, Probe.DATA_NUMBER)
    yield from refused_for(evidence, "additional_data that is not an object", *probes)
    what = "A create with an object as additional_data"
    yield from taken_where(evidence, lambda asked: isinstance(asked.get("additional_data"), dict), what)
    for x in probes_of(evidence, Probe.DATA_NULL):
        yield recorded(x, "additional_data null is answered", x.status)


@check("SES-CREATE-028")
def additional_data_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without it 201."""
    yield from may_be_left_out(evidence, "additional_data")


@check("SES-CREATE-031")
def unknown_members_are_let_through(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) One member nobody knows does not make the request fail."""
    for x in probes_of(evidence, Probe.MEMBER_UNKNOWN):
        if x.accepted:
            yield holds(x)
        elif not busy(x):
            yield warns(x, "An unknown member makes a create fail.", expected=201, actual=x.status)


@check("SES-CREATE-029")
def metadata_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) A create is taken with metadata and without."""
    yield from taken_where(evidence, lambda asked: isinstance(asked.get("metadata"), dict), "A create with metadata")
    yield from may_be_left_out(evidence, "metadata")


@check("SES-CREATE-032")
def a_body_that_is_no_object_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Broken JSON, an array, nothing: 400 invalid_request."""
    how = {"codes": ("invalid_request",), "lenient": (415, 422), "erratum": "E63"}
    yield from refused_for(evidence, "A body that is not a JSON object", Probe.BODY_BROKEN, **how)
    how["lenient_codes"] = ("missing_required_field",)
    yield from refused_for(evidence, "A body that is not a JSON object", Probe.BODY_ARRAY, Probe.BODY_EMPTY, **how)


@check("SES-CREATE-033")
def one_unknown_template_does_not_sink_a_create(evidence: Evidence) -> Iterable[Finding]:
    """(8.6) A listed and an unknown id: 201, or a refusal with a template code."""
    two = list(
        taken_where(evidence, lambda asked: _listed_templates(evidence, asked) == 2, "A create with two templates")
    )
    if any(finding.kind is Kind.VIOLATES for finding in two):
        return  # two templates are refused whatever they are: SES-CREATE-012's to judge
    for x in probes_of(evidence, Probe.TEMPLATE_UNKNOWN):
        code = x.response.error_code if x.response else None
        told, shown = "One unknown template makes a create fail.", f"{x.status} {code or ''}".strip()
        if x.accepted:
            yield holds(x)
        elif refused_for_a_template(x):
            yield departs(x, "E27", told, expected=201, actual=shown)
        elif not busy(x) and blamed(evidence, x, "templates"):
            yield violates(x, told, expected=201, actual=shown)
