"""Scenarios of sessions: how far their work is when a client looks, and what comes of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, cast

from mock_server.scenarios import courses
from mock_server.scenarios.parameter import Parameter, seconds, seconds_of
from mock_server.scenarios.scenario import Absent, Scenario
from mock_server.session.table import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from scribe_data import Spec
    from scribe_data.codes import ErrorCode

#: Characters of a transcript: a day of talking has fewer.
_LONGEST_TEXT: Final = 500_000
#: The scenario that the control plane's transcripts are.
TRANSCRIPT: Final = "transcript"
#: Short words for template ids, by error code.
_ALIASES: Final[Mapping[str, tuple[str, ...]]] = {
    "extraction_failed": ("fails",),
    "insufficient_audio": ("insufficient",),
}


def _has_partial(spec: Spec) -> bool:
    return State.PARTIAL.value in spec.lifecycle.states


def progress() -> Iterable[Scenario]:
    """How far the work on a session is when its client looks."""
    yield Scenario(
        "slow_processing",
        "The work on an ended session begins late.",
        "§9.8: how often a client asks",
        parameters=(seconds("Seconds by the namespace's clock.", 30),),
        aliases=("slow",),
        holds_s=seconds_of,
    )
    yield Scenario(
        "processes_for_ever",
        "An ended session stays in processing, until the namespace's scenarios are cleared.",
        "§9.8: when a client gives up",
        aliases=("for_ever",),
        holds_s=lambda _values: math.inf,
    )
    yield Scenario(
        "ready_after_polls",
        "So many reads of an ended session show processing, and the next one shows what came of it.",
        "§9.8: a client asks until a final state, however often that takes",
        parameters=(Parameter("polls", "Reads that show processing.", "integer", 3, 1, 1000),),
        holds_s=lambda _values: math.inf,
        polls=lambda values: cast("int", values["polls"]),
    )
    yield Scenario(
        "ready_at_once",
        "The end is answered when the work is over: the first read shows what came of it.",
        "§9.8: a client may find the final state at its first read",
        parameters=(seconds("Real seconds that the end waits at most.", 30, 60),),
        waits_s=seconds_of,
    )


def _transcript(*, asked: bool) -> Scenario:
    """The transcript that a test chooses; `asked` where answers show one only to a create that asked for it."""
    hint = "null is the session's language_hint, or en"
    language = Parameter("language", f"Its code; {hint}.", "text", None, 2, 2, pattern="[a-z]{2}", nullable=True)
    shown = " A create has to ask for it with include_transcript." if asked else ""
    return Scenario(
        TRANSCRIPT,
        f"The transcript is the text that was chosen, whatever audio came; its engine is named chosen.{shown}",
        "§6.3 transcript, §9.3: notes from words that a test knows",
        parameters=(
            Parameter("text", "The words.", "text", "A transcript that a test chose.", 1, _LONGEST_TEXT),
            language,
        ),
        course=lambda values: courses.transcript(str(values["text"]), cast("str | None", values["language"])),
        single=True,
    )


def results(spec: Spec) -> Iterable[Scenario]:
    """What comes of a session, by a text."""
    yield _transcript(asked=spec.printed.transcript == "asked")
    if _has_partial(spec):
        yield Scenario(
            "partial",
            "One of several files is not heard, and the last template fails: partial. The rest needs words, of its"
            " audio or of a transcript that was chosen: with none the session fails.",
            "§6.3 partial, §9.4",
            course=lambda _values: courses.partly(),
        )
        name = Parameter("file", "The file's name; null is the last file.", "text", None, 1, 255, nullable=True)
        yield Scenario(
            "refuses_audio_later",
            "A file that was acknowledged is not heard: the session is partial, or fails where there is no other file.",
            "§6.3 processing_errors, §9.7 audio_quality_poor",
            parameters=(name,),
            course=lambda values: courses.file_lost(cast("str | None", values["file"])),
        )
    yield Scenario(
        "expires_early",
        "A session that is not ended expires before the time that expires_at told.",
        "§6.5, §11.2 session_expired, E42",
        parameters=(seconds("Seconds from its creation, by the namespace's clock.", 1),),
        expires_s=seconds_of,
    )


def absent(spec: Spec) -> Iterable[Absent]:
    """What other texts have and this one does not."""
    if not _has_partial(spec):
        yield Absent(
            "partial",
            "a session that lost a template is completed there, and template_errors tell of it",
            "template.extraction_failed",
        )
        yield Absent(
            "refuses_audio_later",
            "no answer there tells that a part of the audio was lost: without audio the session fails",
            "failed.audio_quality_poor",
        )


def failing(code: ErrorCode, cited: str) -> Scenario:
    """A session that fails with a code."""
    return Scenario(
        f"failed.{code.name}",
        f"A session fails with {code.name}.",
        cited,
        course=lambda _values: courses.failing(code.name),
    )


def template_failing(code: ErrorCode, cited: str) -> Scenario:
    """A template that fails with a code."""
    return Scenario(
        f"template.{code.name}",
        f"A template fails with {code.name}.",
        cited,
        parameters=(
            Parameter("template", "The template's id; null is every one.", "text", None, 1, 128, nullable=True),
        ),
        aliases=_ALIASES.get(code.name, ()),
        course=lambda values: courses.template_failing(code.name, cast("str | None", values["template"])),
    )
