"""Scenarios of live sessions: sockets that are refused, break, lag or end, and what is missing of a session then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, cast

import scribe_data
from mock_server.dalston import parting
from mock_server.dalston.trouble import Mishap
from mock_server.scenarios import courses
from mock_server.scenarios.parameter import Parameter, seconds, seconds_of
from mock_server.scenarios.scenario import Absent, Scenario, absentees
from mock_server.scenarios.streams import CODE, LONGEST
from mock_server.served import LIVE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from mock_server.dalston.parting import Parting
    from mock_server.scenarios.parameter import Values

#: The operations of the document by their names there, and one that the server adds, as the server calls them.
OPERATIONS: Final = {name: f"{LIVE}.{name}" for name in (*scribe_data.protocol(LIVE).endpoints, "export")}
CREATE: Final = OPERATIONS["create"]
#: Those whose answers may be late, cut off or lost: sound comes piece by piece, and the socket is none of them.
DELIVERED: Final = tuple(name for name in OPERATIONS.values() if name not in (CREATE, OPERATIONS["audio"]))
#: What may happen to the opening of a socket, too.
OPENING: Final = frozenset({"slow_first_byte", "reset"})
#: A second of samples as most clients send them.
_SECOND: Final = 32_000
#: Real seconds by which a message may be late.
_LATEST_S: Final = 10
_MOST_LOST: Final = 10_000
#: Seconds that a transcript is said to be behind, at most.
_FURTHEST_S: Final = 3_600
_TOLD: Final = "A scenario is played."
_IDLE_S, _LONGEST_S, _BEHIND_S = 60.0, 3276.0, 30.0


def _after(sentence: str) -> Parameter:
    return Parameter("bytes", sentence, "integer", _SECOND, 0, LONGEST)


def _bytes(values: Values) -> int:
    return cast("int", values["bytes"])


def _ending(ends: Callable[[], Parting], *, removes: bool = False) -> Callable[[Values], Mishap]:
    return lambda values: Mishap(ends_at=_bytes(values), ends=ends, removes=removes)


#: Word of an end -> what it is, the code it is told with, and how it comes about.
_ENDS: Final[Mapping[str, tuple[str, Callable[[], Parting]]]] = {
    "lag_exceeded": ("The transcript is too far behind: 4010, error", lambda: parting.lagging(_BEHIND_S)),
    "no_capacity": ("Nothing can be recognised any more: 4503, error", lambda: parting.deaf(_TOLD)),
    "internal_error": ("The service breaks: 1011, error", parting.fallen),
    "storage_failed": ("Nothing can be stored any more: 1011, interrupted", lambda: parting.unkept(_TOLD)),
    "idle": ("The service has waited too long: 4408, interrupted", lambda: parting.idle(_IDLE_S)),
    "too_long": ("The session is as long as one may be: 4413, interrupted", lambda: parting.too_long(_LONGEST_S)),
    "rate_limit": ("The client says too much: 4429, interrupted", lambda: parting.babbled(_TOLD)),
    "removed": ("The session is removed while it is active: 4409, and nothing is left of it", parting.removed),
}
#: Word of a refusal -> how it comes about.
_REFUSALS: Final[Mapping[str, tuple[str, Callable[[], Parting]]]] = {
    "unauthorized": ("4001, as without a valid key", lambda: parting.stranger(_TOLD)),
    "forbidden": ("4003, as a key that is not for this", lambda: parting.scopeless(_TOLD)),
    "invalid_parameter": ("4400, as a parameter that cannot be", lambda: parting.bad(_TOLD)),
    "rate_limit": ("4429, as one too many of a tenant's", lambda: parting.crowded(_TOLD)),
    "no_capacity": ("4503, as where nobody is free to listen", lambda: parting.busy(_TOLD)),
}


def sockets() -> Iterable[Scenario]:
    """What becomes of a socket instead of a session."""
    for word, (told, ends) in _REFUSALS.items():
        yield Scenario(
            f"closed.{word}",
            f"A socket is opened, told {word}, and closed with {told}.",
            "Realtime E8, E18, E33",
            (CREATE,),
            closes=lambda _values, ends=ends: ends(),  # type: ignore[misc]  # one for each word
        )


def sessions() -> Iterable[Scenario]:
    """What goes wrong with a session while its socket is open."""
    for word, (told, ends) in _ENDS.items():
        yield Scenario(
            f"ended.{word}",
            f"{told}.",
            "Realtime E17, E33: an error that is not recoverable comes before the close",
            parameters=(_after("After how many bytes of audio; 0 is at once."),),
            mishap=_ending(ends, removes=word == "removed"),
        )
    yield Scenario(
        "stream_breaks",
        "The socket of a live session breaks after so many bytes of samples, and leaves it interrupted.",
        "Realtime Session Resume, E16: a client connects again with resume_session_id",
        parameters=(_after("Bytes of samples that are kept."), CODE),
        mishap=_broken,
    )
    yield Scenario(
        "processing_lag",
        "A warning tells that the transcript is behind; the session goes on.",
        "Realtime E17: a client may tell its user, and need not do anything",
        parameters=(
            Parameter("seconds", "How far behind it is told to be.", "number", 5, 0, _FURTHEST_S),
            _after("After how many bytes of audio; 0 is at once."),
        ),
        mishap=lambda values: Mishap(warns_at=_bytes(values), behind_s=seconds_of(values)),
    )
    yield Scenario(
        "slow_messages",
        "Each message of the socket comes late; what it tells was kept before.",
        "Realtime Statistics Tracking, E28: REST may know of an utterance that the socket has not told yet",
        parameters=(seconds("Real seconds before each message.", 1, _LATEST_S),),
        mishap=lambda values: Mishap(pause_s=seconds_of(values)),
    )
    yield Scenario(
        "no_partials",
        "Nothing is told of an utterance before it is over.",
        "Realtime E17: other messages than session.begin and transcript.final are free",
        mishap=lambda _values: Mishap(untold=frozenset({"transcript.partial"})),
    )
    yield Scenario(
        "utterance_lost",
        "The first utterances cannot be recognised: an error that is recoverable comes in the place of each.",
        "Realtime E17: the session goes on, and its transcript lacks them",
        parameters=(Parameter("utterances", "How many.", "integer", 1, 1, _MOST_LOST),),
        mishap=lambda values: Mishap(loses=cast("int", values["utterances"])),
    )


def _broken(values: Values) -> Mishap:
    code = cast("int | None", values["code"])
    return Mishap(ends_at=_bytes(values), ends=lambda: parting.cut(_TOLD, code), wordless=True)


def remains() -> Iterable[Scenario]:
    """What is missing of a session that is over."""
    for what, usual in (("audio", "store_audio"), ("transcript", "store_transcript")):
        yield Scenario(
            f"{what}_missing",
            f"A session with {usual} has no {what}: its details tell no address, and a download is 404.",
            "Realtime E5, E14, E19: 404 where nothing is stored",
            lacks=what,
        )
    yield Scenario(
        "enhancement_fails",
        "The batch session that enhance_on_end begins fails with processing_failed.",
        "Realtime E23: the job is linked, and its state is another document's",
        course=lambda _values: courses.failing("processing_failed"),
    )


def absent(others: Iterable[str], own: Mapping[str, Scenario]) -> Iterable[Absent]:
    """What other profiles have and live sessions do not, with the nearest that works there."""
    nearest = {
        "refused.authentication_failed": "refused.unauthorized",
        "refused.token_expired": "refused.unauthorized",
        "refused.invalid_api_key": "refused.unauthorized",
        "refused.session_not_accessible": "refused.forbidden",
        "refused.session_quota_exceeded": "closed.rate_limit",
        "refused.processing_failed": "ended.internal_error",
        "refused.results_not_available": "refused.transcript_not_available",
        "log_full": "ended.storage_failed",
        "stream_lags": "slow_messages",
        "transcript": "utterance_lost",
        "nothing_found": "transcript_missing",
        "partial": "utterance_lost",
        "expires_early": "ended.idle",
        "processes_for_ever": "slow_messages",
    }
    return absentees(others, own, nearest, _why)


def _why(name: str) -> tuple[str, str]:
    if name.startswith("refused."):
        return "its document has no such refusal", "refused.invalid_parameter"
    if name.startswith(("failed.", "template.")):
        return "no work follows on its sessions that could fail", "ended.internal_error"
    return "its sessions end with their sockets, and have nothing that it would be", "stream_breaks"
