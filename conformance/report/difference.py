"""What changed from one report to another, requirement by requirement, and apart from it why it may have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_UNSEEN = frozenset({Verdict.INCONCLUSIVE, Verdict.ERROR})
#: Members of a report that tell why verdicts may differ -> in words.
_GROUNDS = {
    "target": "target",
    "suite_version": "suite",
    "suite_sha256": "files of the suite",
    "profile": "profile",
    "revision": "revision (option)",
    "spec_sha256": "spec",
    "reading": "reading (option)",
    "seed": "seed (option)",
    "selection": "selection (option)",
}


@dataclass(frozen=True)
class Change:
    """A requirement whose verdict changed; None where a report does not have it. `why` is what the new one says."""

    requirement: str
    before: str | None
    now: str | None
    why: str = ""

    def __str__(self) -> str:
        told = f"{self.requirement}: {self.before or 'not judged'} -> {self.now or 'not judged'}"
        return f"{told}: {self.why}" if self.why else told


@dataclass(frozen=True)
class Ground:
    """Something besides the service's answers that differs, and may be why verdicts do."""

    what: str
    before: Any
    now: Any

    def __str__(self) -> str:
        return f"{self.what}: {_short(self.before)} -> {_short(self.now)}"


@dataclass(frozen=True)
class Difference:
    """Two reports compared. `other` are changes of a verdict in which nothing fails, is mended, or comes in sight."""

    failing: tuple[Change, ...]
    fixed: tuple[Change, ...]
    seen: tuple[Change, ...]
    unseen: tuple[Change, ...]
    other: tuple[Change, ...]
    overall: tuple[str, str]
    grounds: tuple[Ground, ...]

    @property
    def sections(self) -> Mapping[str, tuple[Change, ...]]:
        """Heading -> the changes below it."""
        return {
            "newly failing": self.failing,
            "fixed": self.fixed,
            "newly seen": self.seen,
            "no longer seen": self.unseen,
            "changed otherwise": self.other,
        }

    def document(self) -> dict[str, Any]:
        """The difference as a JSON object."""
        told: dict[str, Any] = {"overall": {"before": self.overall[0], "now": self.overall[1]}}
        for heading, changes in self.sections.items():
            told[heading.replace(" ", "_")] = [vars(change) for change in changes]
        return told | {"may_be_because": [vars(ground) for ground in self.grounds]}

    def lines(self) -> Iterator[str]:
        """The difference in lines of text."""
        before, now = self.overall
        yield f"Overall: {before}" + (f" -> {now}" if now != before else ", as before")
        for heading, changes in self.sections.items():
            if changes:
                yield f"{heading[0].upper()}{heading[1:]} ({len(changes)}):"
                yield from (f"  {change}" for change in changes)
        if not any(self.sections.values()):
            yield "No verdict changed."
        if self.grounds:
            yield "Besides the answers of the service, this differs and may be why:"
            yield from (f"  {ground}" for ground in self.grounds)
        else:
            yield "Target, suite, spec and options are the same: what changed are the answers of the service."


def difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> Difference:
    """Compare two values of report.json."""
    before, now = _by_id(old), _by_id(new)
    found: dict[str, list[Change]] = {}
    for name in (*before, *(name for name in now if name not in before)):
        one, other = before.get(name), now.get(name)
        change = Change(name, _verdict(one), _verdict(other), _why(other))
        if change.before != change.now:
            found.setdefault(_kind(change), []).append(change)
    kinds = {kind: tuple(found.get(kind, ())) for kind in ("failing", "fixed", "seen", "unseen", "other")}
    return Difference(**kinds, overall=(old["overall"], new["overall"]), grounds=tuple(_grounds(old, new)))


def _by_id(report: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    return {each["id"]: each for each in report["requirements"]}


def _verdict(told: Mapping[str, Any] | None) -> str | None:
    return told["verdict"] if told is not None else None


def _kind(change: Change) -> str:
    if change.now == Verdict.FAIL:
        return "failing"
    if change.now is None or change.now in _UNSEEN:
        return "other" if change.before is None or change.before in _UNSEEN else "unseen"
    if change.before == Verdict.FAIL:
        return "fixed"
    return "seen" if change.before is None or change.before in _UNSEEN else "other"


def _why(told: Mapping[str, Any] | None) -> str:
    if told is None or told["verdict"] == Verdict.PASS:
        return ""
    message = next((finding["message"] for finding in told["findings"]), "")
    reason = f" ({told['reason']})" if "reason" in told else ""
    return " ".join(f"{message}{reason}".split())[:300]


def _grounds(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Ground]:
    for name, words in _GROUNDS.items():
        if name == "suite_sha256" and (name not in old or name not in new):
            continue  # reports of older kits do not tell
        before, now = _asked(old, name), _asked(new, name)
        if before != now:
            yield Ground(words, before, now)


def _asked(report: Mapping[str, Any], name: str) -> Any:
    """A member; of a selection what was asked for, not what came of it."""
    found = report.get(name)
    return {each: found[each] for each in ("asked", "quick")} if name == "selection" and found else found


def _short(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join((*value["asked"], *(("--quick",) if value["quick"] else ()))) or "all"
    return "the whole" if value is None else str(value)
