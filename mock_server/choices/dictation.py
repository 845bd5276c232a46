"""Choices of the socket of live sessions: how it is refused, what is told over it, and how a session ends."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, cast

from mock_server.choices.choice import Choice
from mock_server.choices.clause import where
from mock_server.choices.naming import renamed

if TYPE_CHECKING:
    from mock_server.choices.choice import Taken
    from mock_server.conduct import Conduct

#: Values of choices that are asked for by more than one piece of code.
USUAL_ID, WORDS, NO_WORDS, ALL_TOLD, PLAIN = "sess_ and 16 hexadecimal digits", "word and text", "none", "all", "bare"
#: What becomes of messages, by the words of the choice: which are left out.
_UNTOLD: Final = {
    ALL_TOLD: frozenset[str](),
    "no partials": frozenset({"transcript.partial"}),
    "finals alone": frozenset({"transcript.partial", "vad.speech_start", "vad.speech_end"}),
}
#: Members of the last message that nobody has to tell.
_ACCOUNT: Final = frozenset({"transcript", "segments", "total_speech_duration", "total_duration"})
_BEFORE: Final = "before it is opened"


def listening(conduct: Conduct, taken: Taken) -> Conduct:
    """A conduct with the choices of the socket; what a fault does to a message is done after them."""
    usage = replace(
        conduct.live,
        new_id=lambda drawn: conduct.live.new_id(renamed(drawn, taken["live_id"])),
        meant=meant,
        refuses_first=taken["socket_refusal"] == _BEFORE,
        plain_codes=taken["close_codes"] == "1008",
        resumes_anew=taken["no_such_session"] == "a session of its own",
        forgives=taken["wrong_parameter"] == "the default",
        unheard=cast("Any", taken.get("enhanced_without_audio", conduct.live.unheard)),
        lost_completes=taken["lost_client"] == "completed",
        closed_interrupts=taken["closed_client"] == "interrupted",
        figures_s=float(taken["figures_s"]),
        keeps_former=taken["former_deletion"] == 409,
        tells_early=taken["active_downloads"] == "the transcript so far",
    )

    def tells(message: dict[str, Any]) -> dict[str, Any] | None:
        told = _told(message, taken)
        return None if told is None else conduct.tells(told)

    return replace(conduct, live=usage, tells=tells)


def _told(message: dict[str, Any], taken: Taken) -> dict[str, Any] | None:
    kind = message["type"]
    if kind in _UNTOLD[str(taken["told"])]:
        return None
    if kind == "session.begin" and taken["begin"] == PLAIN:
        return {name: value for name, value in message.items() if name != "config"}
    if kind == "session.end" and taken["account"] == PLAIN:
        return {name: value for name, value in message.items() if name not in _ACCOUNT}
    if kind == "transcript.final" and "words" in message and taken["final_words"] != WORDS:
        return _worded(message, str(taken["final_words"]))
    return message


def _worded(message: dict[str, Any], style: str) -> dict[str, Any]:
    """A final whose words have their text under one name, or that has no words."""
    if style == NO_WORDS:
        return {name: value for name, value in message.items() if name != "words"}
    other = "text" if style == "word" else "word"
    words = [{name: value for name, value in each.items() if name != other} for each in message["words"]]
    return message | {"words": words}


_PREFIX: Final = "sess_"
_DIGITS: Final = 16


def uuid_of(session_id: str) -> str:
    """The UUID that REST shows for the id of a socket in its usual form; any other id as it is (E1)."""
    digits = session_id.removeprefix(_PREFIX)
    try:
        given = bytes.fromhex(digits)
    except ValueError:
        return session_id
    if not session_id.startswith(_PREFIX) or len(digits) != _DIGITS:
        return session_id
    rest = hashlib.sha256(given).digest()
    return str(uuid.UUID(bytes=given[:6] + rest[:3] + given[6:] + rest[3:8], version=4))


def meant(shown: str) -> str:
    """The id of the socket that such a UUID belongs to; anything else as it is."""
    try:
        found = uuid.UUID(shown).bytes
    except ValueError:
        return shown
    named = f"{_PREFIX}{(found[:6] + found[9:11]).hex()}"
    return named if uuid_of(named) == shown else shown


CHOICES = (
    Choice(
        "live_id",
        "What the id of a live session looks like.",
        "Realtime E1: any text that names the session",
        (USUAL_ID, "a UUID", "digits", "22 letters"),
    ),
    Choice(
        "socket_refusal",
        "When a socket is refused whose key or parameter is wrong.",
        "Realtime E8, E18, E33: by a status before it is opened, or by a close code once it is",
        ("once it is open", _BEFORE),
    ),
    Choice(
        "close_codes",
        "The codes that such a socket is closed with.",
        "Realtime E33: any code; those of the field are recommended",
        ("4001 and 4400", "1008"),
        needs=("socket_refusal", ("once it is open",)),
    ),
    Choice(
        "wrong_parameter",
        "What becomes of a parameter with a value that it cannot have.",
        "Realtime E18: the socket is refused; leniently a session with the default is as good",
        ("refused",),
        ("the default",),
    ),
    Choice(
        "enhanced_without_audio",
        "What becomes of enhance_on_end without store_audio.",
        "Realtime E21: refused, or it counts for nothing, or audio is stored all the same",
        ("refused", "not enhanced", "kept"),
        in_text=where(lambda spec: "enhance_on_end" in spec.schemas["session_ended"]["properties"]),
    ),
    Choice(
        "no_such_session",
        "What becomes of a resume of a session that cannot be resumed.",
        "Realtime E13: refused, or a session begins that has no resumed_from",
        ("refused", "a session of its own"),
    ),
    Choice(
        "begin",
        "What session.begin has beside what is printed.",
        "Realtime E17: it is as printed; further members are free (rule 3)",
        ("the parameters", PLAIN),
    ),
    Choice(
        "told",
        "Which messages come beside session.begin, transcript.final and session.end.",
        "Realtime E17: other messages are free",
        tuple(_UNTOLD),
    ),
    Choice(
        "final_words",
        "How transcript.final has its words, where they are asked for.",
        "Realtime E17, E32: word, or no words; leniently text is as good",
        (WORDS, "word", NO_WORDS),
        ("text",),
    ),
    Choice(
        "account",
        "What session.end has beside the session's id, its length and where it is kept.",
        "Realtime E17: other messages are free",
        ("all that was said", PLAIN),
    ),
    Choice(
        "lost_client",
        "What the session is of a client whose connection is lost.",
        "Realtime E16: interrupted; leniently completed",
        ("interrupted",),
        ("completed",),
    ),
    Choice(
        "closed_client",
        "What the session is of a client that closes with 1000 and has said no end.",
        "Realtime E15: completed or interrupted",
        ("completed", "interrupted"),
    ),
    Choice(
        "figures_s",
        "Seconds of audio by which the figures of an active session may be late.",
        "Realtime E28: ten at most",
        (5, 1, 9),
    ),
    Choice(
        "former_deletion",
        "What the deletion of a session is answered that a later one resumed.",
        "Realtime E4: 200, and the link is cleared; or 409, and nothing is deleted",
        (200, 409),
    ),
    Choice("other_client", "What another client's session is refused with.", "Realtime E27: 404 or 403", (404, 403)),
)
#: Those of them that change what the server does, with those that answers are changed by too.
SOCKET: Final = frozenset({*(each.name for each in CHOICES), "active_downloads", "rest_id"})
