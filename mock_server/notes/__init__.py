"""Notes that an OpenAI-compatible endpoint writes, of which nothing is kept that was not said.

One question a consultation: all templates are filled from the same answer, by the templates of `extraction`.
"""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Final

import jsonschema_rs

from mock_server import extraction
from mock_server.extraction import Extraction, Shortfall
from mock_server.extraction.reading import reading
from mock_server.notes.asked import SCHEMA, messages
from mock_server.notes.check import Checked, checked
from mock_server.notes.endpoint import Endpoint, Unanswered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.extraction.reading import Reading

__all__ = ["KEY", "Endpoint", "Unanswered", "WrittenNotes", "open_notes"]

log = logging.getLogger("scribe.mock")

#: The environment's name for the key of the endpoint, as everybody's clients have it.
KEY: Final = "OPENAI_API_KEY"
_URL = re.compile(r"openai:(?P<url>https?://[A-Za-z0-9._\-\[\]:]+(?:/[A-Za-z0-9._~\-]+)*)/?\Z")
#: Letters of a transcript: an hour of talk has fifty thousand.
_LONGEST = 200_000
#: Consultations whose answer is kept, as a session asks for one template after the other; a failure for a moment only.
_KEPT = 4
_FAILED_S = 20.0
_SHAPE = jsonschema_rs.Draft202012Validator(SCHEMA)


class WrittenNotes:
    """Fills the templates of `extraction` from what an endpoint answers, checked against the transcript."""

    TEMPLATES = extraction.TEMPLATES
    waits = True

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        self._answers: OrderedDict[str, tuple[float, Checked | Unanswered]] = OrderedDict()
        self._lock = threading.Lock()

    def extract(self, template_id: str, transcript: str) -> Extraction | Shortfall:
        """Fill one template; extraction_failed where the endpoint gave nothing to use. KeyError for an unknown id."""
        read = reading(transcript)
        by_rules = extraction.fill(template_id, read)
        if template_id == "transcript" or isinstance(by_rules, Shortfall):
            return by_rules
        found = self._answer(transcript, read)
        if isinstance(found, Unanswered):
            return Shortfall("extraction_failed", str(found))
        filled = extraction.fill(template_id, found.reading)
        return filled if isinstance(filled, Shortfall) else Extraction(filled.data, tuple(found.unsaid))

    def close(self) -> None:
        """Wait for no answer any more, in no thread: the sessions go on at the next start."""
        self._endpoint.close()

    def _answer(self, transcript: str, read: Reading) -> Checked | Unanswered:
        with self._lock:
            at, known = self._answers.get(transcript, (0.0, None))
            if known is not None and (isinstance(known, Checked) or time.monotonic() - at < _FAILED_S):
                return known
        found = self._asked(transcript, read)
        with self._lock:
            self._answers[transcript] = (time.monotonic(), found)
            while len(self._answers) > _KEPT:
                self._answers.popitem(last=False)
        return found

    def _asked(self, transcript: str, read: Reading) -> Checked | Unanswered:
        if len(transcript) > _LONGEST:
            return Unanswered(f"The transcript has {len(transcript)} letters; an endpoint is sent {_LONGEST} at most.")
        try:
            document = self._endpoint.ask(messages(read.dialogue), SCHEMA)
        except Unanswered as silent:
            log.warning("%s", silent)
            return silent
        if (place := _misshapen(document)) is not None:
            told = f"The endpoint for notes answered with another document than was asked for, at {place}."
            log.warning("%s", told)
            return Unanswered(told)
        found = checked(document, read)
        if found.unsaid:
            log.warning("%d statements of the endpoint for notes were not said and are dropped", len(found.unsaid))
        return found


def _misshapen(document: dict[str, Any]) -> str | None:
    """Where a document is not of the asked form, None where it is."""
    try:
        error = next(iter(_SHAPE.iter_errors(document)), None)
    except ValueError:  # too deep to be looked at
        return "its root"
    return None if error is None else "/".join(map(str, error.instance_path))[:80] or "its root"


def open_notes(given: str | None, model: str | None, environment: Mapping[str, str] = os.environ) -> WrittenNotes:
    """Who writes notes for `--notes` and `--notes-model`; raises ValueError, saying what would be right."""
    if given is None:
        raise ValueError("--notes-model names the model of an endpoint; --notes openai:URL says where that is.")
    found = _URL.match(given)
    if found is None:
        raise ValueError(f"--notes {given[:80]!r} is not of the form openai:http://127.0.0.1:11434/v1.")
    key = environment.get(KEY) or None
    endpoint = Endpoint(found["url"], model or "", key)
    if model is None:
        try:
            models = endpoint.models()
        except Unanswered as error:
            raise ValueError(str(error)) from error
        if len(models) != 1:
            named = ", ".join(models[:10]) or "none"
            raise ValueError(f"--notes-model is to name one of the models of the endpoint; it has {named}.")
        endpoint = Endpoint(found["url"], models[0], key)
    return WrittenNotes(endpoint)
