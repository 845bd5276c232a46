"""By what two failures can be told to be one departure: the same place of the same answer, or the same wrong status."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from conformance.vocabulary.operation import BAD

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Iterator, Mapping

    from conformance.evidence import Exchange
    from conformance.finding import Finding

_STATUS = re.compile(r"\b[1-5](?:\d\d|xx)\b")


def marks(finding: Finding, exchanges: Mapping[int, Exchange]) -> Iterator[Hashable]:
    """What a failing finding shares with every other one that shows the same departure."""
    x = exchanges.get(finding.exchange) if finding.exchange is not None else None
    if finding.pointer:
        if x is not None:
            yield "place", x.number, finding.pointer
        if finding.actual is not None:
            yield "value", finding.pointer, _plain(finding.expected), _plain(finding.actual)
    wanted = statuses(finding.expected)
    if x is None or not wanted or is_among(x.status, wanted):
        return
    for status in wanted:
        yield "status", x.number, status
        yield "status", x.number, f"{status[0]}xx"
        # A door that is open to whoever comes is one departure, with a made-up key or without any.
        if x.accepted and x.label.credential in BAD and status[0] == "4":
            yield "open", x.label.operation
        # One way to refuse is one departure, whatever is refused. What is taken, or not, stands for itself.
        if x.status >= 300 and all(each[0] in "45" for each in wanted):
            yield "refusal", x.status, status
            if x.status >= 500:
                yield "refusal", "5xx", f"{status[0]}xx"


def statuses(expected: Any) -> frozenset[str]:
    """The statuses that a finding's expectation names, as written: 404, or 4xx for all of a class."""
    if isinstance(expected, bool):
        return frozenset()
    if isinstance(expected, int):
        return frozenset({str(expected)}) if 100 <= expected <= 599 else frozenset()
    if isinstance(expected, list | tuple):
        return frozenset(status for each in expected if isinstance(each, int) for status in statuses(each))
    return frozenset(_STATUS.findall(expected)) if isinstance(expected, str) else frozenset()


def is_among(status: int, wanted: Iterable[str]) -> bool:
    """Whether a status is one of those."""
    return any(str(status) == each or f"{status // 100}xx" == each for each in wanted)


def _plain(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=repr)


def families(marked: Mapping[str, Iterable[Hashable]]) -> list[list[str]]:
    """Names that share a mark, directly or through others, together; in the order of the names."""
    homes: dict[str, list[str]] = {}
    by_mark: dict[Hashable, str] = {}
    for name, own in marked.items():
        homes[name] = [name]
        for mark in own:
            other = by_mark.setdefault(mark, name)
            if homes[other] is not homes[name]:
                joined = homes[other] + homes[name]
                homes |= dict.fromkeys(joined, joined)
    return [home for name, home in homes.items() if home[0] == name]
