"""Chapter 10: not driven by this release; not applicable while discovery does not declare webhooks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from conformance.checks.declared import declares_webhooks, documents, missing, webhook_declaration
from conformance.checks.registry import check
from conformance.finding import inconclusive, not_applicable, violates, warns

if TYPE_CHECKING:
    from collections.abc import Iterable

    from conformance.evidence import Evidence
    from conformance.finding import Finding

#: What webhooks are asked for by ids of chapter 10, and two of chapter 6; HOOK-002 is registration itself.
_IDS: Final = (
    *(
        f"HOOK-{n:03d}"
        for n in (3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 27, 29, 30)
    ),
    *("SES-EXP-004", "SES-DATA-003"),
)


_NOT_DRIVEN: Final = inconclusive(
    "not_in_this_release", "Discovery declares webhooks, which this release of the kit does not drive."
)


_GONE: Final = "Discovery declares webhooks, and there is nothing at endpoints.webhooks_url."


@check("HOOK-001")
def registration_is_offered(evidence: Evidence) -> Iterable[Finding]:
    """(10.2) Recommended; what is declared is also there, and whether it registers shows only when somebody does."""
    gone = missing(evidence, "webhooks_url")
    for x in documents(evidence):
        if gone is not None:
            yield warns(gone, _GONE, expected="not 404, 405 or 501", actual=gone.status)
        elif declares_webhooks(evidence):
            yield _NOT_DRIVEN
        else:
            yield warns(x, "Webhook registration is not offered.", actual=webhook_declaration(evidence))


@check("HOOK-002")
def what_is_declared_is_there(evidence: Evidence) -> Iterable[Finding]:
    """(10.2) webhooks_url answers to GET or POST with something else than 404, 405 and 501."""
    gone = missing(evidence, "webhooks_url")
    if gone is not None:
        where = {"pointer": "/endpoints/webhooks_url", "expected": "not 404, 405 or 501"}
        yield violates(gone, _GONE, **where, actual=f"{gone.status} at {gone.request.url}")
    elif declares_webhooks(evidence):
        yield _NOT_DRIVEN
    elif evidence.discovery:
        yield not_applicable("Discovery declares no webhooks.", webhook_declaration(evidence))


def _register(requirement: str) -> None:
    def judge(evidence: Evidence) -> Iterable[Finding]:
        if declares_webhooks(evidence):
            yield _NOT_DRIVEN
        elif evidence.discovery:
            yield not_applicable("Discovery declares no webhooks.", webhook_declaration(evidence))

    judge.__name__ = requirement.lower().replace("-", "_")
    judge.__doc__ = "(10) Applicable only where discovery declares webhooks."
    check(requirement)(judge)


for _id in _IDS:
    _register(_id)
