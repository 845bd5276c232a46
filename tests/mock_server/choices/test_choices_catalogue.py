"""Each value of each choice, seen by a client over a real socket of one server process."""

from __future__ import annotations

import itertools
import json
import re
import subprocess
import sys
import time

import httpx
import pytest

from mock_server.choices.catalogue import CATALOGUE
from scribe_data import load
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.stage import BODY, SHORT

#: Generous: a loaded machine, three sessions in work at a time.
PATIENCE_S = 40.0
_NUMBERS = itertools.count()
#: Of ids enough to see a letter that one in nineteen is: all miss it once in two million runs.
_MANY = 12
LIMITED = "/v1/templates"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("data"), "--transcriber", "scripted", "--open-namespaces")
    yield running
    running.stop()


class Client:
    """A client with a namespace of its own, towards which the server has made choices."""

    def __init__(self, server, choices):
        self.key = f"sk_test_n{next(_NUMBERS)}"
        self.http = httpx.Client(base_url=server.url, headers={"X-API-Key": self.key}, timeout=PATIENCE_S)
        self.other = httpx.Client(base_url=server.url, headers={"X-API-Key": f"{self.key}x"}, timeout=PATIENCE_S)
        made = self.http.post("/_mock/v1/choices", json={"choices": choices})
        assert made.status_code == 200, made.text
        assert made.json()["choices"].items() >= choices.items()

    def close(self):
        self.http.close()
        self.other.close()

    def discovery(self):
        return self.http.get("/.well-known/medscribealliance").json()

    def create(self, *without, **changes):
        body = {name: value for name, value in (BODY | changes).items() if name not in without}
        return self.http.post("/v1/sessions", json=body)

    def session(self, **changes):
        return f"/v1/sessions/{self.create(**changes).json()['session_id']}"

    def send(self, session, name="audio_0.wav", **headers):
        return self.http.put(f"{session}/audio/{name}", content=SHORT.read(), headers=headers)

    def recording(self, *names, **changes):
        session = self.session(**changes)
        for name in names or ("audio_0.wav",):
            assert self.send(session, name).status_code < 300
        return session

    def end(self, session, **given):
        return self.http.post(f"{session}/end", **given)

    def ended(self, **changes):
        session = self.recording(**changes)
        assert self.end(session).status_code == 202
        return session

    def done(self, state, **changes):
        session = self.ended(**changes)
        query = {"session": session.rpartition("/")[2], "state": state, "seconds": PATIENCE_S}
        assert self.http.get("/_mock/v1/wait", params=query).status_code == 200
        return session

    def failed(self):
        session = self.session()
        assert self.end(session).status_code == 202
        query = {"session": session.rpartition("/")[2], "state": "failed", "seconds": PATIENCE_S}
        assert self.http.get("/_mock/v1/wait", params=query).status_code == 200
        return session

    def expired(self, **changes):
        session = self.session(**changes)
        self.advance(601)
        return session

    def advance(self, seconds):
        assert self.http.post("/_mock/v1/clock", json={"advance_seconds": seconds}).status_code == 200

    def get(self, session):
        return self.http.get(session)


def _letters(client):
    ids = "".join(client.create().json()["session_id"].removeprefix("ses_") for _ in range(_MANY))
    return bool(re.search("[a-z]", ids)), bool(re.search("[A-Z]", ids)), bool(re.search("[_-]", ids))


def _ticketed(client):
    made = client.create().json()
    url, session_id = made["upload_url"], made["session_id"]
    took = httpx.post(url, files={"file": ("a.wav", SHORT.read(), "audio/wav")}, headers={"X-API-Key": client.key})
    assert took.status_code == 200
    assert client.get(f"/v1/sessions/{session_id}").json()["audio_files"] == ["a.wav"]
    return session_id in url, re.sub(r"[A-Za-z0-9_-]{40,}", "T", url.replace(session_id, "ID"))


def _without_key(client):
    url = client.create().json()["upload_url"]
    return httpx.post(url, files={"file": ("a.wav", SHORT.read(), "audio/wav")}).status_code


def _forms(client):
    path = f"{client.session()}/audio"
    form = client.http.post(path, files={"file": ("a.wav", SHORT.read(), "audio/wav")})
    return form.status_code, client.http.post(f"{path}/b.wav", content=SHORT.read()).status_code


def _twice(*names, **changes):
    def look(client):
        session = client.recording(**changes)
        return client.send(session, names[-1]).status_code

    return look


def _based(client):
    base = client.discovery()["endpoints"]["base_url"]
    made = client.http.post(f"{base}/sessions", json=BODY)
    assert made.json()["upload_url"].startswith(f"{base}/sessions/")
    assert client.http.get(made.json()["upload_url"].removesuffix("/audio")).status_code == 202
    return base


def _lifetime(client, **changes):
    made = client.create(**changes).json()
    client.advance(599)
    before = client.get(f"/v1/sessions/{made['session_id']}").status_code
    client.advance(2)
    return before, client.get(f"/v1/sessions/{made['session_id']}").status_code


def _unknown_template(client):
    made = client.create(templates=["soap", "nonsense"])
    if made.status_code != 201:
        return made.status_code, made.json()["error"]["code"]
    session = client.done("partial", templates=["soap", "nonsense"])
    return client.get(session).status_code, client.get(session).json()["status"]


def _result(client):
    return client.get(client.done("completed", templates=["soap"])).json()["templates"]


def _partial(client):
    return client.get(client.done("partial", templates=["soap", "nonsense"])).json()


def _type_of_data(client):
    data = _result(client)["soap"]["data"]
    return type(data).__name__, "note" in data


def _throttled(client):
    told = [client.http.get(LIMITED) for _ in range(110)]
    refused = [answer for answer in told if answer.status_code == 429]
    return [re.sub(r".*GMT", "date", answer.headers["retry-after"]) for answer in refused]


def _limited(client):
    return client.http.get(LIMITED)


def _raw_headers(client):
    return min(name.decode() for name, _ in _limited(client).headers.raw if name != b"date")


def _shape(stamp):
    return re.sub(r"[0-9]", "0", stamp)


def _version(client):
    return client.http.get(LIMITED, headers={"MSA-Version": "9.9"}).status_code


def _credentials(client):
    bearer = httpx.get(client.http.base_url.join(LIMITED), headers={"Authorization": f"Bearer {client.key}"})
    return _limited(client).status_code, bearer.status_code


def _origin(client):
    return client.http.get("/.well-known/medscribealliance").status_code


def _cached(client):
    headers = client.http.get("/.well-known/medscribealliance").headers
    if "etag" in headers:
        again = client.http.get("/.well-known/medscribealliance", headers={"If-None-Match": headers["etag"]})
        assert again.status_code == 304
    return headers.get("cache-control"), "etag" in headers


def _capability(name):
    return lambda client: client.discovery()["capabilities"].get(name)


def _model(name):
    return lambda client: [model.get(name) for model in client.discovery()["models"]]


def _models(client):
    told = {model["id"]: model["max_session_duration_seconds"] for model in client.discovery()["models"]}
    for name, seconds in told.items():
        made = client.create(model=name).json()
        assert _seconds(made) == seconds
    for name in {"lite", "pro"} - told.keys():
        assert client.create(model=name).status_code == 400
    return list(told.items())


def _seconds(made):
    stamps = [time.strptime(made[name][:19], "%Y-%m-%dT%H:%M:%S") for name in ("created_at", "expires_at")]
    return time.mktime(stamps[1]) - time.mktime(stamps[0])


def _methods(client):
    told = client.discovery()["capabilities"].get("upload_methods")
    for method in ("chunked", "single"):
        wanted = 201 if told is None or method in told else 400
        assert client.create(upload_type=method).status_code == wanted
    return told


def _listed(client):
    names = ("audio_2.wav", "audio_1.wav", "audio_3.wav")
    return client.get(client.recording(*names)).json()["audio_files"]


def _lag(client):
    session = client.recording()
    told = [client.get(session).json()["audio_files_received"]]
    client.advance(1)
    told.append(client.get(session).json()["audio_files_received"])
    client.advance(1)
    assert client.get(session).json()["audio_files_received"] == 1
    return told


def _expired_upload(client):
    return client.send(client.expired()).status_code


def _late(client):
    return client.send(client.ended(), "late.wav")


def _missing(name):
    return lambda body: body.get(name, "absent")


#: Choice -> what a client sees of it; where a value shows only beside another choice, that is in BESIDE.
SEEN = {
    "target": _ticketed,
    "ticket_suffices": _without_key,
    "named": lambda client: client.http.put(f"{client.session()}/audio", content=SHORT.read()).status_code,
    "forms": _forms,
    "upload_body": lambda client: (
        client.send(client.session()).content and sorted(client.send(client.session()).json())
    ),
    "upload_status": lambda client: client.send(client.session()).status_code,
    "same_name": _twice("audio_0.wav"),
    "second_single": _twice("audio_1.wav", upload_type="single"),
    "late_upload": lambda client: _late(client).status_code,
    "late_code": lambda client: _late(client).json()["error"]["code"],
    "expired_upload": _expired_upload,
    "base": _based,
    "discovery_at": _origin,
    "formats": _capability("audio_formats"),
    "chunk_seconds": _capability("max_chunk_duration_seconds"),
    "upload_methods": _methods,
    "models": _models,
    "languages": lambda client: "languages" in client.discovery(),
    "features": _model("features"),
    "response_speed": _model("response_speed"),
    "service": lambda client: client.discovery()["service"],
    "template_list": lambda client: [each["id"] for each in _limited(client).json()["templates"]],
    "discovery_cache": _cached,
    "id_length": lambda client: len(client.create().json()["session_id"]),
    "id_alphabet": _letters,
    "stamps": lambda client: _shape(client.create().json()["expires_at"]),
    "credential": _credentials,
    "other_client": lambda client: client.get(client.foreign).status_code,
    "unknown_version": _version,
    "version_echo": lambda client: _limited(client).headers.get("msa-version"),
    "malformed_id": lambda client: client.get("/v1/sessions/nonsense").status_code,
    "needs_protocol": lambda client: client.create("communication_protocol").status_code,
    "needs_upload_type": lambda client: client.create("upload_type").status_code,
    "language_forms": lambda client: client.create(language_hint="en").status_code,
    "unknown_language": lambda client: client.create(language_hint=["xx"]).status_code,
    "most_templates": lambda client: client.create(templates=["soap", "hpi", "vitals"]).status_code,
    "no_templates": lambda client: client.create(templates=[]).status_code,
    "protocols": lambda client: client.create(communication_protocol="rpc").status_code,
    "refused_create": lambda client: client.create(templates="soap").status_code,
    "default_model": lambda client: _seconds(client.create("model").json()),
    "location": lambda client: "location" in client.create().headers,
    "data_in_answers": lambda client: client.create(additional_data={"a": 1}).json().get("additional_data"),
    "unknown_template": _unknown_template,
    "long_poll_s": lambda client: client.get(client.ended()).status_code,
    "read_lag_ms": _lag,
    "list_order": _listed,
    "open_status": lambda client: client.get(client.session()).status_code,
    "created_word": lambda client: client.create().json()["status"],
    "open_word": lambda client: client.get(client.session()).json()["status"],
    "processing_word": lambda client: client.get(client.ended()).json()["status"],
    "open_data": lambda client: client.get(client.session(additional_data={"a": 1})).json().get("additional_data"),
    "no_data_processing": lambda client: client.get(client.ended()).json().get("additional_data", "absent"),
    "no_data_elsewhere": lambda client: client.get(client.session()).json().get("additional_data", "absent"),
    "poll_cache": lambda client: client.get(client.session()).headers.get("cache-control"),
    "poll_retry_after": lambda client: client.get(client.ended()).headers.get("retry-after"),
    "poll_etag": lambda client: "etag" in client.get(client.session()).headers,
    "data_shape": _type_of_data,
    "string_errors": lambda client: type(_partial(client)["templates"]["nonsense"]["error"]).__name__,
    "templates_shape": lambda client: type(_result(client)).__name__,
    "partial_completed_at": lambda client: _partial(client)["completed_at"] is None,
    "processing_errors": lambda client: "processing_errors" in _partial(client),
    "failed_status": lambda client: client.get(client.failed()).status_code,
    "end_empty": lambda client: client.end(client.session()).status_code,
    "end_again": lambda client: client.end(client.ended()).status_code,
    "end_again_done": lambda client: client.end(client.done("completed")).status_code,
    "end_expired": lambda client: client.end(client.expired()).status_code,
    "end_count": lambda client: client.end(client.recording()).status_code,
    "expired_extras": lambda client: "transcript" in client.get(client.expired()).json(),
    "expired_body": lambda client: client.get(client.expired()).json().keys() & {"error", "session_id"},
    "throttled": _throttled,
    "head": lambda client: client.http.head(LIMITED).status_code,
    "other_methods": lambda client: client.http.delete(LIMITED).status_code,
    "trailing_slash": lambda client: client.http.get(LIMITED + "/").status_code,
    "error_details": lambda client: client.create(templates=1).json()["error"].get("details"),
    "more_members": lambda client: "x_vendor" in client.create().json(),
    "member_order": lambda client: list(client.create().json()),
    "json_style": lambda client: _limited(client).text,
    "non_ascii": lambda client: "\\u00e9" in client.get(client.session(additional_data={"é": 1})).text,
    "charset": lambda client: _limited(client).headers["content-type"],
    "request_id": lambda client: "x-request-id" in _limited(client).headers,
    "rate_headers": lambda client: "x-ratelimit-limit" in _limited(client).headers,
    "server_name": lambda client: _limited(client).headers.get("server"),
    "connection": lambda client: _limited(client).headers.get("connection"),
    "gzip": lambda client: _limited(client).headers.get("content-encoding"),
    "in_chunks": lambda client: _limited(client).headers.get("transfer-encoding"),
    "header_case": _raw_headers,
}
BESIDE = {
    "ticket_suffices": {"target": "capability"},
    "string_errors": {"unknown_template": "in a completed session"},
    "long_poll_s": {"work_delay_ms": 300},
    "processing_word": {"work_delay_ms": 1200},
    "no_data_processing": {"work_delay_ms": 1200},
    "poll_retry_after": {"work_delay_ms": 1200},
    "end_again": {"work_delay_ms": 1200},
}
#: Seen by how long something takes, and by requests of which no namespace is known.
TIMED = {"work_delay_ms", "answer_delay_ms"}
STRANGERS = {name for name, choice in CATALOGUE.items() if choice.scope == "server"}


def test_there_are_forty_choices_and_more_and_each_is_looked_at():
    assert len(CATALOGUE) >= 40
    assert SEEN.keys() | TIMED | STRANGERS == CATALOGUE.keys()


@pytest.mark.parametrize("name", SEEN)
def test_a_client_can_tell_each_value_of_a_choice_from_the_others(server, name):
    told = {}
    for value in CATALOGUE[name].all_values:
        client = Client(server, BESIDE.get(name, {}) | {name: value})
        client.foreign = f"/v1/sessions/{client.other.post('/v1/sessions', json=BODY).json()['session_id']}"
        told[value if not isinstance(value, bool) else str(value)] = repr(SEEN[name](client))
        client.close()
    assert len(set(told.values())) == len(told), told


def test_work_and_answers_take_at_least_as_long_as_was_chosen(server):
    for value in CATALOGUE["work_delay_ms"].all_values:
        client = Client(server, {"work_delay_ms": value})
        began = time.monotonic()
        client.done("completed")
        assert time.monotonic() - began >= value / 1000
        client.close()
    least = {}
    for value in CATALOGUE["answer_delay_ms"].all_values:
        client = Client(server, {"answer_delay_ms": value})
        times = []
        for _ in range(8):
            began = time.monotonic()
            _limited(client)
            times.append(time.monotonic() - began)
        least[value] = min(times)
        client.close()
    assert all(seconds >= value / 1000 for value, seconds in least.items())
    assert least[0] < max(least.values())


def test_strangers_are_told_what_the_server_was_started_with(tmp_path):
    chosen = ("--choice", "wrong_key_code=authentication_failed", "--choice", "www_authenticate=true")
    server = Server(tmp_path, "--transcriber", "scripted", *chosen)
    try:
        refused = httpx.get(server.url + LIMITED, headers={"X-API-Key": "wrong"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (401, "authentication_failed")
        assert refused.headers["www-authenticate"]
    finally:
        server.stop()
    server.reading.join(5)
    assert "CHOICES ARE MADE" in "".join(server.told)


def test_each_erratum_and_requirement_that_is_cited_is_there():
    spec = load()
    cited = {
        found
        for choice in CATALOGUE.values()
        for found in re.findall(r"E[0-9]+|[A-Z]+(?:-[A-Z]+)*-[0-9]+", choice.allowed_by)
    }
    known = set(spec.errata) | set(spec.requirements)
    assert cited <= known
    assert all(choice.allowed_by and len(choice.all_values) > 1 for choice in CATALOGUE.values())


def test_the_page_is_what_the_catalogue_says():
    checked = subprocess.run(
        [sys.executable, "-m", "mock_server.choices.page", "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_command_lists_the_catalogue():
    told = subprocess.run(
        [sys.executable, "-m", "mock_server.cli", "choices", "--json"], capture_output=True, text=True, check=True
    )
    assert [choice["name"] for choice in json.loads(told.stdout)["catalogue"]] == list(CATALOGUE)
