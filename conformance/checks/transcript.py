"""Chapter 9, the transcript: whose words it holds, all of them and in order, and who said them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from conformance.checks.extraction import NONE, POOR, results
from conformance.checks.registry import check
from conformance.finding import (
    holds,
    inconclusive,
    not_applicable,
    violates,
    warns,
)
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.session import Session
from conformance.vocabulary.words import content_words, coverage, ends_unheard, found_in, same_words, shares_heard

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.evidence import Evidence, Exchange, Story
    from conformance.finding import Finding
    from scribe_data.recordings import Fixture


#: Losing a file in so many sessions is a habit; in fewer it may be the recogniser, whose quality is not graded.
_SESSIONS = 3
#: One recording may end in words that a recogniser does not know; so many are cut.
_CUT = 2
#: So many words that only another session was sent, and this share of them, are no mishearing.
_FOREIGN, _MOST = 6, 0.7
_LABEL = re.compile(r"^[^:\n]{1,40}: ", re.MULTILINE)


def _diarizes(model: object) -> bool:
    features = model.get("features") if isinstance(model, dict) else None
    return isinstance(features, dict) and features.get("speaker_diarization") is True


@check("EXT-011")
def diarized_transcripts_are_labelled(evidence: Evidence) -> Iterable[Finding]:
    """(9.5) With speaker_diarization some line begins with a speaker's label."""
    if not evidence.discovery:
        return
    models = evidence.discovery.get("models")
    able = [m["id"] for m in models if _diarizes(m) and "id" in m] if isinstance(models, list) else []
    if not able:
        yield not_applicable("No model declares features.speaker_diarization.", models)
        return
    for story, x in results(evidence, "completed"):
        if story.asked.get("model") not in able or story.key != Session.VISIT:
            continue
        if _LABEL.search(str(x.document.get("transcript") or "")):
            yield holds(x)
        else:
            yield warns(x, "Two voices, and no line of the transcript is labelled.", pointer="/transcript")
        return


@check("SES-CREATE-030")
def the_transcript_comes_where_it_is_asked_for(evidence: Evidence) -> Iterable[Finding]:
    """(6.2) With include_transcript true it is there; with false or nothing it is absent, null or empty."""
    for story, x in results(evidence, "completed"):
        if not _sent(evidence, story):
            continue
        transcript, asked = x.document.get("transcript"), story.asked.get("include_transcript") is True
        there = isinstance(transcript, str) and bool(transcript.strip())
        if there is asked:
            yield holds(x)
        else:
            told = (
                "A transcript was asked for and is not there." if asked else "A transcript nobody asked for is there."
            )
            shown = transcript[:80] if isinstance(transcript, str) else transcript
            yield violates(x, told, pointer="/transcript", expected="a string" if asked else None, actual=shown)


def _sent(evidence: Evidence, story: Story) -> list[Fixture]:
    """The recordings a session was sent, in the order of their numbers; none when other audio was sent."""
    asked = story.asked.get("transcript_language")
    language = asked[0] if isinstance(asked, list) and asked else asked
    sent = [evidence.recording(x) for x in story.uploads if x.accepted]
    found = [fixture for fixture in sent if fixture is not None and fixture.text]
    if len(found) < len(sent):
        return []
    # A transcript asked for in another language than is spoken has other words.
    if isinstance(language, str) and any(not language.lower().startswith(f.language) for f in found):
        return []
    return sorted(found, key=lambda f: f.sequence or 0)


def _transcripts(evidence: Evidence) -> Iterator[tuple[Story, Exchange, list[str], str]]:
    """Completed sessions of good speech: first read of each transcript, what was said file by file, the transcript."""
    spoken: dict[str, list[str]] = {}
    seen: set[tuple[str, str]] = set()
    for story, x in results(evidence, "completed"):
        if story.key not in spoken:
            spoken[story.key] = [recording.text for recording in _sent(evidence, story)]
        texts, transcript = spoken[story.key], x.document.get("transcript")
        if texts and isinstance(transcript, str) and (story.key, transcript) not in seen:
            seen.add((story.key, transcript))
            yield story, x, texts, transcript


@check("EXT-012")
def the_transcript_is_that_of_its_audio(evidence: Evidence) -> Iterable[Finding]:
    """(9.5, 9.8) It belongs to the audio sent and covers every quarter of it."""
    judged: dict[str, tuple[Exchange, float, str]] = {}
    for story, x, texts, transcript in _transcripts(evidence):
        said = " ".join(texts)
        share = coverage(said, transcript).lowest()
        if share is not None and said not in judged and not Session.LEFT_OUT.covers(story.key):
            judged[said] = (x, share, transcript)
    if len(judged) < 2:
        yield inconclusive("not_observed", "Fewer than two completed sessions with different speech were seen.")
        return
    uncovered = [(x, share) for x, share, _ in judged.values() if share < NONE]
    (_, _, one), (second, _, other) = list(judged.values())[:2]
    if same_words(one, other):
        told = "Two recordings with different words got the same transcript."
        yield violates(second, told, pointer="/transcript", actual=other[:300])
    elif len(uncovered) >= 2:
        told = "The transcript leaves out whole stretches of the audio, in two recordings."
        yield violates(uncovered[0][0], told, pointer="/transcript", expected=f">= {NONE:g}", actual=uncovered[0][1])
    else:
        for x, share, _ in judged.values():
            if share < POOR:
                told = "Less than half of the content words of some quarter are in the transcript."
                yield warns(x, told, pointer="/transcript", actual=round(share, 2))
            else:
                yield holds(x)


@check("EXT-012")
def no_file_is_left_out(evidence: Evidence) -> Iterable[Finding]:
    """(9.5, 9.8) What one session's transcript leaves out of a file is not what another session heard in it.

    A file none of whose words is found may be beyond this service's hearing; one that it hears elsewhere is lost.
    """
    lost: dict[str, tuple[Exchange, str]] = {}
    heard: set[str] = set()
    for story, x, texts, transcript in _transcripts(evidence):
        for text, share in zip(texts, shares_heard(texts, transcript), strict=True):
            if share == 0 and not Session.LEFT_OUT.covers(story.key):
                lost.setdefault(story.key, (x, text))
            elif share is not None and share >= POOR:
                heard.add(text)
    found = [(x, text) for x, text in lost.values() if text in heard]
    for x, text in found:
        told = "A file's words are left out of the transcript, though another session's has them."
        facts = {"pointer": "/transcript", "expected": text, "actual": str(x.document["transcript"])[:300]}
        yield violates(x, told, **facts) if len(found) >= _SESSIONS else warns(x, told, **facts)


@check("EXT-012")
def no_file_is_cut_short(evidence: Evidence) -> Iterable[Finding]:
    """(9.5, 9.8) The end of a file is in the transcript where its beginning is.

    A recording counts as cut where that happens each time it is sent: then it was not misheard.
    """
    seen: dict[str, list[Exchange | None]] = {}
    for story, x, texts, transcript in _transcripts(evidence):
        for recording, cut in zip(_sent(evidence, story), ends_unheard(texts, transcript), strict=True):
            if cut is not None:
                seen.setdefault(recording.name, []).append(x if cut else None)
    always = {name: [x for x in found if x is not None] for name, found in seen.items() if all(found)}
    habit = len(always) >= _CUT and sum(map(len, always.values())) >= _SESSIONS
    for name, found in always.items():
        text = evidence.recordings[name].text
        told = "The transcript has the beginning of a file and nothing of its end, each time the file is sent."
        facts = {"pointer": "/transcript", "expected": text, "actual": str(found[0].document["transcript"])[:300]}
        yield violates(found[0], told, **facts) if habit else warns(found[0], told, **facts)


@check("EXT-012")
def no_other_sessions_words(evidence: Evidence) -> Iterable[Finding]:
    """(9.5, 12.5) No transcript holds what was only said to another session of the run."""
    sessions = list(_transcripts(evidence))
    spoken = {text: set(content_words(text)) for _, _, texts, _ in sessions for text in texts}
    for story, x, texts, transcript in sessions:
        sent = (evidence.recording(each) for each in evidence.select(Operation.UPLOAD, session=story.key))
        said = set(content_words(" ".join([*texts, *(fixture.text for fixture in sent if fixture)])))
        heard = set(content_words(transcript)) - said
        for text, words in spoken.items():
            if len(words & heard) < _MOST * _FOREIGN:
                continue  # most have nothing in common, and matching loosely takes its time
            foreign = {word for word in words if not found_in(word, said)}
            if len(foreign) < _FOREIGN or len(foreign & heard) < _MOST * len(foreign):
                continue
            told = "A transcript holds what was said in another session."
            yield violates(x, told, pointer="/transcript", expected="its own audio's words", actual=text)
            break
