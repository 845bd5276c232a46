"""Chapters 4 and 6, transcripts: whether they are kept, and whether they agree with themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from conformance.checks.dalston.sight import dictated
from conformance.checks.refusals import busy
from conformance.checks.registry import check
from conformance.finding import departs, holds, inconclusive, violates
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.checks.dalston.sight import Dictated
    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding

#: Seconds by which what is said may lie behind the end of the audio: positions are rounded (rule 2).
_CLOSE_S: Final = 0.1


def _transcripts(evidence: Evidence) -> Iterator[tuple[Dictated, Exchange]]:
    """The transcripts that were given."""
    for each in dictated(evidence):
        yield from ((each, x) for x in each.of(Operation.TRANSCRIPT) if x.accepted)


def _utterances(x: Exchange) -> list[dict[str, Any]]:
    found = x.document.get("utterances")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


@check("RT-TR-001")
def transcripts_are_kept_as_asked_for(evidence: Evidence) -> Iterable[Finding]:
    """(Transcript Persistence) With store_transcript it is there once the session is completed, without it is not."""
    flagged = "store_transcript" in evidence.text.schemas["session_ended"]["properties"]
    for each in dictated(evidence):
        answers = [x for x in each.of(Operation.TRANSCRIPT) if not busy(x)]
        keeps = each.keeps("store_transcript")
        last = each.settled
        if each.opened.label.probe is not None or not each.well or not answers or last is None:
            continue
        x, address = answers[0], last.document.get("transcript_uri")
        if keeps and x.status == 404 and not each.told("final"):
            yield inconclusive("nothing_heard", "The service heard nothing of which it could keep a transcript.", x)
        elif keeps and not x.accepted:
            yield violates(x, "A transcript that was to be kept is not there.", expected=200, actual=x.status)
        elif keeps and address is None:
            told = "The details do not say where the transcript is."
            yield violates(last, told, pointer="/transcript_uri", expected="an address", actual=None)
        elif not keeps and flagged and (x.accepted or address is not None):
            told = "A transcript is kept that was not to be."
            yield violates(x, told, expected=404, actual=x.status if x.accepted else address)
        elif keeps or flagged:
            yield holds(x)


@check("RT-TR-003")
def utterances_follow_each_other(evidence: Evidence) -> Iterable[Finding]:
    """(Transcript Persistence) Ids count from 0, and what is said lies within the audio."""
    for _, x in _transcripts(evidence):
        said, duration = _utterances(x), x.document.get("duration_seconds")
        longest = duration if isinstance(duration, int | float) else float("inf")
        ids = [each.get("id") for each in said]
        odd = next((each for each in _spans(said) if not 0 <= each[1] <= each[2] <= longest + _CLOSE_S), None)
        if ids != list(range(len(ids))):
            told = "Utterances are not counted from 0."
            yield violates(x, told, pointer="/utterances", expected=list(range(len(ids))), actual=ids)
        elif odd is not None:
            told = f"{odd[0]} lies not within the audio."
            wanted = f"0 <= start <= end <= {duration}"
            yield violates(x, told, pointer="/utterances", expected=wanted, actual=list(odd[1:]))
        elif said:
            yield holds(x)


def _spans(said: list[dict[str, Any]]) -> Iterator[tuple[str, float, float]]:
    """Every utterance and word with where it begins and ends."""
    for each in said:
        words = each.get("words")
        inner = [word for word in words if isinstance(word, dict)] if isinstance(words, list) else []
        for part in (each, *inner):
            start, end = part.get("start"), part.get("end")
            if isinstance(start, int | float) and isinstance(end, int | float):
                yield f"{'A word' if 'word' in part else 'An utterance'}", float(start), float(end)


@check("RT-TR-004")
def the_text_is_its_utterances(evidence: Evidence) -> Iterable[Finding]:
    """(Transcript Persistence) text is the utterances in their order; white space is not compared (E29)."""
    for _, x in _transcripts(evidence):
        text, parts = x.document.get("text"), [each.get("text") for each in _utterances(x)]
        if not isinstance(text, str) or not all(isinstance(part, str) for part in parts):
            continue
        joined = "".join("".join(map(str, parts)).split())
        if "".join(text.split()) == joined:
            yield holds(x)
        else:
            told = "text is not what its utterances are."
            yield violates(x, told, pointer="/text", expected=" ".join(map(str, parts)), actual=text)


@check("RT-DL-002")
def a_transcript_is_that_of_its_session(evidence: Evidence) -> Iterable[Finding]:
    """(Download Transcript) JSON, with the session_id of the session (E1)."""
    for each, x in _transcripts(evidence):
        shown = x.document.get("session_id")
        kind = x.response.media_type if x.response else ""
        if not x.document or "json" not in kind:
            yield violates(x, "A transcript is not JSON.", expected="application/json", actual=kind or None)
        elif shown == each.session_id:
            yield holds(x)
        elif isinstance(shown, str) and any(y.document.get("id") == shown for y in each.reads):
            told = "A transcript has the id that the details have, and another one than the socket."
            yield departs(x, "E1", told, pointer="/session_id", expected=each.session_id, actual=shown)
        else:
            told = "A transcript has the id of another session."
            yield violates(x, told, pointer="/session_id", expected=each.session_id, actual=shown)


@check("RT-WS-005")
def linked_transcripts_differ(evidence: Evidence) -> Iterable[Finding]:
    """(Session Resume) Two linked sessions do not give one and the same transcript."""
    given = {each.session_id: x for each, x in _transcripts(evidence)}
    linked = ((given.get(each.query.get("resume_session_id", "")), x) for each, x in _transcripts(evidence))
    for former, x in linked:
        if former is None or not former.document.get("text"):
            continue
        told = "A resumed session gives the transcript of the former one."
        same = former.document.get("session_id") == x.document.get("session_id")
        yield violates(x, told, pointer="/session_id", actual=x.document.get("session_id")) if same else holds(x)
