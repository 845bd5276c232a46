"""Where a person who found a hole can tell somebody."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urljoin

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from conformance.drive.driver import Driver


@journey(JourneyName.SECURITY_CONTACT)
async def contact(drive: Driver) -> None:
    """(12.10) security.txt at the address the operator named; it is for everybody, so no key goes with it."""
    url = urljoin(drive.options.target.rstrip("/") + "/", "/.well-known/security.txt")
    await drive.send(Operation.OTHER, "GET", url, probe=Probe.SECURITY_TXT, credential=Credential.NONE)
