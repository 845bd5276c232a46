"""A request whose headers are asked for many times."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette import requests
from starlette.datastructures import Headers

if TYPE_CHECKING:
    from starlette.types import Receive, Scope


class Fields(Headers):
    """Headers that are found by name without a look at each of them; of several with one name the first counts."""

    def __init__(self, raw: list[tuple[bytes, bytes]]) -> None:
        super().__init__(raw=raw)
        self._first = dict(reversed(raw))

    def __getitem__(self, key: str) -> str:
        return self._first[key.lower().encode("latin-1")].decode("latin-1")

    def get(self, key: str, default: Any = None) -> Any:
        """The header's value, or the default where there is none."""
        found = self._first.get(key.lower().encode("latin-1"))
        return default if found is None else found.decode("latin-1")

    def getlist(self, key: str) -> list[str]:
        """Every value of a header; most are asked for that no request has."""
        return super().getlist(key) if key in self else []

    def __contains__(self, key: object) -> bool:
        return isinstance(key, str) and key.lower().encode("latin-1") in self._first


class Request(requests.Request):
    """A request whose headers are looked up at once."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        super().__init__(scope, receive)
        self._fields = Fields(scope["headers"])

    @property
    def headers(self) -> Headers:
        """Its headers."""
        return self._fields
