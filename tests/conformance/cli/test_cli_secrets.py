"""A key that cannot be used, or that stands in the wrong place, is not repeated by what refuses it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from conformance.cli import app
from conformance.target import BadOption, Options

TARGET = "http://127.0.0.1:9"
KEY = "sk_live_unlikely+77"


def command(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    call = [sys.executable, "-m", "conformance.cli", "run", *words]
    env = {name: value for name, value in os.environ.items() if not name.startswith("SCRIBE_")} | variables
    return subprocess.run(call, capture_output=True, text=True, check=False, timeout=60, env=env)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--target", TARGET, "--api-key", f"{KEY}\n"), "--api-key must be printable ASCII"),
        (("--target", TARGET, "--api-key", f" {KEY}"), "--api-key must be printable ASCII"),
        (("--target", TARGET, "--api-key", f"{KEY}é"), "--api-key must be printable ASCII"),
        (("--target", TARGET, "--api-key", f"{KEY}\udc80"), "--api-key must be printable ASCII"),
        (("--target", TARGET, "--api-key", "k", "--second-api-key", f"{KEY}\t"), "--second-api-key must be printable"),
        (("--target", TARGET, "--api-key", KEY, "--second-api-key", KEY), "both are the same"),
        (("--target", KEY, "--api-key", TARGET), "the two are exchanged"),
        (("--target", KEY, "--api-key", KEY), "for example https://<key>"),
        (("--target", f"ftp://{KEY}/x", "--api-key", KEY), "for example https://<key>/x"),
        (("--target", f"http://{KEY}@host", "--api-key", KEY), "plain address"),
        (("--target", f"http://host/?key={KEY}", "--api-key", KEY), "plain address"),
        (("--target", TARGET, "--api-key", KEY, "--test-clock", f"clock/{KEY}"), "--test-clock must be"),
        (("--target", TARGET, "--api-key", KEY, "--upload-origin", KEY.replace("+", "%2B")), "--upload-origin must be"),
    ],
)
def test_a_refusal_does_not_repeat_the_key(words: tuple[str, ...], said: str) -> None:
    done = CliRunner().invoke(app, ["run", *words], env=dict.fromkeys(name for name in os.environ if "SCRIBE_" in name))
    assert done.exit_code == 2
    assert said in done.stderr
    assert "unlikely" not in done.stdout + done.stderr


def test_a_key_in_the_address_of_a_dead_target_is_not_shown() -> None:
    done = command("--target", f"{TARGET}/{KEY}/v1", SCRIBE_API_KEY=KEY)
    assert done.returncode == 3
    assert f"{TARGET}/<key>/v1 cannot be reached" in done.stderr
    assert "unlikely" not in done.stdout + done.stderr


def test_the_help_says_how_long_a_key_has_to_be() -> None:
    assert "8 characters or more" in " ".join(command("--help").stdout.replace("│", " ").split())


@pytest.mark.parametrize("key", ["", "\udc80", "\N{SNOWMAN}" * 9, "a\nb", "\0"])
def test_any_text_can_be_refused(key: str) -> None:
    with pytest.raises(BadOption) as said:
        Options(target=TARGET, api_key=key)
    assert "--api-key" in str(said.value)


def test_options_show_no_secret() -> None:
    chosen = Options(
        target=TARGET, api_key=KEY, second_api_key="sk_test_other", test_clock="http://clock:p4ssw0rd%21@host/clock"
    )
    assert not {each for each in (KEY, "sk_test_other", "p4ssw0rd") if each in repr(chosen)}
    told = chosen.redactor.text(f"http://clock:p4ssw0rd%21@host/clock {KEY} sk_test_other p4ssw0rd!")
    assert told == "http://clock:<secret-test-clock>@host/clock <key> <second-key> <secret-test-clock>"
    assert chosen.short_keys == ()
    assert Options(target=TARGET, api_key="sk test").short_keys == ("--api-key",)
