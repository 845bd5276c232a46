"""From options to a frozen Run: drive the target, then judge what was recorded."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import scribe_data
from conformance.run import Run, conclude, grade
from conformance.runner import drive_all

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from conformance.runner import Options, Progress
    from conformance.verdict import Reading

#: A run started from a checkout that was never installed still has to say what judged.
_UNINSTALLED = "0+checkout"


def suite_version() -> str:
    """The version of the installed distribution."""
    try:
        return version("scribe-conformance")
    except PackageNotFoundError:
        return _UNINSTALLED


async def certify(
    options: Options,
    *,
    profile: str = "medscribe",
    reading: Reading = "lenient",
    only: Collection[str] = (),
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    """Drive the target and grade every service requirement; raises TargetUnreachable or CredentialsRefused."""
    text = scribe_data.load(profile, options.revision)
    started, clock = datetime.now(UTC), time.monotonic()
    evidence = await drive_all(options, progress, text=text)
    graded = grade(evidence, text, reading, only)
    return Run(
        overall=conclude(graded),
        target=options.redactor.text(options.target),
        profile=profile,
        revision=options.revision,
        reading=reading,
        seed=options.seed,
        suite_version=suite_version(),
        spec_sha256=text.sha256,
        started=started,
        duration_s=time.monotonic() - clock,
        requests=len(evidence.exchanges),
        graded=graded,
        evidence=evidence,
        spec=text,
    )
