"""The demo that the session manager's document describes: what it checks ends against lives in its process."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exchange import Answer, Call, Refusal
from .keeper import RESTART_PATH, Keeper

if TYPE_CHECKING:
    from collections.abc import Callable


class Demo(Keeper):
    """Answers as its framework does, wants an end_time, and serves no log, though it writes one."""

    has_clock = False
    wrong_input = 422
    second_end = 409
    people_named = False

    def routes(self) -> dict[tuple[str, str], Callable[[Call], Answer]]:
        known = super().routes()
        return {key: known[key] for key in known if key[1].endswith((".start", ".end", RESTART_PATH))}

    def settle(self) -> None:
        """Nothing: nobody's time is ever up."""

    def wake(self) -> None:
        self.sessions = {}

    def end(self, call: Call) -> Answer:
        if "end_time" not in self.given(call, "session_id"):
            raise Refusal(self.wrong_input, "", "end_time is needed")
        return super().end(call)


class ReusingDemo(Demo):
    """The same in its later state: one open session a user."""

    reuses = True
