"""A server with a hard-coded host: `endpoints.base_url` and `upload_url` name a place where nobody listens.

The same paths on the origin that the client came by work.
"""

from __future__ import annotations

from .honest import Honest

#: The port of tcpmux, which nothing serves: a connection is refused at once.
NOWHERE = "http://127.0.0.1:1"


class ForeignHost(Honest):
    """Every address it tells is hard-coded and wrong."""

    @property
    def base_url(self) -> str:
        return NOWHERE + self.root + self.base
