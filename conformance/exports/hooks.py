"""Hooks for Schemathesis: real audio in every format the document names, and what of a refusal is a matter of state.

    scribe-conformance openapi --output scribe.json --hooks scribe_hooks.py
    export SCHEMATHESIS_HOOKS=./scribe_hooks.py
    schemathesis run scribe.json --url https://api.scribe.example.com/v1 -H 'X-API-Key: KEY'

The document of another profile (`openapi --profile prsm`) takes the same hooks.

The file needs Schemathesis 4.32 and nothing else. Where the kit is installed, the module's name does the same:
SCHEMATHESIS_HOOKS=conformance.exports.hooks. Every check stays on;
`filter_failure` drops single findings and says why.
"""

from __future__ import annotations

import base64
import io
import json
import math
import struct
import wave
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import schemathesis
from hypothesis import strategies

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

#: A quarter of a second of a tone, as small as each format has it.
_TONES: Mapping[str, str] = {
    "audio/webm": """
        GkXfo59ChoEBQveBAULygQRC84EIQoKEd2VibUKHgQRChYECGFOAZwEAAAAAAALdEU2bdLpNu4tTq4QVSalmU6yBoU27i1OrhBZUrmtTrIHY
        TbuMU6uEElTDZ1OsggFCTbuMU6uEHFO7a1OsggLH7AEAAAAAAABZAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAVSalmsirXsYMPQkBNgI1MYXZmNjIuMTIuMTAyV0GNTGF2
        ZjYyLjEyLjEwMkSJiEBwgAAAAAAAFlSua+WuAQAAAAAAAFzXgQFzxYj0iEHXII9EGpyBACK1nIN1bmSIgQCGhkFfT1BVU1aqg2MuoFa7hATE
        tACDgQLhkZ+BAbWIQL9AAAAAAABiZIEQY6KTT3B1c0hlYWQBATgBQB8AAAAAABJUw2fYc3OgY8CAZ8iaRaOHRU5DT0RFUkSHjUxhdmY2Mi4x
        Mi4xMDJzc7JjwItjxYj0iEHXII9EGmfIoUWjiERVUkFUSU9ORIeTMDA6MDA6MDAuMjY0MDAwMDAwAB9DtnVBIueBB6OXgQAAgAiDyo5mj6D0
        lJ2qr2tS/xxUfbyjnIEAFIAIr5cQTLKilBssTbDzFY0wL62lksrma1ijkoEAKIAIpQcr80VQTfAjqvihsKORgQA8gAimX1k7ESzAupo39o2j
        k4EAUIAIpRAgTlkYrmwFKDrVBkCjlYEAZIAIpQb2DQaenYLuCx4LRdO8laOTgQB4gAilLxmdPlqTP7a1d/R0QKOSgQCMgAimWIkMUo5SwCLr
        YAToo5CBAKCACKZYiQxSioKklUSQo5GBALSACKUQIE5ZGK5sbW47gKOSgQDIgAilBvYNBp6dUxN1b7bxo5GBANyACKUQIE5ZGL//Ff5lMKCe
        oZOBAPAACKamhkQioqVb8Vb7gJvAm4ERdaKDNWfgHFO7a5G7j7OBB7eK94EB8YIBn/CBAw==
    """,
    "audio/ogg": """
        T2dnUwACAAAAAAAAAADCmgj7AAAAADdMFlIBE09wdXNIZWFkAQE4AUAfAAAAAABPZ2dTAAAAAAAAAAAAAMKaCPsBAAAA8xajzgE2T3B1c1Rh
        Z3MNAAAATGF2ZjYyLjEyLjEwMgEAAAAVAAAAZW5jb2Rlcj1MYXZmNjIuMTIuMTAyT2dnUwAEUDEAAAAAAADCmgj7AgAAAOjpXVcNExgODQ8R
        Dw4MDQ4NDwiDyo5mj6D0lJ2qr2tS/xxUfbwIr5cQTLKilBssTbDzFY0wL62lksrma1gIpQcr80VQTfAjqvihsAimX1k7ESzAupo39o0IpRAg
        TlkYrmwFKDrVBkAIpQb2DQaenYLuCx4LRdO8lQilLxmdPlqTP7a1d/R0QAimWIkMUo5SwCLrYAToCKZYiQxSioKklUSQCKUQIE5ZGK5sbW47
        gAilBvYNBp6dUxN1b7bxCKUQIE5ZGL//Ff5lMAimpoZEIqKlW/FW+4CbwA==
    """,
    "audio/mpeg": """
        SUQzBAAAAAAAI1RTU0UAAAAPAAADTGF2ZjYyLjEyLjEwMgAAAAAAAAAAAAAA/+M4wAAAAAAAAAAAAEluZm8AAAAPAAAABgAAAogAcXFxcXFx
        cXFxcXFxcXFxcY6Ojo6Ojo6Ojo6Ojo6Ojo6OqqqqqqqqqqqqqqqqqqqqqsfHx8fHx8fHx8fHx8fHx8fH4+Pj4+Pj4+Pj4+Pj4+Pj4+P/////
        ////////////////AAAAAExhdmYAAAAAAAAAAAAAAAAAAAAAACQDcAAAAAAAAAKI5Cj+QwAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA
        AAAAAAAAAAAAAAAAAAAAAAAA/+MYxAALIALiWUEAAkQHLgP/wAfB8H8EInB85ghg+H8EAQ1g+///AjtAf4EOZAH+BDmgH+BHc/0e9cMMMAAI
        k/zDnR//m//6/+MYxA4QoOasUZooAFCgk2yZYNrooMN0bZDPoTgOvWAnn9rU1N/////gKAIAiQeD3/4iHQ6DQVO/yoiCoKiI9/61///7j/Na
        /+MYxAYOoHJAAd4AAJuEAEAQwDwODBNAGMEwH8w6iczZAH4OjUp4xxx4jEuDnMMIXsGhPmCEAaW9aM21NHbQK/6F///+xBwI/+MYxAYOmHJM
        AV4AARV8gUAEwDwDTAABIMG4KAxNCCjH0mkNH8F8wnQXTAtBPMBUJ0wFwJTA5AbBQA7F38jE5UEKr1oo01dK/+MYxAYOkMKgAZowAIEsCIgO
        W+YhUsfc2W4gYKBDUuk6VdYZVs7FjP3ZdmIRvX/+fd/WNSJFmfzIBEaP+BhZJgVqTEoyuciS/+MYxAYNILmwAcwAAHrqYcQIhS4IQEh2bEES
        hKMrnIknsBk7lprWs5Va7zS57VtvER4FRgc8q4tO+WlaTEFNRTMuMTAwqqqq
    """,
    "audio/mp4": """
        AAAAHGZ0eXBpc29tAAACAGlzb21pc28ybXA0MQAAAAhmcmVlAAACNm1kYXTeAgBMYXZjNjIuMjguMTAyAAJQpVmgibU5/r97lt1JaRESIkRI
        g0dpHY2xdjbF0lo3SWjdJaN2NxrxdzD2F5zhWI6O2b0ly6pPGnaE9Pvfkfo/wu2wF/ZONa1U2lNamtMlMzmZzLRLRLRJQMDAwMDIkSKU2bNy
        gyJFLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL
        LLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLwASac2H8MS8FMU7Fp4Lf/2//v+PPF3qeedZ/x//W/+/69cavi7J/2
        //q/+v79a1rVyR/8f/0v/P/Hm9a1dliVM2vXr16565py1uDXhAu/NuT60nSpip3p53p53p53p51PMnVOp5nynUp56eeef6PfKdUxPOpnnCi8
        hg9wgaQmqTbc+tt1ltmTLV0kVukit0kVu3ioTUBhwSElboMSCSpWEGRBJxrIGzOXcOVg3w9UUsw5mEBYLg1tGokDEgYGBgYkbJEgb0YFOY0k
        +AEgnbU7GD+A/D/+7/3/088XrUriT//F3r8cal8XclgJBgmCOBaltMnAkGOBIMEhIMEhISDEgloJCQYGCQkJusjiuE1R0TppgE5ue8nECbAE
        Zr1MZAzGwufmTiGn8w4fsGn8w4fhpA/Lh+FQD8uH4avyADgAAAMbbW9vdgAAAGxtdmhkAAAAAAAAAAAAAAAAAAAD6AAAAPoAAQAAAQAAAAAA
        AAAAAAAAAAEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAgAAAkV0cmFrAAAA
        XHRraGQAAAADAAAAAAAAAAAAAAABAAAAAAAAAPoAAAAAAAAAAAAAAAEBAAAAAAEAAAAAAAAAAAAAAAAAAAABAAAAAAAAAAAAAAAAAABAAAAA
        AAAAAAAAAAAAAAAkZWR0cwAAABxlbHN0AAAAAAAAAAEAAAD6AAAEAAABAAAAAAG9bWRpYQAAACBtZGhkAAAAAAAAAAAAAAAAAAAfQAAAC9BV
        xAAAAAAALWhkbHIAAAAAAAAAAHNvdW4AAAAAAAAAAAAAAABTb3VuZEhhbmRsZXIAAAABaG1pbmYAAAAQc21oZAAAAAAAAAAAAAAAJGRpbmYA
        AAAcZHJlZgAAAAAAAAABAAAADHVybCAAAAABAAABLHN0YmwAAAB+c3RzZAAAAAAAAAABAAAAbm1wNGEAAAAAAAAAAQAAAAAAAAAAAAEAEAAA
        AAAfQAAAAAAANmVzZHMAAAAAA4CAgCUAAQAEgICAF0AVAAAAAAAuIQAALiEFgICABRWIVuUABoCAgAECAAAAFGJ0cnQAAAAAAAAuIQAALiEA
        AAAgc3R0cwAAAAAAAAACAAAAAgAABAAAAAABAAAD0AAAABxzdHNjAAAAAAAAAAEAAAABAAAAAwAAAAEAAAAgc3RzegAAAAAAAAAAAAAAAwAA
        APEAAADKAAAAcwAAABRzdGNvAAAAAAAAAAEAAAAsAAAAGnNncGQBAAAAcm9sbAAAAAIAAAAB//8AAAAcc2JncAAAAAByb2xsAAAAAQAAAAMA
        AAABAAAAYnVkdGEAAABabWV0YQAAAAAAAAAhaGRscgAAAAAAAAAAbWRpcmFwcGwAAAAAAAAAAAAAAAAtaWxzdAAAACWpdG9vAAAAHWRhdGEA
        AAABAAAAAExhdmY2Mi4xMi4xMDI=
    """,
    "audio/flac": """
        ZkxhQ4AAACICQAJAAACwAAEnAfQA8AAAB9CHmxzqo8ss72t7GxxLrR////gkCADKTgAABV8KlQ97E+sXwxrlHTvmMmaIqJi/SNjzfsGh7T56
        gDrKSiUWWSxMRi6ri6yYmWTCMSJiWUqEYI0mIYEGFyi4tEsSYRhMLIwQYJkxGEMEaVomSlCoIYIwRiTCMWXk8XYjFliYmLJaSUViYjE1ay6l
        SiZRSUSLKLVLlllxMTCZJJEskixMWWIwnYnFqSYQwqEwQYEZKWSyuJwjCMRlhDBDFiYRghhUisXKTSMEMIYThGEyyLETJEwmWTExMuKqWiYm
        ExSKLJJSUsWtUuy1lJRKLLJYmIxdVxdZMTLJhGJExLKVCMEaTEMCDC5RcWiWJMIwmFkYIMEyYjCGCNK0TJShUEMEYIxJhGLLyeLsRiyxMTFk
        tJKKxMBFif/4JAgBzU7lnujj7NnxYfZY+5kA+wZW5jG/hqKzxvihh13ZotB+KwA4tUqUTLLVKJllqlpZZaJiYRlKiWUliMTLEYTWE0tSTCGF
        omCDAhiksrKouEYQwjEwhgQwmEwjBBhdFYtKWSYIYIYI0IwjFksk0iYRiYmIwmTRVJaJiYRi0smUlJSxZZSUsWWUlFRZZWJiMLUlxaomExZM
        IxRGKilQjBGViGBBgmqLRaSyTCMEYTEYIMEYjEYQwIyS0TKlFwhghghhTCMJlxcLsRhMTEwjFitJUViYjCZUWLVKlEyy1SiZZapaWWWiYmEZ
        SollJYjEyxGE1hNLUkwhhaJggwIYpLKyqLhGEMIxMIYEMJhMIwQYXRWLSlkmCGCGCNCMIxZLJNIm2GP/+CQIAsRO47rh3ODk4NnhvOOF5ijp
        j+YzUYJWqB8+kN/+5+HcvnaAIWKQkklETExGXzRqrSliihIiShZZVa2mmpiYjCkSKIUShMJlkxDKhltdQjBMiwmAhgpFFxNKajEMRiZGCDAm
        LCYIwJkJSJla08QYQYQymEYskhSCkgmFlkxGTW6qXiYmFkSFBSSKlE1p30mWWkiiFChSExMI1dra5MRiyxMFpAshRJJhDF5GIGCGrWSxUhSC
        YJhMWEMCDEyMQwgxblYtFFCJgRgRgtCMJl01GqMRlliYWKQkklETExGXzRqrSliihIiShZZVa2mmpiYjCkSKIUShMJlkxDKhltdQjBMiwmAh
        gpFFxNKajEMRiZGCDAmLCYIwJkJSJla08PhC//h0CAMBDxBO/Bb20PHR7T3pOeXi41LhnuWZA7/6abdYGQJOmiGVvx0AXIpqbMZCCMyCU1bo
        6FxYr9f/LWpuNDMxkERkRNNc8ev1X+LulZGZCEYyCZmpFI+/Var9fVR25IajYyDYhEbJuQ7PaVApB8tnSQmZDIQSBKE5qZxDsVD4VAqP/L2q
        IhMYmCUMoSsykdHneqX+lR07U1EgmIZiMzZE6Ox8/70t9tmiQ2MguPE=
    """,
}
#: Codes of a refusal that says: valid, but not in the state this session is in, or not after what it holds.
_OF_STATE = frozenset(
    {
        "session_ended",
        "session_expired",
        "invalid_request",
        "audio_too_short",
        "audio_quality_poor",
        "language_unsupported",
    }
)
#: Where research sessions are, and what they say of a state that does not take a request.
_RESEARCH = "/api/v1/sessions"
_WORDS_OF_STATE = frozenset({"session_cannot_be_cancelled", "session_cannot_be_paused", "session_cannot_be_resumed"})
#: Operations that some states refuse (lifecycle: cells of upload and end), and members of a create that lists fill.
_STATEFUL = ("/audio", "/audio/{file_name}", "/end")
_LISTS = ("templates", "language_hint", "transcript_language")
#: What is left to a service: templates it does not have, and each format beyond the two it has to take.
_OF_OFFER = frozenset({"invalid_template", "template_not_found", "language_unsupported"})
_ANY_TWO = "invalid_audio_format"
#: What a create may leave out, or say in more than one form, in one part of the text and not in another.
_SAID, _DISPUTED = ("upload_type", "communication_protocol"), ("model", "language_hint", "transcript_language")
_OPTIONAL = (*_SAID, *_DISPUTED, "additional_data")
#: No text says how many entries a list may have or how long an id may be: no service has to take more than these.
_MOST, _LONGEST = 16, 64
_DISCOVERY, _FORM, _VERSION = "/.well-known/medscribealliance", "multipart/form-data", "0.1"


def wav(seconds: float = 0.25, rate: int = 8000) -> bytes:
    """A tone as a WAV file of 16 bits, mono."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        tone = (round(8000 * math.sin(2 * math.pi * 220 * at / rate)) for at in range(int(seconds * rate)))
        file.writeframes(b"".join(struct.pack("<h", sample) for sample in tone))
    return out.getvalue()


AUDIO: Mapping[str, bytes] = {
    "audio/wav": wav(),
    **{name: base64.b64decode("".join(text.split())) for name, text in _TONES.items()},
    "application/octet-stream": wav(),
}

for _name, _content in AUDIO.items():
    schemathesis.openapi.media_type(_name, strategies.just(_content))


@schemathesis.hook
def filter_body(context: Any, body: Any) -> bool:  # noqa: ARG001 - Schemathesis calls it so
    """Draw no create request with longer lists or ids than any service has to take."""
    if not isinstance(body, dict):
        return True
    return not any(_too_long(body.get(member)) for member in _LISTS)


def _too_long(entries: Any) -> bool:
    if not isinstance(entries, list):
        return False
    return len(entries) > _MOST or any(isinstance(entry, str) and len(entry) > _LONGEST for entry in entries)


@schemathesis.hook
def filter_path_parameters(context: Any, path_parameters: Any) -> bool:  # noqa: ARG001 - as above
    """Draw no file name with characters that do not show: no text says that a service takes them."""
    name = path_parameters.get("file_name", "") if isinstance(path_parameters, dict) else ""
    return not isinstance(name, str) or unquote(name).isprintable()


@schemathesis.hook
def before_init_operation(context: Any, operation: Any) -> None:  # noqa: ARG001 - as above
    """Ask the host itself for discovery: `--url` is where the other operations are."""
    if operation.path == _DISCOVERY and operation.base_url:
        parts = urlsplit(operation.base_url)
        operation.base_url = f"{parts.scheme}://{parts.netloc}"


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:  # noqa: ARG001 - as above
    """Name the file of a raw body, which a form has in its part: the document cannot ask for a header of one type."""
    kind = case.media_type or _FORM
    if case.operation.path.endswith("/audio") and not kind.startswith(_FORM):
        ending = kind.rpartition("/")[2] if kind in _TONES else "wav"
        case.headers["Content-Disposition"] = f'attachment; filename="audio_0.{ending}"'


@schemathesis.hook
def filter_failure(context: Any, failure: Any, case: Any, response: Any) -> bool:  # noqa: ARG001 - as above
    """Drop what the protocol does not say, or says of a state of the session and not of the request."""
    checks: Iterable[str] = type(failure).checks
    if "positive_data_acceptance" in checks:
        path = case.operation.path
        if path.startswith(_RESEARCH):
            return not _refused_by_relation(case, response)
        return not (_refused_by_state(path, response) or (path == "/sessions" and _refused_by_offer(case, response)))
    if "negative_data_rejection" in checks:
        return not _may_be_passed_over(case)
    if "unsupported_method" in checks:
        # No text says what a method gets that it does not define: a service may offer more than the protocol.
        return bool(response.status_code >= 500)
    return True


def _may_be_passed_over(case: Any) -> bool:
    """Whether a service may take what is not valid: another version (a SHOULD), null for what may be left out."""
    if (case.headers or {}).get("MSA-Version", _VERSION) != _VERSION:
        return True
    # No text says whether null is the same as leaving a member out.
    return isinstance(case.body, dict) and any(case.body.get(member, "") is None for member in _OPTIONAL)


def _refused_by_state(path: str, response: Any) -> bool:
    """Whether a valid request met a session that is past it, or a way of uploading that a service need not offer."""
    if response.status_code == 410 or (response.status_code == 405 and "/audio" in path):
        return True
    code = _code(response)
    if not path.endswith(_STATEFUL):
        return False
    if code == _ANY_TWO:
        return "/audio" in path
    return code in _OF_STATE and (code != "invalid_request" or "/end" in path)


def _refused_by_relation(case: Any, response: Any) -> bool:
    """Whether a research session refused what is valid in itself: not in its state, or not with another value.

    A budget may lie below the estimate, an end before its beginning, and an expiration in the past.
    """
    word = _said(response, lambda told: told["error"])
    if word in _WORDS_OF_STATE:
        return True
    query, body = case.query or {}, case.body if isinstance(case.body, dict) else {}
    related = {"date_from", "date_to"} <= query.keys() or "expiration" in body or "budget" in body
    # a service may want a type (E4)
    return word == "invalid_request" and (related or ("prompt" in body and "session_type" not in body))


def _refused_by_offer(case: Any, response: Any) -> bool:
    """Whether a create was refused that asks for what a service may lack, or has a form only part of the text has."""
    code, body = _code(response), case.body
    if code is None or not isinstance(body, dict):
        return False
    agreed = (
        all(member in body for member in _SAID)
        and body["communication_protocol"] == "http"
        and not any(member in body for member in _DISPUTED)
        and 0 < len(body["templates"]) <= 2
    )
    return code in _OF_OFFER or not agreed


def _code(response: Any) -> str | None:
    """The code of a refusal as not valid."""
    return _said(response, lambda told: told["error"]["code"])


def _said(response: Any, where: Callable[[Any], Any]) -> str | None:
    if response.status_code not in (400, 422):
        return None
    try:
        code = where(json.loads(response.content))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return code if isinstance(code, str) else None
