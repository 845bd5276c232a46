"""Findings of the patient, each present or absent, with the sentence that says so."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from mock_server.extraction.answer import Answer, answer, for_one, reply_to
from mock_server.extraction.comparison import compared
from mock_server.extraction.lexicon import Match, Sign, findings
from mock_server.extraction.phrase import phrases, vocabulary
from mock_server.extraction.polarity import gone, hypothetical, negated, once, past
from mock_server.extraction.subject import about

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence, Set

    from mock_server.extraction.person import Relative
    from mock_server.extraction.sentence import Dialogue, Sentence
    from mock_server.extraction.subject import Spans

Polarity = Literal["present", "absent", "past"]


#: How much a statement counts against others about the same thing: an answer or a statement of the patient's more than
#: what the doctor says in passing.
_ANSWERED, _STATED, _MENTIONED = 3, 2, 1
#: "It" reaches back to what a relative has over so many sentences.
_POINTS_BACK = 2


@dataclass(frozen=True, slots=True)
class Finding:
    """A symptom, sign or condition; `sentence` is the index of its evidence, without a relative it is the patient's."""

    sign: Sign
    polarity: Polarity
    sentence: int
    weight: int
    relative: Relative | None = None

    @property
    def answered(self) -> bool:
        """Whether it was said in answer to a question, or by the patient."""
        return self.weight > _MENTIONED


def statements(dialogue: Dialogue, spans: Sequence[Spans], reactions: Set[tuple[int, int]]) -> tuple[Finding, ...]:
    """Everything said about findings, in order, contradictions and relatives included.

    What an allergy does (`reactions`, by sentence and word) is no finding.
    """
    return tuple(_statements(dialogue.sentences, spans, reactions))


def patient_findings(everything: Sequence[Finding]) -> list[Finding]:
    """Each finding once, with the polarity the weightiest and latest statement gives it, in order of mention."""
    chosen: dict[str, Finding] = {}
    for said in everything:
        if said.relative is not None or said.polarity == "past":
            continue
        known = chosen.get(said.sign.name)
        if known is None or said.weight > known.weight or (said.weight == known.weight and _overrules(said, known)):
            chosen[said.sign.name] = said
    return list(chosen.values())


def past_findings(everything: Sequence[Finding], today: Sequence[Finding]) -> list[Finding]:
    """What the patient once had and is not said to have today."""
    present = {said.sign.name for said in today if said.polarity == "present"}
    had = {said.sign.name: said for said in everything if said.polarity == "past" and said.relative is None}
    return [said for name, said in had.items() if name not in present]


def family_findings(everything: Sequence[Finding]) -> list[Finding]:
    """What relatives have or had, each once for each of them."""
    had = {
        (said.relative.name, said.sign.name): said
        for said in reversed(everything)
        if said.relative is not None and said.relative.kin and said.polarity != "absent"
    }
    return list(reversed(had.values()))


def _overrules(said: Finding, known: Finding) -> bool:
    return said.polarity == "present" and known.polarity == "absent"


def as_data(dialogue: Dialogue, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as the templates show them."""
    return [
        {
            "finding": finding.sign.name,
            "polarity": finding.polarity,
            "source": dialogue.sentences[finding.sentence].source,
        }
        for finding in found
    ]


def past_data(dialogue: Dialogue, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """What is over as the templates show it."""
    return [{"finding": finding.sign.name, "source": dialogue.sentences[finding.sentence].source} for finding in found]


def family_data(dialogue: Dialogue, found: Sequence[Finding]) -> list[dict[str, Any]]:
    """Illnesses in the family as the templates show them."""
    return [
        {
            "relative": finding.relative.name,
            "condition": finding.sign.name,
            "source": dialogue.sentences[finding.sentence].source,
        }
        for finding in found
        if finding.relative is not None
    ]


def _statements(
    sentences: Sequence[Sentence], spans: Sequence[Spans], reactions: Set[tuple[int, int]]
) -> Iterator[Finding]:
    theirs: list[Finding] = []
    for index, sentence in enumerate(sentences):
        here = list(_of_sentence(sentences, index, spans, reactions))
        yield from here
        theirs = [one for one in here if one.relative] or [
            one for one in theirs if index - one.sentence <= _POINTS_BACK
        ]
        pointed = None if sentence.asks or sentence.role == "doctor" else compared(sentence.plain, theirs)
        if pointed is not None:
            polarity, meant = pointed
            yield from (Finding(one.sign, polarity, index, _STATED) for one in meant)


def _of_sentence(
    sentences: Sequence[Sentence], index: int, spans: Sequence[Spans], reactions: Set[tuple[int, int]]
) -> Iterator[Finding]:
    sentence = sentences[index]
    matches = [match for match in findings().find(sentence.words) if not hypothetical(sentence, match)]
    matches = [match for match in matches if not _of_allergy(sentence, match, index, reactions)]
    if not matches:
        return
    asked_from = _asked_from(sentence, matches)
    told = [match for match in matches if asked_from is None or match.start < asked_from]
    yield from _stated(sentence, index, told, spans[index])
    if asked_from is not None:
        asked = [match for match in matches if match.start >= asked_from]
        yield from _answered(sentences, index, asked, spans)


def _of_allergy(sentence: Sentence, match: Match[Sign], index: int, reactions: Set[tuple[int, int]]) -> bool:
    """Whether a finding is told of an allergy; the bare word is a matter of the list of allergies."""
    return (index, match.start) in reactions or sentence.words[match.start].text in {"allergies", "allergy"}


#: A doctor's unfinished line of a few words, findings among them, is a question: "okay, coughing, headache".
_FEW = 7


def _asked_from(sentence: Sentence, matches: Sequence[Match[Sign]]) -> int | None:
    if sentence.asks_from is None and sentence.role == "doctor" and matches:
        fragment = len(sentence.words) <= _FEW and not sentence.text.endswith((".", "!", "?"))
        return 0 if fragment else None
    return sentence.asks_from


def _stated(sentence: Sentence, index: int, matches: Sequence[Match[Sign]], spans: Spans) -> Iterator[Finding]:
    weight = _MENTIONED if sentence.role == "doctor" else _STATED
    for match in matches:
        yield Finding(match.entry, _polarity(sentence, match), index, weight, about(spans, match.start))


def _polarity(sentence: Sentence, match: Match[Sign]) -> Polarity:
    if negated(sentence, match):
        return "absent"
    return "past" if past(sentence, match) else "present"


_PRESUMED = re.compile(
    r"^(?:\S+ ){0,4}?(?:how|when|where|what|why|which|can you|could you|tell me)\b(?! about| else| other)"
)
#: What usually or formerly was, or was not, says little about today.
_HABITUAL = phrases("normally|usually|generally|in the past|previously|before this|ever had|history of")
_DEFINITE = frozenset(["the", "this", "that", "these", "those", "your", "his", "her", "its", "their"])
#: "Is it still there": "it's gone".
_OVER = re.compile(
    r"^(?:(?:no|yes|well|,) )*(?:(?:it|that|they)(?:'s|'ve| has| have| is| are)? )?(?:all |completely |now )?"
    r"(?:gone|cleared|settled|resolved|stopped|went away)\b"
)
#: "Chills, yes. The others, no."
_OTHERS_NO = re.compile(
    r"\b(?:others?|rest)(?: ,)? no\b|\bno to the (?:others?|rest)\b|\bnone of the (?:others?|rest)\b"
)
#: "No, but I feel tired" denies all that was asked; "no fever but some chills" does not.
_FLAT_NO = re.compile(r"^(?:no|nope|nah) (?:,|but)")
#: "Is this a migraine" points at what is there; "is the headache worse" presumes the headache.
_POINTING = re.compile(r"\b(?:is|are|was|be|could|think) (?:this|that|these|those)(?: \S+)?$")
#: "Does your chest hurt" asks; "does your headache wake you" presumes.
_OWNED = frozenset(["your", "his", "her", "their", "the"])
_BODY = vocabulary(
    "chest head throat stomach belly tummy back neck knee hip ear eye foot leg arm hand shoulder tooth nose skin"
)
_PARTLY = re.compile(r"\b(?:but|except|just|only|some|although|though|however)\b")


def _presumed(asked: Sentence, match: Match[Sign]) -> bool:
    """Whether a question takes the finding for granted: "does the pain wake you", "how bad is the cough"."""
    before = [word.text for word in asked.words[max(0, match.start - 3) : match.start]]
    if "still" in asked.plain.split():
        return False
    owned = before[-1:] and before[-1] in _OWNED and asked.words[match.start].stem in _BODY
    pointed = bool(_DEFINITE.intersection(before[-2:])) and not owned and not _POINTING.search(" ".join(before))
    return pointed or _PRESUMED.search(asked.plain) is not None


def _answered(
    sentences: Sequence[Sentence], index: int, matches: Sequence[Match[Sign]], spans: Sequence[Spans]
) -> Iterator[Finding]:
    asked = sentences[index]
    after = sentences[index + 1] if index + 1 < len(sentences) else None
    if after is not None and after.turn == asked.turn and _OVER.search(after.plain):  # "The dizziness? Gone."
        yield from (Finding(one.entry, "absent", index, _STATED, about(spans[index], one.start)) for one in matches)
        return
    for match in matches:
        if _presumed(asked, match) and not negated(asked, match):
            yield Finding(match.entry, "present", index, _MENTIONED, about(spans[index], match.start))
    matches = [match for match in matches if not _presumed(asked, match) or gone(asked, match)]
    at = reply_to(sentences, index)
    if at is None or not matches:
        return
    yield from _replied(sentences, index, at, matches, spans)


def _replied(
    sentences: Sequence[Sentence], index: int, at: int, matches: Sequence[Match[Sign]], spans: Sequence[Spans]
) -> Iterator[Finding]:
    """What the reply at `at` says of the findings that the question at index asks for."""
    asked, reply = sentences[index], sentences[at]
    named = {match.entry.name: match for match in findings().find(reply.words)}
    for match in matches:
        if match.entry.name in named:
            told = named[match.entry.name]
            yield Finding(match.entry, _polarity(reply, told), at, _ANSWERED, about(spans[at], told.start))
    rest = [match for match in matches if match.entry.name not in named]
    if named and for_one(reply.plain):
        return
    kin = next((span.relative for span in spans[at] if span.relative), None)
    if kin is not None and answer(reply.plain) is not Answer.NO:
        yield from (Finding(one.entry, "present", at, _ANSWERED, kin) for one in rest if about(spans[index], one.start))
        rest = [one for one in rest if not about(spans[index], one.start)]
    weight = _MENTIONED if _HABITUAL.search(asked.plain) else _ANSWERED
    settles = not named or _plainly(reply.plain, matches)
    for one in rest:
        polarity = _meant(sentences, index, at, one, named=bool(named), settles=settles)
        if polarity is not None:
            yield Finding(one.entry, polarity, index, weight, about(spans[index], one.start))


def _meant(
    sentences: Sequence[Sentence], index: int, at: int, one: Match[Sign], *, named: bool, settles: bool
) -> Polarity | None:
    """What a reply that does not name a finding says of it; `settles` where a yes would mean it."""
    asked, reply = sentences[index], sentences[at]
    said = answer(reply.plain)
    others = any(_OTHERS_NO.search(later.plain) for later in sentences[at : at + 2] if later.turn == reply.turn)
    ended = others or _OVER.search(reply.plain) is not None
    partly = named and _PARTLY.search(reply.plain) and not _FLAT_NO.search(reply.plain)
    if ended or (said is Answer.NO and not partly):
        return _denied(asked, one, over=ended)
    contrary = _CONTRARY.search(reply.plain) is not None
    if not settles or not (said is Answer.YES or contrary) or any(later.asks for later in sentences[index + 1 : at]):
        return None
    if once(reply.plain):
        return "past"
    return "present" if contrary else _polarity(asked, one)


#: "You've not had any dizziness?" "I have, actually."
_CONTRARY = re.compile(
    r"^(?:(?:well|actually|oh|um|uh|,) )*(?:i (?:have|do|did|am|was)\b(?! (?:not|n't)\b)"
    r"|yes ,? ?(?:once|twice|\w+ times|every|lots|loads|a lot|sometimes|often|most|all)\b"
    r"|(?:it|they|that)(?:'s|'re| is| are) still\b(?! (?:gone|not|no)\b))"
)
#: "Yes, doctor, they swell every evening" confirms the one thing that was asked.
_YES_FIRST = re.compile(r"^(?:yes|yeah|yep|i do|i have)\b(?! (?:and )?(?:no|but)\b)")


def _plainly(reply: str, asked: Sequence[Match[Sign]]) -> bool:
    """Whether a reply that names something else too says yes to the only thing that was asked."""
    return len(asked) == 1 and _YES_FIRST.search(reply) is not None and not _PARTLY.search(reply)


def _denied(asked: Sentence, match: Match[Sign], *, over: bool) -> Polarity:
    """What "no" means: "has the cough gone" asks for its end."""
    return "present" if not over and gone(asked, match) else "absent"
