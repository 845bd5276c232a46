"""The live sessions that are open now, shown beside the record of them (Redis: Active Session State)."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final, Protocol

from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from mock_server.session.dalston.model import Dictation

_KEY: Final = "dalston:realtime:session:"


class Presence(Protocol):
    """Shows some fields under a key to whoever looks, and is never waited for."""

    def shown(self, key: str, look: Callable[[], Mapping[str, str]]) -> AbstractContextManager[None]:
        """Show them for the time of the block; `look` tells what they are now."""

    def remove(self, key: str) -> None:
        """Show nothing there any more, whoever did."""


class _Nobody:
    """Nobody looks."""

    def shown(self, key: str, look: Callable[[], Mapping[str, str]]) -> AbstractContextManager[None]:  # noqa: ARG002
        return nullcontext()

    def remove(self, key: str) -> None:
        pass


NOBODY: Final[Presence] = _Nobody()


def key_of(session_id: str) -> str:
    """Where a session is shown."""
    return f"{_KEY}{session_id}"


def fields(dictation: Dictation, audio_s: float) -> dict[str, str]:
    """What is shown of a session of which so much audio has come: the nine fields of the document, as text (E2)."""
    wanted = dictation.wanted
    flags = {
        "store_audio": wanted.store_audio,
        "store_transcript": wanted.store_transcript,
        "enhance_on_end": wanted.enhance_on_end,
    }
    return {
        "worker_id": dictation.worker,
        "status": dictation.state.value,
        "language": wanted.language,
        "model": wanted.model,
        "started_at": stamp(dictation.created_at),
        "audio_duration": str(round(audio_s, 3)),
        **{name: "true" if flag else "false" for name, flag in flags.items()},
    }
