"""Records which journeys each requirement's checks look at: `python -m tests.proof.wanted` writes the kit's table anew.

A journey is wanted where leaving it out of an honest run changes what the checks find, or having it alone does, or
spoiling its answers: a check may look at answers and say nothing while they are right. What an honest run does not
decide wants all journeys, and so does what is judged by comparison with others. What a fault breaks without its
journeys showing it wants the walk, and all journeys where that does not show it either: faults are tried with
`--faults`, which takes long, and by the proof; what was found that way stays in the table. `--served` records all of
this of research sessions and of live ones, or of the profile named behind it, by a run over a network. `--prices`
records what the journeys of each profile cost, or of those named behind it, and nothing else.
"""

from __future__ import annotations

import asyncio
import json
import sys
import tempfile
from collections import Counter, defaultdict
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import scribe_data
from conformance.certification import certify
from conformance.checks import all_checks
from conformance.cost import cost
from conformance.evidence import Layer, Response
from conformance.evidence.socket import Frame
from conformance.journeys import all_journeys
from conformance.run import grade, grade_one
from conformance.selection import EXAMPLES
from conformance.target import Options
from conformance.verdict import Verdict
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.session import Session
from conformance.wanted import known
from conformance.ways import all_ways, planned
from mock_server.faults.catalogue import CATALOGUE
from mock_server.served import LIVE, RESEARCH
from mock_server.settings import PROFILES
from scribe_data.model import Testability
from tests.proof.bench import graded, mock
from tests.proof.process import serving

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from conformance.evidence import Evidence, Exchange
    from conformance.run import Graded, Run
    from scribe_data import Requirement, Spec

#: The keys of the mock in a process of its own.
KEYS = ("sk_test_a", "sk_test_b")
#: Those of two users of a namespace, as research sessions have them.
USERS = ("sk_test_a", "sk_test_a_second")
_DECIDED = (Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.DISPUTED)


def only(evidence: Evidence, journeys: Collection[str], *, trial: bool = True) -> Evidence:
    """What a run of these journeys would have seen, with or without the session that preparation tries out."""
    facts = evidence.facts if trial else replace(evidence.facts, api_target=None, upload_form=None)
    return replace(
        evidence,
        exchanges=tuple(
            x
            for x in evidence.exchanges
            if x.label.journey in journeys
            or (x.label.journey == JourneyName.PREPARATION and (trial or not Session.TRIED_OUT.covers(x.label.session)))
        ),
        notes=tuple(
            note for note in evidence.notes if note.journey in journeys or note.journey == JourneyName.PREPARATION
        ),
        facts=facts,
        further=tuple(x for x in evidence.further if x.label.journey in journeys),
    )


#: Ways to spoil an answer, so that a check that looks at it says something else.
_ANSWERS: tuple[Callable[[Response], Response], ...] = (
    lambda answer: replace(answer, status=500, body=b"{}"),
    lambda answer: replace(answer, status=200, body=b"{}"),
    lambda answer: replace(answer, status=404, body=b'{"error": {"code": "of_nobody", "message": "", "details": {}}}'),
    lambda answer: replace(answer, status=400, body=b'{"error": {"code": "of_nobody", "message": "<key>"}}'),
    lambda answer: replace(answer, body=b'{"error": {"code": "of_nobody", "message": ""}, "status": "of_nobody"}'),
    lambda answer: replace(answer, body=b'{"error": "of_nobody", "message": "", "code": 1, "timestamp": "never"}'),
    lambda answer: Response(answer.status, (), answer.body),
)


def _answered(spoil: Callable[[Response], Response]) -> Callable[[Exchange], Exchange]:
    return lambda x: replace(x, response=spoil(x.response)) if x.response else x


def _unsaid(x: Exchange) -> Exchange:
    """A socket over which nothing was said, and which was closed."""
    said = {"frames": (), "heard": 0, "by": "server", "code": 1011}
    return replace(x, socket=replace(x.socket, **said)) if x.socket else x


def _misspoken(x: Exchange) -> Exchange:
    """A socket over which one odd message was said."""
    told = b'{"type": "of_nobody", "session_id": "x", "resumed_from": "x", "text": "of nobody"}'
    frames = (Frame("server", "text", len(told), told, 0.0),)
    return replace(x, socket=replace(x.socket, frames=frames, heard=1)) if x.socket else x


_SPOILED: tuple[Callable[[Exchange], Exchange], ...] = (*map(_answered, _ANSWERS), _unsaid, _misspoken)
#: A session that failed. Consultations have journeys whose sessions do, and what is said of those needs no other.
_FAILED: Final = _answered(
    lambda answer: replace(answer, status=200, body=b'{"session_id": "x", "status": "failed", "progress": 0}')
)


def spoils(profile: str) -> tuple[Callable[[Exchange], Exchange], ...]:
    """The ways to spoil the answers of a profile."""
    return _SPOILED if profile == scribe_data.PROFILE else (*_SPOILED, _FAILED)


def spoiled(evidence: Evidence, journeys: Collection[str], spoil: Callable[[Exchange], Exchange]) -> Evidence:
    """The evidence with other answers in some journeys."""

    def heard(x: Exchange) -> Exchange:
        return spoil(x) if x.label.journey in journeys else x

    return replace(
        evidence,
        exchanges=tuple(map(heard, evidence.exchanges)),
        further=tuple(map(heard, evidence.further)),
    )


def judged(run: Run, evidence: Evidence) -> dict[str, Graded]:
    """What the checks find, requirement by requirement: what causes it has does not matter here."""
    known_checks = all_checks(run.spec.profile)
    bound = (each for each in run.spec.requirements.values() if each.subject == "service")
    return {each.id: grade_one(each, known_checks.get(each.id, ()), evidence, run.reading) for each in bound}


def _said(each: Graded) -> tuple[Verdict, Counter[tuple[Any, ...]]]:
    return each.verdict, Counter((f.kind, f.message, f.exchange, f.pointer) for f in each.findings)


def looked_at(run: Run) -> dict[str, dict[str, Any]]:
    """Requirement -> the names of its checks, its journeys, and whether the trial matters."""
    # what was drawn must not pass for what a part shows, nor the walk for what the journeys do
    walked = replace(run.evidence, further=tuple(x for x in run.evidence.further if x.label.layer is Layer.WALK))
    profile = run.spec.profile
    found = _looked_at(run, replace(walked, further=()), [each.name for each in all_journeys(profile)])
    further = _looked_at(run, walked, [each.name for each in planned(profile) if each.layer is Layer.WALK])
    found |= {name: entry for name, entry in further.items() if name not in found}
    if profile == scribe_data.PROFILE:
        declared(run.spec, found)
    unasked(run.spec, found)
    return found


def _looked_at(run: Run, evidence: Evidence, names: Collection[str]) -> dict[str, dict[str, Any]]:
    """What some of the journeys show of the requirements that some evidence decides."""
    run = replace(run, evidence=evidence)
    everybody = [each.name for each in planned(run.spec.profile)]
    full = judged(run, run.evidence)
    bare = judged(run, only(run.evidence, ()))
    untried = judged(run, only(run.evidence, (), trial=False))
    wanted: dict[str, set[str]] = defaultdict(set)
    for name in names:
        alone = judged(run, only(run.evidence, (name,)))
        without = judged(run, only(run.evidence, [each for each in everybody if each != name]))
        others = [judged(run, spoiled(run.evidence, (name,), spoil)) for spoil in spoils(run.spec.profile)]
        for each in full:
            if any(_said(other[each]) != _said(full[each]) for other in others):
                wanted[each].add(name)
            if _said(alone[each]) != _said(bare[each]) or _said(without[each]) != _said(full[each]):
                wanted[each].add(name)
    found = {}
    for each, whole in full.items():
        checks = all_checks(run.spec.profile).get(each, ())
        if checks and whole.verdict in _DECIDED:
            trial = bool(wanted[each]) or _said(untried[each]) != _said(bare[each])
            found[each] = {
                "checks": sorted(check.name for check in checks),
                "journeys": sorted(wanted[each]),
                "trial": trial,
            }
        elif checks and whole.requirement.testability == Testability.TLS:
            # An honest run in one process has no TLS to decide it by; the handshakes are all one journey's.
            found[each] = {"checks": sorted(check.name for check in checks), "journeys": [], "trial": True}
    _widen(run, found)
    return found


def declared(spec: Spec, found: dict[str, dict[str, Any]]) -> None:
    """Want no journey for what discovery alone decides, and the honest mock's does not: it declares no such thing."""
    for each in spec.requirements.values():
        rooms = {name.partition(".")[0] for name in each.checks}
        if each.id not in found and rooms and (rooms <= _BY_DISCOVERY or each.id in _OIDC or each.id == "VER-012"):
            found[each.id] = {"checks": sorted(each.checks), "journeys": [], "trial": False}


def unasked(spec: Spec, found: Mapping[str, dict[str, Any]]) -> None:
    """Add the journeys that the honest mock gives no cause to drive to what only they show of another service."""
    for name, shows in UNASKED[spec.profile].items():
        for each, entry in found.items():
            if entry["journeys"] is not None and shows(spec.requirements[each], entry):
                entry["journeys"] = sorted({*entry["journeys"], name})


#: Rooms of checks that look at nothing but the discovery document and what is at its addresses.
_BY_DISCOVERY = {"webhooks", "discovery", "contract"}
#: What this release says of OIDC.
_OIDC = (*(f"AUTH-{number:03}" for number in range(13, 21)), "AUTH-028")


def _names(*ids: str) -> Callable[[Requirement, Mapping[str, Any]], bool]:
    return lambda requirement, _entry: requirement.id in ids


#: Journeys that an honest run of everything sends nothing in, and which requirements they show something of.
UNASKED: dict[str, dict[JourneyName, Callable[[Requirement, Mapping[str, Any]], bool]]] = {
    scribe_data.PROFILE: {
        JourneyName.ENDING_BODILESS: _names("SES-END-009"),
        JourneyName.DISCOVERY_DECLARED: _names("DISC-025", "DISC-027", "HOOK-001", "HOOK-002", *_OIDC),
        JourneyName.CREATION_OTHER_SCRIPT: _names("SES-CREATE-036"),
        # what the test clock shows, waiting shows
        JourneyName.EXPIRY_PATIENCE: lambda requirement, entry: (
            requirement.testability == Testability.TIME_CONTROL and JourneyName.EXPIRY_CLOCK in entry["journeys"]
        ),
        JourneyName.WALK_PATIENCE: lambda requirement, entry: (
            requirement.testability == Testability.TIME_CONTROL and JourneyName.WALK_CLOCK in entry["journeys"]
        ),
        JourneyName.SECURITY_TRANSPORT: lambda requirement, _entry: requirement.testability == Testability.TLS,
    },
    # what the walk shows of other states, it shows of work that failed
    **{
        profile: {JourneyName.WALK_FAILURE: lambda _requirement, entry: JourneyName.WALK in entry["journeys"]}
        for profile in (RESEARCH, LIVE)
    },
}


def _widen(run: Run, found: dict[str, dict[str, Any]]) -> None:
    """Want all journeys where spoiled answers are judged otherwise once the other journeys are not there to compare."""
    alike: dict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
    for name, entry in found.items():
        alike[tuple(entry["journeys"]), entry["trial"]].append(name)
    for (journeys, trial), names in alike.items():
        for spoil in spoils(run.spec.profile):
            bad = spoiled(run.evidence, journeys or (JourneyName.PREPARATION,), spoil)
            whole, part = (
                {name: each.verdict for name, each in judged(run, seen).items()}
                for seen in (bad, only(bad, journeys, trial=trial))
            )
            for name in names:
                if whole[name] is not part[name]:
                    found[name]["journeys"], found[name]["trial"] = None, True


def missed(run: Run, breaks: Collection[str]) -> list[str]:
    """The requirements that a fault breaks and that their own journeys would not show to be broken."""
    lost, profile = [], run.spec.profile
    broken = {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}
    for name in broken.intersection(breaks):
        wanted = known(profile).of(run.spec.requirements[name], all_checks(profile).get(name, ()))
        journeys = [each.name for each in planned(profile) if wanted.includes(each.name)]
        seen = only(run.evidence, journeys, trial=wanted.trial or bool(journeys))
        (found,) = grade(seen, run.spec, run.reading, (name,))
        if found.verdict is not Verdict.FAIL:
            lost.append(name)
    return lost


def prices(run: Run) -> dict[str, dict[str, int]]:
    by_journey = defaultdict(list)
    for x in run.evidence.everything:
        by_journey[x.label.journey].append(x)
    found = {}
    for name in [*(each.name for each in all_ways(run.spec.profile)), JourneyName.PREPARATION]:
        spent = cost(by_journey[name], run.spec.lifecycle.terminal)
        found[name] = {
            "requests": spent.requests,
            "bad_requests": spent.bad_requests,
            "bytes_sent": spent.bytes_sent,
            "sessions": len(spent.sessions),
        }
    explored = run.evidence.explored
    if explored is not None:  # its requests are in no evidence
        found[JourneyName.MACHINE] = {
            name: getattr(explored, name) + found[JourneyName.MACHINE][name] for name in found[JourneyName.MACHINE]
        }
    return found


#: The walk's own names: what it shows of a faulty server, the journeys need not.
_WALKS = {each.name for each in planned() if each.layer is Layer.WALK}


def _file(profile: str) -> Path:
    return Path(__file__).parents[2] / "conformance" / f"wanted.{profile}.json"


def _requirements(profile: str) -> dict[str, Any]:
    """What the table of a profile says of requirements; nothing where there is none."""
    file = _file(profile)
    told: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {"requirements": {}}
    return dict(told["requirements"])


def _write(table: dict[str, Any], profile: str = scribe_data.PROFILE) -> None:
    _file(profile).write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")
    known.cache_clear()


async def record(*, faults: bool) -> None:
    before = _requirements(scribe_data.PROFILE)
    with tempfile.TemporaryDirectory() as folder:
        async with mock(Path(folder)) as app:
            honest = await graded(app, examples=25)
            table, price = looked_at(honest), prices(honest)
            _keep(table, before, _WALKS)
            written = {"preparation": price.pop(JourneyName.PREPARATION), "journeys": price, "requirements": table}
            _write(written)
            for name, fault in CATALOGUE.items() if faults else ():
                for requirement in missed(await graded(app, (name,), fault.reading), fault.breaks):
                    journeys = set(table[requirement]["journeys"])
                    more = None if journeys >= _WALKS else sorted(journeys | _WALKS)
                    sys.stderr.write(f"{name}: {requirement} wants {'all journeys' if more is None else 'the walk'}\n")
                    table[requirement]["journeys"] = more
                    _write(written)


def _keep(table: dict[str, Any], before: Mapping[str, Any], more: Collection[str]) -> None:
    """Keep what something else than an honest run has shown to be wanted."""
    for name, entry in table.items():
        known_before = before.get(name, {}).get("journeys", ())
        if known_before is None:
            entry["journeys"] = None
        elif entry["journeys"] is not None:
            entry["journeys"] = sorted({*entry["journeys"], *(set(more) & set(known_before))})


async def record_served(profile: str) -> None:
    """Record anew what is looked at in sessions of a profile, and what that costs."""
    honest = await _served(profile)
    table, price = looked_at(honest), prices(honest)
    walks = [each.name for each in planned(profile) if each.layer is Layer.WALK]
    _keep(table, _requirements(profile), walks)
    for entry in table.values():
        # a journey may come by a cell by chance, and the walk comes by all of them
        if entry["journeys"] is not None and any(name.startswith("table.") for name in entry["checks"]):
            entry["journeys"] = sorted({*entry["journeys"], *walks})
    _write({"preparation": price.pop(JourneyName.PREPARATION), "journeys": price, "requirements": table}, profile)


async def _served(profile: str) -> Run:
    """A whole run against the honest mock in a process of its own."""
    revision = scribe_data.load(profile).revision
    more = ["--profile", profile, "--api-key", USERS[1]]
    with tempfile.TemporaryDirectory() as name, serving(Path(name), more=more) as address:
        clock, keys = f"{address}/_mock/v1/clock", USERS if profile == RESEARCH else KEYS
        given = Options(address, *keys, profile=profile, revision=revision, test_clock=clock, examples=EXAMPLES)
        return await certify(given)


async def record_prices(profile: str) -> None:
    """Record anew what each journey of a profile costs, and leave the rest of its table as it is."""
    price = prices(await _served(profile))
    prepared = price.pop(JourneyName.PREPARATION)
    _write({"preparation": prepared, "journeys": price, "requirements": _requirements(profile)}, profile)


if __name__ == "__main__":
    if "--prices" in sys.argv:
        for each in sys.argv[sys.argv.index("--prices") + 1 :] or PROFILES:
            asyncio.run(record_prices(each))
    elif "--served" in sys.argv:
        for each in sys.argv[sys.argv.index("--served") + 1 :] or (RESEARCH, LIVE):
            asyncio.run(record_served(each))
    else:
        asyncio.run(record(faults="--faults" in sys.argv))
