"""The numbers of a server in the text format of Prometheus; the one module that knows its library."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from mock_server.metrics.meter import BUCKETS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prometheus_client.core import Metric

    from mock_server.metrics.meter import Hearing, Meter, Worked
    from mock_server.pipeline.turns import Waiting

#: What an answer is labelled as.
MEDIA_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4


class Listened(NamedTuple):
    """Live sessions that are listened to, how many seconds the last of them is behind, and what was heard of all."""

    number: int
    behind_s: float
    hearing: Hearing


@dataclass(frozen=True)
class Standing:
    """How a server stands at a moment; seconds are the machine's, not those of a test clock."""

    #: By profile and state, and how many seconds ago they were counted: None for never.
    sessions: Mapping[tuple[str, str], int] = field(default_factory=Counter)
    counted_s: float | None = None
    #: By profile.
    queues: Mapping[str, Waiting] = field(default_factory=dict)
    sockets: int = 0
    #: Where live sessions are served.
    live: Listened | None = None
    #: Whether what comes can be stored, and whether the server takes more.
    stores: bool = True
    ready: bool = True
    #: Whether Redis is there; None where it is not asked for.
    mirrors: bool | None = None


class _Figures(Collector):
    """What stands in one answer."""

    def __init__(self, meter: Meter, standing: Standing) -> None:
        self._meter = meter
        self._now = standing

    def collect(self) -> Iterator[Metric]:
        """Family by family."""
        yield from self._sessions()
        yield from self._work()
        yield from self._requests()
        yield _gauge("scribe_sockets_open", "Sockets that audio comes over", self._now.sockets)
        yield _gauge("scribe_ready", "Whether /health/ready says so", self._now.ready)
        yield _gauge("scribe_storage_available", "Whether what comes can be stored now", self._now.stores)
        told = "Looks and changes that the store did not take"
        yield CounterMetricFamily("scribe_storage_failures", told, value=self._meter.storage_failures)
        yield from _redis(self._now.mirrors)

    def _sessions(self) -> Iterator[Metric]:
        family = GaugeMetricFamily("scribe_sessions", "Sessions that are kept", labels=("profile", "state"))
        for (profile, state), number in sorted(self._now.sessions.items()):
            family.add_metric((profile, state), number)
        yield family
        if self._now.counted_s is not None:
            yield _gauge("scribe_sessions_counted_seconds", "Since the sessions were counted", self._now.counted_s)

    def _work(self) -> Iterator[Metric]:
        waiting = GaugeMetricFamily("scribe_queue_sessions", "Sessions that wait to be worked on", labels=("profile",))
        oldest = GaugeMetricFamily("scribe_queue_oldest_seconds", "How long the first has waited", labels=("profile",))
        working = GaugeMetricFamily("scribe_work_sessions", "Sessions in work", labels=("profile",))
        for profile, queue in self._now.queues.items():
            waiting.add_metric((profile,), queue.number)
            oldest.add_metric((profile,), queue.oldest_s)
            working.add_metric((profile,), queue.in_work)
        yield from (waiting, oldest, working)
        audio = CounterMetricFamily("scribe_audio_heard_seconds", "Seconds of audio that were heard", labels=("kind",))
        spent = CounterMetricFamily("scribe_audio_spent_seconds", "Seconds that hearing it took", labels=("kind",))
        kinds = {"upload": self._meter.hearing}
        if (live := self._now.live) is not None:
            kinds["live"] = live.hearing
            yield _gauge("scribe_live_sessions", "Live sessions that are listened to", live.number)
            yield _gauge("scribe_live_lag_seconds", "How far the last of them is behind what was said", live.behind_s)
        for kind, hearing in kinds.items():
            audio.add_metric((kind,), hearing.audio_s)
            spent.add_metric((kind,), hearing.spent_s)
        yield from (audio, spent)

    def _requests(self) -> Iterator[Metric]:
        answered = CounterMetricFamily("scribe_requests", "Requests answered", labels=("operation", "status"))
        for names, number in sorted(self._meter.requests.items()):
            answered.add_metric(names, number)
        refused = CounterMetricFamily("scribe_refusals", "Requests refused", labels=("profile", "code"))
        for names, number in sorted(self._meter.refusals.items()):
            refused.add_metric(names, number)
        took = HistogramMetricFamily("scribe_request_seconds", "From a request to its answer", labels=("operation",))
        for operation, durations in sorted(self._meter.durations.items()):
            bounds = [*map(str, BUCKETS), "+Inf"]
            buckets = list(zip(bounds, map(float, accumulate(durations.counts)), strict=True))
            took.add_metric((operation,), buckets, durations.total_s)
        yield from (answered, refused, took)


class _Jobs(Collector):
    """What stands in one answer of a worker."""

    def __init__(self, worked: Worked, *, ready: bool, mirrors: bool | None) -> None:
        self._worked = worked
        self._mirrors = mirrors
        self._ready = ready

    def collect(self) -> Iterator[Metric]:
        """Family by family."""
        done = CounterMetricFamily("scribe_jobs", "Jobs that came to an end", labels=("job", "outcome"))
        for names, number in sorted(self._worked.jobs.items()):
            done.add_metric(names, number)
        yield done
        working = GaugeMetricFamily("scribe_jobs_in_work", "Jobs in work", labels=("job",))
        for name, number in sorted(self._worked.in_work.items()):
            working.add_metric((name,), number)
        yield working
        hearing = self._worked.hearing
        audio = CounterMetricFamily("scribe_audio_heard_seconds", "Seconds of audio that were heard", labels=("kind",))
        audio.add_metric(("upload",), hearing.audio_s)
        spent = CounterMetricFamily("scribe_audio_spent_seconds", "Seconds that hearing it took", labels=("kind",))
        spent.add_metric(("upload",), hearing.spent_s)
        yield from (audio, spent)
        if hearing.audio_s:
            told = "Seconds that a second of audio took, of all that was heard"
            yield _gauge("scribe_audio_realtime_factor", told, hearing.spent_s / hearing.audio_s)
        yield _gauge("scribe_ready", "Whether /health/ready says so", self._ready)
        yield from _redis(self._mirrors)


def _redis(mirrors: bool | None) -> Iterator[Metric]:
    if mirrors is not None:
        yield _gauge("scribe_redis_available", "Whether Redis is there; nothing that counts needs it", mirrors)


def _gauge(name: str, told: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, told, value=value)


def exposed(meter: Meter, standing: Standing) -> bytes:
    """All of it, with memory and processor time of this process, as `MEDIA_TYPE`."""
    registry = CollectorRegistry()  # of this answer alone: the library's own is one a process
    registry.register(_Figures(meter, standing))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


def exposed_worker(worked: Worked, *, ready: bool, mirrors: bool | None = None) -> bytes:
    """The same of a process that does jobs for others."""
    registry = CollectorRegistry()
    registry.register(_Jobs(worked, ready=ready, mirrors=mirrors))
    ProcessCollector(registry=registry)
    return generate_latest(registry)
