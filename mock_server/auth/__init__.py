"""Who asks: API keys in the spellings the text shows, and the namespace a key opens (§5.1, E47)."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from mock_server import problems

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.datastructures import Headers

#: What a key's end begins with that asks for a scenario, behind an underscore.
KEYED: Final = "mock-"
#: sk_test_<namespace>[_…]: letters and digits up to the next underscore.
_SANDBOX = re.compile(r"sk_test_([A-Za-z0-9]+)(?:_([A-Za-z0-9_-]*))?\Z")
#: Where a key asks for a scenario it names no user any more.
_ASKING: Final = re.compile(rf"(?:^|_){KEYED}.*")
_OWN: Final = b"x-api-key"
#: The headers that hold a credential.
_SPELLED: Final = frozenset({_OWN, b"authorization"})
#: Longer than this is not a key anybody was given.
LONGEST_KEY = 512
#: A namespace's name is shown to others up to this length; a longer one may be all of its key that is hard to guess.
LONGEST_SHOWN: Final = 16
_NO_KEY = "The request holds no key in a form that is taken: 'Authorization: Bearer <key>' or 'X-API-Key: <key>' is."


def presented(headers: Headers) -> frozenset[str]:
    """The credentials a request carries, in whichever spelling; the bar form is the seed's own example (E47)."""
    spelled = tuple([pair for pair in headers.raw if pair[0] in _SPELLED])
    short = sum([len(value) for _, value in spelled]) <= LONGEST_KEY
    return _read(spelled) if short else _read.__wrapped__(spelled)


@lru_cache(256)
def _read(spelled: tuple[tuple[bytes, bytes], ...]) -> frozenset[str]:
    """The credentials in headers; a request's are asked for several times, and a client sends the same ones again."""
    found = set()
    for name, raw in spelled:
        value = raw.decode("latin-1").strip()
        scheme, _, rest = value.partition(" ")
        if name == _OWN:
            found.add(value)
        elif scheme.lower() in ("x-api-key", "bearer"):
            found.add(rest.strip().removeprefix("|").strip())
        elif scheme:
            found.add("")  # a scheme that is not offered is a credential that is not valid
    return frozenset(found)


def namespace_of(key: str) -> str:
    """The namespace a valid key opens; a key that is not a sandbox key has one of its own, told by its digest."""
    found = _SANDBOX.match(key)
    if found:
        return found.group(1)
    return "key" + hashlib.sha256(key.encode()).hexdigest()[:16]


def label_of(namespace: str) -> str:
    """What tells a namespace from others to those who have no key of it: its name, or the begin and a digest of it."""
    if len(namespace) <= LONGEST_SHOWN:
        return namespace
    return f"{namespace[: LONGEST_SHOWN // 2]}-{hashlib.sha256(namespace.encode()).hexdigest()[:16]}"


def user_of(key: str) -> str:
    """The user of its namespace that a key names behind it; one that names none is the namespace itself.

    A user who has the namespace's name is somebody else, told by a stroke that no key holds.
    """
    found = _SANDBOX.match(key)
    name, namespace = _ASKING.sub("", found.group(2) or "") if found else "", namespace_of(key)
    return f"{namespace}/{name}" if name == namespace else name or namespace


def named(keys: Collection[str]) -> dict[str, int]:
    """The namespaces that sandbox keys name, and how many of the keys open each."""
    return Counter(namespace_of(key) for key in keys if _SANDBOX.match(key))


class Keys:
    """The keys that are valid, compared in constant time."""

    def __init__(self, keys: Collection[str], *, open_namespaces: bool = False) -> None:
        self._keys = tuple(keys)
        self._open = open_namespaces

    def _known(self, key: str) -> bool:
        given = key.encode("utf-8", "surrogateescape")
        matches = [hmac.compare_digest(given, known.encode()) for known in self._keys]
        return any(matches) or (self._open and _SANDBOX.match(key) is not None)

    def namespace(self, headers: Headers) -> str:
        """The caller's namespace; raises the 401 of §5.1 for none, a wrong one, or two that differ."""
        return self.opened(presented(headers))

    def opened(self, found: frozenset[str]) -> str:
        """The namespace of the credentials that a request carries; raises as `namespace` does."""
        if not found:
            raise problems.authentication_failed()
        if len(found) > 1:
            raise problems.authentication_failed("The request carries two different credentials.")
        (key,) = found
        if not key:
            raise problems.invalid_api_key(_NO_KEY)
        if len(key) > LONGEST_KEY or not self._known(key):
            raise problems.invalid_api_key()
        return namespace_of(key)

    def user(self, headers: Headers) -> str:
        """The caller's user, of a request whose namespace is known; empty where its key was excused."""
        known = [key for key in presented(headers) if key and len(key) <= LONGEST_KEY and self._known(key)]
        return user_of(known[0]) if len(known) == 1 else ""
