"""Routes of research sessions, and who asks them."""

# Annotations are read by FastAPI when the routes are made.
from typing import Any, ClassVar, Final

from fastapi import APIRouter

from mock_server.api.control.route import Asking, ModelRoute, Told
from mock_server.api.face import Call
from mock_server.api.operations import json_only
from mock_server.prsm.access import Caller

PREFIX: Final = "/api/v1"
#: The URL of a share: whatever its holder asks lies below it, and its secret is hidden by its name wherever
#: requests are shown.
SHARE: Final = "/shared/{share_id}/ticket/{ticket}"


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


def new_router(route_class: type[ModelRoute]) -> APIRouter:
    """A router still without routes; the spec describes them, and not FastAPI."""
    options: dict[str, Any] = {"default_response_class": Told, "include_in_schema": False}
    return APIRouter(prefix=PREFIX, route_class=route_class, **options)


def user(asked: Asking) -> Caller:
    """Whoever asks with a key."""
    return Caller(asked.call.namespace, asked.face.keys.user(asked.call.request.headers))


async def holder(asked: Asking, share_id: str, ticket: str) -> tuple[Caller, str]:
    """Whoever asks with the URL of a share, counted among the requests of its namespace; and the shared session."""
    found = await asked.face.research.holder(share_id, ticket)
    asked.face.let_in(asked.call, found.namespace)
    assert found.share is not None, "whoever holds a URL holds a share"
    asked.call.session_id = found.share.session_id
    return found, found.share.session_id
