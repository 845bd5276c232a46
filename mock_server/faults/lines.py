"""What faults make of the lines of a log, in exports, replays or both."""

from __future__ import annotations

import json
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from mock_server.clock import stamp
from mock_server.log.line import END, TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from mock_server.api.answer import Answer
    from mock_server.faults.fault import Asked
    from mock_server.faults.making import Rewrite

REPLAY: Final = "sessions.replay"
EXPORT: Final = "sessions.export"
_EARLIER = timedelta(hours=1)


def lines(change: Callable[[dict[str, Any]], Iterable[dict[str, Any]]], operations: str) -> Rewrite:
    """Make of each line of the log those that a change makes of it, in exports, replays or both."""

    def changed(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        return [made for line in lines for made in change(deepcopy(line))]

    def rewrite(asked: Asked, answer: Answer) -> Answer:
        if answer.status != 200 or asked.operation not in operations.split():
            return answer
        if asked.operation == REPLAY and isinstance(answer.body, dict):
            return replace(answer, body={**answer.body, "timeline": changed(answer.body["timeline"])})
        lines = [json.loads(line) for line in (answer.raw or b"").splitlines()]
        return replace(answer, raw=b"".join(_encoded(line) for line in changed(lines)))

    return rewrite


def _encoded(line: dict[str, Any]) -> bytes:
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


def is_end(line: dict[str, Any]) -> bool:
    """Whether a line is of an end."""
    return bool(line["event"]["event_type"] == END)


def headed(asked: Asked, answer: Answer) -> Answer:
    """A first line that is no JSON."""
    mine = asked.operation == EXPORT and answer.raw
    return replace(answer, raw=b"# the log of a user\n" + (answer.raw or b"")) if mine else answer


def counted(asked: Asked, answer: Answer) -> Answer:
    """Lines that tell how often anybody has looked."""
    asked.memory["looks"] = looks = asked.memory.get("looks", 0) + 1
    return lines(lambda line: [{**line, "looked_at": looks}], EXPORT)(asked, answer)


def backwards(line: dict[str, Any]) -> list[dict[str, Any]]:
    """An end, stamped an hour early."""
    if is_end(line):
        line["recorded_at"] = stamp(datetime.fromisoformat(line["recorded_at"]) - _EARLIER)
    return [line]


def by_callers(line: dict[str, Any]) -> list[dict[str, Any]]:
    """A line, stamped as its caller was."""
    line["recorded_at"] = line["event"].get("input", {}).get("timestamp", line["recorded_at"])
    return [line]


def timeless(line: dict[str, Any]) -> list[dict[str, Any]]:
    """Nothing for an end by timeout."""
    return [] if line["event"].get("end_reason") == TIMEOUT else [line]
