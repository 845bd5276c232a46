"""What came of a session: read twice and in every form, exported, with its metrics and its history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.prsm.way import way
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Operation
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from conformance.drive.inquiries import Inquiries

#: A format that no text has.
_UNKNOWN = {"format": "xls"}


def formats(drive: Inquiries, operation: Operation) -> list[str]:
    """The formats that the OpenAPI document has of an operation."""
    endpoint = drive.options.text.protocol.endpoints[operation]
    described = drive.options.text.openapi["paths"][endpoint.path][endpoint.method.lower()]
    told = next(each for each in described["parameters"] if each["name"] == "format")
    return [str(each) for each in told["schema"]["enum"]]


@way(JourneyName.RESULTS_READ)
async def read_out(drive: Inquiries) -> None:
    """(Session Results and Output) What came of a session, in every form, and the session before and after it."""
    handle = await drive.create(Session.READ_OUT)
    if handle is None or await drive.finish(handle) is None:
        return
    for _ in range(2):
        await drive.ask(Operation.RESULTS, handle)
        await drive.get(handle)
    for form in formats(drive, Operation.RESULTS):
        await drive.ask(Operation.RESULTS, handle, query={"format": form}, probe=Probe.IN_FORM.of(form))
    for told in ("true", "false"):
        probe = Probe.IN_FORM.of(f"json, metadata {told}")
        await drive.ask(Operation.RESULTS, handle, query={"include_metadata": told}, probe=probe)
    await drive.ask(Operation.RESULTS, handle, query=_UNKNOWN, probe=Probe.FORMAT_UNKNOWN)
    for form in formats(drive, Operation.EXPORT):
        await drive.ask(Operation.EXPORT, handle, query={"format": form})
    await drive.ask(Operation.EXPORT, handle, query={"format": "json", "include_raw_data": "true"})
    await drive.ask(Operation.EXPORT, handle, query=_UNKNOWN, probe=Probe.FORMAT_UNKNOWN)
    await drive.ask(Operation.EXPORT, handle, query={}, probe=Probe.FORMAT_MISSING)
    for operation in (Operation.METRICS, Operation.HISTORY):
        await drive.ask(operation, handle)
