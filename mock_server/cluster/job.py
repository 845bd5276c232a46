"""What a process has others do, as text: ids and keys rather than audio, and what comes back of it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from mock_server.session.model import TemplateResult
from mock_server.speech.model import Failure, FileIssue, Recording, Segment, Transcription

if TYPE_CHECKING:
    from mock_server.pipeline.hands import Filling, Listening

#: Who owns jobs, by DBOS. Another version would leave to nobody what was posted: a workflow that is changed gets a new
#: name instead.
APPLICATION: Final = "scribe-worker"
VERSION: Final = "scribe-worker-1"
HEAR: Final = "hear_v1"
FILL: Final = "fill_v1"

#: How a job may fail, as its value says: the audio used up its time; nothing could begin; the store of audio is not
#: there; what should be in it is not; anything else.
OVERTIME: Final = "overtime"
UNAVAILABLE: Final = "unavailable"
AWAY: Final = "away"
LACKING: Final = "lacking"
BROKEN: Final = "broken"
_ALONE: Final = " (alone)"


def queue_of(engine: str) -> str:
    """The queue of what hears: a worker takes jobs of its own engine only."""
    return f"hear {engine}"


def alone(queue: str) -> str:
    """Beside a queue, the one of jobs that a worker takes one at a time."""
    return queue if queue.endswith(_ALONE) else queue + _ALONE


@dataclass(frozen=True, slots=True)
class Job:
    """A workflow, the text it is called with, and the queue it is taken from; `namespace` waits its turn with it."""

    workflow: str
    queue: str
    namespace: str
    argument: str

    @property
    def id(self) -> str:
        """The same for the same job, whoever posts it."""
        told = "\n".join((self.workflow, self.queue, self.argument))
        return f"{self.workflow}.{hashlib.sha256(told.encode()).hexdigest()[:40]}"


@dataclass(frozen=True, slots=True)
class Heard:
    """What hearing came to: a transcription, and the templates that were filled from it; or a failure and its reason.

    `took_s` are the seconds of it, without those of a wait.
    """

    took_s: float = 0.0
    transcription: Transcription | None = None
    filled: tuple[TemplateResult, ...] | None = None
    failed: str | None = None
    told: str = ""


def text(value: Any) -> str:
    """JSON of one form, in ASCII: names of files may hold what a database does not take."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def listening_text(asked: Listening, templates: tuple[str, ...], below: str, number: int, *, lenient: bool) -> str:
    """What is to be heard, the `number`-th time, and filled from it; its audio lies in a folder of the bucket."""
    return text(
        {
            "session": asked.session_id,
            "below": below,
            "files": [[each.name, each.path.name, each.sha256, each.sequence] for each in asked.recordings],
            "hint": asked.language_hint,
            "longest": asked.max_chunk_seconds,
            "templates": list(templates),
            "lenient": lenient,
            "number": number,
        }
    )


def listening(given: dict[str, Any]) -> Listening:
    """The same, read."""
    from mock_server.pipeline.hands import Listening

    files = tuple(Recording(name, Path(key), sha256, sequence) for name, key, sha256, sequence in given["files"])
    return Listening(given["session"], "", files, given["hint"], given["longest"], tuple(given["templates"]))


def filling_text(asked: Filling, number: int) -> str:
    """Templates that are to be filled, the `number`-th time."""
    return text(
        {
            "session": asked.session_id,
            "templates": list(asked.templates),
            "transcript": asked.transcript,
            "number": number,
        }
    )


def filling(given: dict[str, Any]) -> Filling:
    """The same, read."""
    from mock_server.pipeline.hands import Filling

    return Filling(given["session"], "", tuple(given["templates"]), given["transcript"])


def heard_text(found: Heard) -> str:
    """What came of it."""
    return text(asdict(found))


def heard(found: str) -> Heard:
    """The same, read."""
    given = json.loads(found)
    said, filled = given["transcription"], given["filled"]
    return Heard(
        given["took_s"],
        None if said is None else _transcription(said),
        None if filled is None else results(filled),
        given["failed"],
        given["told"],
    )


def results_text(found: tuple[TemplateResult, ...]) -> str:
    """Templates that were filled."""
    return text([asdict(each) for each in found])


def results(found: list[dict[str, Any]]) -> tuple[TemplateResult, ...]:
    """The same, read."""
    return tuple(TemplateResult(**(each | {"unsaid": tuple(each["unsaid"])})) for each in found)


def _transcription(given: dict[str, Any]) -> Transcription:
    failure = given["failure"]
    read = {
        "segments": tuple(Segment(**each) for each in given["segments"]),
        "used": tuple(given["used"]),
        "issues": tuple(FileIssue(**each) for each in given["issues"]),
        "failure": None if failure is None else Failure(**failure),
    }
    return Transcription(**(given | read))
