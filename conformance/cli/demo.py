"""`scribe-conformance demo`: a consultation goes in, a graded report comes out, or its words; nothing to set up."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import httpx
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn
from rich.rule import Rule

from conformance.cli.live import Unheard, stream
from conformance.cli.run import KIT_FAILED, certify_and_report
from conformance.report.terminal import printer
from conformance.runner import Options
from conformance.vocabulary.results import templates_of
from conformance.vocabulary.words import coverage
from scribe_data import recordings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scribe_data.recordings import Fixture

#: Two keys of the sandbox form: the second belongs to another client, to see that clients are kept apart.
_KEYS = ("sk_test_demo", "sk_test_stranger")
#: A cold start loads the model and transcribes a second of audio; a busy machine takes its time.
_START_S, _RESULT_S = 120.0, 180.0
#: Consultations that are spoken into a socket, the usual one first.
_SPOKEN = ("knee", "cough", "visit", "short")
#: How the reference server names an engine that hears nothing.
_SCRIPTED = "scripted"


@contextlib.contextmanager
def _server(console: Console, data_dir: Path, transcriber: str, *options: str) -> Iterator[str]:
    """The reference server in a process of its own on a free port; yields its address."""
    command = [sys.executable, "-m", "mock_server.cli", "serve", "--port", "0", "--data-dir", str(data_dir)]
    command += ["--transcriber", transcriber, *(part for key in _KEYS for part in ("--api-key", key)), *options]
    log = (data_dir / "server.log").open("w+", encoding="utf-8")
    process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command, no shell
    try:
        yield _address(console, process, Path(log.name))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
        log.close()


def _address(console: Console, process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + _START_S
    with console.status("starting the server and trying its model on a second of audio"):
        while time.monotonic() < end:
            found = [word for word in log.read_text(encoding="utf-8").split() if word.startswith("http://")]
            if process.poll() is not None:
                break
            if found and _ready(found[0]):
                return found[0]
            time.sleep(0.2)
    console.print(f"[bold red]The server did not start.[/]\n{log.read_text(encoding='utf-8')}", highlight=False)
    raise typer.Exit(KIT_FAILED)


def _ready(address: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return httpx.get(f"{address}/health/ready", trust_env=False).status_code == 200
    return False


def _consult(console: Console, client: httpx.Client) -> dict[str, Any]:
    """Send the visit in chunks, end, and wait for the result."""
    asked = {
        "templates": ["soap", "medications"],
        "upload_type": "chunked",
        "communication_protocol": "http",
        "model": "pro",
    }
    made = client.post("/v1/sessions", json=asked).raise_for_status().json()
    console.print(f"session [bold]{made['session_id']}[/] {made['status']}, expires at {made['expires_at']}")
    chunks = recordings.chunks("visit", "cut")
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, console=console) as bar:
        task = bar.add_task("sending chunks as a browser cuts them", total=len(chunks))
        for number, chunk in enumerate(chunks):
            file = (f"audio_{number}.webm", chunk.read(), "audio/webm;codecs=opus")
            client.post(made["upload_url"], files={"file": file}).raise_for_status()
            bar.advance(task)
    path = f"/v1/sessions/{made['session_id']}"
    client.post(f"{path}/end").raise_for_status()
    started = time.monotonic()
    with console.status("transcribing and extracting"):
        while time.monotonic() - started < _RESULT_S:
            answer = client.get(path)
            found: dict[str, Any] = answer.json()
            if found["status"] in ("completed", "partial", "failed"):
                engine = answer.headers.get("x-scribe-engine", "unknown")
                took = time.monotonic() - started
                console.print(f"[bold]{found['status']}[/] after {took:.1f} s; heard by [bold]{engine}[/]")
                return found
            time.sleep(0.2)
    console.print("[bold red]No result in time.[/]")
    raise typer.Exit(KIT_FAILED)


def _show(console: Console, result: dict[str, Any]) -> None:
    said = recordings.load()["visit"].text
    heard = coverage(said, result.get("transcript", ""))
    console.print(Rule("what was said"))
    console.print(said, highlight=False)
    console.print(Rule("what was heard"))
    console.print(result.get("transcript", ""), highlight=False)
    share = sum(heard.heard) / max(sum(heard.said), 1)
    console.print(f"[dim]{share:.0%} of the content words that were said are in the transcript[/]")
    console.print(Rule("notes"))
    for name, entry in templates_of(result).items():
        console.print(f"[bold]{name}[/] ({entry['status']})")
        _notes(console, entry.get("data"))


def _notes(console: Console, data: object) -> None:
    if isinstance(data, dict):
        for section, text in data.items():
            if isinstance(text, str):
                console.print(f"  [bold]{section}:[/] {text}", highlight=False)
    for item in data if isinstance(data, list) else []:
        shown = ", ".join(f"{k} {v}" for k, v in item.items() if isinstance(v, str))
        console.print(f"  - {shown}", highlight=False)


def _live(console: Console, transcriber: str, spoken: Fixture) -> None:
    """Serve live sessions, speak into one, and show what is heard."""
    with (
        tempfile.TemporaryDirectory(prefix="scribe-demo-") as folder,
        _server(console, Path(folder), transcriber, "--profile", "medscribe,dalston") as address,
    ):
        engine = httpx.get(f"{address}/health/ready", trust_env=False).json()["engine"]
        who = f"heard by [bold]{engine}[/]"
        if engine == _SCRIPTED:
            who = "[bold yellow]nothing is heard: the engine is scripted[/] and knows the words of this recording"
        console.print(f"{spoken.name}, {spoken.seconds:.0f} s, as it is spoken; {who}", highlight=False, soft_wrap=True)
        try:
            stream(console, address, _KEYS[0], spoken)
        except Unheard as error:
            console.print(f"[bold red]{escape(str(error))}[/]", highlight=False, soft_wrap=True)
            raise typer.Exit(KIT_FAILED) from None


def _spoken(name: str) -> str:
    """The name of a recording that can be spoken."""
    if name not in _SPOKEN:
        raise typer.BadParameter(f"{name!r} is none of {', '.join(_SPOKEN)}.")
    return name


def demo(
    report_dir: Annotated[Path, typer.Option(help="Where the reports are left.")] = Path("report"),
    transcriber: Annotated[
        str | None,
        typer.Option(
            help="whisper, scripted where no model is installed, or auto. Without it whisper, and auto with --live.",
            show_default=False,
        ),
    ] = None,
    *,
    target: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help=f"Tell the story to a reference server that runs already, and knows the keys {' and '.join(_KEYS)}.",
        ),
    ] = None,
    live: Annotated[
        bool,
        typer.Option("--live", help="Speak a consultation in real time, show its words as they come, certify nothing."),
    ] = False,
    recording: Annotated[
        str, typer.Option(help=f"What is spoken with --live: {', '.join(_SPOKEN)}.", callback=_spoken)
    ] = _SPOKEN[0],
) -> None:
    """Start the reference server with real Whisper, send it a spoken consultation, certify it, leave the reports.

    With --live the consultation is streamed as it is spoken, and its words are shown while they come (half a minute).

    Example: scribe-conformance demo --report-dir report

    Example: scribe-conformance demo --live --recording visit
    """
    console = Console()
    if target and (live or transcriber):
        raise typer.BadParameter(
            "The server that is named by --target runs already: leave out --live and --transcriber."
        )
    if live:
        return _live(console, transcriber or "auto", recordings.load()[recording])
    with (
        tempfile.TemporaryDirectory(prefix="scribe-demo-") as folder,
        contextlib.nullcontext(target.rstrip("/"))
        if target
        else _server(console, Path(folder), transcriber or "whisper") as address,
    ):
        with httpx.Client(base_url=address, headers={"X-API-Key": _KEYS[0]}, timeout=60, trust_env=False) as client:
            _show(console, _consult(console, client))
        console.print(Rule("certifying the server"))
        options = Options(
            target=address,
            api_key=_KEYS[0],
            second_api_key=_KEYS[1],
            test_clock=f"{address}/_mock/v1/clock",
            # What is drawn at random sends hundreds of recordings: Whisper would be at them for minutes.
            examples=0,
        )
        code = certify_and_report(printer(), options, report_dir, force=True)
    raise typer.Exit(code)
