"""A server on its socket: what is tried before it serves, and how it does."""

from __future__ import annotations

import contextlib
import errno
import socket
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from mock_server.api.answer import envelope
from mock_server.api.below import at
from mock_server.cli import garbage
from mock_server.cli.logs import begin, in_json, say, whole
from mock_server.cli.refusal import UNUSABLE, USAGE, refuse
from mock_server.served import LIVE
from mock_server.settings import CORPUS
from mock_server.ticket import secret_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import uvicorn
    from starlette.types import ASGIApp

    from mock_server.api.answer import Answer
    from mock_server.api.face import Face
    from mock_server.choices import Choices
    from mock_server.cli.readiness import Readiness
    from mock_server.problems import Problem
    from mock_server.settings import Settings

_HOSTS: Final = " 127.0.0.1 is for this machine alone, 0.0.0.0 for all."
#: What may be tried where a socket cannot listen, by what the system says.
_INSTEAD: Final[Mapping[int, str]] = MappingProxyType(
    {
        errno.EADDRINUSE: " Another --port may be free; 0 finds one.",
        errno.EACCES: " A --port from 1024 on needs no rights; 0 finds a free one.",
        errno.EADDRNOTAVAIL: " --host is no address of this machine." + _HOSTS,
        socket.EAI_NONAME: " --host is no name that is known here." + _HOSTS,
    }
)
#: After a signal what is open may go on for so many seconds: with those of the closing it is less than the ten that
#: Docker waits before it kills.
GRACE_S: Final = 5.0
#: Then sockets are closed and what came over them is kept; running requests are refused after so many seconds.
_CLOSING_S = 3
#: A poll every ten seconds is the slowest the protocol recommends (§9.8): such a client keeps its connection.
_KEEP_ALIVE_S = 15
#: Bytes of a message that a socket takes: half a minute of samples.
LARGEST: Final = 1024 * 1024
#: Open connections; the application refuses with its own envelope long before (Settings.most_at_once).
_MOST_CONNECTIONS = 1024


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens, on a free port for 0; refuses one that is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        told = f"Cannot listen on {host} port {port}: {error.strerror}.{_INSTEAD.get(error.errno or 0, '')}"
        raise refuse(told, UNUSABLE) from error
    return listening


def _try_directory(settings: Settings, choices: Choices | None) -> None:
    from mock_server.log.folder import LogFolder
    from mock_server.storage.keeping import open_keeping

    keeping = open_keeping(
        settings.data_dir, settings.revision, settings.database, settings.audio_store, scattered=settings.scattered
    )
    try:
        if "session_manager" in settings.profiles:
            LogFolder(settings.data_dir / "logs").open()
        if "prsm" in settings.profiles:
            _try_corpus(settings)
        if choices is not None:
            secret_of(settings.data_dir)
    finally:
        keeping.close()


def _try_corpus(settings: Settings) -> None:
    """Read what research sessions look for things in: the server finds it read."""
    from mock_server.research import Corpus, CorpusError, standing

    def tell(done: int, of: int, name: str) -> None:
        say(standing(done, of, name))

    try:
        Corpus.open(settings.data_dir / CORPUS, settings.corpus, tell).close()
    except CorpusError as error:
        raise refuse(f"{error}.", UNUSABLE) from error


def _try(settings: Settings, choices: Choices | None) -> str | None:
    """Refuse now what the server would stumble over once it runs; returns the transcriber's notice."""
    from mock_server.speech import open_transcriber

    if not settings.in_memory:
        _try_directory(settings, choices)
    notice = open_transcriber(settings.transcriber, settings.model, cache=settings.data_dir / "models").notice
    return notice if {"medscribe", LIVE} & {*settings.profiles} else None


@contextlib.contextmanager
def refusing(settings: Settings) -> Iterator[None]:
    """Refuse, in one line, what could not be served."""
    from mock_server.mirror.client import AwayError
    from mock_server.speech import SpeechUnavailable
    from mock_server.storage import StorageError

    try:
        yield
    except ValueError as error:
        raise refuse(str(error), USAGE) from error
    except (AwayError, StorageError, SpeechUnavailable) as error:
        raise refuse(str(error), UNUSABLE) from error
    except OSError as error:
        told = f"The data directory {settings.data_dir} cannot be used: {error.strerror}."
        raise refuse(told, UNUSABLE) from error


def opened(settings: Settings) -> tuple[ASGIApp, Face, str | None]:
    """The application, its face, and the transcriber's notice; refuses what could not be served."""
    from mock_server.app import create_app

    with refusing(settings):
        app = create_app(settings)
        notice = _try(settings, app.state.choices)
        try_redis(settings)
        return at(app, app.state.face), app.state.face, notice


def try_redis(settings: Settings) -> None:
    """Raise AwayError where Redis is asked for and not to be had."""
    if settings.redis is not None:
        from mock_server.mirror.trial import try_out

        try_out(settings.redis)


def _nowhere(_path: bytes) -> bool:
    return False


def configuration(
    app: ASGIApp,
    told: Callable[[Problem], Answer] = envelope,
    streams_at: Callable[[bytes], bool] = _nowhere,
) -> uvicorn.Config:
    """How uvicorn serves an application here; `told` words what is refused before it reaches it.

    `streams_at` tells the paths at which a request may become a socket.
    """
    import uvicorn
    from uvicorn.config import LOGGING_CONFIG

    from mock_server.cli.lobby import Lobby
    from mock_server.cli.socket import Socket
    from mock_server.cli.wire import Wire

    waiting = Lobby()

    class Worded(Wire):
        words = staticmethod(told)
        upgrades = staticmethod(streams_at)
        lobby = waiting

    class WordedSocket(Socket):
        words = staticmethod(told)
        lobby = waiting

    return uvicorn.Config(
        app,
        http=Worded,
        ws=WordedSocket,
        ws_max_size=LARGEST,
        ws_per_message_deflate=False,  # a message that was made small may unfold to any size
        # where lines are JSON, those of uvicorn go the way of all others
        log_config=LOGGING_CONFIG if in_json() is None else None,
        log_level="error",  # a warning for each malformed request is a client's word
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_CLOSING_S,
        limit_concurrency=_MOST_CONNECTIONS,
    )


def run(
    app: ASGIApp,
    face: Face,
    listening: socket.socket,
    announce: Callable[[], None],
    readiness: Readiness,
    *,
    verbose: bool,
    grace_s: float,
) -> None:
    """Serve until somebody stops it, and then for up to `grace_s` seconds while something is open."""
    from mock_server.cli.server import Server
    from mock_server.cli.verbose import lines

    begin()

    def started() -> None:
        garbage.spare()
        announce()

    def told(problem: Problem) -> Answer:
        face.meter.unparsed(problem.status, problem.code)
        return face.told(problem)

    # uvicorn's configuration closes every handler of the process: that of the lines comes after it
    server = Server(configuration(app, told, face.streams_at), face, started, readiness, grace_s=grace_s)
    with whole(), lines(wanted=verbose):
        server.run(sockets=[listening])
