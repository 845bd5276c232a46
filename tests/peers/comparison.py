"""What was expected of a peer, what a report says, and the difference in words a person reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

#: At most so many causes are told for each true one.
CAUSES_TOLD_FOR_ONE = 1.3
_EXPECTED = Path(__file__).with_name("expected.yaml")
SETS = ("fail", "warn", "disputed", "blocked")
ANY = "any"
UNSEEN = "inconclusive"


@dataclass(frozen=True)
class Cause:
    """One true cause: the requirement at fault (several where either may be named first) and what stands under it."""

    at_fault: frozenset[str]
    shows_in: frozenset[str]
    hides: frozenset[str]


@dataclass(frozen=True)
class Expected:
    """What a kit that keeps to the text says of one peer."""

    overall: str
    exit_code: int
    sets: Mapping[str, frozenset[str] | None]
    causes: tuple[Cause, ...]
    open: Mapping[str, tuple[str, ...]]
    out_of_reach: frozenset[str] = frozenset()

    @property
    def hidden(self) -> frozenset[str]:
        """What need not be seen of the peer."""
        may_be = {requirement for requirement, verdicts in self.open.items() if UNSEEN in verdicts}
        return self.out_of_reach | may_be | (self.sets["blocked"] or frozenset())


@cache
def expectations(path: Path = _EXPECTED) -> Mapping[str, Expected]:
    """Name of a peer -> what is expected of it."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return {name: _expected(entry) for name, entry in document.items() if name != "usual"}


def _expected(entry: dict[str, Any]) -> Expected:
    sets = {name: None if entry[name] == ANY else _ids(entry[name]) for name in SETS}
    causes = tuple(
        Cause(_ids([cause["requirement"]]), _ids(cause.get("shows_in", ())), _ids(cause.get("hides", ())))
        for cause in entry["causes"]
    )
    free = {requirement: tuple(verdicts) for requirement, verdicts in entry.get("open", {}).items()}
    return Expected(entry["overall"], entry["exit"], sets, causes, free, _ids(entry.get("out_of_reach", ())))


def _ids(nested: Iterable[Any]) -> frozenset[str]:
    return frozenset(_flat(nested))


def _flat(nested: Iterable[Any]) -> Iterator[str]:
    for item in nested:
        if isinstance(item, list):
            yield from _flat(item)
        else:
            yield item


def differences(expected: Expected, report: Mapping[str, Any], exit_code: int) -> list[str]:
    """What a report says otherwise, a line each; nothing when it says what was expected."""
    entries = {entry["id"]: entry for entry in report.get("requirements", ())}
    found = []
    if exit_code != expected.exit_code:
        found.append(f"exit code {exit_code}, expected {expected.exit_code}")
    if expected.overall not in {ANY, report.get("overall")}:
        found.append(f"overall {report.get('overall')}, expected {expected.overall}")
    for name in SETS:
        found += _of_set(name, expected, entries)
    for requirement, verdicts in expected.open.items():
        verdict = entries.get(requirement, {}).get("verdict")
        if verdict not in verdicts:
            found.append(f"{requirement} is {verdict}, expected {' or '.join(verdicts)}")
    for requirement in sorted(expected.out_of_reach & entries.keys()):
        if entries[requirement]["verdict"] not in (UNSEEN, "not_applicable"):
            found.append(f"{requirement} is {entries[requirement]['verdict']}, and it is out of reach")
    if expected.causes or any(entry["verdict"] == "fail" for entry in entries.values()):
        found += _of_causes(expected, report.get("causes", ()), entries)
    return found


def _of_set(name: str, expected: Expected, entries: Mapping[str, Any]) -> Iterator[str]:
    wanted = expected.sets[name]
    if wanted is None:
        return
    said = {requirement for requirement, entry in entries.items() if _is(entry, name)}
    for requirement in sorted((wanted | said) - expected.open.keys()):
        if requirement not in said:
            yield f"{requirement}: {name} expected, and it is {_verdict(entries.get(requirement))}"
        elif requirement not in wanted:
            yield f"{requirement}: {name}, which is not expected: {_headline(entries[requirement])}"


def _is(entry: Mapping[str, Any], name: str) -> bool:
    if name == "blocked":
        return entry["verdict"] == "inconclusive" and entry.get("reason") == "blocked"
    return bool(entry["verdict"] == name)


def _verdict(entry: Mapping[str, Any] | None) -> str:
    if entry is None:
        return "not in the report"
    reason = f" ({entry['reason']})" if entry.get("reason") else ""
    return f"{entry['verdict']}{reason}"


def _headline(entry: Mapping[str, Any]) -> str:
    findings = entry.get("findings", ())
    return str(findings[0].get("message", ""))[:140] if findings else "no finding"


def _of_causes(expected: Expected, told: Iterable[Mapping[str, Any]], entries: Mapping[str, Any]) -> Iterator[str]:
    causes = [(cause["requirement"], {*cause.get("shows_in", ())}, {*cause.get("hides", ())}) for cause in told]
    most = math.ceil(CAUSES_TOLD_FOR_ONE * len(expected.causes))
    if len(causes) > most:
        yield f"{len(causes)} causes are told for {len(expected.causes)} true ones, {most} at most"
    for true in expected.causes:
        if not any(requirement in true.at_fault for requirement, _, _ in causes):
            yield f"no cause names {' or '.join(sorted(true.at_fault))}"
        for hidden in sorted(true.hides - expected.open.keys()):
            if not any(hidden in hides for requirement, _, hides in causes if requirement in true.at_fault):
                yield f"{hidden} is not told as hidden by {' or '.join(sorted(true.at_fault))}"
    for requirement, entry in sorted(entries.items()):
        under = sum(requirement == at_fault or requirement in shows_in for at_fault, shows_in, _ in causes)
        if entry["verdict"] == "fail" and under != 1:
            yield f"the failure of {requirement} stands under {under} causes"


def seen(expected: Expected, report: Mapping[str, Any], within: Iterable[str]) -> float:
    """The share that a run saw of those requirements `within` that are not hidden from it."""
    verdicts = {entry["id"]: entry["verdict"] for entry in report["requirements"]}
    reached = [requirement for requirement in within if requirement not in expected.hidden]
    return sum(verdicts[requirement] != UNSEEN for requirement in reached) / len(reached)
