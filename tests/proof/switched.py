"""`python -m tests.proof.switched FOLDER PORT`: a session manager in whose namespaces one fault each is on.

Faults are by namespace, so that one process shows all of them: the namespace of a fault is its name without its `_`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import uvicorn

from mock_server.app import create_app
from mock_server.faults.catalogue import WINDOWS
from mock_server.settings import Settings

#: The namespace without any fault.
HONEST = "honest"


def key_of(fault: str) -> str:
    """The key of the namespace in which a fault is on."""
    return f"sk_test_{fault.replace('_', '')}"


def main() -> None:
    """Serve until it is ended."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    keys = tuple(key_of(name) for name in (*WINDOWS, HONEST, "other"))
    app = create_app(Settings(folder, keys, "scripted", profiles=("session_manager",)))
    for name in WINDOWS:
        app.state.faults.switch([name], key_of(name).removeprefix("sk_test_"))
    uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
