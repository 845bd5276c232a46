"""The demo that the session manager's document describes: what it checks ends against lives in its process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    reuses = False

    def routes(self) -> dict[tuple[str, str], Callable[[Call], Answer]]:
        known = super().routes()
        return {key: known[key] for key in known if key[1].endswith((".start", ".end", RESTART_PATH))}

    def settle(self) -> None:
        """Nothing: nobody's time is ever up."""

    def wake(self) -> None:
        self.sessions = {}

    def start(self, call: Call) -> Answer:
        user = self.given(call)["user_id"]
        open_ = next((name for name, (whose, _, over) in self.sessions.items() if whose == user and not over), None)
        if not self.reuses or open_ is None:
            return super().start(call)
        return Answer(200, self.output(open_, user))

    def output(self, name: str, user: str) -> dict[str, Any]:
        """That of an earlier start once more, which is a record of its own."""
        return self.record("session_asked_for", session_id=name, user_id=user)

    def remember(self, line: dict[str, Any]) -> None:
        if line["kind"] != "session_asked_for":
            super().remember(line)

    def end(self, call: Call) -> Answer:
        if "end_time" not in self.given(call, "session_id"):
            raise Refusal(self.wrong_input, "", "end_time is needed")
        return super().end(call)


class ReusingDemo(Demo):
    """The same in its later state: one open session a user."""

    reuses = True
