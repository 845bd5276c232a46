"""The lifecycle of the sessions of medscribe as a table."""

# Generated from lifecycle.yaml of spec/medscribe/2026-01-19, 2026-01-27, 2026-01-29
# by `python -m scribe_data.generate`; edits are overwritten.

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
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


MEDSCRIBE_2026_01_19: Final = Machine(
    profile="medscribe",
    revision="2026-01-19",
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
            Event.SOME_LOST: State.COMPLETED,
            Event.NOTHING_USABLE: State.FAILED,
            Event.END_REQUESTED: State.PROCESSING,
        },
        State.COMPLETED: {},
        State.FAILED: {},
        State.EXPIRED: {},
    },
    terminal=frozenset({State.COMPLETED, State.FAILED, State.EXPIRED}),
    ranks={
        State.CREATED: 0,
        State.RECORDING: 1,
        State.PROCESSING: 2,
        State.COMPLETED: 3,
        State.FAILED: 3,
        State.EXPIRED: 3,
    },
    statuses={
        State.CREATED: 200,
        State.RECORDING: 200,
        State.PROCESSING: 200,
        State.COMPLETED: 200,
        State.FAILED: 200,
        State.EXPIRED: 410,
    },
    late_audio="invalid_request",
)
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
    late_audio="session_ended",
)
MEDSCRIBE_2026_01_29: Final = Machine(
    profile="medscribe",
    revision="2026-01-29",
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
    late_audio="session_ended",
)
MACHINES: Final = MappingProxyType(
    {machine.revision: machine for machine in (MEDSCRIBE_2026_01_19, MEDSCRIBE_2026_01_27, MEDSCRIBE_2026_01_29)}
)
