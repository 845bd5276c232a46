"""What the pipeline needs of speech and extraction; `mock_server.speech` and `mock_server.extraction` fit in here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from mock_server.pipeline.process import Process
    from mock_server.pipeline.turns import Waiting
    from mock_server.speech.model import Recording, Transcription


class Transcriber(Protocol):
    """Turns recordings into words; `engine` names what does it, wherever a transcript is shown."""

    @property
    def engine(self) -> str:
        """What hears, by name and model."""

    @property
    def languages(self) -> tuple[str, ...]:
        """The languages it knows, as ISO 639-1 codes."""

    async def transcribe(
        self, recordings: Sequence[Recording], *, language_hint: str | None, max_chunk_seconds: float | None = None
    ) -> Transcription:
        """Transcribe all recordings as one consultation; raises whatever it likes when it is out of order.

        A file that lasts longer than `max_chunk_seconds` gets an issue.
        """


class Queue(Protocol):
    """Takes sessions in turn and works on them."""

    async def launch(self, steps: Process) -> None:
        """Begin, with what an earlier process left where that is kept."""

    @property
    def standing(self) -> Waiting:
        """How many wait and are in work, by the machine's time."""

    @property
    def runs(self) -> bool:
        """Whether sessions are worked on."""

    async def close(self) -> None:
        """Stop."""


@runtime_checkable
class Bounded(Protocol):
    """A transcriber that hears so many sessions at once and lets more wait."""

    @property
    def hears_at_once(self) -> int:
        """How many."""


@runtime_checkable
class Prompt(Protocol):
    """A transcriber that takes no longer than it takes to remember what it heard: many sessions can be done at once."""

    @property
    def hears_promptly(self) -> bool:
        """Whether it does."""


@runtime_checkable
class Shortfall(Protocol):
    """Why a template could not be filled: a code of §9.6 and a sentence."""

    @property
    def code(self) -> str:
        """The error code."""

    @property
    def message(self) -> str:
        """What a person is told."""


class Extraction(Protocol):
    """A filled template."""

    @property
    def data(self) -> Any:
        """What stands in it, as JSON."""

    @property
    def unsaid(self) -> tuple[str, ...]:
        """What its writer told that nobody had said, each with the reason: it was left out."""


class Extractor(Protocol):
    """Fills templates from a transcript; a module of these two names will do."""

    @property
    def TEMPLATES(self) -> Collection[str]:  # noqa: N802 - the module's constant
        """The ids it knows."""

    def extract(self, template_id: str, transcript: str) -> Extraction | Shortfall:
        """Fill one template it knows; runs in a thread."""


@runtime_checkable
class Slow(Protocol):
    """An extractor that waits for somebody else: a session of it is worth remembering step by step."""

    @property
    def waits(self) -> bool:
        """Whether it does."""

    def close(self) -> None:
        """Wait for nobody any more, in no thread."""
