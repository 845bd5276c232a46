"""The life of a session as a state machine that drives your client: for pytest, with hypothesis and httpx.

    SCRIBE_TARGET=https://scribe.example.com SCRIBE_API_KEY=KEY pytest FILE

Every answer is judged by LIFECYCLE, the table of states, events and cells of the protocol. Write your own client into
the four methods of `Client`; the rest of the file need not be touched. SCRIBE_AUDIO names a recording to send,
SCRIBE_EXAMPLES how many random sequences are tried, SCRIBE_WAIT how many seconds a result may take.
"""

from __future__ import annotations

import io
import math
import os
import struct
import time
import wave
from collections import deque
from dataclasses import dataclass, field
from mimetypes import guess_type
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIFECYCLE: dict[str, Any] = {}

#: Whether an end has to say how many files were sent.
COUNTED = False
#: Whether an upload_url that is a path goes behind base_url.
BEHIND = False
#: Whether a file is sent as it is, with its number in a header, instead of in a form under its name.
NUMBERED = False

EXAMPLES = int(os.environ.get("SCRIBE_EXAMPLES", "15"))
WAIT_S = float(os.environ.get("SCRIBE_WAIT", "120"))


@dataclass(frozen=True)
class Answer:
    """What the service answered: the HTTP status and the JSON object of the body, {} where there is none."""

    status: int
    body: dict[str, Any]


class Client:
    """The adapter: four calls, each of which returns what the service answered, refusals too."""

    def __init__(self) -> None:
        target = os.environ.get("SCRIBE_TARGET", "").rstrip("/")
        if not target:
            pytest.fail("SCRIBE_TARGET is not set: the URL of the service, e.g. http://127.0.0.1:8080")
        self._key = {"X-API-Key": os.environ.get("SCRIBE_API_KEY", "sk_test_development")}
        self._http = httpx.Client(timeout=30)
        found = self._http.get(f"{target}/.well-known/medscribealliance").raise_for_status().json()
        self._base = found["endpoints"]["base_url"].rstrip("/")
        named = os.environ.get("SCRIBE_AUDIO")
        self._audio = Path(named).read_bytes() if named else tone()
        self._name = Path(named).suffix if named else ".wav"
        self._type = (guess_type(f"a{self._name}")[0] or "audio/wav").replace("/x-wav", "/wav")

    def create(self) -> Answer:
        """Open a session."""
        order = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http"}
        return answer(self._http.post(f"{self._base}/sessions", json=order, headers=self._key))

    def upload(self, upload_url: str, number: int) -> Answer:
        """Send one file; `number` counts the files of the session from 0."""
        behind = BEHIND and upload_url.startswith("/")
        url = f"{self._base}{upload_url}" if behind else urljoin(f"{self._base}/", upload_url)
        key = self._key if urlsplit(url)[:2] == urlsplit(self._base)[:2] else {}
        name = f"audio_{number}{self._name}"
        if NUMBERED:
            told = {"Content-Type": self._type, "X-Chunk-Index": str(number)}
            return answer(self._http.post(url, content=self._audio, headers=key | told))
        return answer(self._http.post(url, files={"file": (name, self._audio)}, headers=key))

    def end(self, session_id: str, files: int) -> Answer:
        """End a session of which so many files were acknowledged."""
        told = {"audio_files_sent": files} if COUNTED else None
        return answer(self._http.post(f"{self._base}/sessions/{session_id}/end", json=told, headers=self._key))

    def get(self, session_id: str) -> Answer:
        """Read a session."""
        return answer(self._http.get(f"{self._base}/sessions/{session_id}", headers=self._key))


def answer(response: httpx.Response) -> Answer:
    """An answer of httpx as the machine reads it."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    return Answer(response.status_code, body if isinstance(body, dict) else {})


def tone(seconds: float = 1.0, rate: int = 16000) -> bytes:
    """A tone as a WAV file: enough for a service that does not need speech."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        samples = (round(8000 * math.sin(2 * math.pi * 220 * at / rate)) for at in range(int(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return out.getvalue()


# From here on all is drawn from LIFECYCLE.

STATES = {state["name"]: state for state in LIFECYCLE.get("states", ())}
CELLS = {(cell["state"], cell["operation"]): cell for cell in LIFECYCLE.get("cells", ())}
ALIASES = {alias["name"]: alias["ranks"] for alias in LIFECYCLE.get("aliases", ())}
#: Events that a call of the client is; every other event between two states happens by itself.
CALLS = {"audio_accepted": "upload", "end_requested": "end"}
MOVES = [
    (source, step["event"], step["to"])
    for step in LIFECYCLE.get("transitions", ())
    for source in step["from"]
    if source in STATES and step["to"] in STATES
]


def fits(code: int, cell: dict[str, Any]) -> bool:
    """Whether a cell has a status code, by itself or by its class."""
    return any(code == each or f"{code // 100}xx" == each for each in (*cell["expected"], *cell["lenient"]))


def onwards(states: set[str]) -> set[str]:
    """The states themselves and those that sessions in them come to by themselves."""
    found, waiting = set(states), deque(states)
    while waiting:
        here = waiting.popleft()
        for source, event, target in MOVES:
            if source == here and event not in CALLS and target not in found:
                found.add(target)
                waiting.append(target)
    return found


@dataclass
class Session:
    """A session, the states it may be in, how many of its files were acknowledged, and what was said to it."""

    session_id: str
    upload_url: str
    possible: set[str]
    files: int = 0
    ended: bool = False
    trace: list[str] = field(default_factory=list)

    def tell(self, call: str, seen: Answer) -> None:
        """Write down an exchange."""
        told = seen.body.get("status") or (seen.body.get("error") or {}).get("code") or ""
        self.trace.append(f"{call} -> {seen.status} {told}".rstrip())

    def judge(self, operation: str, seen: Answer) -> None:
        """Hold an answer against the cells of the states the session may be in, and learn from it which it is in."""
        self.possible = onwards(self.possible)
        cells = [CELLS[name, operation] for name in sorted(self.possible)]
        right = [cell for cell in cells if fits(seen.status, cell)]
        assert right, self.fault(
            f"{operation} answered {seen.status}; "
            + "; ".join(f"in {cell['state']} right are {cell['expected']} ({cell['requirement']})" for cell in cells)
        )
        taken = 200 <= seen.status < 300
        self.possible = {cell.get("to", cell["state"]) if taken else cell["state"] for cell in right}

    def fault(self, message: str) -> str:
        """A message with all that led to it."""
        return f"{message}\nsession {self.session_id}:\n  " + "\n  ".join(self.trace)


class Driver:
    """Calls the client and judges what it answers."""

    def __init__(self) -> None:
        self.client = Client()

    def create(self) -> Session:
        """A new session, which is created."""
        seen = self.client.create()
        assert seen.status == 201, f"create answered {seen.status}: {seen.body}"
        made = Session(str(seen.body.get("session_id")), str(seen.body.get("upload_url")), {"created"})
        made.tell("create", seen)
        assert seen.body.get("status") == "created", made.fault("a new session is not created")
        return made

    def upload(self, session: Session) -> None:
        """One more file."""
        seen = self.client.upload(session.upload_url, session.files)
        session.tell("upload", seen)
        session.judge("upload", seen)
        session.files += 200 <= seen.status < 300

    def end(self, session: Session) -> None:
        """An end, the first or another one."""
        seen = self.client.end(session.session_id, session.files)
        session.tell("end", seen)
        session.judge("end_again" if session.ended else "end", seen)
        if 200 <= seen.status < 300:
            session.ended = True
            self._counted(session, seen)

    def get(self, session: Session) -> None:
        """A read, whose body names the state."""
        seen = self.client.get(session.session_id)
        session.tell("get", seen)
        session.judge("get", seen)
        said = seen.body.get("status")
        named = {said} if said in STATES else {n for n, s in STATES.items() if s["rank"] in ALIASES.get(said or "", ())}
        assert named, session.fault(f"get shows the state {said!r}, which the lifecycle does not have")
        assert session.possible & named, session.fault(
            f"get shows {said!r}; the session can only be {' or '.join(sorted(session.possible))}"
        )
        session.possible &= named
        self._counted(session, seen)

    def _counted(self, session: Session, seen: Answer) -> None:
        count = seen.body.get("audio_files_received")
        assert count in (None, session.files), session.fault(
            f"{count} files are listed; {session.files} were acknowledged"
        )

    def settle(self, session: Session) -> None:
        """Read until the state is one that nothing but the client changes."""
        until = time.monotonic() + WAIT_S
        self.get(session)
        while session.ended and onwards(session.possible) != session.possible and time.monotonic() < until:
            time.sleep(0.1)
            self.get(session)


class Lifecycle(RuleBasedStateMachine):
    """Several sessions at once, and calls in every order; the rules for one session are made below."""

    sessions: Bundle[Session] = Bundle("sessions")

    def __init__(self) -> None:
        super().__init__()
        self.driver = Driver()

    @rule(target=sessions)
    def create(self) -> Session:
        """A new session."""
        return self.driver.create()

    @rule()
    def read_a_stranger(self) -> None:
        """An id that the service never gave out."""
        seen = self.driver.client.get("ses_neverGivenOut0000")
        assert fits(seen.status, CELLS["unknown", "get"]), f"a session that does not exist is answered {seen.status}"


def _calling(operation: str) -> Callable[[Lifecycle, Session], None]:
    def call(self: Lifecycle, session: Session) -> None:
        getattr(self.driver, operation)(session)

    call.__name__ = call.__qualname__ = operation
    return call


for _operation in (*dict.fromkeys(CALLS.values()), "get", "settle"):
    setattr(Lifecycle, _operation, rule(session=Lifecycle.sessions)(_calling(_operation)))


def ways() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each state that calls lead to, with the shortest way there; `settle` stands for what happens by itself."""
    found: dict[str, tuple[str, ...]] = {"created": ()}
    waiting = deque(found)
    while waiting:
        here = waiting.popleft()
        for source, event, target in MOVES:
            if source == here and target not in found and event != "deadline_passed":
                found[target] = (*found[here], CALLS.get(event, "settle"))
                waiting.append(target)
    yield from found.items()


@pytest.mark.parametrize("operation", [*dict.fromkeys(CALLS.values()), "get"])
@pytest.mark.parametrize(("state", "way"), [pytest.param(state, way, id=state) for state, way in ways()])
def test_every_call_in_every_state(state: str, way: tuple[str, ...], operation: str) -> None:
    """The shortest way to a state, and then each call."""
    driver = Driver()
    session = driver.create()
    for step in way:
        getattr(driver, step)(session)
    if state not in onwards(session.possible):
        pytest.skip(f"this recording does not lead to {state} here: {' or '.join(sorted(session.possible))}")
    getattr(driver, operation)(session)
    driver.settle(session)


def test_calls_in_any_order() -> None:
    """Random sequences over several sessions; a failure is shown as the shortest one that fails."""
    run_state_machine_as_test(
        Lifecycle,
        settings=settings(
            max_examples=EXAMPLES,
            stateful_step_count=12,
            deadline=None,
            database=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
