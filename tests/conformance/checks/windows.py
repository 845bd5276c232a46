"""Evidence of a session manager by hand, an exchange a line."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import scribe_data
from conformance.checks import all_checks
from conformance.evidence import Departure, Dimension, Evidence, Exchange, Facts, Label, Note, Request, Response
from conformance.run import grade_one
from conformance.vocabulary.operation import Credential, Operation

if TYPE_CHECKING:
    from conformance.vocabulary.journey import JourneyName

BASE = "http://sessions.example"
BEGAN = datetime(2026, 2, 3, 9, 30, tzinfo=UTC)
TEXT = scribe_data.load("session_manager")
USER = "user-1"


def stamp(seconds: float) -> str:
    return (BEGAN + timedelta(seconds=seconds)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def output(own_id: str, **changes: Any) -> dict[str, Any]:
    """What a service answers to a start or an end; None leaves a member out."""
    made = {
        "schema_version": "1.1.0",
        "record_id": "0f0e3b58-6a0c-4d53-9c83-5d6d0f7a1c11",
        "user_id": USER,
        "timestamp": stamp(0),
        "session_id": own_id,
        "source": "session_manager",
    } | changes
    return {name: value for name, value in made.items() if value is not None}


def line(kind: str, session_id: str, at: float = 0, **changes: Any) -> dict[str, Any]:
    """A line of a log."""
    return {"recorded_at": stamp(at), "event": {"event_type": f"sessions.{kind}", "session_id": session_id} | changes}


class Tape:
    """What was heard, in order, a second apart, judged by a text."""

    text = TEXT

    def __init__(self, *notes: Note, **facts: Any) -> None:
        self.facts = Facts(**{"base_url": BASE, "revision": self.text.revision} | facts)
        self.notes = notes
        self.exchanges: list[Exchange] = []
        self.dialect: list[Departure] = []
        self._records = 0
        self._waited = 0.0

    @property
    def evidence(self) -> Evidence:
        return Evidence(tuple(self.exchanges), self.facts, self.notes, text=self.text, dialect=tuple(self.dialect))

    def later(self, seconds: float) -> None:
        """Let so many seconds pass before what follows."""
        self._waited += seconds

    def heard(
        self, operation: Operation, status: int, document: Any = None, *, raw: bytes | None = None, **label: Any
    ) -> Exchange:
        """One exchange; `asked` is the body sent, `query` what stands in the URL, the rest goes into its label."""
        asked, query, path = label.pop("asked", None), label.pop("query", None), label.pop("path", "/x")
        headers = tuple(label.pop("headers", {}).items())
        number = len(self.exchanges) + 1
        sent = BEGAN + timedelta(seconds=number + self._waited)
        url = f"{BASE}{path}" + (f"?{urlencode(query)}" if query else "")
        body = json.dumps(asked).encode() if asked is not None else b""
        told = raw if raw is not None else json.dumps(document).encode() if document is not None else b""
        made = {"journey": "starts/origins"} | label
        x = Exchange(
            number,
            Label(operation, **made),
            Request("GET" if asked is None else "POST", url, (), body, len(body)),
            Response(status, headers, told),
            sent,
            sent + timedelta(seconds=0.5),
            0.5,
        )
        self.exchanges.append(x)
        return x

    def start(self, session_id: str | None, status: int = 200, *, user: str = USER, **label: Any) -> Exchange:
        """A start, and the output with this id."""
        asked = label.pop("asked", {"user_id": user, "record_id": "mine", "timestamp": stamp(0), "source": "system"})
        told = output(session_id, **{"record_id": self._record()} | label.pop("told", {})) if session_id else None
        return self.heard(Operation.CREATE, status, told, asked=asked, **{"session": session_id} | label)

    def end(self, session_id: str, status: int = 200, *, user: str = USER, **label: Any) -> Exchange:
        """An end of a session."""
        asked = label.pop("asked", {"user_id": user, "record_id": "mine", "session_id": session_id})
        told = output(session_id, **{"record_id": self._record()} | label.pop("told", {})) if status < 300 else None
        return self.heard(Operation.END, status, told, asked=asked, **{"session": session_id} | label)

    def export(self, *lines: Any, user: str = USER, **label: Any) -> Exchange:
        """The log of a user; a text is a line as it is."""
        raw = "".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines).encode()
        return self.heard(Operation.EXPORT, 200, raw=raw, query={"user_id": user}, **label)

    def replay(self, session_id: str, *lines: Any, **label: Any) -> Exchange:
        """The timeline of a session."""
        told = {"session_id": session_id, "timeline": list(lines)}
        return self.heard(Operation.GET, 200, told, query={"session_id": session_id}, **{"session": session_id} | label)

    def wants_end_time(self) -> None:
        """The run went along with a service that wants one."""
        self.dialect.append(Departure(Dimension.END, "It wants one.", "end_time", "untimed", "timed"))

    def _record(self) -> str:
        self._records += 1
        return f"0f0e3b58-6a0c-4d53-9c83-{self._records:012d}"

    def verdicts(self, requirement: str) -> tuple[str, str]:
        """The verdict of a requirement in the lenient and in the strict reading."""
        entry, checks = self.text.requirements[requirement], all_checks(self.text.profile)[requirement]
        return (
            grade_one(entry, checks, self.evidence, "lenient").verdict.value,
            grade_one(entry, checks, self.evidence, "strict").verdict.value,
        )


def of(journey: JourneyName, probe: str | None = None, credential: Credential = Credential.RIGHT) -> dict[str, Any]:
    """Parts of a label."""
    return {"journey": journey, "probe": probe, "credential": credential}
