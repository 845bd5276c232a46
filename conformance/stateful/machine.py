"""A Hypothesis machine made from the lifecycle: it draws sequences of steps, and shrinks one that shows a violation.

The machine draws; it asks nobody. What it draws depends on its seed alone, so that whatever a target answers, and
however unsteadily, the same choices are the same steps.
"""

from __future__ import annotations

import threading
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, Final

from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky, HypothesisDeprecationWarning
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    multiple,
    rule,
    run_state_machine_as_test,
)

from conformance.stateful.model import CREATE, WAIT
from conformance.stateful.step import FOREIGN, TEMPLATES, Step
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from conformance.stateful.model import Model
    from conformance.stateful.play import Offer

Steps = tuple[Step, ...]
#: How the number of an upload follows from those before: mostly in order.
_ORDERS: Final = ("next", "next", "next", "next", "same", "same", "first", "ahead")
#: How many files one step uploads: mostly one, now and then more than one digit counts.
_COUNTS: Final = (1, 1, 1, 1, 1, 1, 2, 3, 11)
_MOST_SESSIONS: Final = 3
#: What a read is: mostly of the session as it is, seldom a patient one, one about no session, or of a new session.
_READS: Final = ("get", "get", "get", "get", "get", "get", WAIT, TEMPLATES, CREATE)
_NOBODYS: Final = (WAIT, TEMPLATES)
#: How often the owner asks for every time that an outsider does: an end of the owner's is the end of most things.
_OWNERS: Final = 2
_OWNER: Final = {"end": 1}


class Violated(Exception):  # noqa: N818 - what Hypothesis shrinks, no error
    """A sequence shows the violation that is looked for."""


class Ended(BaseException):
    """The search is over, whatever Hypothesis would like to try: no failure of a sequence, so no Exception."""


class Sequence(RuleBasedStateMachine):
    """One sequence: its steps, and what was drawn for each of its sessions so far."""

    #: Told of a sequence once it is drawn.
    play: ClassVar[Callable[[Steps], None]]

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[Step] = []
        #: Session -> the numbers of the files its owner sends.
        self.sent: list[list[int]] = []
        self.guest: str | None = None

    def create(self, variant: int = 0) -> int:
        """One session more."""
        self.steps.append(Step(CREATE, len(self.sent), variant=variant))
        self.sent.append([])
        return len(self.sent) - 1

    def ask(
        self,
        operation: str,
        session: int,
        *,
        foreign: bool = False,
        order: str = "next",
        count: int = 1,
        way: str | None = None,
        variant: int = 0,
    ) -> Any:
        """One step about a session, or one that takes its place; what Hypothesis adds to the sessions."""
        if way == CREATE:
            # Few sessions: what they do to each other takes two.
            return self.create(variant) if len(self.sent) < _MOST_SESSIONS else multiple()
        first, operation, caller = 0, way or operation, self.guest if foreign else None
        if operation in _NOBODYS:
            caller, session = None, 0 if operation == TEMPLATES else session
        if operation == Operation.UPLOAD and caller is not None:
            first, count = FOREIGN, 1
        elif operation == Operation.UPLOAD:
            first = _number(self.sent[session], order)
            self.sent[session] += range(first, first + count)
        self.steps.append(Step(operation, session, caller, first, count))
        return multiple()

    def teardown(self) -> None:
        """The sequence is drawn."""
        type(self).play(tuple(self.steps))


def machine_of(model: Model, offer: Offer, play: Callable[[Steps], None]) -> type[Sequence]:
    """The machine of a lifecycle: a rule for every operation it serves, and `play` for what a sequence comes to.

    `play` raises Violated for a sequence that is to be shrunk.
    """
    sessions: Bundle[int] = Bundle("sessions")
    variants = st.sampled_from([*(0,) * len(offer.bodies), *range(len(offer.bodies))])
    guests = st.sampled_from(offer.callers or (None,))

    def begin(self: Sequence, start: tuple[str, ...], two: bool, guest: str | None) -> Any:
        self.guest = guest
        first = self.create()
        second = [self.create()] if two else []
        for operation in start[1:]:
            self.ask(operation, first)
        return multiple(first, *second)

    drawn = initialize(target=sessions, start=st.sampled_from(_starts(model)), two=st.booleans(), guest=guests)
    rules = {name: _rule(name, sessions, variants, outsiders=bool(offer.callers)) for name in model.operations}
    return type("Machine", (Sequence,), {"begin": drawn(begin), "play": staticmethod(play), **rules})


def _starts(model: Model) -> list[tuple[str, ...]]:
    """The ways to every state that requests lead to, the shortest first.

    Most can happen to a session with audio that nobody has ended: the way there stands twice.
    """
    ways = list(dict.fromkeys(way for state in model.lifecycle.states if (way := model.way_to(state))))
    return sorted([*ways, model.way_to(model.lifecycle.open[-1])], key=len)


def _rule(operation: str, sessions: Bundle[int], variants: Any, *, outsiders: bool) -> Any:
    """The rule of one operation: by its owner or an outsider, an upload and its files, a read and its kind."""
    more = {
        "upload": {"order": st.sampled_from(_ORDERS), "count": st.sampled_from(_COUNTS)},
        "get": {"way": st.sampled_from(_READS), "variant": variants},
    }.get(operation, {})

    owner = _OWNER.get(operation, _OWNERS)
    callers = st.sampled_from([*(False,) * owner, outsiders])

    def step(self: Any, **drawn: Any) -> Any:
        return self.ask(operation, **drawn)

    step.__name__ = operation
    return rule(target=sessions, session=sessions, foreign=callers, **more)(step)


def _number(sent: list[int], order: str) -> int:
    """The number of a file that follows those sent before."""
    following = max(sent, default=-1) + 1
    return {"same": sent[-1] if sent else 0, "first": 0, "ahead": following + 1}.get(order, following)


def draw(machine: type[Sequence], *, number: int, examples: int, steps: int, shrink: bool) -> None:
    """Let Hypothesis draw `examples` sequences by a seed; raises Violated from the shortest one that it found.

    Nothing of the surroundings matters: no profile, no database, no variable, no folder.
    """
    phases = (Phase.generate, Phase.shrink) if shrink else (Phase.generate,)
    chosen = settings(
        max_examples=max(1, examples),
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
