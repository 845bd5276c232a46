"""`scribe-mock serve`, `scribe-mock faults` and `scribe-mock scenarios`."""

from __future__ import annotations

import difflib
import ipaddress
import json
import logging
import re
import socket
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from mock_server.api.origin import normal
from mock_server.auth import LONGEST_KEY
from mock_server.cli import namespaces
from mock_server.faults.catalogue import catalogue
from mock_server.session.table import MACHINES
from mock_server.settings import DEFAULT_KEY, PROFILES, Settings
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import uvicorn
    from starlette.applications import Starlette
    from starlette.types import ASGIApp

#: Exit codes: what was asked for is wrong, or what is there cannot be used.
_USAGE, _UNUSABLE = 2, 3
#: After SIGTERM running requests get this long, in seconds; what is unfinished goes on at the next start anyway.
_GRACE_S = 3
#: A poll every ten seconds is the slowest the protocol recommends (§9.8): such a client keeps its connection.
_KEEP_ALIVE_S = 15
#: Open connections; the application refuses with its own envelope long before (Settings.most_at_once).
_MOST_CONNECTIONS = 1024
#: A year: nobody's interaction lasts longer.
_LONGEST_SESSION_S = 366 * 86_400
#: Wider than any table, in characters.
_ENDLESS = 100_000
_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}\Z")
_BASE_URL = re.compile(r"https?://[A-Za-z0-9._\-\[\]:]+(?:/[A-Za-z0-9._~\-]+)*/?\Z")


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


def _refuse(message: str, code: int) -> typer.Exit:
    Console(stderr=True).print(f"[bold red]scribe-mock:[/] {escape(message)}", soft_wrap=True, highlight=False)
    return typer.Exit(code)


def _origin(given: str) -> str:
    found = normal(given.removesuffix("/"))
    if found is None:
        told = "is not an origin of a page: http://host or https://host:port is, without a path."
        raise ValueError(f"--console-origin {given!r} {told}")
    return found


def _profiles(given: str) -> tuple[str, ...]:
    """The profiles of a list with commas; raises ValueError for an unknown one, with those there are."""
    found = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    for name in found:
        if name not in PROFILES:
            near = difflib.get_close_matches(name, PROFILES, 1)
            hint = f" Did you mean {near[0]}?" if near else ""
            raise ValueError(f"--profile {name!r} is not served here; {' and '.join(PROFILES)} are.{hint}")
    if not found:
        raise ValueError(f"--profile names no profile; {' and '.join(PROFILES)} are served, or both with a comma.")
    return found


def _settings(
    *,
    data_dir: Path,
    api_keys: Collection[str],
    transcriber: Transcriber,
    model: str | None,
    base_url: str | None,
    console_origins: Collection[str],
    shape: Shape,
    faults: Collection[str],
    scenarios: Collection[str],
    open_namespaces: bool,
    faithful: bool,
    profile: str,
    revision: str,
    session_timeout: int,
) -> Settings:
    """What was asked for; raises ValueError for what cannot be meant."""
    for key in api_keys:
        if not _KEY.match(key):
            raise ValueError(f"An --api-key has 1 to {LONGEST_KEY} printable ASCII characters and no blank.")
    if base_url is not None and not _BASE_URL.match(base_url):
        raise ValueError(f"--base-url {base_url!r} is not an http:// or https:// address of a host.")
    origins = [_origin(given) for given in console_origins]
    profiles = _profiles(profile)
    return Settings(
        data_dir=data_dir.absolute(),
        api_keys=tuple(dict.fromkeys(api_keys)) or (DEFAULT_KEY,),
        # nobody is heard where no profile takes audio
        transcriber=transcriber.value if "medscribe" in profiles else "scripted",
        model=model,
        base_url=base_url,
        console_origins=tuple(dict.fromkeys(origins)),
        templates_shape=shape.value,
        open_namespaces=open_namespaces,
        faithful=faithful,
        faults=tuple(dict.fromkeys(faults)),
        scenarios=tuple(scenarios),
        profiles=profiles,
        revision=revision,
        session_limit_s=session_timeout,
    )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        told = f"Cannot listen on {host} port {port}: {error.strerror}. Another --port may be free; 0 finds one."
        raise _refuse(told, _UNUSABLE) from error
    return listening


def _try(settings: Settings) -> str | None:
    """Refuse now what the server would stumble over once it runs; returns the transcriber's notice."""
    from mock_server.log.folder import LogFolder
    from mock_server.speech import open_transcriber
    from mock_server.storage.keeping import open_keeping

    keeping = open_keeping(settings.data_dir, settings.revision)
    try:
        if "session_manager" in settings.profiles:
            LogFolder(settings.data_dir / "logs").open()
    finally:
        keeping.close()
    notice = open_transcriber(settings.transcriber, settings.model, cache=settings.data_dir / "models").notice
    return notice if "medscribe" in settings.profiles else None


def _open(settings: Settings) -> tuple[Starlette, str | None]:
    from mock_server.app import create_app
    from mock_server.speech import SpeechUnavailable
    from mock_server.storage import StorageError

    try:
        return create_app(settings), _try(settings)
    except ValueError as error:
        raise _refuse(str(error), _USAGE) from error
    except (StorageError, SpeechUnavailable) as error:
        raise _refuse(str(error), _UNUSABLE) from error
    except OSError as error:
        told = f"The data directory {settings.data_dir} cannot be used: {error.strerror}."
        raise _refuse(told, _UNUSABLE) from error


def _reachable(host: str) -> bool:
    """Whether others than this machine can connect."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _warnings(settings: Settings, host: str, notice: str | None) -> list[str]:
    """What somebody should know before they rely on this server."""
    told = [notice] if notice else []
    if settings.open_namespaces:
        told.append("OPEN NAMESPACES: any sk_test_ key is accepted; not conformant on authentication.")
    told += namespaces.warnings(settings.api_keys)
    if settings.faults:
        told.append(f"FAULTS ARE ON: {', '.join(settings.faults)}")
    if settings.scenarios:
        told.append(f"SCENARIOS ARE ARMED: {', '.join(settings.scenarios)}")
    if _reachable(host):
        told.append("Others on the network can reach this server, over plain HTTP: no patients' voices here.")
        if DEFAULT_KEY in settings.api_keys:
            told.append(f"{DEFAULT_KEY} is a key everybody knows; --api-key gives your own.")
    return told


def _faces(settings: Settings, address: str) -> list[str]:
    """Where each profile is to be found."""
    told = []
    if "medscribe" in settings.profiles:
        told.append(
            f"  discovery: {address}/.well-known/medscribealliance   docs: {address}/docs"
            f"   revision: {settings.revision}"
        )
    if "session_manager" in settings.profiles:
        told.append(
            f"  session manager: {address}/sessions.start   document: {address}/session_manager/openapi.json"
            f"   log: {escape(str(settings.data_dir / 'logs'))}"
        )
    return told


def _hears(settings: Settings, notice: str | None) -> str:
    if "medscribe" not in settings.profiles:
        return ""
    return f"   transcripts: {'scripted, not heard' if notice else 'Whisper'}"


def _banner(settings: Settings, host: str, port: int, notice: str | None) -> None:
    address = settings.base_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    known = settings.api_keys == (DEFAULT_KEY,)
    keys = DEFAULT_KEY if known else f"{len(settings.api_keys)} of your own"
    lines = [
        f"[bold]scribe-mock[/] listens on [bold]{escape(address)}[/]",
        *_faces(settings, escape(address)),
        f"  API key: {keys}{_hears(settings, notice)}   data: {escape(str(settings.data_dir))}",
        f"  namespaces: {escape(namespaces.summary(settings.api_keys))}",
    ]
    if not settings.faithful:
        lines.append(
            "  control plane: /_mock/v1 (clock, reset, requests, journal, scenarios, wait); --faithful switches it off"
        )
    lines += [f"  [bold yellow]{escape(warning)}[/]" for warning in _warnings(settings, host, notice)]
    console = Console(stderr=True)
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)


def configuration(app: ASGIApp) -> uvicorn.Config:
    """How uvicorn serves an application here."""
    import uvicorn

    from mock_server.cli.wire import Wire

    return uvicorn.Config(
        app,
        http=Wire,
        ws="none",
        log_level="error",  # a warning for each malformed request is a client's word
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_GRACE_S,
        limit_concurrency=_MOST_CONNECTIONS,
    )


def _run(app: Starlette, listening: socket.socket, announce: Callable[[], None], *, verbose: bool) -> None:
    from mock_server.cli.verbose import lines
    from mock_server.cli.wire import Server

    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # a warning for each malformed form is a client's word
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
    # uvicorn's configuration closes every handler of the process: ours comes after it
    server = Server(configuration(app), app.state.face, announce)
    with lines(wanted=verbose):
        server.run(sockets=[listening])


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one and prints it.")] = 8080,
    data_dir: Annotated[
        Path, typer.Option(help="Where sessions and audio are kept; made when it is not there.")
    ] = Path("scribe-mock-data"),
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            help="A valid key; may be repeated. sk_test_clinic_north opens the namespace clinic (letters and digits up "
            f"to the next underscore); keys of one namespace see the same sessions. Without: {DEFAULT_KEY}"
        ),
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
    fault: Annotated[
        list[str] | None, typer.Option(help="Switch a defect on; may be repeated. See `scribe-mock faults`.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PARAM=VALUE,...]", help="Arm a scenario; may be repeated. See `scribe-mock scenarios`."
        ),
    ] = None,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="No control plane, nothing that is not the protocol's.")
    ] = False,
    base_url: Annotated[str | None, typer.Option(help="Scheme and host clients use, where a proxy hides them.")] = None,
    console_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Origin of another server's page that may use the control plane; may be repeated."
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="NAME[,NAME]", help=f"What to serve, side by side: {' or '.join(PROFILES)}.")
    ] = PROFILES[0],
    revision: Annotated[
        str, typer.Option(metavar="DATE", help=f"The text of medscribe to serve: {', '.join(MACHINES)}.")
    ] = REVISION,
    session_timeout: Annotated[
        int,
        typer.Option(
            metavar="SECONDS", min=1, max=_LONGEST_SESSION_S, help="When session_manager ends what nobody ended."
        ),
    ] = 3600,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line a request on stderr: how it was answered, and why.")
    ] = False,
) -> None:
    """Serve until interrupted. Example: scribe-mock serve --port 8080 --api-key sk_test_mine"""
    try:
        settings = _settings(
            data_dir=data_dir,
            api_keys=api_key or [],
            transcriber=transcriber,
            model=model,
            base_url=base_url,
            console_origins=console_origin or [],
            shape=templates_shape,
            faults=fault or [],
            scenarios=scenario or [],
            open_namespaces=open_namespaces,
            faithful=faithful,
            profile=profile,
            revision=revision,
            session_timeout=session_timeout,
        )
    except ValueError as error:
        raise _refuse(str(error), _USAGE) from error
    listening = _listen(host, port)
    app, notice = _open(settings)
    port = listening.getsockname()[1]
    _run(app, listening, lambda: _banner(settings, host, port, notice), verbose=verbose)


def faults(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout, for programs.")] = False,
    revision: Annotated[
        str, typer.Option(metavar="DATE", help=f"The revision they are of: {', '.join(MACHINES)}.")
    ] = REVISION,
    profile: Annotated[str, typer.Option(metavar="NAME", help="The profile they are of, as in serve.")] = PROFILE,
) -> None:
    """List every fault that --fault can switch on, with the requirements it breaks. Example: scribe-mock faults"""
    if revision not in MACHINES:
        raise _refuse(f"Revision {revision[:40]!r} is not served; {', '.join(MACHINES)} are.", _USAGE)
    try:
        listed = catalogue(revision, _profiles(profile)).values()
    except ValueError as error:
        raise _refuse(str(error), _USAGE) from error
    if as_json:
        told = [
            {"name": found.name, "vice": found.vice, "breaks": list(found.breaks), "reading": found.reading}
            for found in listed
        ]
        typer.echo(json.dumps(told, indent=2))
        return
    _print(
        ("fault", "vice", "breaks"),
        [(found.name, escape(found.vice), ", ".join(found.breaks)) for found in listed],
    )


def scenarios(
    *, as_json: Annotated[bool, typer.Option("--json", help="As JSON on stdout, for programs.")] = False
) -> None:
    """List the states and troubles that can be asked for. Example: scribe-mock scenarios"""
    from mock_server.scenarios.catalogue import catalogue
    from mock_server.scenarios.control import described

    if as_json:
        typer.echo(json.dumps(described(), indent=2, ensure_ascii=False))
        return
    rows = [
        (
            found.name,
            escape(found.sentence),
            escape(", ".join(f"{each.name}={json.dumps(each.default)}" for each in found.parameters)),
            " ".join(found.operations) or "(sessions)",
            escape(found.rehearses),
        )
        for found in catalogue().values()
    ]
    _print(("scenario", "what happens", "parameters", "operations", "rehearses"), rows)


def _print(heads: tuple[str, ...], rows: Collection[tuple[str, ...]]) -> None:
    table = Table(*heads, box=None, pad_edge=False, header_style="dim")
    for row in rows:
        table.add_row(*row)
    console = Console()
    if not console.is_terminal:  # a pipe has no width: nothing is cut for it
        console.width = _ENDLESS
    console.print(table)
