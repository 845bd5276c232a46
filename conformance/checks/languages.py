"""Chapter 6, the languages a create may ask for, and what the transcript comes in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.create_members import either_way, may_be_left_out, probes_of, taken_where
from conformance.checks.models import models_offered
from conformance.checks.refusals import busy, refused
from conformance.checks.registry import check
from conformance.finding import (
    holds,
    not_applicable,
    recorded,
    tolerated,
    warns,
)
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.scripts import written_in
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence
    from conformance.finding import Finding


def _language(evidence: Evidence, member: str, erratum: str, probe: Probe) -> Iterator[Finding]:
    what = f"An array with a language of the model as {member}"
    yield from taken_where(evidence, lambda asked: isinstance(asked.get(member), list), what)
    for x in probes_of(evidence, probe):
        yield either_way(x, erratum, f"{member} as a string")


@check("SES-CREATE-017")
def language_hint_is_an_array_of_codes(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) An array is taken; a string may be; a code that is too long is 400, or let through as a hint."""
    yield from _language(evidence, "language_hint", "E6", Probe.HINT_STRING)
    for x in probes_of(evidence, Probe.HINT_TOO_LONG):
        if x.accepted:
            yield tolerated(x, "E16", "A language hint of seven letters is accepted.", expected=400, actual=x.status)
        else:
            yield refused(x, "A language hint of seven letters", erratum="E75")


@check("SES-CREATE-018")
def language_hint_is_a_string(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) One code is taken; an array of them, as later texts have it, may be."""
    what = "A language of the model as language_hint"
    yield from taken_where(evidence, lambda asked: isinstance(asked.get("language_hint"), str), what)
    for x in probes_of(evidence, Probe.HINT_ARRAY):
        yield either_way(x, "E6", "language_hint as an array")


@check("SES-CREATE-019")
def language_hint_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without it 201; another language than the spoken one is a warning."""
    yield from may_be_left_out(evidence, "language_hint")
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
    yield from _language(evidence, "transcript_language", "E5", Probe.LANGUAGE_STRING)


@check("SES-CREATE-021")
def the_default_transcript_language_is_recorded(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) English by schema, the detected one by the field table."""
    for story in evidence.stories.values():
        if story.asked and "transcript_language" not in story.asked and story.final:
            yield recorded(story.final, "Detected language", story.final.document.get("language_detected"))


@check("SES-CREATE-035")
def transcript_language_is_optional(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Without it 201."""
    yield from may_be_left_out(evidence, "transcript_language")


@check("SES-CREATE-036")
def the_transcript_comes_in_the_language_asked_for(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) Needs a model with two languages of different script, and speech in one of them."""
    story = evidence.stories.get(Session.OTHER_SCRIPT)
    asked = story.asked.get("transcript_language") if story else None
    transcript = story.final.document.get("transcript") if story and story.final else None
    if story is None or not isinstance(asked, list):
        languages = {model: facts.get("languages") for model, facts in models_offered(evidence).items()}
        yield not_applicable("No model lists English and a language of another script.", languages)
    elif story.final is not None and isinstance(transcript, str) and any(c.isalpha() for c in transcript):
        share = written_in(asked[0], transcript)
        told = "The transcript does not come in the script of the language asked for."
        good = share is not None and share > 0.5
        yield holds(story.final) if good else warns(story.final, told, expected=asked, actual=transcript[:80])


@check("SES-CREATE-037")
def an_unlisted_language_gets_a_defined_answer(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) 400, 422 or 201; a server error is a warning."""
    for x in probes_of(evidence, Probe.HINT_UNLISTED, Probe.LANGUAGE_UNLISTED):
        if x.accepted or x.status in (400, 422):
            yield holds(x)
        elif not busy(x):
            yield warns(x, "An unlisted language gets an undefined answer.", actual=x.status, erratum="E75")
