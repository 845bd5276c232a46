"""The mock as one test has it: where it is, a key of its own, and the gestures that steer it."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds a wait lasts unless a test says otherwise, and what the server takes at most.
_WAIT_S: Final = 30.0
#: Requests a failure shows, the last ones.
_SHOWN: Final = 40
#: Names that a refusal lists in its message; more of them are in its details.
_NAMED: Final = 12


#: A session by its id, or as its create was answered.
Named: TypeAlias = str | Mapping[str, Any]


class Refused(Exception):  # noqa: N818 - it is the mock's answer
    """The mock does not do what a test asked of it; the message says why, and what would be right."""

    def __init__(self, status: int, message: str, details: Mapping[str, Any]) -> None:
        super().__init__(message)
        self.status = status
        self.details = details


class NotOffered(Refused):
    """The server was started with options that leave out what a test asked of it."""


class NotReached(AssertionError):  # noqa: N818 - it is what a test asserts
    """A session is not in the state that a test waited for."""


class Unexpected(AssertionError):  # noqa: N818 - it is what a test asserts
    """The client did not send what a test expected; the message says what differs, a line each."""


def own_key() -> str:
    """A key whose namespace nobody else has, in this run or another on the same server."""
    return f"sk_test_t{uuid.uuid4().hex[:16]}_emr"


class Line(Protocol):
    """How the control plane is asked: `send` answers with status and body; `strangers` are requests without a key."""

    def send(self, method: str, path: str, key: str, body: bytes | None) -> tuple[int, bytes]:
        """One request."""

    def strangers(self) -> list[str]:
        """A line for each request of nobody that was refused since the line was opened."""


class Clock:
    """The time of the test's namespace."""

    def __init__(self, ask: Callable[..., dict[str, Any]]) -> None:
        self._ask = ask
        #: What was due when the clock was set last, in the order in which it was: at, session_id, event.
        self.happened: list[dict[str, Any]] = []

    def now(self) -> datetime:
        """What time it is there, UTC."""
        return datetime.fromisoformat(self._ask("GET", "clock")["now"])

    def advance(self, by: float | timedelta) -> datetime:
        """Move it forwards, by seconds or a timedelta; returns the time it is then."""
        __tracebackhide__ = True
        return self._set(advance_seconds=by.total_seconds() if isinstance(by, timedelta) else by)

    def freeze(self) -> datetime:
        """Let it stand still until it is moved; returns the time it shows."""
        return self._set(mode="frozen")

    def scale(self, factor: float) -> datetime:
        """Let it go so many seconds for each of the machine's; returns the time it is."""
        return self._set(mode="scaled", factor=factor)

    def _set(self, **order: Any) -> datetime:
        __tracebackhide__ = True
        told = self._ask("POST", "clock", order)
        self.happened = told["happened"]
        return datetime.fromisoformat(told["now"])


class Mock:
    """A namespace of the mock that nobody else has; `url` and `api_key` are for the client under test."""

    def __init__(self, url: str, api_key: str, line: Line) -> None:
        self.url = url
        self.api_key = api_key
        self._line = line
        self._cleared = False
        self._others: list[Mock] = []
        self.clock = Clock(self._ask)

    @property
    def base_url(self) -> str:
        """The root of the protocol's operations, as discovery tells it."""
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[dict[str, Any]]:
        """What came so far, oldest first: operation, method, path, status, session, and why it was refused."""
        found: list[dict[str, Any]] = self._ask("GET", "requests")["requests"]
        return found

    @property
    def armed(self) -> list[dict[str, Any]]:
        """The scenarios that wait for their requests or sessions."""
        found: list[dict[str, Any]] = self._ask("GET", "scenarios")["armed"]
        return found

    def other(self) -> Mock:
        """A second client of the same server, with a key and a namespace of its own; it ends with the test, too."""
        self._others.append(Mock(self.url, own_key(), self._line))
        return self._others[-1]

    def scenario(self, name: str, on: str | Mapping[str, Any] | None = None, **parameters: Any) -> None:
        """Arm a scenario; `on` is an operation, or all that the control plane takes; raises Refused.

        `scenario("throttled", on={"operation": "upload", "times": 2}, retry_after=1)`. One that is about sessions and
        says nothing of them meets the next.
        """
        __tracebackhide__ = True
        if on is not None and not isinstance(on, str | Mapping):
            told = "`on` is the name of an operation or an object such as {'operation': 'upload', 'times': 2}"
            raise Refused(400, f"{told}, not {on!r}.", {"field": "on"})
        asked = {"operation": on} if isinstance(on, str) else dict(on or {})
        self._ask("POST", "scenarios", {"scenario": name, "parameters": parameters, "on": asked})

    def clear(self, session: Named | None = None) -> None:
        """Disarm all, or what is for one session, and let work begin that is held."""
        __tracebackhide__ = True
        self._ask("DELETE", f"scenarios?session={quote(_id(session), safe='')}" if session else "scenarios")

    def transcript(self, text: str, session: Named = "next", language: str | None = None) -> None:
        """Choose what a session's transcript is: of the next one, or of one that is not ended; raises Refused."""
        __tracebackhide__ = True
        self._ask("POST", "transcripts", {"text": text, "session": _id(session), "language": language})

    def wait_for(self, session: Named, state: str, seconds: float = _WAIT_S) -> None:
        """Return once a session is in a state; raises NotReached after so many real seconds, at most 60.

        A session is named by its id, or by what its create was answered with.
        """
        __tracebackhide__ = True
        query = urlencode({"session": _id(session), "state": state, "seconds": seconds})
        try:
            self._ask("GET", f"wait?{query}")
        except Refused as refused:
            if refused.status in (408, 409):
                raise NotReached(str(refused)) from None
            raise

    def vary(self, seed: int, reading: str = "strict") -> dict[str, Any]:
        """Draw what the text leaves open from a seed; returns all that is chosen, by name; raises Refused.

        The reading "lenient" also draws what only some part of the text allows, such as another place of discovery.
        """
        __tracebackhide__ = True
        chosen: dict[str, Any] = self._ask("POST", "choices", {"seed": seed, "reading": reading})["choices"]
        return chosen

    def choose(self, **choices: Any) -> dict[str, Any]:
        """Choose what the text leaves open by name, as `scribe-mock choices` lists it; returns all; raises Refused."""
        __tracebackhide__ = True
        chosen: dict[str, Any] = self._ask("POST", "choices", {"choices": choices})["choices"]
        return chosen

    @property
    def traffic(self) -> dict[str, Any]:
        """What came and went so far, as an HTTP Archive (HAR 1.2) without keys and audio."""
        return self._ask("GET", "traffic")

    def verify(self, *expect: Mapping[str, Any], session: Named | None = None) -> None:
        """Raise Unexpected where the client did not do what is expected, and Refused for words that are not known.

        `verify({"operation": "end", "times": 1, "after": "upload"}, {"operation": "get", "not_faster_than": 1.0})`.
        """
        __tracebackhide__ = True
        if any(not isinstance(each, Mapping) for each in expect):
            raise Refused(400, "Each expectation is an argument: verify({…}, {…}), not verify([{…}, {…}]).", {})
        told = self._ask("POST", "verify", {"expect": list(expect)} | ({"session": _id(session)} if session else {}))
        if not told["ok"]:
            raise Unexpected("\n".join(told["differs"]))

    def journal(self, session: Named) -> list[dict[str, Any]]:
        """What happened to a session, oldest first."""
        __tracebackhide__ = True
        found: list[dict[str, Any]] = self._ask("GET", f"journal/{quote(_id(session), safe='')}")["journal"]
        return found

    def reset(self) -> None:
        """Remove all that the namespace has: sessions, scenarios, time and requests."""
        self._ask("POST", "reset")
        self._cleared = True

    def close(self) -> None:
        """Remove all that the namespaces of a test have; a faithful server has nothing that could remove it."""
        for each in (self, *self._others):
            with suppress(NotOffered):
                each.reset()

    def _seen(self) -> list[str]:
        """A line for each of the last requests of this client, and one for those before."""
        seen = self.requests
        lines = [_shown(each) for each in seen[-_SHOWN:]]
        if len(seen) > _SHOWN:
            lines.insert(0, f"({len(seen) - _SHOWN} requests before these)")
        if self._cleared:
            lines.insert(0, "(reset() removed all that came before)")
        return lines

    def told(self) -> str:
        """What came, why it was refused, and what was arranged for it, for the report of a failed test."""
        lines = self._seen()
        lines += [f"without a valid key: {line}" for line in self._line.strangers()[-_SHOWN:]]
        lines = lines or ["Nothing came to the mock with this test's key."]
        with suppress(NotOffered):
            lines += [f"armed, and met by no request so far: {_armed(each)}" for each in self.armed]
            differs = self._differs()
            lines += [f"chosen otherwise than by default: {differs}"] if differs else []
        for number, each in enumerate(self._others, 1):
            lines += [f"other client {number}: {line}" for line in each._seen()]  # noqa: SLF001 - one of its own kind
        return "\n".join(lines)

    def _differs(self) -> str:
        """What vary() and choose() made of what the text leaves open, as far as it is not the default."""
        told = self._ask("GET", "choices")
        default = {each["name"]: each["default"] for each in told["catalogue"]}
        chosen = {name: value for name, value in told["choices"].items() if value != default.get(name)}
        return ", ".join(f"{name}={value!r}" for name, value in chosen.items())

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        __tracebackhide__ = True
        sent = None if body is None else json.dumps(body).encode()
        status, content = self._line.send(method, f"/_mock/v1/{path}", self.api_key, sent)
        told: dict[str, Any] = json.loads(content)
        if status < 400:
            return told
        error = told["error"]
        if status == 404 and error["message"].startswith("There is no resource at '/_mock/"):
            raise NotOffered(status, _lacking(path), {})
        details = error.get("details") or {}
        known = details.get("known") or ()
        named = any(str(each) in error["message"] for each in known)
        hint = f" There are: {', '.join(map(str, known))}." if 0 < len(known) <= _NAMED and not named else ""
        raise Refused(status, error["message"] + hint, details)


def _id(session: Named) -> str:
    found = session if isinstance(session, str) else session.get("session_id")
    if not isinstance(found, str):
        raise Refused(400, "A session is its id, or the answer to its create, which has a session_id.", {})
    return found


def _lacking(path: str) -> str:
    if path.startswith(("scenarios", "choices", "transcripts")):
        return "This server plays no scenarios and makes no choices: its options name --faithful."
    return "This server has no control plane: its options name --faithful."


def _armed(each: Mapping[str, Any]) -> str:
    on = [
        f"{name} {value}" for name, value in each["on"].items() if value is not None and (name, value) != ("every", 1)
    ]
    return " ".join([each["scenario"], *(["on", ", ".join(on)] if on else [])])


def _shown(request: Mapping[str, Any]) -> str:
    words = [request["at"][11:23], request["method"], request["path"], str(request["status"])]
    if request["scenario"]:
        words.append(f"(scenario {request['scenario']})")
    if request["code"]:
        field = f" [{request['field']}]" if request["field"] else ""
        words.append(f"{request['code']}{field}: {request['message']}")
    return " ".join(words)
