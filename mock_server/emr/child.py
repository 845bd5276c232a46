"""`scribe-mock` as the child of a process that may be killed: it ends when whoever started it is gone."""

from __future__ import annotations

import os
import threading

from mock_server.cli import main


def _follow() -> None:
    """The parent holds the other end of stdin, and writes nothing: the end of it is the parent's."""
    while os.read(0, 1):  # not by sys.stdin, whose lock an interpreter that ends would wait for
        pass
    os._exit(0)


if __name__ == "__main__":
    threading.Thread(target=_follow, daemon=True).start()
    main()
