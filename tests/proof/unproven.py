"""Black-box MUSTs that no fault kills, each with the reason; the list can only be changed on purpose."""

from __future__ import annotations

import scribe_data
from mock_server.faults.catalogue import catalogue

_WEBHOOKS = "webhooks are not driven in this release: not applicable while discovery does not declare them"
_OIDC = "OIDC is not driven in this release: not applicable while discovery does not declare it"

REASONS = {
    "SES-STATE-007": "a session that never comes to rest is inconclusive, for the text gives no bound (INV-30)",
    "EXT-014": "results that never come are inconclusive, for the text gives no bound (INV-30)",
    "SES-DATA-003": _WEBHOOKS,
    **{f"AUTH-{n:03d}": _OIDC for n in (13, 14, 15, 16, 17, 18, 20)},
    **{f"HOOK-{n:03d}": _WEBHOOKS for n in (3, 5, 7, 8, 9, 10, 11, 13, 14, 15, 16, 17, 19, 20, 22, 26, 27, 30)},
}
#: Those of requirements that only another revision has.
ELSEWHERE = {"2026-01-19": {f"HOOK-{n:03d}": _WEBHOOKS for n in (4, 12, 18, 21)}, "2026-01-29": {}}


def unproven(revision: str = scribe_data.REVISION) -> list[str]:
    """Ids of black-box MUSTs of a revision that bind the service, have a check, and are named by none of its faults."""
    killed = {requirement for fault in catalogue(revision).values() for requirement in fault.breaks}
    return [
        r.id
        for r in scribe_data.load("medscribe", revision).requirements.values()
        if (r.subject, r.level, r.testability) == ("service", "MUST", "black-box") and r.checks and r.id not in killed
    ]
