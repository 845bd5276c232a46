"""Chapter 6, creating: what a valid body gets, and what a body gets that no part of the text calls valid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from conformance.checks.declared import is_absolute, member
from conformance.checks.documents import missing
from conformance.checks.refusals import busy, not_looked_at, refused, settled
from conformance.checks.registry import check
from conformance.checks.scripts import written_in
from conformance.checks.timestamps import judge_stamp, seconds_between
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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

_MEMBERS = {"session_id": str, "status": str, "created_at": str, "expires_at": str, "upload_url": str}
#: The enum of the 201 (E18).
_ENUM = ("created", "initialized", "processing", "completed", "failed")
#: Tolerances of E33, seconds.
_EXACT, _OVER = 5.0, 60.0


def _made(evidence: Evidence) -> Iterator[Exchange]:
    return (x for x in evidence.select("create", valid=True) if x.accepted)


def _settled(evidence: Evidence) -> Iterator[Exchange]:
    """Valid creates whose answer counts by rule 2: taken, refused, or a server error again and again."""
    grouped: dict[str | None, list[Exchange]] = {}
    for x in evidence.select("create", valid=True):
        grouped.setdefault(x.label.session, []).append(x)
    for attempts in grouped.values():
        yield from settled(attempts)


def _probes(evidence: Evidence, *names: str) -> Iterator[Exchange]:
    """Answers to probes, where the request without the defect works (rule 6)."""
    for name in names if _controlled(evidence) else ():
        yield from evidence.select("create", probe=name)


def _controlled(evidence: Evidence) -> bool:
    """Rule 6: a refusal proves something only where the valid request works."""
    return any(True for _ in _made(evidence))


def _asked(x: Exchange) -> dict[str, Any]:
    return x.request.json if isinstance(x.request.json, dict) else {}


def _models(evidence: Evidence) -> dict[str, Mapping[str, Any]]:
    found = evidence.discovery.get("models")
    models = found if isinstance(found, list) else []
    return {m["id"]: m for m in models if isinstance(m, dict) and isinstance(m.get("id"), str)}


def _limit(evidence: Evidence, model: object) -> float | None:
    found = _models(evidence)[model].get("max_session_duration_seconds") if _is_listed(model, evidence) else None
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def _is_listed(model: object, evidence: Evidence) -> TypeGuard[str]:
    return isinstance(model, str) and model in _models(evidence)


def _without(x: Exchange, member: str) -> dict[str, Any]:
    return {name: value for name, value in _asked(x).items() if name != member}


def _blamed(evidence: Evidence, x: Exchange, member: str) -> bool:
    """Whether a refusal is due to one member: the same body with another value of it, or without it, is taken."""
    return any(_without(x, member) == _without(y, member) and _asked(x) != _asked(y) for y in _made(evidence))


def _taken(evidence: Evidence, fits: Callable[[dict[str, Any]], bool], what: str) -> Iterator[Finding]:
    """A form that valid creates have: taken once it is taken; refused each time it is not, while others are taken."""
    answered = [x for x in _settled(evidence) if fits(_asked(x))]
    made = [x for x in answered if x.accepted]
    if made:
        yield holds(made[0])
    elif answered and _controlled(evidence):
        yield violates(answered[0], f"{what} is refused.", expected=201, actual=answered[0].status)


def _optional(evidence: Evidence, member: str) -> Iterator[Finding]:
    """Creates without a member are taken; a refusal counts where the same body with it is taken (rule 6)."""
    for x in _settled(evidence):
        if member in _asked(x):
            continue
        if x.accepted:
            yield holds(x)
        elif _blamed(evidence, x, member):
            yield violates(x, f"A create without {member} is refused.", expected=201, actual=x.status)


@check("SES-CREATE-001")
def a_session_can_be_created(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) The smallest valid body gets 2xx with a session_id."""
    made = [x for x in _made(evidence) if x.document.get("session_id")]
    answered = list(_settled(evidence))
    if made:
        yield holds(made[0])
    elif answered:
        told = "No valid create led to a session."
        yield violates(answered[0], told, expected="201 with session_id", actual=answered[0].status)
    else:
        for x in list(evidence.select("create", valid=True))[:1]:
            yield inconclusive("throttled", f"Valid creates were answered {x.status} to the end.", x)


@check("SES-CREATE-002")
def success_is_201_with_json(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) 201 Created, application/json."""
    for x in _made(evidence):
        media = x.response.media_type if x.response else ""
        if x.status == 201 and media == "application/json":
            yield holds(x)
        else:
            yield violates(
                x,
                "A create is not answered 201 with JSON.",
                expected="201 application/json",
                actual=f"{x.status} {media}",
            )


@check("SES-CREATE-003")
def the_201_has_its_members(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) session_id, status, created_at, expires_at, upload_url, all strings."""
    for x in _made(evidence):
        wrong = missing(x, _MEMBERS)
        for pointer, value in wrong.items():
            told = f"{pointer[1:]} is missing from the 201, or is no string."
            yield violates(x, told, pointer=pointer, expected="string", actual=value)
        if not wrong:
            yield holds(x)


@check("SES-CREATE-005")
def the_status_of_the_201_is_in_its_enum(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) The enum the schema prints."""
    for x in _made(evidence):
        status = x.document.get("status")
        if status in _ENUM:
            yield holds(x)
        else:
            yield violates(
                x, "The status of the 201 is outside its enum.", pointer="/status", expected=list(_ENUM), actual=status
            )


@check("SES-CREATE-006")
def the_stamps_of_the_201_are_date_times(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) created_at and expires_at are RFC 3339."""
    for x in _made(evidence):
        for name in ("created_at", "expires_at"):
            if name in x.document:
                yield judge_stamp(x, name)


@check("SES-CREATE-007")
def upload_url_is_absolute(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) http or https, and a host."""
    for x in _made(evidence):
        url = x.document.get("upload_url")
        if not isinstance(url, str):
            continue
        if is_absolute(url):
            yield holds(x)
        else:
            yield violates(x, "upload_url is not absolute.", pointer="/upload_url", expected="https://…", actual=url)


@check("SES-CREATE-008")
def expires_at_lies_after_created_at(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) expires_at > created_at."""
    for x in _made(evidence):
        lasts = seconds_between(x.document.get("created_at"), x.document.get("expires_at"))
        if lasts is not None:
            yield (
                holds(x)
                if lasts > 0
                else violates(
                    x,
                    "expires_at does not lie after created_at.",
                    pointer="/expires_at",
                    expected="> 0 s",
                    actual=f"{lasts:g} s",
                )
            )


@check("SES-CREATE-009")
def a_session_lasts_as_long_as_its_model_says(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) expires_at - created_at is the model's max_session_duration_seconds."""
    for x in _made(evidence):
        limit = _limit(evidence, _asked(x).get("model"))
        lasts = seconds_between(x.document.get("created_at"), x.document.get("expires_at"))
        if limit is None or lasts is None:
            continue
        shown = f"{lasts:g} s"
        if abs(lasts - limit) <= _EXACT:
            yield holds(x)
        elif 0 < lasts <= limit + _OVER:
            told = "A session does not last exactly as long as its model's limit."
            yield departs(x, "E33", told, pointer="/expires_at", expected=f"{limit:g} s", actual=shown)
        else:
            told = "A session does not last as long as its model allows: " + ("longer." if lasts > 0 else "not at all.")
            yield violates(x, told, pointer="/expires_at", expected=f"{limit:g} s", actual=shown)


@check("SES-EXP-002")
def the_limit_belongs_to_the_model(evidence: Evidence) -> Iterable[Finding]:
    """(6.5) One session per discovery model, each within its own limit."""
    for x in _made(evidence):
        limit = _limit(evidence, _asked(x).get("model"))
        lasts = seconds_between(x.document.get("created_at"), x.document.get("expires_at"))
        if limit is None or lasts is None:
            continue
        good = lasts <= limit + _OVER
        told = f"A session of model {_asked(x)['model']!r} lasts beyond that model's limit."
        yield (
            holds(x)
            if good
            else violates(x, told, pointer="/expires_at", expected=f"<= {limit:g} s", actual=f"{lasts:g} s")
        )


def _refusals(evidence: Evidence, what: str, *probes: str, **how: Any) -> Iterator[Finding]:
    for x in _probes(evidence, *probes):
        yield refused(x, f"{what} ({x.label.probe})", **how)


_BAD = ("invalid_request", "missing_required_field")


@check("SES-CREATE-010")
def templates_is_mandatory(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without templates: 400, and no session."""
    yield from _refusals(evidence, "A create without templates", "templates missing", codes=_BAD)
    for x in _probes(evidence, "templates missing"):
        if not x.accepted and "session_id" in x.document:
            told = "The refusal of a create without templates names a session."
            yield violates(x, told, pointer="/session_id", expected="none", actual=x.document["session_id"])


@check("SES-CREATE-011")
def templates_is_an_array_of_strings(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) A string, an object, a number among them: 400."""
    probes = ("templates a string", "templates an object", "templates with a number")
    yield from _refusals(evidence, "templates that is no array of strings", *probes)


def _either(x: Exchange, erratum: str, what: str) -> Finding:
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
    yield from _taken(evidence, lambda asked: _listed_templates(evidence, asked) == 2, "A create with two templates")
    for x in _probes(evidence, "three templates"):
        yield _either(x, "E14", "A create with three listed templates")
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
    for x in _probes(evidence, "templates empty"):
        yield recorded(x, "templates [] is answered", x.status)


@check("SES-CREATE-014")
def an_unknown_model_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) A name that neither schema nor discovery knows."""
    anyhow = range(400, 500)
    yield from _refusals(evidence, "An unknown model", "model unknown", lenient=anyhow, erratum="E75")
    for x in _settled(evidence):
        model = _asked(x).get("model")
        if model not in ("lite", "pro") or not _is_listed(model, evidence):
            continue
        if x.accepted:
            yield holds(x)
        elif x.status != 403 and _blamed(evidence, x, "model"):
            yield departs(x, "E13", f"The model {model} is refused.", expected=201, actual=x.status)


@check("SES-CREATE-015")
def model_is_optional_and_kept(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without model 201; each discovery model 201; a completed session used the one asked for."""
    yield from _optional(evidence, "model")
    for x in _settled(evidence):
        model = _asked(x).get("model")
        if not _is_listed(model, evidence):
            continue
        if x.accepted:
            yield holds(x)
        elif not _blamed(evidence, x, "model"):
            continue
        elif x.status == 403:
            yield inconclusive("forbidden", f"The key has no right to the model {model}.", x)
        else:
            yield violates(x, f"The model {model}, which discovery lists, is refused.", expected=201, actual=x.status)
    yield from _models_used(evidence)


def _models_used(evidence: Evidence) -> Iterator[Finding]:
    for story in evidence.stories.values():
        asked, final = story.asked.get("model"), story.final
        used = final.document.get("model_used") if final else None
        if final is None or asked is None or used is None:
            continue
        told = "A session used another model than the one asked for."
        if used == asked:
            yield holds(final)
        elif final.document.get("status") == "completed":
            yield violates(final, told, pointer="/model_used", expected=asked, actual=used)
        elif final.document.get("status") == "partial":
            yield warns(final, told, pointer="/model_used", expected=asked, actual=used)


@check("SES-CREATE-016")
def the_default_model_is_lite(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) By the schema; the table lets the service decide."""
    if "lite" not in _models(evidence):
        yield not_applicable("Discovery lists no model lite.", sorted(_models(evidence)))
        return
    for story in evidence.stories.values():
        used = story.final.document.get("model_used") if story.final else None
        if story.final is None or "model" in story.asked or used is None:
            continue
        if used == "lite":
            yield holds(story.final)
        else:
            told = "Without model the session used another one than the schema's default."
            yield departs(story.final, "E13", told, pointer="/model_used", expected="lite", actual=used)


def _language(evidence: Evidence, member: str, erratum: str) -> Iterator[Finding]:
    what = f"An array with a language of the model as {member}"
    yield from _taken(evidence, lambda asked: isinstance(asked.get(member), list), what)
    for x in _probes(evidence, f"{member} a string"):
        yield _either(x, erratum, f"{member} as a string")


@check("SES-CREATE-017")
def language_hint_is_an_array_of_codes(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An array is taken; a string may be; a code that is too long is 400, or let through as a hint."""
    yield from _language(evidence, "language_hint", "E6")
    for x in _probes(evidence, "language_hint too long"):
        if x.accepted:
            yield tolerated(x, "E16", "A language hint of seven letters is accepted.", expected=400, actual=x.status)
        else:
            yield refused(x, "A language hint of seven letters", erratum="E75")


@check("SES-CREATE-019")
def language_hint_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without it 201; another language than the spoken one is a warning."""
    yield from _optional(evidence, "language_hint")
    for story in evidence.stories.values():
        if (
            story.asked
            and "language_hint" not in story.asked
            and story.final
            and story.final.document.get("language_detected")
        ):
            found = str(story.final.document["language_detected"])
            if not found.lower().startswith("en"):
                yield warns(story.final, "English speech was taken for another language.", expected="en", actual=found)


@check("SES-CREATE-020")
def transcript_language_is_an_array_of_codes(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An array is taken; a string may be."""
    yield from _language(evidence, "transcript_language", "E5")


@check("SES-CREATE-021")
def the_default_transcript_language_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) English by schema, the detected one by the field table."""
    for story in evidence.stories.values():
        if story.asked and "transcript_language" not in story.asked and story.final:
            yield recorded(story.final, "Detected language", story.final.document.get("language_detected"))


@check("SES-CREATE-022")
def upload_type_may_be_left_out_or_not(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Present 201; absent 400, or 201 and then usable as chunked."""
    yield from _taken(evidence, lambda asked: "upload_type" in asked, "A create with upload_type")
    for x in _probes(evidence, "upload_type missing", "upload_type missing, used"):
        yield _either(x, "E10", "A create without upload_type")
    for x in evidence.select("upload", probe="chunk into a session without upload_type"):
        if not x.accepted and not busy(x):
            yield violates(x, "A session made without upload_type refuses a chunk.", expected="2xx", actual=x.status)


@check("SES-CREATE-023")
def upload_type_is_one_of_three(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An unknown one is 400; what discovery lists is 201."""
    yield from _refusals(evidence, "An unknown upload_type", "upload_type unknown")
    declared = member(evidence.discovery, "capabilities", "upload_methods")
    made = {kind for x in _made(evidence) if (kind := _asked(x).get("upload_type")) in ("chunked", "single")}
    for x in _settled(evidence):
        kind = _asked(x).get("upload_type")
        if kind not in ("chunked", "single"):
            continue
        if x.accepted:
            yield holds(x)
        elif (kind in declared if isinstance(declared, list) else not made) and _blamed(evidence, x, "upload_type"):
            told = f"upload_type {kind}, which discovery lists, is refused."
            yield violates(x, told, expected=201, actual=x.status)
    for x in _probes(evidence, "upload_type stream"):
        yield recorded(x, "upload_type stream is answered", x.status)


@check("SES-CREATE-024")
def an_upload_type_not_listed_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Only where discovery has a list that leaves one out."""
    seen = False
    for x in _probes(evidence, "upload_type not listed"):
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
    yield from _taken(evidence, lambda asked: asked.get("communication_protocol") == "http", what)
    for x in _probes(evidence, "communication_protocol missing"):
        yield _either(x, "E4", "A create without communication_protocol")


@check("SES-CREATE-026")
def communication_protocol_is_one_of_three(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An unknown one is 400, or let through with a warning."""
    for x in _probes(evidence, "communication_protocol unknown"):
        if x.accepted:
            yield tolerated(x, "E4", "An unknown communication_protocol is accepted.", expected=400, actual=x.status)
        else:
            yield refused(x, "An unknown communication_protocol")
    for x in _probes(evidence, "communication_protocol websocket", "communication_protocol rpc"):
        yield recorded(x, f"{x.label.probe} is answered", x.status)


@check("SES-CREATE-027")
def additional_data_is_an_object(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An array, a string, a number: 400; an object with nested values: 201."""
    probes = ("additional_data an array", "additional_data a string", "additional_data a number")
    yield from _refusals(evidence, "additional_data that is no object", *probes)
    what = "A create with an object as additional_data"
    yield from _taken(evidence, lambda asked: isinstance(asked.get("additional_data"), dict), what)
    for x in _probes(evidence, "additional_data null"):
        yield recorded(x, "additional_data null is answered", x.status)


@check("SES-CREATE-028")
def additional_data_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without it 201."""
    yield from _optional(evidence, "additional_data")


@check("SES-CREATE-031")
def unknown_members_are_let_through(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) One member nobody knows does not make the request fail."""
    for x in _probes(evidence, "unknown member"):
        if x.accepted:
            yield holds(x)
        elif not busy(x):
            yield warns(x, "An unknown member makes a create fail.", expected=201, actual=x.status)


@check("SES-CREATE-032")
def a_body_that_is_no_object_is_refused(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Broken JSON, an array, nothing: 400 invalid_request."""
    how = {"codes": ("invalid_request",), "lenient": (415, 422), "erratum": "E63"}
    yield from _refusals(evidence, "A body that is no JSON object", "body broken JSON", **how)
    how["lenient_codes"] = ("missing_required_field",)
    yield from _refusals(evidence, "A body that is no JSON object", "body an array", "body empty", **how)


@check("SES-CREATE-033")
def one_unknown_template_does_not_sink_a_create(evidence: Evidence) -> Iterable[Finding]:
    """(8.6) A listed and an unknown id: 201, or a refusal with a template code."""
    two = list(_taken(evidence, lambda asked: _listed_templates(evidence, asked) == 2, "A create with two templates"))
    if any(finding.kind is Kind.VIOLATES for finding in two):
        return  # two templates are refused whatever they are: SES-CREATE-012's to judge
    for x in _probes(evidence, "one unknown template"):
        code = x.response.error_code if x.response else None
        told, shown = "One unknown template makes a create fail.", f"{x.status} {code or ''}".strip()
        if x.accepted:
            yield holds(x)
        elif x.status in (400, 404, 422) and code in ("invalid_template", "template_not_found"):
            yield departs(x, "E27", told, expected=201, actual=shown)
        elif not busy(x) and _blamed(evidence, x, "templates"):
            yield violates(x, told, expected=201, actual=shown)


@check("SES-CREATE-034")
def two_creates_make_two_sessions(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Different ids; an upload to one leaves the other as it was."""
    one, other = evidence.stories.get("creation/one"), evidence.stories.get("creation/other")
    if one is None or other is None or one.created is None or other.created is None:
        return
    if one.session_id == other.session_id:
        yield violates(other.created, "Two creates were answered with the same session.", actual=other.session_id)
        return
    yield holds(other.created)
    told = "An upload to one session changed another."
    since = next((x.number for x in one.uploads if x.accepted), None)
    before = [x for x in other.reads if since is not None and x.accepted and x.number < since]
    after = [x for x in other.reads if since is not None and x.accepted and x.number > since]
    for x in after if before else ():
        was, now = _standing(before[-1]), _standing(x)
        yield holds(x) if was == now else violates(x, told, expected=was, actual=now)


def _standing(x: Exchange) -> dict[str, object]:
    return {name: x.document.get(name) for name in ("status", "audio_files_received", "audio_files")}


@check("SES-CREATE-035")
def transcript_language_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without it 201."""
    yield from _optional(evidence, "transcript_language")


@check("SES-CREATE-036")
def the_transcript_comes_in_the_language_asked_for(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Needs a model with two languages of different script, and speech in one of them."""
    story = evidence.stories.get("creation/other script")
    asked = story.asked.get("transcript_language") if story else None
    transcript = story.final.document.get("transcript") if story and story.final else None
    if story is None or not isinstance(asked, list):
        languages = {model: facts.get("languages") for model, facts in _models(evidence).items()}
        yield not_applicable("No model lists English and a language of another script.", languages)
    elif story.final is not None and isinstance(transcript, str) and any(c.isalpha() for c in transcript):
        share = written_in(asked[0], transcript)
        told = "The transcript does not come in the script of the language asked for."
        good = share is not None and share > 0.5
        yield holds(story.final) if good else warns(story.final, told, expected=asked, actual=transcript[:80])


@check("SES-CREATE-037")
def an_unlisted_language_gets_a_defined_answer(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) 400, 422 or 201; a server error is a warning."""
    for x in _probes(evidence, "language_hint unlisted", "transcript_language unlisted"):
        if x.accepted or x.status in (400, 422):
            yield holds(x)
        elif not busy(x):
            yield warns(x, "An unlisted language gets an undefined answer.", actual=x.status, erratum="E75")
