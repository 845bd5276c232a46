"""What the router of sessions is asked and tells, as models."""

# Annotations are read by Pydantic when the models are made.
from typing import Annotated, Any

from pydantic import BaseModel, Field

from mock_server.api.control.models import Given, JournalRow, Moment, Own
from mock_server.api.order import LONGEST_ID

#: Sessions of a page, if not told otherwise and at most, and characters that are looked for.
_USUAL, _MOST, _LONGEST = 50, 200, 200


class EntryTold(BaseModel):
    """A session as a list shows it; times are those of the namespace's clock."""

    session_id: str
    profile: str
    state: str
    final: bool = Field(description="nothing can happen to it any more")
    created_at: Moment
    ended_at: Moment | None
    due_at: Moment | None = Field(description="when its time is up if nothing happens")
    about: str = Field(description="its templates, its user, or what is asked")
    engine: str | None = Field(description="what heard it")
    files: int
    size: int = Field(description="bytes of audio")
    audio_s: float | None = Field(description="what the audio lasts, where that was measured")
    utterances: int | None = Field(description="how often somebody speaks in the transcript")


class PageTold(Own):
    """A page of sessions, latest first."""

    sessions: list[EntryTold]
    next: str | None = Field(description="what `after` has to be for the next page")
    total: dict[str, int] = Field(description="profile -> sessions in all")
    states: dict[str, list[str]] = Field(description="profile -> its states")


class Wanted(Given):
    """Which sessions are asked for."""

    profile: str | None = Field(None, max_length=LONGEST_ID, description="one of those that are served")
    state: str | None = Field(None, max_length=LONGEST_ID, description="one of those of its lifecycle")
    q: str = Field("", max_length=_LONGEST, description="words in its id, what was asked, its user or transcript")
    after: str | None = Field(None, max_length=_LONGEST, description="`next` of the page before")
    limit: Annotated[int, Field(ge=1, le=_MOST, strict=False)] = _USUAL


class FileTold(BaseModel):
    """A file of audio of a session; its number is its place in the list, from 0."""

    name: str
    content_type: str = Field(description="as its client called it")
    size: int
    sha256: str
    received_at: Moment
    audio_s: float | None


class SightTold(Own):
    """All that is kept of a session."""

    session: EntryTold
    files: list[FileTold]
    detail: dict[str, Any] = Field(description="what only its profile has")
    journal: list[JournalRow] = Field(description="the last 500 lines")
    lines: int = Field(description="how many there are")
    removable: bool
    stays_because: str | None = Field(description="why it cannot be removed now")


class RemovedTold(Own):
    """What was removed."""

    removed: str
