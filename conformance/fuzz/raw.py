"""Bodies and heads that no generator makes: what is not JSON, or hardly, and odd ways to send what is."""

from __future__ import annotations

import gzip
import json
from functools import partial
from typing import TYPE_CHECKING

from conformance.drive.forms import PASSED
from conformance.evidence import Layer
from conformance.fuzz.case import Case
from conformance.fuzz.sending import Sending
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.drive.driver import Driver

#: A member no create has, where none comes back.
_UNKNOWN = "x_member_nobody_knows"
_JSON = ("Content-Type", "application/json")
#: Deeper than any parser's own stack allows; more members and characters than any consultation has.
_DEEP, _MANY, _LONG = 20_000, 20_000, 100_000
#: A head as long as common servers take, and one over it.
_HEAD = 40_000


def with_data(body: Mapping[str, object], data: str, member: str = PASSED) -> bytes:
    """A create body whose pass-through member has a member with this text as its value."""
    whole = json.dumps({name: value for name, value in body.items() if name != member})
    return f'{whole[:-1]}, "{member}": {{"x": {data}}}}}'.encode()


def bodies(body: Mapping[str, object], member: str = PASSED) -> Mapping[str, bytes]:
    """The texts of `syntax` in the tables of the revision, by name.

    `body` is one that is taken, `member` the one whose content comes back.
    """
    holding = partial(with_data, body, member=member)
    plain = json.dumps(dict(body))
    inner = plain[1:-1]
    return {
        "cut off": plain[:-1].encode(),
        "plain words": b"templates=soap&upload_type=chunked",
        "two values": f"{plain} {plain}".encode(),
        "an unquoted name": f"{{x: 0, {inner}}}".encode(),
        "a trailing comma": f"{{{inner},}}".encode(),
        "a comment": f"{{/* x */ {inner}}}".encode(),
        "NaN": holding("NaN"),
        "Infinity": holding("[Infinity, -Infinity]"),
        "a number beyond doubles": holding("1e400"),
        "a number of a thousand digits": holding("9" * 1_000),
        "a negative zero": holding("-0.0"),
        "a lone surrogate": holding('"\\ud800"'),
        "a surrogate as bytes": holding('"@"').replace(b"@", b"\xed\xa0\x80"),
        "an overlong encoding": holding('"@"').replace(b"@", b"\xc0\x80"),
        "a NUL in a string": holding('"\\u0000"'),
        "a raw control character": holding('"\x01"'),
        "a member twice": f"{{{inner}, {inner}}}".encode(),
        "a nested member twice": holding('{"x": 1, "x": 2}'),
        "deep arrays": holding("[" * _DEEP + "]" * _DEEP),
        "deep objects": holding('{"x":' * _DEEP + "0" + "}" * _DEEP),
        "deep and cut off": b"[" * _DEEP,
        "a byte order mark": b"\xef\xbb\xbf" + plain.encode(),
        "UTF-16": plain.encode("utf-16"),
        "Latin-1": holding('"@"').replace(b"@", b"\xe9"),
        "odd white space": f"\u00a0\u2003{plain}".encode(),
        "a very long string": holding(json.dumps("x" * _LONG)),
        "very many members": holding(json.dumps({f"x{place}": 0 for place in range(_MANY)})),
        "a member that objects inherit": holding('{"__proto__": {"x": 0}, "constructor": 0}'),
    }


def heads(body: Mapping[str, object], create: str = "/sessions", read: str | None = "/templates") -> Iterator[Case]:
    """Odd ways to send what is valid: each of them HTTP, none of them usual.

    `create` is where a session is made, `read` a list that is there for everybody, where there is one.
    """
    plain = json.dumps(dict(body)).encode()

    def posted(how: str, content: bytes, *headers: tuple[str, str]) -> Case:
        return Case(Operation.CREATE, "POST", create, headers, "", content, Probe.ODD_TRANSPORT, "", how, "raw")

    yield posted("gzip", gzip.compress(plain, mtime=0), _JSON, ("Content-Encoding", "gzip"))
    yield posted("gzip that is none", plain, _JSON, ("Content-Encoding", "gzip"))
    yield posted("a coding nobody knows", plain, _JSON, ("Content-Encoding", "x-nobody"))
    yield posted("no type", plain)
    yield posted("a wrong charset", plain, ("Content-Type", "application/json; charset=utf-16"))
    yield posted("a charset nobody knows", plain, ("Content-Type", "application/json; charset=x-nobody"))
    yield posted("in pieces, without a length", plain, _JSON, ("Transfer-Encoding", "chunked"))
    yield posted("with Expect: 100-continue", plain, _JSON, ("Expect", "100-continue"))
    yield posted("with an expectation nobody knows", plain, _JSON, ("Expect", "x-nobody"))
    yield posted("with a very long header", plain, _JSON, ("X-Long", "x" * _HEAD))
    yield posted("with very many headers", plain, _JSON, *((f"X-Many-{place}", "x") for place in range(200)))
    yield posted("asking for a type nobody has", plain, _JSON, ("Accept", "x-nobody/x-nobody"))
    yield posted("asking for a part", plain, _JSON, ("Range", "bytes=0-0"))
    yield posted("on a condition", plain, _JSON, ("If-Match", '"x"'))
    yield posted("with another method inside", plain, _JSON, ("X-HTTP-Method-Override", "DELETE"))
    if read is not None:
        yield Case(
            Operation.TEMPLATES, "GET", read, (_JSON,), "", plain, Probe.ODD_TRANSPORT, "", "a body with GET", "raw"
        )


@journey(JourneyName.FUZZ_RAW, phase="alone", layer=Layer.MUTATION, profiles=())
async def raw(drive: Driver) -> None:
    """(11.2, 11.3) Bodies that are no JSON, or hardly, and odd ways to send what is; then a plain request."""
    known = drive.options.text.protocol.endpoints
    if not drive.options.examples or known[Operation.CREATE].takes is None:
        return
    control = await drive.create(Session.RAW_CONTROL)
    if control is None:
        return  # A refusal proves something only where the valid request works (rule 6).
    body, member = drive.worded(drive.body()), drive.options.printed.passed or _UNKNOWN
    path = known[Operation.CREATE].path
    read = known[Operation.TEMPLATES].path if Operation.TEMPLATES in known else None
    sending = Sending(drive)
    await sending.all(
        Case(Operation.CREATE, "POST", path, (_JSON,), "", content, Probe.ODD_SYNTAX, "", name, "raw")
        for name, content in bodies(body, member).items()
    )
    await sending.all(heads(body, path, read))
    for handle in (control, await drive.create(Session.RAW_AFTERWARDS)):
        if handle is not None:
            await drive.close(handle.session_id, 0)
