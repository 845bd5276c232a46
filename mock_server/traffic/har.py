"""Recorded exchanges as an HTTP Archive (HAR 1.2), in the members that browsers write and readers look for."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

import scribe_data
from mock_server.clock import stamp
from mock_server.version import version

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from mock_server.traffic.drawing import Numbered

#: HAR's way to say that a size is not known.
_UNKNOWN: Final = -1


def har(exchanges: Iterable[Numbered], revision: str, base_url: str = "", lost: int = 0) -> dict[str, Any]:
    """The archive; members that begin with an underscore are the mock's own, as HAR 1.2 allows.

    Exchanges that were `lost` are counted in `_lost`, and a comment says so. Times are those of the namespace's clock,
    by which sessions are stamped; `_came` is that of the machine.
    """
    return {
        "log": {
            "version": "1.2",
            "creator": {"name": "scribe-mock", "version": version()},
            "_base_url": base_url,
            "entries": [_entry(number, told, revision) for number, told in exchanges],
            **({"_lost": lost, "comment": missing(lost)} if lost else {}),
        }
    }


def missing(lost: int) -> str:
    """The sentence on exchanges of which nothing was kept."""
    what = "1 exchange" if lost == 1 else f"{lost} exchanges"
    return f"{what} of this namespace could not be recorded, so the record is not whole; a reset begins a new one."


def begun(told: Mapping[str, Any]) -> datetime:
    """When a request came, by the namespace's clock."""
    return datetime.fromtimestamp(told["at"] - told["ms"] / 1000, UTC)


def clause(code: str, revision: str) -> str:
    """Where the text has an error code, with the errata on it."""
    known = scribe_data.load("medscribe", revision).codes.get(code)
    if known is None:
        return "no code of §11.2"
    return ", ".join([f"§11.2 {code}", *known.errata])


def _entry(number: int, told: Mapping[str, Any], revision: str) -> dict[str, Any]:
    refusal: dict[str, Any] | None = None
    if told.get("code"):
        refusal = {name: told.get(name) for name in ("code", "message", "field")}
        if "." not in told["operation"]:  # those of another text have dots
            refusal["clause"] = clause(told["code"], revision)
    return {
        "startedDateTime": stamp(begun(told)),
        "time": told["ms"],
        "request": _request(told),
        "response": _response(told),
        "cache": {},
        "timings": {"send": 0, "wait": told["ms"], "receive": 0},
        "comment": _comment(number, told, refusal),
        "_number": number,
        "_came": stamp(datetime.fromtimestamp(told["came"], UTC)),
        "_operation": told["operation"],
        "_session": told["session"],
        **({"_refusal": refusal} if refusal else {}),
        **({"_untold": told["untold"]} if "untold" in told else {}),
        **({"_scenario": told["scenario"]} if "scenario" in told else {}),
        **({"_audio": told["audio"]} if "audio" in told else {}),
    }


def _comment(number: int, told: Mapping[str, Any], refusal: Mapping[str, Any] | None) -> str:
    because = refusal["message"] if refusal else None
    parts = [f"#{number}", told["operation"], told["session"], because, told.get("untold")]
    return " ".join(part for part in parts if part)


def _request(told: Mapping[str, Any]) -> dict[str, Any]:
    query = told.get("query", "")
    entry: dict[str, Any] = {
        "method": told["method"],
        "url": told["root"] + told["path"] + (f"?{query}" if query else ""),
        "httpVersion": f"HTTP/{told['http']}",
        "cookies": [],
        "headers": _pairs(told["headers"]),
        "queryString": _pairs(parse_qsl(query, keep_blank_values=True)),
        "headersSize": _UNKNOWN,
        "bodySize": _size(told),
    }
    if entry["bodySize"]:
        entry["postData"] = _posted(told)
    return entry


def _size(told: Mapping[str, Any]) -> int:
    sent = told["sent"]
    size = sent["size"] if isinstance(sent, dict) else len(sent.encode())
    return int(size or told.get("size", 0) or told.get("audio", {}).get("size", 0))


def _posted(told: Mapping[str, Any]) -> dict[str, Any]:
    """The body where it was text; audio by its size, digest and name."""
    posted: dict[str, Any] = {"mimeType": _header(told["headers"], "content-type")}
    sent, audio = told["sent"], told.get("audio")
    if isinstance(sent, str) and sent:
        return posted | {"text": sent}
    if audio is not None:
        if "name" in audio:
            posted["params"] = [{"name": "file", "fileName": audio["name"], "contentType": audio["type"]}]
        return posted | {"comment": f"{audio['size']} bytes of audio, sha256 {audio['sha256']}"}
    if isinstance(sent, dict):
        return posted | {"comment": f"{sent['size']} bytes, sha256 {sent['sha256']}"}
    return posted | {"comment": f"{_size(told)} bytes, of which nothing was kept"}


def _response(told: Mapping[str, Any]) -> dict[str, Any]:
    answered = told["answered"]
    content: dict[str, Any] = {"mimeType": _header(told["answer_headers"], "content-type")}
    if isinstance(answered, dict):
        content |= {"size": answered["size"], "comment": f"sha256 {answered['sha256']}"}
    else:
        content |= {"size": len(answered.encode()), "text": answered}
    return {
        "status": told["status"],
        "statusText": _phrase(told["status"]),
        "httpVersion": f"HTTP/{told['http']}",
        "cookies": [],
        "headers": _pairs(told["answer_headers"]),
        "content": content,
        "redirectURL": _header(told["answer_headers"], "location"),
        "headersSize": _UNKNOWN,
        "bodySize": content["size"],
    }


def _header(pairs: Iterable[tuple[str, str]], name: str) -> str:
    return next((value for given, value in pairs if given.lower() == name), "")


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _pairs(pairs: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in pairs]
