"""Requests that name a protocol version, one that is offered and one that is not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.registry import journey

if TYPE_CHECKING:
    from conformance.drive.driver import Driver

#: A version no revision of the protocol has.
UNKNOWN_VERSION = "99.0"
#: As many as anybody keeps alive at once; a longer list is not driven to its end.
_VERSIONS = 8


@journey("versioning/header")
async def header(drive: Driver) -> None:
    """(3.3, 3.5) MSA-Version: unknown, each supported one, each deprecated one."""
    templates = drive.url("templates")
    unknown = {"MSA-Version": UNKNOWN_VERSION}
    await drive.send("templates", "GET", templates, probe="version 99.0", headers=unknown)
    handle = await drive.create("versioning/session")
    if handle is not None:
        await drive.get(handle, probe="version 99.0", headers=unknown)
    for kind, member in (("supported", "supported_versions"), ("deprecated", "deprecated_versions")):
        listed = drive.target.discovery.get(member)
        for item in listed[:_VERSIONS] if isinstance(listed, list) else []:
            version = item.get("version") if isinstance(item, dict) else item
            if isinstance(version, str) and version.isprintable() and version.isascii():
                headers = {"MSA-Version": version}
                await drive.send("templates", "GET", templates, probe=f"{kind} version {version}", headers=headers)
