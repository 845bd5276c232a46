"""The lifecycle of the sessions of prsm as a table."""

# Generated from lifecycle.yaml of spec/prsm/v1
# by `python -m scribe_data.generate`; edits are overwritten.

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mock_server.session.machine import Automaton


class State(StrEnum):
    """What a session can be."""

    QUEUED = "queued"
    INITIALIZING = "initializing"
    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    TIMEOUT = "timeout"


class Event(StrEnum):
    """What can happen to a session."""

    SESSION_REQUESTED = "session_requested"
    STARTED = "started"
    INITIALIZED = "initialized"
    PAUSE_REQUESTED = "pause_requested"
    RESUME_REQUESTED = "resume_requested"
    CANCEL_REQUESTED = "cancel_requested"
    WORK_DONE = "work_done"
    WORK_FAILED = "work_failed"
    DEADLINE_PASSED = "deadline_passed"


PRSM_V1: Final = Automaton(
    profile="prsm",
    revision="v1",
    moves={
        None: {Event.SESSION_REQUESTED: State.QUEUED},
        State.QUEUED: {
            Event.STARTED: State.INITIALIZING,
            Event.CANCEL_REQUESTED: State.CANCELLED,
            Event.WORK_FAILED: State.FAILED,
        },
        State.INITIALIZING: {
            Event.INITIALIZED: State.RUNNING,
            Event.CANCEL_REQUESTED: State.CANCELLED,
            Event.WORK_FAILED: State.FAILED,
            Event.DEADLINE_PASSED: State.TIMEOUT,
        },
        State.RUNNING: {
            Event.PAUSE_REQUESTED: State.PAUSED,
            Event.CANCEL_REQUESTED: State.CANCELLED,
            Event.WORK_DONE: State.COMPLETED,
            Event.WORK_FAILED: State.FAILED,
            Event.DEADLINE_PASSED: State.TIMEOUT,
        },
        State.PAUSED: {
            Event.RESUME_REQUESTED: State.RUNNING,
            Event.CANCEL_REQUESTED: State.CANCELLED,
        },
        State.COMPLETED: {},
        State.FAILED: {},
        State.CANCELLED: {},
        State.TIMEOUT: {},
    },
    terminal=frozenset({State.COMPLETED, State.FAILED, State.CANCELLED, State.TIMEOUT}),
    ranks={
        State.QUEUED: 0,
        State.INITIALIZING: 1,
        State.RUNNING: 2,
        State.PAUSED: 2,
        State.COMPLETED: 3,
        State.FAILED: 3,
        State.CANCELLED: 3,
        State.TIMEOUT: 3,
    },
    statuses={
        State.QUEUED: 200,
        State.INITIALIZING: 200,
        State.RUNNING: 200,
        State.PAUSED: 200,
        State.COMPLETED: 200,
        State.FAILED: 200,
        State.CANCELLED: 200,
        State.TIMEOUT: 200,
    },
)
MACHINES: Final = MappingProxyType({PRSM_V1.revision: PRSM_V1})
