"""What there is to tell of a namespace as it happens, whoever it is sent to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from mock_server.clock import stamp

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mock_server.api.face import Face
    from mock_server.shelves.feed import Event, Feeds


class Told(NamedTuple):
    """An event of the stream: its name, what whoever goes on behind it remembers, and what it says."""

    event: str
    place: str | None
    data: Mapping[str, Any]


class News:
    """The events of one namespace for one reader, from the place of its feeds on."""

    def __init__(self, face: Face, namespace: str, feeds: Feeds) -> None:
        self._seen = face.seen
        self._namespace = namespace
        self._feeds = feeds
        self._number, _ = face.seen.since(namespace, 0)

    def ready(self) -> Told:
        """That it begins, and where."""
        return Told("ready", self._feeds.place, {})

    async def look(self) -> list[Told]:
        """What is new: what happened to sessions, then which of them requests were about."""
        found = await self._feeds.news()
        place = self._feeds.place
        if found is None:
            told = [Told("reset", place, {})]
        else:
            told = [Told("change", place if each is found[-1] else None, _change(each)) for each in found]
        self._number, sessions = self._seen.since(self._namespace, self._number)
        return [*told, Told("requests", None, {"sessions": sessions})] if sessions else told


def _change(event: Event) -> dict[str, str]:
    return {"session_id": event.session_id, "kind": event.kind, "at": stamp(event.at)}
