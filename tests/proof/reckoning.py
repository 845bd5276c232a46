"""What is left of all that clients were told, by the tables, the bucket and every process: a list of what is wrong."""

from __future__ import annotations

import asyncio
import hashlib
import io
import json
import time
import wave
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any, Final

from mock_server.auth import namespace_of
from mock_server.cluster.sharding import shard_of
from tests.proof.insisting import FINAL, Client, Record

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.asking import Asking
    from tests.clusters import Cluster

#: Requests at a time: none of them is refused for another one.
_AT_ONCE = 8
#: What a session comes to, in its journal, once.
_ENDS = ("completed", "partial", "failed")

_REST_S: Final = 30.0


class Reckoning:
    """Compares what was told with what is there."""

    def __init__(self, cluster: Cluster, record: Record, shards: int, keys: Sequence[str]) -> None:
        self._cluster = cluster
        self._record = record
        self._shards = shards
        self._keys = keys
        self._wrong: list[str] = [*record.wrong]
        self._places = asyncio.Semaphore(_AT_ONCE)

    async def wrong(self, asking: Asking) -> list[str]:
        """Everything that is not as it was told."""
        await asyncio.to_thread(self._tables)
        clients = {
            key: Client(
                asking,
                lambda: [each.address for each in self._cluster.of("api", "all", "gateway")],
                key,
                Record(),
                lambda: True,
            )
            for key in self._keys
        }
        await asyncio.gather(*(self._one(clients, name) for name in self._record.sessions))
        return self._wrong

    def _note(self, name: str, told: str) -> None:
        self._wrong.append(f"{name} (shard {self._shard(name)}): {told}")

    def _shard(self, name: str) -> int:
        return shard_of(namespace_of(self._record.sessions[name].key), self._shards)

    # What lies in the database and in the bucket

    def _in_work(self) -> list[str]:
        """Sessions of the clients that are being processed; what strangers sent may take its time."""
        asked = "SELECT id FROM scribe_sessions WHERE state = 'processing'"
        found = [name for shard in range(self._shards) for [name] in self._cluster.rows(shard, asked)]
        return [name for name in found if name in self._record.sessions]

    def _rest(self) -> None:
        """Wait until nothing is in work: what a client asked that has left may have been begun since."""
        until = time.monotonic() + _REST_S
        while time.monotonic() < until and self._in_work():
            time.sleep(0.2)

    def _tables(self) -> None:
        self._rest()
        found: dict[str, str] = {}
        files: dict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
        ends: dict[str, Counter[str]] = defaultdict(Counter)
        for shard in range(self._shards):
            for name, namespace, state in self._cluster.rows(shard, "SELECT id, namespace, state FROM scribe_sessions"):
                if name in found:
                    self._wrong.append(f"{name} is in two shards")
                if shard_of(namespace, self._shards) != shard:
                    self._wrong.append(f"{name} of {namespace} is in shard {shard}")
                found[name] = state
            asked = "SELECT session_id, name, key, sha256 FROM scribe_audio_files"
            for name, file, key, digest in self._cluster.rows(shard, asked):
                files[name][file] = (key, digest)
            asked = "SELECT session_id, kind, count(*) FROM scribe_journal GROUP BY 1, 2"
            for name, kind, number in self._cluster.rows(shard, asked):
                ends[name][kind] += int(number)
        for name, told in self._record.sessions.items():
            if name not in found:
                self._note(name, "it was created, and is not there")
                continue
            self._ended(name, found[name], ends[name])
            self._kept(name, files[name], told.files)
        if left := [name for name in self._record.sessions if found.get(name) == "processing"]:
            self._wrong.append(f"{len(left)} sessions are still being processed: {left[:3]}")

    def _ended(self, name: str, state: str, journal: Counter[str]) -> None:
        told = self._record.sessions[name]
        if told.ended and state not in FINAL:
            self._note(name, f"its end was acknowledged, and it is {state}")
        if journal["ended"] > 1 or (told.ended and journal["ended"] != 1):
            self._note(name, f"its journal has {journal['ended']} ends")
        number = sum(journal[kind] for kind in _ENDS)
        if number > 1 or (told.ended and number != 1):
            self._note(name, f"it came to {number} end states: {dict(journal)}")

    def _kept(self, name: str, there: dict[str, tuple[str, str]], told: dict[str, str]) -> None:
        bucket = self._cluster.weed.store(f"cluster/shard-{self._shard(name):02d}/audio")
        for file, digest in told.items():
            key, noted = there.get(file, ("", ""))
            if noted != digest:
                self._note(name, f"{file} was acknowledged, and {'is another one' if key else 'is not there'}")
                continue
            if hashlib.sha256(_bytes(bucket, key)).hexdigest() != digest:
                self._note(name, f"{file} is listed, and its bytes are others")
        samples = self._record.sessions[name].samples
        if samples:
            self._spoken(name, _bytes(bucket, there["stream.wav"][0]) if "stream.wav" in there else b"")

    def _spoken(self, name: str, content: bytes) -> None:
        told = self._record.sessions[name]
        try:
            with wave.open(io.BytesIO(content)) as file:
                found = file.readframes(file.getnframes())
        except (EOFError, wave.Error):
            found = b""
        if found[: told.kept] != told.samples[: told.kept]:
            self._note(name, f"{told.kept} bytes of speech were kept, and {len(found)} or others are there")

    # What the processes say

    async def _one(self, clients: dict[str, Client], name: str) -> None:
        told = self._record.sessions[name]
        async with self._places:
            seen = await clients[told.key].ask("GET", f"/v1/sessions/{name}")
            if seen.status not in (200, 202) and (told.ended or seen.status != 410):  # one left open expires
                self._note(name, f"its client is told {seen.status}")
            elif told.result is not None and seen.document != json.loads(told.result):
                self._note(name, f"its result was {told.result[:300]!r} and is {seen.body[:300]!r}")
            other = next(key for key in self._keys if namespace_of(key) != namespace_of(told.key))
            seen = await clients[other].ask("GET", f"/v1/sessions/{name}")
            if seen.status != 404:
                self._note(name, f"a stranger is told {seen.status}")


def _bytes(bucket: Any, key: str) -> bytes:
    try:
        return bytes(bucket.get(key).bytes())
    except FileNotFoundError:
        return b""
