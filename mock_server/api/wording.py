"""How the revision that is served words requests and answers: read from its spec files, and decided nowhere else."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING

import scribe_data

if TYPE_CHECKING:
    from scribe_data.stream import Stream


@dataclass(frozen=True)
class Wording:
    """What decoding and encoding ask before they differ from one revision to another."""

    #: Members of a create that the text has.
    ordered: frozenset[str]
    #: Whether a language is one code, and never an array of them.
    one_language: bool
    #: Whether a transcript is shown only where the create asked for it.
    transcript_asked: bool
    #: The member of a create that comes back unchanged, and whether answers show one that was not sent.
    passed: str
    passed_always: bool
    #: Whether headers number the audio and answers tell its length, instead of names and lists of names.
    numbered: bool
    #: Whether an end has to say how many files were sent.
    counted_end: bool
    #: The status of an end that is taken.
    ended: int
    #: Whether templates are data under their ids, with what failed in a list of its own.
    bare_templates: bool
    #: Whether upload_url begins below base_url.
    relative_upload: bool
    #: Whether a 410 is the error envelope, and no session.
    expired_is_error: bool
    #: The wire of audio that comes over a socket; None where the text has no word for it.
    stream: Stream | None


@functools.cache
def wording(revision: str) -> Wording:
    """The wording of a revision; SpecError for one that does not exist."""
    spec = scribe_data.load("medscribe", revision)
    printed, states = spec.printed, spec.lifecycle.states
    return Wording(
        ordered=frozenset(spec.schemas["create_request"]["properties"]),
        one_language=printed.languages == "string",
        transcript_asked=printed.transcript == "asked",
        passed=printed.passed,
        passed_always=printed.passed in spec.schemas[states["processing"].schema]["required"],
        numbered=printed.files == "numbered",
        counted_end=printed.counted_end,
        ended=spec.protocol.endpoints["end"].taken,
        bare_templates=printed.templates == "bare",
        relative_upload=printed.upload_url == "relative",
        expired_is_error=spec.schemas[states["expired"].schema]["required"] == ["error"],
        stream=spec.stream,
    )
