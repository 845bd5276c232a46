"""What happens between the kit and a service is not held against the service; a run that cannot go on ends soon."""

from __future__ import annotations

import asyncio
from functools import cache
from itertools import product
from time import monotonic

import pytest

from conformance.certification import certify
from conformance.drive import asking, course, doorkeeper
from conformance.target import CredentialsRefused, Options, TargetUnreachable
from conformance.verdict import Overall, Verdict
from tests.peers.choosy import Choosy
from tests.peers.gateway import Gateway
from tests.peers.honest import Honest
from tests.peers.object_upload import ObjectUpload
from tests.peers.offering import CLOCK_PATH
from tests.peers.weather import Weather
from tests.whole import some

pytestmark = pytest.mark.slow
ORIGIN = "http://127.0.0.1:9"
#: Requests in which a run finds out about an honest peer, at most.
PREPARED = 40


def first(_request, _number, before):
    return before == 0


def journeys_with_the_right_key(request, number, before):
    """The first try of all that the tester's own key opens: whoever has none is refused by right."""
    key = request.headers.get("x-api-key") == Honest().key("one")
    return before == 0 and number > PREPARED and (key or "/storage" in str(request.url))


def after(count):
    return lambda _request, number, _before: number > count


def certified(peer, kind=None, strikes=lambda *_: False, *, behind=False, **changes):
    """The run, and the weather it went through."""
    peer.opened(ORIGIN, "http://127.0.0.1:10")
    weather = Weather(peer, kind, strikes, behind=behind)
    given = {
        "target": ORIGIN + peer.root,
        "api_key": peer.key("one"),
        "second_api_key": peer.key("two"),
        "transport": weather,
        "test_clock": ORIGIN + peer.root + CLOCK_PATH,
        "processing_timeout": 20.0,
        "request_timeout": 20.0,
        "budget": 240.0,
        "examples": 0,
    }
    return asyncio.run(certify(Options(**given | changes))), weather


def failures(run):
    return {g.requirement.id for g in run.graded if g.verdict in (Verdict.FAIL, Verdict.ERROR)}


@cache
def undisturbed(kind):
    return failures(certified(kind())[0])


def reasons(run):
    return {note.reason for note in run.evidence.notes}


#: Every two of peer, kind and place together.
@pytest.mark.parametrize(
    ("peer", "kind", "behind"),
    some(
        9,
        [
            *((Honest, "502", False), (Honest, "504", True), (Honest, "reset", True)),
            *((Gateway, "502", True), (Gateway, "504", False), (Gateway, "reset", False)),
            *((ObjectUpload, "502", False), (ObjectUpload, "504", True), (ObjectUpload, "reset", True)),
        ],
    ),
)
def test_what_is_lost_on_the_way_changes_no_failure_wherever_it_happens(peer, kind, behind):
    run, weather = certified(peer(), kind, first, behind=behind)
    assert weather.struck > 200
    assert failures(run) == undisturbed(peer)
    assert "lost" in reasons(run)


@pytest.mark.parametrize("seed", some(2, [1, 2]))
def test_no_legal_choice_of_a_service_makes_a_lost_answer_a_failure(seed):
    run, weather = certified(Choosy(seed), "reset", first, behind=True)
    assert weather.struck > 150
    assert not failures(run)


@pytest.mark.parametrize("kind", some(2, ["429", "503"]))
def test_being_put_off_once_changes_no_failure(kind):
    run, weather = certified(Honest(), kind, first)
    assert weather.struck > 200
    assert not failures(run)


@pytest.mark.parametrize(
    ("peer", "kind"),
    some(
        5,
        [
            *((Honest, "401"), (Honest, "403"), (Honest, "302"), (Honest, "page")),
            *((Gateway, "401"), (Gateway, "page"), (ObjectUpload, "302"), (ObjectUpload, "403")),
        ],
    ),
)
def test_a_refusal_that_the_next_try_takes_back_changes_no_failure(peer, kind):
    run, weather = certified(peer(), kind, journeys_with_the_right_key)
    assert weather.struck > 100
    assert failures(run) == undisturbed(peer)
    assert "credential_ended" not in reasons(run)


def test_a_gateway_that_always_answers_for_the_service_is_a_finding():
    def ends(request, _number, _before):
        return request.url.path.endswith("/end")

    run, _ = certified(Honest(), "502", ends, processing_timeout=2.0)
    assert "SES-END-001" in failures(run)


@pytest.mark.parametrize(("kind", "count"), some(5, product(["401", "403", "302", "page"], [20, 60, 200])))
def test_a_key_that_ceases_ends_the_run_however_that_is_shown(kind, count):
    run, _ = certified(Honest(), kind, after(count))
    assert not failures(run)
    assert run.overall is Overall.NOT_FULLY_VERIFIED
    assert "credential_ended" in reasons(run)


@pytest.mark.parametrize("count", some(2, [20, 60, 200]))
def test_a_quota_that_is_used_up_ends_the_run_at_once(count):
    began = monotonic()
    run, _ = certified(Honest(), "quota", after(count))
    assert monotonic() - began < 30
    assert not failures(run)
    assert any("quota" in note.text and "86400" in note.text for note in run.evidence.notes)


@pytest.mark.parametrize("kind", some(2, ["429", "503"], first=1))
def test_a_target_that_never_stops_putting_off_ends_the_run(kind, monkeypatch):
    monkeypatch.setattr(doorkeeper, "LONGEST_PUT_OFF_S", 0.5)
    monkeypatch.setattr(course, "LONGEST_PUT_OFF_S", 0.5)
    run, _ = certified(Honest(), kind, after(60))
    assert not failures(run)
    assert "put_off" in reasons(run)


def test_a_quota_on_creates_alone_holds_nothing_else():
    def creates(request, number, _before):
        return number > PREPARED and request.method == "POST" and request.url.path.endswith("/sessions")

    began = monotonic()
    run, _ = certified(Honest(), "quota", creates)
    assert monotonic() - began < 60
    assert "quota" in reasons(run)
    assert "put_off" not in reasons(run)


@pytest.mark.parametrize("kind", some(3, ["502", "reset", "hang"], first=1))
def test_a_target_that_goes_away_ends_the_run_and_is_not_judged_by_its_silence(kind, monkeypatch):
    monkeypatch.setattr(doorkeeper, "LONGEST_AWAY_S", 1.0)
    monkeypatch.setattr(doorkeeper, "_AWAY_PAUSE_S", 0.2)
    run, _ = certified(Honest(), kind, after(60), request_timeout=1.0, first_timeout=1.0)
    assert not failures(run)
    assert any("gives no answer any more" in note.text for note in run.evidence.notes)


def test_a_target_that_is_back_in_time_is_judged_as_if_it_had_stayed(monkeypatch):
    monkeypatch.setattr(doorkeeper, "_AWAY_PAUSE_S", 0.2)
    gone = []

    def away(_request, number, _before):
        if number > 100:
            gone.append(monotonic())
        return bool(gone) and gone[-1] - gone[0] < 1.5

    run, _ = certified(Honest(), "502", away)
    assert not failures(run)
    assert "unreachable" not in reasons(run)


@pytest.mark.parametrize("kind", some(3, ["502", "503", "reset"]))
def test_a_service_that_sleeps_is_waited_for_as_long_as_was_asked(kind, monkeypatch):
    monkeypatch.setattr(asking, "FIRST_TIMEOUT_S", 1.0)
    monkeypatch.setattr(asking, "LONGEST_PUT_OFF_S", 1.0)
    began = monotonic()
    run, _ = certified(Honest(), kind, lambda *_: monotonic() - began < 4, first_timeout=20.0)
    assert not failures(run)
    assert run.overall is Overall.CONFORMANT


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("quota", TargetUnreachable),
        ("401", CredentialsRefused),
        ("502", TargetUnreachable),
        ("page", TargetUnreachable),
    ],
)
def test_weather_from_the_first_request_on_is_said_in_one_line(kind, error):
    with pytest.raises(error) as refused:
        certified(Honest(), kind, after(0), first_timeout=2.0)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(("number", "kind"), some(4, product([1, 2, 3, 8, 12, 17, 25], ["502", "reset", "401"])))
def test_one_hiccup_while_the_kit_looks_at_a_target_changes_nothing(kind, number):
    run, weather = certified(Honest(), kind, lambda _request, n, _before: n == number)
    assert weather.struck == 1
    assert not failures(run)
