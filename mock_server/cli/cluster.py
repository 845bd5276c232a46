"""`scribe-mock serve --role`: a process of a cluster, put together before it listens."""

from __future__ import annotations

import re
import socket
from enum import StrEnum
from functools import partial
from typing import TYPE_CHECKING, Final

from mock_server.cli.running import refusing, try_redis
from mock_server.served import LIVE

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.types import ASGIApp

    from mock_server.api.face import Face
    from mock_server.settings import Settings
    from mock_server.storage.directory import Directory

#: Profiles that a cluster serves; the others keep a log or an index in a directory of one process.
_SERVED: Final = ("medscribe", LIVE)
_ADDRESS: Final = re.compile(r"http://(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:]+\]):[0-9]{1,5}/?\Z")
_EVERYWHERE: Final = ("0.0.0.0", "::")  # noqa: S104 - compared with, not bound


class Role(StrEnum):
    """What a process of a cluster does."""

    API = "api"
    WORKER = "worker"
    GATEWAY = "gateway"
    ALL = "all"


def check(settings: Settings, role: Role | None, *, shards: int | None, advertise: str | None) -> None:
    """Refuse what no cluster can be made of; raises ValueError."""
    if role is None:
        for name, given in {"--shards": shards, "--advertise": advertise}.items():
            if given is not None:
                raise ValueError(f"{name} is for a process of a cluster: give it a --role too, or leave it out.")
        return
    if advertise is not None and not _ADDRESS.match(advertise):
        raise ValueError(f"--advertise {advertise[:80]!r} is no address such as http://10.0.0.5:8080.")
    if settings.database is None:
        raise ValueError("--role makes a process one of many on one database: give it --database postgresql://….")
    if settings.audio_store is None:
        raise ValueError("--role wants audio where every process finds it: give it --audio-store s3://….")
    others = [name for name in settings.profiles if name not in _SERVED]
    if others:
        told = f"--role serves {' and '.join(_SERVED)}; {others[0]} keeps what it has in the directory of one process."
        raise ValueError(f"{told} Serve it by a server without --role.")


def advertised(given: str | None, host: str, port: int) -> str:
    """Where other processes reach this one."""
    if given is not None:
        return given.rstrip("/")
    name = socket.gethostname() if host in _EVERYWHERE else host
    return f"http://{f'[{name}]' if ':' in name else name}:{port}"


def opened(
    settings: Settings, role: Role, address: str, shards: int | None, grace_s: float
) -> tuple[ASGIApp, Face, str | None]:
    """The application, its face, and the transcriber's notice; refuses, in one line, what could not be served."""
    with refusing(settings):
        return _member(settings, role, address, shards, grace_s)


def _member(
    settings: Settings, role: Role, address: str, shards: int | None, grace_s: float
) -> tuple[ASGIApp, Face, str | None]:
    from mock_server.app import create_app
    from mock_server.cluster.beside import Beside
    from mock_server.cluster.board import Board
    from mock_server.cluster.front import Front
    from mock_server.cluster.holding import SERVING, Holding
    from mock_server.cluster.remote import RemoteHands
    from mock_server.cluster.sharding import folder_of, front_of, settings_of, shard_of
    from mock_server.cluster.worker import Worker
    from mock_server.cluster.workshop import Crew, Workshop
    from mock_server.speech import open_transcriber
    from mock_server.within import Within

    assert settings.database is not None, "it was checked"
    assert settings.audio_store is not None, "it was checked"
    serves = role.value in SERVING
    own = create_app(front_of(settings, hears=serves and LIVE in settings.profiles))
    face: Face = own.state.face
    hears = open_transcriber(settings.transcriber, settings.model, cache=settings.data_dir / "models")
    try_redis(settings)
    directory = _directory(settings, shards)
    directory.join(role.value, address, hears.engine)
    board = Board(settings.database) if serves else None
    crew = None
    if role in (Role.WORKER, Role.ALL):
        begin = partial(
            Worker.open,
            settings.database,
            settings.audio_store,
            settings,
            executor_id=directory.name,
            living=directory.living,
            mirror=face.mirror,
        )
        crew = Crew(begin, grace_s)

    def shard(number: int) -> FastAPI:
        assert board is not None, "who has shards serves"
        hands = RemoteHands(board, folder_of(number), hears.engine)
        return create_app(
            settings_of(number, settings, lambda: directory.ahead_s),
            Within(
                face,
                hands,
                directory.sealing,
                name=directory.identity,
                has=lambda namespace: shard_of(namespace, directory.shards) == number,
                place=address.rpartition(":")[2],
            ),
        )

    holding = Holding(directory, directory.look(), shard, grace_s=grace_s)
    face.around = Beside(role.value, holding, board, crew)
    if role is Role.WORKER:
        assert crew is not None, "a worker works"
        return Workshop(own, holding, crew), face, hears.notice
    beside = tuple(each for each in (board, crew) if each is not None)
    return Front(own, holding, directory.sealing, sends_on=not serves, beside=beside), face, hears.notice


def _directory(settings: Settings, shards: int | None) -> Directory:
    from mock_server.cluster import SHARDS
    from mock_server.storage import StorageError
    from mock_server.storage.directory import Directory
    from mock_server.storage.keeping import bind

    assert settings.database is not None, "it was checked"
    assert settings.audio_store is not None, "it was checked"
    agreed = {
        "place": str(settings.audio_store),
        "revision": settings.revision if "medscribe" in settings.profiles else settings.live_revision,
        "profiles": ",".join(settings.profiles),
    }
    directory = Directory(settings.database, agreed, shards=shards or SHARDS, chosen=shards is not None)
    try:
        bind(settings.audio_store, directory.identity)
    except StorageError:
        directory.close()
        raise
    return directory
