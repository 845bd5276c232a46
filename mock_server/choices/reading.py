"""Choices of what GET answers of a session that is open or in work."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from mock_server.choices.choice import Choice
from mock_server.choices.clause import expects_data, has_aliases, names_files, polled, where, worded
from mock_server.choices.editing import OPEN, headed, merged, shows, without
from mock_server.problems import Problem
from mock_server.session.chunk import sequence_of
from mock_server.session.table import State

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked, Onward
    from scribe_data import Spec

_WORD = "initialized"
_ACCEPTED, _OK = 202, 200


def _polls_with_200(spec: Spec) -> bool:
    return polled(spec) == _OK


def _open_status(asked: Asked, answer: Answer) -> Answer:
    return replace(answer, status=int(asked.taken["open_status"])) if shows(asked, answer, OPEN) else answer


def _open_word(asked: Asked, answer: Answer) -> Answer:
    return merged(answer, status=_WORD) if shows(asked, answer, OPEN) else answer


def _created_word(asked: Asked, answer: Answer) -> Answer:
    made = asked.of("create") and asked.state == "created"
    return merged(answer, status=_WORD) if made else answer


def _processing_word(asked: Asked, answer: Answer) -> Answer:
    return merged(answer, status=_WORD) if shows(asked, answer, {"processing"}) else answer


def _ordered(asked: Asked, answer: Answer) -> Answer:
    names = answer.body.get("audio_files") if isinstance(answer.body, dict) else None
    if not asked.of("get", "end") or not isinstance(names, list):
        return answer
    if asked.taken["list_order"] == "reversed":
        return merged(answer, audio_files=names[::-1])
    numbers = {name: sequence_of(name) for name in names}
    last = len(names), 0
    by_number = sorted(names, key=lambda name: last if numbers[name] is None else (0, numbers[name]))
    return merged(answer, audio_files=by_number)


def _lagging(asked: Asked, answer: Answer) -> Answer:
    """An open session without what came in the last moments."""
    if not shows(asked, answer, OPEN) or asked.session is None:
        return answer
    lag = timedelta(milliseconds=int(asked.taken["read_lag_ms"]))
    seen = asked.face.service.clocks.now(asked.session.namespace) - lag
    files = [file for file in asked.session.files if file.received_at <= seen]
    state = {} if files else {"status": "created"}
    if asked.face.wording.numbered:
        return merged(answer, audio_duration_ms=sum(file.duration_ms or 0 for file in files), **state)
    return merged(answer, audio_files=[file.name for file in files], audio_files_received=len(files), **state)


def _open_data(asked: Asked, answer: Answer) -> Answer:
    if not shows(asked, answer, OPEN | {"expired"}) or _none_given(asked):
        return answer
    return without(answer, asked.face.wording.passed)


def _none_given(asked: Asked) -> bool:
    return asked.session is None or asked.session.order.additional_data is None


def _no_data(asked: Asked, answer: Answer, chosen: object) -> Answer:
    if asked.session is None or asked.session.order.additional_data is not None:
        return answer
    return without(answer, "additional_data") if chosen == "absent" else merged(answer, additional_data=None)


def _no_data_processing(asked: Asked, answer: Answer) -> Answer:
    found = shows(asked, answer, {"processing"})
    return _no_data(asked, answer, asked.taken["no_data_processing"]) if found else answer


def _no_data_elsewhere(asked: Asked, answer: Answer) -> Answer:
    found = shows(asked, answer, OPEN | {"completed", "partial", "failed", "expired"})
    return _no_data(asked, answer, asked.taken["no_data_elsewhere"]) if found else answer


def _cached(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("get") or answer.status >= 500:
        return answer
    chosen = asked.taken["poll_cache"]
    return headed(answer, Cache_Control=None if chosen == "unsaid" else str(chosen))


def _retry(asked: Asked, answer: Answer) -> Answer:
    waits = shows(asked, answer, {"processing"}) and answer.status == _ACCEPTED
    return headed(answer, Retry_After=str(asked.taken["poll_retry_after"])) if waits else answer


def _tagged(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("get") or answer.status >= 300:
        return answer
    tag = hashlib.sha256(json.dumps(answer.body, sort_keys=True).encode()).hexdigest()[:16]
    return headed(answer, ETag=f'"{tag}"')


async def _long_poll(asked: Asked, onward: Onward) -> Answer:
    """A read of a session in work is answered when that changes, or after a while."""
    if asked.of("get") and asked.namespace and asked.call.session_id:
        with contextlib.suppress(Problem):
            await _changed(asked, asked.call.session_id, int(asked.taken["long_poll_s"]))
    return await onward()


async def _changed(asked: Asked, session_id: str, seconds: float) -> None:
    """Return once a session is not in work; raises the Problem of a session that is not there."""
    service = asked.face.service
    until = asyncio.get_running_loop().time() + seconds
    with service.watch.of(session_id) as changed, asked.face.aside(), contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            while not asked.face.stopping and (await service.get(asked.namespace, session_id))[1] is State.PROCESSING:
                await changed.wait()
                changed.clear()


CHOICES = (
    Choice(
        "long_poll_s",
        "Seconds a read of a session in work is held back until that changes.",
        "Rule 3, §9.8: no clause says how soon a read is answered",
        (0, 1),
        around=_long_poll,
    ),
    Choice(
        "work_delay_ms",
        "Milliseconds before the work on an ended session begins.",
        "§6.3: no clause says how long processing takes",
        (0, 300, 1200),
    ),
    Choice(
        "read_lag_ms",
        "Milliseconds before a read of an open session shows an upload.",
        "Rule 3: a read may trail a write by 5 s",
        (0, 500, 1500),
        rewrites=_lagging,
        looks=True,
    ),
    Choice(
        "list_order",
        "The order of audio_files.",
        "E39: by number is recommended; leniently any",
        ("as they came", "by number"),
        ("reversed",),
        rewrites=_ordered,
        in_text=where(names_files),
    ),
    Choice(
        "open_status",
        "The status of a read of a session that is not ended.",
        "E19: 202; leniently 200",
        (202,),
        (200,),
        rewrites=_open_status,
        in_text=worded(_polls_with_200, (_OK,), (_ACCEPTED,), "E19: 200; leniently another 2xx"),
    ),
    Choice(
        "created_word",
        "The word for a new session.",
        "E18, SES-STATE-003: created; leniently initialized",
        ("created",),
        (_WORD,),
        rewrites=_created_word,
        in_text=where(has_aliases),
    ),
    Choice(
        "open_word",
        "The word that a read has for a session that is not ended.",
        "E18: initialized is disputed, and no failure in either reading",
        ("created or recording", _WORD),
        rewrites=_open_word,
        in_text=where(has_aliases),
    ),
    Choice(
        "processing_word",
        "The word that a read has for a session in work.",
        "E18: initialized is disputed, and no failure in either reading",
        ("processing", _WORD),
        rewrites=_processing_word,
        in_text=where(has_aliases),
    ),
    Choice(
        "open_data",
        "Whether reads before the end, and after the expiry, show what was passed with the session.",
        "E40: in every state; leniently when there are results",
        (True,),
        (False,),
        rewrites=_open_data,
        looks=True,
        # where all answers have to show it nothing is open (SES-DATA-002)
        in_text=where(expects_data),
    ),
    Choice(
        "no_data_processing",
        "What a read of a session in work shows where no additional_data was given.",
        "E51: {}; leniently nothing or null",
        ("{}",),
        ("absent", "null"),
        rewrites=_no_data_processing,
        looks=True,
        in_text=where(expects_data),
    ),
    Choice(
        "no_data_elsewhere",
        "The same in every other state.",
        "E51: {} or nothing; leniently null",
        ("{}", "absent"),
        ("null",),
        rewrites=_no_data_elsewhere,
        looks=True,
        in_text=where(expects_data),
    ),
    Choice(
        "poll_cache",
        "What reads say to caches.",
        "E65: no-store is recommended",
        ("no-store", "unsaid", "private, no-cache"),
        rewrites=_cached,
    ),
    Choice(
        "poll_retry_after",
        "The Retry-After of a 202, in seconds; 0 leaves it out.",
        "RFC 9110 §10.2.3; the text has no such header",
        (0, 1),
        rewrites=_retry,
        in_text=where(lambda spec: polled(spec) == _ACCEPTED),
    ),
    Choice(
        "poll_etag",
        "Whether reads have a validator.",
        "RFC 9110 §8.8.3; the text has no such header",
        (False, True),
        rewrites=_tagged,
    ),
)
