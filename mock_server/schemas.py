"""The session manager's models, under the four names that other modules may import and no others (SM-PROP-005).

They say what the JSON Schemas of spec/session_manager say; bounds of sizes are set where a request is decoded.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints, model_validator

from mock_server.clock import is_stamp

__all__ = [
    "BaseSchema",
    "SessionManagerEndInput",
    "SessionManagerEndOutput",
    "SessionManagerStartInput",
    "SessionManagerStartOutput",
    "WorkerMessage",
]

#: What the source of an input that a human caused begins with (E11).
_HUMAN = re.compile(r"([uU][iI]|[cC]aregiver)([^A-Za-z]|\Z)")
_STAMP = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$"
_UUID4 = "^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-4[0-9a-fA-F]{3}-[89abAB][0-9a-fA-F]{3}-[0-9a-fA-F]{12}$"


def _moment(text: str) -> str:
    if not is_stamp(text):
        raise ValueError("names a day or an hour that does not exist")
    return text


Stamp: TypeAlias = Annotated[str, StringConstraints(pattern=_STAMP), AfterValidator(_moment)]
Text: TypeAlias = Annotated[str, StringConstraints(min_length=1)]
Modality: TypeAlias = Literal["gesture", "audio", "speech", "image", "multimodal"]


class BaseSchema(BaseModel):
    """What every input and output carries, as far as the schema reference is known (E12)."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    schema_version: Annotated[str, StringConstraints(pattern=r"^[0-9]+[.][0-9]+[.][0-9]+$")]
    record_id: Annotated[str, StringConstraints(pattern=_UUID4)]
    user_id: Text
    timestamp: Stamp

    def document(self) -> dict[str, Any]:
        """The record as JSON has it; what was not given is left out."""
        return self.model_dump(mode="json", exclude_none=True)


class _Input(BaseSchema):
    """An input: null in an optional member counts as absent."""

    modality: Modality | None = None
    source: Text | None = None
    performer_id: Text | None = None

    @model_validator(mode="after")
    def _names_its_human(self) -> Self:
        if self.source is not None and self.performer_id is None and _HUMAN.match(self.source):
            raise ValueError(f"performer_id is needed where the source is a human's, as {self.source[:80]!r} is")
        return self


class SessionManagerStartInput(_Input):
    """What a caller sends to start a session; it has no session_id yet (E15)."""

    session_id: None = None


class SessionManagerEndInput(_Input):
    """What a caller sends to end a session."""

    session_id: Text
    end_time: Stamp | None = None


class WorkerMessage(_Input):
    """A message of a session to a worker (E17)."""

    session_id: Text
    message: dict[str, Any]


class _Output(BaseSchema):
    """A boundary event and its metadata."""

    session_id: Text
    source: Text = "session_manager"
    modality: Modality | None = None
    performer_id: Text | None = None


class SessionManagerStartOutput(_Output):
    """What a start is answered with; `expires_at` is when the session ends by itself (E8)."""

    start_time: Stamp | None = None
    expires_at: Stamp | None = None


class SessionManagerEndOutput(_Output):
    """What an end is answered with, and what is kept of an end by timeout."""

    start_time: Stamp | None = None
    end_time: Stamp | None = None
    end_reason: Text | None = None
