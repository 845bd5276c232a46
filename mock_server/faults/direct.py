"""Faults of servers whose clients put audio into a store by themselves."""

from __future__ import annotations

from mock_server.faults.making import behaving, fault

FAULTS = (
    fault(
        "forgets_what_the_store_took",
        "a session never learns of what its client put into the store",
        "SES-END-007",
        conduct=behaving(learns=False),
    ),
)
