"""Requests that name a protocol version, one that is offered and one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import UNKNOWN_VERSION, Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.driver import Driver

#: As many as anybody keeps alive at once; a longer list is not driven to its end.
_VERSIONS = 8


@journey(JourneyName.VERSIONING_HEADER)
async def header(drive: Driver) -> None:
    """(3.3, 3.5) MSA-Version: unknown, each supported one, each deprecated one."""
    templates = drive.url("templates")
    unknown = {"MSA-Version": UNKNOWN_VERSION}
    await drive.send(Operation.TEMPLATES, "GET", templates, probe=Probe.VERSION_UNKNOWN, headers=unknown)
    handle = await drive.create(Session.VERSIONED)
    if handle is not None:
        await drive.get(handle, probe=Probe.VERSION_UNKNOWN, headers=unknown)
    for kind, member in (
        (Probe.VERSION_SUPPORTED, "supported_versions"),
        (Probe.VERSION_DEPRECATED, "deprecated_versions"),
    ):
        listed = drive.target.discovery.get(member)
        for item in listed[:_VERSIONS] if isinstance(listed, list) else []:
            version = item.get("version") if isinstance(item, dict) else item
            if isinstance(version, str) and version.isprintable() and version.isascii():
                headers = {"MSA-Version": version}
                await drive.send(Operation.TEMPLATES, "GET", templates, probe=kind.of(version), headers=headers)
