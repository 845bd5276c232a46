"""The lifecycle of the sessions of dalston as a table."""

# Generated from lifecycle.yaml of spec/dalston/2026-02-11, 2026-08
# by `python -m scribe_data.generate`; edits are overwritten.

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from mock_server.session.machine import Automaton


class State(StrEnum):
    """What a session can be."""

    ACTIVE = "active"
    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    ERROR = "error"
    DELETED = "deleted"


class Event(StrEnum):
    """What can happen to a session."""

    CONNECTED = "connected"
    END_REQUESTED = "end_requested"
    CONNECTION_LOST = "connection_lost"
    WORK_FAILED = "work_failed"
    DELETE_REQUESTED = "delete_requested"


DALSTON_2026_02_11: Final = Automaton(
    profile="dalston",
    revision="2026-02-11",
    moves={
        None: {Event.CONNECTED: State.ACTIVE},
        State.ACTIVE: {
            Event.END_REQUESTED: State.COMPLETED,
            Event.CONNECTION_LOST: State.INTERRUPTED,
            Event.WORK_FAILED: State.ERROR,
        },
        State.COMPLETED: {Event.DELETE_REQUESTED: State.DELETED},
        State.INTERRUPTED: {Event.DELETE_REQUESTED: State.DELETED},
        State.ERROR: {Event.DELETE_REQUESTED: State.DELETED},
        State.DELETED: {},
    },
    terminal=frozenset({State.COMPLETED, State.INTERRUPTED, State.ERROR, State.DELETED}),
    ranks={
        State.ACTIVE: 0,
        State.COMPLETED: 1,
        State.INTERRUPTED: 1,
        State.ERROR: 1,
        State.DELETED: 2,
    },
    statuses={
        State.ACTIVE: 200,
        State.COMPLETED: 200,
        State.INTERRUPTED: 200,
        State.ERROR: 200,
        State.DELETED: 404,
    },
)
DALSTON_2026_08: Final = Automaton(
    profile="dalston",
    revision="2026-08",
    moves={
        None: {Event.CONNECTED: State.ACTIVE},
        State.ACTIVE: {
            Event.END_REQUESTED: State.COMPLETED,
            Event.CONNECTION_LOST: State.INTERRUPTED,
            Event.WORK_FAILED: State.ERROR,
        },
        State.COMPLETED: {Event.DELETE_REQUESTED: State.DELETED},
        State.INTERRUPTED: {Event.DELETE_REQUESTED: State.DELETED},
        State.ERROR: {Event.DELETE_REQUESTED: State.DELETED},
        State.DELETED: {},
    },
    terminal=frozenset({State.COMPLETED, State.INTERRUPTED, State.ERROR, State.DELETED}),
    ranks={
        State.ACTIVE: 0,
        State.COMPLETED: 1,
        State.INTERRUPTED: 1,
        State.ERROR: 1,
        State.DELETED: 2,
    },
    statuses={
        State.ACTIVE: 200,
        State.COMPLETED: 200,
        State.INTERRUPTED: 200,
        State.ERROR: 200,
        State.DELETED: 404,
    },
)
MACHINES: Final = MappingProxyType({machine.revision: machine for machine in (DALSTON_2026_02_11, DALSTON_2026_08)})
