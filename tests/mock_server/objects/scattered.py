"""The command with a data directory that is scratch: another process goes on without it."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path.cwd()))
    from mock_server.cli import arguments, main

    arguments.Settings = partial(arguments.Settings, scattered=True)
    main()
