"""What a choice is, and what it may know of the request whose answer it changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.responses import Response

    from mock_server.api.answer import Answer
    from mock_server.api.face import Call, Face
    from mock_server.session.model import Session
    from mock_server.ticket import Tickets
    from scribe_data import Spec

Value: TypeAlias = "str | int | bool"
#: Every choice by its name, as it is made for somebody.
Taken: TypeAlias = "Mapping[str, Value]"
#: What a choice is in a text; None where that leaves nothing open.
InText: TypeAlias = "Callable[[Choice, Spec], Choice | None]"
Onward: TypeAlias = "Callable[[], Awaitable[Answer]]"
Rewriting: TypeAlias = "Callable[[Asked, Answer], Answer]"


@dataclass(frozen=True)
class Asked:
    """A request that is answered, and the choices for whoever sent it.

    `state` is the word for the session that the answer shows, before any choice has changed it, and `session` is there
    for answers about one where a choice looks at it.
    """

    face: Face
    call: Call
    taken: Taken
    tickets: Tickets
    #: Counts the namespace's requests; whether this one is the last of so many.
    turn: Callable[[int], bool]
    #: The namespace whose key the request carries; "" for none.
    namespace: str = ""
    state: str | None = None
    session: Session | None = None

    def of(self, *operations: str) -> bool:
        """Whether the request is of one of these operations."""
        return self.call.operation in operations


def _as_it_is(choice: Choice, _spec: Spec) -> Choice:
    return choice


def _both(first: Rewriting | None, then: Rewriting | None) -> Rewriting | None:
    if first is None or then is None or first is then:
        return first or then
    return lambda asked, answer: then(asked, first(asked, answer))


@dataclass(frozen=True)
class Choice:
    """One choice: `values` pass in both readings, the default first; `lenient` ones only some part of the text allows.

    Values and clause are those of the default revision; `in_text` says what they are by the spec of another.

    `scope` is discovery where that tells it to everybody, so that no seed draws it for one namespace, and server where
    no namespace is known of the requests that it is about.
    """

    name: str
    sentence: str
    allowed_by: str
    values: tuple[Value, ...]
    lenient: tuple[Value, ...] = ()
    scope: Literal["namespace", "discovery", "server"] = "namespace"
    #: The headers of a request as they are looked at.
    heads: Callable[[Asked, list[tuple[bytes, bytes]]], list[tuple[bytes, bytes]]] | None = None
    #: The body of a create as it is read; may refuse it by raising a Problem.
    reads: Callable[[Asked, dict[str, Any]], dict[str, Any]] | None = None
    #: What comes before, after or instead of an answer.
    around: Callable[[Asked, Onward], Awaitable[Answer]] | None = None
    #: What becomes of an answer.
    rewrites: Callable[[Asked, Answer], Answer] | None = None
    #: What becomes of its bytes.
    finishes: Callable[[Asked, Response], Response] | None = None
    #: Whether it looks at the session of an answer.
    looks: bool = False
    #: What another choice has to be for this one to be seen: its name, and the values that do.
    needs: tuple[str, tuple[Value, ...]] | None = None
    in_text: InText = _as_it_is

    @property
    def default(self) -> Value:
        """What the server does unless it is told otherwise."""
        return self.values[0]

    @property
    def all_values(self) -> tuple[Value, ...]:
        """Every value there is."""
        return self.values + self.lenient

    def joined(self, other: Choice) -> Choice:
        """The same in two profiles that one server has: each changes the requests and answers of its own."""
        lenient = tuple(value for value in self.all_values if value in (*self.lenient, *other.lenient))
        return replace(
            self,
            values=tuple(value for value in self.values if value not in lenient),
            lenient=lenient,
            allowed_by="; ".join(dict.fromkeys((self.allowed_by, other.allowed_by))),
            rewrites=_both(self.rewrites, other.rewrites),
            around=self.around or other.around,
            heads=self.heads or other.heads,
        )

    def described(self) -> dict[str, Any]:
        """As the catalogue tells it to programs."""
        return {
            "name": self.name,
            "description": self.sentence,
            "allowed_by": self.allowed_by,
            "default": self.default,
            "values": list(self.values),
            "lenient_values": list(self.lenient),
            "scope": self.scope,
        }
