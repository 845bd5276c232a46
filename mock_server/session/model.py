"""The values a session consists of; all frozen, all times aware UTC."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from mock_server.session.table import State


#: The upload type of a session whose audio comes over a socket.
STREAM: Final = "stream"


def json_bytes(data: Mapping[str, Any]) -> int:
    """How many bytes pass-through data takes as JSON."""
    return len(json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode())


@dataclass(frozen=True)
class Order:
    """What POST /sessions asked for, already validated and in one form (E5, E6, E10 read either way)."""

    templates: tuple[str, ...]
    model: str
    language_hint: tuple[str, ...] = ()
    transcript_language: tuple[str, ...] = ()
    upload_type: str = "chunked"
    communication_protocol: str = "http"
    additional_data: Mapping[str, Any] | None = None
    #: Not in spec: clients in the field send it, and get it back.
    patient_details: Mapping[str, Any] | None = None
    #: Whether answers show the transcript: the first revision asks for it, the later ones always have it.
    include_transcript: bool = True

    @property
    def streamed(self) -> bool:
        """Whether its audio comes over a socket while it is spoken."""
        return self.upload_type == STREAM


@dataclass(frozen=True)
class AudioFile:
    """One acknowledged file: `name` is the client's text and touches no file system, `key` is ours."""

    name: str
    key: str
    sha256: str
    size: int
    content_type: str
    received_at: datetime
    sequence: int | None
    #: What it lasts, where answers of the revision tell it.
    duration_ms: int | None = None


@dataclass(frozen=True)
class TemplateResult:
    """The outcome for one template id: data, or an error code with a message (§9.4).

    `unsaid` is what its writer told and nobody had said: left out of the data, and told in the journal.
    """

    id: str
    status: str
    data: Any = None
    error_code: str | None = None
    error_message: str | None = None
    unsaid: tuple[str, ...] = ()


#: What came to the store and was not taken into the session, which nobody could be told as it came.
AUDIO_FILE_REFUSED: Final = "audio_file_refused"


@dataclass(frozen=True)
class ProcessingError:
    """A loss that did not sink the session (§6.3 partial)."""

    type: str
    message: str
    file: str | None = None


@dataclass(frozen=True)
class Failure:
    """Why a session failed as a whole (§9.7)."""

    code: str
    message: str


@dataclass(frozen=True)
class Session:
    """One session as stored; `state` is never `expired` here: expiry is derived from the clock.

    `expiry_noted` says that somebody was told of the expiry: from then on it holds, whatever the clock says.
    """

    id: str
    namespace: str
    state: State
    order: Order
    created_at: datetime
    expires_at: datetime
    files: tuple[AudioFile, ...] = ()
    ended_at: datetime | None = None
    completed_at: datetime | None = None
    audio_files_sent: int | None = None
    templates_as_array: bool = False
    engine: str | None = None
    language_detected: str | None = None
    transcript: str | None = None
    files_processed: int | None = None
    results: tuple[TemplateResult, ...] = ()
    losses: tuple[ProcessingError, ...] = ()
    failure: Failure | None = None
    expiry_noted: bool = False

    @property
    def duration_ms(self) -> int:
        """What its audio lasts in all, as far as it was measured."""
        return sum(file.duration_ms or 0 for file in self.files)
