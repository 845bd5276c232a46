"""What becomes of good audio: chunks stand in the order of their numbers, and listed formats are usable."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from scribe_data import recordings
from tests.conformance.checks.builders import (
    FAIL,
    PASS,
    UNSEEN,
    WARNED,
    Tape,
    discovery_with,
    error,
    reasons,
    verdict,
    verdicts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

REFUSAL = error("invalid_request")
TEXTS = {name: fixture.text for name, fixture in recordings.load().items()}
FOUR, TWELVE = "audio/order of four", "audio/order of twelve"


def ordered(told: Sequence[int], session: str = FOUR, tape: Tape | None = None, mumble: str = "") -> Tape:
    """Chunks sent as 2, 0, 3, 1 and what the transcript makes of them: the chunks told, in this order."""
    tape = tape or Tape()
    tape.created(session)
    for place in (2, 0, 3, 1):
        tape.uploaded(session, f"audio_{place}.wav", fixture=f"markers/audio_{place}")
    tape.ended(session)
    tape.read(session, "completed", transcript=mumble + " ".join(TEXTS[f"markers/audio_{n}"] for n in told))
    return tape


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (ordered([0, 1, 2, 3]), PASS, ""),
        (ordered([0, 1, 3]), PASS, ""),
        (ordered([0, 1, 2, 3], mumble="Speaker 1: er, "), PASS, ""),
        (ordered([2, 0, 3, 1], f"{FOUR} again", ordered([2, 0, 3, 1])), FAIL, "another order than the numbers"),
        (ordered([0, 1, 2, 3], f"{FOUR} again", ordered([2, 0, 3, 1])), WARNED, "a repeat was right"),
        (ordered([2, 0, 3, 1]), WARNED, "out of order"),
        (ordered([3, 0]), UNSEEN, "not_recognised"),
        (ordered([]), UNSEEN, "Fewer than three markers"),
    ],
)
def test_chunks_are_ordered_by_their_number(tape, expected, why):
    assert verdicts("AUD-012", tape) == expected
    assert why in reasons("AUD-012", tape)


@pytest.mark.parametrize("alphabetic", [True, False])
def test_ten_comes_after_nine(alphabetic):
    tape = Tape()
    told = sorted(range(12), key=str) if alphabetic else range(12)
    for session in (TWELVE, f"{TWELVE} again"):
        tape.created(session)
        for place in range(12):
            tape.uploaded(session, f"audio_{place}.wav", fixture=f"markers/audio_{place}")
        tape.read(session, "completed", transcript=" ".join(TEXTS[f"markers/audio_{n}"] for n in told))
    assert verdicts("AUD-012", tape) == (FAIL if alphabetic else PASS)


@pytest.mark.parametrize("status", ["failed", "processing"])
def test_a_session_without_a_transcript_has_no_order(status):
    tape = Tape()
    tape.created(FOUR)
    tape.uploaded(FOUR, "audio_0.wav", fixture="markers/audio_0")
    tape.read(FOUR, status)
    assert verdicts("AUD-012", tape) == UNSEEN


@pytest.mark.parametrize(
    ("answers", "expected"),
    [((200,), "pass"), ((500, 200), "pass"), ((400,), "warn"), ((503,), "inconclusive"), ((500,), "inconclusive")],
)
def test_a_chunk_out_of_order_had_better_be_taken(answers, expected):
    tape = Tape()
    tape.created(FOUR)
    for status in answers:
        tape.heard("upload", status, REFUSAL, session=FOUR, file="audio_2.wav", fixture="markers/audio_2")
    assert verdict("AUD-013", tape, level="SHOULD") == expected
    assert expected != "warn" or "out of order is refused" in reasons("AUD-013", tape)


def formatted(*tries: Any, listed: str = "audio/wav") -> Tape:
    """Good speech in a listed format, once or twice: an upload's refusal, or the state it ended in."""
    tape = Tape()
    tape.discovered(discovery_with(capabilities__audio_formats=[listed]))
    for number, told in enumerate(tries):
        session = f"audio/format {listed}" + (" again" if number else "")
        tape.created(session)
        if isinstance(told, tuple):
            tape.heard("upload", told[0], error(told[1]), session=session, file="audio_0.wav", fixture="short")
            continue
        tape.uploaded(session, "audio_0.wav")
        tape.ended(session, "audio_0.wav")
        tape.read(session, told, **(REFUSAL if told == "failed" else {}))
    return tape


REFUSED, ODD = (400, "invalid_audio_format"), (422, "unprocessable")


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (formatted("completed"), PASS, ""),
        (formatted("partial"), PASS, ""),
        (formatted("failed", "completed"), PASS, ""),
        (formatted(ODD, "completed"), PASS, ""),
        (formatted("failed", "failed"), FAIL, "audio/wav, a format discovery lists, is not usable"),
        (formatted(REFUSED, REFUSED), FAIL, "not usable"),
        (formatted(ODD, ODD), FAIL, "refused at upload"),
        (formatted("failed", "processing"), UNSEEN, "deadline"),
        (formatted("processing"), UNSEEN, ""),
        (formatted(), UNSEEN, ""),
        (formatted("completed", listed="audio/ogg"), PASS, ""),
        (formatted(REFUSED, REFUSED, listed="audio/ogg"), UNSEEN, "may mean Vorbis"),
        (formatted("failed", "failed", listed="audio/ogg"), UNSEEN, "no_such_audio"),
        (formatted("failed", "failed", listed="audio/ogg;codecs=opus"), FAIL, "not usable"),
    ],
)
def test_every_listed_format_is_usable(tape, expected, why):
    assert verdicts("AUD-016", tape) == expected
    assert why in reasons("AUD-016", tape)


@pytest.mark.parametrize(("listed", "said"), [("audio/aiff", True), ("audio/wav", False), ("audio/x-wav", False)])
def test_a_format_the_kit_cannot_produce_is_said(listed, said):
    told = "cannot produce audio/aiff" in reasons("AUD-016", formatted(listed=listed))
    assert told is said
