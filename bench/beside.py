"""The kit beside plain `schemathesis run` over peers and faults of the mock: true findings, false ones, seconds."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from bench.figure import Figure, Spread, at_most, plain
from bench.flags import Flag, Plain
from bench.server import Broken, started
from mock_server.faults.catalogue import CATALOGUE
from tests.peers.__main__ import minted
from tests.peers.comparison import expectations
from tests.peers.offering import CLOCK_PATH
from tests.peers.production import Production
from tests.peers.roll import PEERS
from tests.peers.serving import serving

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from tests.peers.honest import Honest

_FAULTS = 20
#: For both tools: cases an operation, and sequences of the kit's state machine.
_EXAMPLES = 3
#: Seconds for one run of either tool, and for all of them: what is not begun by then is left out.
_LONGEST_S, _WHOLE_S = 120.0, 1800.0
#: Seconds the kit waits for the peer that never finishes; all others take less than one.
_NEVER_S = 3.0
_PLAIN, _KIT, _SECOND = "sk_test_plain", "sk_test_bench", "sk_test_stranger"
#: Path in the document -> families of requirements that are about it alone; those of the second list are about any.
_FAMILIES = {
    "/.well-known/medscribealliance": ("DISC-", "CONF-"),
    "/templates": ("TPL-",),
    "/sessions": ("SES-CREATE-", "SES-ID-", "SES-DATA-"),
    "/sessions/{session_id}": ("SES-GET-", "SES-STATE-", "SES-PART-", "SES-EXP-", "SES-DATA-", "EXT-"),
    "/sessions/{session_id}/end": ("SES-END-", "SES-STATE-", "SES-EXP-"),
    "/sessions/{session_id}/audio": ("AUD-",),
    "/sessions/{session_id}/audio/{file_name}": ("AUD-",),
}
_EVERYWHERE = ("ERR-", "AUTH-", "VER-", "SEC-")


@dataclass(frozen=True)
class Tally:
    """What one tool found: distinct true findings, false ones, those that nothing mechanical decides, and seconds."""

    true: int
    false: int
    undecided: int
    seconds: float

    def __str__(self) -> str:
        undecided = f", {self.undecided} undecided" if self.undecided else ""
        return f"{self.true} true, {self.false} false{undecided}, {self.seconds:.1f} s"


@dataclass(frozen=True)
class Row:
    """One target: what it breaks, and what either tool makes of it."""

    name: str
    departures: frozenset[str]
    plain: Tally
    kit: Tally
    flags: frozenset[Flag]
    failing: frozenset[str]


def chosen() -> tuple[str, ...]:
    """Faults evenly spread over the sorted catalogue, so that nobody chose them by what finds them."""
    names = sorted(CATALOGUE)
    return tuple(names[:: len(names) // _FAULTS][:_FAULTS])


def of_fault(flags: Collection[Flag], honest: Collection[Flag], seconds: float) -> Tally:
    """What the honest mock is flagged for too is false; the rest is taken for the fault, whatever it says."""
    false = sum(flag in honest for flag in flags)
    return Tally(len(flags) - false, false, 0, seconds)


def of_peer(flags: Collection[Flag], honest: Collection[Flag], departures: Collection[str], seconds: float) -> Tally:
    """True is what a departure of the peer may be about; false what the honest peer is flagged for too.

    All of it is false where a peer departs from nothing, and undecided what is about none of the departures.
    """
    true = sum(flag not in honest and any(_about(flag, each) for each in departures) for flag in flags)
    false = sum(flag in honest or not departures for flag in flags)
    return Tally(true, false, len(flags) - true - false, seconds)


def _about(flag: Flag, requirement: str) -> bool:
    own = _FAMILIES.get(flag.operation.partition(" ")[2], ())
    return requirement.startswith((*own, *_EVERYWHERE))


def of_kit(failing: Collection[str], departures: Collection[str], may: Collection[str], seconds: float) -> Tally:
    """True are the departures that fail; what may fail or not, as the text leaves it to the kit, is neither."""
    true = sum(each in departures for each in failing)
    undecided = sum(each in may and each not in departures for each in failing)
    return Tally(true, len(failing) - true - undecided, undecided, seconds)


def _kit(target: str, *more: str) -> tuple[frozenset[str], float]:
    """The requirements that fail, and the seconds of the command; none where the target cannot be run against."""
    command = [sys.executable, "-m", "conformance.cli", "run", "--target", target, "--quiet"]
    command += ["--examples", str(_EXAMPLES), "--max-time", f"{_LONGEST_S:g}", *more]
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run([*command, "--report-dir", folder], capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - began
        path = Path(folder) / "report.json"
        if not path.exists() and ran.returncode == 3:
            return frozenset(), seconds
        if not path.exists():
            raise Broken(f"the kit left no report of {target}: {ran.stderr[-300:]}")
        report = json.loads(path.read_text(encoding="utf-8"))
    return frozenset(each["id"] for each in report["requirements"] if each["verdict"] == "fail"), seconds


class _Tools:
    """Both tools on one target after the other, and what they say of the honest ones."""

    def __init__(self, folder: Path) -> None:
        self._plain = Plain(folder, _EXAMPLES, _LONGEST_S)
        self._honest: dict[str, frozenset[Flag]] = {}

    def mock(self, *faults: str) -> Row:
        """The mock with these faults on; without any it has to come first."""
        given = [part for key in (_PLAIN, _KIT, _SECOND) for part in ("--api-key", key)]
        on = [part for name in faults for part in ("--fault", name)]
        with tempfile.TemporaryDirectory() as folder:
            serve = ("serve", "--port", "0", "--transcriber", "scripted", "--data-dir", folder, *given, *on)
            with started("mock_server.cli", *serve) as server:
                flags, took = self._plain.flags(f"{server.address}/v1", f"X-API-Key: {_PLAIN}")
                clock = f"{server.address}/_mock/v1/clock"
                keys = ("--api-key", _KIT, "--second-api-key", _SECOND)
                # The kit judges by the reading in which a fault is one.
                reading = CATALOGUE[faults[0]].reading if faults else "lenient"
                failing, ran = _kit(server.address, *keys, "--test-clock", clock, "--reading", reading)
        if not faults:
            self._honest["mock"] = flags
        breaks = frozenset(each for name in faults for each in CATALOGUE[name].breaks)
        known = self._honest["mock"] if faults else flags
        return Row(
            ", ".join(faults) or "the honest mock",
            breaks,
            of_fault(flags, known, took),
            of_kit(failing, breaks, (), ran),
            flags,
            failing,
        )

    def peer(self, name: str) -> Row:
        """A peer, anew for each tool; the honest one has to come first."""
        expected = expectations()[name]
        departures = expected.sets["fail"] or frozenset()
        may = {each for each, verdicts in expected.open.items() if "fail" in verdicts}
        with _peer(name) as (peer, address):
            token = f"Authorization: Bearer {minted(address)}" if isinstance(peer, Production) else None
            base = peer.origin + peer.root + peer.base
            flags, took = self._plain.flags(base, token or f"X-API-Key: {peer.key()}")
        with _peer(name) as (peer, address):
            failing, ran = _kit(address, *_arguments(peer, address))
        honest = self._honest.setdefault("peer", flags)
        seen = of_peer(flags, honest, departures, took)
        return Row(f"peer {name}", departures, seen, of_kit(failing, departures, may, ran), flags, failing)


@contextlib.contextmanager
def _peer(name: str) -> Iterator[tuple[Honest, str]]:
    peer = PEERS[name]()
    with serving(peer) as address:
        yield peer, address


def _arguments(peer: Honest, address: str) -> list[str]:
    told = ["--api-key", peer.key("one"), "--second-api-key", peer.key("two")]
    if peer.has_clock:
        told += ["--test-clock", address + CLOCK_PATH]
    if isinstance(peer, Production):
        told[:2] = ["--token-command", f"{sys.executable} -m tests.peers token {address}"]
    if not peer.processing_seconds < float("inf"):
        told += ["--processing-timeout", f"{_NEVER_S:g}"]
    return told


def measure() -> list[Figure]:
    """Both tools on the honest mock and the faults, then on the honest peer and the others."""
    until = time.monotonic() + _WHOLE_S
    faults: list[Row] = []
    peers: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        tools = _Tools(Path(folder))
        honest = tools.mock()
        faults.extend(tools.mock(name) for name in chosen() if time.monotonic() < until)
        # the honest one stands first
        peers.extend(tools.peer(name) for name in PEERS if time.monotonic() < until)
    left = len(chosen()) + len(PEERS) - len(faults) - len(peers)
    return [
        *_summed_up("mocks (one honest)", [honest, *faults]),
        *_summed_up("peers", peers),
        *([Figure("  LEFT OUT, the time was over", f"{left} targets")] if left else []),
        *(_shown(row) for row in (honest, *faults, *peers)),
    ]


def _summed_up(what: str, rows: Sequence[Row]) -> Iterator[Figure]:
    if not rows:  # the time was over before
        return
    wrong = [row for row in rows if row.departures]
    for tool, found in (
        ("plain", [(row, row.plain) for row in rows]),
        ("kit", [(row, row.kit) for row in rows]),
    ):
        told = sum(tally.true > 0 for row, tally in found if row.departures)
        true, undecided = (sum(getattr(tally, name) for _, tally in found) for name in ("true", "undecided"))
        value = f"{told} of {len(wrong)} found, {true} true, {undecided} undecided"
        yield Figure(f"beside: {tool}, {len(rows)} {what}", value)
        false = Spread.of([sum(tally.false for _, tally in found)])
        name = f"beside: {tool}, false findings, {what}"
        yield at_most(name, false, 0, "") if tool == "kit" else plain(f"  {name}", false, "")
        yield plain(f"  {tool}, a run", Spread.of([tally.seconds for _, tally in found]), "s")


def _shown(row: Row) -> Figure:
    detail = {
        "departures": sorted(row.departures),
        "plain": [f"{flag.operation}: {flag.check}" for flag in sorted(row.flags)],
        "kit": sorted(row.failing),
    }
    return Figure(f"  {row.name}", f"plain: {row.plain}; kit: {row.kit}", detail=detail)
