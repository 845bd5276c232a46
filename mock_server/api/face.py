"""The one way a request takes: who asks, which version, the operation, the layers around it, the log, the bytes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from urllib.parse import unquote

from starlette.requests import ClientDisconnect
from starlette.routing import Match

from mock_server import problems
from mock_server.api.answer import PLAYED, Answer, envelope, preflight, rendered
from mock_server.api.below import below
from mock_server.api.credentials import Secrets
from mock_server.api.entry import let_in
from mock_server.api.numbering import Numbering
from mock_server.api.origin import normal, of_address
from mock_server.api.outlines import Glimpse, Outlines
from mock_server.api.places import Places
from mock_server.api.redaction import shown
from mock_server.api.sighting import seen
from mock_server.api.trail import SWITCHED, reason, tell, watched
from mock_server.api.uploads import declared_size
from mock_server.api.wording import wording
from mock_server.auth import namespace_of, presented
from mock_server.load import Load
from mock_server.metrics.census import Census
from mock_server.metrics.meter import Meter
from mock_server.problems import Problem
from mock_server.settings import SHARE, VERSIONS
from mock_server.shelves.rack import Rack
from mock_server.stream.budget import Budget, texts
from mock_server.stream.room import Room

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import WebSocketRoute
    from starlette.types import ASGIApp

    from mock_server.api.around import Around
    from mock_server.api.sighting import Sight
    from mock_server.api.wording import Wording
    from mock_server.auth import Keys
    from mock_server.dalston.service import LiveService
    from mock_server.mirror.mirror import Mirror
    from mock_server.prsm.service import ResearchService
    from mock_server.service import Service
    from mock_server.session.model import AudioFile, Session
    from mock_server.session_manager import SessionManager
    from mock_server.settings import Settings
    from mock_server.speech.scripted import ScriptedTranscriber
    from mock_server.speech.streaming import Streamer
    from mock_server.speech.whisper import WhisperTranscriber
    from mock_server.testclock import Happened
    from mock_server.ticket import Tickets
    from mock_server.traffic.recorder import Recorder

log = logging.getLogger("scribe.mock")

#: Below it lie the sockets, each behind the secret that names its session.
STREAMS: Final = "/stream/sessions/"
#: Where the sockets of live sessions are.
LIVE_STREAM: Final = "/v1/audio/transcriptions/stream"
#: Every path of the control plane.
_CONTROL = re.compile(r"/_mock(?:/|\Z)")
_HOST = re.compile(r"(?:[A-Za-z0-9._\-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?\Z")
#: What is running is over in a moment, uploads over slow lines aside.
_RETRY_S = 1
#: The rest of a refused body up to this size is read over, so that the connection can be used again.
_SMALL_BODY = 64 * 1024
#: No session's id is this long: what is cut off here names none, and is echoed and remembered no further.
_LONGEST_ID = 128
#: No path of an operation is this long; enough of it is kept to find what has to be hidden.
_LONGEST_PATH = 800
#: Characters of what is said about a socket.
_LONGEST_LINE = 200


def _stands(_problem: Problem) -> str | None:
    return None


def _unseen(_document: Any) -> None:
    """Nobody looks."""


def _as_usual() -> float | None:
    return None


def _as_it_is(document: dict[str, Any]) -> dict[str, Any]:
    return document


def _at_once(response: Response) -> ASGIApp:
    return response


@dataclass
class Call:
    """One request on its way through."""

    request: Request
    operation: str
    #: Whose it is: known before any layer looks where something else than its key says so.
    namespace: str = ""
    session_id: str | None = None
    document: Any = None
    name: str | None = None
    #: A file that was kept, and the name that came with it.
    audio: tuple[AudioFile, str | None] | None = None
    #: Sent by a page that may neither read nor steer what it has asked for.
    foreign: bool = False
    #: Whether it is counted among its namespace's.
    placed: bool = False
    #: A layer's word on a credential that is refused: for whom the request acts all the same; None lets it stand.
    excuse: Callable[[Problem], str | None] = _stands
    #: A layer's look at a body and its label before anything is done with it, None where it is no JSON; it may refuse.
    examine: Callable[[Any], None] = _unseen
    #: What a layer makes of a document before it is read.
    revise: Callable[[dict[str, Any]], dict[str, Any]] = _as_it_is
    #: How many seconds a layer lets a session last that is started; None is as long as any. It counts as asked for.
    lasts: Callable[[], float | None] = _as_usual
    #: How a layer sends what has become of the answer.
    deliver: Callable[[Response], ASGIApp] = _at_once

    #: The request whose credentials were read, these, and the namespace that they open.
    _known: tuple[Request, frozenset[str]] | None = None
    _opened: str | None = None

    @property
    def credentials(self) -> frozenset[str]:
        """What the request carries of them; read once, unless a layer puts another request in its place."""
        if self._known is None or self._known[0] is not self.request:
            self._known, self._opened = (self.request, presented(self.request.headers)), None
        return self._known[1]

    def opens(self, keys: Keys) -> str:
        """The namespace that they open, looked up once; raises the 401 of §5.1."""
        credentials = self.credentials
        if self._opened is None:
            self._opened = keys.opened(credentials)
        return self._opened

    @property
    def path(self) -> str:
        """The path as text; unlike that of `request.url` it owes nothing to the Host header."""
        return str(self.request.scope["path"])


Operation: TypeAlias = "Callable[[Face, Call], Awaitable[Answer]]"
#: Stands between clients and the operations: it goes onward, or not, and answers.
Layer: TypeAlias = "Callable[[Call, Callable[[], Awaitable[Answer]]], Awaitable[Answer]]"


@lru_cache(256)
def _address(scheme: str, host: str, server: tuple[str, int] | None) -> str:
    """Scheme and host of a URL that a client reaches the server at: the host it named, if that is one."""
    if not _HOST.match(host):
        name, port = server or ("127.0.0.1", 80)
        host = f"[{name}]:{port}" if ":" in name else f"{name}:{port}"
    return f"{scheme}://{host}"


@dataclass
class Face:
    """Everything the operations need; made once by create_app."""

    settings: Settings
    keys: Keys
    #: The outermost first.
    layers: tuple[Layer, ...] = ()
    #: The face of the process that this server is a part of, whose clients, places and numbers are its own too.
    within: Face | None = None
    #: And for the face of such a process, what it knows of the others.
    around: Around | None = None
    #: What tells its process from others on its machine.
    place: str = ""
    #: What shows in Redis what others may look at, where that is asked for; one a process.
    mirror: Mirror | None = None
    service: Service = field(init=False)
    transcriber: WhisperTranscriber | ScriptedTranscriber = field(init=False)
    #: Where the profile session_manager is served.
    sessions: SessionManager = field(init=False)
    #: Where the profile prsm is served.
    research: ResearchService = field(init=False)
    #: Where the profile dalston is served: its sessions, and what listens to them.
    live: LiveService = field(init=False)
    streamer: Streamer = field(init=False)
    #: The paths at and below which refusals have another body than the envelope, and how that is made; "" is all.
    bodies: dict[str, Callable[[Problem, str], Answer]] = field(default_factory=dict)
    ready: bool = False
    unready_because: str = "The model is being tried out."
    #: Set once it is known whether the model hears.
    tried: asyncio.Event = field(default_factory=asyncio.Event)
    seen: Outlines = field(default_factory=Outlines)
    #: Where traffic is recorded.
    traffic: Recorder[Sight] | None = None
    #: The sessions of every profile that is served.
    rack: Rack = field(default_factory=Rack)
    #: Of answers that are sent piece by piece.
    places: Places = field(init=False)
    #: What the passing of a namespace's time brings about, each told with what it did.
    passing: list[Callable[[str], Awaitable[list[Happened]]]] = field(default_factory=list)
    numbering: Numbering = field(default_factory=Numbering)
    #: What upload URLs of streams hold, and the sockets that are open.
    tickets: Tickets = field(init=False)
    room: Room = field(init=False)
    #: Where requests may become sockets.
    sockets: Sequence[WebSocketRoute] = ()
    #: What each namespace may send of text over its sockets.
    texts: Budget = field(default_factory=texts)

    #: What an operator reads off as numbers.
    meter: Meter = field(init=False)
    census: Census = field(init=False)

    load: Load = field(init=False)
    #: Requests being answered whose key was looked at, by namespace.
    _places: Counter[str] = field(init=False)
    _stopping: bool = field(default=False, init=False)

    def __post_init__(self) -> None:
        whole = self.within
        self.room = whole.room if whole else Room(self.settings.most_streams)
        self.meter = whole.meter if whole else Meter(self.settings.profiles)
        self.load = whole.load if whole else Load()
        self._places = whole._places if whole else Counter()  # noqa: SLF001 - its own kind
        self.places = whole.places if whole else Places()
        self.census = Census(self.rack, lambda: self.namespaces)

    @property
    def stopping(self) -> bool:
        """Whether whoever asks now is to be told to ask elsewhere soon."""
        return self._stopping or (self.within is not None and self.within.stopping)

    @stopping.setter
    def stopping(self, stopping: bool) -> None:
        self._stopping = stopping

    @property
    def namespaces(self) -> set[str]:
        """Those that the keys open, and where any key is taken those that have asked lately."""
        return {*map(namespace_of, self.settings.api_keys), *self.seen.namespaces}

    def root(self, request: Request) -> str:
        """Scheme and host the client used, and the server's path, so that every URL it is given is one it can reach."""
        host = self.settings.base_url.rstrip("/") if self.settings.base_url else self._addressed(request)
        return f"{host}{self.settings.base_path}"

    def _addressed(self, request: Request) -> str:
        return _address(request.scope["scheme"], request.headers.get("host", ""), request.scope.get("server"))

    def foreign(self, request: Request) -> bool:
        """Whether a page that is neither of this server nor of a console asks for the control plane."""
        if not _CONTROL.match(request.scope["path"]) or not (origins := request.headers.getlist("origin")):
            return False
        own = {of_address(self.root(request)), of_address(self._addressed(request)), *self.settings.console_origins}
        return not {normal(origin) or "" for origin in origins} <= own

    def refusal(self, call: Call, problem: Problem) -> Answer:
        """What a client is told that is refused, in the words of the profile it asks."""
        return self.told(problem, f"/{call.path.lstrip('/')}", call.namespace)

    def told(self, problem: Problem, path: str = "", namespace: str = "") -> Answer:
        """The same at a path; what is refused before it has one is told as everything is that is served."""
        for above, made in self.bodies.items():
            if not above or path == above or path.startswith(f"{above}/"):
                return made(problem, namespace)
        return envelope(problem)

    def base_url(self, request: Request) -> str:
        """The root of all operations (§4.3)."""
        return f"{self.root(request)}/v1"

    @property
    def wording(self) -> Wording:
        """How the revision that is served words what is asked and answered."""
        return wording(self.settings.revision)

    def upload_url(self, request: Request, session: Session) -> str:
        """Where a session's audio goes, as answers tell it."""
        session_id = session.id
        if session.order.streamed:  # the id in it is a credential of its own: E91
            ticket = self.tickets.issue(session.namespace, session_id)
            return f"ws{self.base_url(request).removeprefix('http')}{STREAMS}{ticket}/audio"
        root = "" if self.wording.relative_upload else self.base_url(request)
        return f"{root}/sessions/{session_id}/audio"

    async def upload_target(self, request: Request, session: Session) -> str | Mapping[str, Any]:
        """The same where clients may put audio into the store by themselves: an address, or a form, of that."""
        direct = self.service.direct
        found = await direct.upload_url(session) if direct else None
        return self.upload_url(request, session) if found is None else found

    def streams_at(self, path: bytes) -> bool:
        """Whether a path, as it was sent, is that of a socket: whatever else asks for one is answered as HTTP is."""
        rest = below(path.partition(b"?")[0], self.settings.base_path) if path.isascii() else None
        # decoded as the server of sockets does, and asked of the routes: nobody else knows which one would be met
        return rest is not None and any(
            route.matches({"type": "websocket", "path": unquote(rest)})[0] is Match.FULL for route in self.sockets
        )

    def remember(self, call: Call, answer: Answer, response: Response, began: float) -> None:
        """Keep a request's outline, and where traffic is recorded all of it, for its namespace."""
        known = answer.status >= 400 or answer.status == SWITCHED or call.operation == "discovery"
        if not call.namespace and known:
            with contextlib.suppress(Problem):  # a stranger's request is in nobody's list
                call.namespace = call.opens(self.keys)
        if not call.namespace or call.operation == "control":
            return
        secrets = Secrets.of(call.credentials, self._valid)
        glimpse = Glimpse(
            self.service.clocks.now(call.namespace),
            call.operation,
            call.request.method,
            call.path[:_LONGEST_PATH],
            answer.status,
            call.session_id,
            reason(answer, secrets),
            answer.headers.get(PLAYED),
            secrets,
        )
        self.seen.keep(call.namespace, glimpse)
        if self.traffic is not None:
            took_s, root = time.monotonic() - began, self.root(call.request)
            sight = seen(call, glimpse, response, root=root, took_s=took_s, began=began)
            self.traffic.keep(call.namespace, sight.length, sight)

    def _secrets(self, request: Request) -> Secrets:
        """What no line may show: the credentials of this request, and all that are valid."""
        return Secrets.of(presented(request.headers), self._valid)

    def visible(self, request: Request, text: str) -> str:
        """A text that may say again what somebody said, as a line that is kept may show it."""
        return shown(text, self._secrets(request), _LONGEST_LINE)

    @cached_property
    def _valid(self) -> frozenset[str]:
        return frozenset(self.settings.api_keys)

    def tell(self, call: Call, answer: Answer) -> None:
        """Print the request's line for whoever watches."""
        if watched():
            tell(call.request, answer, call.session_id, self._secrets(call.request))

    def _check_version(self, request: Request) -> None:
        asked = request.headers.get("msa-version")
        if asked is not None and asked.strip() not in VERSIONS:
            raise problems.unsupported_version(asked[:40], list(VERSIONS))

    async def serve(self, call: Call, handler: Operation, *, public: bool) -> ASGIApp:
        """Run one operation; whatever happens, the answer is one the protocol knows."""
        request = call.request
        call.foreign = self.foreign(request)
        if request.method == "OPTIONS" and not call.foreign:
            allowed = preflight(request, faithful=self.settings.faithful)
            self.tell(call, Answer(allowed.status_code))
            return allowed
        call.session_id = request.path_params.get("session_id", "")[:_LONGEST_ID] or None
        call.name = request.path_params.get("name")
        self.load.enter()
        began = time.monotonic()
        try:
            answer = await self._answered(call, handler, public=public)
        finally:
            self.load.leave()
            self._leave(call)
        self.meter.answered(call.operation, answer.status, answer.body, time.monotonic() - began)
        sent = _parting(answer) if self.stopping else _closing(answer, request)
        response = await rendered(sent, request, readable=not call.foreign)
        self.remember(call, answer, response, began)
        self.tell(call, answer)
        return call.deliver(response)

    @contextlib.contextmanager
    def aside(self) -> Iterator[None]:
        """While a request only waits, it is none that others, or the work, have to wait for."""
        self.load.leave()
        try:
            yield
        finally:
            self.load.enter()

    async def _answered(self, call: Call, handler: Operation, *, public: bool) -> Answer:
        """The answer as the layers leave it."""
        onward: Callable[[], Awaitable[Answer]] = partial(self._operate, call, handler, public=public)
        for layer in reversed(self.layers):
            onward = partial(layer, call, onward)
        return await onward()

    async def _operate(self, call: Call, handler: Operation, *, public: bool) -> Answer:
        try:
            if call.foreign:
                self._keep_out(call.request)
            if not public or call.namespace:
                self._admit(call)
            return await handler(self, call)
        except Problem as problem:
            return self.refusal(call, problem)
        except ClientDisconnect:  # nobody is there to read this
            return self.refusal(call, problems.invalid_request("The body ended before it was complete."))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if not self.stopping or task is None:
                raise
            task.uncancel()  # the grace of a shutdown is over: this is the last the client hears
            return self.refusal(call, problems.service_unavailable("The server is stopping.", _RETRY_S))
        except Exception:
            log.exception("%s %s broke", call.request.method, call.operation)
            return self.refusal(call, problems.internal_error())

    def _keep_out(self, request: Request) -> None:
        """A page's simple POST comes without a preflight, so it is refused itself; what it GETs it cannot read."""
        if request.method not in ("GET", "HEAD"):
            raise problems.foreign_origin(request.headers["origin"][:200])

    def _admit(self, call: Call) -> None:
        self._bound()
        if not call.namespace:
            self._authenticate(call)
        let_in(call.request.scope)
        self._check_version(call.request)
        self._place(call)

    def _bound(self) -> None:
        if self.load.running > self.settings.most_at_once:
            raise problems.service_unavailable("Too many requests are running.", _RETRY_S)

    def _place(self, call: Call) -> None:
        """Count a request among its namespace's; one client's slow uploads leave places for the others."""
        own, free = self._places[call.namespace], self.settings.most_at_once - self._places.total()
        if own >= SHARE * free:
            told = f"{own} requests of this key's namespace are running already; send this one again in a moment."
            raise problems.service_unavailable(told, _RETRY_S)
        self._places[call.namespace] += 1
        call.placed = True

    def _leave(self, call: Call) -> None:
        if call.placed:
            self._places[call.namespace] -= 1
            if not self._places[call.namespace]:
                del self._places[call.namespace]

    def _authenticate(self, call: Call) -> None:
        try:
            call.namespace = call.opens(self.keys)
        except Problem as problem:
            namespace = call.excuse(problem)
            if namespace is None:
                raise
            call.namespace = namespace


def _parting(answer: Answer) -> Answer:
    """The last answer of a connection to a server that stops: its client asks the next thing elsewhere."""
    return replace(answer, headers={**answer.headers, "Connection": "close"})


def _closing(answer: Answer, request: Request) -> Answer:
    """Who is refused, or sent on, holds no connection open for the rest of a body that is large, or of unknown size."""
    if answer.status < 300:
        return answer
    if "transfer-encoding" not in request.headers and (declared_size(request.headers) or 0) <= _SMALL_BODY:
        return answer
    return replace(answer, headers={**answer.headers, "Connection": "close"})
