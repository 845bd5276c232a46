"""All journeys and checks of the general chapters against an honest server that is not ours."""

from __future__ import annotations

import asyncio
from functools import cache

import pytest

import scribe_data
from conformance.run import grade
from conformance.runner import drive_all
from conformance.verdict import Verdict
from tests.conformance.miniature import HOST, Answer, Miniature
from tests.conformance.stage import AUDIO, TEXTS, options

CHAPTERS = ("CONF", "VER", "DISC", "AUTH", "TPL", "ERR", "SEC", "HOOK")


def run(**changes):
    asked = options(Miniature(TEXTS, processing=0.3), test_clock=f"{HOST}/scribe/api/tick", **changes)
    return asyncio.run(drive_all(asked, audio=AUDIO))


@cache
def evidence():
    return run()


def graded(seen, reading):
    text = scribe_data.load("medscribe", "2026-01-27")
    found = {each.requirement.id: each for each in grade(seen, text, reading, ())}
    return {
        name: each
        for name, each in found.items()
        if name.startswith(CHAPTERS) and each.requirement.checks
        # within one process there is no TLS to be seen
        if each.requirement.testability != "needs-tls"
    }


@pytest.mark.parametrize("reading", ["lenient", "strict"])
def test_an_honest_server_fails_nothing_and_leaves_nothing_open(reading):
    fine = {Verdict.PASS, Verdict.WARN, Verdict.NOT_APPLICABLE}
    verdicts = {name: each.verdict for name, each in graded(evidence(), reading).items()}
    assert {name: told for name, told in verdicts.items() if told not in fine} == {}


def test_its_warnings_are_about_recommendations_only():
    warned = [each for each in graded(evidence(), "strict").values() if each.verdict is Verdict.WARN]
    assert {each.requirement.level for each in warned} == {"SHOULD"}


def test_what_does_not_apply_says_why():
    found = graded(evidence(), "strict").values()
    quiet = [each for each in found if each.verdict is Verdict.NOT_APPLICABLE and not each.findings[0].message]
    assert quiet == []


def test_without_a_second_key_only_the_separation_of_clients_stays_open():
    found = graded(run(second_api_key=None), "strict")
    opened = {name: each.reason for name, each in found.items() if each.verdict is Verdict.INCONCLUSIVE}
    assert opened == {"AUTH-026": "no_second_key"}


def test_no_journey_stumbles():
    assert [note for note in evidence().notes if note.reason == "kit_error"] == []


def test_nonsense_is_sent_twice_in_a_row():
    probes = [x.label.probe for x in evidence().exchanges if (x.label.probe or "").startswith("nonsense: ")]
    once = [probe for probe in probes if not probe.endswith(" again")]
    assert sorted(probes) == sorted([*once, *(f"{probe} again" for probe in once)])
    assert {"nonsense: body broken JSON", "nonsense: wrong types", "nonsense: unknown id 0"} <= set(once)


def test_a_storage_gets_no_strangers_and_no_odd_names():
    app = Miniature(TEXTS, storage=True)
    seen = asyncio.run(drive_all(options(app), audio=AUDIO))
    uploads = [x.label for x in seen.exchanges if x.label.operation == "upload"]
    assert "second" not in {label.credential for label in uploads}
    assert not any((label.probe or "").startswith("nonsense") for label in uploads)
    failed = [name for name, each in graded(seen, "strict").items() if each.verdict is Verdict.FAIL]
    assert failed == []


def test_a_null_server_is_green_nowhere_it_must_not_be():
    app = Miniature(TEXTS, twist=lambda _operation, _asked, _answer: Answer(200, {}))
    found = graded(asyncio.run(drive_all(options(app), audio=AUDIO)), "lenient")
    for name in ("CONF-001", "CONF-003", "CONF-008", "AUTH-006", "AUTH-008", "TPL-001", "TPL-003"):
        assert found[name].verdict is not Verdict.PASS, name
