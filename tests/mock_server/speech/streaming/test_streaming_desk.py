"""What is over goes before what is being spoken, and nobody before everybody else."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from mock_server.speech.model import SpeechInterrupted
from mock_server.speech.streaming.desk import Desk
from tests.mock_server.speech.streaming.hearing import PATIENCE_S

if TYPE_CHECKING:
    from collections.abc import Callable


class Workshop:
    """A worker that does one job after the other when it is let, and notes which."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.way = asyncio.Event()
        self.began = asyncio.Event()
        self.at_once = self.most = 0

    async def run(self, job: Callable[..., Any], *args: Any) -> Any:
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        self.began.set()
        try:
            await self.way.wait()
            await asyncio.sleep(0)
            return job(*args)
        finally:
            self.at_once -= 1

    def job(self, name: str) -> str:
        self.done.append(name)
        return name


async def begun(workshop: Workshop, desk: Desk) -> asyncio.Task[str]:
    """A first job, behind which the others wait."""
    task = asyncio.create_task(desk.do("first", True, workshop.job, "first"))
    await workshop.began.wait()
    return task


def test_what_is_over_goes_before_what_is_being_spoken() -> None:
    async def story() -> None:
        workshop = Workshop()
        desk = Desk(workshop, 1)  # type: ignore[arg-type]
        tasks = [await begun(workshop, desk)]
        for name, urgent in (("look 1", False), ("final 1", True), ("look 2", False), ("final 2", True)):
            tasks.append(asyncio.create_task(desk.do("mine", urgent, workshop.job, name)))
            await asyncio.sleep(0)
        workshop.way.set()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
        assert workshop.done == ["first", "final 1", "final 2", "look 1", "look 2"]
        assert workshop.most == 1

    asyncio.run(story())


@pytest.mark.parametrize("urgent", [True, False])
def test_a_namespace_with_many_streams_lets_others_between(urgent: bool) -> None:
    async def story() -> None:
        workshop = Workshop()
        desk = Desk(workshop, 1)  # type: ignore[arg-type]
        tasks = [await begun(workshop, desk)]
        for name in [f"crowd {number}" for number in range(10)] + ["lone 0", "lone 1"]:
            tasks.append(asyncio.create_task(desk.do(name.split()[0], urgent, workshop.job, name)))
            await asyncio.sleep(0)
        workshop.way.set()
        await asyncio.wait_for(asyncio.gather(*tasks), PATIENCE_S)
        assert workshop.done.index("lone 0") <= 2
        assert workshop.done.index("lone 1") <= 4

    asyncio.run(story())


def test_who_leaves_takes_along_what_has_not_begun_and_lets_what_has_begun_end() -> None:
    async def story() -> None:
        workshop = Workshop()
        desk = Desk(workshop, 1)  # type: ignore[arg-type]
        first = await begun(workshop, desk)
        second = asyncio.create_task(desk.do("mine", True, workshop.job, "second"))
        third = asyncio.create_task(desk.do("mine", True, workshop.job, "third"))
        await asyncio.sleep(0)
        first.cancel()
        second.cancel()
        await asyncio.gather(first, second, return_exceptions=True)
        workshop.way.set()
        assert await asyncio.wait_for(third, PATIENCE_S) == "third"
        assert workshop.done == ["first", "third"]

    asyncio.run(story())


def test_a_job_that_fails_tells_the_one_who_asked_and_costs_no_place() -> None:
    async def story() -> None:
        workshop = Workshop()
        workshop.way.set()
        desk = Desk(workshop, 1)  # type: ignore[arg-type]

        def dies() -> None:
            raise SpeechInterrupted("it died")

        for _ in range(3):
            with pytest.raises(SpeechInterrupted, match="it died"):
                await desk.do("mine", True, dies)
        assert await asyncio.wait_for(desk.do("mine", False, workshop.job, "next"), PATIENCE_S) == "next"

    asyncio.run(story())
