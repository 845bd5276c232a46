"""A failure as a shell script that anyone can run: what led to it step by step, and whether it is seen again."""

from __future__ import annotations

import json
import re
import shlex
import zlib
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from conformance.evidence.address import split_origin
from conformance.evidence.curl import VARIABLES, arguments, file_name, quoted
from conformance.evidence.redaction import SECOND_KEY
from conformance.report.citation import cited
from conformance.report.sign import has, signs
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from conformance.evidence import Exchange
    from conformance.finding import Finding
    from conformance.report.sign import Sign
    from conformance.run import Graded, Run

FOLDER = "repro"
#: Stands for the folder of the script until a shell fills it in.
HERE = "<here>"
#: Reads of a session that is worked on, a second apart, until a script gives up.
LONGEST_WAIT = 180
_FUNCTIONS = """\
OUT=$(mktemp -d) || exit 2
trap 'rm -rf "$OUT"' EXIT
HERE=$(dirname -- "$0")

# send WHAT CURL-ARGUMENTS: one request; its status is in STATUS, its answer in $OUT/body.
send() {
  echo "--- $1"; shift
  : >"$OUT/body"
  STATUS=$(curl -sS -o "$OUT/body" -D "$OUT/head" -w '%{http_code}' "$@") || STATUS=000
  echo "$STATUS"; head -c 2000 "$OUT/body"; echo
}
# rest CURL-ARGUMENTS: read a session until nothing more will happen to it.
rest() {
  left=@WAIT@
  while send "read until it rests" "$@"; do
    case $STATUS in 202|000|429|503) ;; 200) working || return 0 ;; *) return 0 ;; esac
    left=$((left - 1)); [ "$left" -gt 0 ] || return 0
    sleep 1
  done
}
flat() { tr -d ' \\n\\r\\t' <"$OUT/body"; }
working() { flat | grep -Eq '"status":"(@WORKING@)"'; }
member() {
  tr '\\n' ' ' <"$OUT/body" | sed -n 's/.*"'"$1"'"[[:space:]]*:[[:space:]]*"\\([^"]*\\)".*/\\1/p' | sed 's#\\\\/#/#g'
}
absolute() { case $1 in http://*|https://*) echo "$1" ;; *) echo "$SCRIBE_TARGET/${1#/}" ;; esac; }
"""


@dataclass(frozen=True)
class Script:
    """A script under its requirement's id, and the files it sends: for a shell, unless its path says otherwise."""

    requirement: str
    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    #: Another place than that of the requirement's one script.
    path: str | None = None

    @property
    def name(self) -> str:
        """Where it stands in the report's folder."""
        return self.path or f"{FOLDER}/{self.requirement}.sh"


def same_session(run: Run, x: Exchange) -> list[Exchange]:
    """Everything up to an exchange about its session, or about another session whose id it names."""
    told = [y for y in run.evidence.everything if y.number <= x.number]
    creates = [y for y in told if y.label.operation == Operation.CREATE and y.accepted and y is not x]
    named = next((y for y in reversed(creates) if session_id_of(y) and session_id_of(y) in x.request.url), None)
    owner = named or x
    if owner.label.session is None:
        return [x]
    about = [y for y in told if y.label.session == owner.label.session and y.label.layer == owner.label.layer]
    return about if x in about else [*about, x]


def session_id_of(x: Exchange) -> str:
    """The id that an answer tells; empty where it tells none."""
    told = x.document.get("session_id")
    return told if isinstance(told, str) else ""


@dataclass
class Writing:
    """One script on its way; what sends and what judges may be another's."""

    run: Run
    graded: Graded
    finding: Finding
    x: Exchange
    files: dict[str, bytes] = field(default_factory=dict)
    #: Text of this run -> the variable that holds what stands in its place in the next.
    variables: dict[str, str] = field(default_factory=dict)
    missing: bool = False

    def script(self) -> Script | None:
        """The script; None where a body is not there any more."""
        self._name_origins()
        lines = [*self._while_declared(), *(line for step in self.steps() for line in self.lines(step))]
        if self.missing:
            return None
        text = "\n".join((*self.head(lines), *lines, "", *self.judgement(), ""))
        return Script(self.graded.requirement.id, text, self.files)

    def _name_origins(self) -> None:
        for url in (self.run.evidence.facts.base_url, self.run.target):
            origin = split_origin(url)
            if origin is not None:
                parts = urlsplit(url)
                self.variables[f"{parts.scheme}://{parts.netloc}"] = "SCRIBE_TARGET"

    def _while_declared(self) -> Iterator[str]:
        """A refusal of what discovery declares is wrong only as long as discovery declares it."""
        asked = next((each for each in self.run.evidence.discoveries if each.status == 200), None)
        if asked is None or self.x.status < 400:
            return
        document = json.dumps(asked.document)
        for told in filter(None, (self.x.request.header("msa-version"), _model(self.x))):
            if json.dumps(told) in document:
                yield from self.lines(asked)
                gone = shlex.quote(f"Not seen: discovery does not list {told} any more.")
                yield f"{has(json.dumps(told))} || {{ echo {gone}; exit 0; }}"

    def steps(self) -> list[Exchange]:
        """What has to be sent again: whatever may have changed the session, the clock, and a read where one waited."""
        about = same_session(self.run, self.x)
        changes = [y for y in about if y is self.x or (y.label.operation != Operation.GET and self._matters(y))]
        first = min(y.number for y in changes)
        clock = [
            y
            for y in self.run.evidence.everything
            if y.label.journey == JourneyName.CLOCK and y.request.method == "POST" and first < y.number < self.x.number
        ]
        waits = (
            [y for y in about if y is not self.x and self._rests(y)][:1]
            if self.x.label.operation != Operation.GET
            else []
        )
        return sorted({y.number: y for y in (*changes, *clock, *waits)}.values(), key=lambda y: y.number)

    def _matters(self, y: Exchange) -> bool:
        """Whether a request may be needed: not creates that came to nothing, nor what tidied up."""
        return y.accepted if y.label.operation == Operation.CREATE else y.label.probe != Probe.CLOSING

    def _rests(self, y: Exchange) -> bool:
        return y.label.operation == Operation.GET and y.document.get("status") in self.run.spec.lifecycle.terminal

    def lines(self, y: Exchange) -> Iterator[str]:
        """What sends one request, and keeps what later ones need of its answer."""
        words = " ".join(arguments(y, self.variables, self.file_of(y)))
        if y.label.operation == Operation.GET and self.waited(y):
            yield f"rest {words}"
        else:
            what = " ".join(filter(None, (y.request.method, y.label.operation, y.label.file, y.label.probe)))
            yield f"send {shlex.quote(what)} {words}"
        if y.label.operation == Operation.CREATE and y.accepted and y is not self.x:
            yield from self._remember(y)

    def waited(self, y: Exchange) -> bool:
        """Whether a read shows what a session came to, and earlier reads of it waited for that."""
        by_itself = Operation.END not in self.run.spec.lifecycle.moving
        ended = by_itself or any(
            each.label.operation == Operation.END and each.accepted and each.number < y.number
            for each in same_session(self.run, y)
        )
        return ended and (self._rests(y) or y.status not in (200, 202))

    def _remember(self, y: Exchange) -> Iterator[str]:
        """Take the id and the upload address out of a create's answer."""
        number = 1 + sum(name.startswith("SESSION") for name in self.variables.values())
        if session_id := session_id_of(y):
            name = f"SESSION_{number}"
            yield f'{name}=$(member session_id); [ -n "${name}" ] || {{ echo "no session was made"; exit 2; }}'
            self.variables[session_id] = name
        url = y.document.get("upload_url")
        if isinstance(url, str) and url and url != session_id:
            name = f"UPLOAD_{number}"
            yield f'{name}=$(absolute "$(member upload_url)")'
            self.variables[urljoin(y.request.url, url)] = name

    def file_of(self, y: Exchange) -> str | None:
        """Where the audio or long body of a request lies beside the script; None where the command holds it."""
        request = y.request
        if not request.size or (request.whole and y.label.operation != Operation.UPLOAD and y.label.fixture is None):
            return None
        recording = self.run.evidence.recording(y)
        if recording is not None:
            content, name = recording.read(), f"{recording.name}{PurePath(recording.path).suffix}"
        else:
            packed = self.run.evidence.bodies.get(request.sha256 or "")
            content = request.body if request.whole else zlib.decompress(packed) if packed else b""
            name = file_name(y)
            self.missing |= not content
        self.files[f"{FOLDER}/{name}"] = content
        self.variables[HERE] = "HERE"
        return f"{HERE}/{name}"

    def head(self, lines: list[str]) -> Iterator[str]:
        """What a reader has to know, and the functions that the lines use."""
        yield "#!/bin/sh"
        yield from (f"# {line}" for line in self.heading())
        name = f"{self.graded.requirement.id}.sh"
        yield f"# Run it so: SCRIBE_API_KEY=... SCRIBE_TARGET={quoted(self.address())} sh {name}"
        yield "set -u"
        yield f"SCRIBE_TARGET=${{SCRIBE_TARGET:-{quoted(self.address())}}}; SCRIBE_TARGET=${{SCRIBE_TARGET%/}}"
        used = {*re.findall(r'"\$(SCRIBE_[A-Z0-9_]+)"', "\n".join(lines))} - {"SCRIBE_TARGET"}
        for name in sorted(used, key=lambda name: name == VARIABLES[SECOND_KEY]):
            yield f': "${{{name}:?set it to what the run was given}}"'
        lifecycle = self.run.spec.lifecycle
        words = [*(s.name for s in lifecycle.states.values() if not s.terminal), *lifecycle.aliases]
        functions = _FUNCTIONS.replace("@WAIT@", str(LONGEST_WAIT)).replace("@WORKING@", "|".join(words))
        yield functions

    def heading(self) -> Iterator[str]:
        """What was seen of which requirement, and how a script ends; lines without anything that is not printed."""
        requirement = self.graded.requirement
        place = cited(requirement.source, self.run.spec, self.run.revision)
        yield _printable(f"{requirement.id} ({requirement.level}, {place}): {requirement.statement}")
        yield _printable(f"Seen: {self.finding.message}")
        for name in ("expected", "actual"):
            value = getattr(self.finding, name)
            if value is not None:
                yield _printable(f"{name}: {json.dumps(value, default=repr)[:400]}")
        yield "Ends with 1 when the same is seen again, with 0 when it is not, with 2 when it did not come to that,"
        yield "and with 3 when everything looks the same but only a person, or the kit, can tell whether it is wrong."

    def address(self) -> str:
        """The origin that takes the requests."""
        return next(iter(self.variables))

    def judgement(self) -> Iterator[str]:
        """The lines that say whether what was wrong is wrong again."""
        found = list(signs(self.x, self.finding))
        told, code = self.outcome(found)
        yield f"if {' && '.join(sign.shell() for sign in found)}; then"
        yield f"  echo {shlex.quote(told)}; exit {code}"
        yield "fi"
        yield f"echo {shlex.quote(self.not_seen)}"

    def outcome(self, found: Sequence[Sign]) -> tuple[str, int]:
        """What a script says where everything looks as it did, and the code it ends with then."""
        expected = f"; expected {json.dumps(self.finding.expected, default=repr)}" if self.finding.expected else ""
        told = f"{self.finding.message.removesuffix('.')}{expected}"
        if any(sign.decides for sign in found):
            return f"SEEN AGAIN: {told}", 1
        return f"LOOK: it is answered as before. Then it was: {told}", 3

    @property
    def not_seen(self) -> str:
        """What a script says where something looks otherwise."""
        return f"Not seen: {self.graded.requirement.id} is not broken in this way here."


def _model(x: Exchange) -> str | None:
    """The model that a request asks for."""
    body = x.request.json
    told = body.get("model") if isinstance(body, dict) else None
    return told if isinstance(told, str) else None


def _printable(text: str) -> str:
    """One line, whatever the text holds."""
    return "".join(each if each.isprintable() else " " for each in text)[:1000]
