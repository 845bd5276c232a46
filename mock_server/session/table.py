"""The session lifecycle (§6.1) as a table."""

# Generated from spec/medscribe/2026-01-27/lifecycle.yaml by `python -m scribe_data.generate`; edits are overwritten.

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping


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

    AUDIO_ACCEPTED = "audio_accepted"
    END_REQUESTED = "end_requested"
    ALL_SUCCEEDED = "all_succeeded"
    SOME_LOST = "some_lost"
    NOTHING_USABLE = "nothing_usable"
    DEADLINE_PASSED = "deadline_passed"


TERMINAL: Final[frozenset[State]] = frozenset({State.COMPLETED, State.PARTIAL, State.FAILED, State.EXPIRED})

# A status never falls to a lower rank.
RANK: Final[Mapping[State, int]] = {
    State.CREATED: 0,
    State.RECORDING: 1,
    State.PROCESSING: 2,
    State.COMPLETED: 3,
    State.PARTIAL: 3,
    State.FAILED: 3,
    State.EXPIRED: 3,
}

# Every state is here; what is not listed below it is refused in it.
TRANSITIONS: Final[Mapping[State, Mapping[Event, State]]] = {
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
    },
    State.COMPLETED: {},
    State.PARTIAL: {},
    State.FAILED: {},
    State.EXPIRED: {},
}
