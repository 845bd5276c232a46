"""create_app: the one place that knows every room."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from fastapi import FastAPI
from starlette.routing import Route, WebSocketRoute

from mock_server.api import docs, health, metrics, operations, stream
from mock_server.api.console import pages as console
from mock_server.api.control import catalogue, document, events, exchanges, plane, server, steering, traffic
from mock_server.api.control.route import mount
from mock_server.api.endpoint import NOTHING, Endpoint, unknown
from mock_server.api.face import STREAMS, Face
from mock_server.api.gate import Gate
from mock_server.api.session_manager import operations as session_manager
from mock_server.api.wording import wording
from mock_server.assembly import extractor_of
from mock_server.auth import Keys
from mock_server.choices.control import Control as ChoiceControl
from mock_server.choices.start import begun
from mock_server.faults import Faults
from mock_server.faults.catalogue import DIRECT
from mock_server.faults.catalogue import catalogue as known_faults
from mock_server.leniency import Leniency
from mock_server.opening import Steps, by_models, open_all
from mock_server.scenarios import Scenarios
from mock_server.scenarios.control import Control
from mock_server.scenarios.transcripts import Transcripts
from mock_server.served import LIVE
from mock_server.session.dalston.table import MACHINES as LIVE_MACHINES
from mock_server.session.table import MACHINES
from mock_server.suggestion import hint
from mock_server.within import ALONE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from starlette.routing import BaseRoute
    from starlette.types import ASGIApp, Receive, Scope, Send

    from mock_server.api.face import Operation
    from mock_server.choices import Choices
    from mock_server.conduct import Conduct
    from mock_server.faults.fault import Fault
    from mock_server.mirror.mirror import Mirror
    from mock_server.settings import Settings
    from mock_server.within import Within

log = logging.getLogger("scribe.mock")

_SESSION = "/v1/sessions/{session_id}"
_WELL_KNOWN = "/.well-known/medscribealliance"


class _App(FastAPI):
    """Routes and a lifespan; what FastAPI would put around them has words of its own for what `Face.serve` says."""

    #: Where requests come in, before the router or instead of it.
    entrance: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request, or the lifespan."""
        scope["app"] = self
        await self.entrance(scope, receive, send)

    def openapi(self) -> dict[str, Any]:
        """What the routers of models have; the protocol's own operations are described by the spec."""
        self.openapi_schema = self.openapi_schema or document.control(self)
        return self.openapi_schema

    @functools.cached_property
    def control(self) -> str:
        """The same as text, which makes the documents and pages of this server be drawn once."""
        return json.dumps(self.openapi())


def _add_routes(app: _App, face: Face, scenarios: Scenarios | None, choices: Choices | None) -> None:
    """What the profiles have that are served, and what the server has beside them."""
    profiles = face.settings.profiles
    if "medscribe" in profiles:
        app.router.routes.extend(_medscribe(face))
    if "session_manager" in profiles:
        app.router.routes.extend(session_manager.routes(face))
    app.entrance = Gate(app.router.routes, app.router)  # these are the first that the router would try, too
    for module in by_models(profiles):
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
            route(f"{_SESSION}/audio/{{name:path}}", "POST PUT", "upload", operations.upload),
            route(f"{_SESSION}/audio", "POST PUT", "upload", operations.upload),
        ]
    amended = {} if face.settings.faithful else {"PATCH": ("amend", operations.amend)}
    # each is tried in turn, so those come first that are asked for most
    routes: list[BaseRoute] = [
        route(_SESSION, "GET", "get", operations.get, also=amended),
        *uploads,
        route("/v1/sessions", "POST", "create", operations.create),
        route(f"{_SESSION}/end", "POST", "end", operations.end),
        route(_WELL_KNOWN, "GET", "discovery", operations.discover, public=True),
        route("/v1" + _WELL_KNOWN, "GET", "discovery", operations.discover, public=True),
        route("/v1/templates", "GET", "templates", operations.list_templates),
        route("/openapi.json", "GET", "docs", docs.document, public=True),
        route("/docs", "GET", "docs", docs.read, public=True),
    ]
    if (wire := face.wording.stream) is not None:
        routes.append(WebSocketRoute(f"/v1{STREAMS}{{stream_id}}/audio", stream.Socket(face, wire)))
    if face.settings.faithful:
        return routes
    return [
        *routes,
        route("/", "GET", "docs", docs.enter, public=True),
        route(f"{_SESSION}/process/template/{{template_id}}", "POST", "template", operations.process_template),
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


def _faults(settings: Settings) -> Mapping[str, Fault]:
    """Those that can be switched on in this server."""
    return {**known_faults(*settings.served), **(DIRECT if settings.direct_uploads else {})}


def _mirror(settings: Settings, within: Within) -> Mirror | None:
    """What shows a server in Redis: one a process."""
    if within.face is not None or settings.redis is None:
        return within.face.mirror if within.face else None
    from mock_server.mirror.mirror import Mirror

    return Mirror(settings.redis)


def create_app(settings: Settings, within: Within = ALONE) -> FastAPI:
    """The reference server; its lifespan opens the data directory on the application's own event loop.

    `within` has what several servers of one process share.

    Raises ValueError for an unknown fault, scenario, choice or revision, what that does not have, and notes that
    nobody can write, SpeechUnavailable without the model asked for, and, once it starts, StorageError for a data
    directory that cannot be used.
    """
    _check_revision(settings)
    extractor = extractor_of(settings)
    faults = Faults(_faults(settings), settings.faults, settings)
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
        within=within.face,
        place=within.place,
    )
    face.mirror = _mirror(settings, within)
    if choices is not None:
        choices.attach(face)
    leniency.attach(face)
    if scenarios is not None:
        scenarios.attach(face)

    @contextlib.asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        async with contextlib.AsyncExitStack() as opened:
            await open_all(face, opened, Steps(extractor, acting, choices, scenarios), within)
            yield

    app = _App(
        title="scribe-mock: control plane", version="1", lifespan=lifespan, openapi_url=None, redirect_slashes=False
    )
    _add_routes(app, face, scenarios, choices)
    if choices is not None:
        app.entrance = choices.elsewhere(app.entrance)
    app.router.default = Endpoint(face, "unknown", unknown, methods=None, public=True)
    app.state.face = face
    app.state.faults = faults
    app.state.scenarios = scenarios
    app.state.choices = choices
    return app
