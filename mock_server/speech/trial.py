"""Whether what hears does hear, tried out before anybody waits for it."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from mock_server.speech.model import SpeechUnavailable

if TYPE_CHECKING:
    from mock_server.speech.scripted import ScriptedTranscriber
    from mock_server.speech.whisper import WhisperTranscriber

log = logging.getLogger("scribe.mock")


async def tried_out(transcriber: WhisperTranscriber | ScriptedTranscriber) -> str | None:
    """Why it does not hear, in a sentence; None where a second of audio was heard."""
    try:
        await transcriber.ready()
    except SpeechUnavailable as error:
        return str(error)
    except Exception:
        log.exception("the model could not be tried out")
        return "The model could not be tried out; the log says why."
    return None
