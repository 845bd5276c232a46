"""`--revision auto`: which text a target is graded by, picked by what discovery and one session of it show (E68)."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import scribe_data
from conformance.grading.likeness import closest
from conformance.options import options_of
from conformance.runner import drive_all

if TYPE_CHECKING:
    from collections.abc import Mapping

    from conformance.evidence import Evidence
    from conformance.target import Options

#: What stands for a revision that is still to be picked.
AUTO: Final = "auto"


@dataclass(frozen=True)
class Picked:
    """The revision a run is graded by, and why."""

    revision: str
    why: str


def picked_by(evidence: Evidence) -> Picked:
    """The revision that what was seen speaks for; the default one where no session was had."""
    name, against = closest(evidence)
    if not against:
        why = f"Revision {name} is taken, the default: no session could be made that would show which one is spoken."
        return Picked(name, why)
    counted = ", ".join(f"{many} against {other}" for other, many in against.items())
    alike = [other for other, many in against.items() if many == against[name] and other != name]
    more = f" It cannot be told from {' and '.join(alike)}." if alike else ""
    return Picked(name, f"Revision {name} was picked by discovery and one session: signs are {counted}.{more}")


async def pick(options: Options) -> Picked:
    """Look at a target in a session of its own; raises as `drive_all` does."""
    asked = replace(options, revision=scribe_data.load(options.profile).revision)
    return picked_by(await drive_all(asked, journeys=()))


def settled(given: Mapping[str, Any], *, prefix: str = "--") -> dict[str, Any]:
    """The options of a face with a revision in them, and `picked`, why it is that one.

    Raises as `pick` does, and SpecError for a profile that does not exist.
    """
    usual = scribe_data.load(given["profile"]).revision
    if given["revision"] != AUTO:
        return {**given, "revision": given["revision"] or usual}
    found = asyncio.run(pick(options_of(given, prefix=prefix)))
    return {**given, "revision": found.revision, "picked": found.why}
