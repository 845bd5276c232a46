"""The mock as its command starts it, but for queue and places: those of the command refuse long before it tires."""

from __future__ import annotations

import argparse
from pathlib import Path

from bench import server
from mock_server.app import create_app
from mock_server.settings import Limits, Settings

#: More sessions than all rounds together end.
_QUEUE = 100_000
#: One client gets no more than three places of four.
_SHARED = 2


def main() -> None:
    """Serve with the scripted transcriber until killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--queue", type=int, default=_QUEUE, help="sessions in processing")
    parser.add_argument("--unrecorded", action="store_true", help="record no traffic")
    parser.add_argument("--live", type=int, default=0, help="serve live sessions too, with places for so many at once")
    asked = parser.parse_args()
    live = {}
    if asked.live:
        places = _SHARED * asked.live
        live = {"most_live": asked.live, "most_streams": places, "most_heard": places}
    app = create_app(
        Settings(
            data_dir=asked.data_dir,
            transcriber="scripted",
            limits=Limits(queue=asked.queue),
            records_traffic=not asked.unrecorded,
            profiles=("medscribe", "dalston") if live else ("medscribe",),
            **live,
        )
    )
    server.run(app, app.state.face.streams_at)


if __name__ == "__main__":
    main()
