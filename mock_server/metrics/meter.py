"""What a server has done since it started, counted in plain numbers where it happens; one event loop's."""

from __future__ import annotations

import contextlib
import time
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import scribe_data
from mock_server.served import LIVE, RESEARCH, WINDOWS
from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: What every name counts as that is not one of ours: no client makes a series of its own.
OTHER: Final = "other"
#: The profile of what belongs to none: pages, health, the control plane, what no route knows.
NONE: Final = "none"
#: Upper bounds of the durations of requests, in seconds: a poll takes one or two milliseconds, an upload of a long
#: recording over a slow line half a minute.
BUCKETS: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
#: The status of a request that became a socket: how long that stayed open is no duration of a request.
_SWITCHED: Final = 101
#: Names of operations that are counted apart: twice those that all profiles have together.
_MOST_OPERATIONS: Final = 128
#: Operations of the server itself.
_OWN: Final = frozenset({"control", "docs", "health", "unknown"})
#: 4000 and the status that HTTP would refuse with: what sockets are closed with where the text has no code of its own.
_PRIVATE: Final = 4000
_STATUSES: Final = (400, 408, 409, 413, 429)


@dataclass(slots=True)
class Durations:
    """How many requests took up to each of `BUCKETS`, the last of them longer; `total_s` all together, in seconds."""

    counts: list[int] = field(default_factory=lambda: [0] * (len(BUCKETS) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """One more."""
        self.counts[bisect_left(BUCKETS, seconds)] += 1
        self.total_s += seconds


@dataclass(slots=True)
class Hearing:
    """Seconds of audio that were heard, and seconds of the machine's time from the begin of each job to its end."""

    audio_s: float = 0.0
    spent_s: float = 0.0

    @contextlib.contextmanager
    def spent(self) -> Iterator[None]:
        """Count the time of the block, whatever comes of it."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.spent_s += time.monotonic() - began


@dataclass(slots=True)
class Worked:
    """What a worker has done: jobs by kind and outcome, those in work by kind, and what it heard."""

    jobs: Counter[tuple[str, str]] = field(default_factory=Counter)
    in_work: Counter[str] = field(default_factory=Counter)
    hearing: Hearing = field(default_factory=Hearing)


def known_codes(profiles: Iterable[str]) -> frozenset[str]:
    """The error codes that the texts of these profiles have, over a socket too, and the codes that close one."""
    found: set[str] = set()
    for profile in profiles:
        spec = scribe_data.load(profile)
        found |= spec.codes.keys()
        if spec.wire is not None:
            found |= {str(code) for code in spec.wire.closes.values()}
            found |= {str(_PRIVATE + status) for status in _STATUSES}
            words = (message.schema["properties"].get("code", {}) for message in spec.wire.told.values())
            found.update(word for each in words for word in each.get("examples", ()))
    return frozenset(found)


class Meter:
    """Counts requests, refusals, audio that was heard, and changes that could not be kept."""

    def __init__(self, profiles: Iterable[str] = (PROFILE,)) -> None:
        self._profiles = tuple(profiles)
        self._codes: frozenset[str] | None = None
        self._names: dict[str, str] = {}
        #: By operation and class of the status, as 2xx.
        self.requests: Counter[tuple[str, str]] = Counter()
        self.durations: dict[str, Durations] = {}
        #: By profile and error code.
        self.refusals: Counter[tuple[str, str]] = Counter()
        #: Of uploads; what is heard while it is spoken its streamer counts.
        self.hearing = Hearing()
        #: Looks and changes for which the store was not there.
        self.storage_failures = 0

    def answered(self, operation: str, status: int, body: Any, seconds: float) -> None:
        """Count a request by how it was answered after so many seconds; `body` tells of a refusal why."""
        name = self._names.get(operation) or self._named(operation)
        self.requests[name, f"{status // 100}xx"] += 1
        if status != _SWITCHED:
            self.durations[name].add(seconds)
        if (status >= 400 or status == _SWITCHED) and (code := _code(body)) is not None:
            self._refused(operation, code)

    def unparsed(self, status: int, code: str) -> None:
        """Count what was no request, or came over a connection too many."""
        self.requests[OTHER, f"{status // 100}xx"] += 1
        self._refused("unknown", code)

    def _named(self, operation: str) -> str:
        known = operation != "unknown" and len(self._names) < _MOST_OPERATIONS
        name = operation if known else OTHER
        if len(self._names) < 2 * _MOST_OPERATIONS:
            self._names[operation] = name
        self.durations.setdefault(name, Durations())
        return name

    def _refused(self, operation: str, code: str) -> None:
        if self._codes is None:  # reading the texts takes a while, which a server that refuses nobody need not spend
            self._codes = known_codes(self._profiles)
        self.refusals[profile_of(operation), code if code in self._codes else OTHER] += 1


def profile_of(operation: str) -> str:
    """The profile that has an operation, `NONE` for what the server has beside them."""
    if operation in _OWN:
        return NONE
    first, dot, _ = operation.partition(".")
    if not dot:
        return PROFILE
    return first if first in (RESEARCH, LIVE) else WINDOWS  # whose operations have a dot in their own names


def _code(body: Any) -> str | None:
    """The error code in a body of any profile: that of an envelope, the error itself, or a code beside the detail."""
    if not isinstance(body, dict):
        return None
    error = body.get("error", body.get("code"))
    code = error.get("code") if isinstance(error, dict) else error
    return code if isinstance(code, str) else None
