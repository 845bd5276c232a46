"""The mock in a container, for tests in which everything is one: a class of testcontainers.

`docker build -f Containerfile --target mock -t scribe-mock .` makes its image; `pip install testcontainers` brings what
starts it.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any, Final

from testcontainers.core.container import DockerContainer

from mock_server.emr.mock import Mock, own_key
from mock_server.emr.process import NotStarted, SocketLine

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Self

#: What the image listens on, by its Containerfile.
PORT: Final = 8080
#: A model that is loaded and tried out takes its time.
_START_S: Final = 120.0
_GLANCE_S: Final = 0.1


class ScribeMockContainer(DockerContainer):  # type: ignore[misc]  # testcontainers is nobody's dependency here
    """A container of the mock; in memory and with the scripted transcriber unless `options` say otherwise."""

    def __init__(
        self,
        image: str = "scribe-mock",
        *,
        options: Sequence[str] = ("--in-memory", "--transcriber", "scripted"),
        **given: Any,
    ) -> None:
        super().__init__(image, **given)
        self.with_exposed_ports(PORT)
        self.with_command(["serve", "--host", "0.0.0.0", "--port", str(PORT), "--open-namespaces", "-v", *options])  # noqa: S104 - in a container

    def start(self) -> Self:
        """Start it and return once it is ready; raises NotStarted with what it said."""
        super().start()
        until = time.monotonic() + _START_S
        while not (facts := self._facts()).get("ready"):
            if "because" in facts or self._ended() or time.monotonic() > until:
                said = facts.get("because") or self.get_logs()[1].decode(errors="replace").strip()
                self.stop()
                raise NotStarted(f"The mock did not start. {said}")
            time.sleep(_GLANCE_S)
        return self

    def _ended(self) -> bool:
        wrapped = self.get_wrapped_container()
        wrapped.reload()
        return wrapped.status in ("exited", "dead")

    def _facts(self) -> dict[str, Any]:
        """The line that it writes when it is ready."""
        lines = self.get_logs()[0].decode(errors="replace").splitlines()
        found: dict[str, Any] = next((json.loads(line) for line in lines if line.startswith("{")), {})
        return found

    @property
    def url(self) -> str:
        """Where clients find it."""
        return f"http://{self.get_container_host_ip()}:{self.get_exposed_port(PORT)}"

    def mock(self) -> Mock:
        """A namespace that nobody else has, with the gestures of the fixture scribe_mock."""
        before = len(self.get_logs()[1])
        line = SocketLine(
            self.get_container_host_ip(),
            int(self.get_exposed_port(PORT)),
            lambda: self.get_logs()[1][before:].decode(errors="replace"),
        )
        return Mock(self.url, own_key(), line)
