"""What a violated answer should have been, as one sentence that a shell and Python can test."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from conformance.evidence import NOT_JSON
from conformance.vocabulary.operation import Operation
from scribe_data.pointer import tokens, values_at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.evidence import Exchange
    from conformance.finding import Finding

#: status: one of `codes`. present: a member is there. counted: the list is as long as the count. listed: the list has
#: these names. same: a member is what an earlier answer had. equal: a member is this value. other: it is not this one.
Kind = Literal["status", "present", "counted", "listed", "same", "equal", "other"]
_LIST, _COUNT = "audio_files", "audio_files_received"


@dataclass(frozen=True)
class Claim:
    """One sentence about the last answer of a sequence."""

    kind: Kind
    member: str = ""
    codes: tuple[str, ...] = ()
    value: Any = None
    earlier: Exchange | None = None

    def shell(self) -> str:
        """A test that holds where the answer is right; `flat`, `raw` and `names` are the script's own."""
        key = f'"{self.member}":'
        if self.kind == "status":
            wanted = "|".join(code.replace("x", "?") for code in self.codes)
            good, bad = ("true", "false") if self.value is None else ("false", "true")
            return f'case "$STATUS" in {wanted}) {good};; *) {bad};; esac'
        if self.kind == "counted":
            return f'[ "$(raw {_COUNT})" = "$(names)" ]'
        if self.kind == "listed":
            tests = [f"flat | grep -qF {shlex.quote(json.dumps(name))}" for name in self.value]
            return " && ".join((*tests, f'[ "$(names)" = {len(self.value)} ]'))
        if self.kind == "same":
            return f'[ "$(raw {self.member})" = "$THEN" ]'
        if self.kind in ("equal", "other"):
            told = re.sub(r"\s", "", json.dumps(self.value, separators=(",", ":"), ensure_ascii=False))
            return f"{'! ' if self.kind == 'other' else ''}flat | grep -qF {shlex.quote(key + told)}"
        return f"flat | grep -qF {shlex.quote(key)}"

    def python(self, places: Mapping[int, int]) -> str:
        """The same as an expression of Python; `places`: which answer an exchange is."""
        found = f"member(answer, {self.member!r})"
        if self.kind == "status":
            tests = (
                f"answer.status_code // 100 == {c[0]}" if "x" in c else f"answer.status_code == {c}" for c in self.codes
            )
            told = " or ".join(tests)
            return f"({told})" if self.value is None else f"not ({told})"
        if self.kind == "counted":
            return f"member(answer, {_COUNT!r}) == len(member(answer, {_LIST!r}))"
        if self.kind == "listed":
            return f"sorted(member(answer, {_LIST!r})) == {sorted(self.value)!r}"
        if self.kind == "same":
            return f"{found} == member(answer_{places[id(self.earlier)]}, {self.member!r})"
        if self.kind == "present":
            return f"{self.member!r} in answer.json()"
        return f"{found} {'==' if self.kind == 'equal' else '!='} {self.value!r}"

    def holds(self, x: Exchange) -> bool:
        """Whether an answer is right by it."""
        document, code = x.document, str(x.status)
        names = document.get(_LIST)
        found = document.get(self.member)
        told = {
            "status": any(code == c or (c.endswith("xx") and c[0] == code[0]) for c in self.codes)
            is (self.value is None),
            "counted": isinstance(names, list) and document.get(_COUNT) == len(names),
            "listed": isinstance(names, list) and sorted(map(str, names)) == sorted(map(str, self.value or ())),
            "same": self.earlier is not None and found == self.earlier.document.get(self.member),
            "present": self.member in document,
            "equal": found == self.value,
            "other": found != self.value,
        }
        return bool(told[self.kind])


def claim_of(finding: Finding, x: Exchange, sent: Sequence[Exchange]) -> Claim:
    """The first of the claims that fit a finding which the answer breaks; else that it is answered otherwise."""
    possible = list(_of_member(finding, x, sent)) if finding.pointer else list(_of_status(finding))
    return next(
        (claim for claim in possible if not claim.holds(x)), Claim("status", codes=(str(x.status),), value="not")
    )


def _of_status(finding: Finding) -> list[Claim]:
    codes = tuple(re.findall(r"\b[1-5](?:\d\d|xx)\b", str(finding.expected)))
    return [Claim("status", codes=codes)] if codes else []


def _of_member(finding: Finding, x: Exchange, sent: Sequence[Exchange]) -> list[Claim]:
    path = tokens(finding.pointer or "")
    if len(path) != 1 or x.response is None or x.response.json is NOT_JSON:
        return []
    (member,) = path
    before = [y for y in sent if y.number < x.number and y.label.session == x.label.session and member in y.document]
    found: list[Claim] = [] if list(values_at(x.document, path)) else [Claim("present", member)]
    if member in (_LIST, _COUNT):
        found.append(Claim("counted"))
        names = finding.expected
        found += [Claim("listed", _LIST, value=names)] if isinstance(names, list) else []
    found += [Claim("same", member, earlier=y) for y in reversed(before) if isinstance(y.document[member], str)]
    created = next(
        (y for y in sent if y.label.operation == Operation.CREATE and y.label.session == x.label.session), None
    )
    asked = created.request.json if created else None
    if isinstance(asked, dict) and member in asked:
        found.append(Claim("equal", member, value=asked[member]))
    return [*found, Claim("other", member, value=x.document.get(member))]
