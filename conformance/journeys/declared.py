"""Addresses that discovery names beside the operations: each asked once, so that what is declared is also there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

from conformance.journeys.registry import journey
from conformance.vocabulary.addresses import ADDRESSES, GONE, member
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from conformance.drive.driver import Driver


#: What asks for a key, and what is only ever read.
_BEHIND_A_KEY, _READ = ("webhooks_url", "templates_url"), ("documentation_url", "templates_url")


def _named(document: Mapping[str, Any], base_url: str) -> Iterator[tuple[str, str]]:
    """Probe and URL of each address of the service's own."""
    for name, places in ADDRESSES.items():
        for value in (member(dict(document), *place) for place in places):
            if isinstance(value, str) and value:
                yield name, urljoin(f"{base_url}/", value)
                break


@journey(JourneyName.DISCOVERY_DECLARED)
async def declared(drive: Driver) -> None:
    """(4.3, 4.4) One GET of each; where that finds nothing, a POST without content, for what takes only POST.

    Nothing comes of such a POST: it names neither events nor a grant. Other people's hosts are left alone.
    """
    for name, url in _named(drive.target.discovery, drive.target.base_url):
        if not drive.owns(url) or (name == "templates_url" and "DISC-028" not in drive.options.text.requirements):
            continue
        key: Credential = Credential.RIGHT if name in _BEHIND_A_KEY else Credential.NONE
        seen = await drive.send(Operation.OTHER, "GET", url, probe=Probe.DECLARED.of(name), credential=key)
        if seen.status in GONE and name not in _READ:
            await drive.send(
                Operation.OTHER, "POST", url, probe=repeat_of(Probe.DECLARED.of(name)), credential=key, json={}
            )
