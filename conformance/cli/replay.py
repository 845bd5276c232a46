"""`replay`: run the script that a report holds for a failure, and say whether it is seen again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from conformance.evidence.curl import VARIABLES
from conformance.evidence.redaction import KEY, SECOND_KEY
from conformance.report.repro import FOLDER
from conformance.report.terminal import printer

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Longer than a script waits for results.
LONGEST_RUN_S = 600


def _offered(folder: Path) -> str:
    names = sorted(script.stem for script in _scripts(folder))
    return f"it has those of {', '.join(names[:20])}" if names else "there are none: no requirement failed in that run"


def _scripts(folder: Path) -> Iterator[Path]:
    """The scripts of failures; the test beside one that the machine found is none of them."""
    yield from folder.glob("*.sh")
    yield from (script for script in folder.glob("*.py") if not script.stem.startswith("machine-"))


def replay(
    requirement: Annotated[str, typer.Argument(metavar="ID", help="The requirement that failed, e.g. SES-GET-003.")],
    report_dir: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the report.")] = Path("report"),
    target: Annotated[str | None, typer.Option(metavar="URL", help="Ask this service, not the report's.")] = None,
    api_key: Annotated[str | None, typer.Option(envvar=VARIABLES[KEY], help="API key of the tester.")] = None,
    second_api_key: Annotated[str | None, typer.Option(envvar=VARIABLES[SECOND_KEY], help="Another client's.")] = None,
) -> None:
    """Send again what led to a failure. Example: replay SES-GET-003 --report-dir report --api-key sk_test_a

    Ends with 1 when the same is seen again, 0 when not, 3 where a person has to tell, 2 when nothing could be sent.
    """
    console = printer(stderr=True)
    folder = report_dir / FOLDER
    script = next((each for each in _scripts(folder) if each.stem.upper() == requirement.upper()), None)
    if script is None:
        console.print(f"{folder} has no script of {requirement}: {_offered(folder)}", markup=False)
        raise typer.Exit(2)
    command = [sys.executable] if script.suffix == ".py" else ["sh"]
    lacking = [name for name in ("sh", "curl") if shutil.which(name) is None] if command == ["sh"] else []
    if lacking:
        console.print(f"{script} needs {' and '.join(lacking)}, which is not on the PATH", markup=False)
        raise typer.Exit(2)
    given = {"SCRIBE_TARGET": target, VARIABLES[KEY]: api_key, VARIABLES[SECOND_KEY]: second_api_key}
    environment = os.environ | {name: value for name, value in given.items() if value}
    try:
        done = subprocess.run([*command, str(script)], env=environment, timeout=LONGEST_RUN_S, check=False)  # noqa: S603
    except subprocess.TimeoutExpired:
        console.print(f"{script} did not come to its end within {LONGEST_RUN_S} s", markup=False)
        raise typer.Exit(2) from None
    raise typer.Exit(done.returncode if done.returncode in (0, 1, 3) else 2)
