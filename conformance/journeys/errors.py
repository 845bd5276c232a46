"""Routes nobody has, methods nobody offers, and nonsense sent twice: what the client got wrong is a 4xx."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.journeys.creation import RAW, UNKNOWN_TEMPLATE
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.name import repeat_of
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.driver import Driver

#: File names that break careless servers; none is valid in any list the protocol shows (ERR-020).
ODD_NAMES = ("../../etc/passwd", "a" * 300 + ".wav", "nul\u0000.wav", "\u202etxt.exe", "con.wav; rm -rf", "")
#: Ids no service has given: one of the shape §6.5 prints, one too long, one of characters no id has.
ODD_IDS = ("ses_0000000000000000", "ses_" + "0" * 300, "no such id \u2603")
#: What is wrong -> bytes sent as application/json.
BODIES: dict[str, bytes] = {
    **{str(probe): content for probe, content in RAW.items()},
    "body deeply nested": b"[" * 5000 + b"]" * 5000,
    "body not UTF-8": b'{"templates": ["\xff"]}',
}
#: What is wrong -> what changes in the smallest valid body.
CHANGES: dict[str, dict[str, Any]] = {
    "wrong types": {"templates": [1], "model": 5, "additional_data": []},
    "unknown templates": {"templates": [UNKNOWN_TEMPLATE]},
}


def _twice(probe: str) -> tuple[str, str]:
    return probe, repeat_of(probe)


@journey(JourneyName.ERRORS_ROUTES)
async def routes(drive: Driver) -> None:
    """(11.1) An unknown route below base_url, and wrong methods of known ones."""
    await drive.send(Operation.OTHER, "GET", drive.url("no-such-route"), probe=Probe.ROUTE_UNKNOWN)
    for method, parts in (("DELETE", ("templates",)), ("PUT", ("sessions",)), ("GET", ("sessions", "x", "end"))):
        await drive.send(Operation.OTHER, method, drive.url(*parts), probe=Probe.METHOD_WRONG.of(method))


@journey(JourneyName.ERRORS_NONSENSE)
async def nonsense(drive: Driver) -> None:
    """(11.3) Broken bodies, wrong types, unknown templates and ids, each twice in a row."""
    typed = {"Content-Type": "application/json"}
    for name, content in BODIES.items():
        for probe in _twice(Probe.NONSENSE.of(name)):
            await drive.send(
                Operation.CREATE, "POST", drive.url("sessions"), probe=probe, content=content, headers=typed
            )
    for name, changes in CHANGES.items():
        for probe in _twice(Probe.NONSENSE.of(name)):
            await drive.send(Operation.CREATE, "POST", drive.url("sessions"), probe=probe, json=drive.body(**changes))
    for place, unknown in enumerate(ODD_IDS):
        for probe in _twice(Probe.NONSENSE.of(f"unknown id {place}")):
            await drive.send(Operation.GET, "GET", drive.url("sessions", unknown), probe=probe)
        url = drive.url("sessions", unknown, "end")
        for probe in _twice(Probe.NONSENSE.of(f"unknown id to end {place}")):
            await drive.send(Operation.END, "POST", url, probe=probe, json=drive.end_body())


@journey(JourneyName.ERRORS_NAMES)
async def names(drive: Driver) -> None:
    """(11.3) Good audio under odd names, each twice in a row."""
    if drive.target.api_target is False or drive.options.printed.files == "numbered":
        return  # What a storage makes of a name is its provider's business (rule 8); numbered audio has none.
    handle = await drive.create(Session.ODD_NAMES)
    if handle is None:
        return
    for place, name in enumerate(ODD_NAMES):
        for probe in _twice(Probe.ODD_FILE_NAME.of(place)):
            await drive.upload(handle, "short", name=name, probe=probe)
