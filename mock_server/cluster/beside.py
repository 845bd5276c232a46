"""What the face of a process tells of the cluster around it, for whoever watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mock_server.cluster.holding import SERVING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from mock_server.api.face import Face
    from mock_server.cluster.board import Board
    from mock_server.cluster.holding import Holding
    from mock_server.cluster.workshop import Crew


class Beside:
    """The shards here, the members there are, and the jobs that were posted (`Around`)."""

    def __init__(self, role: str, holding: Holding, board: Board | None, crew: Crew | None) -> None:
        self.role = role
        self._holding = holding
        self._board = board
        self._crew = crew

    def servers(self) -> Sequence[Face]:
        """The faces of the shards here."""
        return [hosted.face for hosted in self._holding.here.values()]

    def lacks(self) -> Mapping[str, str]:
        """Why the directory cannot be asked, and which shards nobody serves.

        That nobody works is none of it: sessions are made, uploaded to and read as before.
        """
        found = {}
        if self._holding.away is not None:
            found["directory"] = self._holding.away
        if self._holding.unserved:
            numbers = ", ".join(map(str, self._holding.unserved))
            failing = self._holding.failing
            reasons = sorted({failing[shard] for shard in self._holding.unserved if shard in failing})
            found["shards"] = " ".join([f"Nobody serves shard {numbers}.", *reasons])
        if self._crew is not None and self._crew.worker is not None and (lacks := self._crew.worker.lacking()):
            found["worker"] = next(iter(lacks.values()))
        return found

    def told(self) -> Mapping[str, Mapping[str, Any]]:
        """Which shards are here, of how many, who is in the cluster, and what is waited for."""
        members = self._holding.sight.members.values()
        found: dict[str, Mapping[str, Any]] = {
            "directory": {
                "serving": sum(member.role in SERVING for member in members),
                "working": sum(member.role in {"worker", "all"} for member in members),
                "forwarding": sum(member.role == "gateway" for member in members),
            },
            "shards": {"here": sorted(self._holding.here), "of": self._holding.shards},
        }
        if self._crew is not None and (worker := self._crew.worker) is not None:
            found["worker"] = {"in_work": worker.worked.in_work.total(), "at_once": worker.at_once}
        if self._board is not None:
            untaken = self._board.untaken()
            found["jobs"] = {"awaited": self._board.awaited, **({"because": untaken} if untaken else {})}
        return found
