"""Chapter 7, chunks: their order, their numbers, their length, and what is sent twice."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING, Any

from conformance.checks.arrivals import ends_by_itself
from conformance.checks.audio import (
    final_of,
    listings_after,
    names_listed,
    no_api,
    settled_uploads,
    to_the_api,
    turned_down,
)
from conformance.checks.refusals import busy, looked_at, not_looked_at, settled
from conformance.checks.registry import check
from conformance.finding import (
    holds,
    inconclusive,
    not_applicable,
    violates,
    warns,
)
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session
from conformance.vocabulary.words import content_words, inverted, marker_positions, recognised

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding


#: A client reads an acknowledgement that takes longer as a stall (AUD-026).
ACKNOWLEDGED_WITHIN = 5.0


def _order(evidence: Evidence, key: str) -> tuple[Exchange, list[int | None]] | None:
    """The final answer of an ordering session with the places of its markers in the transcript."""
    story = evidence.stories.get(key)
    if story is None or story.final is None:
        return None
    sent = [evidence.recording(x) for x in story.uploads if x.accepted]
    ordered = sorted([fixture for fixture in sent if fixture], key=lambda fixture: fixture.sequence or 0)
    transcript = story.final.document.get("transcript")
    if not ordered or not isinstance(transcript, str):
        return None
    return story.final, marker_positions([fixture.text for fixture in ordered], transcript)


@check("AUD-012")
def chunks_are_ordered_by_their_number(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) The numeric suffix of the name decides, not arrival and not the alphabet."""
    for key in (Session.ORDER_OF_FOUR, Session.ORDER_OF_TWELVE):
        seen = _order(evidence, key)
        if seen is None:
            continue
        final, positions = seen
        if recognised(positions) < 3:
            yield inconclusive("not_recognised", "Fewer than three markers were recognised in the transcript.", final)
        elif not inverted(positions):
            yield holds(final)
        else:
            yield from _inversion(evidence, key, final, positions)


def _inversion(evidence: Evidence, key: str, final: Exchange, positions: list[int | None]) -> Iterator[Finding]:
    again = _order(evidence, repeat_of(key))
    if again is not None and inverted(again[1]):
        yield violates(
            final,
            "The transcript tells the chunks in another order than the numbers in their names.",
            pointer="/transcript",
            expected="markers of chunks in numeric order",
            actual=[f"chunk {n} at word {at}" for n, at in enumerate(positions) if at is not None],
        )
    else:
        yield warns(final, "Once the chunks stood out of order in the transcript; a repeat was right.")


@check("AUD-013")
def chunks_out_of_order_are_taken(evidence: Evidence) -> Iterable[Finding]:
    """(7.2) Chunks that arrive out of order are handled where possible."""
    for key in (Session.ORDER_OF_FOUR, Session.ORDER_OF_TWELVE):
        story = evidence.stories.get(key)
        for x in settled_uploads(story) if story else ():
            yield holds(x) if x.accepted else warns(x, "A chunk out of order is refused.", actual=x.status)


@check("AUD-015")
def single_takes_the_whole_recording_in_one_request(evidence: Evidence) -> Iterable[Finding]:
    """(7.5) One file is enough, and the session can be ended."""
    story = evidence.stories.get(Session.SINGLE)
    if story is None:
        return
    for x in settled_uploads(story):
        yield holds(x) if x.accepted else violates(x, "The one file of a single session is refused.", actual=x.status)
    ends = settled([x for x in story.exchanges if x.label.operation == Operation.END]) if story.acknowledged else []
    for x in [x for x in ends if x.accepted] or ends[-1:]:
        if x.accepted:
            yield holds(x)
        elif ends_by_itself(evidence):
            yield inconclusive("ended_by_itself", "The service may have ended the session by itself (E70).", x)
        else:
            yield violates(x, "A single session cannot be ended.", actual=x.status)


@check("AUD-020")
def a_chunk_over_the_limit_shows(evidence: Evidence) -> Iterable[Finding]:
    """(7.7) A chunk above the limit is refused, or the session ends partial or failed with an error."""
    sent = next(iter(looked_at(evidence.select(Operation.UPLOAD, probe=Probe.ONLY_LONG_CHUNK))), None)
    if sent is None:
        return
    if not sent.accepted:
        yield turned_down(sent, "A chunk over the limit")
        return
    final = final_of(evidence, Session.LONG_CHUNK)
    if final is None:
        yield inconclusive("deadline", "The session with the long chunk did not end in time.", sent)
    elif final.document.get("status") == "completed":
        yield warns(
            final, "A chunk ten seconds above the declared limit is processed as if it were fine.", erratum="E59"
        )
    else:
        yield holds(final)


@check("AUD-021")
def a_chunk_refused_for_its_length_gets_its_code(evidence: Evidence) -> Iterable[Finding]:
    """(11.4) 400 chunk_too_large."""
    if not to_the_api(evidence):
        yield no_api(evidence)
        return
    for x in evidence.select(Operation.UPLOAD, probe=Probe.ONLY_LONG_CHUNK):
        if busy(x):
            yield not_looked_at(x, "The upload")
        elif x.accepted:
            yield not_applicable("A chunk over the limit is taken at upload and judged later.", x.status)
        elif x.status == 400 and x.response and x.response.error_code == "chunk_too_large":
            yield holds(x)
        else:
            yield warns(x, "Another refusal than 400 chunk_too_large.", expected="400 chunk_too_large", actual=x.status)


@check("AUD-026")
def chunks_are_acknowledged_before_they_are_processed(evidence: Evidence) -> Iterable[Finding]:
    """(7.9) The acknowledgement is quick and does not grow with the length of audio."""
    if not to_the_api(evidence):
        yield no_api(evidence)
        return
    story = evidence.stories.get(Session.ACKNOWLEDGEMENT)
    times: dict[str, list[Exchange]] = {}
    for x in story.uploads if story else ():
        if x.accepted and x.label.fixture:
            times.setdefault(x.label.fixture, []).append(x)
    # Where another one of the same length was quicker, it was the machine and not the service.
    quickest = [min(found, key=lambda x: x.elapsed) for found in times.values()]
    late = next((x for x in quickest if x.elapsed > ACKNOWLEDGED_WITHIN), None)
    if late is not None:
        told = "An upload is acknowledged late."
        facts: dict[str, Any] = {"expected": f"under {ACKNOWLEDGED_WITHIN:g} s", "actual": late.elapsed}
        yield _crowded(late) if _is_crowded(evidence, late) else warns(late, told, **facts)
    elif len(times) == 2:
        by_length = sorted(times, key=lambda name: _seconds(evidence, name))
        quick, slower = (times[name] for name in by_length)
        short, long = (median(x.elapsed for x in found) for found in (quick, slower))
        # Where one of the short ones took as long, it was the machine and not the audio.
        apart = min(x.elapsed for x in slower) > max(x.elapsed for x in quick)
        if not (long > 1.0 and long > 3 * short and apart):
            yield holds(slower[-1])
        elif any(_is_crowded(evidence, x) for x in slower):
            yield _crowded(slower[-1])
        else:
            yield warns(slower[-1], "The acknowledgement takes longer for longer audio.", expected=short, actual=long)


def _is_crowded(evidence: Evidence, x: Exchange) -> bool:
    """Whether what is no upload took about as long meanwhile: then it says nothing of this one that it is late."""
    others = [y for y in evidence.exchanges if y.beside(x) and y.label.operation != Operation.UPLOAD]
    return bool(others) and median(y.elapsed for y in others) > x.elapsed / 3


def _crowded(x: Exchange) -> Finding:
    return inconclusive("crowded", "The upload took its time, and so did other requests meanwhile.", x)


def _seconds(evidence: Evidence, fixture: str) -> float:
    """How long a recording lasts."""
    return evidence.recordings[fixture].seconds if fixture in evidence.recordings else 0.0


@check("AUD-029")
def the_same_file_again_is_not_doubled(evidence: Evidence) -> Iterable[Finding]:
    """(7.8) A retry under the same name stands once in the list and is said once."""
    for sent in evidence.select(Operation.UPLOAD, probe=Probe.UPLOAD_AGAIN):
        if busy(sent):
            yield not_looked_at(sent, "The upload")
            continue
        if 400 <= sent.status < 500:
            yield holds(sent)
            continue
        for x in listings_after(evidence, sent):
            names = names_listed(x) or []
            if len(names) > 1:
                yield warns(x, "A file sent again under its name stands twice.", pointer="/audio_files", actual=names)
            else:
                yield holds(x)
        yield from _said_twice(evidence, sent)


def _said_twice(evidence: Evidence, sent: Exchange) -> Iterator[Finding]:
    final = final_of(evidence, sent.label.session or "")
    known = evidence.recording(sent)
    if final is None or known is None:
        return
    said, heard = content_words(known.text), content_words(str(final.document.get("transcript") or ""))
    if len(heard) > 1.6 * len(said):
        yield warns(final, "A file sent again is told twice in the transcript.", pointer="/transcript")
