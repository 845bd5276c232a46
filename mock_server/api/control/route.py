"""An operation that is asked by models: FastAPI reads them, the face does everything else."""

# Annotations are read by FastAPI when the routes are made, so they are no strings here.
import json
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, ClassVar, Final

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute, APIRouter
from starlette.routing import BaseRoute, Route
from starlette.types import Message, Receive, Scope, Send

from mock_server.api.answer import BODILESS, Answer
from mock_server.api.control.refusal import problem
from mock_server.api.document import parse_object, read
from mock_server.api.endpoint import Endpoint, entered
from mock_server.api.face import Call, Face

_FRESH: Final = {"Cache-Control": "no-store"}
#: Headers that are made anew with the bytes.
_OF_BYTES: Final = ("content-type", "content-length")
_JSON: Final = [(b"content-type", b"application/json")]
#: Where a request in FastAPI's hands carries what the face knows of it.
_ASKING: Final = "scribe.mock.asking"

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True)
class Asking:
    """Whom an operation acts for: the face, and the request on its way through it."""

    face: Face
    call: Call


def _asking(request: Request) -> Asking:
    found: Asking = request.scope[_ASKING]
    return found


#: What an operation that needs more than its models takes as a parameter.
Asked = Annotated[Asking, Depends(_asking)]


class Told(JSONResponse):
    """An answer that the face makes bytes of."""

    def render(self, content: Any) -> bytes:
        """Keep it as it is."""
        self.content = content
        return b""


class ModelRoute(APIRoute):
    """A route whose body is read by `document`'s bounds, and whose refusals are those of the face."""

    #: Whether somebody without a key may ask.
    public: ClassVar[bool] = False

    @property
    def known_as(self) -> str:
        """The operation's name for layers, logs and lists of requests."""
        return "control"

    def examine(self, call: Call) -> None:
        """Look at a request with a body before that is understood; a subclass may refuse it."""

    async def meet(self, face: Face, call: Call) -> None:
        """Learn whose a request is whose key does not say so; a subclass may know."""

    def get_route_handler(self) -> Handler:
        """FastAPI's own way from a request to an answer, inside that of the face."""
        handler = super().get_route_handler()
        reads = None if self.body_field is None else bool(self.body_field.field_info.is_required())
        operation = partial(_operate, handler, reads=reads, looks=self.examine)

        async def served(request: Request) -> Response:
            face: Face = request.app.state.face
            call = Call(request, self.known_as)
            answer: Any = await entered(face, call, operation, public=self.public, meet=self.meet)
            return answer  # type: ignore[no-any-return]  # an ASGI application is all that FastAPI asks for

        return served


async def _operate(
    handler: Handler, face: Face, call: Call, *, reads: bool | None, looks: Callable[[Call], None]
) -> Answer:
    """What FastAPI makes of a request that was let in; raises Problem for what its models refuse.

    `reads`: whether a body has to be there; None for an operation that takes none.
    """
    body = b""
    if reads is not None:
        body = await read(call.request, face.settings.max_json_bytes)
        if body or reads:
            looks(call)
            call.document = parse_object(body)
            revised = call.revise(call.document)
            if revised is not call.document:
                body = json.dumps(revised).encode()
    answered: list[Response] = []

    async def answering(scope: Scope, receive: Receive, send: Send) -> None:
        answered.append(await handler(Request(scope, receive, send)))

    scope = {**call.request.scope, "headers": _JSON, _ASKING: Asking(face, call)}
    try:
        await AsyncExitStackMiddleware(answering)(scope, _receiving(body), _silent)
    except RequestValidationError as error:
        raise problem(error.errors()) from None
    (response,) = answered
    if not isinstance(response, Told):
        kept = {name.title(): text for name, text in response.headers.items() if name not in _OF_BYTES}
        label = response.headers["content-type"]
        return Answer(response.status_code, raw=bytes(response.body), headers={**_FRESH, **kept}, media_type=label)
    if "namespace" in response.content:  # after what was asked for
        response.content["namespace"] = response.content.pop("namespace")
    return Answer(response.status_code, response.content, dict(_FRESH))


def _receiving(body: bytes) -> Receive:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


async def _silent(_message: Message) -> None:
    """Nothing is sent from within: the answer goes the way of all others."""


class _Beside:
    """The methods that a path has beside those of its router: HEAD, preflights, and refusals of all others."""

    def __init__(self, face: Face, methods: set[str]) -> None:
        self._gets = "GET" in methods
        self._endpoint = Endpoint(face, "control", _never, methods=" ".join(sorted(methods)), public=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["method"] == "HEAD" and self._gets:  # the socket leaves the body out
            await scope["app"]({**scope, "method": "GET", BODILESS: True}, receive, send)
        else:
            await self._endpoint(scope, receive, send)


async def _never(_face: Face, call: Call) -> Answer:
    raise AssertionError(f"{call.request.method} {call.path} is a route of its own")


def mount(app: FastAPI, router: APIRouter, face: Face) -> None:
    """Take a router's routes into an application, and answer every other method of their paths."""
    app.include_router(router)
    methods: dict[str, set[str]] = {}
    for route in router.routes:
        if isinstance(route, APIRoute):
            methods.setdefault(route.path, set()).update(route.methods or ())
    beside: list[BaseRoute] = [Route(path, _Beside(face, known)) for path, known in methods.items()]
    app.router.routes.extend(beside)
