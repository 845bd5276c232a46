"""How a run tells how far it is, and how much it says at its end."""

from __future__ import annotations

import io
import time

from rich.console import Console
from typer.testing import CliRunner

import scribe_data
from conformance.cli import app
from conformance.cli.progress import shown
from conformance.runner import Progress
from tests.conformance.miniature import KEY
from tests.conformance.stage import miniature
from tests.conformance.standing import standing

STEP = Progress("started", "ending/together", "an end after an end", 12, 3, 40, ("a", "b", "c", "d", "e"))


def told(*, terminal: bool = False, pause_s: float = 0.0, steps: tuple[Progress, ...] = (STEP,), **given: bool) -> str:
    console = Console(file=io.StringIO(), force_terminal=terminal, width=200)
    with shown(console, every_s=0.05, **given) as show:
        for step in steps:
            show(step)
        time.sleep(pause_s)
    return console.file.getvalue()


def test_a_log_gets_a_line_now_and_then_and_none_from_a_short_run() -> None:
    lines = told(pause_s=0.5).splitlines()
    assert len(lines) >= 2
    expected = "s: 3 of 40 journeys, 12 requests · waiting for a, b, c and 2 more"
    assert all(line.startswith("scribe-conformance: ") and line.endswith(expected) for line in lines)
    assert told() == ""


def test_a_log_of_a_run_that_has_not_begun_says_what_it_waits_for() -> None:
    preparing = Progress("preparing", "preparation", "looking at http://127.0.0.1", 0, 0, 0)
    for steps in ((), (preparing,)):
        assert "asking for discovery" in told(pause_s=0.3, steps=steps)
        assert "0 of 0" not in told(pause_s=0.3, steps=steps)
    assert "driving" not in told(terminal=True, pause_s=0.3, steps=(preparing,))


def test_a_quiet_run_tells_nothing_and_a_loud_one_each_journey() -> None:
    assert told(quiet=True, pause_s=0.3) == ""
    assert told(verbose=True) == "started ending/together: an end after an end (3/40, 12 requests)\n"


def test_what_a_journey_says_cannot_style_the_log() -> None:
    step = Progress("finished", "[red]x[/]", "", 1, 1, 1)
    assert "[red]x[/]" in told(verbose=True, steps=(step,))


def test_a_terminal_gets_a_bar() -> None:
    assert "driving" in told(terminal=True, pause_s=0.3)


def test_quiet_prints_the_verdict_and_the_counts_and_verbose_every_requirement() -> None:
    said = {}
    with standing(lambda origin: miniature(host=origin)) as origin:
        for word in ("--quiet", "-q", "--seed=0", "-v"):
            call = ["run", "--target", origin, "--api-key", KEY, "--only", "DISC", word]
            result = CliRunner().invoke(app, call)
            assert result.exit_code == 0, result.output
            said[word] = result
    assert said["-q"].stderr == said["--quiet"].stderr == ""
    first, second = said["-q"].stdout.splitlines()
    assert first.startswith("Selection: ")
    usual, loud = said["--seed=0"].stdout, said["-v"].stdout
    assert second in usual
    assert second in loud
    ids = [r.id for r in scribe_data.load().requirements.values() if r.id.startswith("DISC") and r.subject == "service"]
    assert ids
    assert [line.split()[1] for line in loud.splitlines()[: len(ids)]] == ids
    assert "finished" in said["-v"].stderr
    assert len(usual.splitlines()) < len(loud.splitlines())
