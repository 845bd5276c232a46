"""A Hypothesis machine made from the lifecycle: it draws sequences of steps, and shrinks one that shows a violation.

The machine draws; it asks nobody. What it draws depends on its seed alone, so that whatever a target answers, and
however unsteadily, the same choices are the same steps.
"""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisDeprecationWarning
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from conformance.stateful.model import CREATE, WAIT
from conformance.stateful.step import ASIDE, FOREIGN, Step
from conformance.vocabulary.operation import Operation
from scribe_data.model import Presented

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.stateful.model import Model
    from conformance.stateful.play import Offer

Steps = tuple[Step, ...]
#: How the number of an upload follows from those before: mostly in order.
_ORDERS: Final = ("next", "next", "next", "next", "gap", "same", "same", "first", "ahead")
#: How many files one step uploads: mostly one, now and then more than one digit counts.
_COUNTS: Final = (*(1,) * 14, 2, 11)
#: The sessions a sequence begins with, and how many may be open at a time: what they do to each other takes few.
_SESSIONS: Final = (1, 2, 2, 2, 3, 3)
_MOST_OPEN: Final = 3
#: Of the sessions that are over, so many can be asked for still; one that is open is asked for so many times as often.
_MOST_OVER: Final = 2
_FRESH: Final = 4
#: So many steps after an end are mostly about the same session, so many times as often as about another.
_HURRY: Final = 2
_AT_ONCE: Final = 4
#: Shares of the moves: an end of the owner's is the end of most things, what is refused changes nothing.
_SHARES: Final = {"get": 25, "upload": 23, "end": 9, "drop": 4}
_SHARE: Final = 10
_OUTSIDERS, _CREATES, _WAITS, _ASIDE = 26, 9, 5, 2
#: How finely a share is divided among the kinds of a move.
_GRAIN: Final = 8
#: Stands for the outsider that most often comes back in a sequence: what it does twice may be another thing.
_GUEST: Final = "guest"
#: Whoever has a credential of its own is drawn so many times as often as other outsiders.
_KNOWN: Final = 4
#: A step is about the session with the number that is drawn out of so many, counted round and round.
_PLACES: Final = 420


class Violated(Exception):  # noqa: N818 - what Hypothesis shrinks, no error
    """A sequence shows the violation that is looked for."""


class Ended(BaseException):
    """The search is over, whatever Hypothesis would like to try: no failure of a sequence, so no Exception."""


class Sequence(RuleBasedStateMachine):
    """One sequence: its steps, and what was drawn for each of its sessions so far."""

    #: Told of a sequence once it is drawn.
    play: ClassVar[Callable[[Steps], None]]
    #: What its owner is done with a session by, and the first such thing.
    closings: ClassVar[frozenset[str]]
    closing: ClassVar[str | None]
    #: What goes over the socket of a session, and so only while that is open.
    said: ClassVar[frozenset[str]]

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        #: Session -> the numbers of the files its owner sends.
        self.sent: list[list[int]] = []
        #: The sessions that their owner has ended.
        self.over: list[int] = []
        self.guest: str | None = None

    def go(self, move: Move, place: int = 0) -> None:
        """One step more: a move about the session in a place, unless there is none it can be about."""
        if move.operation == CREATE:
            self._create(move.variant)
            return
        about = self._about(move)
        if not about:
            return
        session = about[place % len(about)]
        caller, first, count = self.guest if move.caller == _GUEST else move.caller, 0, 1
        if move.operation == Operation.UPLOAD and caller is not None:
            first = FOREIGN
        elif move.operation == Operation.UPLOAD:
            first, count = _number(self.sent[session], move.order), move.count
            self.sent[session] += range(first, first + count)
        elif move.operation in self.closings and caller is None and session not in self.over:
            self.over.append(session)
        self.steps.append(Step(move.operation, session, caller, first, count, aim=move.aim))

    def _create(self, variant: int) -> None:
        """One session more; few are open at a time: what they do to each other takes two."""
        if len(self.sent) - len(self.over) < _MOST_OPEN:
            self.steps.append(Step(CREATE, len(self.sent), variant=variant))
            self.sent.append([])

    def _about(self, move: Move) -> list[int]:
        """The sessions a move can be about; most happens to those that nobody has ended."""
        late = self.over[-_MOST_OVER:]
        if move.operation in ASIDE:
            return [0]
        if move.operation == WAIT and self.closing == Operation.END:
            return late
        just = [s.session for s in self.steps[-_HURRY:] if s.operation in self.closings and not s.caller]
        fresh = [session for session in range(len(self.sent)) if session not in self.over]
        if move.operation == WAIT or move.operation in self.said:  # a wait is for what ends without being asked
            return fresh
        about = fresh * _FRESH + late
        return about + just[-1:] * len(about) * _AT_ONCE  # it is worked on for a moment only

    def teardown(self) -> None:
        """The sequence is drawn."""
        type(self).play(tuple(self.steps))


def machine_of(model: Model, offer: Offer, play: Callable[[Steps], None]) -> type[Sequence]:
    """The machine of a lifecycle: its moves are the operations it serves, and `play` is for what a sequence comes to.

    `play` raises Violated for a sequence that is to be shrunk.
    """
    moves = st.sampled_from(_moves(model, offer))
    guests = st.sampled_from(_guests(model, offer))

    def begin(self: Sequence, start: tuple[str, ...], sessions: int, guest: str | None) -> None:
        self.guest = guest
        way = (*start[:1] * sessions, *start[1:], "")
        for operation, following in pairwise(way):
            self.go(Move(operation, aim=following if operation == WAIT else ""))

    def step(self: Sequence, move: Move, place: int) -> None:
        self.go(move, place)

    drawn = initialize(start=st.sampled_from(_starts(model)), sessions=st.sampled_from(_SESSIONS), guest=guests)
    # One rule: of several Hypothesis leaves some out of a whole sequence.
    told = {"begin": drawn(begin), "go_on": rule(move=moves, place=st.sampled_from(range(_PLACES)))(step)}
    own = {
        "play": staticmethod(play),
        "closings": model.closings,
        "closing": model.closing,
        "said": frozenset((*model.leavings, *offer.says)),
    }
    return type("Machine", (Sequence,), own | told)


@dataclass(frozen=True)
class Move:
    """What a step may be, whichever session it is about: an operation by its owner or an outsider, and its kind.

    `order` and `count` are those of an upload's files, `variant` is the body of a create.
    """

    operation: str
    caller: str | None = None
    order: str = "next"
    count: int = 1
    variant: int = 0
    aim: str = ""


def _moves(model: Model, offer: Offer) -> list[Move]:
    """All moves, the simplest first; each stands there as often as its share is."""
    own: list[Move] = []
    for operation in (*model.operations, *model.leavings, *offer.says):
        kinds = [Move(operation)]
        if operation == Operation.UPLOAD:
            kinds = [Move(operation, order=order, count=count) for count in _COUNTS for order in _ORDERS]
        own += _spread(kinds, _SHARES.get(operation, _SHARE))
    callers = [*(_GUEST,) * 2 * len(offer.callers), *offer.callers]
    foreign = [Move(operation, caller) for operation in model.operations for caller in callers]
    creates = [Move(CREATE, variant=form) for form in (*(0,) * len(offer.bodies), *range(len(offer.bodies)))]
    aside = [Move(operation) for operation in offer.asides]
    rare = [(foreign, _OUTSIDERS), (creates, _CREATES), ([Move(WAIT)], _WAITS), (aside, _ASIDE)]
    return own + [move for kinds, share in rare for move in _spread(kinds, share)]


def _spread(kinds: list[Move], share: int) -> list[Move]:
    """These moves as often as makes them so many percent of all."""
    return [kinds[at % len(kinds)] for at in range(share * _GRAIN)] if kinds else []


def _guests(model: Model, offer: Offer) -> list[str | None]:
    """The outsiders of a sequence; a service knows again whoever has a credential of its own: it is there most."""
    outsiders = model.lifecycle.outsiders
    known = [name for name in offer.callers if outsiders[name].credential is Presented.SECOND]
    return [*offer.callers, *known * (_KNOWN - 1)] or [None]


def _starts(model: Model) -> list[tuple[str, ...]]:
    """The ways to every state that requests lead to, the shortest first.

    Most can happen to a session with audio that nobody has ended: the way there stands twice.
    """
    ways = list(dict.fromkeys(way for state in model.lifecycle.states if (way := model.way_to(state))))
    return sorted([*ways, model.way_to(model.lifecycle.open[-1])], key=len)


def _number(sent: list[int], order: str) -> int:
    """The number of a file that follows those sent before."""
    following = max(sent, default=-1) + 1
    gap = min(set(range(following + 1)) - set(sent))
    return {"same": sent[-1] if sent else 0, "first": 0, "ahead": following + 1, "gap": gap}.get(order, following)


def drawn(
    model: Model, offer: Offer, go_on: Callable[[], None], *, number: int, examples: int, steps: int
) -> list[Steps]:
    """The sequences of a seed; `go_on` is asked after each and raises Ended when nobody wants more."""
    found: list[Steps] = []

    def keep(one: Steps) -> None:
        go_on()
        found.append(one)

    draw(machine_of(model, offer, keep), number=number, examples=examples, steps=steps, shrink=False)
    return found[1:]


def draw(machine: type[Sequence], *, number: int, examples: int, steps: int, shrink: bool) -> None:
    """Let Hypothesis draw `examples` sequences by a seed; raises Violated from the shortest one that it found.

    Before them it draws the simplest there is, whatever the seed.
    Nothing of the surroundings matters: no profile, no database, no variable, no folder.
    """
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    chosen = settings(
        max_examples=examples + 1,
        stateful_step_count=max(1, steps),
        deadline=None,
        derandomize=False,
        database=None,
        phases=phases,
        verbosity=Verbosity.quiet,
        print_blob=False,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
        backend=_even(),
    )
    with _unmoved():
        try:
            run_state_machine_as_test(seed(number)(machine), settings=chosen)
        except Flaky as flaky:
            raise _unpacked(flaky) from flaky


class _Even(HypothesisProvider):
    """Draws every choice alike: Hypothesis itself prefers what is near to what it drew before, and small examples."""

    def draw_integer(
        self,
        min_value: int | None = None,
        max_value: int | None = None,
        *,
        weights: dict[int, float] | None = None,
        shrink_towards: int = 0,
    ) -> int:
        """A number between two bounds; without them what Hypothesis draws."""
        if min_value is None or max_value is None or weights is not None or self._random is None:
            return super().draw_integer(min_value, max_value, weights=weights, shrink_towards=shrink_towards)
        return self._random.randint(min_value, max_value)


def _even() -> str:
    """The name under which Hypothesis finds the provider."""
    name = "scribe-conformance"
    AVAILABLE_PROVIDERS[name] = _Even
    return name


def _unpacked(flaky: Flaky) -> BaseException:
    """What lies in a complaint of Hypothesis that a sequence did not do the same twice."""
    inner = getattr(flaky, "exceptions", ())
    return next((each for each in inner if isinstance(each, Violated)), Violated(str(flaky)))


@contextmanager
def _unmoved() -> Iterator[None]:
    """Hypothesis draws numbers out of the source of whatever is imported besides; here, in this thread, it does not.

    Otherwise one seed would be other requests under pytest than in the command, and a folder would be left behind.
    """
    drawn = getattr(HypothesisProvider, "_maybe_draw_constant", None)
    if drawn is None:  # pragma: no cover - a Hypothesis that does not draw them
        yield
        return
    here = threading.get_ident()

    def constant(self: Any, *args: Any, **more: Any) -> Any:
        return None if threading.get_ident() == here else drawn(self, *args, **more)

    HypothesisProvider._maybe_draw_constant = constant  # type: ignore[method-assign]  # noqa: SLF001 - there is no setting
    try:
        with warnings.catch_warnings():
            # It takes what other threads draw meanwhile, such as a server in this process, for ours.
            warnings.simplefilter("ignore", HypothesisDeprecationWarning)
            yield
    finally:
        HypothesisProvider._maybe_draw_constant = drawn  # type: ignore[method-assign]  # noqa: SLF001
