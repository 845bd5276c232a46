"""The few departures that many failures go back to, and what they keep out of sight (HOUSE §5).

A failure stands under exactly one cause. First come the origins that the text lists and the run has met, then refusals that
lack nothing but the right code, then failures that show one departure; what remains is a cause of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from conformance.grading.departures import families, marks
from conformance.grading.hidden import Hider, hide
from conformance.grading.mending import Fault, codeless, failing
from conformance.grading.signs import detail, is_met
from conformance.grading.wording import told
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Hashable, Iterable, Mapping

    from conformance.checks import Check
    from conformance.evidence import Evidence
    from conformance.finding import Finding
    from conformance.run import Graded
    from conformance.verdict import Reading
    from scribe_data import Requirement
    from scribe_data.origin import Origin, Origins

    Failures = Mapping[str, tuple[Graded, list[Finding]]]


@dataclass(frozen=True)
class Cause:
    """One departure: the requirement at fault, a sentence, the exchange that shows it, and what goes back to it.

    `shows_in`: further requirements that fail because of it. `hides`: those of which nothing could be seen.
    """

    requirement: str
    text: str
    exchange: int | None = None
    shows_in: tuple[str, ...] = ()
    hides: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """A requirement is at fault once at most, so that its id names the cause from one run to the next."""
        return self.requirement

    @property
    def weight(self) -> int:
        """How many requirements mending it would clear up beside its own."""
        return len(self.shows_in) + len(self.hides)


@dataclass(frozen=True)
class Traced:
    """Graded requirements, each with its cause where it has one, and the causes, what to mend first standing first."""

    graded: tuple[Graded, ...]
    causes: tuple[Cause, ...]

    def only(self, wanted: Callable[[Requirement], bool]) -> Traced:
        """The requirements that are wanted, and the causes these go back to."""
        kept = tuple(each for each in self.graded if wanted(each.requirement))
        ids = {each.requirement.id for each in kept}
        causes = (
            replace(
                cause,
                shows_in=tuple(name for name in cause.shows_in if name in ids),
                hides=tuple(name for name in cause.hides if name in ids),
            )
            for cause in self.causes
        )
        return Traced(kept, tuple(cause for cause in causes if cause.requirement in ids or cause.weight))


def trace(
    graded: tuple[Graded, ...], checks: Mapping[str, tuple[Check, ...]], evidence: Evidence, reading: Reading
) -> Traced:
    """Every failure under one cause, and what a cause hides as `blocked`."""
    failed = {
        each.requirement.id: (each, failing(each.findings, each.requirement, reading))
        for each in graded
        if each.verdict is Verdict.FAIL
    }
    origins = evidence.text.origins
    met = [origin for origin in origins.entries if origin.has_sign and is_met(origin, evidence)]
    found = _Attribution(failed, origins)
    found.by_origin(met, evidence)
    found.by_code(checks, evidence, reading)
    found.by_departure(evidence)
    hidden = hide(graded, _hiders(met, found), evidence)
    return _traced(hidden, found)


@dataclass
class _Attribution:
    """Which failure stands under which requirement at fault, as it is found out."""

    failed: Failures
    origins: Origins
    #: Failed requirement -> the requirement at fault: itself where it is that.
    under: dict[str, str] = field(default_factory=dict)
    #: Requirement at fault -> what is wrong in words, and the number of the exchange that shows it best.
    texts: dict[str, tuple[str, int | None]] = field(default_factory=dict)

    @property
    def rest(self) -> list[str]:
        """Failures that stand under nothing yet, those that sum up others last."""
        return sorted((name for name in self.failed if name not in self.under), key=self._sums_up)

    def _sums_up(self, name: str) -> bool:
        return name in self.origins.roll_ups

    def put(self, head: str, members: Iterable[str]) -> None:
        """Let failures stand under a requirement at fault, unless they stand under one."""
        for name in (head, *members):
            if name in self.failed:
                self.under.setdefault(name, head)

    def telling(self, head: str) -> tuple[str, int | None]:
        """What a cause is told by: a sentence, and the number of an exchange."""
        text, exchange = self.texts.get(head, ("", None))
        first = next(iter(self.failed[head][1]), None)
        text = text or (told(first) if first else self.failed[head][0].requirement.statement)
        return text, exchange or (first.exchange if first else None)

    def by_origin(self, met: Collection[Origin], evidence: Evidence) -> None:
        """What the text names as going back to an origin, and failures at a door that never opened."""
        own = {name for origin in met for name in origin.at_fault} | {self.origins.form, self.origins.code}
        operations = {x.number: x.label.operation for x in evidence.exchanges}
        for origin in met:
            at_fault = [name for name in origin.at_fault if name in self.failed and name not in self.under]
            if not at_fault:
                continue
            seen, exchange = detail(origin, evidence)
            self.texts[at_fault[0]] = (f"{origin.text} {seen}".strip(), exchange)
            self.put(at_fault[0], (*at_fault[1:], *origin.shows_in))
            shut = [
                name
                for name, (_, findings) in self.failed.items()
                if origin.refused and name not in own
                if findings and all(operations.get(each.exchange or 0) == origin.refused for each in findings)
            ]
            self.put(at_fault[0], shut)

    def by_code(self, checks: Mapping[str, tuple[Check, ...]], evidence: Evidence, reading: Reading) -> None:
        """Refusals with the right status: under what is wrong with all error bodies, else by what is shown for what."""
        general = {
            Fault.FORM: self.origins.form,
            Fault.CODE: self.origins.code,
            Fault.LIST: self.origins.listed,
        }
        asked = {
            name: (self.failed[name][0].requirement, self.failed[name][1])
            for name in self.rest
            if name not in general.values()
        }
        marked: dict[str, Collection[Hashable]] = {}
        for name, mended in codeless(asked, checks, evidence, reading).items():
            heads = [head for fault, head in general.items() if fault in mended.faults and head in self.failed]
            if heads:
                self.put(self.under.get(heads[0], heads[0]), [heads[0], name])
            else:
                marked[name] = mended.lacks
        for home in families(marked):
            self.put(home[0], home[1:])

    def by_departure(self, evidence: Evidence) -> None:
        """Failures of one departure under the first of them that does not sum up others; what remains by itself."""
        exchanges = {x.number: x for x in evidence.exchanges}
        marked = {
            name: [mark for finding in self.failed[name][1] for mark in marks(finding, exchanges)] for name in self.rest
        }
        for home in families(marked):
            head, *members = sorted(home, key=self._sums_up)
            self.put(head, members)


def _hiders(met: Collection[Origin], found: _Attribution) -> list[Hider]:
    """The origins that hide something, each with the cause that stands for it; without one, nothing fails."""
    hiders = []
    for origin in found.origins.entries:
        at_fault = [found.under[name] for name in origin.at_fault if name in found.under]
        if origin in met or (at_fault and not origin.has_sign):
            hiders.append(Hider(origin, at_fault[0] if at_fault else None))
    return hiders


def _traced(graded: tuple[Graded, ...], found: _Attribution) -> Traced:
    placed = tuple(replace(each, cause=found.under.get(each.requirement.id, each.cause)) for each in graded)
    order = {each.requirement.id: at for at, each in enumerate(graded)}
    causes = []
    for head in dict.fromkeys(found.under.values()):
        under = sorted((name for name, at in found.under.items() if at == head != name), key=order.__getitem__)
        hides = [each.requirement.id for each in placed if each.cause == head and each.verdict is not Verdict.FAIL]
        text, exchange = found.telling(head)
        causes.append(Cause(head, text, exchange, tuple(under), tuple(hides)))
    return Traced(placed, tuple(sorted(causes, key=lambda cause: (-cause.weight, order[cause.id]))))
