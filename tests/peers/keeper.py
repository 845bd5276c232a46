"""A session manager of its own making: open to everybody, below a prefix, its log a file of flat lines."""

from __future__ import annotations

import json
import re
import secrets
import uuid
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from scribe_data.nesting import loads

from .exchange import Answer, Call, Refusal, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CLOCK_PATH, RESTART_PATH = "/_peer/clock", "/_peer/restart"
_STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")
NEEDED = ("schema_version", "record_id", "user_id", "timestamp")


class Keeper:
    """A server that keeps every rule of the text, and has an answer of its own wherever there is none."""

    root: ClassVar[str] = "/session_manager"
    has_clock = True
    limit = timedelta(minutes=30)
    wrong_input = 400
    second_end = 400
    people_named = True
    #: Whether a start while its user has a session open answers that one's id.
    reuses = False

    def __init__(self, log: Path) -> None:
        self._log = log
        self._moved = timedelta()
        self.wake()

    def wake(self) -> None:
        """Begin as a process does: what is known is read from the log."""
        #: Session -> its user, its start, and whether it has ended.
        self.sessions: dict[str, tuple[str, datetime, bool]] = {}
        for line in self.lines():
            self.remember(line)

    # What it keeps

    def now(self) -> datetime:
        return datetime.now(UTC) + self._moved

    def lines(self) -> Iterator[dict[str, Any]]:
        if self._log.exists():
            yield from map(json.loads, self._log.read_text().splitlines())

    def remember(self, line: dict[str, Any]) -> None:
        name = line["session_id"]
        if line["kind"] == "session_started":
            self.sessions[name] = (line["user_id"], datetime.fromisoformat(line["timestamp"]), False)
        elif name in self.sessions:
            self.sessions[name] = (*self.sessions[name][:2], True)

    def record(self, kind: str, **members: Any) -> dict[str, Any]:
        """Write a line, and answer the output that goes with it."""
        output = self.output(**members)
        line = {"kind": kind, **output}
        with self._log.open("a") as file:
            file.write(json.dumps(line) + "\n")
        self.remember(line)
        return output

    def output(self, **members: Any) -> dict[str, Any]:
        told = {"schema_version": "1.1.0", "record_id": str(uuid.uuid4()), "source": "session_manager"}
        return {**told, "timestamp": stamp(self.now()), **members}

    def settle(self) -> None:
        """End what has been open for too long, the oldest first."""
        for name, (user, since, over) in list(self.sessions.items()):
            if not over and self.now() >= since + self.limit:
                self.record("session_ended", session_id=name, user_id=user, why="left alone")

    # What it answers

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        call = await read(scope, receive)
        try:
            answer = self.answered(call)
        except Refusal as refusal:
            answer = Answer(refusal.status, {"detail": refusal.message})
        await write(send, answer)

    def answered(self, call: Call) -> Answer:
        known = self.routes()
        if (call.method, call.path) not in known:
            raise Refusal(404, "", "Not Found")
        self.settle()
        return known[call.method, call.path](call)

    def routes(self) -> dict[tuple[str, str], Callable[[Call], Answer]]:
        return {
            ("POST", f"{self.root}/sessions.start"): self.start,
            ("POST", f"{self.root}/sessions.end"): self.end,
            ("GET", f"{self.root}/sessions.replay"): self.replay,
            ("GET", f"{self.root}/sessions.export"): self.export,
            ("GET", CLOCK_PATH): self.clock,
            ("POST", CLOCK_PATH): self.clock,
            ("POST", RESTART_PATH): self.restart,
        }

    def given(self, call: Call, *needed: str) -> dict[str, Any]:
        """The input of a call, once nothing is wrong with it."""
        try:
            told = loads(call.body)
        except ValueError:
            told = None
        if not isinstance(told, dict):
            raise Refusal(self.wrong_input, "", "an object is wanted")
        for name in (*NEEDED, *needed):
            if not isinstance(told.get(name), str) or not told[name]:
                raise Refusal(self.wrong_input, "", f"{name} is needed")
        if not is_stamp(told["timestamp"]):
            raise Refusal(self.wrong_input, "", "timestamp is UTC with milliseconds and Z")
        if self.people_named and told.get("source") in ("ui", "caregiver") and not told.get("performer_id"):
            raise Refusal(self.wrong_input, "", "performer_id is needed of a person")
        return told

    def start(self, call: Call) -> Answer:
        user = self.given(call)["user_id"]
        mine = (name for name, (whose, _, over) in self.sessions.items() if whose == user and not over)
        open_ = next(mine, None) if self.reuses else None
        if open_ is not None:
            return Answer(200, self.output(session_id=open_, user_id=user))
        return Answer(200, self.record("session_started", session_id=secrets.token_urlsafe(12), user_id=user))

    def end(self, call: Call) -> Answer:
        told = self.given(call, "session_id")
        name = told["session_id"]
        if name not in self.sessions:
            raise Refusal(404, "", "nobody started this")
        user, _, over = self.sessions[name]
        if user != told["user_id"]:
            raise Refusal(403, "", "this is somebody else's")
        if over:
            raise Refusal(self.second_end, "", "this is over")
        return Answer(200, self.record("session_ended", session_id=name, user_id=user))

    def replay(self, call: Call) -> Answer:
        name = asked(call, "session_id")
        if name not in self.sessions:
            raise Refusal(404, "", "nobody started this")
        return Answer(200, {"events": [line for line in self.lines() if line["session_id"] == name]})

    def export(self, call: Call) -> Answer:
        user = asked(call, "user_id")
        text = "".join(json.dumps(line) + "\n" for line in self.lines() if line["user_id"] == user)
        return Answer(200, body=text.encode(), headers={"content-type": "application/jsonl"})

    def clock(self, call: Call) -> Answer:
        if call.method == "POST":
            self._moved += timedelta(seconds=json.loads(call.body)["advance_seconds"])
        return Answer(200, {"now": stamp(self.now())})

    def restart(self, _call: Call) -> Answer:
        self.wake()
        return Answer(200, {})


class Reusing(Keeper):
    """The same with one open session a user."""

    reuses = True


def asked(call: Call, name: str) -> str:
    found = parse_qs(call.query).get(name)
    if not found:
        raise Refusal(400, "", f"{name} is needed")
    return found[0]


def stamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_stamp(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return _STAMP.fullmatch(text) is not None
