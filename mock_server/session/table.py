"""The session lifecycle (§6.1) as a table."""

# Generated from spec/medscribe/2026-01-27/lifecycle.yaml by `python -m scribe_data.generate`; edits are overwritten.

from __future__ import annotations

from enum import StrEnum
from typing import Final

from mock_server.session.machine import Machine


class State(StrEnum):
    """What a session can be."""

    CREATED = "created"
    RECORDING = "recording"
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    FAILED = "failed"
    EXPIRED = "expired"


class Event(StrEnum):
    """What can happen to a session."""

    SESSION_REQUESTED = "session_requested"
    AUDIO_ACCEPTED = "audio_accepted"
    END_REQUESTED = "end_requested"
    ALL_SUCCEEDED = "all_succeeded"
    SOME_LOST = "some_lost"
    NOTHING_USABLE = "nothing_usable"
    DEADLINE_PASSED = "deadline_passed"


MEDSCRIBE_2026_01_27: Final = Machine(
    profile="medscribe",
    revision="2026-01-27",
    moves={
        None: {Event.SESSION_REQUESTED: State.CREATED},
        State.CREATED: {
            Event.AUDIO_ACCEPTED: State.RECORDING,
            Event.END_REQUESTED: State.PROCESSING,
            Event.DEADLINE_PASSED: State.EXPIRED,
        },
        State.RECORDING: {
            Event.AUDIO_ACCEPTED: State.RECORDING,
            Event.END_REQUESTED: State.PROCESSING,
            Event.DEADLINE_PASSED: State.EXPIRED,
        },
        State.PROCESSING: {
            Event.ALL_SUCCEEDED: State.COMPLETED,
            Event.SOME_LOST: State.PARTIAL,
            Event.NOTHING_USABLE: State.FAILED,
            Event.END_REQUESTED: State.PROCESSING,
        },
        State.COMPLETED: {},
        State.PARTIAL: {},
        State.FAILED: {},
        State.EXPIRED: {},
    },
    terminal=frozenset({State.COMPLETED, State.PARTIAL, State.FAILED, State.EXPIRED}),
    ranks={
        State.CREATED: 0,
        State.RECORDING: 1,
        State.PROCESSING: 2,
        State.COMPLETED: 3,
        State.PARTIAL: 3,
        State.FAILED: 3,
        State.EXPIRED: 3,
    },
    statuses={
        State.CREATED: 202,
        State.RECORDING: 202,
        State.PROCESSING: 202,
        State.COMPLETED: 200,
        State.PARTIAL: 206,
        State.FAILED: 200,
        State.EXPIRED: 410,
    },
)
