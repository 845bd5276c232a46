"""Templates: two at once, a listed one beside an unknown one, each listed one in turn, unknown ones only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.journeys.creation import UNKNOWN_TEMPLATE
from conformance.journeys.registry import journey
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.probe import Probe
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from conformance.drive.driver import Driver

#: Listed ids tried, two to a session (TPL-004).
_TRIED = 4
#: Sessions that come to a partial or a failed end carry it, too (EXT-005); the same in all, so that they compare.
PASSED_ON = {"ward": "7B", "beds": [1, None]}


async def _session(drive: Driver, session: str, templates: Sequence[str], probe: str | None = None) -> None:
    handle = await drive.create(session, drive.body(templates=list(templates), additional_data=PASSED_ON), probe=probe)
    if handle is None:
        return
    await drive.upload(handle, "short", name="audio_0.wav")
    await drive.end(handle)
    await drive.finish(handle)


@journey(JourneyName.TEMPLATES_LISTED)
async def listed(drive: Driver) -> None:
    """(8.2) Up to four listed ids, two to a session."""
    ids = drive.target.templates[:_TRIED]
    pairs = [ids[at : at + 2] for at in range(0, len(ids), 2)]
    await drive.together(
        *(_session(drive, Session.TEMPLATES_LISTED.of(nth), pair) for nth, pair in enumerate(pairs, 1))
    )


@journey(JourneyName.TEMPLATES_UNKNOWN)
async def unknown(drive: Driver) -> None:
    """(8.6) A listed and an unknown id: the listed one is processed, the unknown one reported."""
    # Refusing this create is one of the readings of E27, so it is a probe; the session it makes is as good as any.
    # Where no list can be read, the other one is the id that sessions are had with.
    known = drive.target.form.template or drive.target.templates[0]
    await _session(drive, Session.TEMPLATES_UNKNOWN, [known, UNKNOWN_TEMPLATE], Probe.TEMPLATE_UNKNOWN)
