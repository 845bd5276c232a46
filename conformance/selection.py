"""A part of the requirements: which it is, what shows it, and whether it holds. A part is not a certificate."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import scribe_data
from conformance.checks import all_checks
from conformance.evidence import Layer
from conformance.options import TABLE
from conformance.part import Selection
from conformance.run import selects
from conformance.target import BadOption
from conformance.verdict import Verdict
from conformance.wanted import Price, known
from conformance.ways import all_ways, planned

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from conformance.journeys import Journey
    from conformance.run import Graded
    from scribe_data import Requirement, Spec

#: Bytes that a journey of a quick run may send: most of a run's time goes by while audio is worked on.
QUICK_BYTES = 400_000
#: What the recorded prices were recorded with: what a run takes where nobody says otherwise.
EXAMPLES, STEPS = (int(entry.default) for entry in TABLE if entry.name in ("examples", "steps"))
#: The share of the drawn cases that does not depend on the number of examples: those of the edges of each schema.
_FIXED = 0.7
_VERIFIED = frozenset({Verdict.PASS, Verdict.WARN, Verdict.DISPUTED})
_BROKEN = frozenset({Verdict.FAIL, Verdict.ERROR})


def asked_for(text: Spec, only: Iterable[str] = (), stages: Iterable[str] = ()) -> tuple[str, ...]:
    """What --only and --stage ask for together, as --only takes it; raises BadOption for a stage that is none."""
    asked = list(only)
    known = text.protocol.stages
    for name in (word.strip() for words in stages for word in words.split(",")):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise BadOption(f"stage {name!r} is none of {', '.join(known)}{hint}")
        asked += known[name].judged_by
    return tuple(dict.fromkeys(asked))


def nearest(text: Spec, wanted: str) -> str:
    """A sentence with what --only or explain may have meant: the closest id, beginning or erratum, or the chapters."""
    ids = list(text.requirements)
    if wanted.isdecimal():
        chapters = sorted({each.chapter for each in text.requirements.values()})
        return f" There are the chapters {', '.join(map(str, chapters))}."
    if wanted[:1].upper() == "E" and wanted[1:].isdecimal():
        return f" There are the errata {next(iter(text.errata))} to {list(text.errata)[-1]}."
    beginnings = dict.fromkeys(name.rpartition("-")[0] for name in ids)
    close = difflib.get_close_matches(wanted.upper(), [*beginnings, *ids, *text.errata], n=1)
    return f" Did you mean {close[0]}?" if close else f" Beginnings of ids are {', '.join(beginnings)}."


@dataclass(frozen=True)
class Part:
    """What to drive and what to grade; `selection` is None where that is the whole."""

    profile: str
    ids: tuple[str, ...]
    journeys: tuple[Journey, ...]
    trial: bool
    selection: Selection | None
    skipped: frozenset[str] = frozenset()


def choose(text: Spec, only: Collection[str] = (), *, quick: bool = False) -> Part:
    """The requirements that --only asks for, and the journeys that may show anything of them."""
    service = [r for r in text.requirements.values() if r.subject == "service"]
    chosen = [r for r in service if selects(only, r)]
    journeys, trial = all_ways(text.profile), True
    if len(chosen) == len(service) and not quick:
        return Part(text.profile, tuple(r.id for r in chosen), journeys, trial, None)
    if len(chosen) < len(service):
        journeys, trial = _wanted(chosen, text.profile)
    skipped: frozenset[str] = frozenset()
    if quick:
        skipped = frozenset(each.name for each in journeys if _takes_long(each, text.profile))
        journeys = tuple(each for each in journeys if each.name not in skipped)
    ids = {r.id for r in chosen}
    left = tuple(r.id for r in service if r.id not in ids)
    selection = Selection(tuple(only), quick, len(chosen), len(service), left)
    return Part(text.profile, tuple(r.id for r in chosen), journeys, trial or bool(journeys), selection, skipped)


def _wanted(chosen: Iterable[Requirement], profile: str) -> tuple[tuple[Journey, ...], bool]:
    """The journeys some of the requirements look at, and whether a session has to be tried out for them."""
    checks = all_checks(profile)
    found = [known(profile).of(r, checks.get(r.id, ())) for r in chosen]
    trial = any(each.trial for each in found)
    return tuple(each for each in planned(profile) if any(wanted.includes(each.name) for wanted in found)), trial


def _takes_long(journey: Journey, profile: str) -> bool:
    prices = known(profile).journeys
    cost = prices.get(journey.name)
    if journey.layer is not Layer.JOURNEY:
        return journey.layer is not Layer.WALK or journey.long or journey.phase != "main"
    heavy = bool(prices) if cost is None else cost.bytes_sent > QUICK_BYTES
    return journey.long or journey.phase != "main" or heavy


def forecast(part: Part, *, examples: int = EXAMPLES, steps: int = STEPS, clock: bool = True) -> Price | None:
    """What a run of a part will cost about: what its journeys cost an honest server, by how much they are to draw.

    Without a `clock` the journeys that move it are not driven. None where nobody recorded what its profile costs.
    """
    table = known(part.profile)
    if not table.journeys:
        return None
    driven = [each for each in part.journeys if clock or each.phase != "clock"]
    found = [
        table.preparation,
        *(table.journeys.get(each.name, Price()).times(_share(each.layer, examples, steps)) for each in driven),
    ]
    if not part.trial:
        found = [Price(requests=table.preparation.requests)]
    return Price(
        sum(each.requests for each in found),
        sum(each.bad_requests for each in found),
        sum(each.bytes_sent for each in found),
        sum(each.sessions for each in found),
    )


def _share(layer: Layer, examples: int, steps: int) -> float:
    """How much of its recorded price a layer costs with so many examples and steps."""
    if layer in (Layer.JOURNEY, Layer.WALK):
        return 1.0
    if not examples:
        return 0.0
    more = examples / EXAMPLES
    if layer is Layer.MACHINE:
        return more * steps / STEPS
    return _FIXED + (1 - _FIXED) * more if layer is Layer.FUZZ else 1.0


def unseen(graded: Iterable[Graded], part: Part, profile: str = scribe_data.PROFILE) -> tuple[str, ...]:
    """What stayed unseen because a quick run left out the journeys that show it."""
    checks = all_checks(profile)
    return tuple(
        each.requirement.id
        for each in graded
        if each.verdict is Verdict.INCONCLUSIVE
        if (found := checks.get(each.requirement.id, ()))
        if any(known(profile).of(each.requirement, found).includes(name) for name in part.skipped)
    )


def holds(graded: Collection[Graded], only: Collection[str] = ()) -> bool:
    """Whether nothing is broken, and of each thing that was asked for something was verified.

    As with the whole, what binds and can be seen from outside must have been seen; zero requirements never hold.
    """
    if any(each.verdict in _BROKEN for each in graded):
        return False
    if any(
        each.verdict is Verdict.INCONCLUSIVE
        and each.requirement.level == "MUST"
        and each.requirement.testability == "black-box"
        for each in graded
    ):
        return False
    return all(
        any(each.verdict in _VERIFIED and selects([wanted] if wanted else (), each.requirement) for each in graded)
        for wanted in (only or ("",))
    )
