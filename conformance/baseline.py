"""Failures that are known: a file names them with a reason and a last day, and a run is compared with it."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

import jsonschema_rs

import scribe_data
from conformance.given import Unreadable, read_bytes, yaml_of
from conformance.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from conformance.run import Graded

#: A line for every requirement has a fraction of it.
LARGEST = 1024 * 1024
#: How revisions are named that may have been there once.
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FAILS_NO_MORE = frozenset({Verdict.PASS, Verdict.WARN, Verdict.DISPUTED, Verdict.NOT_APPLICABLE})


@dataclass(frozen=True)
class Known:
    """A failure that is known, why, and the last day (UTC) on which it counts as that."""

    requirement: str
    reason: str
    expires: date

    def document(self) -> dict[str, str]:
        """The entry as the file has it."""
        return {"requirement": self.requirement, "reason": self.reason, "expires": self.expires.isoformat()}

    def __str__(self) -> str:
        return f"{self.requirement} (until {self.expires}: {self.reason})"


@dataclass(frozen=True)
class Baseline:
    """The entries of one revision; `file` is the name of the file they stand in."""

    file: str
    entries: tuple[Known, ...]

    def known_on(self, day: date) -> frozenset[str]:
        """The requirements that may fail on a day (UTC)."""
        return frozenset(each.requirement for each in self.entries if each.expires >= day)

    def document(self) -> dict[str, Any]:
        """The baseline as a JSON object."""
        return {"file": self.file, "entries": [each.document() for each in self.entries]}


@dataclass(frozen=True)
class Coverage:
    """What a baseline makes of a run.

    `known` failed and may; `unmatched` failed and stand in no entry that still counts. `mended` entries fail no more.
    `expired` ones count no more. `unseen` entries are of requirements that the run did not judge or could not see.
    """

    file: str
    known: tuple[Known, ...]
    unmatched: tuple[str, ...]
    mended: tuple[Known, ...]
    expired: tuple[Known, ...]
    unseen: tuple[Known, ...]

    @property
    def holds(self) -> bool:
        """Whether the run fails in nothing but what is known, and the baseline is up to date."""
        return not (self.unmatched or self.mended or self.expired)

    def lines(self) -> Iterator[str]:
        """A line for everything that does not hold."""
        late = {each.requirement for each in self.expired}
        for each in self.expired:
            also = " and it still fails" if each.requirement in self.unmatched else ""
            yield f"{each.requirement}: its entry expired on {each.expires}{also} ({each.reason})"
        for name in self.unmatched:
            if name not in late:
                yield f"{name}: fails, and is not in the baseline"
        for each in self.mended:
            yield f"{each.requirement}: fails no more, take its entry out of the baseline ({each.reason})"

    def summary(self) -> str:
        """What the baseline covers, in one line."""
        told = f"{len(self.known)} of {len(self.known) + len(self.unmatched)} failures are known"
        names = f": {', '.join(each.requirement for each in self.known)}" if self.known else ""
        return f"Baseline {self.file}: {told}{names}. This changes no verdict."

    def document(self) -> dict[str, Any]:
        """The comparison as report.json has it."""
        told: dict[str, Any] = {"file": self.file, "holds": self.holds, "unmatched": list(self.unmatched)}
        for name in ("known", "mended", "expired", "unseen"):
            told[name] = [each.document() for each in getattr(self, name)]
        return told


def compare(baseline: Baseline, graded: Iterable[Graded], day: date) -> Coverage:
    """Compare graded requirements with a baseline on a day (UTC)."""
    verdicts = {each.requirement.id: each.verdict for each in graded}
    valid = [each for each in baseline.entries if each.expires >= day]
    counts = baseline.known_on(day)
    failed = [name for name, verdict in verdicts.items() if verdict is Verdict.FAIL]
    mended = [each for each in valid if verdicts.get(each.requirement) in _FAILS_NO_MORE]
    return Coverage(
        baseline.file,
        known=tuple(each for each in valid if each.requirement in failed),
        unmatched=tuple(name for name in failed if name not in counts),
        mended=tuple(mended),
        expired=tuple(each for each in baseline.entries if each.expires < day),
        unseen=tuple(each for each in valid if each.requirement not in failed and each not in mended),
    )


def baseline_of(told: Mapping[str, Any], clean: Callable[[str], str] = str) -> Baseline:
    """The baseline that `Baseline.document` made the object of; raises KeyError, TypeError and ValueError."""
    entries = (
        Known(each["requirement"], clean(each["reason"]), date.fromisoformat(each["expires"]))
        for each in told["entries"]
    )
    return Baseline(told["file"], tuple(entries))


def read_baseline(path: Path, profile: str, revision: str, clean: Callable[[str], str] = str) -> Baseline:
    """The entries that a file, JSON or YAML, has for a revision; `clean` takes secrets out of the reasons.

    Raises Unreadable: no such file, not of the schema, an entry twice, or of a requirement that does not exist.
    """
    document = yaml_of(path, read_bytes(path, LARGEST))
    wrong = next(_validator().iter_errors(document), None)
    if wrong is not None:
        place = "/".join(map(str, wrong.instance_path))
        raise Unreadable(path, f"/{place}: {wrong.message[:200]} (docs/acting.md shows what an entry has)")
    _check_names(path, document, profile)
    told = document.get(revision, [])
    _check(path, [each["requirement"] for each in told], profile, revision)
    return baseline_of({"file": path.name, "entries": told}, clean)


def _check_names(path: Path, names: Iterable[str], profile: str) -> None:
    """Refuse what is no revision: one file may have the entries of all profiles, and of dates that are gone."""
    known = [name for each in scribe_data.profiles() for name in scribe_data.revisions(each)]
    for name in names:
        if name not in known and not _DATED.fullmatch(name):
            told = f"{name[:40]!r} is no revision; of {profile} there is {', '.join(scribe_data.revisions(profile))}"
            raise Unreadable(path, f"/: {told} (docs/acting.md shows what a file has)")


def _check(path: Path, names: list[str], profile: str, revision: str) -> None:
    known = [each.id for each in scribe_data.load(profile, revision).requirements.values() if each.subject == "service"]
    for place, name in enumerate(names):
        if name in names[:place]:
            raise Unreadable(path, f"/{revision}/{place}: {name} stands twice")
        if name not in known:
            near = get_close_matches(name, known, 3)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            told = f"{name} is not a requirement of {profile} {revision} that binds a service{hint}"
            raise Unreadable(path, f"/{revision}/{place}: {told}")


@cache
def _validator() -> Any:
    return jsonschema_rs.Draft202012Validator(schema(), validate_formats=True)


def schema() -> dict[str, Any]:
    """The JSON Schema of a baseline."""
    text = resources.files(__package__).joinpath("baseline.schema.json").read_text(encoding="utf-8")
    loaded: dict[str, Any] = json.loads(text)
    return loaded
