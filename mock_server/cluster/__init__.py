"""Many processes on one database: each runs as many shards as fall to it, and a shard is a whole server.

Almost all that a server knows by heart belongs to one namespace, and is right because one process has it. So namespaces
are dealt out to a fixed number of shards, each with tables, a lock and a prefix of the bucket of its own, and whoever
asks any process is answered by the one that has the shard of its namespace.
"""

from __future__ import annotations

from typing import Final

#: Of a cluster that was not told otherwise: as many as processes that serve are ever likely to share one database.
SHARDS: Final = 8
#: More would leave a database with its usual hundred connections none for anybody else.
MOST_SHARDS: Final = 64
