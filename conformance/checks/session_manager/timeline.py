"""What the log of a service shows of sessions: exports and replays, in whatever wrapping they have (E13, E21)."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs, urlsplit

from conformance.checks.once import once
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from conformance.evidence import Evidence, Exchange

START: Final = "start"
END: Final = "end"
#: Members that may say which boundary a record is of.
_KINDS = ("event_type", "type", "event", "action", "kind", "name")
#: The words services have for the two boundaries, whatever stands before and behind them.
_WORDS = {
    kind: re.compile(rf"(?:^|[^a-z])(?:{words})(?:[^a-z]|$)")
    for kind, words in {
        START: "start(?:s|ed)?|begins?|began|begun|open(?:s|ed)?|creat(?:e|es|ed)",
        END: "end(?:s|ed)?|clos(?:e|es|ed)|stop(?:s|ped)?|finish(?:es|ed)?|terminated?|expired?|timeout|timed_out",
    }.items()
}
#: Members that may hold the records of a document.
_LISTS = ("timeline", "events", "records", "lines")
#: Members that may say when a record was made, the service's own first (E10).
_STAMPS = ("recorded_at", "logged_at", "timestamp", "time", "ts")


@dataclass(frozen=True)
class Record:
    """One record of a log: its JSON value, or None for a line that is none."""

    raw: str
    value: Any

    @property
    def event(self) -> dict[str, Any]:
        """The boundary event, out of its wrapping."""
        if not isinstance(self.value, dict):
            return {}
        inner = next((self.value[name] for name in ("event", "record") if isinstance(self.value.get(name), dict)), None)
        return inner if inner is not None else self.value

    @property
    def session_id(self) -> str | None:
        """The session it is of."""
        told = self.event.get("session_id", self.value.get("session_id") if isinstance(self.value, dict) else None)
        return told if isinstance(told, str) else None

    @property
    def kind(self) -> str | None:
        """Which boundary it is of; None where no word says so."""
        places = (self.event, self.value if isinstance(self.value, dict) else {})
        words = [place[name] for place in places for name in _KINDS if isinstance(place.get(name), str)]
        return next((kind for word in words for kind, said in _WORDS.items() if said.search(_apart(word))), None)

    @property
    def stamp(self) -> object:
        """When it was made, by the first member that says so."""
        places = (self.value if isinstance(self.value, dict) else {}, self.event)
        return next((place[name] for name in _STAMPS for place in places if name in place), None)

    @property
    def stamps(self) -> Iterator[tuple[str, object]]:
        """Its stamps by the name of their member; what a caller sent is the caller's."""
        for place in (self.value, self.event):
            yield from ((name, place[name]) for name in _STAMPS[:3] if isinstance(place, dict) and name in place)


@dataclass(frozen=True)
class Look:
    """One look at a log: all of a user's, or one session's."""

    x: Exchange
    records: tuple[Record, ...]
    #: Whether these are lines.
    lines: bool
    user: str | None = None
    session_id: str | None = None
    #: By which credential: those of two clients may have a user of one name each.
    caller: tuple[str | None, ...] = ()

    @property
    def subject(self) -> tuple[object, ...]:
        """Whose log it is."""
        return self.user, self.session_id, self.caller

    def of(self, session_id: str) -> list[Record]:
        """The records of a session, in their order."""
        return [record for record in self.records if record.session_id == session_id]


def _apart(word: str) -> str:
    """A word in lower case, what capitals set apart with a sign between."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()


def _asked(x: Exchange, name: str) -> str | None:
    return next(iter(parse_qs(urlsplit(x.request.url).query).get(name, ())), None)


def _caller(evidence: Evidence, x: Exchange) -> tuple[str | None, ...]:
    headers = dict.fromkeys(each.header for each in evidence.text.protocol.credentials.values())
    return tuple(x.request.header(name) for name in headers)


def _listed(value: object) -> list[Any] | None:
    if isinstance(value, dict):
        return next((value[name] for name in _LISTS if isinstance(value.get(name), list)), None)
    return value if isinstance(value, list) else None


def _line(raw: str) -> Record:
    try:
        return Record(raw, loads(raw))
    except ValueError:
        return Record(raw, None)


def _records(x: Exchange) -> tuple[tuple[Record, ...], bool]:
    """The records of an answer, and whether they are lines."""
    assert x.response is not None
    found = _listed(x.response.json)
    if found is not None:
        return tuple(Record(json.dumps(value), value) for value in found), False
    text = x.response.body.decode("utf-8", "replace")
    return tuple(_line(raw) for raw in text.split("\n") if raw.strip()), True


def _is_hidden(evidence: Evidence, x: Exchange, asked: str | None) -> bool:
    """Whether what was asked for may stand for another name: in what others recorded, no start has it."""
    return "entry" in x.notes and asked not in _started(evidence)


@once
def _started(evidence: Evidence) -> frozenset[object]:
    """The users and sessions that starts name."""
    starts = list(evidence.select(Operation.CREATE))
    users = (x.request.json.get("user_id") for x in starts if isinstance(x.request.json, dict))
    told = (*users, *(x.document.get("session_id") for x in starts))
    return frozenset(each for each in told if isinstance(each, str))


@once
def looks(evidence: Evidence) -> Sequence[Look]:
    """Every look at the log that was answered, in the order of sending."""
    found = []
    for operation, name in ((Operation.EXPORT, "user_id"), (Operation.GET, "session_id")):
        for x in evidence.select(operation, credential=Credential.RIGHT):
            asked = _asked(x, name)
            if x.accepted and "size" not in x.notes and not _is_hidden(evidence, x, asked):
                records, lines = _records(x)
                about = {"user": asked} if operation == Operation.EXPORT else {"session_id": asked}
                found.append(Look(x, records, lines, **about, caller=_caller(evidence, x)))
    return tuple(sorted(found, key=lambda look: look.x.number))


def exports(evidence: Evidence, *, restarted: bool = False) -> list[Look]:
    """The looks at whole users; those around a restart, or all others."""
    return [look for look in undisturbed(evidence, restarted=restarted) if look.user is not None]


def undisturbed(evidence: Evidence, *, restarted: bool = False) -> list[Look]:
    """The looks around a restart, or all others: what a restart loses is a matter of its own."""
    return [look for look in looks(evidence) if (look.x.label.journey == JourneyName.ENDS_RESTART) is restarted]


@dataclass(frozen=True)
class Window:
    """A session as its requests tell it: the start that was taken, and every end of it that was."""

    session_id: str
    user: str
    started: Exchange
    ends: tuple[Exchange, ...]
    #: By which credential it was started.
    caller: tuple[str | None, ...] = ()

    @property
    def source(self) -> str | None:
        """Where its start said it came from."""
        told = self.started.request.json
        return told.get("source") if isinstance(told, dict) else None


@once
def windows(evidence: Evidence) -> Sequence[Window]:
    """The sessions of valid starts, but for those whose id is another's too: of these nothing can be told apart."""
    starts = [x for x in evidence.select(Operation.CREATE, valid=True) if x.accepted]
    ids = [x.document.get("session_id") for x in starts]
    ends: dict[object, list[Exchange]] = {}
    for x in evidence.exchanges:
        if x.label.operation == Operation.END and x.accepted and isinstance(x.request.json, dict):
            ends.setdefault(x.request.json.get("session_id"), []).append(x)
    return tuple(
        Window(
            session_id,
            str(x.request.json.get("user_id")),
            x,
            tuple(ends.get(session_id, ())),
            _caller(evidence, x),
        )
        for x, session_id in zip(starts, ids, strict=True)
        if isinstance(session_id, str) and ids.count(session_id) == 1 and isinstance(x.request.json, dict)
    )
