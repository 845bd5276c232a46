"""What a test expects of the exchanges of a client, and sentences on what differs."""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from mock_server.clock import stamp
from mock_server.traffic.har import begun

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mock_server.traffic.recorder import Numbered

#: Exchanges that a sentence names.
_NAMED: Final = 5
#: Characters of a value that a sentence shows.
_SHOWN: Final = 80
_ABSENT: Final = object()


@dataclass(frozen=True)
class Expectation:
    """One expectation of the requests of an operation, or of all; None and empty expect nothing.

    Order and pace are looked at session by session, pace by the machine's clock; all others in all that was sent.
    """

    operation: str | None = None
    times: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    #: Each comes after the last request of this operation.
    after: str | None = None
    #: Each comes before the first request of this operation.
    before: str | None = None
    #: Seconds from one to the next, at least.
    not_faster_than: float | None = None
    #: A code, or a class as 2xx, that each is answered with.
    status: str | None = None
    refused: bool | None = None
    #: Headers that each has, by name in any case; None where any value will do.
    headers: Mapping[str, str | None] = field(default_factory=dict)
    #: Members of each body that is sent, and of each that is answered, by names with dots between them.
    sent: Mapping[str, Any] = field(default_factory=dict)
    answered: Mapping[str, Any] = field(default_factory=dict)

    def differs(self, exchanges: Sequence[Numbered]) -> Iterator[str]:
        """What is otherwise, a sentence each; `exchanges` in the order in which they came."""
        ours = [each for each in exchanges if self._meant(each)]
        yield from self._number(ours)
        for of_session in _by_session(exchanges).values():
            yield from self._order(of_session)
            yield from self._pace([each for each in of_session if self._meant(each)])
        for each in ours:
            yield from self._answer(each)
            yield from self._headers(each)
            yield from self._bodies(each)

    def _meant(self, each: Numbered) -> bool:
        return self.operation in (None, each[1]["operation"])

    @property
    def _what(self) -> str:
        return self.operation or "any request"

    def _number(self, ours: Sequence[Numbered]) -> Iterator[str]:
        number = len(ours)
        bounds = [
            (self.times, number == self.times, "exactly"),
            (self.at_least, self.at_least is None or number >= self.at_least, "at least"),
            (self.at_most, self.at_most is None or number <= self.at_most, "at most"),
        ]
        for bound, holds, word in bounds:
            if bound is not None and not holds:
                yield f"{self._what} came {_times(number)}, and {word} {_times(bound)} was expected{_named(ours)}."

    def _order(self, of_session: Sequence[Numbered]) -> Iterator[str]:
        for other, word in ((self.after, "after the last"), (self.before, "before the first")):
            places = [at for at, (_, told) in enumerate(of_session) if other is not None and told["operation"] == other]
            if not places:
                continue
            edge = places[-1] if word.startswith("after") else places[0]
            for at, each in enumerate(of_session):
                if not self._meant(each) or each[1]["operation"] == other:
                    continue
                if (at < edge) if word.startswith("after") else (at > edge):
                    yield f"{_one(each)} did not come {word} {other}, which is {_one(of_session[edge])}."

    def _pace(self, ours: Sequence[Numbered]) -> Iterator[str]:
        if self.not_faster_than is None:
            return
        for before, after in pairwise(ours):
            seconds = after[1]["came"] - before[1]["came"]
            if seconds < self.not_faster_than:
                yield (
                    f"{_one(after)} came {seconds:.3f} s after {_one(before)};"
                    f" at least {self.not_faster_than:g} s were expected."
                )

    def _answer(self, each: Numbered) -> Iterator[str]:
        told = each[1]
        status, because = told["status"], f": {told['message'].rstrip('.')}" if told.get("message") else ""
        if self.status is not None and self.status not in (str(status), f"{status // 100}xx"):
            yield f"{_one(each)} was answered {status}, and {self.status} was expected{because}."
        if self.refused is not None and self.refused is not (status >= 400):
            word = "refused" if status >= 400 else "not refused"
            yield f"{_one(each)} was {word} ({status}){because}."

    def _headers(self, each: Numbered) -> Iterator[str]:
        found: dict[str, str] = {name.lower(): value for name, value in each[1]["headers"]}
        for name, value in self.headers.items():
            if name.lower() not in found:
                yield f"{_one(each)} has no header {name}."
            elif value is not None and found[name.lower()] != value:
                yield f"{_one(each)} has the header {name}: {found[name.lower()][:_SHOWN]}, and {value} was expected."

    def _bodies(self, each: Numbered) -> Iterator[str]:
        for wanted, name, verb in ((self.sent, "sent", "sends"), (self.answered, "answered", "is answered")):
            document = _document(each[1][name]) if wanted else None
            for path, value in wanted.items():
                found = _member(document, path)
                if found is _ABSENT:
                    yield f"{_one(each)} {verb} no {path}."
                elif found != value or isinstance(found, bool) is not isinstance(value, bool):
                    yield f"{_one(each)} {verb} {path} = {_shown(found)}, and {_shown(value)} was expected."


def differences(expected: Iterable[Expectation], exchanges: Iterable[Numbered], most: int) -> list[str]:
    """What differs from all that is expected, each sentence once, and no more than so many."""
    came = sorted(exchanges, key=lambda each: (each[1]["came"], each[0]))
    found: dict[str, None] = {}
    for sentence in (sentence for each in expected for sentence in each.differs(came)):
        found[sentence] = None
        if len(found) == most:
            break
    return list(found)


def _by_session(exchanges: Iterable[Numbered]) -> dict[str | None, list[Numbered]]:
    found: dict[str | None, list[Numbered]] = {}
    for each in exchanges:
        found.setdefault(each[1]["session"], []).append(each)
    return found


def _one(each: Numbered) -> str:
    number, told = each
    return f"{told['operation']} (#{number}, {stamp(begun(told))})"


def _named(exchanges: Sequence[Numbered]) -> str:
    if not exchanges:
        return ""
    more = f" and {len(exchanges) - _NAMED} more" if len(exchanges) > _NAMED else ""
    return f": {', '.join(map(_one, exchanges[:_NAMED]))}{more}"


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _document(text: object) -> Any:
    return _parsed(text) if isinstance(text, str) else None


@functools.lru_cache(1024)
def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _member(document: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and name.isdecimal() and int(name) < len(document):
            document = document[int(name)]
        else:
            return _ABSENT
    return document


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)[:_SHOWN]
