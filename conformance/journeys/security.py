"""How the service is secured on the wire, and where a person who found a hole can tell somebody."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from conformance.drive.doors import canonical
from conformance.evidence.handshake import PLAIN
from conformance.journeys.registry import journey
from conformance.target import split_origin
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.probe import Probe

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.drive.driver import Driver
    from conformance.evidence import Offer

#: The usual handshake, and each version alone: a server that takes many shows only the newest of them otherwise.
OFFERS: tuple[Offer, ...] = ("usual", "TLSv1.3", "TLSv1.2", "TLSv1.1", "TLSv1")
#: What only a handshake shows.
HANDSHAKES = ("SEC-002", "SEC-003", "SEC-004", "SEC-005", "SEC-006", "SEC-008", "SEC-021")
#: Origins that are looked at: more would be a directory and no service.
_MOST_ORIGINS = 4
#: Values of a discovery document that are searched for addresses.
_MOST_VALUES = 1000


@journey(JourneyName.SECURITY_CONTACT)
async def contact(drive: Driver) -> None:
    """(12.10) security.txt at the address the operator named; it is for everybody, so no key goes with it."""
    url = urljoin(drive.options.target.rstrip("/") + "/", "/.well-known/security.txt")
    await drive.send(Operation.OTHER, "GET", url, probe=Probe.SECURITY_TXT, credential=Credential.NONE)


@journey(JourneyName.SECURITY_TRANSPORT)
async def transport(drive: Driver) -> None:
    """(12.1, 12.3) A handshake of each kind with every origin of the service, and its hosts asked in plain HTTP.

    Nothing secret goes along: what is answered does not matter, only over what.
    """
    if not drive.networked:
        return
    urls = [canonical(drive.options), *_declared(drive), *drive.upload_urls]
    secured = _by_origin(url for url in urls if url.startswith("https:") and drive.owns(url))
    if not secured:
        drive.note("no_tls", "The target is plain HTTP: there is no handshake to look at.", *HANDSHAKES)
        await drive.look(urls[0], PLAIN, None)
        return
    await drive.together(*(_shake(drive, url) for url in secured), _ask_in_plain(drive, secured, urls))


async def _shake(drive: Driver, url: str) -> None:
    for offer in OFFERS:
        seen = await drive.look(url, f"{offer} handshake", offer)
        # a connection that is lost by chance looks like a refusal, and this refusal binds
        if offer == "TLSv1.2" and seen.handshake is not None and seen.handshake.outcome == "refused":
            await drive.look(url, f"{offer} handshake", offer)


async def _ask_in_plain(drive: Driver, secured: list[str], urls: list[str]) -> None:
    """Ask for discovery and templates in plain HTTP: at port 80, at the secured port, and where the service says."""
    hosts = {urlsplit(url).hostname for url in secured}
    named = [url for url in urls if url.startswith("http:") and urlsplit(url).hostname in hosts]
    ports = [f"http://{place}/" for url in secured for place in (_host(url), urlsplit(url).netloc)]
    paths = [urlsplit(urls[0]).path, f"{urlsplit(drive.target.base_url).path.rstrip('/')}/templates"]
    for url in _by_origin([*ports, *named]):
        for path in paths:
            await drive.look(urljoin(url, path), PLAIN, None)


def _declared(drive: Driver) -> Iterator[str]:
    """The root of the operations, and every address that discovery has anywhere."""
    yield drive.target.base_url
    values: list[Any] = [drive.target.discovery]
    for value in islice(_texts(values), _MOST_VALUES):
        if split_origin(value) is not None:
            yield value


def _texts(values: list[Any]) -> Iterator[str]:
    """Every text below some JSON values, without recursion: a document may be deep."""
    while values:
        value = values.pop(0)
        if isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
        elif isinstance(value, str):
            yield value


def _by_origin(urls: Iterator[str] | list[str]) -> list[str]:
    """The first URL of each origin, of so many as are looked at."""
    first: dict[Any, str] = {}
    for url in urls:
        first.setdefault(split_origin(url), url)
    return list(first.values())[:_MOST_ORIGINS]


def _host(url: str) -> str:
    """The host as a URL has it, without a port."""
    name = urlsplit(url).hostname or ""
    return f"[{name}]" if ":" in name else name
