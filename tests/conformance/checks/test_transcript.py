"""Transcripts: whether they are those of their audio, by words matched loosely, and whether they name the speakers."""

from __future__ import annotations

from typing import Any

import pytest

from conformance.vocabulary.words import (
    content_words,
    coverage,
    ends_unheard,
    inverted,
    marker_positions,
    recognised,
    same_words,
)
from scribe_data import recordings
from tests.conformance.checks.builders import (
    FAIL,
    PASS,
    REMOVE,
    UNSEEN,
    WARNED,
    Tape,
    discovery_with,
    reasons,
    verdict,
    verdicts,
)

TEXTS = {name: fixture.text for name, fixture in recordings.load().items()}
MARKERS = [TEXTS[f"markers/audio_{n}"] for n in range(12)]


def told(*sessions: tuple[str, Any], status: str = "completed", language: Any = ("en",)) -> Tape:
    """Completed sessions, each of one recording, and the transcript it got."""
    tape = Tape()
    for number, (fixture, transcript) in enumerate(sessions):
        key = f"s{number}"
        tape.created(key, **({} if language is REMOVE else {"transcript_language": language}))
        tape.uploaded(key, "audio_0.wav", fixture=fixture)
        tape.ended(key, "audio_0.wav")
        tape.read(key, status, "audio_0.wav", transcript=transcript)
    return tape


def part(fixture: str, share: float) -> str:
    """The beginning of what is said in a recording."""
    words = TEXTS[fixture].split()
    return " ".join(words[: int(len(words) * share)])


KNEE, COUGH = TEXTS["knee"], TEXTS["cough"]


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (told(("knee", KNEE), ("cough", COUGH)), PASS, ""),
        (told(("knee", KNEE.upper()), ("cough", COUGH.replace(".", "\nPatient: "))), PASS, ""),
        (told(("knee", KNEE), ("cough", COUGH), language=REMOVE), PASS, ""),
        (told(("knee", KNEE), ("cough", COUGH), language="en"), PASS, ""),
        (told(("knee", KNEE), ("cough", part("cough", 0.5))), WARNED, "Less than half"),
        (told(("knee", part("knee", 0.5)), ("cough", part("cough", 0.5))), FAIL, "leaves out whole stretches"),
        (told(("knee", COUGH), ("cough", KNEE)), FAIL, "leaves out whole stretches"),
        (told(("knee", "lorem ipsum dolor"), ("cough", "Bonjour madame.")), FAIL, "leaves out whole stretches"),
        (told(("knee", KNEE), ("cough", KNEE)), FAIL, "the same transcript"),
        (told(("knee", KNEE), ("cough", "Doctor: " + KNEE.lower())), FAIL, "the same transcript"),
    ],
)
def test_a_transcript_is_that_of_its_audio_and_covers_it(tape, expected, why):
    assert verdicts("EXT-012", tape) == expected
    assert why in reasons("EXT-012", tape)


@pytest.mark.parametrize(
    "tape",
    [
        told(("knee", "lorem ipsum")),
        told(("knee", KNEE), ("knee", KNEE)),
        told(("short", "lorem"), ("knee", "ipsum")),
        told(("knee", "lorem"), ("noise", "ipsum")),
        told(("knee", None), ("cough", None)),
        told(("knee", "lorem"), ("cough", "ipsum"), status="partial"),
        told(("knee", "जब मैं"), ("cough", "नमस्ते"), language=["hi"]),
        told(("knee", "जब मैं"), ("cough", "नमस्ते"), language="hi"),
    ],
    ids=["one", "one twice", "too short", "noise", "no transcript", "partial", "other language", "other as text"],
)
def test_a_transcript_is_compared_only_where_two_recordings_can_be(tape):
    assert verdicts("EXT-012", tape) == UNSEEN
    assert "Fewer than two" in reasons("EXT-012", tape)


def test_chunks_are_read_in_the_order_of_their_numbers():
    tape = told(("cough", COUGH))
    tape.created("chunks")
    for number in (2, 0, 1):
        tape.uploaded("chunks", f"audio_{number}.wav", fixture=f"knee_chunks/audio_{number}")
    tape.ended("chunks")
    tape.read("chunks", "completed", transcript=KNEE)
    assert verdicts("EXT-012", tape) == PASS


def chunked(tape: Tape, key: str, *files: str, without: str | None = None, transcript: str | None = None) -> None:
    """A completed session of several files, and a transcript of all of them but for one."""
    tape.created(key)
    for number, fixture in enumerate(files):
        tape.uploaded(key, f"audio_{number}.wav", fixture=fixture)
    tape.ended(key)
    said = " ".join(TEXTS[fixture] for fixture in files if fixture != without)
    tape.read(key, "completed", transcript=said if transcript is None else transcript)


KNEES, COUGHS = ([f"{whole}_chunks/audio_{number}" for number in range(3)] for whole in ("knee", "cough"))
FOUR, TWELVE = ([f"markers/audio_{number}" for number in range(most)] for most in (4, 12))


def left_out(*lost: list[str], heard_again: bool = True) -> Tape:
    """Each of these sessions lost its last file; a second session has it, or has not."""
    tape = told(("knee", KNEE), ("cough", COUGH))
    for number, files in enumerate(lost):
        chunked(tape, f"lossy {number}", *files, without=files[-1])
        again = [files[0], files[-1], files[1]]
        chunked(tape, f"left out of lossy {number}", *again, without=None if heard_again else files[-1])
    return tape


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (left_out(KNEES, COUGHS, TWELVE), FAIL, "another session's has them"),
        (left_out(KNEES, COUGHS), WARNED, "another session's has them"),
        (left_out(TWELVE), WARNED, "another session's has them"),
        (left_out(FOUR, TWELVE), WARNED, "another session's has them"),
        (left_out(KNEES, COUGHS, TWELVE, heard_again=False), PASS, ""),
        (left_out(), PASS, ""),
    ],
)
def test_a_file_that_is_heard_elsewhere_may_not_be_left_out(tape, expected, why):
    assert verdicts("EXT-012", tape) == expected
    assert why in reasons("EXT-012", tape)


def test_a_transcript_holds_nothing_of_another_session():
    tape = told(("knee", KNEE), ("cough", f"{COUGH} {KNEE}"))
    assert verdicts("EXT-012", tape) == FAIL
    assert "said in another session" in reasons("EXT-012", tape)
    misheard = told(("knee", KNEE), ("cough", COUGH + " The knee is swollen and painful since the last weekend."))
    assert verdicts("EXT-012", misheard) == PASS


def test_the_same_words_in_another_file_are_no_strangers():
    tape = told(("knee", KNEE), ("cough", COUGH))
    chunked(tape, "chunks", *KNEES)
    assert verdicts("EXT-012", tape) == PASS


def test_a_file_of_few_words_proves_nothing_when_it_is_left_out():
    tape = left_out(KNEES, COUGHS)
    visit = [f"visit_independent/audio_{number}" for number in range(11)]
    chunked(tape, "visit", *visit, without=visit[-1])
    chunked(tape, "left out of visit", visit[0], visit[-1], visit[1])
    assert verdicts("EXT-012", tape) == WARNED


def test_a_word_heard_is_a_file_heard():
    tape = left_out(KNEES, COUGHS)
    texts = [TEXTS[fixture] for fixture in FOUR]
    chunked(tape, "poor", *FOUR, transcript=" ".join([*texts[:3], "an elephant"]))
    chunked(tape, "left out of poor", FOUR[3], FOUR[0])
    assert verdicts("EXT-012", tape) == WARNED


def test_common_and_short_words_are_no_content():
    assert content_words("I think that this is a Migraine, and the patient's room is DARK.") == [
        *("migraine", "patient's", "room", "dark")
    ]


@pytest.mark.parametrize(
    ("said", "heard", "found"),
    [
        ("headache", "Headaches", 1),
        ("headache", "headahe", 1),
        ("headache", "headeche", 1),
        ("coughing", "cough", 1),
        ("headache", "stomach", 0),
        ("knee", "need", 0),
    ],
)
def test_words_are_matched_but_for_inflection_or_a_letter(said, heard, found):
    assert coverage(said, heard).heard == (found,)


def test_each_quarter_is_looked_for_by_itself():
    half = coverage(KNEE, part("knee", 0.5))
    assert len(half.said) == 4
    assert half.heard[0] == half.said[0]
    assert half.heard[3] < half.said[3]


def test_a_quarter_with_few_words_proves_nothing():
    assert coverage("severe headache", "").lowest() is None
    assert coverage("", "").lowest() is None
    assert coverage(KNEE, "").lowest() == 0


def test_markers_are_found_where_they_stand():
    positions = marker_positions(MARKERS, " ".join(MARKERS))
    assert recognised(positions) == 12
    assert not inverted(positions)
    assert inverted(marker_positions(MARKERS, " ".join(reversed(MARKERS))))


def test_a_marker_that_was_not_heard_turns_nothing_round():
    positions = marker_positions(MARKERS[:4], f"{MARKERS[0]} Mumble. {MARKERS[3]}")
    assert recognised(positions) == 2
    assert not inverted(positions)


def test_a_word_two_chunks_share_marks_neither():
    assert marker_positions(["The heavy piano.", "A heavy window."], "heavy") == [None, None]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Severe headache.", "Doctor: severe HEADACHE", True),
        ("Severe headache.", "Mild headache.", False),
        ("", "", True),
    ],
)
def test_two_transcripts_are_the_same_by_their_words(one, other, same):
    assert same_words(one, other) is same


def spoken(transcript: Any, *, diarizes: Any = True, session: str = "visit", model: str = "lite") -> Tape:
    """A completed session of a model that does, or does not, tell speakers apart."""
    tape = Tape()
    features = {} if diarizes is REMOVE else {"speaker_diarization": diarizes}
    tape.discovered(discovery_with(models=[{"id": "lite", "features": features}, {"id": "pro"}]))
    tape.created(session, model=model)
    tape.ended(session)
    tape.read(session, "completed", transcript=transcript)
    return tape


@pytest.mark.parametrize(
    ("tape", "expected", "why"),
    [
        (spoken("Doctor: Good morning.\nPatient: Hello."), "pass", ""),
        (spoken("A recording.\nSpeaker 1: Good morning."), "pass", ""),
        (spoken("Good morning. Hello."), "warn", "no line of the transcript is labelled"),
        (spoken("Take this at 10:30 please."), "warn", "labelled"),
        (spoken(None), "warn", "labelled"),
        (spoken("Good morning.", diarizes=False), "not_applicable", "No model declares"),
        (spoken("Good morning.", diarizes=REMOVE), "not_applicable", "No model declares"),
        (spoken("Good morning.", diarizes="true"), "not_applicable", "No model declares"),
        (spoken("Good morning.", session="other"), "inconclusive", ""),
        (spoken("Good morning.", model="pro"), "inconclusive", ""),
    ],
)
def test_diarized_transcripts_are_labelled(tape, expected, why):
    assert verdict("EXT-011", tape, level="SHOULD") == expected
    assert why in reasons("EXT-011", tape)


ONE, TWO = "knee_chunks/audio_0", "cough_chunks/audio_0"


def cut(*sessions: tuple[str, float]) -> Tape:
    """Consultations that are heard well, and sessions of one recording of which a share is heard."""
    heard = [("knee", KNEE), ("cough", COUGH)]
    return told(*heard, *((fixture, part(fixture, share)) for fixture, share in sessions))


@pytest.mark.parametrize(
    ("sessions", "expected"),
    [
        ([(ONE, 0.4), (ONE, 0.4), (TWO, 0.4)], FAIL),
        ([(ONE, 0.5), (TWO, 0.6), ("cough_chunks/audio_1", 0.5)], FAIL),
        ([(ONE, 0.4), (TWO, 0.4)], WARNED),
        ([(ONE, 0.4)] * 4, WARNED),
        ([(ONE, 0.4), (ONE, 1), (TWO, 0.4), (TWO, 0.4)], WARNED),
        ([(ONE, 0.4), (ONE, 1), (TWO, 1)], PASS),
        ([(ONE, 1), (TWO, 1), (ONE, 0.9)], PASS),
    ],
)
def test_recordings_whose_ends_are_never_heard_are_cut_short(sessions, expected):
    assert verdicts("EXT-012", cut(*sessions)) == expected
    assert expected is PASS or "nothing of its end" in reasons("EXT-012", cut(*sessions))


def test_an_end_is_unheard_only_where_the_beginning_is_heard_and_words_of_its_own_are_missing():
    texts = [TEXTS[ONE], TEXTS[TWO]]
    assert ends_unheard(texts, " ".join(texts)) == [False, False]
    assert ends_unheard(texts, f"{part(ONE, 0.5)} {TEXTS[TWO]}") == [True, False]
    assert ends_unheard(texts, TEXTS[TWO]) == [False, False]
    assert ends_unheard(MARKERS, "") == [None] * 12
