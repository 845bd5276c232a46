"""Fixtures as the pipeline hands uploads over."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from mock_server.session.chunk import sequence_of
from mock_server.speech import Recording, Transcription
from scribe_data.recordings import Fixture, load

Hear = Callable[..., Transcription]


class Uploads:
    """Files as the pipeline hands them over."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fixture(self, name: str) -> Recording:
        fixture = load()[name]
        return self.data(Path(fixture.path).name, fixture.read())

    def all(self, recording: str) -> list[Recording]:
        return [self.fixture(fixture.name) for fixture in chunks(recording)]

    def data(self, name: str, data: bytes) -> Recording:
        """Stored under a name of our own, as a server does."""
        digest = hashlib.sha256(data).hexdigest()
        path = self.folder / digest
        path.write_bytes(data)
        return Recording(name, path, digest, sequence_of(name))


def chunks(recording: str) -> list[Fixture]:
    """The files of a folder of the fixtures, in their order."""
    found = [fixture for fixture in load().values() if fixture.name.startswith(f"{recording}/")]
    return sorted(found, key=lambda fixture: fixture.sequence or 0)
