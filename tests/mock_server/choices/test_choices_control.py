"""How choices are made, told, kept apart and taken back."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from mock_server.app import create_app
from mock_server.choices.catalogue import catalogue, defaults
from mock_server.choices.drawing import drawn, made
from mock_server.cli.commands import app as commands
from mock_server.settings import Settings
from mock_server.storage import StorageError
from mock_server.ticket import Tickets, secret_of
from tests.mock_server.stage import ALSO_MINE, BODY, MINE, OTHERS, SHORT, code_of

PATH = "/_mock/v1/choices"
SECRET = b"s" * 32


def choose(mock, **choices):
    told = mock.post(PATH, json={"choices": choices})
    assert told.status_code == 200, told.text
    return told.json()


def test_nothing_is_chosen_otherwise_unless_it_is_asked_for(mock):
    told = mock.get(PATH).json()
    assert (told["choices"], told["different"]) == (defaults(), [])
    assert [choice["name"] for choice in told["catalogue"]] == list(catalogue())


def test_a_choice_counts_for_all_keys_of_a_namespace_and_for_no_other(mock):
    told = choose(mock, open_status=200)
    assert (told["different"], told["namespace"]) == (["open_status"], "mine")
    for key, status in ((MINE, 200), (ALSO_MINE, 200), (OTHERS, 202)):
        session = mock.create(key=key)
        assert mock.get(f"/v1/sessions/{session['session_id']}", key=key).status_code == status


@pytest.mark.parametrize("back", ["delete", "reset"])
def test_choices_are_taken_back(mock, back):
    choose(mock, upload_status=204)
    told = mock.send("DELETE", PATH) if back == "delete" else mock.post("/_mock/v1/reset")
    assert told.status_code == 200
    assert mock.get(PATH).json()["different"] == []


def test_choices_by_name_add_up(mock):
    choose(mock, upload_status=204)
    assert choose(mock, open_status=200)["different"] == ["upload_status", "open_status"]
    assert choose(mock, upload_status=200)["different"] == ["open_status"]


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"choices": {"stamp": "seconds"}}, "choices", "'stamps'"),
        ({"choices": {"stamps": "second"}}, "choices.stamps", "'seconds'"),
        ({"choices": {"upload_status": True}}, "choices.upload_status", "204"),
        ({"choices": {"upload_status": "204"}}, "choices.upload_status", "It has to be a number, 204, and no text."),
        ({"choices": {"string_errors": "true"}}, "choices.string_errors", "It has to be a boolean, true, and no text."),
        ({"choices": {"string_errors": True}}, "choices.string_errors", "unknown_template"),
        ({"choices": {"ticket_suffices": False}}, "choices.ticket_suffices", "'target' is"),
        ({"choices": {"nope": 1}}, "choices", f"There are {len(catalogue())}, such as "),
        ({"choices": {"version_echo": 1}}, "choices.version_echo", "true"),
        ({"choices": {"id_length": [28]}}, "choices.id_length", "16"),
        ({"choices": []}, "choices", "object"),
        ({"choices": {"www_authenticate": True}}, "choices.www_authenticate", "--choice"),
        ({"seed": -1}, "seed", "from 0"),
        ({"seed": "7"}, "seed", "integer"),
        ({"seed": 2**60}, "seed", "integer"),
        ({"seed": 7, "reading": "lax"}, "reading", "strict"),
        ({"seed": 7, "readings": "strict"}, "readings", "'reading'"),
        ({}, "seed", "choices"),
    ],
)
def test_what_cannot_be_chosen_is_refused_with_what_would_be_right(mock, body, field, said):
    answer = mock.post(PATH, json=body)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    error = answer.json()["error"]
    assert error["details"]["field"] == field
    assert said in error["message"]
    assert mock.get(PATH).json()["different"] == []


def test_a_seed_draws_the_same_and_leaves_alone_what_everybody_is_told(mock):
    told = mock.post(PATH, json={"seed": 7}).json()
    assert told["choices"] == made(drawn(7, everywhere=False))
    assert told["different"]
    assert all(catalogue()[name].scope == "namespace" for name in told["different"])
    assert mock.post(PATH, json={"seed": 7}).json() == told
    strict = mock.post(PATH, json={"seed": 7, "reading": "strict", "choices": {"stamps": "no offset"}}).json()
    lenient = {name for name, value in strict["choices"].items() if value in catalogue()[name].lenient}
    assert lenient == {"stamps"}


def test_every_value_is_drawn_and_the_strict_reading_draws_no_lenient_one():
    draws, strict = [drawn(seed) for seed in range(80)], [drawn(seed, "strict") for seed in range(40)]
    for choice in catalogue().values():
        assert {str(draw[choice.name]) for draw in draws} == {str(value) for value in choice.all_values}, choice.name
        assert all(draw[choice.name] in choice.values for draw in strict)


def test_a_choice_that_another_rules_out_is_made_to_fit_it():
    assert made({"named": "with a name", "target": "signed"})["target"] == "exact"
    assert made({"upload_methods": "single"})["needs_upload_type"] is True


def test_what_is_kept_of_a_session_is_the_same_whatever_is_chosen(mock):
    choose(mock, open_word="initialized", stamps="no offset", templates_shape="array", expired_body="envelope")
    session = mock.create()
    mock.upload(session)
    mock.end(session)
    wait = f"/_mock/v1/wait?session={session['session_id']}&state=completed&seconds=20"
    assert mock.get(wait).json()["state"] == "completed"
    rows = mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]
    assert [row["kind"] for row in rows] == [
        "created",
        "audio_accepted",
        "ended",
        "transcribed",
        "extracted",
        "completed",
    ]
    assert all(row["at"].endswith("Z") for row in rows)


def test_who_reads_templates_as_an_array_reads_them_whatever_is_chosen(mock):
    choose(mock, unknown_template="in a completed session", data_shape="nested", processing_errors=False)
    told = mock.processed(SHORT.read(), templates=["soap", "nonsense"], ending={"audio_files_uploaded": 1})
    assert told.status_code == 206
    assert [list(each) for each in told.json()["templates"]] == [["soap"], ["nonsense"]]


def test_a_fault_is_seen_through_choices(mock):
    choose(mock, stamps="+05:30", id_alphabet="digits")
    mock.app.state.faults.switch(("needs_no_templates",))
    assert mock.post("/v1/sessions", json={name: BODY[name] for name in BODY if name != "templates"}).status_code == 201
    assert mock.create()["created_at"].endswith("+05:30")


def test_a_scenario_is_played_whatever_is_chosen(mock):
    choose(mock, upload_status=204, more_members=True)
    mock.post("/_mock/v1/scenarios", json={"scenario": "throttled", "on": {"operation": "templates"}})
    refused = mock.get("/v1/templates")
    assert (refused.status_code, refused.headers["x-mock-scenario"]) == (429, "throttled")
    assert "x_vendor" in refused.json()
    session = mock.create()
    named = mock.upload(session, name="mock.refuses_audio_later.wav")
    assert (named.status_code, named.headers["x-mock-scenario"]) == (204, "refuses_audio_later")


@pytest.mark.parametrize(
    ("chosen", "other", "sent"),
    [
        ("Authorization", "X-API-Key", {"X-API-Key": MINE}),
        ("X-API-Key", "Authorization", {"Authorization": f"Bearer {MINE}"}),
    ],
)
def test_a_key_in_a_header_that_is_not_looked_at_is_told_so(mock, chosen, other, sent):
    choose(mock, credential=chosen)
    error = mock.get("/v1/templates", key=None, headers=sent).json()["error"]
    assert error["code"] == "authentication_failed"
    assert error["message"].endswith(f"{other} is not looked at here, and {chosen} is (choice credential).")
    assert "choice" not in mock.get("/v1/templates", key=None).json()["error"]["message"]


def test_a_refusal_that_a_choice_brings_about_names_it(mock):
    choose(mock, forms="raw")
    session = mock.create()
    assert "(choice forms)" in mock.upload(session).json()["error"]["message"]
    choose(mock, named="with a name")
    named = mock.post(session["upload_url"], content=SHORT.read(), headers={"Content-Type": "audio/wav"})
    assert "(choice named)" in named.json()["error"]["message"]


def test_choices_that_need_each_other_are_made_together_or_one_after_the_other(mock):
    both = {"unknown_template": "in a completed session", "string_errors": True}
    assert choose(mock, **both)["different"] == list(both)
    mock.send("DELETE", PATH)
    for name, value in both.items():
        choose(mock, **{name: value})


def test_a_ticket_opens_its_session_and_nothing_else(mock):
    choose(mock, target="capability")
    mine, another = mock.create(), mock.create()
    file = {"file": ("a.wav", SHORT.read(), "audio/wav")}
    assert mock.post(mine["upload_url"], key=None, files=file).status_code == 200
    assert mock.read(mine).json()["audio_files"] == ["a.wav"]
    assert mock.read(another).json()["audio_files"] == []
    for letter in "ABC":
        if not mine["upload_url"].endswith(letter):
            assert mock.post(mine["upload_url"][:-1] + letter, key=None, files=file).status_code == 404
    assert mock.get(f"/v1/sessions/{mine['session_id']}", key=None).status_code == 401
    shown = mock.get("/_mock/v1/requests").text
    assert mine["upload_url"].rpartition("/")[2] not in shown


@pytest.mark.parametrize("target", ["capability", "capability in the query"])
def test_a_ticket_tells_another_client_no_session(mock, target):
    choose(mock, target=target)
    mock.post(PATH, json={"choices": {"malformed_id": 422}}, key=OTHERS)
    mine = mock.create()
    for method, status in (("POST", 404), ("PATCH", 405)):
        file = {"file": ("a.wav", SHORT.read(), "audio/wav")}
        refused = mock.send(method, mine["upload_url"], key=OTHERS, files=file)
        assert refused.status_code == status
        assert mine["session_id"] not in f"{refused.headers}{refused.text}"
    watched = [mock.get(f"/_mock/v1/{seen}", key=OTHERS).text for seen in ("requests", "traffic")]
    ticket = re.split("[/=]", mine["upload_url"])[-1]
    assert not any(word in shown for shown in watched for word in (mine["session_id"], ticket))
    assert mock.read(mine).json()["audio_files"] == []
    mock.post("/_mock/v1/reset", key=OTHERS)


def test_a_signature_is_for_one_session(mock):
    choose(mock, target="signed")
    mine, another = mock.create(), mock.create()
    signature = mine["upload_url"].partition("?")[2]
    crossed = f"{another['upload_url'].partition('?')[0]}?{signature}"
    file = {"file": ("a.wav", SHORT.read(), "audio/wav")}
    assert mock.post(mine["upload_url"], key=None, files=file).status_code == 200
    assert mock.post(crossed, key=None, files=file).status_code == 401


@pytest.mark.parametrize("path", ["/v1/uploads", "/v1/sessions/ses_0"])
def test_a_ticket_is_looked_for_among_any_number_of_parameters(mock, path):
    many = "&".join(f"a{number}=1" for number in range(30))
    assert code_of(mock.get(f"{path}?{many}", key=None)) in ("authentication_failed", "invalid_request")
    choose(mock, target="capability in the query")
    url = mock.create()["upload_url"].replace("?", f"?{many}&")
    assert mock.post(url, key=None, files={"file": ("a.wav", SHORT.read(), "audio/wav")}).status_code == 200


@pytest.mark.parametrize("text", ["", "A", "%%%", "=" * 40, "A" * 4000, "\u00e9" * 30])
def test_what_is_no_ticket_is_read_as_none(text):
    assert Tickets(SECRET).read(text) is None


def test_a_ticket_is_read_by_a_server_of_the_same_directory_alone(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    ticket = Tickets(secret_of(one)).issue("a", "ses_0123456789abcdef")
    assert "0123456789abcdef" not in ticket
    assert Tickets(secret_of(one)).read(ticket) == ("a", "ses_0123456789abcdef")
    assert [Tickets(secret_of(place)).read(ticket) for place in (other, None, None)] == [None] * 3
    (kept,) = one.iterdir()
    assert (kept.stat().st_mode & 0o777, len(kept.read_bytes())) == (0o600, 32)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 33])
def test_a_secret_that_is_none_stops_the_start_and_stays(tmp_path, content):
    place = tmp_path / "upload-tickets.secret"
    place.write_bytes(content)
    with pytest.raises(StorageError, match=str(place)):
        Tickets(secret_of(tmp_path))
    given = ["serve", "--port", "0", "--transcriber", "scripted", "--data-dir", str(tmp_path)]
    result = CliRunner().invoke(commands, given)
    assert (result.exit_code, len(result.stderr.strip().splitlines())) == (3, 1)
    assert place.read_bytes() == content


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"vary": "seven"}, "SEED"),
        ({"vary": "7:stric"}, "SEED:strict"),
        ({"choices": ("stamp=seconds",)}, "'stamps'"),
        ({"choices": ("stamps",)}, "NAME=VALUE"),
        ({"choices": ("upload_status=205",)}, "204"),
        ({"choices": ("string_errors=true",)}, "unknown_template"),
        ({"vary": "7", "faithful": True}, "--faithful"),
        ({"choices": ("named=with a name",), "revision": "2026-01-19"}, "leaves nothing open there"),
        ({"vary": "seven", "profiles": ("session_manager",)}, "SEED"),
    ],
)
def test_a_server_is_not_started_with_choices_that_are_none(tmp_path, settings, said):
    with pytest.raises(ValueError, match=r"--vary|--choice") as refused:
        create_app(replace(Settings(data_dir=tmp_path), **settings))
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_command_refuses_in_one_line(tmp_path):
    told = CliRunner().invoke(
        commands, ["serve", "--port", "0", "--data-dir", str(tmp_path), "--choice", "stamp=seconds"]
    )
    assert told.exit_code == 2
    assert "Did you mean 'stamps'?" in told.stderr
