"""How a session manager is entered, tried out and driven, against strangers in this process."""

from __future__ import annotations

import asyncio
import shlex
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest

import scribe_data
from conformance.drive import arrival
from conformance.drive.approach import approach
from conformance.drive.budget import Budget
from conformance.drive.hands import REMOVE
from conformance.drive.restart import RestartFailed, restart
from conformance.drive.windows import Windows
from conformance.drive.wire import Wire
from conformance.evidence import Evidence, Facts, Layer
from conformance.evidence.recorder import Recorder
from conformance.journeys.session_manager import ends
from conformance.runner import drive_all
from conformance.target import BadOption, CredentialsRefused, Options, TargetUnreachable
from conformance.vocabulary.journey import JourneyName
from conformance.vocabulary.operation import Credential, Operation
from conformance.vocabulary.session import Session
from conformance.ways import all_ways, missing
from tests.peers.demo import Demo
from tests.peers.exchange import Answer, read, write
from tests.peers.keeper import Keeper

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from conformance.target import Target

HOST = "http://sessions.example"
TEXT = scribe_data.load("session_manager")


def options(app: Any, **changes: Any) -> Options:
    given: dict[str, Any] = {
        "target": HOST,
        "api_key": "key-of-the-tester",
        "profile": TEXT.profile,
        "revision": TEXT.revision,
        "transport": httpx.ASGITransport(app),
        "examples": 0,
        "first_timeout": 2.0,
    }
    return Options(**given | changes)


def staged(app: Any, act: Callable[[Wire, Target], Awaitable[Any]], **changes: Any) -> tuple[Any, Evidence]:
    """What comes of something that is done once a target is entered and tried out, and what was seen until then."""

    async def whole() -> tuple[Any, Evidence]:
        chosen = options(app, **changes)
        async with Wire(chosen, Recorder(chosen.redactor), Budget(30)) as wire:
            target = await arrival.explore(wire, await arrival.enter(wire), {})
            return await act(wire, target), wire.recorder.freeze(Facts(HOST, TEXT.revision))

    return asyncio.run(whole())


async def itself(_wire: Wire, target: Target) -> Target:
    return target


class Refusing:
    """Answers everybody alike."""

    def __init__(self, status: int) -> None:
        self.status = status

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        await read(scope, receive)
        await write(send, Answer(self.status, {"detail": "No."}))


def test_actions_below_the_modules_name_are_found_and_what_is_not_there_is_told(tmp_path: Path) -> None:
    target, seen = staged(Keeper(tmp_path / "log"), itself)
    assert target.base_url == f"{HOST}/session_manager"
    assert target.absent == {Operation.MESSAGE}
    assert target.end_form == "untimed"
    assert [(note.reason, note.requirements) for note in seen.notes] == [("not_declared", arrival.OF_WORKERS)]
    assert seen.dialect == ()


def test_an_end_time_that_is_wanted_is_given_from_then_on(tmp_path: Path) -> None:
    target, seen = staged(Demo(tmp_path / "log"), itself)
    assert target.end_form == "timed"
    assert [(each.member, each.actual) for each in seen.dialect] == [("end_time", "timed")]
    assert target.absent == {Operation.GET, Operation.EXPORT, Operation.MESSAGE}
    assert {note.reason for note in seen.notes} == {"no_log", "not_declared"}


def test_an_address_without_a_start_is_said_before_the_run() -> None:
    with pytest.raises(TargetUnreachable, match=r"serve no /sessions.start \(only 404"):
        staged(Refusing(404), itself)


def test_a_key_that_is_refused_everywhere_is_said_before_the_run() -> None:
    with pytest.raises(CredentialsRefused, match="api-key"):
        staged(Refusing(401), itself)


def test_each_start_is_of_a_user_of_its_own_and_an_end_of_the_sessions_user(tmp_path: Path) -> None:
    async def act(wire: Wire, target: Target) -> tuple[Any, ...]:
        drive = Windows(JourneyName.ENDS_ONCE, wire, target, {})
        handle = await drive.create(Session.ENDED_ONCE, drive.body(user_id="somebody"))
        assert handle is not None
        other = await drive.end(handle, credential=Credential.OTHER_USER)
        nobodys = drive.stranger(handle)
        assert nobodys is not None
        unknown = await drive.end(nobodys)
        return drive.body(), drive.body(source=REMOVE), other, unknown, await drive.end(handle), handle, nobodys

    (first, second, other, unknown, own, handle, nobodys), _ = staged(Keeper(tmp_path / "log"), act)
    assert first["user_id"] != second["user_id"]
    assert first["record_id"] != second["record_id"]
    assert "source" not in second
    assert (other.status, unknown.status, own.status) == (403, 404, 200)
    assert own.request.json["user_id"] == "somebody"
    assert other.request.header("authorization") == own.request.header("authorization")
    assert len(nobodys.session_id) == len(handle.session_id)


@pytest.mark.parametrize("own", ["sess_0123456789abcdef", "U9LIbWWiqvI2zK_d", "0f0e3b58-6a0c-4d53-9c83-5d6d0f7a1c11"])
def test_an_id_that_is_nobodys_is_another_and_as_long(own: str, tmp_path: Path) -> None:
    async def act(wire: Wire, target: Target) -> Any:
        handle = await Windows("ends/once", wire, target, {}).create("window")
        assert handle is not None
        return Windows("ends/once", wire, target, {}).stranger(replace(handle, session_id=own))

    nobodys, _ = staged(Keeper(tmp_path / "log"), act)
    assert nobodys.session_id != own
    assert len(nobodys.session_id) == len(own)


def test_a_run_ends_the_sessions_it_leaves_each_for_its_user(tmp_path: Path) -> None:
    peer = Keeper(tmp_path / "log")
    evidence = asyncio.run(drive_all(options(peer)))
    assert not [note for note in evidence.notes if note.reason == "kit_error"]
    assert len(peer.sessions) > 10
    assert all(over for _, _, over in peer.sessions.values())


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("no-such-program-anywhere", "cannot be run"),
        (f"{shlex.quote(sys.executable)} -c 'raise SystemExit(7)'", "exit code 7"),
    ],
)
def test_a_command_that_starts_nothing_says_why(command: str, told: str, tmp_path: Path) -> None:
    async def act(wire: Wire, _target: Target) -> None:
        await restart(wire, JourneyName.ENDS_RESTART, HOST)

    with pytest.raises(RestartFailed, match=told):
        staged(Keeper(tmp_path / "log"), act, restart_command=command)


def test_a_profile_that_the_kit_has_no_hands_for_is_refused() -> None:
    with pytest.raises(BadOption, match="it drives medscribe, session_manager"):
        approach("of_nobody")


def test_what_goes_by_the_text_alone_drives_every_profile_and_what_is_missing_is_named() -> None:
    assert missing("session_manager") == ()
    assert missing("dalston") == ()
    assert not {each.name for each in all_ways("session_manager") if each.layer is Layer.JOURNEY} & {
        each.name for each in all_ways()
    }


@pytest.mark.parametrize(("writes_after", "takes", "seen"), [(4.0, 6.0, True), (4.0, 0.1, True), (90.0, 6.0, False)])
def test_an_end_by_time_is_looked_for_until_a_look_was_sent_that_late(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes_after: float, takes: float, seen: bool
) -> None:
    now = {"s": 0.0}

    async def act(wire: Wire, target: Target) -> bool:
        drive = Windows(JourneyName.ENDS_TIMEOUT, wire, target, {})
        handle = await drive.create(Session.TIMED_OUT)
        assert handle is not None
        log, ended = drive.export, []

        async def export(user: str) -> Any:
            """What the log has when it is asked for; the answer takes its time."""
            if now["s"] >= writes_after and not ended:
                ended.append(await drive.end(handle))
            shown = await log(user)
            now["s"] += takes
            return shown

        async def silent(_: Any) -> None:
            return None

        async def pause(seconds: float) -> None:
            now["s"] += seconds

        for name, hand in {"export": export, "replay": silent, "pause": pause, "elapsed": lambda: now["s"]}.items():
            monkeypatch.setattr(drive, name, hand)
        return await ends._grown(drive, handle)

    assert staged(Keeper(tmp_path / "log"), act)[0] is seen
