"""What EMR clients in the field do on the wire, step by step, and what they need to find in each answer."""

from __future__ import annotations

import asyncio
import json

import pytest

from scribe_data import recordings
from tests.mock_server.stage import HOST, MINE, OTHERS, SHORT, code_of

LIST = ("one", "two")
LATE = {
    "named": {"method": "POST", "path": "/audio_9.wav", "content": b"RIFF late"},
    "put": {"method": "PUT", "path": "/audio_9.wav", "content": b"RIFF late"},
    "form": {"method": "POST", "path": "", "files": {"file": ("audio_9.wav", b"RIFF late", "audio/wav")}},
    "unlabelled": {"method": "POST", "path": "/9", "content": b"x", "headers": {"Content-Type": "text/plain"}},
    "broken form": {
        "method": "POST",
        "path": "",
        "content": b"--x",
        "headers": {"Content-Type": "multipart/form-data; boundary=x"},
    },
    "empty": {"method": "POST", "path": "/audio_9.wav", "content": b""},
}


class Client:
    """A client that sends one credential with everything, as JSON where it has something to say."""

    def __init__(self, mock, headers):
        self.mock, self.headers = mock, headers

    def send(self, method, url, **given):
        headers = self.headers | given.pop("headers", {})
        return self.mock.send(method, url, key=None, headers=headers, **given)

    def json(self, method, url, body=None):
        given = {} if body is None else {"content": json.dumps(body)}
        answer = self.send(method, url, headers={"Content-Type": "application/json"}, **given)
        assert answer.headers["content-type"] == "application/json"
        return answer


def poll(client, url):
    async def wait():
        async with asyncio.timeout(30):
            while True:
                answer = await client.mock.client.get(url, headers=client.headers)
                if answer.json()["status"] in ("completed", "partial", "failed", "expired"):
                    return answer
                await asyncio.sleep(0.05)

    return client.mock.run(wait())


def chunks():
    return [recording.read() for recording in recordings.chunks("visit", "cut")[:3]]


def test_every_step_of_the_python_client_works(mock):
    client = Client(mock, {"Authorization": f"Bearer {MINE}"})
    base = client.json("GET", f"{HOST}/v1/.well-known/medscribealliance").json()["endpoints"]["base_url"]
    wanted = {
        "templates": ["soap", "medications"],
        "upload_type": "chunked",
        "communication_protocol": "http",
        "model": "lite",
        "session_mode": "consultation",
    }
    made = client.json("POST", f"{base}/sessions", wanted)
    assert made.status_code == 201
    session = made.json()
    assert session["upload_url"] == f"{base}/sessions/{session['session_id']}/audio"
    for number, chunk in enumerate(chunks()):
        name = f"chunk_{number}.wav"
        answer = client.send(
            "POST", f"{session['upload_url']}/{name}", content=chunk, headers={"Content-Type": "audio/wav"}
        )
        assert answer.status_code == 200
        told = answer.json()
        assert (told["session_id"], told["success"], told["original_filename"]) == (session["session_id"], True, name)
    patched = client.json("PATCH", f"{base}/sessions/{session['session_id']}", {"additional_data": {"visit": 7}})
    assert (patched.status_code, patched.json()["session_id"]) == (200, session["session_id"])
    end = client.json("POST", f"{base}/sessions/{session['session_id']}/end", {"audio_files_sent": 3})
    assert (end.status_code, end.json()["audio_files_received"]) == (202, 3)
    late = client.send("POST", f"{session['upload_url']}/chunk_3.wav", content=SHORT.read())
    assert (late.status_code, code_of(late)) == (400, "session_ended")
    done = poll(client, f"{base}/sessions/{session['session_id']}")
    assert done.status_code in (200, 206)
    assert [list(entry) for entry in done.json()["templates"]] == [["soap"], ["medications"]]
    assert done.json()["additional_data"] == {"visit": 7}
    again = client.json("POST", f"{base}/sessions/{session['session_id']}/process/template/soap")
    assert (again.status_code, again.json()["template_id"]) == (200, "soap")


@pytest.mark.parametrize("generation", ["g1", "g2", "g4"])
def test_every_step_of_the_typescript_client_works(mock, generation):
    """Generations with an upload_url that is a string; the third reads one in the object form only."""
    client = Client(mock, {"Authorization": f"Bearer {MINE}", "X-timezone": "Asia/Kolkata", "flavour": "web"})
    if generation == "g1":
        client.headers["X-API-Key"] = MINE
    base = client.json("GET", f"{HOST}/.well-known/medscribealliance").json()["endpoints"]["base_url"]
    wanted = {
        "templates": ["soap"],
        "upload_type": "chunked",
        "communication_protocol": "http",
        "language_hint": ["en"],
    }
    late_members = {
        "session_mode": "dictation",
        "transcript_language": "en",
        "patient_details": {"name": "A. Nobody", "age": 40, "gender": "F", "mobile": 123},
    }
    wanted |= {"transcript_language": ["en"]} if generation == "g1" else late_members
    session = client.json("POST", f"{base}/sessions", wanted).json()
    assert all(isinstance(session[name], str) for name in ("session_id", "status", "created_at", "expires_at"))
    files = {f"{number}.mp3": chunk for number, chunk in enumerate(chunks(), start=1)}
    for name, chunk in files.items():
        headers, body = {"Content-Type": "audio/mp3"}, chunk
        if generation == "g4":  # an envelope under an audio type, its boundary announced nowhere
            head = f'--xx\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            body = head.encode() + b"Content-Type: audio/mp3\r\n\r\n" + chunk + b"\r\n--xx--\r\n"
            headers = {"Content-Type": "audio/webm;codecs=opus"}
        assert client.send("POST", f"{session['upload_url']}/{name}", content=body, headers=headers).is_success
    counts = {"audio_files_sent": 3} | ({} if generation == "g1" else {"audio_files_uploaded": 3})
    end = client.json("POST", f"{base}/sessions/{session['session_id']}/end", counts).json()
    assert end["audio_files"] == list(files)
    done = poll(client, f"{base}/sessions/{session['session_id']}").json()
    assert isinstance(done["templates"], dict if generation == "g1" else list)
    assert None not in done.values()
    if generation != "g1":
        assert done["patient_details"] == wanted["patient_details"]
    status = {"user_status": "cancelled", "processing_status": "cancelled"}
    cancelled = client.json("PATCH", f"{base}/sessions/{session['session_id']}", status)
    assert cancelled.status_code == 200
    assert cancelled.json()["status"] == done["status"]


@pytest.mark.parametrize("late", LATE)
@pytest.mark.parametrize("settled", [False, True])
def test_audio_after_the_end_is_session_ended_however_it_comes(mock, late, settled):
    session = mock.create()
    mock.upload(session)
    mock.end(session)
    state = mock.settled(session).json()["status"] if settled else mock.read(session).json()["status"]
    sent = dict(LATE[late])
    answer = mock.send(sent.pop("method"), session["upload_url"] + sent.pop("path"), **sent)
    assert (answer.status_code, code_of(answer)) == (400, "session_ended")
    details = answer.json()["error"]["details"]
    assert details["session_id"] == session["session_id"]
    assert details["status"] in ((state,) if settled else ("processing", "completed"))


@pytest.mark.parametrize("late", LATE)
def test_audio_after_the_deadline_is_session_expired_however_it_comes(mock, late):
    session = mock.create()
    mock.advance(3600)
    sent = dict(LATE[late])
    answer = mock.send(sent.pop("method"), session["upload_url"] + sent.pop("path"), **sent)
    assert (answer.status_code, code_of(answer)) == (410, "session_expired")


@pytest.mark.parametrize(
    ("content", "name", "sent"),
    [
        ("form", "Visit one.wav", None),
        ("path", "chunk_0.wav", "chunk_0.wav"),
        ("path", "Visít #1.wav", "Vis%C3%ADt%20%231.wav"),
    ],
)
def test_an_upload_tells_the_name_it_was_sent_under(mock, content, name, sent):
    session = mock.create()
    if content == "form":
        answer = mock.upload(session, name=name)
    else:
        answer = mock.post(f"{session['upload_url']}/{sent}", content=SHORT.read())
    assert (answer.json()["success"], answer.json()["original_filename"]) == (True, name)


@pytest.mark.parametrize(
    ("shape", "mode", "kind"),
    [
        ("auto", {"session_mode": "consultation"}, list),
        ("auto", {"session_mode": ""}, list),
        ("auto", {"session_mode": None}, dict),
        ("auto", {}, dict),
        ("object", {"session_mode": "consultation"}, dict),
        ("array", {}, list),
    ],
)
def test_a_create_with_a_session_mode_gets_templates_as_a_list(mock, shape, mode, kind):
    mock.set(templates_shape=shape)
    done = mock.processed(SHORT.read(), templates=["soap", "vitals"], **mode).json()
    assert isinstance(done["templates"], kind)
    names = [name for entry in done["templates"] for name in entry] if kind is list else list(done["templates"])
    assert names == ["soap", "vitals"]


# PATCH


def patch(mock, session, body, **given):
    return mock.send("PATCH", f"/v1/sessions/{session['session_id']}", json=body, **given)


def journal(mock, session):
    return mock.get(f"/_mock/v1/journal/{session['session_id']}").json()["journal"]


@pytest.mark.parametrize("name", ["additional_data", "patient_details"])
def test_members_of_patched_data_replace_those_of_their_name_and_leave_the_others(mock, name):
    session = mock.create(**{name: {"a": 1, "b": {"c": 2}}})
    assert patch(mock, session, {name: {"b": [None, "ü"], "d": None}}).status_code == 200
    assert mock.read(session).json()[name] == {"a": 1, "b": [None, "ü"], "d": None}
    (row,) = [row for row in journal(mock, session) if row["kind"] == "amended"]
    assert row["detail"] == {"changed": [name]}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "Nothing was changed."),
        ({"model": "pro"}, "Nothing was changed. A PATCH does not change 'model'."),
        ({"upload_type": "single", "x": 1}, "Nothing was changed. A PATCH does not change 'upload_type', 'x'."),
        ({"patient_details": None}, "Nothing was changed."),
        ({"additional_data": {}}, "The session was updated: additional_data."),
        (
            {"templates": ["soap"], "language_hint": ["en"], "expires_at": "x"},
            "The session was updated: templates, language_hint. A PATCH does not change 'expires_at'.",
        ),
        ({"user_status": "busy"}, "It was noted in the journal."),
    ],
)
def test_a_patch_says_what_it_changed_and_what_it_did_not(mock, body, message):
    session = mock.create()
    answer = patch(mock, session, body)
    assert (answer.status_code, answer.json()["message"]) == (200, message)


def test_a_patch_of_many_unknown_members_is_answered_shortly(mock):
    answer = patch(mock, mock.create(), {f"{number}" * 5000: number for number in range(9)})
    assert answer.json()["message"].endswith(" and others.")
    assert len(answer.content) < 1000


def test_a_patch_before_the_end_decides_what_is_done(mock):
    session = mock.create(templates=["soap"])
    mock.upload(session)
    change = {"templates": ["vitals", "medications"], "language_hint": ["en"], "transcript_language": "en"}
    assert patch(mock, session, change).json()["status"] == "recording"
    mock.end(session)
    assert list(mock.settled(session).json()["templates"]) == ["vitals", "medications"]


@pytest.mark.parametrize(
    "change", [{"templates": ["vitals"]}, {"language_hint": ["hi"]}, {"transcript_language": "hi"}]
)
def test_a_patch_after_the_end_does_not_pretend_to_change_the_work(mock, change):
    session = mock.create()
    mock.upload(session)
    mock.end(session)
    before = mock.settled(session).json()
    answer = patch(mock, session, change | {"additional_data": {"x": 1}})
    assert (answer.status_code, code_of(answer)) == (400, "session_ended")
    assert mock.read(session).json() == before
    assert patch(mock, session, {"additional_data": {"x": 1}}).status_code == 200
    assert mock.read(session).json() == before | {"additional_data": {"x": 1}}


@pytest.mark.parametrize("files", [0, 1])
def test_a_cancellation_is_noted_and_leaves_the_lifecycle_alone(mock, files):
    session = mock.create()
    for _ in range(files):
        mock.upload(session)
    before = mock.read(session).json()
    answer = patch(mock, session, {"user_status": "cancelled", "processing_status": "cancelled"})
    assert (answer.status_code, answer.json()["status"]) == (200, before["status"])
    assert "cancellation" in answer.json()["message"]
    assert mock.read(session).json() == before
    assert journal(mock, session)[-1]["detail"] == {
        "changed": [],
        "user_status": "cancelled",
        "processing_status": "cancelled",
    }


@pytest.mark.parametrize("body", [{}, {"unknown": [1]}, {"user_status": None, "patient_details": None}])
def test_a_patch_that_changes_nothing_is_fine_and_leaves_no_trace(mock, body):
    session = mock.create()
    before = mock.read(session).json()
    assert patch(mock, session, body).status_code == 200
    assert mock.read(session).json() == before
    assert [row["kind"] for row in journal(mock, session)] == ["created"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"additional_data": [1]}, "additional_data"),
        ({"additional_data": None}, "additional_data"),
        ({"additional_data": {"x": "y" * 70_000}}, "additional_data"),
        ({"patient_details": "somebody"}, "patient_details"),
        ({"patient_details": {"x": "y" * 70_000}}, "patient_details"),
        ({"templates": "soap"}, "templates"),
        ({"templates": [1]}, "templates"),
        ({"language_hint": ["english"]}, "language_hint"),
        ({"transcript_language": 7}, "transcript_language"),
        ({"user_status": 1}, "user_status"),
        ({"user_status": "x" * 65}, "user_status"),
        ({"processing_status": "can\ncelled"}, "processing_status"),
    ],
)
def test_a_wrong_patch_names_its_field_and_changes_nothing(mock, body, field):
    session = mock.create()
    before = mock.read(session).json()
    answer = patch(mock, session, {"additional_data": {"good": 1}} | body)
    assert (answer.status_code, code_of(answer)) == (400, "invalid_request")
    assert answer.json()["error"]["details"]["field"] == field
    assert mock.read(session).json() == before


@pytest.mark.parametrize("name", ["additional_data", "patient_details"])
def test_many_small_patches_do_not_grow_a_session_without_bound(mock, name):
    session = mock.create()
    answers = [patch(mock, session, {name: {f"k{number}": "x" * 30_000}}).status_code for number in range(4)]
    assert answers == [200, 200, 400, 400]
    assert list(mock.read(session).json()[name]) == ["k0", "k1"]


def test_a_patch_is_refused_where_there_is_no_session_any_more(mock):
    session = mock.create()
    stranger = patch(mock, session, {}, key=OTHERS)
    unknown = mock.send("PATCH", "/v1/sessions/ses_unknown0000000000", json={})
    nobody = patch(mock, session, {}, key=None)
    assert [(answer.status_code, code_of(answer)) for answer in (stranger, unknown, nobody)] == [
        (404, "session_not_found"),
        (404, "session_not_found"),
        (401, "authentication_failed"),
    ]
    mock.advance(3600)
    for body in ({}, {"additional_data": {"a": 1}}, {"templates": ["soap"]}, {"user_status": "cancelled"}):
        late = patch(mock, session, body)
        assert (late.status_code, code_of(late)) == (410, "session_expired")


# process/template


def standing(mock, session, template, **given):
    return mock.post(f"/v1/sessions/{session['session_id']}/process/template/{template}", **given)


def test_process_template_tells_how_a_template_stands_and_processes_nothing(mock):
    session = mock.create(templates=["soap", "nobody-knows"])
    assert standing(mock, session, "soap").json()["status"] == "pending"
    mock.upload(session)
    mock.end(session)
    before = mock.settled(session).json()
    told = {template: standing(mock, session, template).json() for template in ("soap", "nobody-knows")}
    assert {name: answer["status"] for name, answer in told.items()} == {
        name: entry["status"] for name, entry in before["templates"].items()
    }
    assert all({"session_id", "template_id", "status", "message"} <= answer.keys() for answer in told.values())
    assert mock.read(session).json() == before


@pytest.mark.parametrize("template", ["vitals", "%00", "x" * 3000, "soap%20"])
def test_a_template_nobody_ordered_is_not_found(mock, template):
    answer = standing(mock, mock.create(), template)
    assert (answer.status_code, code_of(answer)) == (404, "template_not_found")
    assert len(answer.text) < 1500
