"""Requirements of research sessions, each with what holds, each way to fail, and what is legal and must not."""

from __future__ import annotations

import io
import zipfile

import pytest

from conformance.checks.table import met
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import UNCREDENTIALED, Probe
from conformance.vocabulary.session import Session
from tests.conformance.checks.builders import DEPARTS, FAIL, PASS, TOLERATED, UNSEEN, WARNED
from tests.conformance.checks.inquiries import Tape, refusal
from tests.conformance.checks.windows import stamp
from tests.peers.folio import docx, pdf

NOT_APPLICABLE = ("not_applicable", "not_applicable")
FORMS = JourneyName.ORDERS_FORMS


@pytest.mark.parametrize(("statuses", "expected"), [((201,), PASS), ((200,), FAIL), ((500, 500), FAIL), ((), UNSEEN)])
def test_a_create_is_201(statuses, expected):
    tape = Tape()
    for number, status in enumerate(statuses):
        tape.create(f"s{number}", status)
    assert tape.verdicts("PRSM-CREATE-001") == expected


def test_a_caller_without_balance_shows_nothing_of_creates():
    tape = Tape()
    tape.create("a", 402)
    assert tape.verdicts("PRSM-CREATE-001") == UNSEEN


@pytest.mark.parametrize(
    ("body", "status", "expected"),
    [
        ({"session_type": "research"}, 400, PASS),
        ({"session_type": "research"}, 422, DEPARTS),
        ({"session_type": "research"}, 201, FAIL),
        ({"prompt": "", "session_type": "research"}, 201, FAIL),
        ({"prompt": " ", "session_type": "research"}, 201, TOLERATED),
    ],
)
def test_a_create_without_a_prompt_is_refused(body, status, expected):
    tape = Tape()
    tape.create("control")
    tape.create("odd", status, asked=body, probe=Probe.DEFECT.of("no prompt"))
    assert tape.verdicts("PRSM-CREATE-002") == expected


def test_refusals_show_nothing_where_no_create_is_taken():
    tape = Tape()
    tape.create("odd", 400, asked={}, probe=Probe.DEFECT.of("no prompt"))
    assert tape.verdicts("PRSM-CREATE-002") == UNSEEN


@pytest.mark.parametrize(("status", "expected"), [(201, PASS), (400, PASS), (422, DEPARTS), (500, WARNED)])
def test_without_a_type_a_create_is_taken_or_refused(status, expected):
    tape = Tape()
    tape.create("a", session=Session.ORDERED.of("research"), journey=FORMS)
    tape.create("b", status, asked={"prompt": "x"}, probe=Probe.DEFECT.of("no type"), journey=FORMS)
    assert tape.verdicts("PRSM-CREATE-003") == expected


def test_each_type_makes_sessions():
    tape = Tape()
    tape.create("a", session=Session.ORDERED.of("research"), journey=FORMS)
    tape.create("b", 400, session=Session.ORDERED.of("synthesis"), journey=FORMS)
    assert tape.verdicts("PRSM-CREATE-003") == FAIL


@pytest.mark.parametrize(
    ("status", "word"),
    [(402, "insufficient_balance"), (409, "session_quota_exceeded"), (403, "session_quota_exceeded")],
)
def test_a_caller_who_may_make_no_more_sessions_shows_nothing_of_types(status, word):
    tape = Tape()
    tape.create("a", session=Session.ORDERED.of("research"), journey=FORMS)
    asked = {"prompt": "x", "session_type": "synthesis"}
    told = {"session": Session.ORDERED.of("synthesis"), "journey": FORMS, "asked": asked}
    tape.heard(Operation.CREATE, status, refusal(status, word), **told)
    assert tape.verdicts("PRSM-CREATE-003") == PASS


def test_no_two_sessions_share_an_id():
    tape = Tape()
    tape.create("a")
    tape.create("b", told={"session_id": "a"})
    assert tape.verdicts("PRSM-CREATE-005") == FAIL


def test_an_answer_about_a_session_has_its_id():
    tape = Tape()
    tape.create("a")
    tape.get("a")
    assert tape.verdicts("PRSM-GET-002") == PASS
    tape.get("a", session_id="b")
    assert tape.verdicts("PRSM-GET-002") == FAIL


@pytest.mark.parametrize("final", ["completed", "failed", "cancelled", "timeout"])
def test_a_final_state_stays(final):
    tape = Tape()
    tape.create("a")
    tape.get("a", final)
    tape.get("a", final)
    assert tape.verdicts("PRSM-STATE-001") == PASS
    tape.get("a", "running")
    assert tape.verdicts("PRSM-STATE-001") == FAIL


@pytest.mark.parametrize(
    ("shown", "expected"),
    [("running", PASS), ("completed", PASS), ("timeout", PASS), ("queued", FAIL), ("paused", FAIL)],
)
def test_a_running_session_goes_where_arrows_lead(shown, expected):
    tape = Tape()
    tape.create("a")
    tape.get("a", "running")
    tape.get("a", shown)
    assert tape.verdicts("PRSM-GET-006") == expected


@pytest.mark.parametrize(
    ("operation", "requirement", "right", "wrong"),
    [
        (Operation.PAUSE, "PRSM-PAUSE-001", "paused", "running"),
        (Operation.CANCEL, "PRSM-CANCEL-001", "cancelled", "running"),
    ],
)
def test_what_was_taken_is_seen(operation, requirement, right, wrong):
    for shown, expected in ((right, PASS), (wrong, FAIL)):
        tape = Tape()
        tape.create("a")
        tape.get("a")
        told = {"session_id": "a", "status": right}
        tape.asked(operation, "a", told=told)
        tape.get("a", shown)
        assert tape.verdicts(requirement) == expected, shown


@pytest.mark.parametrize(
    ("shown", "expected"), [("running", PASS), ("queued", PASS), ("completed", PASS), ("paused", FAIL)]
)
def test_a_resumed_session_goes_on_or_waits_again(shown, expected):
    tape = Tape()
    tape.create("a")
    tape.get("a")
    tape.asked(Operation.PAUSE, "a")
    tape.get("a", "paused")
    tape.asked(Operation.RESUME, "a")
    tape.get("a", shown)
    assert tape.verdicts("PRSM-RESUME-001") == expected


def test_a_refused_pause_pauses_nothing():
    tape = Tape()
    tape.create("a")
    tape.get("a", "queued")
    tape.asked(Operation.PAUSE, "a", 400, refusal(400), probe=Probe.OUT_OF_TURN.of("pause (queued)"))
    tape.get("a", "running")
    assert tape.verdicts("PRSM-PAUSE-002") == PASS
    tape.asked(Operation.PAUSE, "a", 400, refusal(400), probe=Probe.OUT_OF_TURN.of("pause (queued)"))
    tape.get("a", "paused")
    assert tape.verdicts("PRSM-PAUSE-002") == FAIL


def test_where_no_running_session_can_be_paused_there_is_nothing_to_resume():
    for after, expected in (("running", NOT_APPLICABLE), ("completed", UNSEEN)):
        tape = Tape()
        tape.create("a")
        tape.get("a")
        tape.asked(Operation.PAUSE, "a", 400, refusal(400))
        tape.get("a", after)
        assert tape.verdicts("PRSM-RESUME-001") == expected


@pytest.mark.parametrize(
    ("reads", "expected"),
    [
        ((("running", 10), ("running", 40), ("completed", 100)), PASS),
        ((("running", 40), ("running", 10)), WARNED),
        ((("completed", 99),), WARNED),
        ((("paused", 40), ("paused", 41)), WARNED),
        ((("running", "half"),), FAIL),
    ],
)
def test_progress_grows_stands_in_a_pause_and_ends_at_100(reads, expected):
    tape = Tape()
    tape.create("a")
    for shown, progress in reads:
        tape.get("a", shown, progress=progress)
    assert tape.verdicts("PRSM-GET-003") == expected


@pytest.mark.parametrize(
    ("shown", "told", "expected"),
    [
        ({"a": 1, "b": 2}, {"a": 1, "b": 2}, PASS),
        ({"a": 1}, {"a": 1, "b": 2}, DEPARTS),
        ({"a": 3}, {"a": 1, "b": 2}, FAIL),
    ],
)
def test_results_given_twice_agree(shown, told, expected):
    tape = Tape()
    tape.create("a")
    tape.get("a", "completed", results=shown)
    tape.asked(Operation.RESULTS, "a", told=results("a", results=told))
    assert tape.verdicts("PRSM-RES-001") == expected


def test_results_stay_what_they_were():
    tape = Tape()
    tape.create("a")
    for told in ({"a": 1}, {"a": 2}):
        tape.asked(Operation.RESULTS, "a", told=results("a", results=told))
    assert tape.verdicts("PRSM-RES-001") == FAIL


def test_metadata_that_nobody_asked_to_leave_out_may_be_absent_in_one_reading():
    tape = Tape()
    tape.create("a")
    told = results("a")
    del told["execution_metadata"]
    for word in ("false", "…", "no"):  # what another word asks for, a service may take as it likes
        tape.asked(Operation.RESULTS, "a", told=told, query={"include_metadata": word})
        assert tape.verdicts("PRSM-RES-001") == PASS
    tape.asked(Operation.RESULTS, "a", told=told)
    assert tape.verdicts("PRSM-RES-001") == DEPARTS


def results(session, **changes):
    usual = {"session_id": session, "results": {"a": 1}, "summary": "", "citations": [], "confidence_score": 0.5}
    return usual | {"execution_metadata": {}} | changes


def test_results_that_are_a_file_are_not_judged_as_an_object():
    tape = Tape()
    tape.create("a")
    kind = {"content-type": "application/pdf"}
    tape.asked(Operation.RESULTS, "a", told=results("a"), headers={"content-type": "application/json"})
    tape.heard(Operation.RESULTS, 200, raw=pdf("x"), session="a", query={"format": "pdf"}, headers=kind)
    assert tape.verdicts("PRSM-RES-001") == PASS


def _empty_archive():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    return made.getvalue()


DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


@pytest.mark.parametrize(
    ("form", "kind", "body", "expected"),
    [
        ("pdf", "application/pdf", pdf("x"), PASS),
        ("pdf", "application/octet-stream", pdf("x"), WARNED),
        ("pdf", "text/html", pdf("x"), FAIL),
        ("pdf", "application/pdf", pdf("x")[:-40], FAIL),
        ("pdf", "application/pdf", b"<!doctype html>", FAIL),
        ("docx", DOCX, docx("x"), PASS),
        ("docx", DOCX, docx("x")[:-30], FAIL),
        ("docx", DOCX, _empty_archive(), FAIL),
        ("docx", DOCX, b"PK\x03\x04", FAIL),
        ("markdown", "text/markdown; charset=utf-8", b"# x", PASS),
        ("markdown", "text/plain", b"# x", WARNED),
        ("markdown", "text/markdown", b" ", FAIL),
        ("markdown", "text/markdown", b"\xff\xfe", FAIL),
        ("json", "application/json", b'{"x": 1}', PASS),
        ("json", "application/json", b"{x}", FAIL),
    ],
)
def test_an_export_opens_as_what_it_says(form, kind, body, expected):
    tape = Tape()
    tape.create("a")
    tape.get("a", "completed")
    told = {"content-type": kind, "content-disposition": 'attachment; filename="x"'}
    tape.heard(Operation.EXPORT, 200, raw=body, session="a", query={"format": form}, headers=told)
    assert tape.verdicts("PRSM-EXP-001") == expected


def test_an_export_without_a_name_to_keep_it_under_warns():
    tape = Tape()
    tape.create("a")
    tape.get("a", "completed")
    kind = {"content-type": "application/pdf"}
    tape.heard(Operation.EXPORT, 200, raw=pdf("x"), session="a", query={"format": "pdf"}, headers=kind)
    assert tape.verdicts("PRSM-EXP-001") == WARNED


@pytest.mark.parametrize(
    ("status", "expected"), [(400, PASS), (422, DEPARTS), (404, TOLERATED), (200, FAIL), (500, FAIL)]
)
def test_an_unknown_format_is_refused(status, expected):
    tape = Tape()
    tape.create("a")
    tape.get("a", "completed")
    tape.heard(Operation.EXPORT, 200, {"x": 1}, session="a", query={"format": "json"})
    probe = Probe.FORMAT_UNKNOWN
    tape.heard(Operation.EXPORT, status, refusal(status), session="a", query={"format": "xls"}, probe=probe)
    assert tape.verdicts("PRSM-EXP-002") == expected


@pytest.mark.parametrize(("seconds", "expected"), [((0, 1, 1), PASS), ((1, 0), FAIL)])
def test_a_timeline_is_chronological(seconds, expected):
    tape = Tape()
    tape.create("a")
    tape.asked(Operation.HISTORY, "a", told=history("a", *seconds))
    assert tape.verdicts("PRSM-HIST-002") == expected


def test_a_timeline_tells_what_was_done_and_only_grows():
    for later, expected in (((0, 1, 2), PASS), ((0, 1), WARNED), ((0, 3, 4), WARNED)):
        tape = Tape()
        tape.create("a")
        tape.asked(Operation.HISTORY, "a", told=history("a", 0, 1))
        tape.asked(Operation.CANCEL, "a", told={"session_id": "a", "status": "cancelled"})
        tape.asked(Operation.HISTORY, "a", told=history("a", *later))
        assert tape.verdicts("PRSM-HIST-002") == expected, later


def history(session, *seconds):
    events = [{"timestamp": stamp(at), "event": "x"} for at in seconds]
    empty = {"stage_transitions": [], "resource_allocations": [], "decision_points": []}
    return {"session_id": session, "timeline": events, **empty}


@pytest.mark.parametrize(
    ("query", "entry", "expected"),
    [
        ({"status": "running"}, {}, PASS),
        ({"status": "completed"}, {}, FAIL),
        ({"session_type": "research", "status": "running"}, {}, PASS),
        ({"session_type": "analysis", "status": "running"}, {}, FAIL),
        ({"date_from": stamp(10)}, {"created_at": stamp(10)}, PASS),
        ({"date_from": stamp(10)}, {"created_at": stamp(5)}, FAIL),
        ({"date_to": stamp(10)}, {"created_at": stamp(15)}, FAIL),
    ],
)
def test_a_filter_leaves_what_fits(query, entry, expected):
    tape = Tape()
    told = {"session_id": "a", "status": "running", "session_type": "research"} | entry
    tape.page([], query, entries=[told])
    assert tape.verdicts("PRSM-LIST-002") == expected


def test_a_session_that_fits_all_filters_is_not_left_out():
    tape = Tape()
    tape.create("a", journey=JourneyName.LIST_PAGES)
    tape.page(["a"], {"session_type": "research"})
    assert tape.verdicts("PRSM-LIST-002") == PASS
    tape.page([], {"session_type": "research"})
    assert tape.verdicts("PRSM-LIST-002") == FAIL


@pytest.mark.parametrize(
    ("made_at", "query", "expected"),
    [
        (stamp(10), {"date_from": stamp(5)}, FAIL),
        (stamp(10), {"date_to": stamp(15)}, FAIL),
        (stamp(10), {"date_from": stamp(5), "date_to": stamp(15)}, FAIL),
        # at the very bound both are right, and a stamp that is cut to the second lies there often
        (stamp(10), {"date_from": stamp(10)}, PASS),
        (stamp(10), {"date_to": stamp(10)}, PASS),
        (stamp(10), {"date_to": stamp(9)}, PASS),
        # where the service tells no moment, the filter went by a clock that is not its own
        ("lately", {"date_from": stamp(5)}, PASS),
    ],
)
def test_a_session_is_left_out_by_a_date_only_where_its_own_stamp_lies_within(made_at, query, expected):
    tape = Tape()
    tape.create("a", journey=JourneyName.LIST_PAGES, told={"created_at": made_at})
    tape.page([], query)
    assert tape.verdicts("PRSM-LIST-002") == expected


@pytest.mark.parametrize(
    ("pages", "totals", "expected"),
    [
        ((["a", "b"], ["c"], []), (3, 3, 3), PASS),
        ((["a", "b"], ["b"], []), (3, 3, 3), FAIL),
        ((["a", "b"], ["b", "c"], []), (2, 3, 3), WARNED),
        ((["a", "b"], []), (3, 3), FAIL),
        ((["a", "b", "c"], []), (3, 3), FAIL),
    ],
)
def test_pages_share_no_session_and_have_all_of_them(pages, totals, expected):
    tape = Tape()
    for number, (ids, total) in enumerate(zip(pages, totals, strict=True), 1):
        tape.page(ids, {"page": number, "limit": 2}, total)
    assert tape.verdicts("PRSM-LIST-003") == expected


@pytest.mark.parametrize(("total", "expected"), [(2, WARNED), (3, FAIL)])
def test_a_page_is_refused_where_it_lies_behind_the_last_and_nowhere_else(total, expected):
    tape = Tape()
    tape.page(["a", "b"], {"page": 1, "limit": 2}, total)
    tape.heard(Operation.LIST, 400, refusal(400, "invalid_request"), query={"page": 2, "limit": 2})
    assert tape.verdicts("PRSM-LIST-001") == expected


@pytest.mark.parametrize(("status", "expected"), [(429, PASS), (503, PASS), (500, FAIL)])
def test_a_list_that_was_waited_for_shows_nothing_against_it(status, expected):
    tape = Tape()
    tape.heard(Operation.LIST, status, refusal(status, "internal_error"), query={})
    tape.page([], {}, 0)
    assert tape.verdicts("PRSM-LIST-001") == expected


def test_the_page_that_was_asked_for_comes_back():
    tape = Tape()
    tape.page([], {"page": 2, "limit": 2}, page=1)
    assert tape.verdicts("PRSM-LIST-003") == FAIL


@pytest.mark.parametrize(("ids", "expected"), [(["z"], PASS), (["a"], FAIL)])
def test_another_user_lists_none_of_the_callers_sessions(ids, expected):
    tape = Tape(second_key=True)
    tape.create("a")
    tape.page(ids, {}, credential=Credential.SECOND)
    assert tape.verdicts("PRSM-LIST-004") == expected


HOLDER, RECIPIENT = (Probe.HOLDER, Credential.NONE), (Probe.RECIPIENT, Credential.SECOND)


def used(tape, way, level, statuses):
    probe, credential = way
    tape.create("a")
    for operation, status in zip((Operation.GET, Operation.COMMENT, Operation.CANCEL), statuses, strict=True):
        tape.heard(operation, status, {}, session="a", probe=probe.of(level), credential=credential)


@pytest.mark.parametrize(
    ("level", "statuses", "expected"),
    [
        ("view", (200, 403, 403), PASS),
        ("view", (200, 201, 403), FAIL),
        ("edit", (200, 201, 403), PASS),
        ("edit", (200, 201, 200), FAIL),
        ("edit", (200, 403, 403), WARNED),
        ("collaborate", (200, 201, 200), PASS),
        ("collaborate", (200, 201, 403), PASS),
        ("view", (404, 404, 404), UNSEEN),
    ],
)
@pytest.mark.parametrize("way", [HOLDER, RECIPIENT])
def test_a_share_allows_what_its_level_says(way, level, statuses, expected):
    tape = Tape()
    used(tape, way, level, statuses)
    assert tape.verdicts("PRSM-SHARE-004") == expected


@pytest.mark.parametrize(("statuses", "expected"), [((200, 403, 403), PASS), ((200, 201, 403), FAIL)])
def test_a_share_that_one_of_two_ways_opens_is_judged_by_that_one(statuses, expected):
    tape = Tape()
    used(tape, HOLDER, "view", (401, 401, 401))
    used(tape, RECIPIENT, "view", statuses)
    assert tape.verdicts("PRSM-SHARE-004") == expected


def test_a_way_that_shows_no_session_is_judged_for_what_it_does_all_the_same():
    tape = Tape()
    used(tape, HOLDER, "view", (401, 201, 401))
    used(tape, RECIPIENT, "view", (200, 403, 403))
    assert tape.verdicts("PRSM-SHARE-004") == FAIL


@pytest.mark.parametrize(("told", "expected"), [(["a"], PASS), (["a", "b"], PASS), (["c"], FAIL)])
def test_recipients_are_those_that_were_named(told, expected):
    tape = Tape()
    asked = {"recipients": ["a", "b"], "permissions": "view"}
    made = {"share_id": "x", "share_url": "https://x.example/s", "recipients": told, "expires_at": stamp(0)}
    tape.asked(Operation.SHARE, "s", 201, made, asked=asked)
    assert tape.verdicts("PRSM-SHARE-001") == expected


def test_a_comment_says_what_was_sent():
    for told, expected in (("hm", PASS), ("HM", FAIL)):
        tape = Tape()
        made = {"comment_id": "x", "content": told, "author": {"id": 1}, "created_at": stamp(0)}
        tape.asked(Operation.COMMENT, "s", 201, made, asked={"content": "hm"})
        assert tape.verdicts("PRSM-COM-001") == expected


@pytest.mark.parametrize(
    ("changes", "expected"), [({}, PASS), ({"code": 400}, FAIL), ({"timestamp": None}, FAIL), ({"code": "404"}, FAIL)]
)
def test_an_error_has_the_printed_body_and_the_status_in_code(changes, expected):
    tape = Tape()
    tape.asked(Operation.PAUSE, "s", 404, refusal(404, "session_not_found", **changes), probe="x")
    assert tape.verdicts("PRSM-ERR-001") == expected


@pytest.mark.parametrize(
    ("status", "word", "expected"),
    [
        (404, "session_not_found", PASS),
        (400, "session_not_found", FAIL),
        (404, "no_such_session", FAIL),
        (429, "session_quota_exceeded", PASS),
        (409, "session_quota_exceeded", PASS),
    ],
)
def test_listed_words_stand_where_their_case_is(status, word, expected):
    tape = Tape()
    rows = {} if word == "session_quota_exceeded" else {"states": ("unknown",)}
    tape.asked(Operation.PAUSE, "s", 404, refusal(404, "session_not_found"), states=("unknown",), probe="x")
    tape.asked(Operation.PAUSE, "s", status, refusal(status, word), probe="y", **rows)
    assert tape.verdicts("PRSM-ERR-002") == expected


@pytest.mark.parametrize(("status", "expected"), [(401, PASS), (201, FAIL), (403, FAIL)])
def test_creates_take_a_credential(status, expected):
    tape = Tape()
    tape.create("a")
    probe = UNCREDENTIALED[Credential.NONE].of("no state")
    tape.create("b", status, probe=probe, credential=Credential.NONE)
    assert tape.verdicts("PRSM-AUTH-001") == expected


@pytest.mark.parametrize(
    ("clock", "shown", "expected"),
    [
        ("test", "timeout", PASS),
        ("test", "completed", UNSEEN),
        ("test", "running", UNSEEN),
        ("wall", "timeout", UNSEEN),
    ],
)
def test_time_ends_a_session_where_a_clock_can_be_moved(clock, shown, expected):
    tape = Tape(clock=clock)
    tape.create("a", session=Session.OVERDUE)
    tape.heard(Operation.GET, 200, {"session_id": "a", "status": shown}, session=Session.OVERDUE)
    assert tape.verdicts("PRSM-STATE-002") == expected


FORETOLD = ("queued", "initializing", "running", "completed", "failed")


def test_between_two_reads_of_one_state_a_session_was_nowhere_else_unless_somebody_asked_for_it():
    tape = Tape()
    tape.create("a")
    tape.get("a", "running")
    x = tape.asked(Operation.METRICS, "a", 404, refusal(404), states=FORETOLD)
    tape.get("a", "running")
    assert [each.rows for each in met(tape.evidence) if each.x is x] == [("running",)]
    assert tape.verdicts("PRSM-MET-001") == FAIL


def test_a_session_that_was_paused_and_resumed_meanwhile_may_have_been_anywhere_on_the_round():
    tape = Tape()
    tape.create("a")
    tape.get("a", "running")
    tape.asked(Operation.PAUSE, "a")
    x = tape.asked(Operation.METRICS, "a", 404, refusal(404), states=("queued", "running", "paused"))
    tape.asked(Operation.RESUME, "a")
    tape.get("a", "running")
    assert [each.rows for each in met(tape.evidence) if each.x is x] == [("queued", "running", "paused")]
