"""The shortest sequence of a violation as files anyone can run: a shell script, and a test that needs httpx alone.

Both send what the machine sent, and claim of the last answer what it broke.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from conformance.report.citation import cited
from conformance.report.claim import Claim, claim_of
from conformance.report.phrase import Phrases, plain
from conformance.report.repro import FOLDER, Script, Writing
from conformance.report.spoken import Spoken, is_spoken
from conformance.verdict import Verdict, weigh
from conformance.vocabulary.operation import Operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Exchange, Shown
    from conformance.finding import Finding
    from conformance.run import Graded, Run


def sequences(run: Run) -> Iterator[Script]:
    """A script and a test for every violation that a replay showed again."""
    explored = run.evidence.explored
    used: set[str] = set()
    for shown in explored.violations if explored is not None else ():
        graded = next((each for each in run.graded if each.requirement.id == shown.requirement), None)
        wrong = run.exchange(shown.exchange)
        finding = _finding(run, graded, shown) if graded is not None else None
        if graded is None or wrong is None or finding is None:
            continue
        name = _name(shown.requirement, used)
        sent = [x for number in shown.exchanges if number <= wrong.number and (x := run.exchange(number))]
        if any(map(is_spoken, sent)):
            spoken = _SpokenSequence(run, graded, finding, wrong, sent=sent, words=shown.steps).script()
            if spoken is not None:
                yield Script(shown.requirement, spoken.text, spoken.files, f"{FOLDER}/{name}.py")
            continue
        claim = claim_of(finding, wrong, sent)
        script = _Sequence(run, graded, finding, wrong, sent=sent, told=shown, claim=claim)
        if (text := script.script()) is not None:
            yield Script(shown.requirement, text.text, text.files, f"{FOLDER}/{name}.sh")
            yield Script(shown.requirement, _Test(script, name).text(), {}, f"{FOLDER}/{name}.py")


def _name(requirement: str, used: set[str]) -> str:
    """machine-<ID>, with a number where one requirement is violated in several places."""
    count = sum(each == requirement or each.startswith(f"{requirement}-#") for each in used) + 1
    used.add(requirement if count == 1 else f"{requirement}-#{count}")
    return f"machine-{requirement}" + (f"-{count}" if count > 1 else "")


def _finding(run: Run, graded: Graded, shown: Shown) -> Finding | None:
    """What the checks say of the answer that is wrong."""
    level = graded.requirement.level
    return next(
        (
            finding
            for finding in graded.findings
            if finding.exchange == shown.exchange and weigh(finding.kind, level, run.reading) is Verdict.FAIL
        ),
        None,
    )


def _settled(sent: list[Exchange]) -> list[tuple[Exchange, bool]]:
    """The exchanges, and whether one is a read that waits for a result: the reads before it that came too early go."""
    kept: list[tuple[Exchange, bool]] = []
    for x in sent:
        waited = False
        # The last is the one that is wrong, and may be so because of the reads before it.
        while x is not sent[-1] and x.status != 202 and kept and _polls(kept[-1][0], x):
            kept.pop()
            waited = True
        kept.append((x, waited))
    return kept


def _polls(before: Exchange, x: Exchange) -> bool:
    """Whether a read came too early for what the next one was waiting for."""
    return (
        before.label == x.label
        and x.label.operation == Operation.GET
        and len(x.label.states) > 1
        and before.status == 202
    )


@dataclass
class _Sequence(Writing):
    """The shell script of one sequence."""

    sent: list[Exchange] = None  # type: ignore[assignment]
    told: Shown = None  # type: ignore[assignment]
    claim: Claim = None  # type: ignore[assignment]

    def steps(self) -> list[Exchange]:
        """What was sent, but for reads that came too early."""
        return [x for x, _ in _settled(self.sent)]

    def waited(self, y: Exchange) -> bool:
        """Whether a read waited for a result."""
        return any(x is y and waits for x, waits in _settled(self.sent))

    def lines(self, y: Exchange) -> Iterator[str]:
        """As ever, and what the last answer is compared with."""
        yield from super().lines(y)
        if y is self.claim.earlier:
            yield f"THEN=$(raw {self.claim.member})"

    def head(self, lines: list[str]) -> Iterator[str]:
        """As ever, and the steps in words."""
        yield from super().head(lines)
        yield from (f"# {step}" for step in self.told.steps)
        yield 'raw() { flat | sed -n \'s/.*"\'"$1"\'":\\("[^"]*"\\|[^,}]*\\).*/\\1/p\'; }'
        yield "names() { flat | sed -n 's/.*\"audio_files\":\\[\\([^]]*\\)\\].*/\\1/p' | tr ',' '\\n' | grep -c .; }"

    def judgement(self) -> Iterator[str]:
        """The claim, tested."""
        yield f"if {self.claim.shell()}; then echo 'Not seen: {self.graded.requirement.id} holds here.'; exit 0; fi"
        yield f"echo 'SEEN AGAIN: {self.graded.requirement.id} is violated.'; exit 1"


@dataclass
class _SpokenSequence(Spoken):
    """The script of a sequence with sockets; it is Python and judges by itself, so that no test stands beside it."""

    sent: list[Exchange] = field(default_factory=list)
    words: tuple[str, ...] = ()

    def steps(self) -> list[Exchange]:
        """What was sent."""
        return self.sent

    def heading(self) -> Iterator[str]:
        """As ever, and the steps in words."""
        yield from super().heading()
        yield from self.words


class _Test:
    """The test of one sequence: a file for pytest."""

    def __init__(self, script: _Sequence, name: str) -> None:
        self._script = script
        self._name = re.sub(r"\W", "_", name.removeprefix("machine-"))
        self._phrases = Phrases(script.address())

    def text(self) -> str:
        """The file."""
        script, requirement = self._script, self._script.graded.requirement
        steps = _settled(script.sent)
        body = [line for place, (x, waits) in enumerate(steps, 1) for line in self._lines(place, x, waits=waits)]
        second = any("SECOND_KEY" in line for line in body)
        seen = "\n".join(f"  {step}" for step in script.told.steps)
        places = {id(x): place for place, (x, _) in enumerate(steps, 1)}
        claim = script.claim.python(places)
        place = cited(requirement.source, script.run.spec, script.run.revision)
        told = f"{requirement.id} ({requirement.level}, {place}): {requirement.statement}"
        return "\n".join(
            (
                f'"""{plain(told)}\n\nFound by scribe-conformance. The steps:\n\n{plain(seen)}\n\n{_NEEDS}\n"""',
                "",
                "import os\nimport time\nfrom pathlib import Path\nfrom urllib.parse import urljoin",
                "",
                "import httpx",
                "",
                f'TARGET = os.environ.get("SCRIBE_TARGET", {script.address()!r}).rstrip("/")',
                'KEY = os.environ["SCRIBE_API_KEY"]',
                *(['SECOND_KEY = os.environ["SCRIBE_SECOND_API_KEY"]'] if second else []),
                "HERE = Path(__file__).parent",
                _REST,
                "",
                "",
                f"def test_{self._name.lower()}():",
                "    # a connection that has idled for longer may be closed by the service as it is used again",
                "    with httpx.Client(timeout=60, limits=httpx.Limits(keepalive_expiry=1)) as client:",
                *(f"        {line}" for line in body),
                f"        # {plain(script.finding.message)}",
                f"        assert {claim}, answer.text",
                "",
            )
        )

    def _lines(self, place: int, x: Exchange, *, waits: bool) -> Iterator[str]:
        words = [
            repr(x.request.method),
            self._phrases.quoted(x.request.url),
            f"headers={self._phrases.headers(x)}",
            *self._phrases.content(x, self._script.file_of(x)),
        ]
        call = f"{'rest(client, ' if waits else 'client.request('}{', '.join(words)})"
        yield f"answer = answer_{place} = {call}"
        session_id = x.document.get("session_id")
        if x.label.operation == Operation.CREATE and x.accepted and isinstance(session_id, str):
            self._phrases.known[session_id] = f"session_{place}"
            yield f'session_{place} = answer.json()["session_id"]'
            url = x.document.get("upload_url")
            if isinstance(url, str) and url:
                self._phrases.known[urljoin(x.request.url, url)] = f"upload_{place}"
                yield f'upload_{place} = urljoin(str(answer.request.url), answer.json()["upload_url"])'


_NEEDS = "Needs httpx and pytest; SCRIBE_TARGET and SCRIBE_API_KEY in the environment."
_REST = '''

def rest(client, *request, **more):
    """Read until the session rests."""
    for _ in range(180):
        answer = client.request(*request, **more)
        if answer.status_code != 202:
            break
        time.sleep(0.2)
    return answer


def member(answer, name):
    found = answer.json() if answer.content else {}
    return found.get(name) if isinstance(found, dict) else None'''
