"""A session of the run as its journey holds it, and when there is nothing more to wait for."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import scribe_data
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.evidence import Exchange


@cache
def _terminal() -> tuple[str, ...]:
    """The states nothing follows in any text: a service may be one of another revision than it is graded as."""
    kinds = scribe_data.profiles()
    texts = (scribe_data.load(kind, name) for kind in kinds for name in scribe_data.revisions(kind))
    return tuple(dict.fromkeys(state for text in texts for state in text.lifecycle.terminal))


@dataclass
class Handle:
    """A session of the run; `upload_url` is absolute, `sent` the names acknowledged, `refused` whether its end was."""

    key: str
    session_id: str
    upload_url: str
    created: Exchange
    model: Mapping[str, Any]
    single: bool = False
    sent: list[str] = field(default_factory=list)
    refused: bool = False
    #: Form fields that go before the file, where `upload_url` is an object that holds the address and them.
    fields: Mapping[str, str] | None = None
    #: The `upload_url` as it was told, where it is text: that of a stream is the address of a socket.
    told_url: str = ""
    #: What is odd about the `upload_url` of the answer, in words.
    departs: str = ""

    def stranger(self) -> Handle | None:
        """A session nobody made, its id of the same shape; None where its upload URL cannot be guessed (AUD-022)."""
        if self.fields is not None or urlsplit(self.upload_url).query or self.upload_url.count(self.session_id) != 1:
            return None
        prefix = "ses_" if self.session_id.startswith("ses_") else ""
        made_up = hashlib.sha256(self.session_id.encode()).hexdigest()[: len(self.session_id) - len(prefix)]
        url = self.upload_url.replace(self.session_id, prefix + made_up)
        return Handle(Session.STRANGER.of(self.key), prefix + made_up, url, self.created, self.model, self.single)


def at_rest(x: Exchange) -> bool:
    """Whether a read after end shows that nothing more will happen: a terminal status, 410, or a failure (E21, E29)."""
    return (
        x.document.get("status") in _terminal() or x.status == 410 or (x.status in (422, 500) and "error" in x.document)
    )


def form_of(told: object) -> tuple[str, dict[str, str]] | None:
    """Address and fields of an `upload_url` that is an object, such as a pre-signed form; None for all else."""
    if not isinstance(told, dict):
        return None
    for inner in (told, *(value for value in told.values() if isinstance(value, dict))):
        url, fields = inner.get("url"), inner.get("fields", {})
        if isinstance(url, str) and isinstance(fields, dict):
            return url, {name: value for name, value in fields.items() if isinstance(value, str)}
    return None
