"""A process that hears and fills templates for others: what it takes, how it is seen, and how it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import math
import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, TypeVar

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer

from mock_server.assembly import extractor_of
from mock_server.cluster import adoption, job
from mock_server.cluster.board import client_of, prepare
from mock_server.cluster.job import Heard
from mock_server.cluster.visible import visible
from mock_server.cluster.workflow import runner
from mock_server.metrics.meter import Hearing, Worked
from mock_server.pipeline.hands import Filling, LocalHands
from mock_server.pipeline.ports import Bounded
from mock_server.speech import SpeechUnavailable, open_transcriber
from mock_server.speech.model import SpeechOvertime
from mock_server.speech.trial import tried_out
from mock_server.storage import StorageError
from mock_server.storage.jobs import JobDatabase
from mock_server.storage.lending import Lacking, LentAudio

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from starlette.types import ASGIApp

    from mock_server.database import DatabaseUrl
    from mock_server.mirror.mirror import Mirror
    from mock_server.pipeline.ports import Extractor
    from mock_server.settings import Settings
    from mock_server.speech.scripted import ScriptedTranscriber
    from mock_server.speech.whisper import WhisperTranscriber
    from mock_server.storage.place import Place

T = TypeVar("T")

log = logging.getLogger("scribe.mock")

#: Between two looks at the queue, in seconds, and at that of jobs under which workers ended.
_LOOK_S: Final = 0.1
_LOOK_ALONE_S: Final = 0.5
#: Jobs at once of an engine that names no number: it decodes in threads of this process.
_AT_ONCE: Final = 4
#: Between two looks for jobs of the dead, and at the stores.
_TICK_S: Final = 1.5
_CLOSING_S: Final = 5.0


class _Below:
    """The audio of one job."""

    def __init__(self, audio: LentAudio, below: str, *, lenient: bool) -> None:
        self._audio = audio
        self._below = below
        self._lenient = lenient

    def fetch(self, keys: Sequence[str]) -> AbstractAsyncContextManager[list[Path]]:
        """Files for the time of the block."""
        return self._audio.fetch(self._below, keys, lenient=self._lenient)


class Worker:
    """Takes jobs of its engine; one a process. Made by `open`, and ended by `close`, on one event loop."""

    #: The one that is open: DBOS is a singleton, too.
    _one: Worker | None = None

    def __init__(
        self,
        jobs: JobDatabase,
        audio: LentAudio,
        transcriber: WhisperTranscriber | ScriptedTranscriber,
        extractor: Extractor,
        *,
        executor_id: str,
        living: Callable[[], set[str]],
        mirror: Mirror | None = None,
    ) -> None:
        self._jobs = jobs
        self._audio = audio
        self._transcriber = transcriber
        self._extractor = extractor
        self._executor_id = executor_id
        self._client = client_of(jobs)
        self._adoption = adoption.Adoption(jobs, self._client, living)
        self._queue = job.queue_of(transcriber.engine)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scribe-adoption")
        self._tasks: list[asyncio.Task[None]] = []
        self._launched = False
        self._closing = False
        self._unready: str | None = "The model is being tried out."
        self._away: str | None = None
        self.mirror = mirror
        self.worked = Worked()
        #: What answers /health/live, /health/ready and /metrics.
        self.app: ASGIApp = visible(self)

    @classmethod
    async def open(
        cls,
        database: DatabaseUrl,
        place: Place,
        settings: Settings,
        *,
        executor_id: str,
        living: Callable[[], set[str]],
        mirror: Mirror | None = None,
    ) -> Worker:
        """Begin to take jobs, once the model that `settings` name has heard a second of audio.

        `executor_id` is of this process and of no other, ever, and is among the `living` from before this call on;
        `living` is called in a thread, and raises StorageError; `mirror` is that of its process. Copies of audio lie in
        the data directory of the settings. Raises StorageError, SpeechUnavailable, and ValueError for notes that nobody
        can write.
        """
        if cls._one is not None:
            raise StorageError("This process is a worker already, and may be one only once.")
        extractor = extractor_of(settings)
        transcriber = open_transcriber(settings.transcriber, settings.model, cache=settings.data_dir / "models")
        async with contextlib.AsyncExitStack() as opened:
            opened.push_async_callback(transcriber.close)
            jobs = JobDatabase(database)
            opened.callback(jobs.close)
            await asyncio.to_thread(prepare, jobs)
            audio = LentAudio(place, settings.data_dir)
            opened.callback(audio.close)
            worker = cls(jobs, audio, transcriber, extractor, executor_id=executor_id, living=living, mirror=mirror)
            opened.pop_all()
        Worker._one = worker
        worker._tasks = [asyncio.create_task(worker._try_out()), asyncio.create_task(worker._keep())]
        return worker

    @property
    def engine(self) -> str:
        """What hears, by name and model."""
        return self._transcriber.engine

    @property
    def at_once(self) -> int:
        """How many jobs are in work at once."""
        return self._transcriber.hears_at_once if isinstance(self._transcriber, Bounded) else _AT_ONCE

    def lacking(self) -> dict[str, str]:
        """Part of the worker -> what it lacks; empty where everything is ready."""
        found = {
            "server": "The worker is stopping." if self._closing else None,
            "engine": self._unready,
            "storage": self._away or self._audio.absence(),
            "queue": None if self._launched else "No jobs are taken.",
        }
        return {part: because for part, because in found.items() if because is not None}

    async def _try_out(self) -> None:
        self._unready = await tried_out(self._transcriber)

    async def _keep(self) -> None:
        """Take jobs while this process is among the living, and give back those of the dead."""
        while True:
            try:
                alive = await self._threaded(self._adoption.look)
                self._away = None
                if self._executor_id not in alive:
                    await self._withdraw()
                elif self._unready is None and not self._launched:
                    await self._launch()
            except StorageError as error:
                self._away = str(error)
            except Exception:
                log.exception("the worker could not look after its jobs")
            with contextlib.suppress(StorageError):  # the store of audio tells itself that it is away
                await self._audio.look()
            await asyncio.sleep(_TICK_S * random.uniform(0.8, 1.2))  # noqa: S311 - so that not all look at once

    async def _threaded(self, act: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, act)

    async def _withdraw(self) -> None:
        """Take no jobs: those of a process that is taken for dead are given to others, again and again."""
        if self._launched:
            log.warning("this worker is not among the living any more, and takes no jobs until it is")
            await self._drain(0)

    async def _launch(self) -> None:
        """Start DBOS on the running loop, which its launch holds for a fraction of a second."""
        await self._threaded(self._register)
        runner.start(self)
        config: DBOSConfig = {
            "name": job.APPLICATION,
            "system_database_url": self._jobs.url,
            "system_database_engine": self._jobs.engine,
            "application_version": job.VERSION,
            "executor_id": self._executor_id,
            "serializer": DBOSPortableJSONSerializer(),
            "run_migrations": False,
            "log_level": "CRITICAL",
            "console_log_level": "CRITICAL",
            "enable_otlp": False,
            # nothing here waits for notifications; its pause is what closing waits for
            "notification_listener_polling_interval_sec": 0.2,
        }
        try:
            DBOS(config=config)
            DBOS.listen_queues([self._queue, job.alone(self._queue)])
            DBOS.launch()
        except BaseException:
            await self._destroy(0)
            raise
        self._launched = True

    def _register(self) -> None:
        with self._jobs.guarded():
            self._client.register_queue(self._queue, worker_concurrency=self.at_once, polling_interval_sec=_LOOK_S)
            self._client.register_queue(
                job.alone(self._queue), worker_concurrency=1, polling_interval_sec=_LOOK_ALONE_S
            )

    async def hear(self, argument: str) -> str:
        """Hear recordings and fill templates from them; what fails comes back as a value."""
        given = json.loads(argument)
        took = Hearing()
        try:
            with self._doing("hear"):
                return job.heard_text(await self._heard(given, took))
        except Lacking as error:
            failed, told = job.LACKING, str(error)
        except StorageError as error:
            failed, told = job.AWAY, str(error)
        except SpeechOvertime as error:
            failed, told = job.OVERTIME, str(error)
        except SpeechUnavailable as error:
            failed, told = job.UNAVAILABLE, str(error)
        except Exception as error:
            log.exception("the audio of %s could not be heard", given["session"])
            failed, told = job.BROKEN, f"{type(error).__name__}: {error}"
        self.worked.jobs["hear", failed] += 1
        return job.heard_text(Heard(took.spent_s, failed=failed, told=told[:500]))

    async def _heard(self, given: dict[str, Any], took: Hearing) -> Heard:
        asked = job.listening(given)
        audio = _Below(self._audio, given["below"], lenient=given["lenient"])
        hands = LocalHands(self._transcriber, self._extractor, audio, self.worked.hearing)
        heard = await hands.hear(asked, took)
        filled = None
        if asked.templates and heard.failure is None:
            filled = await hands.fill(Filling(asked.session_id, "", asked.templates, heard.text))
        self.worked.jobs["hear", "done"] += 1
        return Heard(took.spent_s, heard, filled)

    async def fill(self, argument: str) -> str:
        """Fill templates."""
        asked = job.filling(json.loads(argument))
        with self._doing("fill"):
            hands = LocalHands(self._transcriber, self._extractor, _Below(self._audio, "", lenient=False))
            found = job.results_text(await hands.fill(asked))
        self.worked.jobs["fill", "done"] += 1
        return found

    @contextlib.contextmanager
    def _doing(self, kind: str) -> Any:
        self.worked.in_work[kind] += 1
        try:
            yield
        finally:
            self.worked.in_work[kind] -= 1

    async def close(self, grace_s: float = _CLOSING_S) -> None:
        """Take nothing new, let what is in work come to its end for so many seconds, and give back what has not."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._launched:
            await self._drain(grace_s)
        await asyncio.to_thread(self._thread.shutdown)
        await self._transcriber.close()
        self._audio.close()
        self._client.destroy()
        self._jobs.close()
        Worker._one = None

    async def _drain(self, grace_s: float) -> None:
        began = time.monotonic()
        await self._destroy(math.ceil(grace_s) if runner.busy else 0)  # it looks once a second
        await runner.stop()
        self._launched = False
        try:
            left = await self._threaded(self._leave)
        except StorageError as error:
            log.warning("jobs are left to be adopted: %s", error)
        else:
            if left:
                log.warning("%d jobs go back after %.1f s", left, time.monotonic() - began)

    @staticmethod
    async def _destroy(wait_s: int) -> None:
        # in a thread: DBOS waits for threads of its own that wait for this loop
        await asyncio.to_thread(DBOS.destroy, workflow_completion_timeout_sec=wait_s)
        # DBOS put a pool of its own behind `to_thread` on this loop and has shut it down
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(thread_name_prefix="asyncio"))

    def _leave(self) -> int:
        with self._jobs.guarded():
            return adoption.leave(self._client, self._executor_id)
