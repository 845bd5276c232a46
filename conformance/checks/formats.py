"""Chapter 7, formats: what discovery lists is usable, and what is not audio of that kind does no harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.checks.audio import final_of, no_api, settled_uploads, to_the_api, turned_down
from conformance.checks.documents import entries_of
from conformance.checks.refusals import busy, looked_at, not_looked_at
from conformance.checks.registry import check
from conformance.finding import (
    holds,
    inconclusive,
    recorded,
    violates,
    warns,
)
from conformance.vocabulary.media import parse, same_type
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.words import content_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding


def _format_sessions(evidence: Evidence) -> dict[str, list[Story]]:
    found: dict[str, list[Story]] = {}
    for key, story in evidence.stories.items():
        if Session.FORMAT.covers(key):
            listed = Session.FORMAT.detail(key)
            found.setdefault(listed, []).append(story)
    return found


def _unusable(story: Story) -> Exchange | None:
    """The exchange that shows that good speech in this format could not be used."""
    for x in story.uploads:
        if x.response is not None and x.response.error_code == "invalid_audio_format":
            return x
    final = story.final
    return final if final is not None and final.document.get("status") == "failed" else None


@check("AUD-016")
def every_listed_format_is_usable(evidence: Evidence) -> Iterable[Finding]:
    """(7.6) Good speech in a listed format is taken and does not fail."""
    for listed, stories in _format_sessions(evidence).items():
        broken = [x for story in stories if (x := _unusable(story)) is not None]
        usable = [story.final for story in stories if story.final is not None and _unusable(story) is None]
        refused = [x for story in stories for x in settled_uploads(story) if not x.accepted]
        bad = len(broken) >= 2 or any(x.label.operation == Operation.UPLOAD for x in broken) or len(refused) >= 2
        if bad and parse(listed) == ("audio/ogg", frozenset()):
            told = "OGG without codecs may mean Vorbis, and the kit has Opus only (E72)."
            yield inconclusive("no_such_audio", told, (broken or refused)[0])
        elif len(broken) >= 2 or any(x.label.operation == Operation.UPLOAD for x in broken):
            yield violates(
                broken[0],
                f"Good speech as {listed}, a format discovery lists, is not usable.",
                expected="2xx and an outcome other than failed",
                actual=broken[0].document.get("error") or broken[0].status,
            )
        elif len(refused) >= 2:
            yield violates(refused[0], f"Good speech as {listed} is refused at upload.", actual=refused[0].status)
        elif usable:
            yield holds(usable[-1], listed)
        elif broken:
            told = f"Good speech as {listed} failed once, and the repeat came to no end."
            yield inconclusive("deadline", told, broken[0])


def _without_content(evidence: Evidence, x: Exchange) -> bool:
    """Whether a final answer holds neither words nor template data."""
    transcript = x.document.get("transcript")
    data = [entry.get("data") for entry in entries_of(evidence, x.document).values() if isinstance(entry, dict)]
    return not (isinstance(transcript, str) and content_words(transcript)) and not any(data)


def _judge_rubbish(evidence: Evidence, key: Session, probe: Probe) -> Iterator[Finding]:
    sent = next(iter(looked_at(evidence.select(Operation.UPLOAD, probe=probe))), None)
    if sent is None:
        return
    if busy(sent):
        yield not_looked_at(sent, "The upload")
        return
    if not sent.accepted:
        if 400 <= sent.status < 500:
            yield holds(sent)
        elif to_the_api(evidence):  # a storage's codes are the provider's (rule 8)
            yield violates(sent, "Bytes that are no audio are answered with a server error.", expected="4xx")
        return
    final = final_of(evidence, key)
    if final is None:
        yield inconclusive("deadline", "The session with the undecodable file did not end in time.", sent)
        return
    status = final.document.get("status")
    if not _without_content(evidence, final):
        yield violates(
            final,
            "A session whose only file is random bytes ends with content.",
            pointer="/status",
            expected="failed, with error.code",
            actual=status,
        )
    elif status in ("completed", "partial"):
        yield warns(final, f"A session with nothing usable ends {status}.", expected="failed", actual=status)
    else:
        yield holds(final)


@check("AUD-017")
def an_undecodable_file_surfaces_as_failed(evidence: Evidence) -> Iterable[Finding]:
    """(7.6) Random bytes under a listed type are refused, or the session fails."""
    yield from _judge_rubbish(evidence, Session.RUBBISH, Probe.ONLY_RUBBISH)


@check("AUD-018")
def an_unlisted_type_is_refused_or_fails(evidence: Evidence) -> Iterable[Finding]:
    """(7.6, 11.4) Bytes that are no audio under an unlisted type: 400 invalid_audio_format, a 4xx, or failed later."""
    if not to_the_api(evidence):
        yield no_api(evidence)
        return
    yield from _judge_rubbish(evidence, Session.UNLISTED, Probe.ONLY_UNLISTED)


@check("AUD-019")
def the_format_error_lists_the_formats(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) details.supported_formats agrees with discovery."""
    capabilities = evidence.discovery.get("capabilities")
    listed = capabilities.get("audio_formats") if isinstance(capabilities, dict) else None
    for x in evidence.select(Operation.UPLOAD):
        if x.response is None or x.response.error_code != "invalid_audio_format":
            continue
        details = x.document["error"].get("details")
        told = details.get("supported_formats") if isinstance(details, dict) else None
        yield recorded(x, "supported_formats as in discovery" if told == listed else "supported_formats", told)


@check("AUD-027")
def mislabelled_audio_gives_no_words_that_were_not_said(evidence: Evidence) -> Iterable[Finding]:
    """(7.9) WAV under another listed type: refused, failed, or sniffed and right."""
    sent = next(iter(looked_at(evidence.select(Operation.UPLOAD, probe=Probe.ONLY_MISLABELLED))), None)
    if sent is None:
        return
    if not sent.accepted:
        yield turned_down(sent, "Mislabelled audio")
        return
    final = final_of(evidence, Session.MISLABELLED)
    if final is None:
        return
    known = evidence.recording(sent)
    said = set(content_words(known.text)) if known else set()
    heard = content_words(str(final.document.get("transcript") or ""))
    if final.document.get("status") == "completed" and heard and said.isdisjoint(heard):
        yield warns(final, "Mislabelled audio gave a transcript with none of the words that were said.")
    else:
        yield holds(final)


def listed_formats(evidence: Evidence) -> list[str]:
    """The audio formats discovery lists, as strings."""
    capabilities = evidence.discovery.get("capabilities")
    found = capabilities.get("audio_formats") if isinstance(capabilities, dict) else None
    return [kind for kind in found if isinstance(kind, str)] if isinstance(found, list) else []


@check("AUD-016")
def formats_the_kit_cannot_produce_are_said(evidence: Evidence) -> Iterable[Finding]:
    """(7.6) A listed type without a fixture is inconclusive."""
    clips = [fixture for fixture in evidence.recordings.values() if fixture.kind == "short"]
    for listed in listed_formats(evidence):
        if not any(same_type(clip.media_type, listed) for clip in clips):
            yield inconclusive("no_such_audio", f"The kit cannot produce {listed}.")
