"""Choices of ids, stamps, credentials and versions."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

from mock_server import problems
from mock_server.choices.choice import Choice
from mock_server.choices.editing import error_code, headed, merged, recoded
from mock_server.settings import VERSIONS

if TYPE_CHECKING:
    from mock_server.api.answer import Answer
    from mock_server.choices.choice import Asked

_STAMPS = ("created_at", "expires_at", "completed_at", "expired_at")
_INDIA, _AMERICA = timezone(timedelta(hours=5, minutes=30)), timezone(timedelta(hours=-4))
#: What a session's id looks like by the list of §6.2, hyphens and underscores included.
_ID = re.compile(r"ses_[A-Za-z0-9_-]{12,28}\Z")


def spelled(told: str, style: object) -> str:
    """A stamp in a style of the choice."""
    moment = datetime.fromisoformat(told)
    match style:
        case "seconds":
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        case "+00:00":
            return moment.isoformat(timespec="seconds")
        case "+05:30":
            return moment.astimezone(_INDIA).isoformat(timespec="milliseconds")
        case "-04:00, microseconds":
            return moment.astimezone(_AMERICA).isoformat(timespec="microseconds")
        case _:
            return moment.strftime("%Y-%m-%dT%H:%M:%S")


def _stamped(asked: Asked, answer: Answer) -> Answer:
    if not asked.of("create", "get", "end") or not isinstance(answer.body, dict):
        return answer
    found = {name: told for name in _STAMPS if isinstance(told := answer.body.get(name), str)}
    return merged(answer, **{name: spelled(told, asked.taken["stamps"]) for name, told in found.items()})


def _one_spelling(asked: Asked, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    other = b"authorization" if asked.taken["credential"] == "X-API-Key" else b"x-api-key"
    return [(name, value) for name, value in headers if name != other]


def _unlooked(asked: Asked, answer: Answer) -> Answer:
    """A key that came in the header that is not looked at is told so."""
    required = problems.authentication_failed()
    if (
        not asked.namespace
        or error_code(answer) != required.code
        or answer.body["error"]["message"] != required.message
    ):
        return answer
    taken = str(asked.taken["credential"])
    other = "Authorization" if taken == "X-API-Key" else "X-API-Key"
    told = f"{required.message} {other} is not looked at here, and {taken} is (choice credential)."
    return merged(answer, error={**answer.body["error"], "message": told})


def _any_version(_asked: Asked, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name, value) for name, value in headers if name != b"msa-version"]


def _wrong_key(_asked: Asked, answer: Answer) -> Answer:
    wrong = error_code(answer) == "invalid_api_key"
    return recoded(answer, code="authentication_failed") if wrong else answer


def _challenged(_asked: Asked, answer: Answer) -> Answer:
    return headed(answer, WWW_Authenticate='ApiKey realm="scribe"') if answer.status == 401 else answer


def _malformed(asked: Asked, answer: Answer) -> Answer:
    found = asked.call.session_id
    if error_code(answer) != "session_not_found" or found is None or _ID.match(found):
        return answer
    return recoded(answer, status=int(asked.taken["malformed_id"]), code="invalid_request")


CHOICES = (
    Choice("id_length", "Characters of a session's id.", "E9: 16 to 32, both included", (28, 16, 20, 32)),
    Choice(
        "id_alphabet",
        "What a session's id is made of behind ses_.",
        "E8: the pattern; leniently hyphen and underscore, which §6.2 calls safe in URLs",
        ("lower case and digits", "both cases and digits", "digits"),
        ("hyphen and underscore",),
    ),
    Choice(
        "stamps",
        "Offset and fraction of every stamp.",
        "E66: RFC 3339; leniently without an offset. Rule 3: they may be cut to whole seconds",
        ("milliseconds", "seconds", "+00:00", "+05:30", "-04:00, microseconds"),
        ("no offset",),
        rewrites=_stamped,
    ),
    Choice(
        "credential",
        "Which header a key is looked for in.",
        "E47: X-API-Key, and the other one should work; leniently one of the two",
        ("either", "X-API-Key"),
        ("Authorization",),
        heads=_one_spelling,
        rewrites=_unlooked,
    ),
    Choice(
        "wrong_key_code",
        "The code of a key that is not valid.",
        "E48: either",
        ("invalid_api_key", "authentication_failed"),
        scope="server",
        rewrites=_wrong_key,
    ),
    Choice(
        "www_authenticate",
        "Whether a 401 names a scheme.",
        "RFC 9110 §11.6.1; the text has no such header",
        (False, True),
        scope="server",
        rewrites=_challenged,
    ),
    Choice("other_client", "What another client's session is refused with.", "E49: either", (404, 403)),
    Choice(
        "unknown_version",
        "What becomes of an MSA-Version that is not offered.",
        "VER-003: refusing it is a SHOULD",
        ("refused", "passed over"),
        heads=_any_version,
    ),
    Choice(
        "version_echo",
        "Whether answers name the version of the protocol.",
        "Rule 4: what the text does not know is legal",
        (False, True),
        rewrites=lambda _asked, answer: headed(answer, MSA_Version=VERSIONS[0]),
    ),
    Choice(
        "malformed_id",
        "What an id is refused with that can be no session's.",
        "E64: 404; leniently 400 or 422",
        (404,),
        (400, 422),
        rewrites=_malformed,
    ),
)
