"""Whatever the seed, the sequences of a run hold many an order of requests that a service may stumble over.

Nothing is asked: an honest service is reckoned along, so that an order counts only if its requests are answered so.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.runner import Options
from conformance.stateful.machine import Steps, drawn
from conformance.stateful.model import Model
from conformance.stateful.play import Offer
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

SEEDS = range(10)
MODEL = Model(scribe_data.load().lifecycle)
CALLERS = ("unknown", "other_client", "no_credential", "wrong_credential")
OFFER = Offer(({}, {"templates": ["soap"]}, {"upload_type": "single"}), CALLERS, recordings.load()["short"])
SINGLE = 2
#: What a run sends at most by itself: a target pays for each request.
MOST_REQUESTS = 1_500


@dataclass(frozen=True)
class Seen:
    """One request as an honest service sees it: `files` is how many its session has then, `again` a name it had."""

    operation: str
    session: int = -1
    caller: str | None = None
    taken: bool = True
    state: str = "open"
    files: int = 0
    again: bool = False


def seen(steps: Steps) -> list[Seen]:
    """The requests of a sequence."""
    found: list[Seen] = []
    states: dict[int, str] = {}
    files: dict[int, set[int]] = {}
    single = {step.session: step.variant == SINGLE for step in steps if step.operation == "create"}
    for step in steps:
        here = step.session
        if step.operation == "create":
            states[here], files[here] = "open", set()
        if step.operation == "templates":
            found.append(Seen("templates"))
            continue
        had, state = files[here], states[here]
        if step.caller is not None:
            found.append(Seen(step.operation, here, step.caller, taken=False, state=state, files=len(had)))
        elif step.operation == "upload":
            for number in range(step.first, step.first + step.count):
                again = number in had
                taken = state == "open" and not (single[here] and had)
                had |= {number} if taken else set()
                found.append(Seen("upload", here, None, taken, state, len(had), again))
        elif step.operation == "wait":
            states[here] = "open" if state == "open" else "rest"
            found += [] if state == "open" else [Seen("get", here, state="rest", files=len(had))]
        else:
            found.append(Seen(step.operation, here, None, step.operation != "end" or state == "open", state, len(had)))
            if step.operation == "end" and state == "open":
                states[here] = "ended"
    return found


if TYPE_CHECKING:
    Is = Callable[[Seen], bool]


def own(
    operation: str, *, taken: bool = True, state: str | None = None, least: int = 0, again: bool | None = None
) -> Is:
    """A request of the session's owner."""
    return lambda x: (
        (x.operation, x.caller, x.taken) == (operation, None, taken)
        and state in {None, x.state}
        and x.files >= least
        and again in {None, x.again}
    )


def foreign(operation: str | None, caller: str = "other_client") -> Is:
    """A request of somebody else; without an operation any of its."""
    return lambda x: x.caller == caller and operation in {None, x.operation}


def refused(operation: str) -> Is:
    """A request about the session that is refused, whoever sends it."""
    return lambda x: x.operation == operation and not x.taken and x.caller != "unknown"


def sessions(found: Sequence[Seen]) -> Iterable[list[Seen]]:
    for session in {x.session for x in found} - {-1}:
        yield [x for x in found if x.session == session]


def in_order(*kinds: Is) -> Callable[[Sequence[Seen]], bool]:
    """Requests about one session in this order, whatever comes between them."""

    def holds(found: Sequence[Seen]) -> bool:
        for about in sessions(found):
            rest = iter(about)
            if all(any(kind(x) for x in rest) for kind in kinds):
                return True
        return False

    return holds


def at_once(*kinds: Is) -> Callable[[Sequence[Seen]], bool]:
    """Requests about one session in this order, and none about it between them."""

    def holds(found: Sequence[Seen]) -> bool:
        return any(
            all(kind(x) for kind, x in zip(kinds, about[at : at + len(kinds)], strict=True))
            for about in sessions([x for x in found if x.caller != "unknown"])
            for at in range(len(about) - len(kinds) + 1)
        )

    return holds


def across(*kinds: tuple[str, Is]) -> Callable[[Sequence[Seen]], bool]:
    """Requests about several sessions, each by a letter, in this order."""

    def goes_on(found: Sequence[Seen], left: Sequence[tuple[str, Is]], known: dict[str, int]) -> bool:
        if not left:
            return True
        letter, kind = left[0]
        return any(
            goes_on(found[at + 1 :], left[1:], known | {letter: x.session})
            for at, x in enumerate(found)
            if kind(x) and (known[letter] == x.session if letter in known else x.session not in known.values())
        )

    return lambda found: goes_on(found, kinds, {})


def side_by_side(*kinds: tuple[str, Is]) -> Callable[[Sequence[Seen]], bool]:
    """The same with nothing between them, about any session."""

    def holds(found: Sequence[Seen]) -> bool:
        return any(across(*kinds)(found[at : at + len(kinds)]) for at in range(len(found)))

    return holds


UPLOAD, END, READ = own("upload"), own("end"), own("get")
EARLY = own("get", state="open", least=1)
RESULTS = own("get", state="rest", least=1)
REPEATED = own("upload", again=True)
ORDERS = {
    "a third file": in_order(UPLOAD, UPLOAD, UPLOAD),
    "a fourth file, then the end": in_order(UPLOAD, UPLOAD, UPLOAD, UPLOAD, END),
    "a read between files, one more and the end": in_order(UPLOAD, UPLOAD, EARLY, UPLOAD, END),
    "a read right after another session's file": side_by_side(("A", UPLOAD), ("B", READ)),
    "an end after a refused one": in_order(refused("end"), END),
    "two reads running": at_once(EARLY, EARLY),
    "three reads running": at_once(EARLY, EARLY, EARLY),
    "reads of two sessions in turn": side_by_side(("A", READ), ("B", READ), ("A", READ)),
    "a read of a new session, a file, a read, the end": in_order(own("get", state="open"), UPLOAD, EARLY, END),
    "ten files, then a read": in_order(own("get", state="open", least=10)),
    "ten files, then the end": in_order(own("end", least=10)),
    "a name twice, then the end": in_order(REPEATED, END),
    "a name twice, then a read": in_order(REPEATED, EARLY),
    "a name again right after a read": at_once(READ, REPEATED),
    "a read after two ends": in_order(END, refused("end"), READ),
    "three ends": in_order(END, own("end", taken=False), own("end", taken=False)),
    "a client refused an upload, then a read": in_order(foreign("upload"), foreign("get")),
    "a client refused two reads": in_order(foreign("get"), foreign("get")),
    "a file after another client's": in_order(UPLOAD, foreign("upload"), UPLOAD),
    "a file after another client's end": in_order(UPLOAD, foreign("end"), UPLOAD),
    "a refused end, a file, a read": in_order(refused("end"), UPLOAD, READ),
    "two wrong credentials, then a read": in_order(*(foreign(None, "wrong_credential"),) * 2, READ),
    "three reads of the results": in_order(RESULTS, RESULTS, RESULTS),
    "two early reads, the end, a read of the results": in_order(EARLY, EARLY, END, RESULTS),
    "a file after the end, then the results": in_order(END, own("upload", taken=False), RESULTS),
    "a read while it is worked on, then the results": in_order(own("get", state="ended", least=1), RESULTS),
    "two reads right after an end": side_by_side(("A", own("end", least=1)), *[("A", own("get", state="ended"))] * 2),
    "files of three sessions": across(("A", UPLOAD), ("B", UPLOAD), ("C", UPLOAD)),
    "files of two sessions in turn, then a read": across(("A", UPLOAD), ("B", UPLOAD), ("A", UPLOAD), ("B", EARLY)),
    "the second session ends first": across(("A", UPLOAD), ("B", UPLOAD), ("B", END), ("A", END)),
    "a read of one session after another's end": across(("A", UPLOAD), ("B", END), ("A", EARLY)),
    "a session made after another's end": across(("A", END), ("B", own("create")), ("B", UPLOAD), ("B", EARLY)),
    "templates between a file and a read": across(("A", UPLOAD), ("T", own("templates")), ("A", EARLY)),
}


@cache
def requests(seed: int) -> list[list[Seen]]:
    """What a run with the options as they are sends in each of its sequences."""
    usual = Options(target="http://127.0.0.1:1", api_key="sk_test_a")
    found = drawn(MODEL, OFFER, lambda: None, number=seed, examples=usual.examples, steps=usual.steps)
    assert len(found) == usual.examples
    return [seen(steps) for steps in found]


@pytest.mark.timeout(240)
@pytest.mark.parametrize("name", ORDERS)
def test_every_seed_sends_an_order(name: str) -> None:
    assert [seed for seed in SEEDS if not any(map(ORDERS[name], requests(seed)))] == []


@pytest.mark.timeout(240)
def test_no_seed_sends_more_than_a_run_may() -> None:
    assert max(sum(map(len, requests(seed))) for seed in SEEDS) <= MOST_REQUESTS


def test_an_order_that_no_sequence_has_is_not_found() -> None:
    eighty = in_order(*(READ,) * 80)
    assert not any(map(eighty, requests(1)))
