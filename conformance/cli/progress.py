"""How far a run is, on stderr: a bar where somebody looks, a line now and then where a log is kept."""

from __future__ import annotations

import contextlib
import threading
import time
from typing import TYPE_CHECKING

from rich.markup import escape
from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from rich.console import Console

    from conformance.runner import Progress as Step

#: Journeys a line names.
_SHOWN = 3
#: Seconds between two lines of a log: often enough to see that a job is alive, seldom enough to be read.
EVERY_S = 10.0
#: What a run does before its journeys begin and are counted.
_PREPARING = "asking for discovery"


@contextlib.contextmanager
def shown(console: Console, *, quiet: bool = False, verbose: bool = False, every_s: float = EVERY_S) -> Iterator[Show]:
    """Yield what takes the steps of a run; quiet tells nothing of them, verbose each journey that begins and ends."""
    if quiet:
        yield _nothing
    elif verbose:
        yield lambda step: _tell(console, step)
    elif console.is_terminal:
        yield from _bar(console)
    else:
        yield from _log(console, every_s)


def _nothing(_step: Step) -> None:
    pass


def _tell(console: Console, step: Step) -> None:
    told = f" {step.text}" if step.text else ""
    line = f"{step.event} {step.journey}:{told} ({step.done}/{step.total}, {step.requests} requests)"
    console.print(escape(line), style="dim", highlight=False, soft_wrap=True)


def _bar(console: Console) -> Iterator[Show]:
    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[told]}"))
    with Bar(*columns, TimeElapsedColumn(), console=console, transient=True) as bar:
        task = bar.add_task(_PREPARING, total=None, told="")

        def show(step: Step) -> None:
            told = f"{step.requests} requests{_waiting(step)}"
            if not step.total:
                bar.update(task, told=told)
                return
            bar.update(task, description="driving", total=step.total, completed=step.done, told=told)

        yield show


def _log(console: Console, every_s: float) -> Iterator[Show]:
    """A thread tells the last step: a run that waits for a result makes none."""
    seen: list[Step] = []
    over, began = threading.Event(), time.monotonic()

    def tell() -> None:
        while not over.wait(every_s):
            told = f"scribe-conformance: {time.monotonic() - began:.0f} s: {_place(seen)}"
            console.print(escape(told), highlight=False, soft_wrap=True)

    teller = threading.Thread(target=tell, name="progress", daemon=True)
    teller.start()
    try:
        yield lambda step: seen.__setitem__(slice(None), [step])
    finally:
        over.set()
        teller.join()


def _place(seen: Sequence[Step]) -> str:
    """Where a run is by its last step; before the first journey it looks at the target."""
    if not seen or not seen[-1].total:
        return _PREPARING
    step = seen[-1]
    return f"{step.done} of {step.total} journeys, {step.requests} requests{_waiting(step)}"


def _waiting(step: Step) -> str:
    """The first of what runs, and how many more do: all of it would not fit on a line."""
    if not step.running:
        return ""
    more = f" and {len(step.running) - _SHOWN} more" if len(step.running) > _SHOWN else ""
    return f" · waiting for {', '.join(step.running[:_SHOWN])}{more}"


if TYPE_CHECKING:
    Show = Callable[[Step], None]
