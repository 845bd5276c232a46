"""Faults that show only after a certain sequence of requests: no single answer and no short walk meets them."""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from mock_server.api.answer import Answer
from mock_server.faults.making import edit, error, fault, recode, set_to, without

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from mock_server.faults.fault import Asked
    from mock_server.faults.making import Rewrite

#: Requests that are remembered: more than any sequence has.
_REMEMBERED = 512


@dataclass(frozen=True)
class Told:
    """One request that was answered; `count` is the number of files the answer shows."""

    operation: str
    session: str | None
    namespace: str | None
    status: int
    count: int | None = None

    @property
    def taken(self) -> bool:
        """Whether the honest answer was a success."""
        return self.status < 300


def _after(happened: Callable[[Sequence[Told], Told], bool], spoil: Rewrite, name: str) -> Rewrite:
    """Spoil an answer if what was asked before, and this, make a certain sequence."""

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        log: deque[Told] = asked.memory.setdefault(name, deque(maxlen=_REMEMBERED))
        count = answer.body.get("audio_files_received") if isinstance(answer.body, dict) else None
        now = Told(asked.operation, asked.session_id, asked.namespace, answer.status, count)
        before = tuple(log)
        log.append(now)
        return spoil(asked, answer) if happened(before, now) else answer

    return rewrite


def _of(before: Sequence[Told], now: Told, operation: str, *, taken: bool = True) -> list[Told]:
    """The earlier requests of one operation about the same session."""
    return [t for t in before if (t.operation, t.session, t.taken) == (operation, now.session, taken)]


def _is(now: Told, operation: str, *, taken: bool = True) -> bool:
    return now.operation == operation and now.taken is taken


def _third_file(before: Sequence[Told], now: Told) -> bool:
    return _is(now, "upload") and len(_of(before, now, "upload")) == 2


def _after_another(before: Sequence[Told], now: Told) -> bool:
    """A read of a session with audio, right after another session of this client was given a file."""
    mine = [t for t in before if t.namespace == now.namespace and t.session]
    other = bool(mine) and _is(mine[-1], "upload") and mine[-1].session != now.session
    return _is(now, "get") and other


def _end_after_refused_end(before: Sequence[Told], now: Told) -> bool:
    return _is(now, "end") and bool(_of(before, now, "end", taken=False))


def _read_twice(before: Sequence[Told], now: Told) -> bool:
    mine = [t for t in before if t.session == now.session]
    return _is(now, "get") and bool(mine) and _is(mine[-1], "get") and bool(_of(before, now, "upload"))


def _every_ninth_read(before: Sequence[Told], now: Told) -> bool:
    return _is(now, "get") and sum(_is(t, "get") for t in before) % 9 == 8


def _a_name_twice(before: Sequence[Told], now: Told) -> bool:
    files = [t.count for t in _of(before, now, "upload")]
    return _is(now, "end") and len(files) != len(set(files))


def _read_after_two_ends(before: Sequence[Told], now: Told) -> bool:
    return _is(now, "get") and len([t for t in before if t.operation == "end" and t.session == now.session]) > 1


def _stranger(before: Sequence[Told], now: Told, operation: str) -> list[Told]:
    """What another client was refused of this session before."""
    owner = next((t.namespace for t in before if t.session == now.session and t.taken), now.namespace)
    return [t for t in _of(before, now, operation, taken=False) if t.namespace not in {None, owner}]


def _stranger_comes_back(before: Sequence[Told], now: Told) -> bool:
    return _is(now, "get", taken=False) and any(t.namespace == now.namespace for t in _stranger(before, now, "upload"))


def _file_after_a_stranger(before: Sequence[Told], now: Told) -> bool:
    return _is(now, "upload") and bool(_stranger(before, now, "upload")) and bool(_of(before, now, "upload"))


def _read_after_a_nameless_end(before: Sequence[Told], now: Told) -> bool:
    refused = [place for place, t in enumerate(before) if t.session == now.session and _is(t, "end", taken=False)]
    return _is(now, "get") and bool(refused) and bool(_of(before[refused[0] :], now, "upload"))


def _third_read_at_rest(before: Sequence[Told], now: Told) -> bool:
    ends = [place for place, t in enumerate(before) if t.session == now.session and _is(t, "end")]
    return (
        _is(now, "get") and bool(ends) and len([t for t in _of(before[ends[0] :], now, "get") if t.status == 200]) == 2
    )


def _another_id(body: dict[str, Any]) -> None:
    body["session_id"] = "ses_" + "0" * 16


def _one_more(body: dict[str, Any]) -> None:
    body["audio_files_received"] += 1


def _from_ten(body: dict[str, Any]) -> None:
    if body.get("audio_files_received", 0) >= 10:
        body["audio_files_received"] -= 1


def _shown_to_strangers(asked: Asked, _answer: Answer) -> Answer:
    return Answer(200, {"session_id": asked.session_id, "status": "recording"})


def _other_words(_asked: Asked, answer: Answer) -> Answer:
    if not isinstance(answer.body, dict) or answer.body.get("status") != "completed":
        return answer
    return replace(answer, body=deepcopy(answer.body) | {"transcript": "Something else was said."})


def _deep(name: str, vice: str, *breaks: str, when: Callable[[Sequence[Told], Told], bool], spoil: Rewrite) -> Any:
    return fault(name, vice, *breaks, rewrite=_after(when, spoil, name))


_SHIFTED = set_to("created_at", "2020-01-01T00:00:00Z")

FAULTS = (
    _deep(
        "tires_of_the_third_file",
        "the third file of a session is refused, though it is kept",
        "AUD-007",
        "AUD-032",
        "SES-GET-025",
        "SES-END-007",
        when=_third_file,
        spoil=lambda _asked, _answer: error(409, "session_ended"),
    ),
    _deep(
        "mixes_up_neighbours",
        "a read right after another session was sent a file shows another id",
        "SES-GET-008",
        "SES-ID-006",
        when=_after_another,
        spoil=edit("get", _another_id),
    ),
    _deep(
        "miscodes_an_end_after_a_refused_one",
        "an end that is taken after one that was refused is answered 200",
        "SES-END-002",
        when=_end_after_refused_end,
        spoil=recode("end", 200, status=202),
    ),
    _deep(
        "forgets_its_id_at_the_second_read",
        "the second of two reads of a session with audio has no session_id",
        "SES-GET-005",
        "SES-GET-008",
        when=_read_twice,
        spoil=edit("get", without("session_id"), status=202),
    ),
    fault(
        "miscounts_from_ten",
        "ten files and more are counted one short",
        "SES-GET-015",
        "SES-END-007",
        rewrite=edit("get end", _from_ten),
    ),
    _deep(
        "stammers_at_every_ninth_read",
        "every ninth read has no status",
        "SES-GET-005",
        "SES-GET-008",
        "SES-GET-010",
        "SES-PART-001",
        "SES-PART-002",
        "SES-PART-003",
        "EXT-001",
        when=_every_ninth_read,
        spoil=edit("get", without("status")),
    ),
    _deep(
        "counts_a_replaced_file_twice",
        "an end counts a file that was sent twice under its name as two",
        "SES-GET-015",
        when=_a_name_twice,
        spoil=edit("end", _one_more, status=202),
    ),
    _deep(
        "is_reborn_at_the_second_end",
        "once an end was followed by another, created_at is another",
        "SES-GET-022",
        "SES-GET-024",
        when=_read_after_two_ends,
        spoil=edit("get", _SHIFTED),
    ),
    _deep(
        "lets_in_who_was_refused",
        "a client whose upload to a foreign session was refused can read it afterwards",
        "AUTH-006",
        "AUTH-007",
        "AUTH-026",
        when=_stranger_comes_back,
        spoil=_shown_to_strangers,
    ),
    _deep(
        "is_deaf_after_a_stranger",
        "after another client's upload was refused, so is the owner's next one, though it is kept",
        "AUD-007",
        "AUD-032",
        "SES-GET-025",
        "SES-END-007",
        when=_file_after_a_stranger,
        spoil=lambda _asked, _answer: error(403, "forbidden"),
    ),
    _deep(
        "loses_data_after_a_refused_end",
        "after a refused end and a further file, additional_data is empty",
        "SES-DATA-001",
        when=_read_after_a_nameless_end,
        spoil=edit("get", set_to("additional_data", {})),
    ),
    _deep(
        "rewords_at_the_third_read",
        "the third read of the results has another transcript",
        "SES-GET-022",
        when=_third_read_at_rest,
        spoil=_other_words,
    ),
)
