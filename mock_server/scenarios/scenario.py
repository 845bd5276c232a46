"""What a scenario is: a trouble of a request, or a course that a session takes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from scribe_data import PROFILE

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Iterator, Mapping

    from mock_server.api.answer import Answer
    from mock_server.conduct import Course, Hitch, Way
    from mock_server.dalston.parting import Parting
    from mock_server.dalston.trouble import Mishap
    from mock_server.problems import Problem
    from mock_server.scenarios.delivery import Manner
    from mock_server.scenarios.parameter import Parameter, Value, Values

#: Characters of a text that everybody who looks is shown.
_SHOWN: Final = 1000


@dataclass(frozen=True)
class Absent:
    """A scenario that a revision has no place for: the reason, and the nearest one that works there."""

    name: str
    because: str
    nearest: str


def absentees(
    others: Iterable[str], own: Container[str], nearest: Mapping[str, str], told: Callable[[str], tuple[str, str]]
) -> Iterator[Absent]:
    """What other profiles have and one has not; `told` is the reason, and the nearest where none is named."""
    for name in others:
        if name not in own:
            because, usual = told(name)
            yield Absent(name, because, nearest.get(name, usual))


@dataclass(frozen=True)
class Scenario:
    """One entry of the catalogue; `operations` are those whose requests it meets, none where it meets sessions.

    `rehearses` names the clause, the erratum or the RFC that tells a client what to do.
    """

    name: str
    sentence: str
    rehearses: str
    operations: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    #: Other names by which a template id or a file name asks for it.
    aliases: tuple[str, ...] = ()
    #: The refusal that a client gets instead of an answer.
    refusal: Callable[[Values], Problem] | None = None
    #: What is answered instead of what the operation answers, where that is no envelope.
    instead: Callable[[Values], Answer | None] | None = None
    #: How the answer gets on its way.
    manner: Callable[[Values], Manner] | None = None
    #: Whether a read shows the session as it was before it changed.
    stale: bool = False
    #: Seconds, by the namespace's clock, from a session's end to the beginning of its work.
    holds_s: Callable[[Values], float] | None = None
    #: How many reads of an ended session show processing before one shows what came of it.
    polls: Callable[[Values], int] | None = None
    #: Real seconds that the answer of an end waits for the work at most.
    waits_s: Callable[[Values], float] | None = None
    #: How the work on a session goes.
    course: Callable[[Values], Course] | None = None
    #: How the work on a research session goes.
    way: Callable[[Values], Way] | None = None
    #: In which state of its work a research session is held, where it is.
    holds_in: Callable[[Values], str] | None = None
    #: The profiles that have it.
    profiles: tuple[str, ...] = (PROFILE,)
    #: Whether a session takes one of it only, while it is open; of several that are armed each is for another session.
    single: bool = False
    #: Seconds, by the namespace's clock, from a session's creation to its expiry.
    expires_s: Callable[[Values], float] | None = None

    #: What goes wrong with a session's sockets.
    hitch: Callable[[Values], Hitch] | None = None
    #: What the socket of a live session is closed with before one begins.
    closes: Callable[[Values], Parting] | None = None
    #: What goes wrong with a live session.
    mishap: Callable[[Values], Mishap] | None = None
    #: What is missing of a live session that is over: audio, or transcript.
    lacks: str | None = None

    @property
    def of_sessions(self) -> bool:
        """Whether it is bound to sessions, and not met by requests."""
        return not self.operations

    def values(self, given: Any) -> dict[str, Value]:
        """All parameters, with defaults for those that are not given; raises ValueError for a value."""
        if not isinstance(given, dict):
            raise ValueError("The parameters have to be a JSON object.")  # noqa: TRY004 - what a client sent
        return {each.name: each.read(given.get(each.name, each.default)) for each in self.parameters}

    def shown(self, values: Values) -> dict[str, Value]:
        """The parameters for those who look: of words that were said, how many characters they have."""
        long = {each.name for each in self.parameters if each.kind == "text" and each.most > _SHOWN}
        return dict(
            ("characters", len(str(value))) if name in long else (name, value) for name, value in values.items()
        )

    def described(self) -> dict[str, Any]:
        """As the catalogue tells it to programs."""
        return {
            "name": self.name,
            "description": self.sentence,
            "rehearses": self.rehearses,
            "acts_on": "session" if self.of_sessions else "request",
            "operations": list(self.operations),
            "profiles": list(self.profiles),
            "parameters": [parameter.described() for parameter in self.parameters],
        }

    def joined(self, other: Scenario) -> Scenario:
        """The same in two profiles that one server has: each meets its own requests and sessions."""
        known = {each.name: each for each in self.parameters}
        for each in other.parameters:
            before = known.get(each.name)
            choices = tuple(dict.fromkeys((*(before.choices if before else ()), *each.choices)))
            known[each.name] = replace(before or each, choices=choices)
        told = self.sentence if other.sentence == self.sentence else f"{self.sentence} {other.sentence}"
        return replace(
            self,
            sentence=told,
            operations=(*self.operations, *other.operations),
            parameters=tuple(known.values()),
            rehearses="; ".join(dict.fromkeys((self.rehearses, other.rehearses))),
            way=other.way or self.way,
            holds_in=other.holds_in or self.holds_in,
            mishap=other.mishap or self.mishap,
            profiles=(*self.profiles, *other.profiles),
        )
