"""A session as its lines tell it, held to the lifecycle of the spec."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import scribe_data
from mock_server.log.line import START, TIMEOUT
from scribe_data.generate import core_moves
from scribe_data.model import NONE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_server.log.line import Line


class Disorder(ValueError):  # noqa: N818 - it is said of what was read
    """Lines that no session of the lifecycle leaves; `number` counts them from 1."""

    def __init__(self, number: int, reason: str) -> None:
        super().__init__(reason)
        self.number = number


@dataclass(frozen=True)
class Window:
    """A session: whose it is, where it stands, and the stamps of its bounds; `recorded_at` is that of its last line."""

    session_id: str
    user_id: str
    state: str
    started_at: str
    expires_at: str
    recorded_at: str
    ended_at: str | None = None
    end_reason: str | None = None

    @property
    def ended(self) -> bool:
        """Whether nothing can happen to it any more."""
        return not _moves()[self.state]


def prepare() -> None:
    """Read the lifecycle now, which takes a moment, rather than when somebody waits."""
    _moves()
    _first()


@functools.cache
def _moves() -> Mapping[str, Mapping[str, str]]:
    return core_moves(scribe_data.load("session_manager").lifecycle)


@functools.cache
def _first() -> str:
    """The state that a session begins in."""
    lifecycle = scribe_data.load("session_manager").lifecycle
    return next(step.target for step in lifecycle.transitions.values() if NONE in step.sources and step.target != NONE)


def states() -> tuple[tuple[str, ...], frozenset[str]]:
    """The states of a session in the order of the lifecycle, and those in which nothing can happen to it any more."""
    names = tuple(scribe_data.load("session_manager").lifecycle.states)
    return names, frozenset(name for name in names if not _moves()[name])


def begun(line: Line) -> Window:
    """The session that a start record begins; raises Disorder for another record."""
    event = line.event
    if line.kind != START:
        raise Disorder(1, "the first record is not a start")
    return Window(
        session_id=event["session_id"],
        user_id=event["user_id"],
        state=_first(),
        started_at=event["start_time"],
        expires_at=event["expires_at"],
        recorded_at=line.recorded_at,
    )


def followed(window: Window, line: Line, number: int = 2) -> Window:
    """The session after a further record; raises Disorder for one that cannot follow."""
    event = line.event
    if line.kind == START:
        raise Disorder(number, "a second start record")
    if (event["session_id"], event["user_id"]) != (window.session_id, window.user_id):
        raise Disorder(number, "a record of another session")
    if line.recorded_at < window.recorded_at:
        raise Disorder(number, f"{line.recorded_at} is before the record above it, {window.recorded_at}")
    reason = event["end_reason"]
    target = _moves()[window.state].get("deadline_passed" if reason == TIMEOUT else "end_requested")
    if target is None:
        raise Disorder(number, f"a record behind the end: the session is {window.state}")
    ended_at, recorded_at = event["end_time"], line.recorded_at
    return replace(window, state=target, recorded_at=recorded_at, ended_at=ended_at, end_reason=reason)


def told(lines: Sequence[Line]) -> Window:
    """The session that a file's lines tell of; raises Disorder."""
    window = begun(lines[0])
    records = {lines[0].event["record_id"]}
    for number, line in enumerate(lines[1:], 2):
        window = followed(window, line, number)
        if line.event["record_id"] in records:
            raise Disorder(number, "the record_id of an earlier record")
        records.add(line.event["record_id"])
    return window
