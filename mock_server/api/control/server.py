"""The router of what the server is, for a page that is to be of use with any of them."""

# Annotations are read by FastAPI when the routes are made.
from typing import Final

from pydantic import BaseModel, Field

from mock_server.api.control.models import Own
from mock_server.api.control.plane import new_router, refusals
from mock_server.api.control.route import Asked
from mock_server.api.label import FORMATS
from mock_server.extraction import TEMPLATES
from mock_server.version import version

router: Final = new_router()


class Choosable(BaseModel):
    """Something that a session can be ordered with."""

    id: str
    name: str
    description: str


class Consulting(BaseModel):
    """What a client needs to know before it sends a consultation."""

    base_url: str
    models: list[str]
    templates: list[Choosable]
    formats: list[str]
    upload_bytes: int
    chunk_seconds: int
    numbered: bool = Field(description="audio is numbered by a header, and has no name")
    counted_end: bool = Field(description="an end says how many files were sent")


class ServerTold(Own):
    """What this server is."""

    version: str
    profiles: list[str]
    revision: str = Field(description="the text of medscribe; `revisions` has that of each profile")
    revisions: dict[str, str] = Field(description="profile -> the text of it that is served")
    engine: str = Field(description="what hears; `scripted` hears nothing")
    ready: bool
    unready_because: str | None
    kept: bool = Field(description="whether sessions outlive the process")
    traffic: bool = Field(description="whether requests are recorded")
    consulting: Consulting | None = Field(description="where the profile medscribe is served")


@router.get("/server", operation_id="read_server", summary="What this server is and serves", responses=refusals())
async def read_server(asked: Asked) -> ServerTold:
    """The same as discovery says, without being a client's request."""
    face = asked.face
    settings = face.settings
    return ServerTold(
        version=version(),
        profiles=list(settings.profiles),
        revision=settings.revision,
        revisions=settings.served.revisions,
        engine=face.transcriber.engine,
        ready=face.ready,
        unready_because=None if face.ready else face.unready_because,
        kept=not settings.in_memory,
        traffic=face.traffic is not None,
        consulting=_consulting(asked) if "medscribe" in settings.profiles else None,
        namespace=asked.call.namespace,
    )


def _consulting(asked: Asked) -> Consulting:
    face = asked.face
    return Consulting(
        base_url=face.base_url(asked.call.request),
        models=[offer.id for offer in face.settings.models],
        templates=[Choosable(id=each.id, name=each.name, description=each.description) for each in TEMPLATES.values()],
        formats=list(FORMATS),
        upload_bytes=face.settings.limits.upload_bytes,
        chunk_seconds=face.settings.max_chunk_seconds,
        numbered=face.wording.numbered,
        counted_end=face.wording.counted_end,
    )
