"""The mock as its command starts it, but for the queue: that of the command answers 503 long before a client tires."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import server
from mock_server.app import create_app
from mock_server.settings import Limits, Settings

#: More sessions than all rounds together end.
_QUEUE = 100_000


def main() -> None:
    """Serve with the scripted transcriber until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--queue", type=int, default=_QUEUE, help="sessions in processing")
    parser.add_argument("--unrecorded", action="store_true", help="record no traffic")
    asked = parser.parse_args()
    server.run(
        create_app(
            Settings(
                data_dir=asked.data_dir,
                transcriber="scripted",
                limits=Limits(queue=asked.queue),
                records_traffic=not asked.unrecorded,
            )
        )
    )


if __name__ == "__main__":
    main()
