"""What the pipeline needs of speech and extraction, so that it can be tried without either."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction import Extraction, Shortfall
    from mock_server.speech import Recording, Transcription


class Transcriber(Protocol):
    """Turns recordings into words; `engine` names what does it, wherever a transcript is shown."""

    engine: str
    languages: tuple[str, ...]

    async def transcribe(self, recordings: Sequence[Recording], *, language_hint: str | None) -> Transcription:
        """Transcribe all recordings as one consultation."""

    async def ready(self) -> None:
        """Raise when a second of audio cannot really be transcribed."""

    async def close(self) -> None:
        """Stop the workers."""


class Extractor(Protocol):
    """Fills a template from a transcript; KeyError for a template it does not know."""

    def __call__(self, template_id: str, transcript: str) -> Extraction | Shortfall:
        """Extract one template."""


Draft = dict[str, Any]
