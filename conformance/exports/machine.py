"""The life of a session as a state machine that drives your client: for pytest, with hypothesis and httpx.

    SCRIBE_TARGET=https://scribe.example.com SCRIBE_API_KEY=KEY pytest FILE

Every answer is judged by LIFECYCLE, the table of states, events and cells of the protocol. Write your own client into
the methods of `Client`; the rest of the file need not be touched. SCRIBE_EXAMPLES says how many random sequences are
tried, SCRIBE_WAIT how many seconds a result may take.
SCRIBE_AUDIO names a recording to send.  # only with upload
A session lasts as long as its socket, so that websockets is needed too;  # only with socket
SCRIBE_SOCKETS says how many of them may be open at a time.  # only with socket
"""

from __future__ import annotations

import contextlib
import hashlib
import json  # only with socket
import os
import time
import uuid
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime
from mimetypes import guess_type  # only with upload
from pathlib import Path  # only with upload
from socket import SHUT_RDWR  # only with socket
from typing import TYPE_CHECKING, Any
from urllib import parse

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, rule, run_state_machine_as_test
from websockets.exceptions import ConnectionClosed, InvalidStatus  # only with socket
from websockets.sync.client import connect  # only with socket

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIFECYCLE: dict[str, Any] = {}
#: What is sent for each call, and which members of a body are another value each time.
REQUESTS: dict[str, Any] = {}
#: The header with the key, and what of it surrounds the key; where the code of a refusal stands.
CREDENTIAL: tuple[str, str] = ("Authorization", "Bearer {key}")
CODE: str = "/error/code"
#: The states in which a read has to name the state.
TELLING: tuple[str, ...] = ()
# --- only with upload
#: Whether an upload_url that is a path goes behind base_url.
BEHIND: bool = False
#: Whether a file is sent as it is, with its number in a header, instead of in a form under its name.
NUMBERED: bool = False
# ---
# --- only with socket
#: The member that tells messages apart, and the words in it: by which a client ends, and what a service says then, or
#: where something is wrong.
TAG: str = "type"
END: str = "end"
ENDED: str = "session.end"
WRONG: str = "error"
# ---

EXAMPLES = int(os.environ.get("SCRIBE_EXAMPLES", "15"))
WAIT_S = float(os.environ.get("SCRIBE_WAIT", "120"))
SOCKETS = int(os.environ.get("SCRIBE_SOCKETS", "3"))  # only with socket


@dataclass(frozen=True)
class Answer:
    """What the service answered: the HTTP status and the JSON object of the body, {} where there is none."""

    status: int
    body: dict[str, Any]


class Client:
    """The adapter: calls, each of which returns what the service answered, refusals too."""

    def __init__(self) -> None:
        target = os.environ.get("SCRIBE_TARGET", "").rstrip("/")
        if not target:
            pytest.fail("SCRIBE_TARGET is not set: the URL of the service, e.g. http://127.0.0.1:8080")
        header, value = CREDENTIAL
        self._key = {header: value.format(key=os.environ.get("SCRIBE_API_KEY", "sk_test_development"))}
        # A connection that has idled for longer may be closed by the service as it is used again.
        self._http = httpx.Client(timeout=30, limits=httpx.Limits(keepalive_expiry=1))
        self._base = target
        # --- only with discovery
        found = self._http.get(target + REQUESTS["discovery"]["path"]).raise_for_status().json()
        self._base = found["endpoints"]["base_url"].rstrip("/")
        # ---
        # --- only with upload
        named = os.environ.get("SCRIBE_AUDIO")
        self._audio = Path(named).read_bytes() if named else tone()
        self._name = Path(named).suffix if named else ".wav"
        self._type = (guess_type(f"a{self._name}")[0] or "audio/wav").replace("/x-wav", "/wav")
        # ---
        self._stack = contextlib.ExitStack()  # only with socket
        self._sockets: dict[str, Any] = {}  # only with socket

    # --- only without socket
    def create(self) -> Answer:
        """Open a session."""
        return self.ask("create", "")

    # ---
    # --- only with socket
    def dial(self) -> Answer:
        """Open a session, which is a socket: what it was refused with, or the message that tells its id."""
        asked = REQUESTS["create"]
        url = f"{self._base.replace('http', 'ws', 1)}{asked['path']}?{parse.urlencode(asked['query'])}"
        try:
            opened = self._stack.enter_context(
                connect(url, additional_headers=self._key, open_timeout=30, close_timeout=5, max_size=None)
            )
        except InvalidStatus as refused:
            return Answer(refused.response.status_code, {})
        told: dict[str, Any] = {}
        try:
            while told.get(TAG) == WRONG or "session_id" not in told:
                said = json.loads(opened.recv(timeout=30))
                told = said if isinstance(said, dict) else {}
        except ConnectionClosed:
            return Answer(0, told | {"closed_with": opened.close_code})
        self._sockets[told["session_id"]] = opened
        return Answer(200, told)

    def leave(self, session_id: str, way: str) -> bool:
        """Leave a session: by its end, or by a connection that is gone without a word; whether that was understood."""
        opened, told = self._sockets[session_id], {}
        with contextlib.suppress(ConnectionClosed, TimeoutError, OSError):
            if way == "drop":
                opened.socket.shutdown(SHUT_RDWR)
                opened.recv(timeout=5)
            else:
                opened.send(json.dumps({TAG: END}))
                until = time.monotonic() + WAIT_S
                while True:
                    said = json.loads(opened.recv(timeout=max(0.0, until - time.monotonic())))
                    told = said if isinstance(said, dict) else {}
        opened.close()
        return way == "drop" or told.get(TAG) == ENDED

    def is_open(self, session_id: str) -> bool:
        """Whether nobody has closed the socket of a session."""
        return session_id in self._sockets and self._sockets[session_id].close_code is None

    @property
    def held(self) -> int:
        """How many sockets are open."""
        return sum(map(self.is_open, self._sockets))

    # ---
    # --- only with upload
    def upload(self, upload_url: str, number: int) -> Answer:
        """Send one file; `number` counts the files of the session from 0."""
        behind = BEHIND and upload_url.startswith("/")
        url = f"{self._base}{upload_url}" if behind else parse.urljoin(f"{self._base}/", upload_url)
        key = self._key if parse.urlsplit(url)[:2] == parse.urlsplit(self._base)[:2] else {}
        name = f"audio_{number}{self._name}"
        if NUMBERED:
            told = {"Content-Type": self._type, "X-Chunk-Index": str(number)}
            return answer(self._http.post(url, content=self._audio, headers=key | told))
        return answer(self._http.post(url, files={"file": (name, self._audio)}, headers=key))

    # ---
    def ask(self, operation: str, session_id: str, files: int = 0) -> Answer:
        """Any other call about a session, of which so many files were acknowledged; REQUESTS has each."""
        asked = REQUESTS[operation]
        url = self._base + asked["path"].format(session_id=parse.quote(session_id, safe=""))
        fresh = {
            "uuid": str(uuid.uuid4()),
            "now": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "session_id": session_id,
            "files": files,
        }
        body = asked["json"]
        told = None if body is None else body | {name: fresh[kind] for name, kind in asked["fresh"].items()}
        return answer(self._http.request(asked["method"], url, json=told, headers=self._key))

    def close(self) -> None:
        """Nothing more is asked."""
        self._stack.close()  # only with socket
        self._http.close()


def answer(response: httpx.Response) -> Answer:
    """An answer of httpx as the machine reads it."""
    try:
        body = response.json()
    except ValueError:
        body = {}
    return Answer(response.status_code, body if isinstance(body, dict) else {})


# --- only with upload
def tone(seconds: float = 1.0, rate: int = 16000) -> bytes:
    """A tone as a WAV file of 16 bits, mono: enough for a service that does not need speech."""
    period = rate // 220
    wave = b"".join(
        (8000 if at % period < period // 2 else -8000).to_bytes(2, "little", signed=True) for at in range(period)
    )
    sound = (wave * round(seconds * 220 + 1))[: round(seconds * rate) * 2]
    form = b"".join(
        n.to_bytes(size, "little") for n, size in ((16, 4), (1, 2), (1, 2), (rate, 4), (rate * 2, 4), (2, 2), (16, 2))
    )
    chunks = b"WAVEfmt " + form + b"data" + len(sound).to_bytes(4, "little") + sound
    return b"RIFF" + len(chunks).to_bytes(4, "little") + chunks


# ---
# From here on all is drawn from LIFECYCLE.

STATES = {state["name"]: state for state in LIFECYCLE.get("states", ())}
CELLS = {(cell["state"], cell["operation"]): cell for cell in LIFECYCLE.get("cells", ())}
ALIASES = {alias["name"]: alias["ranks"] for alias in LIFECYCLE.get("aliases", ())}
EVENTS = {event["name"]: event for event in LIFECYCLE.get("events", ())}
#: A call -> its name where the same client has sent it before.
AGAIN = {each["again"]: each["name"] for each in LIFECYCLE.get("operations", ()) if "again" in each}
#: The rows of sessions that nobody made.
STRANGERS = [row["name"] for row in LIFECYCLE.get("outsiders", ()) if row["credential"] == "right" and not row["given"]]
#: The calls about a session, and event -> the call that it is; events without a call happen by themselves.
OPERATIONS = [name for name in REQUESTS if (next(iter(STATES), ""), name) in CELLS]
CALLS = {name: event["operation"] for name, event in EVENTS.items() if event["core"] and "operation" in event}
CALLS |= {name: event["leaving"] for name, event in EVENTS.items() if "leaving" in event}  # only with socket
MOVES = [
    (source, step["event"], step["to"])
    for step in LIFECYCLE.get("transitions", ())
    for source in step["from"]
    if source in STATES and step["to"] in STATES
]
# --- only with socket
#: How a client leaves a session; the states that last as long as its socket; where a service takes one that is in
#: them by itself, and where one is whose socket is closed, whoever did that.
LEAVINGS = [event["leaving"] for event in EVENTS.values() if "leaving" in event]
HELD = {source for source, event, _ in MOVES if "leaving" in EVENTS[event]}
BY_ITSELF = {target for source, event, target in MOVES if source in HELD and event not in CALLS}
LEFT = BY_ITSELF | {target for _, event, target in MOVES if "leaving" in EVENTS[event]}
#: Seconds until a client knows at the latest that its socket was closed, once an answer shows it.
NOTICED_S = 2.0
# ---
BORN = next((s["to"] for s in LIFECYCLE.get("transitions", ()) if "none" in s["from"] and s["to"] in STATES), "")
#: What says that a service has no such call; one that moves no session need not be there.
NOWHERE = (404, 405, 501)
OPTIONAL = [name for name in OPERATIONS if name not in CALLS.values() and name != "get"]


def fits(code: int, cell: dict[str, Any]) -> bool:
    """Whether a cell has a status code, by itself or by its class."""
    return any(code == each or f"{code // 100}xx" == each for each in (*cell["expected"], *cell["lenient"]))


def onwards(states: set[str]) -> set[str]:
    """The states themselves and those that sessions in them come to by themselves."""
    found, waiting = set(states), deque(states)
    while waiting:
        here = waiting.popleft()
        if here in HELD:  # only with socket
            continue  # its socket tells  # only with socket
        for source, event, target in MOVES:
            if source == here and "operation" not in EVENTS[event] and target not in found:
                found.add(target)
                waiting.append(target)
    return found


def code_of(body: Any) -> str:
    """The code of a refusal."""
    for name in CODE.strip("/").split("/"):
        body = body.get(name) if isinstance(body, dict) else None
    return body if isinstance(body, str) else ""


@dataclass
class Session:
    """A session, the states it may be in, which calls were made about it, and what was said to it."""

    session_id: str
    possible: set[str]
    asked: set[str] = field(default_factory=set)
    trace: list[str] = field(default_factory=list)
    #: Where its files go, and how many of them were acknowledged.
    upload_url: str = ""
    files: int = 0
    # --- only with socket
    #: Where it may be once its socket is closed.
    left: set[str] = field(default_factory=lambda: set(LEFT))
    # ---

    def tell(self, call: str, seen: Answer) -> None:
        """Write down an exchange."""
        self.trace.append(f"{call} -> {seen.status} {seen.body.get('status') or code_of(seen.body)}".rstrip())

    def judge(self, operation: str, seen: Answer) -> bool:
        """Hold an answer against the cells of the states the session may be in, and learn from it which it is in.

        False for a call that this service does not have and need not have.
        """
        self.possible = onwards(self.possible)
        column = AGAIN.get(operation, operation) if operation in self.asked else operation
        cells = [CELLS[name, column] for name in sorted(self.possible)]
        right = [cell for cell in cells if fits(seen.status, cell)]
        if not right and operation in OPTIONAL and seen.status in NOWHERE:
            return False
        assert right, self.fault(
            f"{operation} answered {seen.status}; "
            + "; ".join(f"in {cell['state']} right are {cell['expected']} ({cell['requirement']})" for cell in cells)
        )
        taken = 200 <= seen.status < 300
        self.possible = {cell.get("to", cell["state"]) if taken else cell["state"] for cell in right}
        self.asked.add(operation)
        return True

    def learn(self, call: str, seen: Answer) -> None:
        """Hold the state that an answer names against those the session may be in."""
        said = seen.body.get("status")
        if said is None and (seen.status >= 300 or not self.possible <= set(TELLING)):
            return
        told = said if isinstance(said, str) else ""
        named = {told} if told in STATES else {n for n, s in STATES.items() if s["rank"] in ALIASES.get(told, ())}
        assert named, self.fault(f"{call} shows the state {said!r}, which the lifecycle does not have")
        assert self.possible & named, self.fault(
            f"{call} shows {said!r}; the session can only be {' or '.join(sorted(self.possible))}"
        )
        self.possible &= named

    def count(self, seen: Answer) -> None:
        """Hold the number of files that an answer names against those that were acknowledged."""
        count = seen.body.get("audio_files_received")
        assert count in (None, self.files), self.fault(f"{count} files are listed; {self.files} were acknowledged")

    @property
    def moving(self) -> bool:
        """Whether it waits for nobody, and comes to another state by itself."""
        waits = any(STATES[name]["expires"] for name in self.possible)
        return not waits and onwards(self.possible) != self.possible

    def fault(self, message: str) -> str:
        """A message with all that led to it."""
        return f"{message}\nsession {self.session_id}:\n  " + "\n  ".join(self.trace)


class Driver:
    """Calls the client and judges what it answers."""

    def __init__(self) -> None:
        self.client = Client()
        #: Calls that this service does not have.
        self.absent: set[str] = set()
        self._made: list[Session] = []  # only with socket

    def create(self) -> Session:
        """A new session, in the state that sessions begin in."""
        seen = self.client.create()  # only without socket
        self._make_room()  # only with socket
        seen = self.client.dial()  # only with socket
        assert 200 <= seen.status < 300, f"create answered {seen.status}: {seen.body}"
        session_id = seen.body.get("session_id")
        assert isinstance(session_id, str), f"create answered no session_id: {seen.body}"
        made = Session(session_id, onwards({BORN}), upload_url=str(seen.body.get("upload_url") or ""))
        made.tell("create", seen)
        made.learn("create", seen)  # only without socket
        self._made.append(made)  # only with socket
        return made

    def close(self) -> None:
        """Nothing more is asked."""
        self.client.close()

    def call(self, operation: str, session: Session) -> None:
        """One call about a session."""
        if operation in LEAVINGS:  # only with socket
            self.leave(operation, session)  # only with socket
            return  # only with socket
        if operation in self.absent:
            return
        seen = self._sent(operation, session)
        session.tell(operation, seen)
        self._notice(operation, session, seen)  # only with socket
        if not session.judge(operation, seen):
            self.absent.add(operation)
            return
        taken = 200 <= seen.status < 300
        session.files += taken and operation == "upload"
        if operation == "get":
            session.learn(operation, seen)
        if operation == "get" or (taken and operation == "end"):
            session.count(seen)

    # --- only with socket
    def leave(self, way: str, session: Session) -> None:
        """Leave a session, and read until it shows that, for as long as a result may take."""
        if not self.client.is_open(session.session_id):
            return
        session.trace.append(way)
        if self.client.leave(session.session_id, way):
            session.left = BY_ITSELF | {target for _, event, target in MOVES if CALLS.get(event) == way}
        until = time.monotonic() + WAIT_S
        self.call("get", session)
        while session.possible & HELD and time.monotonic() < until:
            time.sleep(0.1)
            self.call("get", session)

    def _make_room(self) -> None:
        """End the first of so many sessions as may be open at a time."""
        for made in self._made if self.client.held >= SOCKETS else ():
            if self.client.is_open(made.session_id):
                self.leave(LEAVINGS[0], made)
                return

    def _notice(self, operation: str, session: Session, seen: Answer) -> None:
        """See whether the socket of a session is closed; who is told another state first is waited for a moment."""
        held = session.possible & HELD
        if not held:
            return
        here = any(fits(seen.status, CELLS[name, operation]) for name in held)
        if operation == "get" and seen.body.get("status") not in (None, *held):
            here = False
        until = time.monotonic() + (0.0 if here else NOTICED_S)
        while self.client.is_open(session.session_id) and time.monotonic() < until:
            time.sleep(0.05)
        if not self.client.is_open(session.session_id):
            session.possible |= session.left

    # ---
    def _sent(self, operation: str, session: Session) -> Answer:
        # --- only with upload
        if operation == "upload":
            return self.client.upload(session.upload_url, session.files)
        # ---
        return self.client.ask(operation, session.session_id, session.files)

    def strangers(self, session: Session) -> None:
        """Every call about an id like a session's that the service never gave out."""
        made_up = f"{int(hashlib.sha256(session.session_id.encode()).hexdigest(), 16) % 10**8:08}"
        for operation in OPERATIONS if STRANGERS else ():
            if operation != "upload":
                seen = self.client.ask(operation, session.session_id[:-8] + made_up)
                assert any(fits(seen.status, CELLS[row, operation]) for row in STRANGERS), (
                    f"{operation} of a session that does not exist is answered {seen.status}"
                )

    def settle(self, session: Session) -> None:
        """Read until the state is one that nothing but the client changes."""
        until = time.monotonic() + WAIT_S
        self.call("get", session)
        while session.moving and time.monotonic() < until:
            time.sleep(0.1)
            self.call("get", session)


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

    @rule(session=sessions)
    def settle(self, session: Session) -> None:
        """Time for what happens by itself."""
        self.driver.settle(session)

    @rule(session=sessions)
    def strangers(self, session: Session) -> None:
        """An id that the service never gave out, after whatever came before."""
        self.driver.strangers(session)

    def teardown(self) -> None:
        """Leave nothing open."""
        self.driver.close()


def _calling(operation: str) -> Callable[[Lifecycle, Session], None]:
    def call(self: Lifecycle, session: Session) -> None:
        self.driver.call(operation, session)

    call.__name__ = call.__qualname__ = operation
    return call


for _operation in OPERATIONS:
    setattr(Lifecycle, _operation, rule(session=Lifecycle.sessions)(_calling(_operation)))
for _operation in LEAVINGS:  # only with socket
    setattr(Lifecycle, _operation, rule(session=Lifecycle.sessions)(_calling(_operation)))  # only with socket


def ways() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Each state that calls lead to, with the shortest way there; `settle` stands for what happens by itself."""
    found: dict[str, tuple[str, ...]] = {BORN: ()}
    waiting = deque(found)
    while waiting:
        here = waiting.popleft()
        for source, event, target in MOVES:
            alone = event not in CALLS and "operation" not in EVENTS[event] and not STATES[here]["expires"]
            if source == here and target not in found and (alone or event in CALLS):
                found[target] = (*found[here], CALLS.get(event, "settle"))
                waiting.append(target)
    yield from found.items()


@pytest.mark.parametrize("operation", OPERATIONS)
@pytest.mark.parametrize(("state", "way"), [pytest.param(state, way, id=state) for state, way in ways()])
def test_every_call_in_every_state(state: str, way: tuple[str, ...], operation: str) -> None:
    """The shortest way to a state, and then each call."""
    with contextlib.closing(Driver()) as driver:
        session = driver.create()
        for step in way:
            if step == "settle":
                driver.settle(session)
            else:
                driver.call(step, session)
        if state not in onwards(session.possible):
            pytest.skip(f"this way does not lead to {state} here: {' or '.join(sorted(session.possible))}")
        driver.call(operation, session)
        driver.settle(session)
        if operation in driver.absent:
            pytest.skip(f"this service has no {operation}")


def test_every_call_of_a_session_that_does_not_exist() -> None:
    """An id that the service never gave out."""
    with contextlib.closing(Driver()) as driver:
        driver.strangers(driver.create())


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
