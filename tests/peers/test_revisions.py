"""Servers of the other two revisions: conformant by their own text, one cause by another, and their faults are seen."""

from __future__ import annotations

import asyncio
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

import scribe_data
from conformance.certification import certify
from conformance.cli.run import exit_code
from conformance.options import TABLE
from conformance.picking import AUTO, settled
from conformance.report import document
from conformance.target import Options
from conformance.verdict import Verdict
from tests.whole import some

from .comparison import differences, expectations
from .exchange import Answer, Call, Refusal
from .first import First
from .honest import Honest
from .newest import Newest
from .roll import REVISED
from .runs import judged, reread
from .serving import serving

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.run import Run
    from conformance.verdict import Reading

#: The first test waits for all the runs; the machine may be busy.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(2400)]
FIRST, MIDDLE, NEWEST = scribe_data.revisions()
READINGS: tuple[Reading, ...] = ("lenient", "strict")
#: A name -> the peer, the revision it is graded as, and the one it speaks.
MISGRADED: Mapping[str, tuple[type[Honest], str, str]] = {
    "the first as the middle one": (First, MIDDLE, FIRST),
    "the first as the newest": (First, NEWEST, FIRST),
    "the middle one as the first": (Honest, FIRST, MIDDLE),
    "the newest as the first": (Newest, FIRST, NEWEST),
    "the newest as the middle one": (Newest, MIDDLE, NEWEST),
}
#: A model that discovery lists and no schema knows; its results name it, too (E13).
OWN_MODEL = {"lite": 600, "ultra": 3600}
#: A fault of a peer -> its option, the reading, and the requirements that say so: these and no others fail.
_FAULTS: Mapping[str, tuple[type[Honest], dict[str, Any], Reading, frozenset[str]]] = {
    "an end is 202": (First, {"end_status": 202}, "lenient", frozenset({"SES-END-003"})),
    "processing is 202": (First, {"processing_status": 202}, "lenient", frozenset({"SES-GET-004"})),
    "a loss is partial": (First, {"has_partial": True}, "lenient", frozenset({"SES-STATE-002", "SES-STATE-008"})),
    "data come back under another name": (First, {"passed": "additional_data"}, "lenient", frozenset({"SES-DATA-002"})),
    "a transcript comes unasked": (First, {"transcript_unasked": True}, "lenient", frozenset({"SES-CREATE-030"})),
    "a lost template is not told of": (First, {"tells_errors": False}, "lenient", frozenset({"TPL-008", "TPL-009"})),
    "a chunk's durations are missing": (First, {"chunk_durations": False}, "lenient", frozenset({"AUD-008"})),
    "a 410 is a session": (First, {"expired_session": True}, "strict", frozenset({"SES-EXP-007"})),
    "a chunk that leaves one out is taken": (First, {"takes_gaps": True}, "strict", frozenset({"AUD-010"})),
    "audio after end is 409": (First, {"late_upload": 409}, "strict", frozenset({"AUD-023"})),
    "no model has a response_speed": (First, {"response_speed": False}, "lenient", frozenset({"DISC-018"})),
    "any count is taken": (Newest, {"takes_any_count": True}, "lenient", frozenset({"SES-END-010"})),
    "discovery has no name of the service": (Newest, {"names_service": False}, "strict", frozenset({"DISC-022"})),
    "templates_url has another list": (Newest, {"short_list": True}, "lenient", frozenset({"DISC-028"})),
    "a model has its own name": (Newest, {"limits": OWN_MODEL}, "strict", frozenset({"DISC-016", "SES-GET-012"})),
}  # fmt: skip
FAULTS = dict(some(2, _FAULTS.items()))
#: Legal choices of a server of the first or the newest revision, that fail nothing.
CHOICES: Mapping[str, tuple[type[Honest], dict[str, Any]]] = {
    "an array of languages is taken": (First, {"takes_arrays": True}),
    "upload_url is absolute": (First, {"upload_absolute": True}),
    "a partial session for another count is left out": (Newest, {"partial_on_mismatch": False}),
}
#: What is generated for a peer that conforms, so that all drivers meet it.
DRAWN = {"examples": 3, "steps": 20}
SPEAKS = {First: FIRST, Honest: MIDDLE, Newest: NEWEST}


@pytest.fixture(scope="module")
def runs() -> dict[str, Run]:
    """Every run that a claim below reads, three at a time: most of a run is waiting."""
    wanted: dict[str, tuple[Honest, Reading, str]] = {
        f"{name}, strict": (kind(), "strict", revision) for name, (kind, revision) in REVISED.items()
    }
    wanted |= {name: (kind(), "strict", graded_as) for name, (kind, graded_as, _) in MISGRADED.items()}
    wanted |= {name: (kind(**given), reading, SPEAKS[kind]) for name, (kind, given, reading, _) in FAULTS.items()}
    wanted |= {name: (kind(**given), "lenient", SPEAKS[kind]) for name, (kind, given) in CHOICES.items()}
    with ThreadPoolExecutor(3) as pool:
        running = {
            name: pool.submit(judged, peer, how, revision=text, **DRAWN if name.endswith(", strict") else {})
            for name, (peer, how, text) in wanted.items()
        }
        found = {name: each.result() for name, each in running.items()}
    return found | {f"{name}, lenient": reread(found[f"{name}, strict"], "lenient") for name in REVISED}


def failed(run: Run) -> set[str]:
    return {each.requirement.id for each in run.graded if each.verdict is Verdict.FAIL}


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", REVISED)
def test_a_stranger_of_another_revision_is_judged_by_its_text(
    name: str, reading: Reading, runs: dict[str, Run]
) -> None:
    run = runs[f"{name}, {reading}"]
    report = json.loads(document.render(run))
    assert report["revision"] == REVISED[name][1]
    assert differences(expectations()[name], report, exit_code(run)) == []


@pytest.mark.parametrize("name", REVISED)
def test_all_that_binds_and_shows_on_the_wire_is_seen_of_it(name: str, runs: dict[str, Run]) -> None:
    unseen = {
        each.requirement.id
        for each in runs[f"{name}, lenient"].graded
        if each.verdict is Verdict.INCONCLUSIVE and each.requirement.level == "MUST"
        if each.requirement.testability in ("black-box", "needs-time-control", "needs-fault-injection")
    }
    assert unseen <= {"SEC-008"}  # nobody asks TLS of a local address


@pytest.mark.parametrize("name", MISGRADED)
def test_a_server_of_one_revision_graded_as_another_gets_one_cause(name: str, runs: dict[str, Run]) -> None:
    run, (_, graded_as, speaks) = runs[name], MISGRADED[name]
    (cause,) = run.causes
    assert f"This looks like revision {speaks}, and is graded as {graded_as}" in cause.text
    assert f"--revision {speaks}" in cause.text
    assert failed(run) == {cause.requirement, *cause.shows_in}
    assert [note.text for note in run.evidence.notes if note.reason == "revision"] == [cause.text]


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_that_only_this_revision_knows_is_killed(name: str, runs: dict[str, Run]) -> None:
    assert failed(runs[name]) == set(FAULTS[name][3])


@pytest.mark.parametrize("name", CHOICES)
def test_a_choice_that_its_text_leaves_open_fails_nothing(name: str, runs: dict[str, Run]) -> None:
    assert failed(runs[name]) == set()


def test_no_run_of_a_revision_by_its_own_text_says_that_it_looks_like_another(runs: dict[str, Run]) -> None:
    own = [name for name in runs if name not in MISGRADED]
    assert [name for name in own if any(note.reason == "revision" for note in runs[name].evidence.notes)] == []


@pytest.mark.parametrize("kind", SPEAKS)
def test_auto_picks_the_revision_that_is_spoken_and_the_report_says_why(kind: type[Honest]) -> None:
    peer = kind()
    with serving(peer) as address:
        given = {entry.key: entry.default for entry in TABLE}
        found = settled(given | {"target": address, "api_key": peer.key(), "revision": AUTO})
        assert found["revision"] == SPEAKS[kind]
        assert found["picked"].startswith(f"Revision {SPEAKS[kind]} was picked by discovery and one session")
        options = Options(target=address, api_key=peer.key(), revision=found["revision"], picked=found["picked"])
        run = asyncio.run(certify(options, only=("VER",)))
    assert found["picked"] in {note.text for note in run.evidence.notes if note.reason == "revision"}


def test_auto_takes_the_default_where_no_session_is_to_be_had() -> None:
    class Closed(Honest):
        def create(self, call: Call, client: str) -> Answer:
            raise Refusal(400, "invalid_request", "nothing is taken")

    peer = Closed()
    with serving(peer) as address:
        given = {entry.key: entry.default for entry in TABLE}
        found = settled(given | {"target": address, "api_key": peer.key(), "revision": AUTO})
    assert found["revision"] == MIDDLE
    assert "no session could be made" in found["picked"]


@pytest.mark.parametrize("reading", READINGS)
@pytest.mark.parametrize("name", REVISED)
def test_all_drivers_find_nothing_in_a_conforming_server_of_another_revision(
    name: str, reading: Reading, runs: dict[str, Run]
) -> None:
    run = runs[f"{name}, {reading}"]
    assert failed(run) == set()
    assert run.overall == "conformant"
    assert {x.label.layer for x in run.evidence.further} >= {"walk", "fuzz", "mutation", "race"}
