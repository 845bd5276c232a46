"""What a test expects of the exchanges of a client, and sentences on what differs."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from itertools import chain, pairwise
from typing import TYPE_CHECKING, Any, Final

from mock_server.clock import stamp
from mock_server.traffic.har import begun
from scribe_data.nesting import loads

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from mock_server.traffic.drawing import Numbered

#: Exchanges that a sentence names.
_NAMED: Final = 5
#: Characters of a value that a sentence shows.
_SHOWN: Final = 80
#: Characters of all sentences together.
_MOST_SHOWN: Final = 64 * 1024
#: Looks at a member, a header or an answer that one verification may take: about a second of the machine's time.
_MOST_LOOKS: Final = 250_000
#: Digits of a place in a list; none that is kept has more places.
_DIGITS: Final = 6
#: What makes or has no session, so that one after the other is of the namespace.
_SESSIONLESS: Final = frozenset(
    {"create", "discovery", "templates", "template", "unknown", "sessions.start", "prsm.create", "prsm.list"}
)
_ABSENT: Final = object()
_encoder = json.JSONEncoder(ensure_ascii=False)


class TooMuch(ValueError):  # noqa: N818 - the client's affair, not an error
    """More is expected of more exchanges than one verification looks at."""


@dataclass(frozen=True)
class Expectation:
    """One expectation of the requests of an operation, or of all; None and empty expect nothing.

    Order and pace are looked at session by session, the pace of what has no session yet in the namespace, by the
    machine's clock; all others in all that was sent.
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

    @property
    def looks(self) -> int:
        """How many looks it takes at each exchange."""
        return 1 + len(self.headers) + len(self.sent) + len(self.answered)

    def differs(self, exchanges: Sequence[Numbered]) -> Iterator[str]:
        """What is otherwise but in bodies, a sentence each; `exchanges` in the order in which they came."""
        ours = [each for each in exchanges if self.meant(each)]
        yield from self._number(ours)
        for of_session in _by_session(exchanges).values():
            yield from self._order(of_session)
        for paced in [ours] if self.operation in _SESSIONLESS else _by_session(ours).values():
            yield from self._pace(paced)
        for each in ours:
            yield from self._answer(each)
            yield from self._headers(each)

    def meant(self, each: Numbered) -> bool:
        """Whether it is about this exchange."""
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
                yield f"{self._what} came {_times(number)}, and {_expected(word, bound)} expected{_named(ours)}."

    def _order(self, of_session: Sequence[Numbered]) -> Iterator[str]:
        for other, word in ((self.after, "after the last"), (self.before, "before the first")):
            places = [at for at, (_, told) in enumerate(of_session) if other is not None and told["operation"] == other]
            if not places:
                continue
            edge = places[-1] if word.startswith("after") else places[0]
            for at, each in enumerate(of_session):
                if not self.meant(each) or each[1]["operation"] == other:
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
                yield f"{_one(each)} has no header {_cut(name)}."
            elif value is not None and found[name.lower()] != value:
                sent = _cut(found[name.lower()])
                yield f"{_one(each)} has the header {_cut(name)}: {sent}, and {_cut(value)} was expected."

    def bodies(self, each: Numbered, sent: Any, answered: Any) -> Iterator[str]:
        """What is otherwise in what an exchange sent and was answered, both parsed."""
        for wanted, document, verb in ((self.sent, sent, "sends"), (self.answered, answered, "is answered")):
            for path, value in wanted.items():
                found = _member(document, path)
                if found is _ABSENT:
                    yield f"{_one(each)} {verb} no {_cut(path)}."
                elif found != value or isinstance(found, bool) is not isinstance(value, bool):
                    told = f"{_cut(path)} = {_shown(found)}, and {_shown(value)} was expected"
                    yield f"{_one(each)} {verb} {told}."


def differences(expected: Sequence[Expectation], exchanges: Iterable[Numbered], most: int) -> list[str]:
    """What differs from all that is expected, each sentence once and no more than so many, those on bodies last.

    Raises TooMuch.
    """
    came = sorted(exchanges, key=lambda each: (each[1]["came"], each[0]))
    _check_looks(expected, came)
    found: dict[str, None] = {}
    size = 0
    for sentence in chain(chain.from_iterable(each.differs(came) for each in expected), _in_bodies(expected, came)):
        if sentence in found:
            continue
        found[sentence] = None
        size += len(sentence)
        if len(found) == most or size > _MOST_SHOWN:
            break
    return list(found)


def _check_looks(expected: Sequence[Expectation], exchanges: Sequence[Numbered]) -> None:
    came = Counter(told["operation"] for _, told in exchanges)
    looks = sum(each.looks * (came[each.operation] if each.operation else len(exchanges)) for each in expected)
    if looks > _MOST_LOOKS:
        raise TooMuch(
            f"That takes {looks} looks at members and headers, and one verification takes {_MOST_LOOKS}:"
            " ask in parts, or of one 'session', one 'operation', or what came 'since'."
        )


def _in_bodies(expected: Sequence[Expectation], exchanges: Sequence[Numbered]) -> Iterator[str]:
    """Each body is parsed once, and forgotten before the next."""
    asked = [each for each in expected if each.sent or each.answered]
    for exchange in exchanges:
        meant = [each for each in asked if each.meant(exchange)]
        sent = _document(exchange[1]["sent"]) if any(each.sent for each in meant) else None
        answered = _document(exchange[1]["answered"]) if any(each.answered for each in meant) else None
        for each in meant:
            yield from each.bodies(exchange, sent, answered)


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


def _expected(word: str, number: int) -> str:
    if number == 0:
        return "none was"
    return f"{word} {_times(number)} was" if number < 3 else f"{word} {number} were"


def _document(text: object) -> Any:
    try:
        return loads(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _member(document: Any, path: str) -> Any:
    for name in path.split("."):
        if isinstance(document, dict) and name in document:
            document = document[name]
        elif isinstance(document, list) and _place(name) < len(document):
            document = document[_place(name)]
        else:
            return _ABSENT
    return document


def _place(name: str) -> int:
    return int(name) if name.isascii() and name.isdecimal() and len(name) <= _DIGITS else 10**_DIGITS


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"


def _shown(value: object) -> str:
    """The beginning of a value as JSON; what is deep or long is not gone through."""
    text = ""
    for piece in _encoder.iterencode(value):
        text += piece
        if len(text) > _SHOWN:
            break
    return _cut(text)
