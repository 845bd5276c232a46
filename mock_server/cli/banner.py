"""What `scribe-mock serve` tells people when it listens."""

from __future__ import annotations

import ipaddress
from importlib.util import find_spec
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from mock_server.api.face import LIVE_STREAM
from mock_server.cli import namespaces
from mock_server.cli.logs import in_json, serving
from mock_server.extra import install
from mock_server.served import LIVE
from mock_server.settings import DEFAULT_KEY
from mock_server.version import version

if TYPE_CHECKING:
    from mock_server.api.around import Around
    from mock_server.settings import Settings


def _reachable(host: str) -> bool:
    """Whether others than this machine can connect."""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host != "localhost"


def _warnings(settings: Settings, host: str, notice: str | None) -> list[str]:
    """What somebody should know before they rely on this server."""
    told = [notice] if notice else []
    if "prsm" in settings.profiles and find_spec("reportlab") is None:
        told.append(f"PDF and Word files are neither read nor written: {install('prsm')}.")
    if settings.open_namespaces:
        told.append("OPEN NAMESPACES: any sk_test_ key is accepted; not conformant on authentication.")
    told += namespaces.warnings(settings.api_keys, by_user=settings.profiles == ("prsm",))
    if settings.faults:
        told.append(f"FAULTS ARE ON: {', '.join(settings.faults)}")
    if settings.scenarios:
        told.append(f"SCENARIOS ARE ARMED: {', '.join(settings.scenarios)}")
    if settings.strict:
        told.append("STRICT: what /openapi.json forbids is refused; without, it is taken with a warning.")
    if settings.scenario_file:
        told.append(f"SCENARIOS ARE ARMED from {settings.scenario_file}, as often as it is saved.")
    if settings.vary is not None or settings.choices:
        chosen = [*([f"seed {settings.vary}"] if settings.vary is not None else []), *settings.choices]
        told.append(f"CHOICES ARE MADE: {', '.join(chosen)}; GET /_mock/v1/choices shows them.")
    if _reachable(host):
        told.append("Others on the network can reach this server, over plain HTTP: no patients' voices here.")
        if DEFAULT_KEY in settings.api_keys:
            told.append(f"{DEFAULT_KEY} is a key everybody knows; --api-key gives your own.")
    return told


def _faces(settings: Settings, url: str) -> list[str]:
    """Where each profile is to be found."""
    told = []
    if "medscribe" in settings.profiles:
        told.append(
            f"  discovery: {url}/.well-known/medscribealliance   docs: {url}/docs   revision: {settings.revision}"
        )
    if "session_manager" in settings.profiles:
        told.append(
            f"  session manager: {url}/sessions.start   document: {url}/session_manager/openapi.json"
            f"   log: {escape(str(settings.data_dir / 'logs'))}"
        )
    if "prsm" in settings.profiles:
        told.append(
            f"  research sessions: {url}/api/v1/sessions   document: {url}/api/v1/openapi.json"
            f"   corpus: {escape(str(settings.corpus or 'the texts of this project'))}"
        )
    if LIVE in settings.profiles:
        socket = f"{url.replace('http', 'ws', 1)}{LIVE_STREAM}"
        told.append(
            f"  live sessions: {socket}   kept: {url}/v1/realtime/sessions   revision: {settings.live_revision}"
        )
    return told


def _hears(settings: Settings, notice: str | None) -> str:
    if not {"medscribe", LIVE} & {*settings.profiles}:
        return ""
    notes = f"   notes: {escape(settings.notes)}, what nobody said is dropped" if settings.notes else ""
    return f"   transcripts: {'scripted, not heard' if notice else 'Whisper'}{notes}"


def _place(settings: Settings) -> str:
    if settings.in_memory:
        return "in memory, gone with this process"
    audio = settings.audio_store or (settings.data_dir if settings.database else None)
    direct = f", where clients put it ({settings.direct_uploads})" if settings.direct_uploads else ""
    return f"{settings.database or settings.data_dir}{f', audio in {audio}' if audio else ''}{direct}"


def _redis(settings: Settings) -> str:
    return f"   redis: {settings.redis}" if settings.redis else ""


def address(settings: Settings, host: str, port: int) -> str:
    """Where clients find the server."""
    root = settings.base_url or f"http://{f'[{host}]' if ':' in host else host}:{port}"
    return f"{root.rstrip('/')}{settings.base_path}"


def _cluster(around: Around) -> str:
    """What the process is among the others."""
    shards, others = around.told()["shards"], around.told()["directory"]
    here = ", ".join(map(str, shards["here"])) or "none"
    who = ", ".join(f"{number} {what}" for what, number in others.items() if number)
    return f"  role: {around.role}   shards here: {here} of {shards['of']}   in the cluster: {who}"


def _log(settings: Settings, url: str, host: str, notice: str | None, around: Around | None) -> None:
    facts = {
        "version": version(),
        "url": url,
        "profiles": list(settings.profiles),
        "revision": settings.revision,
        "data": _place(settings),
        **({"redis": str(settings.redis)} if settings.redis else {}),
        "faithful": settings.faithful,
        **({"role": around.role, **around.told()} if around else {}),
    }
    serving.info("scribe-mock listens on %s", url, extra={"fields": facts})
    for warning in _warnings(settings, host, notice):
        serving.warning("%s", warning)


def banner(settings: Settings, url: str, host: str, notice: str | None, around: Around | None = None) -> None:
    """Print it on stderr, or where lines are JSON tell it as one, with a line a warning."""
    if in_json() is not None:
        _log(settings, url, host, notice, around)
        return
    known = settings.api_keys == (DEFAULT_KEY,)
    keys = DEFAULT_KEY if known else f"{len(settings.api_keys)} of your own"
    lines = [
        f"[bold]scribe-mock[/] listens on [bold]{escape(url)}[/]",
        *_faces(settings, escape(url)),
        f"  API key: {keys}{_hears(settings, notice)}   data: {escape(_place(settings) + _redis(settings))}",
        *([_cluster(around)] if around else []),
        f"  namespaces: {escape(namespaces.summary(settings.api_keys))}",
    ]
    if not settings.faithful:
        lines.append(f"  console, to look at sessions and to make them: {escape(url)}/console")
        lines.append("  control plane: /_mock/v1, shown at /_mock/v1/docs; --faithful switches it off")
    lines += [f"  [bold yellow]{escape(warning)}[/]" for warning in _warnings(settings, host, notice)]
    console = Console(stderr=True)
    for line in lines:
        console.print(line, soft_wrap=True, highlight=False)
