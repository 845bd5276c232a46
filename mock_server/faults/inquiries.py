"""Faults of research sessions: each breaks what one requirement of their profile asks for."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from mock_server.api.answer import Answer
from mock_server.faults import rosters
from mock_server.faults.making import edit, fault, recode, set_to, without

if TYPE_CHECKING:
    from collections.abc import Callable

    from mock_server.faults.fault import Asked, Fault
    from mock_server.faults.making import Rewrite

_STAMP: Final = "2026-01-27T09:00:00.000Z"
_OVER: Final = ("completed", "failed", "cancelled", "timeout")
#: What lies below a share's URL.
_SHARED: Final = "/shared/"
#: The read of a completed session that shows it at work again.
_WAKES_AT: Final = 3


def _refusal(status: int, word: str) -> Answer:
    return Answer(status, {"error": word, "message": "A fault is on.", "code": status, "timestamp": _STAMP})


def _sent(asked: Asked) -> dict[str, Any]:
    return asked.document if isinstance(asked.document, dict) else {}


def _word(answer: Answer) -> object:
    return answer.body.get("error") if isinstance(answer.body, dict) else None


def _instead(
    operation: str, status: int, given: Callable[[Asked], Answer], when: Callable[[Asked, Answer], bool]
) -> Rewrite:
    """Answer something else where an operation is answered with a status, and something holds."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        mine = asked.operation == f"prsm.{operation}" and answer.status == status and when(asked, answer)
        return given(asked) if mine else answer

    return rewrite


def _session(_asked: Asked) -> Answer:
    """A new session, as a create would have answered it."""
    made = {"session_id": f"ses_{uuid.uuid4().hex[:22]}", "status": "queued", "estimated_duration": 1}
    return Answer(201, {**made, "cost_estimate": {"amount": "1.00"}, "created_at": _STAMP})


def _share(asked: Asked) -> Answer:
    made = {"share_id": "shr_00", "share_url": "http://127.0.0.1/nowhere", "expires_at": "2036-01-27T09:00:00Z"}
    return Answer(201, {**made, "recipients": _sent(asked).get("recipients") or ["nobody"]})


def _comment(asked: Asked) -> Answer:
    said = str(_sent(asked).get("content") or "nothing")
    return Answer(201, {"comment_id": "cmt_00", "content": said, "author": {"user_id": "x"}, "created_at": _STAMP})


def _seen(asked: Asked, answer: Answer) -> dict[str, str]:
    """Session -> the state that its last read showed."""
    known: dict[str, str] = asked.memory.setdefault("inquiries", {})
    if asked.operation == "prsm.get" and answer.status == 200 and asked.session_id:
        known[asked.session_id] = answer.body["status"]
    return known


def _conflicts(operation: str) -> Rewrite:
    """409 for what comes too late."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        over = _seen(asked, answer).get(asked.session_id or "") in _OVER
        mine = asked.operation == f"prsm.{operation}" and answer.status == 400 and over
        return _refusal(409, "too_late") if mine else answer

    return rewrite


def _wakes(asked: Asked, answer: Answer) -> Answer:
    """The third read of a completed session shows it at work."""
    if asked.operation != "prsm.get" or answer.status != 200 or answer.body["status"] != "completed":
        return answer
    counts: dict[str | None, int] = asked.memory.setdefault("reads", {})
    counts[asked.session_id] = counts.get(asked.session_id, 0) + 1
    if counts[asked.session_id] < _WAKES_AT:
        return answer
    body = {name: value for name, value in answer.body.items() if name != "results"}
    return replace(answer, body=body | {"status": "running"})


def _lists_everybodys(asked: Asked, answer: Answer) -> Answer:
    """Whoever has made fewer sessions than another finds those of the other one listed."""
    shown: list[rosters.Entry] = []
    if asked.operation == "prsm.create" and answer.status == 201:
        made = answer.body["session_id"]
        shown = [(made, {"session_id": made, "status": answer.body["status"]})]
    if asked.operation == "prsm.list" and answer.status == 200:
        shown = [(each["session_id"], each) for each in answer.body["sessions"]]
        return rosters.with_others(answer, rosters.others(asked, shown))
    rosters.others(asked, shown)
    return answer


def _shows_everybody(asked: Asked, answer: Answer) -> Answer:
    """A session that was read by its owner is shown to whoever asks."""
    shown: dict[str | None, Answer] = asked.memory.setdefault("shown", {})
    if asked.operation != "prsm.get" or _SHARED in asked.path:
        return answer
    if answer.status == 200:
        shown[asked.path] = answer
    return shown.get(asked.path, answer) if answer.status in (403, 404) else answer


def _mixes_up(asked: Asked, answer: Answer) -> Answer:
    """What is listed by one type is called another."""
    kind = parse_qs(asked.query).get("session_type")
    if asked.operation != "prsm.list" or answer.status != 200 or not kind:
        return answer
    other = "analysis" if kind == ["research"] else "research"
    return edit("prsm.list", set_to("sessions.*.session_type", other))(asked, answer)


def _of_format(asked: Asked, form: str) -> bool:
    return parse_qs(asked.query).get("format") == [form]


def _half(asked: Asked, answer: Answer) -> Answer:
    mine = asked.operation == "prsm.export" and answer.status == 200 and _of_format(asked, "pdf")
    return replace(answer, raw=(answer.raw or b"")[: len(answer.raw or b"") // 2]) if mine else answer


def _backwards(body: dict[str, Any]) -> None:
    body["timeline"].reverse()


def _louder(body: dict[str, Any]) -> None:
    body["content"] = body["content"].upper()


def _errs(change: Callable[[dict[str, Any]], None]) -> Rewrite:
    return edit("any", change, status=range(400, 600))


FAULTS: tuple[Fault, ...] = (
    fault("orders_with_200", "a create is 200", "PRSM-CREATE-001", rewrite=recode("prsm.create", 200, status=201)),
    fault(
        "orders_nothing_at_all",
        "a create without a prompt is taken",
        "PRSM-CREATE-002",
        rewrite=_instead("create", 400, _session, lambda asked, _: "prompt" not in _sent(asked)),
    ),
    fault(
        "knows_no_synthesis",
        "a create of type synthesis is 400",
        "PRSM-CREATE-003",
        rewrite=_instead(
            "create",
            201,
            lambda _: _refusal(400, "invalid_request"),
            lambda asked, _: _sent(asked).get("session_type") == "synthesis",
        ),
    ),
    fault(
        "estimates_in_words",
        "estimated_duration of a new session is a word",
        "PRSM-CREATE-005",
        rewrite=edit("prsm.create", set_to("estimated_duration", "soon"), status=201),
    ),
    fault(
        "hides_paused_sessions",
        "a read of a paused session is 409",
        "PRSM-GET-001",
        rewrite=_instead("get", 200, lambda _: _refusal(409, "paused"), lambda _, a: a.body["status"] == "paused"),
    ),
    fault(
        "keeps_its_use_to_itself",
        "a session has no resource_usage",
        "PRSM-GET-002",
        rewrite=edit("prsm.get", without("resource_usage"), status=200),
    ),
    fault(
        "measures_progress_in_words",
        "progress of a running session is a word",
        "PRSM-GET-003",
        rewrite=edit("prsm.get", set_to("progress", "half"), status=200, state="running"),
    ),
    fault(
        "shows_results_of_cancelled",
        "a cancelled session shows results",
        "PRSM-GET-004",
        rewrite=edit("prsm.get", set_to("results", {"answer": "none"}), status=200, state="cancelled"),
    ),
    fault(
        "calls_the_unknown_gone",
        "a session that does not exist is 410",
        "PRSM-GET-005",
        rewrite=lambda _, answer: (
            _refusal(410, "not_found") if answer.status == 404 and _word(answer) == "session_not_found" else answer
        ),
    ),
    fault(
        "stops_what_was_cancelled",
        "a cancelled session is called stopped",
        "PRSM-GET-006",
        rewrite=edit("prsm.get", set_to("status", "stopped"), status=200, state="cancelled"),
    ),
    fault(
        "lists_without_a_summary",
        "a list has no summary",
        "PRSM-LIST-001",
        rewrite=edit("prsm.list", without("summary"), status=200),
    ),
    fault("mixes_up_types", "a list by a type calls its sessions another", "PRSM-LIST-002", rewrite=_mixes_up),
    fault(
        "knows_one_page",
        "every page is called the first",
        "PRSM-LIST-003",
        rewrite=edit("prsm.list", set_to("page", 1), status=200),
    ),
    fault(
        "lists_everybodys",
        "a user lists the sessions of one who has more of them",
        "PRSM-LIST-004",
        rewrite=_lists_everybodys,
    ),
    fault(
        "cancels_without_a_word",
        "a cancel does not answer a status",
        "PRSM-CANCEL-001",
        rewrite=edit("prsm.cancel", without("status"), status=200),
    ),
    fault(
        "calls_late_cancels_conflicts",
        "a cancel that comes late is 409",
        "PRSM-CANCEL-002",
        rewrite=_conflicts("cancel"),
    ),
    fault(
        "pauses_nothing",
        "a paused session is shown at work",
        "PRSM-PAUSE-001",
        rewrite=edit("prsm.get", set_to("status", "running"), status=200, state="paused"),
    ),
    fault(
        "calls_late_pauses_conflicts", "a pause that comes late is 409", "PRSM-PAUSE-002", rewrite=_conflicts("pause")
    ),
    fault("resumes_with_202", "a resume is 202", "PRSM-RESUME-001", rewrite=recode("prsm.resume", 202, status=200)),
    fault(
        "calls_late_resumes_conflicts",
        "a resume that comes late is 409",
        "PRSM-RESUME-002",
        rewrite=_conflicts("resume"),
    ),
    fault(
        "results_differ",
        "/results tells other results than the session",
        "PRSM-RES-001",
        rewrite=edit("prsm.results", set_to("results", {"answer": "another"}), status=200),
    ),
    fault(
        "refuses_early_results_with_400",
        "results that are not there yet are 400",
        "PRSM-RES-002",
        rewrite=_instead(
            "results",
            404,
            lambda _: _refusal(400, "results_not_available"),
            lambda _, answer: _word(answer) == "results_not_available",
        ),
    ),
    fault("exports_half_a_pdf", "an export as pdf breaks off", "PRSM-EXP-001", rewrite=_half),
    fault(
        "exports_anything",
        "an export in an unknown format is taken",
        "PRSM-EXP-002",
        rewrite=_instead("export", 400, lambda _: Answer(200, {"x": 1}), lambda asked, _: _of_format(asked, "xls")),
    ),
    fault(
        "measures_in_words",
        "execution_time is a word",
        "PRSM-MET-001",
        rewrite=edit("prsm.metrics", set_to("execution_time", "long"), status=200),
    ),
    fault(
        "decides_nothing",
        "a history has no decision_points",
        "PRSM-HIST-001",
        rewrite=edit("prsm.history", without("decision_points"), status=200),
    ),
    fault(
        "tells_backwards",
        "a timeline has the latest event first",
        "PRSM-HIST-002",
        rewrite=edit("prsm.history", _backwards, status=200),
    ),
    fault(
        "shares_without_an_end",
        "a share has no expires_at",
        "PRSM-SHARE-001",
        rewrite=edit("prsm.share", without("expires_at"), status=201),
    ),
    fault(
        "shares_on_any_level",
        "a share on an unknown level is taken",
        "PRSM-SHARE-002",
        rewrite=_instead("share", 400, _share, lambda asked, _: _sent(asked).get("permissions") == "own"),
    ),
    fault(
        "lets_viewers_comment",
        "whoever may view may comment",
        "PRSM-SHARE-004",
        rewrite=_instead("comment", 403, _comment, lambda asked, _: _SHARED in asked.path),
    ),
    fault(
        "comments_aloud",
        "a comment comes back in capitals",
        "PRSM-COM-001",
        rewrite=edit("prsm.comment", _louder, status=201),
    ),
    fault(
        "takes_empty_comments",
        "a comment without content is taken",
        "PRSM-COM-002",
        rewrite=_instead("comment", 400, _comment, lambda asked, _: "content" not in _sent(asked)),
    ),
    fault("wakes_completed_sessions", "a completed session is at work again", "PRSM-STATE-001", rewrite=_wakes),
    fault("errs_without_a_time", "an error has no timestamp", "PRSM-ERR-001", rewrite=_errs(without("timestamp"))),
    fault(
        "has_words_of_its_own",
        "a session that does not exist is told in another word",
        "PRSM-ERR-002",
        rewrite=lambda asked, answer: (
            edit("any", set_to("error", "no_such_session"))(asked, answer)
            if answer.status == 404 and _word(answer) == "session_not_found"
            else answer
        ),
    ),
    fault(
        "forbids_who_has_no_key",
        "whoever has no key is answered 403",
        "PRSM-AUTH-001",
        rewrite=lambda _, answer: _refusal(403, "unauthorized") if answer.status == 401 else answer,
    ),
    fault(
        "shows_sessions_to_all", "another user reads what its owner has read", "PRSM-AUTH-002", rewrite=_shows_everybody
    ),
)
