"""`scribe-mock serve` and `scribe-mock faults`."""

from __future__ import annotations

import logging
import socket
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from rich.console import Console
from rich.table import Table

from mock_server.app import create_app
from mock_server.faults.catalogue import CATALOGUE
from mock_server.settings import DEFAULT_KEY, Settings
from mock_server.speech import SpeechUnavailable, open_transcriber
from mock_server.storage import StorageError
from mock_server.storage.sqlite import open_engine, prepare
from mock_server.storage.lock import DirectoryLock

#: Exit codes: what was asked for is wrong, or what is there cannot be used.
_USAGE, _UNUSABLE = 2, 3


class Transcriber(StrEnum):
    """Who hears."""

    AUTO = "auto"
    WHISPER = "whisper"
    SCRIPTED = "scripted"


class Shape(StrEnum):
    """How results show templates."""

    OBJECT = "object"
    ARRAY = "array"
    AUTO = "auto"


def _refuse(console: Console, message: str, code: int) -> typer.Exit:
    console.print(f"[bold red]scribe-mock:[/] {message}", soft_wrap=True, highlight=False)
    return typer.Exit(code)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.bind((host, port))
    listening.listen(256)
    return listening


def _try(settings: Settings) -> str | None:
    """Refuse now what the server would stumble over once it runs; returns the transcriber's notice."""
    lock = DirectoryLock(settings.data_dir)
    try:
        path = settings.data_dir / "scribe.sqlite"
        engine = open_engine(path)
        prepare(engine, path)
        engine.dispose()
    finally:
        lock.release()
    found = open_transcriber(settings.transcriber, settings.model, cache=settings.data_dir / "models")
    return found.notice


def _banner(console: Console, settings: Settings, address: str, notice: str | None) -> None:
    console.print(
        f"[bold]scribe-mock[/] listens on [bold]{address}[/]  (discovery: {address}/.well-known/medscribealliance)"
    )
    keys = ", ".join(settings.api_keys) if settings.api_keys == (DEFAULT_KEY,) else f"{len(settings.api_keys)} given"
    console.print(
        f"  API key: {keys}   data: {settings.data_dir}   docs: {address}/docs", highlight=False, soft_wrap=True
    )
    if notice:
        console.print(f"  [bold yellow]{notice}[/]", soft_wrap=True)
    if settings.open_namespaces:
        console.print(
            "  [bold yellow]OPEN NAMESPACES: any sk_test_ key is accepted; not conformant on authentication.[/]"
        )
    if settings.faults:
        console.print(f"  [bold red]FAULTS ARE ON: {', '.join(settings.faults)}[/]")
    if not settings.faithful:
        console.print("  control plane: /_mock/v1 (clock, reset, requests, journal); --faithful switches it off")


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one and prints it.")] = 8080,
    data_dir: Annotated[Path, typer.Option(help="Where sessions and audio are kept.")] = Path("scribe-mock-data"),
    api_key: Annotated[
        list[str] | None, typer.Option(help=f"A valid key; may be repeated. Without: {DEFAULT_KEY}")
    ] = None,
    transcriber: Annotated[
        Transcriber, typer.Option(help="Who hears; auto takes Whisper when a model is found.")
    ] = Transcriber.AUTO,
    model: Annotated[
        str | None, typer.Option(help="Folder of a CTranslate2 Whisper model, or tiny.en, or base.")
    ] = None,
    templates_shape: Annotated[
        Shape, typer.Option(help="Results as object, array, or as the client's end implies.")
    ] = Shape.AUTO,
    open_namespaces: Annotated[
        bool, typer.Option("--open-namespaces", help="Accept any sk_test_ key. For tests.")
    ] = False,
    fault: Annotated[list[str] | None, typer.Option(help="Switch a defect on; see `scribe-mock faults`.")] = None,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="No control plane, nothing that is not the protocol's.")
    ] = False,
    base_url: Annotated[str | None, typer.Option(help="Scheme and host clients use, where a proxy hides it.")] = None,
) -> None:
    """Serve until interrupted. Example: scribe-mock serve --port 8080 --api-key sk_test_mine"""
    console = Console(stderr=True)
    settings = Settings(
        data_dir=data_dir.absolute(),
        api_keys=tuple(api_key or [DEFAULT_KEY]),
        transcriber=transcriber.value,
        model=model,
        base_url=base_url,
        templates_shape=templates_shape.value,
        open_namespaces=open_namespaces,
        faithful=faithful,
        faults=tuple(fault or []),
    )
    try:
        app = create_app(settings)
        notice = _try(settings)
        listening = _listen(host, port)
    except ValueError as error:
        raise _refuse(console, str(error), _USAGE) from error
    except (StorageError, SpeechUnavailable) as error:
        raise _refuse(console, str(error), _UNUSABLE) from error
    except OSError as error:
        told = f"Cannot listen on {host} port {port}: {error.strerror}. Another --port may be free; 0 finds one."
        raise _refuse(console, told, _UNUSABLE) from error
    shown = f"[{host}]" if ":" in host else host
    _banner(console, settings, f"http://{shown}:{listening.getsockname()[1]}", notice)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        app,
        log_level="warning",
        timeout_keep_alive=15,
        limit_concurrency=512,
        server_header=False,
        h11_max_incomplete_event_size=65536,
    )
    uvicorn.Server(config).run(sockets=[listening])


def faults() -> None:
    """List every fault that --fault can switch on, with the requirements it breaks."""
    table = Table("fault", "vice", "breaks", box=None, header_style="dim")
    for found in CATALOGUE.values():
        table.add_row(found.name, found.vice, ", ".join(found.breaks))
    Console().print(table)
