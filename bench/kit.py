"""A run of journeys and walk against the mock, scripted and hearing, and its exchanges a second beside a bare loop."""

from __future__ import annotations

import asyncio
import tempfile
import time
from typing import TYPE_CHECKING

import httpx

from bench.figure import Figure, Spread, at_least, at_most, plain
from bench.server import Broken, started
from conformance.certification import certify
from conformance.cost import busy
from conformance.drive.budget import Budget
from conformance.drive.wire import Wire
from conformance.evidence import Label
from conformance.evidence.recorder import Recorder
from conformance.target import Options
from conformance.verdict import Overall

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.evidence import Exchange
    from conformance.run import Run

_ROUNDS, _LOOP = 3, 1000
#: Of the issue: seconds of a run, and how many more than its longest consultation it may take where that is heard.
_LONGEST_S, _LEAST, _BESIDE_S = 6.0, 0.5, 10.0


async def _bare(address: str, key: str, places: int) -> float:
    """Exchanges a second of GET /v1/templates, as many at once as the kit allows itself."""
    left = iter(range(_LOOP))
    async with httpx.AsyncClient(base_url=address, headers={"X-API-Key": key}, trust_env=False) as client:

        async def loop() -> None:
            for _ in left:
                (await client.get("/v1/templates")).raise_for_status()

        began = time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(places)))
        return _LOOP / (time.perf_counter() - began)


async def _recorded(options: Options) -> float:
    """The same loop through the kit's own client, which bounds, redacts and records every exchange."""
    left = iter(range(_LOOP))
    label = Label("templates", "bench", graded=False)
    url = f"{options.target}/v1/templates"
    recorder = Recorder(options.redactor)
    async with Wire(options, recorder, Budget(60.0)) as wire:

        async def loop() -> None:
            for _ in left:
                heard = await wire.exchange(label, "GET", url, headers=wire.credentials(url, "right"))
                if heard.answer is None or heard.answer.status != 200:
                    raise Broken(f"the kit's client was not answered: {heard.exchange.trouble}")

        began = time.perf_counter()
        await asyncio.gather(*(loop() for _ in range(options.concurrency)))
        return _LOOP / (time.perf_counter() - began)


#: Made anew by httpx for every request.
_OF_THE_CLIENT = {"host", "content-length", "connection", "accept-encoding", "user-agent", "transfer-encoding"}


class _Replay:
    """The requests of a run once more, by nothing but httpx: same order, sizes and number at a time, no pause."""

    def __init__(self, run: Run, options: Options) -> None:
        self._sent = [x for x in run.evidence.everything if x.response is not None]
        self._keys = {"<key>": options.api_key, "<second-key>": options.second_api_key or options.api_key}
        self._places = options.concurrency
        loop = asyncio.get_running_loop()
        #: Session id of the run -> that of the replay, once it is made.
        self._ids = {made: loop.create_future() for x in self._sent if (made := _made(x))}

    async def rate(self) -> float:
        """Exchanges a second."""
        left = iter(self._sent)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:

            async def loop() -> None:
                for x in left:
                    await self._send(client, x)

            began = time.perf_counter()
            await asyncio.gather(*(loop() for _ in range(self._places)))
            return len(self._sent) / (time.perf_counter() - began)

    async def _send(self, client: httpx.AsyncClient, x: Exchange) -> None:
        url = x.request.url
        for old in [part for part in url.split("/") if part in self._ids]:
            url = url.replace(old, await self._ids[old])
        headers = {name: self._told(value) for name, value in x.request.headers if name.lower() not in _OF_THE_CLIENT}
        body = x.request.body + bytes(x.request.size - len(x.request.body))
        answer = await client.request(x.request.method, url, headers=headers, content=body)
        if old := _made(x):
            if answer.status_code != 201:
                raise Broken(f"a create was answered {answer.status_code} when it was sent again")
            self._ids[old].set_result(answer.json()["session_id"])

    def _told(self, value: str) -> str:
        for placeholder, key in self._keys.items():
            value = value.replace(placeholder, key)
        return value


def _made(x: Exchange) -> str | None:
    """The id of the session an exchange created."""
    if x.label.operation != "create" or x.response is None or x.response.status != 201:
        return None
    made: str = x.document["session_id"]
    return made


async def _replayed(run: Run, options: Options) -> float:
    return await _Replay(run, options).rate()


def _options(address: str, number: int, who: str = "bench") -> Options:
    return Options(
        target=address,
        api_key=f"sk_test_{who}{number}",
        second_api_key=f"sk_test_stranger{number}",
        test_clock=f"{address}/_mock/v1/clock",
        examples=0,
    )


def _certified(options: Options) -> Run:
    run = asyncio.run(certify(options))
    if run.overall is not Overall.CONFORMANT:
        raise Broken(f"the kit calls the mock {run.overall.value}: what it measures is not a full run")
    return run


def measure() -> list[Figure]:
    """Bare loops and the run, one after the other; each run has keys, and so a clock, of its own."""
    keys = [f"sk_test_{who}{number}" for number in range(_ROUNDS) for who in ("bench", "stranger", "replay")]
    given = [part for key in keys for part in ("--api-key", key)]
    runs: list[Run] = []
    loops: list[float] = []
    recorded: list[float] = []
    replayed: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        serve = ("serve", "--port", "0", "--transcriber", "scripted", "--data-dir", folder, *given)
        with started("mock_server.cli", *serve) as server:
            places = _options(server.address, 0).concurrency
            asyncio.run(_bare(server.address, keys[0], places))
            for number in range(_ROUNDS):
                loops.append(asyncio.run(_bare(server.address, keys[0], places)))
                recorded.append(asyncio.run(_recorded(_options(server.address, number))))
                runs.append(_certified(_options(server.address, number)))
                replayed.append(asyncio.run(_replayed(runs[-1], _options(server.address, number, "replay"))))
    rates = [run.requests / busy(run.evidence.everything) for run in runs]
    return [
        at_most("kit: a run of journeys and walk", Spread.of([run.duration_s for run in runs]), _LONGEST_S, "s"),
        at_least("kit: exchanges a busy second, run / loop", Spread.of(_ratios(rates, replayed)), _LEAST),
        plain("  bare httpx loop of the run's requests", Spread.of(replayed), "exchanges/s"),
        plain("  bare httpx loop of GET /v1/templates", Spread.of(loops), "exchanges/s"),
        plain("  run / loop of GET /v1/templates", Spread.of(_ratios(rates, loops)), ""),
        plain("  GET /v1/templates, kit's client / bare", Spread.of(_ratios(recorded, loops)), ""),
        plain("  run, busy seconds", Spread.of(rates), "exchanges/s"),
        plain("  run, all seconds", Spread.of([run.requests / run.duration_s for run in runs]), "exchanges/s"),
        plain("  exchanges of a run", Spread.of([run.requests for run in runs]), ""),
        plain("  bodies it sends", Spread.of([_sent(run) / 1e6 for run in runs]), "MB"),
        plain("  busy", Spread.of([busy(run.evidence.everything) for run in runs]), "s"),
        *_heard(),
    ]


def _sent(run: Run) -> int:
    return run.cost.bytes_sent if run.cost is not None else 0


def _heard() -> Iterator[Figure]:
    """One run against Whisper: all its consultations are heard meanwhile, two at a time."""
    keys = ("sk_test_bench0", "sk_test_stranger0")
    with tempfile.TemporaryDirectory() as folder:
        given = [part for key in keys for part in ("--api-key", key)]
        serve = ("serve", "--port", "0", "--transcriber", "whisper", "--model", "tiny.en", "--data-dir", folder, *given)
        with started("mock_server.cli", *serve) as server:
            run = _certified(_options(server.address, 0))
    longest = max(
        (story.final.received - story.end.sent).total_seconds()
        for story in run.evidence.stories.values()
        if story.final is not None and story.final.accepted and story.end is not None
    )
    over = Spread.of([run.duration_s - longest])
    yield at_most("kit: a run against Whisper, beyond its longest consultation", over, _BESIDE_S, "s")
    yield plain("  that run", Spread.of([run.duration_s]), "s")
    yield plain("  its longest consultation, end to result", Spread.of([longest]), "s")


def _ratios(ones: list[float], others: list[float]) -> list[float]:
    return [one / other for one, other in zip(ones, others, strict=True)]
