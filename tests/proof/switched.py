"""`python -m tests.proof.switched FOLDER PORT [PROFILE [REVISION]]`: a server in whose namespaces one fault each is on.

Faults are by namespace, so that one process shows all of them: the namespace of a fault is its name without its `_`.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from mock_server.app import create_app
from mock_server.cli.running import configuration
from mock_server.cli.server import Server
from mock_server.faults.catalogue import catalogue
from mock_server.served import LIVE_REVISION
from mock_server.settings import Settings
from scribe_data import REVISION
from tests.proof.ports import free_port
from tests.proof.process import ended, ready

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

#: Sockets that a namespace may have: more than a run holds, for those of all namespaces take places of one server.
_SOCKETS = 64

#: The namespace without any fault.
HONEST = "honest"


def key_of(fault: str) -> str:
    """The key of the namespace in which a fault is on."""
    return f"sk_test_{fault.replace('_', '')}"


def second_of(fault: str) -> str:
    """The key of a second user of that namespace."""
    return f"{key_of(fault)}_second"


@contextmanager
def switched(folder: Path, profile: str = "session_manager", revision: str = "") -> Iterator[str]:
    """The address of a mock, in a process of its own, whose namespaces have a fault each; `revision` is of live."""
    port = free_port()
    command = [sys.executable, "-m", "tests.proof.switched", str(folder), str(port), profile, revision]
    process = subprocess.Popen(command, cwd=ROOT)
    address = f"http://127.0.0.1:{port}"
    try:
        yield ready(lambda: address, process)
    finally:
        ended(process)


def main() -> None:
    """Serve until it is ended."""
    folder, port, *more = sys.argv[1:]
    profile, revision = (more + ["session_manager", ""][len(more) :])[:2]
    live = revision or LIVE_REVISION
    faults = catalogue(REVISION, (profile,), live)
    keys = tuple(key for name in (*faults, HONEST, "other") for key in (key_of(name), second_of(name)))
    app = create_app(
        Settings(Path(folder), keys, "scripted", profiles=(profile,), live_revision=live, most_live=_SOCKETS)
    )
    for name in faults:
        app.state.faults.switch([name], key_of(name).removeprefix("sk_test_"))
    face = app.state.face
    listening = socket.create_server(("127.0.0.1", int(port)))
    Server(configuration(app, face.told, face.streams_at), face, lambda: None).run(sockets=[listening])


if __name__ == "__main__":
    main()
