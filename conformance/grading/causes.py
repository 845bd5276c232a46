"""The few departures that many failures go back to, and what they keep out of sight.

A failure stands under exactly one cause. First come the origins that the text lists and the run has met, then refusals
that lack nothing but the right code, then failures that show one departure; what remains is a cause of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from conformance.grading.departures import families, marks
from conformance.grading.hidden import Elsewhere, Hidden, Hider, hide
from conformance.grading.likeness import is_foreign, likeness
from conformance.grading.mending import Fault, codeless, failing, still
from conformance.grading.signs import detail, is_met
from conformance.grading.wording import told
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence

    from conformance.checks import Check
    from conformance.evidence import Evidence, Exchange
    from conformance.finding import Finding
    from conformance.grading.likeness import Likeness
    from conformance.run import Graded
    from conformance.verdict import Reading
    from scribe_data import Spec
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


def causes_of(graded: Sequence[Graded]) -> tuple[Cause, ...]:
    """The causes that requirements go back to, what to mend first standing first, each with no others than these."""
    rows = {each.requirement.id: at for at, each in enumerate(graded)}
    found = (
        replace(
            cause,
            shows_in=tuple(name for name in cause.shows_in if name in rows),
            hides=tuple(name for name in cause.hides if name in rows),
        )
        for cause in dict.fromkeys(each.cause for each in graded if each.cause)
    )
    return tuple(sorted(found, key=lambda cause: (-cause.weight, rows.get(cause.requirement, 0))))


def trace(
    graded: tuple[Graded, ...], checks: Mapping[str, tuple[Check, ...]], evidence: Evidence, reading: Reading
) -> tuple[Graded, ...]:
    """The same requirements, every failure under one cause, and what a cause hides as `blocked`."""
    failed = {
        each.requirement.id: (each, failing(each.findings, each.requirement, reading))
        for each in graded
        if each.verdict is Verdict.FAIL
    }
    met = [origin for origin in evidence.text.origins.entries if origin.has_sign and is_met(origin, evidence)]
    found = _Attribution(failed, evidence)
    other = likeness(evidence) if failed else None
    if other is not None:
        found.by_revision(other, checks, reading)
    found.by_origin(met)
    found.by_code(checks, reading)
    found.by_departure()
    behind = None if other is None or found.of_revision is None else Elsewhere(other.text, found.of_revision)
    hidden = hide(graded, _hiders(met, found), evidence, behind)
    return _placed(hidden, found)


@dataclass
class _Attribution:
    """Which failure stands under which requirement at fault, as it is found out."""

    failed: Failures
    evidence: Evidence
    #: Failed requirement -> the requirement at fault: itself where it is that.
    under: dict[str, str] = field(default_factory=dict)
    #: Requirement at fault -> what is wrong in words, and the number of the exchange that shows it best.
    texts: dict[str, tuple[str, int | None]] = field(default_factory=dict)
    #: Name of an origin -> the requirement that stands for it.
    heads: dict[str, str] = field(default_factory=dict)
    #: The requirement that stands for a target of another revision.
    of_revision: str | None = None

    @property
    def origins(self) -> Origins:
        """What the text says of origins."""
        return self.evidence.text.origins

    @cached_property
    def exchanges(self) -> Mapping[int, Exchange]:
        """By number."""
        return {x.number: x for x in self.evidence.everything}

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
        shown = self.exchanges.get(first.exchange or 0) if first else None
        text = text or (told(first, shown) if first else self.failed[head][0].requirement.statement)
        return text, exchange or (first.exchange if first else None)

    def by_revision(self, other: Likeness, checks: Mapping[str, tuple[Check, ...]], reading: Reading) -> None:
        """What fails only because the target speaks another revision: the other text does not have it, or takes it."""
        seen = replace(self.evidence, text=other.text)
        gone = [name for name in self.failed if self._goes(name, other.text, seen, checks.get(name, ()), reading)]
        named = [name for name in self.origins.revision if name in gone]
        for head in (*named, *sorted(gone, key=self._sums_up))[:1]:
            self.of_revision = head
            self.texts[head] = (other.told, other.exchange)
            self.put(head, gone)

    def _goes(self, name: str, text: Spec, seen: Evidence, checks: tuple[Check, ...], reading: Reading) -> bool:
        """Whether nothing of a failure is left by another text: judged again, only what it does not have is refused."""
        requirement = text.requirements.get(name)
        left = set() if requirement is None else still(checks, requirement, seen, reading)
        if left is None:
            return False
        shown = [self.exchanges.get(number or 0) for number in left]
        return all(x is not None and is_foreign(text, seen, x) for x in shown)

    def by_origin(self, met: Collection[Origin]) -> None:
        """What the text names as going back to an origin, and failures at a door that never opened."""
        own = {name for origin in met for name in origin.at_fault} | {self.origins.form, self.origins.code}
        for origin in met:
            shut = [
                name
                for name, (_, findings) in self.failed.items()
                if origin.refused and name not in own
                if findings and all(self._operation(each) == origin.refused for each in findings)
            ]
            under = (*origin.at_fault, *sorted(shut, key=self._sums_up), *origin.shows_in)
            failed = [name for name in under if name in self.failed and name not in self.under]
            if failed and (shut or failed[0] in origin.at_fault):
                seen, exchange = detail(origin, self.evidence)
                self.texts[failed[0]] = (f"{origin.text} {seen}".strip(), exchange)
                self.heads[origin.name] = failed[0]
                self.put(failed[0], failed[1:])

    def _operation(self, finding: Finding) -> str | None:
        x = self.exchanges.get(finding.exchange or 0)
        return x.label.operation if x else None

    def by_code(self, checks: Mapping[str, tuple[Check, ...]], reading: Reading) -> None:
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
        for name, mended in codeless(asked, checks, self.evidence, reading).items():
            heads = [head for fault, head in general.items() if fault in mended.faults and head in self.failed]
            if heads:
                self.put(self.under.get(heads[0], heads[0]), [heads[0], name])
            else:
                # One occasion to refuse is one departure, though each of its cases may have a code of its own.
                occasions = {
                    origin.name for origin in self.origins.entries if not origin.has_sign and name in origin.at_fault
                }
                marked[name] = mended.lacks | occasions
        for home in families(marked):
            self.put(home[0], home[1:])

    def by_departure(self) -> None:
        """Failures of one departure under the first of them that does not sum up others; what remains by itself."""
        marked = {
            name: [mark for finding in self.failed[name][1] for mark in marks(finding, self.exchanges)]
            for name in self.rest
        }
        for home in families(marked):
            head, *members = sorted(home, key=self._sums_up)
            self.put(head, members)


def _hiders(met: Collection[Origin], found: _Attribution) -> list[Hider]:
    """The origins that hide something, each with the cause that stands for it; without one, nothing fails."""
    hiders = []
    for origin in found.origins.entries:
        named = (found.under[name] for name in origin.at_fault if name in found.under)
        at_fault = found.heads.get(origin.name) or next(named, None)
        if origin in met or (at_fault and not origin.has_sign):
            hiders.append(Hider(origin, at_fault))
    return hiders


def _placed(hidden: tuple[Hidden, ...], found: _Attribution) -> tuple[Graded, ...]:
    """Each requirement with the cause it stands under, or that hides it."""
    heads = [found.under.get(each.graded.requirement.id, each.at_fault) for each in hidden]
    under: dict[str, list[str]] = {head: [] for head in heads if head}
    behind: dict[str, list[str]] = {head: [] for head in under}
    for each, head in zip(hidden, heads, strict=True):
        if head and head != each.graded.requirement.id:
            (behind if each.at_fault else under)[head].append(each.graded.requirement.id)
    made = {head: Cause(head, *found.telling(head), tuple(under[head]), tuple(behind[head])) for head in under}
    return tuple(
        replace(each.graded, cause=made[head]) if head else each.graded
        for each, head in zip(hidden, heads, strict=True)
    )
