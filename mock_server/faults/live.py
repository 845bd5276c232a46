"""Faults of live sessions: each breaks what one requirement of their profile asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from mock_server.api.answer import Answer
from mock_server.faults import rosters
from mock_server.faults.making import behaving, edit, fault, set_to, without
from mock_server.served import LIVE_REVISION
from mock_server.stream.tape import head

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from mock_server.faults.fault import Asked, Fault
    from mock_server.faults.making import Rewrite

    #: A message as it is told.
    Message: TypeAlias = dict[str, Any]

_GET, _LIST, _AUDIO, _TRANSCRIPT, _DELETE = (
    f"dalston.{name}" for name in ("get", "list", "audio", "transcript", "delete")
)
_OVER: Final = "completed interrupted error"
_LOST: Final = "interrupted"


class _Narrow:
    """Samples as a telephone has them."""

    rate, sample_bytes = 8_000, 1


def _refusal(status: int, word: str) -> Answer:
    return Answer(status, {"detail": "A fault is on.", "code": word})


def _renamed(message: Message) -> Message:
    return message | {"type": "session.started"} if message["type"] == "session.begin" else message


def _unlinked(message: Message) -> Message:
    return {name: value for name, value in message.items() if name != "resumed_from"}


def _linked(message: Message) -> Message:
    linked = message["type"] == "session.begin" and "resumed_from" not in message
    return message | {"resumed_from": "sess_0123456789abcdef"} if linked else message


def _when(operation: str, status: int, given: Callable[[Asked, Answer], Answer | None]) -> Rewrite:
    """Answer something else where an operation is answered with a status; None leaves the answer."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        if asked.operation != operation or answer.status != status:
            return answer
        return given(asked, answer) or answer

    return rewrite


def _seen(asked: Asked, answer: Answer) -> dict[str | None, dict[str, Any]]:
    """Session -> its details when they were last shown."""
    known: dict[str | None, dict[str, Any]] = asked.memory.setdefault("live", {})
    if asked.operation == _GET and answer.status == 200:
        known[asked.session_id] = answer.body
    return known


def _narrows(asked: Asked, answer: Answer) -> Answer:
    """Audio is silence in the form of a telephone, as long as the session."""
    known = _seen(asked, answer)
    if asked.operation != _AUDIO or answer.status != 200:
        return answer
    seconds = (known.get(asked.session_id) or {}).get("audio_duration_seconds", 1.0)
    size = int(seconds * _Narrow.rate)
    return Answer(200, raw=head(_Narrow(), size) + b"\x80" * size, media_type="audio/wav")


def _enhances(body: dict[str, Any]) -> None:
    if body["enhance_on_end"] and not body["store_audio"] and body["status"] != "active":
        body["enhancement_job_id"] = "job_0"


def _lasts(asked: Asked, answer: Answer) -> Answer:
    """The transcript of a session that resumes another one lasts a minute longer than the session."""
    known = _seen(asked, answer)
    if asked.operation != _TRANSCRIPT or answer.status != 200:
        return answer
    linked = (known.get(asked.session_id) or {}).get("previous_session_id") is not None
    longer = edit(_TRANSCRIPT, set_to("duration_seconds", answer.body["duration_seconds"] + 60))
    return longer(asked, answer) if linked else answer


def _translates(body: dict[str, Any]) -> None:
    body["language"] = "en" if body["language"] != "en" else "de"


def _ends(body: dict[str, Any]) -> None:
    body["ended_at"] = body["started_at"]


def _keeps_unasked(body: dict[str, Any]) -> None:
    if not body["store_audio"]:
        body["audio_uri"] = f"s3://sessions/{body['id']}/audio.wav"


def _forgets(asked: Asked, answer: Answer) -> Answer:
    """Nothing is left of the audio of a lost session."""
    known = _seen(asked, answer)
    if asked.operation == _GET:
        return edit(_GET, set_to("audio_uri", None), status=200, state=_LOST)(asked, answer)
    lost = asked.operation == _AUDIO and (known.get(asked.session_id) or {}).get("status") == _LOST
    return _refusal(404, "audio_not_available") if lost else answer


def _loses(asked: Asked, answer: Answer) -> Answer:
    if asked.operation == _TRANSCRIPT and answer.status == 200:
        return _refusal(404, "transcript_not_available")
    return edit(_GET, set_to("transcript_uri", None), status=200)(asked, answer)


def _from_one(body: dict[str, Any]) -> None:
    for each in body["utterances"]:
        each["id"] += 1


def _shorter(body: dict[str, Any]) -> None:
    body["text"] = body["text"].partition(" ")[2]


def _mixes_up(asked: Asked, answer: Answer) -> Answer | None:
    """A list by a status calls its sessions another."""
    wanted = parse_qs(asked.query).get("status")
    if not wanted:
        return None
    other = "error" if wanted != ["error"] else "completed"
    return edit(_LIST, set_to("sessions.*.status", other))(asked, answer)


def _everybodys(asked: Asked, answer: Answer) -> Answer:
    """Whoever has fewer sessions than another tenant finds those of the other one listed."""
    shown: list[rosters.Entry] = []
    if asked.operation == _GET and answer.status == 200:
        shown = [(answer.body["id"], answer.body)]
    if asked.operation == _LIST and answer.status == 200:
        shown = [(each["id"], each) for each in answer.body["sessions"]]
        return rosters.with_others(answer, rosters.others(asked, shown))
    rosters.others(asked, shown)
    return answer


def _keeps_deleted(asked: Asked, answer: Answer) -> Answer:
    """What was deleted is shown as it was."""
    known = _seen(asked, answer)
    gone: set[str | None] = asked.memory.setdefault("gone", set())
    if asked.operation == _DELETE and answer.status == 200:
        gone.add(asked.session_id)
    shown = asked.operation == _GET and answer.status == 404 and asked.session_id in gone
    return Answer(200, known[asked.session_id]) if shown and asked.session_id in known else answer


def _gone(asked: Asked, answer: Answer) -> Answer:
    """A session that nobody has seen is answered otherwise than one that was deleted."""
    unknown = asked.session_id not in _seen(asked, answer)
    mine = asked.operation == _GET and answer.status == 404 and unknown
    return _refusal(410, "session_not_found") if mine else answer


def _misnames(body: dict[str, Any]) -> None:
    body["session_id"] += "0"


def _deleted(asked: Asked, _answer: Answer) -> Answer:
    return Answer(200, {"deleted": True, "session_id": asked.session_id})


def _gives_way(asked: Asked, answer: Answer) -> Answer | None:
    """The second deletion of an active session is said to be done."""
    refused: set[str | None] = asked.memory.setdefault("refused", set())
    if asked.session_id in refused:
        return _deleted(asked, answer)
    refused.add(asked.session_id)
    return None


def _deletes_others(asked: Asked, answer: Answer) -> Answer:
    """A session that its tenant has seen is deleted for whoever asks."""
    key = asked.headers.get("authorization") or asked.headers.get("x-api-key")
    owners: dict[str | None, str | None] = asked.memory.setdefault("owners", {})
    if asked.operation == _GET and answer.status == 200:
        owners.setdefault(asked.session_id, key)
    foreign = owners.get(asked.session_id, key) != key
    return _deleted(asked, answer) if asked.operation == _DELETE and answer.status == 404 and foreign else answer


def _refuses_both(asked: Asked, answer: Answer) -> Answer:
    """Of deletions that meet none is taken: the session is shown as it was."""
    known = _seen(asked, answer)
    stays: set[str | None] = asked.memory.setdefault("stays", set())
    if asked.operation == _DELETE and answer.status == 200 and asked.meanwhile(_DELETE):
        stays.add(asked.session_id)
        return _refusal(404, "session_not_found")
    # a read beside both may be answered when one of them is done and not yet refused
    kept = asked.session_id in stays or len(asked.meanwhile(_DELETE)) > 1
    shown = asked.operation == _GET and answer.status == 404 and kept
    return Answer(200, known[asked.session_id]) if shown and asked.session_id in known else answer


class _Links:
    """Tells of each session that it is resumed only once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tells(self, message: Message) -> Message:
        """A message as it is told."""
        former = message.get("resumed_from")
        if former in self._told:
            return _unlinked(message)
        if former is not None:
            self._told.add(former)
        return message


def _halves(body: dict[str, Any]) -> None:
    body["audio_duration_seconds"] /= 2


def _miscounts(body: dict[str, Any]) -> None:
    body["segment_count" if "segment_count" in body else "utterance_count"] += 1


#: What is about members, or flags, that only the default revision has.
_OF_FLAGS: Final = frozenset(
    {
        *("shows_flags_unset", "enhances_nothing", "forgets_to_enhance", "keeps_audio_unasked"),
        "lists_without_a_total",
    }
)


def of_revision(revision: str) -> tuple[Fault, ...]:
    """The faults of a text: of a later one those that it shares with the first, and its own."""
    if revision == LIVE_REVISION:
        return FAULTS
    return (*(each for each in FAULTS if each.name not in _OF_FLAGS), *_LATER)


FAULTS: tuple[Fault, ...] = (
    fault(
        "begins_in_other_words",
        "the first message of a socket is not session.begin",
        "RT-WS-001",
        conduct=behaving(tells=_renamed),
    ),
    fault(
        "shows_flags_unset",
        "store_transcript is shown as false",
        "RT-WS-002",
        rewrite=edit(_GET, set_to("store_transcript", False), status=200),
    ),
    fault(
        "enhances_nothing",
        "enhance_on_end without store_audio is taken, and has a job",
        "RT-WS-003",
        conduct=behaving(enhances_without_audio=True),
        rewrite=edit(_GET, _enhances, status=200),
    ),
    fault(
        "resumes_without_a_word",
        "session.begin of a resumed session has no resumed_from",
        "RT-WS-004",
        conduct=behaving(tells=_unlinked),
    ),
    fault("goes_on_counting", "a resumed session lasts longer than what was sent to it", "RT-WS-005", rewrite=_lasts),
    fault(
        "resumes_unasked",
        "session.begin has a resumed_from where nothing was resumed",
        "RT-WS-007",
        conduct=behaving(tells=_linked),
    ),
    fault(
        "calls_the_completed_done",
        "a completed session is called done",
        "RT-DATA-002",
        rewrite=edit(_GET, set_to("status", "done"), status=200, state="completed"),
    ),
    fault(
        "changes_its_language",
        "language of a session is another one once it is over",
        "RT-DATA-003",
        rewrite=edit(_GET, _translates, status=200, state=_OVER),
    ),
    fault(
        "ends_before_the_end",
        "an active session has an ended_at",
        "RT-DATA-004",
        rewrite=edit(_GET, _ends, status=200, state="active"),
    ),
    fault("records_as_a_telephone", "audio is kept as silence of 8 kHz and 8 bit", "RT-AUD-001", rewrite=_narrows),
    fault(
        "keeps_audio_unasked",
        "a session without store_audio has an audio_uri",
        "RT-AUD-003",
        rewrite=edit(_GET, _keeps_unasked, status=200, state=_OVER),
    ),
    fault("forgets_the_lost", "audio of a lost connection is not kept", "RT-AUD-004", rewrite=_forgets),
    fault("stores_no_transcript", "a transcript that was to be stored is not there", "RT-TR-001", rewrite=_loses),
    fault(
        "transcribes_without_a_length",
        "a transcript has no duration_seconds",
        "RT-TR-002",
        rewrite=edit(_TRANSCRIPT, without("duration_seconds"), status=200),
    ),
    fault(
        "counts_utterances_from_one",
        "ids of utterances begin with 1",
        "RT-TR-003",
        rewrite=edit(_TRANSCRIPT, _from_one, status=200),
    ),
    fault(
        "swallows_the_first_word",
        "text of a transcript lacks the first word",
        "RT-TR-004",
        rewrite=edit(_TRANSCRIPT, _shorter, status=200),
    ),
    fault(
        "says_not_how_it_came",
        "metadata of a transcript tells its sample_rate in words",
        "RT-TR-005",
        rewrite=edit(_TRANSCRIPT, set_to("metadata.sample_rate", "sixteen thousand"), status=200),
    ),
    fault(
        "lists_without_a_total", "a list has no total", "RT-LIST-001", rewrite=edit(_LIST, without("total"), status=200)
    ),
    fault(
        "mixes_up_live_states",
        "a list by a status has sessions in another one",
        "RT-LIST-002",
        rewrite=_when(_LIST, 200, _mixes_up),
    ),
    fault(
        "lists_in_words",
        "word_count in lists is a word",
        "RT-LIST-003",
        rewrite=edit(_LIST, set_to("sessions.*.word_count", "many"), status=200),
    ),
    fault(
        "lists_all_tenants",
        "a tenant lists the sessions of one who has more of them",
        "RT-LIST-004",
        rewrite=_everybodys,
    ),
    fault(
        "numbers_the_encoding",
        "encoding in details is a number",
        "RT-GET-001",
        rewrite=edit(_GET, set_to("encoding", 16), status=200),
    ),
    fault(
        "calls_unknown_sessions_gone",
        "a session that was never there is 410",
        "RT-GET-002",
        rewrite=_gone,
    ),
    fault(
        "gives_audio_as_a_word",
        "a download of audio has an object without an address",
        "RT-DL-001",
        rewrite=_when(_AUDIO, 200, lambda _asked, _answer: Answer(200, {"audio": "ready"})),
    ),
    fault(
        "names_another_session",
        "a transcript has the id of another session",
        "RT-DL-002",
        rewrite=edit(_TRANSCRIPT, _misnames, status=200),
    ),
    fault("keeps_what_was_deleted", "a deleted session can still be read", "RT-DEL-001", rewrite=_keeps_deleted),
    fault(
        "deletes_the_active",
        "a deletion of an active session is 200",
        "RT-DEL-002",
        rewrite=_when(_DELETE, 409, _deleted),
    ),
    fault("deletes_for_anybody", "another tenant's deletion is 200", "RT-DEL-003", rewrite=_deletes_others),
    fault(
        "measures_half",
        "audio_duration_seconds is half of what came",
        "RT-STAT-001",
        rewrite=edit(_GET, _halves, status=200),
    ),
    fault(
        "counts_one_more",
        "utterance_count is one more than there were finals",
        "RT-STAT-002",
        rewrite=edit(_GET, _miscounts, status=200),
    ),
    fault(
        "measures_at_the_end_only",
        "an active session shows no audio, however long it lasts",
        "RT-STAT-003",
        rewrite=edit(_GET, set_to("audio_duration_seconds", 0.0), status=200, state="active"),
    ),
    fault(
        "forgets_to_enhance",
        "no job comes of enhance_on_end",
        "RT-ENH-001",
        rewrite=edit(_GET, set_to("enhancement_job_id", None), status=200),
    ),
)

#: What no journey comes by: it takes an order of requests that nobody wrote down.
DEEP: tuple[Fault, ...] = (
    fault(
        "gives_way_to_a_second_deletion",
        "an active session is deleted for whoever asks for it again",
        "RT-DEL-002",
        rewrite=_when(_DELETE, 409, _gives_way),
    ),
)

#: What shows only where requests are answered, or sockets opened, at the same time.
RACING: tuple[Fault, ...] = (
    fault(
        "refuses_deletions_that_meet",
        "two deletions at the same time are both 404, and the session stays",
        "RT-DEL-001",
        rewrite=_refuses_both,
    ),
    fault(
        "links_one_of_two_resumes",
        "session.begin of a session that resumes what another one resumed already has no resumed_from",
        "RT-WS-004",
        conduct=lambda c: replace(c, tells=_Links().tells),
    ),
)

#: Those of lists by cursor.
_LATER: tuple[Fault, ...] = (
    fault(
        "lists_without_a_word_of_more",
        "a list has no has_more",
        "RT-LIST-001",
        rewrite=edit(_LIST, without("has_more"), status=200),
    ),
)
