"""A command may give the key: it is run without a shell, and again when its key has ceased."""

from __future__ import annotations

import asyncio
import json
import shlex
import sys
from typing import TYPE_CHECKING, Any

import pytest

from conformance.drive import token as tokens
from conformance.report import document
from conformance.runner import drive_all
from conformance.target import BadOption, Options
from tests.conformance.stage import AUDIO, miniature, options

if TYPE_CHECKING:
    from pathlib import Path

TARGET = "http://127.0.0.1:9"


def printed(command: str) -> str:
    return asyncio.run(tokens.token(Options(target=TARGET, api_key="", token_command=command)))


def python(source: str) -> str:
    return shlex.join([sys.executable, "-c", source])


@pytest.mark.parametrize(
    ("source", "key"),
    [
        ("print('sk_test_one')", "sk_test_one"),
        ("print('  sk_test_one  ')", "sk_test_one"),
        ("print(); print('two words'); print()", "two words"),
        ("import sys; sys.stdout.write('sk_test_one\\r\\n'); sys.stderr.write('noise')", "sk_test_one"),
        ("print('$HOME;*')", "$HOME;*"),
    ],
)
def test_its_one_line_is_the_key(source: str, key: str) -> None:
    assert printed(python(source)) == key


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("no-such-program --at-all", "no-such-program cannot be run"),
        (python("raise SystemExit(3)"), "exit code 3"),
        (python("import os, signal; os.kill(os.getpid(), signal.SIGKILL)"), "exit code -9"),
        (python(""), "prints nothing"),
        (python("print('  ')"), "prints nothing"),
        (python("print('a'); print('b')"), "prints 2 lines"),
        (python("print('\\u00e9' * 9)"), "printable ASCII"),
        (python("print('a' * 100_000)"), "more than 65536 bytes"),
        (python("while True: print('a' * 100)"), "more than 65536 bytes"),
        ("echo 'half", "cannot be taken apart"),
        ("", "names no command"),
        ("/", "cannot be run"),
    ],
)
def test_what_is_wrong_with_it_is_one_line(command: str, said: str) -> None:
    with pytest.raises(BadOption) as wrong:
        printed(command)
    assert said in str(wrong.value)
    assert str(wrong.value).startswith("--token-command")
    assert "\n" not in str(wrong.value)
    assert wrong.value.exit_code == 2


@pytest.mark.parametrize(
    "source", ["import time; time.sleep(60)", "import time; print('k', flush=True); time.sleep(60)"]
)
def test_one_that_hangs_is_killed(monkeypatch: pytest.MonkeyPatch, source: str) -> None:
    monkeypatch.setattr(tokens, "LONGEST_S", 0.5)
    with pytest.raises(BadOption, match=r"did not end within 0\.5 s"):
        printed(python(source))


class Renewing:
    """Takes the newest of the keys that a counting command prints, each for so many requests."""

    def __init__(self, counter: Path, uses: int, last: int = 10_000) -> None:
        self.inner: Any = miniature()
        self.counter, self.uses, self.last = counter, uses, last
        self._left: dict[str, int] = {}

    @property
    def command(self) -> str:
        return python(
            f"import pathlib; p = pathlib.Path({str(self.counter)!r}); n = int(p.read_text() or 0) + 1 if p.exists() "
            f"else 1; p.write_text(str(n)); assert n <= {self.last}; print(f'sk_test_minted_{{n:04d}}')"
        )

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        from tests.conformance.miniature import KEY

        headers = []
        for name, value in scope["headers"]:
            told = value
            if value.startswith(b"sk_test_minted_"):
                key = value.decode()
                self._left[key] = self._left.get(key, self.uses) - 1
                told = KEY.encode() if self._left[key] >= 0 else b"sk_test_that_has_ceased"
            headers.append((name, told))
        await self.inner({**scope, "headers": headers}, receive, send)


def seen(app: Renewing) -> Any:
    chosen = options(app, api_key="", token_command=app.command)
    return asyncio.run(drive_all(chosen, audio=AUDIO)), chosen


@pytest.mark.parametrize("uses", [60, 150])
def test_a_key_that_ceases_is_made_anew_and_nothing_is_failed_for_it(tmp_path: Path, uses: int) -> None:
    evidence, chosen = seen(Renewing(tmp_path / "n", uses))
    assert evidence.facts.extra["renewals"] > 1
    refused = [x for x in evidence.exchanges if x.label.credential == "right" and x.status == 401 and x.label.graded]
    assert [x.label for x in refused if x.label.probe is None] == []
    assert {key: story.final is not None for key, story in evidence.stories.items()}["visit"]
    assert not {note.reason for note in evidence.notes} & {"credential_ended", "kit_error"}
    assert "sk_test_minted" not in repr(evidence)
    assert chosen.redactor.text("about sk_test_minted_0002") == "about <key>"


def test_a_command_that_fails_later_ends_the_run_and_says_why(tmp_path: Path) -> None:
    evidence, _ = seen(Renewing(tmp_path / "n", 80, last=2))
    (told,) = {note.text for note in evidence.notes if note.reason == "credential_ended"}
    assert "--token-command" in told
    assert "exit code 1" in told
    assert len([x for x in evidence.exchanges if x.accepted]) > 60


def test_a_new_key_that_is_refused_too_ends_the_run(tmp_path: Path) -> None:
    app = Renewing(tmp_path / "n", 100)
    chosen = options(app, api_key="", token_command=python("print('sk_test_minted_always')"))
    evidence = asyncio.run(drive_all(chosen, audio=AUDIO))
    (told,) = {note.text for note in evidence.notes if note.reason == "credential_ended"}
    assert "the new one is not either" in told


def test_the_other_clients_key_is_none_for_this_one() -> None:
    chosen = options(miniature(), api_key="", second_api_key="sk_test_same", token_command="echo sk_test_same")
    with pytest.raises(BadOption, match="another client"):
        asyncio.run(drive_all(chosen, audio=AUDIO))


def test_the_command_wins_over_a_key() -> None:
    from tests.conformance.miniature import KEY

    chosen = options(miniature(), api_key="sk_test_nobodys", token_command=f"echo {KEY}")
    evidence = asyncio.run(drive_all(chosen, audio=AUDIO, journeys=()))
    assert KEY not in repr(evidence)
    assert json.dumps(document.schema())
