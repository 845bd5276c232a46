"""create_app: the one place that knows every room."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

from mock_server import extraction
from mock_server.api import docs, health, metrics, operations, stream
from mock_server.api.console import pages as console
from mock_server.api.control import catalogue, document, events, exchanges, plane, server, steering, traffic
from mock_server.api.control.route import mount
from mock_server.api.endpoint import NOTHING, Endpoint, unknown
from mock_server.api.face import STREAMS, Face
from mock_server.api.session_manager import operations as session_manager
from mock_server.api.sighting import told
from mock_server.api.wording import wording
from mock_server.assembly import open_service
from mock_server.auth import Keys
from mock_server.choices.control import Control as ChoiceControl
from mock_server.choices.start import begun
from mock_server.faults import Faults
from mock_server.faults.catalogue import catalogue as known_faults
from mock_server.ids import WindowIds
from mock_server.leniency import Leniency
from mock_server.scenarios import Scenarios
from mock_server.scenarios.control import Control
from mock_server.scenarios.transcripts import Transcripts
from mock_server.served import LIVE
from mock_server.session.dalston.table import MACHINES as LIVE_MACHINES
from mock_server.session.table import MACHINES
from mock_server.session_manager import SessionManager
from mock_server.shelves.consultations import Consultations
from mock_server.shelves.feed import JournalFeed, WindowFeed
from mock_server.shelves.windows import Windows
from mock_server.speech import SpeechUnavailable, open_transcriber
from mock_server.speech.length import Lengths
from mock_server.stream.tape import take_up
from mock_server.suggestion import hint
from mock_server.ticket import Tickets

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping
    from types import ModuleType

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_server.api.face import Operation
    from mock_server.choices import Choices
    from mock_server.conduct import Conduct
    from mock_server.pipeline.ports import Extractor
    from mock_server.settings import Settings

log = logging.getLogger("scribe.mock")

#: What tickets of streams are sealed for, beside those of uploads.
_STREAMING = b" stream"
_SESSION = "/v1/sessions/{session_id}"
_WELL_KNOWN = "/.well-known/medscribealliance"


class _App(FastAPI):
    """Routes and a lifespan; what FastAPI would put around them has words of its own for what `Face.serve` says."""

    #: What brings requests to the routes from elsewhere, if anything does.
    entrance: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        scope["app"] = self
        await (self.entrance or self.router)(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """What the routers of models have; the protocol's own operations are described by the spec."""
        self.openapi_schema = self.openapi_schema or document.control(self)
        return self.openapi_schema

    @functools.cached_property
    def control(self) -> str:
        """The same as text, which makes the documents and pages of this server be drawn once."""
        return json.dumps(self.openapi())


def _add_routes(app: FastAPI, face: Face, scenarios: Scenarios | None, choices: Choices | None) -> None:
    """What the profiles have that are served, and what the server has beside them."""
    profiles = face.settings.profiles
    if "medscribe" in profiles:
        app.router.routes.extend(_medscribe(face))
    if "session_manager" in profiles:
        app.router.routes.extend(session_manager.routes(face))
    for module in _by_models(profiles):
        module.add(app, face)
    face.sockets = [route for route in app.router.routes if isinstance(route, WebSocketRoute)]
    app.router.routes.extend(_beside(face))
    if face.settings.faithful:
        return
    mount(app, plane.namespace, face)
    for router in (traffic.router, exchanges.router, catalogue.router, events.router, server.router):
        mount(app, router, face)
    app.router.routes.extend(console.routes(face))
    if {"medscribe", "prsm", LIVE} & {*profiles}:
        mount(app, plane.sessions, face)
    if scenarios is not None:
        mount(app, steering.scenarios(Control(scenarios)), face)
        if "medscribe" in profiles:
            mount(app, steering.transcripts(Transcripts(scenarios)), face)
    if choices is not None:
        mount(app, steering.choices(ChoiceControl(choices)), face)


def _by_models(profiles: Collection[str]) -> Iterator[ModuleType]:
    """The rooms of profiles that other servers do not wait for: what puts each together is imported where it is."""
    if "prsm" in profiles:
        from mock_server.api.prsm import laboratory

        yield laboratory
    if LIVE in profiles:
        from mock_server.api.dalston import booth

        yield booth


async def _open_beside(face: Face, opened: contextlib.AsyncExitStack, conduct: Callable[[str], Conduct]) -> None:
    """What is beside consultations as they are uploaded: those that were streamed, other profiles, who counts them."""
    settings = face.settings
    opened.push_async_callback(face.census.close)  # before what it counts
    if face.wording.stream is not None:
        await take_up(face.service, face.wording.stream)
    if "session_manager" in settings.profiles:
        face.sessions = await SessionManager.open(
            settings.data_dir / "logs",
            clocks=face.service.clocks,
            ids=WindowIds(),
            limit_s=settings.session_limit_s,
            conduct=conduct,
        )
        opened.push_async_callback(face.sessions.close)
        face.passing.append(face.sessions.pass_deadlines)
        face.rack.add(Windows(face.sessions))
        face.rack.feeds.append(partial(WindowFeed, face.sessions))
    for module in _by_models(settings.profiles):
        await module.open_sessions(face, opened, conduct)


def _route(
    face: Face,
    path: str,
    methods: str,
    name: str,
    operation: Operation,
    *,
    public: bool = False,
    also: Mapping[str, tuple[str, Operation]] = NOTHING,
) -> Route:
    return Route(path, Endpoint(face, name, operation, methods=methods, public=public, also=also), name=name)


def _medscribe(face: Face) -> list[BaseRoute]:
    route = partial(_route, face)
    if face.wording.numbered:
        uploads: list[BaseRoute] = [route(f"{_SESSION}/audio", "POST", "upload", operations.upload_numbered)]
    else:
        uploads = [
            route(f"{_SESSION}/audio", "POST PUT", "upload", operations.upload),
            route(f"{_SESSION}/audio/{{name:path}}", "POST PUT", "upload", operations.upload),
        ]
    routes: list[BaseRoute] = [
        route("/v1/sessions", "POST", "create", operations.create),
        route(f"{_SESSION}/end", "POST", "end", operations.end),
        *uploads,
        route(_WELL_KNOWN, "GET", "discovery", operations.discover, public=True),
        route("/v1" + _WELL_KNOWN, "GET", "discovery", operations.discover, public=True),
        route("/v1/templates", "GET", "templates", operations.list_templates),
        route("/openapi.json", "GET", "docs", docs.document, public=True),
        route("/docs", "GET", "docs", docs.read, public=True),
    ]
    if (wire := face.wording.stream) is not None:
        routes.append(WebSocketRoute(f"/v1{STREAMS}{{stream_id}}/audio", stream.Socket(face, wire)))
    if face.settings.faithful:
        return [route(_SESSION, "GET", "get", operations.get), *routes]
    by_method = {"PATCH": ("amend", operations.amend)}
    return [
        route("/", "GET", "docs", docs.enter, public=True),
        route(_SESSION, "GET", "get", operations.get, also=by_method),
        route(f"{_SESSION}/process/template/{{template_id}}", "POST", "template", operations.process_template),
        *routes,
    ]


def _beside(face: Face) -> list[BaseRoute]:
    route = partial(_route, face)
    found: list[BaseRoute] = [
        route("/health/live", "GET", "health", health.live, public=True),
        route("/health/ready", "GET", "health", health.ready, public=True),
    ]
    if face.settings.faithful:
        return found
    return [
        *found,
        Route(metrics.PATH, metrics.Metrics(face), name="metrics"),
        route("/_mock/v1/openapi.json", "GET", "docs", document.document, public=True),
        route("/_mock/v1/docs", "GET", "docs", document.read, public=True),
    ]


async def _try_out(face: Face) -> None:
    try:
        await face.transcriber.ready()
    except SpeechUnavailable as error:
        face.unready_because = str(error)
    except Exception:
        log.exception("the model could not be tried out")
        face.unready_because = "The model could not be tried out; the server's log says why."
    else:
        face.ready = True
    face.tried.set()


def _scenarios(settings: Settings, conduct: Callable[[str], Conduct]) -> Scenarios | None:
    """The layer of scenarios; None for a faithful server."""
    if not settings.faithful:
        return Scenarios(settings.scenarios, settings.scenario_file, conduct, settings.served)
    if settings.scenarios or settings.scenario_file:
        raise ValueError("--scenario needs a server that is not --faithful.")
    return None


def _check_revision(settings: Settings) -> None:
    """Refuse what the revision that is asked for does not have."""
    if settings.revision not in MACHINES:
        told = f"Revision {settings.revision[:40]!r} is not served; {', '.join(MACHINES)} are."
        raise ValueError(f"{told}{hint(settings.revision, MACHINES)}")
    if settings.live_revision not in LIVE_MACHINES:
        told = f"Revision {settings.live_revision[:40]!r} of {LIVE} is not served; {', '.join(LIVE_MACHINES)} are."
        raise ValueError(f"{told}{hint(settings.live_revision, LIVE_MACHINES)}")
    if settings.templates_shape == "array" and wording(settings.revision).bare_templates:
        raise ValueError(f"Revision {settings.revision} shows templates as an object; there is no array of them in it.")


def _extractor(settings: Settings) -> Extractor:
    """Who fills templates: the rules, or an endpoint whose answers are held against them."""
    if settings.notes is None and settings.notes_model is None:
        return extraction
    from mock_server.notes import open_notes

    return open_notes(settings.notes, settings.notes_model)


def _shelve(face: Face) -> None:
    """Put sessions where the control plane lists them."""
    face.rack.feeds.append(partial(JournalFeed, face.service.read))
    if {"medscribe", LIVE} & {*face.settings.profiles}:  # what hears a live session again is one of these
        face.rack.add(Consultations(face.service))


def create_app(settings: Settings) -> FastAPI:
    """The reference server; its lifespan opens the data directory on the application's own event loop.

    Raises ValueError for an unknown fault, scenario, choice or revision, what that does not have, and notes that
    nobody can write, SpeechUnavailable without the model asked for, and, once it starts, StorageError for a data
    directory that cannot be used.
    """
    _check_revision(settings)
    extractor = _extractor(settings)
    faults = Faults(known_faults(*settings.served), settings.faults, settings)
    choices = begun(settings, faults.conduct)
    conduct = choices.conduct if choices else faults.conduct
    scenarios = _scenarios(settings, conduct)
    acting = scenarios.play.conduct if scenarios else conduct
    leniency = Leniency()
    face = Face(
        settings=settings,
        keys=Keys(settings.api_keys, open_namespaces=settings.open_namespaces),
        layers=(
            *([choices.around] if choices else []),
            faults.around,
            *([scenarios.around] if scenarios else []),
            *([leniency.around] if settings.strict or not settings.faithful else []),
        ),
    )
    if choices is not None:
        choices.attach(face)
    leniency.attach(face)
    if scenarios is not None:
        scenarios.attach(face)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as opened:
            models = settings.data_dir / "models"
            face.transcriber = open_transcriber(settings.transcriber, settings.model, cache=models)
            # it closes after the service: a job that its end interrupts is not a job that failed
            opened.push_async_callback(face.transcriber.close)
            numbered = face.wording.numbered
            lengths = Lengths() if numbered else None
            if lengths is not None:
                opened.push_async_callback(lengths.close)
            face.service = await open_service(
                settings.data_dir,
                machine=MACHINES[settings.revision],
                lengths=lengths,
                transcriber=face.transcriber,
                extractor=extractor,
                conduct=acting,
                limits=settings.limits,
                # a chunk that has a number was measured when it came
                max_chunk_seconds=None if numbered else settings.max_chunk_seconds,
                clock=settings.clock,
                busy=face.load.busy,
                in_memory=settings.in_memory,
                database=settings.database,
                audio_store=settings.audio_store,
                meter=face.meter,
            )
            opened.push_async_callback(face.service.close)
            _shelve(face)
            face.tickets = Tickets.of(None if settings.in_memory else settings.data_dir, _STREAMING)
            if choices is not None:
                choices.opened(None if settings.in_memory else settings.data_dir)
            if settings.records_traffic and not settings.faithful:
                face.traffic = await face.service.recorder(told)
                opened.push_async_callback(face.traffic.close)
            if scenarios is not None:
                opened.push_async_callback(scenarios.close)
                scenarios.opened()
                face.passing.append(scenarios.play.pass_deadlines)
            face.passing.append(face.service.pass_deadlines)
            await _open_beside(face, opened, acting)
            trial = asyncio.create_task(_try_out(face))
            opened.callback(trial.cancel)
            yield

    app = _App(
        title="scribe-mock: control plane", version="1", lifespan=lifespan, openapi_url=None, redirect_slashes=False
    )
    _add_routes(app, face, scenarios, choices)
    app.entrance = choices.elsewhere(app.router) if choices else None
    app.router.default = Endpoint(face, "unknown", unknown, methods=None, public=True)
    app.state.face = face
    app.state.faults = faults
    app.state.scenarios = scenarios
    app.state.choices = choices
    return app
