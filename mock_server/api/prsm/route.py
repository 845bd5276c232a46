"""Routes of research sessions, and who asks them."""

# Annotations are read by FastAPI when the routes are made.
from typing import Any, ClassVar, Final

from fastapi import APIRouter

from mock_server.api.control.route import Asking, ModelRoute, Told
from mock_server.api.face import Call, Face
from mock_server.api.operations import json_only
from mock_server.problems import Problem
from mock_server.prsm.access import Caller

PREFIX: Final = "/api/v1"
#: The URL of a share: whatever its holder asks lies below it, and its secret is hidden by its name wherever
#: requests are shown.
SHARE: Final = "/shared/{share_id}/ticket/{ticket}"

#: Where a request that came by the URL of a share carries who holds that, or what it is refused with.
_HOLDER: Final = "scribe.mock.holder"


class SessionRoute(ModelRoute):
    """An operation of the document."""

    @property
    def known_as(self) -> str:
        """Its name, apart from those of other profiles."""
        return f"prsm.{self.name}"

    def examine(self, call: Call) -> None:
        """Refuse a body that is labelled as something else than JSON."""
        json_only(call)


class SharedRoute(SessionRoute):
    """What the URL of a share opens, with its secret and without a key."""

    public: ClassVar[bool] = True

    async def meet(self, face: Face, call: Call) -> None:
        """Look the share up: the request is one of its namespace and its session, as those with a key are."""
        named = call.request.path_params
        try:
            found = await face.research.holder(named["share_id"], named["ticket"])
        except Problem as problem:
            call.request.scope[_HOLDER] = problem
            return
        assert found.share is not None, "whoever holds a URL holds a share"
        call.request.scope[_HOLDER] = found
        call.namespace = found.namespace
        named["session_id"] = found.share.session_id


def new_router(route_class: type[ModelRoute]) -> APIRouter:
    """A router still without routes; the spec describes them, and not FastAPI."""
    options: dict[str, Any] = {"default_response_class": Told, "include_in_schema": False}
    return APIRouter(prefix=PREFIX, route_class=route_class, **options)


def caller(asked: Asking) -> Caller:
    """Whoever asks, with a key or with the URL of a share; raises Problem for a URL that opens nothing."""
    found: Caller | Problem | None = asked.call.request.scope.get(_HOLDER)
    if isinstance(found, Problem):
        raise found
    return found or Caller(asked.call.namespace, asked.face.keys.user(asked.call.request.headers))
