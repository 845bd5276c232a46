"""The parameters that a socket is opened with, read and checked."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from mock_server.dalston import parting
from mock_server.dalston.usage import USUAL
from mock_server.dalston.wording import LEAST_DAYS, MOST_DAYS, USUAL_DAYS
from mock_server.session.dalston.model import Wanted
from mock_server.speech.streaming import Encoding, Format, FormatError, Unoffered, Wish
from mock_server.suggestion import hint, there
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mock_server.dalston.usage import Usage
    from mock_server.speech.streaming import Streamer

#: The words for a model that services of this kind have (E26); both are the one that there is.
MODELS: Final = ("fast", "accurate")
#: How a session says that the engine is to tell the language.
AUTO: Final = "auto"
#: Where a key may stand beside the headers.
KEYS: Final = ("token", "api_key")
RESUMES: Final = ("soft", "hard")
RETENTION: Final = "retention"
_KNOWN: Final = (
    RETENTION,
    *("store_audio", "store_transcript", "enhance_on_end", "resume_session_id", "resume", "language", "model"),
    *("encoding", "sample_rate", "channels", "enable_vad", "interim_results", "word_timestamps", "vocabulary"),
    *KEYS,
)
#: What says from which session one goes on: these two stand together.
_LINKING: Final = frozenset({"resume_session_id", "resume"})
_FLAGS: Final = {"true": True, "1": True, "false": False, "0": False}
_NUMBER: Final = re.compile(r"[0-9]{1,6}\Z")
_DAYS: Final = re.compile(r"-?[0-9]{1,6}\Z")
_LANGUAGE: Final = re.compile(r"([A-Za-z]{2,3})(?:[-_][A-Za-z0-9]{2,8})*\Z")
_SESSION: Final = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
#: Characters of a value that a refusal repeats.
_SHOWN: Final = 40
#: Unknown parameters that a client is told of.
_MOST_NOTES: Final = 5


@dataclass(frozen=True)
class Resume:
    """The session that is to be gone on from: `hard` goes on in its transcript, else it is only linked."""

    session_id: str
    hard: bool


@dataclass(frozen=True)
class Asked:
    """What a socket is opened with."""

    wanted: Wanted
    resume: Resume | None
    #: What is wrong with parameters that nobody knows, which are left alone.
    notes: tuple[str, ...] = ()

    @property
    def form(self) -> Format:
        """How the bytes of the socket are to be read."""
        return Format(Encoding(self.wanted.encoding), self.wanted.sample_rate, self.wanted.channels)

    @property
    def wish(self) -> Wish:
        """What the listening is asked for: times of words are kept where the transcript is."""
        wanted = self.wanted
        return Wish(
            language=None if wanted.language == AUTO else _spoken(wanted.language),
            voice_activity=wanted.voice_activity,
            interim=wanted.interim,
            word_times=wanted.word_times or wanted.store_transcript,
            vocabulary=wanted.vocabulary,
        )


def read(
    query: Iterable[tuple[str, str]],
    streamer: Streamer,
    usage: Usage = USUAL,
    *,
    retains: bool = False,
    enhances_all: bool = False,
) -> Asked:
    """What the parameters ask for; raises the Parting of a value that none can have.

    `retains` is whether days say what is stored, in place of two flags, and `enhances_all` lets sessions be enhanced
    that keep no audio.
    """
    asked = tuple(query)
    if usage.forgives:
        asked = tuple(pair for pair in asked if pair[0] in _LINKING or _can_be(pair, streamer, retains=retains))
    found = _read(asked, streamer, retains=retains, enhances_all=enhances_all or usage.unheard != "refused")
    wanted = found.wanted
    if usage.unheard == "kept" and wanted.enhance_on_end and not wanted.store_audio:
        return replace(found, wanted=replace(wanted, store_audio=True))
    return found


def _can_be(pair: tuple[str, str], streamer: Streamer, *, retains: bool) -> bool:
    """Whether a parameter has a value that it can have."""
    try:
        _read((pair,), streamer, retains=retains, enhances_all=True)
    except parting.Parting:
        return False
    return True


def _read(query: Iterable[tuple[str, str]], streamer: Streamer, *, retains: bool, enhances_all: bool) -> Asked:
    given, notes = _once(query)
    days = _days(given) if retains else None
    wanted = Wanted(
        language=_language(given, streamer),
        model=_word(given, "model", (*MODELS, streamer.model), MODELS[0]),
        encoding=_word(given, "encoding", tuple(each.value for each in Encoding), Encoding.PCM_S16LE.value),
        sample_rate=_number(given, "sample_rate", 16_000),
        channels=_number(given, "channels", 1),
        store_audio=_flag(given, "store_audio") if days is None else days != 0,
        store_transcript=_flag(given, "store_transcript") if days is None else days != 0,
        enhance_on_end=_flag(given, "enhance_on_end"),
        voice_activity=_flag(given, "enable_vad", usual=True),
        interim=_flag(given, "interim_results", usual=True),
        word_times=_flag(given, "word_timestamps"),
        vocabulary=_vocabulary(given.get("vocabulary", "")),
        retention=days,
    )
    if wanted.enhance_on_end and not (wanted.store_audio or enhances_all):  # Not in spec: E21
        raise parting.bad("'enhance_on_end' needs 'store_audio': there would be nothing to hear again.")
    asked = Asked(wanted, _resume(given), notes)
    try:
        _ = asked.form, asked.wish
    except (FormatError, Unoffered) as error:
        raise parting.bad(str(error)) from None
    if asked.resume and asked.resume.hard and not wanted.store_transcript:
        raise parting.bad("'resume=hard' needs 'store_transcript': there would be no transcript to go on in.")
    return asked


def _once(query: Iterable[tuple[str, str]]) -> tuple[Mapping[str, str], tuple[str, ...]]:
    """The parameters that are known, and sentences about the first few of the others."""
    found: dict[str, str] = {}
    notes: list[str] = []
    for name, value in query:
        if name in found:
            raise parting.bad(f"The parameter {name!r} stands there more than once.")
        if name in _KNOWN:
            found[name] = value
        elif len(notes) < _MOST_NOTES:
            notes.append(f"There is no parameter {name[:_SHOWN]!r} here.{there(name, _KNOWN)}")
    return found, tuple(notes)


def _flag(given: Mapping[str, str], name: str, *, usual: bool = False) -> bool:
    value = given.get(name)
    if value is None:
        return usual
    if value.lower() not in _FLAGS:
        raise parting.bad(f"{name!r} is true or false; it is {value[:_SHOWN]!r}.")
    return _FLAGS[value.lower()]


def _number(given: Mapping[str, str], name: str, usual: int) -> int:
    value = given.get(name)
    if value is None:
        return usual
    if not _NUMBER.match(value):
        raise parting.bad(f"{name!r} is a whole number; it is {value[:_SHOWN]!r}.")
    return int(value)


def _days(given: Mapping[str, str]) -> int:
    value = given.get(RETENTION)
    if value is None:
        return USUAL_DAYS
    if not _DAYS.match(value) or not LEAST_DAYS <= int(value) <= MOST_DAYS:
        told = f"{RETENTION!r} is a number of days up to {MOST_DAYS}, 0 for not at all, or {LEAST_DAYS} for good"
        raise parting.bad(f"{told}; it is {value[:_SHOWN]!r}.")
    return int(value)


def _word(given: Mapping[str, str], name: str, known: tuple[str, ...], usual: str) -> str:
    value = given.get(name) or usual
    if value not in known:
        told = f"{name!r} is one of {', '.join(known)}; it is {value[:_SHOWN]!r}."
        raise parting.bad(f"{told}{hint(value, known)}")
    return value


def _language(given: Mapping[str, str], streamer: Streamer) -> str:
    value = given.get("language", AUTO)
    if value == AUTO:
        return value
    if not _LANGUAGE.match(value):
        raise parting.bad(f"'language' is {AUTO} or a code such as en; it is {value[:_SHOWN]!r}.")
    if _spoken(value) not in streamer.languages:
        known = ", ".join(streamer.languages)
        raise parting.bad(f"{value!r} is not among the languages: {known}.", "language_unsupported")
    return value


def _spoken(language: str) -> str:
    """The language of a tag, without its country."""
    return re.split("[-_]", language, maxsplit=1)[0].lower()


def _vocabulary(given: str) -> tuple[str, ...]:
    """Words with commas, or a JSON array of them: both are sent in the field."""
    if given.startswith("["):
        try:
            found = loads(given)
        except ValueError:
            raise parting.bad("'vocabulary' begins as a JSON array and is none.") from None
        if not all(isinstance(word, str) for word in found):
            raise parting.bad("'vocabulary' is an array of words.")
    else:
        found = given.split(",")
    return tuple(word.strip() for word in found if word.strip())


def _resume(given: Mapping[str, str]) -> Resume | None:
    name = given.get("resume_session_id")
    way = _word(given, "resume", RESUMES, RESUMES[0])
    if name is None:
        if "resume" in given:
            raise parting.bad("'resume' says how 'resume_session_id' is gone on from, which is not there.")
        return None
    if not _SESSION.match(name):
        raise parting.bad("'resume_session_id' is no id of a session.")
    return Resume(name, way == "hard")
