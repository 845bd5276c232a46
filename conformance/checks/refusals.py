"""How a refusal is judged: by status and code, strictly and leniently, never by its wording (rule 7)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.finding import departs, holds, inconclusive, tolerated, violates

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from conformance.evidence import Exchange
    from conformance.finding import Finding


#: The service had no time: too slow, too early, too many, too busy.
_LATER = (408, 425, 429, 503)


def busy(x: Exchange) -> bool:
    """Whether the service had no time for a request: that says nothing about the request (rule 2)."""
    return x.status in _LATER


def not_looked_at(x: Exchange, what: str) -> Finding:
    """The finding for a request the service was too busy for."""
    return inconclusive("throttled", f"{what} is answered {x.status}: the service did not look at it.", x)


def put_off(x: Exchange) -> Finding | None:
    """The finding for a request that the service had no time for; None for one that was answered."""
    return not_looked_at(x, f"{x.request.method} ({x.label.probe or x.label.operation})") if busy(x) else None


def settled(attempts: Collection[Exchange]) -> list[Exchange]:
    """Attempts at one valid request whose answer counts by rule 2: taken, refused, or a server error to the end."""
    answered = [x for x in attempts if x.response is not None and not busy(x)]
    errors = [x for x in answered if x.status >= 500]
    last = errors[-1:] if len(errors) > 1 and not any(x.accepted for x in answered) else []
    return [x for x in answered if x.status < 500] + last


def looked_at(attempts: Iterable[Exchange]) -> list[Exchange]:
    """Attempts that the service had time for; all of them where it had time for none."""
    sent = list(attempts)
    return [x for x in sent if not busy(x)] or sent


def refused(
    x: Exchange,
    what: str,
    *,
    strict: Collection[int] = (400,),
    lenient: Collection[int] = (422,),
    codes: Collection[str] = (),
    lenient_codes: Collection[str] = (),
    erratum: str = "E64",
) -> Finding:
    """A request that no part of the text calls valid has to be answered with one of these statuses and codes."""
    if busy(x):
        return not_looked_at(x, what)
    code = x.response.error_code if x.response else None
    shown = f"{x.status} {code or ''}".strip()
    wanted = " or ".join(str(status) for status in strict) + (f" with {' or '.join(codes)}" if codes else "")
    if x.status in strict and (not codes or code in codes):
        return holds(x)
    told = f"{what} is answered {shown}."
    known = not codes or code in codes or code in lenient_codes
    if (x.status in strict or x.status in lenient) and known:
        return tolerated(x, erratum, told, expected=wanted, actual=shown)
    if x.accepted:
        return violates(x, f"{what} is accepted.", expected=wanted, actual=shown)
    return violates(x, told, expected=wanted, actual=shown)


def turned_down(x: Exchange, what: str, erratum: str) -> Finding:
    """400 is right, 422 by what an erratum says of it; another 4xx refuses too, and no part of the text has it."""
    if busy(x):
        return not_looked_at(x, what)
    if x.status == 400:
        return holds(x)
    if x.accepted:
        return violates(x, f"{what} is accepted.", expected=400, actual=x.status)
    told = f"{what} is answered {x.status}."
    if x.status == 422:
        return departs(x, erratum, told, expected=400, actual=x.status)
    if 400 <= x.status < 500:
        return tolerated(x, erratum, told, expected=400, actual=x.status)
    return violates(x, told, expected=400, actual=x.status)
