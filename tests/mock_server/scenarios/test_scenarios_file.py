"""A file of scenarios: what it arms, what is wrong with it, and what its being saved changes."""

from __future__ import annotations

import asyncio

import pytest
from typer.testing import CliRunner

from mock_server.cli.commands import app as commands
from mock_server.scenarios import file as scenario_file
from mock_server.scenarios.file import ScenarioFile, read
from tests.mock_server.stage import BODY, HOST, KEYS, OTHERS, started

PATH = f"{HOST}/_mock/v1/scenarios"
LATER = {"scenario": "dribbles", "parameters": {"seconds": 0}}
GOOD = """
# first two uploads, then trouble with every creation of a session
steps:
  - scenario: throttled
    parameters: {retry_after: null}
    on: {operation: templates, times: 2}
  - scenario: unavailable
    on: {operation: templates, times: 1, from: 2020-01-27T09:00:00Z}
  - scenario: transcript
    parameters:
      text: |
        Doctor: On or off?
        Patient: Off.
    on: {session: next}
"""


@pytest.fixture
def file(tmp_path):
    place = tmp_path / "steps.yaml"
    place.write_text(GOOD)
    return place


def test_the_steps_are_those_of_the_control_plane(file):
    steps = read(file)
    told = [armed.described() for armed in steps]
    assert [each["scenario"] for each in told] == ["throttled", "unavailable", "transcript"]
    assert told[0]["parameters"] == {"retry_after": None, "form": "seconds"}
    assert (told[0]["on"]["times"], told[1]["on"]["from"]) == (2, "2020-01-27T09:00:00.000Z")
    assert steps[2].values["text"] == "Doctor: On or off?\nPatient: Off.\n"


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("steps:\n  - scenario: throtled\n", 2, "Did you mean 'throttled'"),
        ("steps:\n  - scenario: throttled\n    on:\n      times: 0\n", 4, "'times' has to be an integer from 1"),
        ("steps:\n  - scenario: throttled\n    on: {tmes: 1}\n", 3, "Did you mean 'times'"),
        ("steps:\n  - scenario: throttled\n    parameters:\n      retry: 1\n", 4, "retry_after"),
        ("steps:\n  - scenario: throttled\n    parameters: {retry_after: yes}\n", 3, "an integer from 0 to 3600"),
        ("steps:\n  - scenario: throttled\n    when: now\n", 3, "There are scenario, parameters, on"),
        ("steps:\n  - scenario: throttled\n    scenario: broken\n", 3, "stands twice"),
        ("steps:\n  - scenario: throttled\n    on: uplod\n", 3, "Did you mean 'upload'?"),
        ("steps:\n  - scenario: throttled\n    times: 2\n", 3, '"times" belongs in "on"'),
        ("steps:\n  - scenario: nope\n", 2, "`scribe-mock scenarios` lists them."),
        ("steps:\n  - throttled\n", 2, "has to be a mapping"),
        ("steps: throttled\n", 1, "a list"),
        ("step:\n  - scenario: throttled\n", 1, "Did you mean 'steps'"),
        ("- scenario: throttled\n", 1, "has to be a mapping"),
        ("steps:\n  - scenario: throttled\n   on: {times: 1}\n", 3, "expected <block end>"),
        ("steps:\n  - &a {scenario: throttled}\n  - *a\n", 3, "an alias is not taken"),
        ("steps: [" + "{scenario: throttled}, " * 50 + "\n{scenario: broken}]", 2, "more than 50 steps"),
        ("steps: !!python/object:os.system [x]\n", 1, ""),
        ("steps:\n- 1: broken\n", 2, "a text, and 1 is none"),
        ("steps:\n- scenario: broken\n  ~: 1\n", 3, "a text, and ~ is none"),
        ("steps:\n- {scenario: broken, on: {1.5: a}}\n", 2, "a text, and 1.5 is none"),
        ("steps:\n- [a]: broken\n", 2, "a text"),
        ("steps:\n- ? !!binary aGk=\n  : broken\n", 2, "a text"),
        ("steps:\n- scenario: !!binary aGk=\n", 2, "tag:yaml.org,2002:binary"),
        ("steps:\n- scenario: !!set {broken}\n", 2, "tag:yaml.org,2002:set"),
        ("steps:\n- scenario: broken\n  on: {from: !!timestamp 2020-13-01}\n", 3, "timestamp"),
        ("steps:\n- scenario: broken\n  parameters: {form: !!bool maybe}\n", 3, "this is no bool"),
        ("steps:\n- scenario: broken\n  parameters: {form: !!int x}\n", 3, "this is no int"),
        ("steps:\n- scenario: throttled\n  parameters: {retry_after: " + "9" * 5000 + "}\n", 3, "this is no int"),
        ('steps:\n- scenario: transcript\n  parameters: {text: "\\ud800"}\n', 3, "this is no str"),
        ("steps:\n- scenario: broken\n  on: {operation: [[{1: {2: 3}}]]}\n", 3, "operation"),
    ],
)
def test_what_is_wrong_is_told_with_file_line_and_reason(file, text, line, reason):
    file.write_text(text)
    with pytest.raises(ValueError, match="--scenarios") as refused:
        read(file)
    told = str(refused.value)
    assert told.startswith(f"--scenarios {file} line {line}: ")
    assert reason in told
    assert "\n" not in told
    assert not any(twice in told for twice in ("?.", ".."))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "mapping"),
        (b"\xff\xfe", "not UTF-8"),
        (b"# " + b"x" * 2**20, "more than"),
        (b"[" * 1500, "deeper than 20 levels"),
    ],
)
def test_what_is_no_text_of_steps_at_all_is_refused(file, content, reason):
    file.write_bytes(content)
    with pytest.raises(ValueError, match=str(file)) as refused:
        read(file)
    assert reason in str(refused.value)


def test_an_operation_may_stand_for_what_a_step_meets(file):
    file.write_text("steps:\n- {scenario: throttled, on: upload}\n")
    assert [armed.operation for armed in read(file)] == ["upload"]


def test_a_file_that_cannot_be_used_stops_the_start_in_one_line(tmp_path):
    place = tmp_path / "none.yaml"
    given = ["serve", "--port", "0", "--data-dir", str(tmp_path / "data"), "--scenarios", str(place)]
    result = CliRunner().invoke(commands, given)
    assert result.exit_code == 2
    assert result.stderr.strip().splitlines() == [
        f"scribe-mock: --scenarios {place}: it cannot be read (No such file or directory)."
    ]


def test_an_error_that_nobody_foresaw_is_one_line_too(file, monkeypatch):
    def overflow(_step, _revision):
        raise RecursionError

    monkeypatch.setattr(scenario_file, "ordered", overflow)
    with pytest.raises(ValueError, match="--scenarios") as refused:
        read(file)
    assert str(refused.value) == f"--scenarios {file}: it cannot be read (RecursionError)."


async def until(look, wanted):
    async with asyncio.timeout(10):
        while await look() != wanted:  # noqa: ASYNC110 - a file tells nobody that it was read
            await asyncio.sleep(0.05)


def test_every_namespace_goes_through_the_steps_and_a_saved_file_changes_them(tmp_path, file):
    async def run():
        async with started(tmp_path / "data", scenario_file=file) as (_, client):

            async def statuses(key, times):
                header = {"X-API-Key": key}
                return [(await client.get(f"{HOST}/v1/templates", headers=header)).status_code for _ in range(times)]

            async def told():
                return (await client.get(PATH, headers={"X-API-Key": KEYS[0]})).json()

            async def error():
                return (await told())["file"]["error"] is not None

            async def reason():
                return (await told())["file"]["error"]

            async def armed():
                return [each["scenario"] for each in (await told())["armed"]]

            assert await statuses(KEYS[0], 4) == [429, 429, 503, 200]
            assert await statuses(OTHERS, 4) == [429, 429, 503, 200]
            await client.post(PATH, headers={"X-API-Key": KEYS[0]}, json=LATER)
            made = await client.post(f"{HOST}/v1/sessions", headers={"X-API-Key": KEYS[0]}, json=BODY)
            assert made.headers["x-mock-scenario"] == "dribbles, transcript"
            file.write_text("steps: [{scenario: nothing}]")
            await until(error, True)
            file.write_text("steps:\n- 1: broken\n")
            await until(reason, f"--scenarios {file} line 2: the name of a member is a text, and 1 is none.")
            assert await armed() == ["dribbles"], "the steps that were good last are used up, and stay so"
            file.write_text("steps: [{scenario: broken, on: {operation: templates, times: 1}}]")
            await until(armed, ["broken", "dribbles"])
            assert await error() is False
            assert await statuses(KEYS[0], 2) == [500, 200]
            file.unlink()
            await until(error, True)
            return await statuses(OTHERS, 2)

    assert asyncio.run(run()) == [500, 200]


def test_a_file_that_is_saved_as_it_was_is_not_read_again(file):
    async def run():
        followed, edits = ScenarioFile(file), []
        task = asyncio.create_task(followed.follow(edits.append))
        await asyncio.sleep(0.7)
        task.cancel()
        return edits

    assert asyncio.run(run()) == []
