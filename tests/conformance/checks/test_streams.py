"""Streams: what a service owes that lists them, and what is only disputed, for no text has the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.evidence import Label
from conformance.evidence.recorder import Recorder
from conformance.evidence.redaction import KEY, Redactor
from conformance.evidence.socket import Frame, Socket
from conformance.vocabulary.operation import Operation
from scribe_data import recordings
from tests.conformance.checks.builders import DEPARTS, FAIL, PASS, UNSEEN, Tape, error, findings, reasons, verdicts

if TYPE_CHECKING:
    from conformance.evidence.exchange import Exchange

NOT_APPLICABLE = ("not_applicable", "not_applicable")
SESSION = "audio/streamed binary"
SAID = recordings.load()["short"].text
MUST = ("AUD-034", "AUD-036", "AUD-038", "AUD-040")
SHOULD = ("AUD-035", "AUD-037", "AUD-039", "AUD-041")
#: What of a SHOULD is disputed, and what of one is a warning.
DISPUTED, WARNED = ("disputed", "warn"), ("warn", "warn")


def over(code: int | None = 1000, *, heard: int = 0) -> Socket:
    return Socket((), 52, heard, None if code is None else "server", code)


def create(tape: Tape, status: int = 201, *, over: str = "websocket", url: Any = "wss://scribe.example/s/1") -> None:
    told = tape.shown(SESSION, "created") | {"upload_url": url} if status < 300 else error("invalid_request")
    asked = {"templates": ["soap"], "upload_type": "stream", "communication_protocol": over}
    tape.heard("create", status, told, session=SESSION, probe=f"a stream over {over}", asked=asked)


def listing(*methods: str) -> Tape:
    tape = Tape()
    tape.discovered(capabilities__upload_methods=list(methods))
    return tape


def socket(tape: Tape, name: str, seen: Socket | None, status: int = 101) -> Exchange:
    return tape.heard("other", status, session=SESSION, probe=name, socket=seen, graded=False)


def streamed(
    *,
    nobody: Socket | None = None,
    seen: Socket | None = None,
    late: Socket | None = None,
    between: str = "recording",
    final: str = "completed",
    transcript: str = SAID,
) -> Tape:
    """A whole streamed session; what is not named is as it should be."""
    tape = listing("chunked", "stream")
    create(tape)
    socket(tape, "audio over a socket of nobody", nobody or over(4000))
    socket(tape, "audio over a socket", seen or over())
    tape.read(SESSION, between)
    tape.ended(SESSION)
    socket(tape, "audio over a socket afterwards", late or over(4409))
    members = {"error": {"code": "audio_too_short"}} if final == "failed" else {"transcript": transcript}
    tape.read(SESSION, final, **members)
    return tape


def level(requirement: str) -> Any:
    return "MUST" if requirement in MUST else "SHOULD"


@pytest.mark.parametrize("requirement", [*MUST, *SHOULD])
def test_a_service_that_keeps_the_wire_of_the_field_keeps_them_all(requirement):
    assert verdicts(requirement, streamed(), level(requirement)) == PASS


@pytest.mark.parametrize("requirement", [*MUST, *SHOULD])
def test_a_service_that_lists_no_streams_is_not_graded_for_them(requirement):
    assert verdicts(requirement, listing("chunked", "single"), level(requirement)) == NOT_APPLICABLE
    assert verdicts(requirement, Tape(), level(requirement)) == UNSEEN


@pytest.mark.parametrize("requirement", [*MUST[1:], *SHOULD[1:]])
@pytest.mark.parametrize(("protocol", "url"), [("rpc", "https://scribe.example/s"), ("websocket", "https://a.b/s")])
def test_nothing_is_asked_of_streams_over_something_else(requirement, protocol, url):
    tape = listing("stream")
    create(tape, over=protocol, url=url)
    assert verdicts(requirement, tape, level(requirement)) == NOT_APPLICABLE


def test_what_is_listed_is_taken_over_some_protocol():
    tape = listing("stream")
    for protocol in ("websocket", "http"):
        create(tape, 400, over=protocol)
    assert verdicts("AUD-034", tape) == FAIL
    create(tape, over="rpc", url="https://scribe.example/s")
    assert verdicts("AUD-034", tape) == PASS
    assert verdicts("AUD-035", tape, "SHOULD") == NOT_APPLICABLE


@pytest.mark.parametrize("status", [429, 503])
def test_a_service_that_is_busy_has_refused_nothing(status):
    tape = listing("stream")
    create(tape, status)
    assert verdicts("AUD-034", tape) == UNSEEN


@pytest.mark.parametrize(("usual", "expected"), [(401, UNSEEN), (400, UNSEEN), (201, FAIL)])
def test_a_stream_is_refused_as_such_only_where_another_create_is_taken(usual, expected):
    tape = listing("stream")
    told = tape.shown("visit", "created") if usual == 201 else error("invalid_api_key")
    tape.heard("create", usual, told, session="visit", asked={"templates": ["soap"]})
    for way in ("websocket", "http", "rpc"):
        create(tape, 401, over=way)
    assert verdicts("AUD-034", tape) == expected


@pytest.mark.parametrize("url", ["https://scribe.example/s", None, 5])
def test_a_websocket_without_the_address_of_one_is_disputed(url):
    tape = listing("stream")
    create(tape, url=url)
    assert verdicts("AUD-035", tape, "SHOULD") == DISPUTED


@pytest.mark.parametrize(
    ("tape", "why"),
    [
        (streamed(final="failed"), "not in its transcript"),
        (streamed(transcript="Nothing of it at all."), "not in its transcript"),
    ],
)
def test_speech_that_is_lost_on_the_way_departs_and_no_more(tape, why):
    assert verdicts("AUD-036", tape) == DEPARTS
    assert why in reasons("AUD-036", tape)


def test_half_of_the_words_are_enough():
    words = SAID.split()
    assert verdicts("AUD-036", streamed(transcript=" ".join(words[: 2 * len(words) // 3]))) == PASS


def test_a_socket_that_is_refused_as_http_is_seen_too():
    tape = listing("stream")
    create(tape)
    socket(tape, "audio over a socket", None, 403)
    tape.read(SESSION, "created")
    assert verdicts("AUD-036", tape) == DEPARTS
    assert verdicts("AUD-041", tape, "SHOULD") == UNSEEN
    socket(tape, "audio over a socket of nobody", None, 404)
    assert verdicts("AUD-038", tape) == PASS


def test_a_session_that_does_not_end_in_time_decides_nothing():
    tape = listing("stream")
    create(tape)
    socket(tape, "audio over a socket", over())
    tape.ended(SESSION)
    assert verdicts("AUD-036", tape) == UNSEEN


@pytest.mark.parametrize(("seen", "expected"), [(over(heard=3), DISPUTED), (over(), PASS)])
def test_a_service_that_speaks_is_disputed(seen, expected):
    assert verdicts("AUD-037", streamed(seen=seen), "SHOULD") == expected


@pytest.mark.parametrize(
    ("seen", "expected"), [(over(1000), DEPARTS), (over(None), DEPARTS), (over(1008), PASS), (over(4404), PASS)]
)
def test_a_socket_of_nobody_and_one_of_an_ended_session_are_closed_with_a_code_of_their_own(seen, expected):
    assert verdicts("AUD-038", streamed(nobody=seen)) == expected
    assert verdicts("AUD-040", streamed(late=seen)) == expected


def test_a_session_whose_service_ends_it_with_the_socket_is_a_warning():
    tape = streamed(between="processing")
    assert verdicts("AUD-039", tape, "SHOULD") == WARNED
    assert "E70" in reasons("AUD-039", tape)


@pytest.mark.parametrize("seen", [over(1011), over(None)])
def test_a_socket_that_is_not_closed_well_is_disputed(seen):
    assert verdicts("AUD-041", streamed(seen=seen), "SHOULD") == DISPUTED


def test_what_is_said_over_a_socket_is_kept_without_keys():
    kept = Recorder(Redactor({KEY: "sk_live_0123456789"}))
    pending = kept.begin(Label(Operation.OTHER, "streams"), "GET", "wss://a.test/s", (), b"")
    said = Frame("server", "text", 24, b"you are sk_live_0123456789", 0.1)
    seen = Socket((said,), 1, 1, "server", 4000, "no sk_live_0123456789")
    exchange = kept.answered(pending, 101, (), b"", socket=seen)
    assert exchange.socket is not None
    assert "0123456789" not in repr(exchange.socket)


def test_a_refusal_over_every_protocol_is_told_with_each_answer():
    tape = listing("stream")
    for over in ("websocket", "http", "rpc"):
        create(tape, 400, over=over)
    (found,) = findings("AUD-034", tape)
    assert found.actual == {"websocket": 400, "http": 400, "rpc": 400}
