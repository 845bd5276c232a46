"""Which operation of a protocol a request is, and about which session, by its address and what it says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

from conformance.vocabulary.operation import PROTOCOL, Operation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from conformance.evidence.exchange import Exchange
    from scribe_data import Spec
    from scribe_data.protocol import Endpoint

_PLACE = re.compile(r"\{(\w+)\}")
#: What names the session of a request, in its path, its query or its body.
_SESSION = "session_id"


def bare(url: str) -> str:
    """An address without its query, its fragment and a slash at its end."""
    return re.split("[?#]", url, maxsplit=1)[0].rstrip("/")


class Routes:
    """The endpoints of a protocol as patterns, those without a place for an id first."""

    def __init__(self, text: Spec) -> None:
        self.endpoints: Mapping[str, Endpoint] = text.protocol.endpoints
        below = [
            (each, self.endpoints[each])
            for each in PROTOCOL
            if each in self.endpoints and each != Operation.DISCOVERY and self.endpoints[each].path.startswith("/")
        ]
        ordered = sorted(below, key=lambda each: each[1].path.count("{"))
        self._below = [(operation, each.method, _pattern(each.path)) for operation, each in ordered]
        self._session = _pattern(self.endpoints[Operation.GET].path, behind=r"(?:/.*)?")

    def root_of(self, raw: Iterable[Exchange]) -> str:
        """What stands before the path of a create in an archive; empty without one, and where discovery tells it."""
        create = self.endpoints[Operation.CREATE]
        for x in raw if Operation.DISCOVERY not in self.endpoints else ():
            url = bare(x.request.url)
            if x.request.method == create.method and url.endswith(create.path):
                return url.removesuffix(create.path)
        return ""

    def meant(self, x: Exchange, root: str) -> tuple[Operation | None, str | None]:
        """The operation of a request below a root, and the session it names."""
        method, url = x.request.method, bare(x.request.url)
        discovery = self.endpoints.get(Operation.DISCOVERY)
        if discovery and method == discovery.method and urlsplit(url).path.endswith(discovery.path):
            return Operation.DISCOVERY, None
        for operation, by, pattern in self._below if url.startswith(root) else ():
            found = pattern.fullmatch(url[len(root) :]) if by == method else None
            if found:
                named = found.groupdict().get(_SESSION)
                return operation, None if operation is Operation.CREATE else unquote(named) if named else _named(x)
        return None, None

    def below(self, x: Exchange, root: str) -> str | None:
        """The session whose address a request is at or below; None where sessions have no addresses."""
        url = bare(x.request.url)
        found = self._session.fullmatch(url[len(root) :]) if url.startswith(root) else None
        named = found.groupdict().get(_SESSION) if found else None
        return unquote(named) if named else None


def _pattern(path: str, behind: str = "") -> re.Pattern[str]:
    """A path whose places take what stands between two slashes."""
    parts = _PLACE.split(path)  # every second one is the name of a place
    told = "".join(f"(?P<{part}>[^/]+)" if at % 2 else re.escape(part) for at, part in enumerate(parts))
    return re.compile(told + behind)


def _named(x: Exchange) -> str | None:
    """The session that a query or a body names."""
    query = parse_qs(urlsplit(x.request.url).query).get(_SESSION)
    told = query[0] if query else x.request.json.get(_SESSION) if isinstance(x.request.json, dict) else None
    return told if isinstance(told, str) and told else None
