"""Each value of each choice, seen by a client over a real socket of one server process."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import httpx
import pytest

from mock_server.choices.catalogue import catalogue
from scribe_data import REVISION, load
from tests.mock_server import revised
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.revised import PATIENCE_S, REVISIONS, Servers
from tests.mock_server.stage import SHORT

#: Of ids enough to see a letter that one in nineteen is: all miss it once in two million runs.
_MANY = 12
LIMITED = "/v1/templates"
FIRST = REVISIONS[0]
CATALOGUE = catalogue()


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    running = Servers(tmp_path_factory.mktemp("data"))
    yield running
    running.stop()


class Client(revised.Client):
    """A client towards which the server has made choices."""

    def __init__(self, servers, choices, revision=REVISION):
        super().__init__(servers, revision)
        self.other = httpx.Client(base_url=self.url, headers={"X-API-Key": f"{self.key}x"}, timeout=PATIENCE_S)
        self.passed = self.text.printed.passed
        made = self.http.post("/_mock/v1/choices", json={"choices": choices})
        assert made.status_code == 200, made.text
        assert made.json()["choices"].items() >= choices.items()

    def close(self):
        self.http.close()
        self.other.close()

    def foreign(self):
        """A session of another client."""
        return self.other.post("/v1/sessions", json=self.body()).json()["session_id"]

    def discovery(self):
        return self.http.get("/.well-known/medscribealliance").json()

    def asked(self, *without, **changes):
        """The answer to a create with these members changed, and without some."""
        body = {name: value for name, value in self.body(**changes).items() if name not in without}
        return self.http.post("/v1/sessions", json=body)

    def session(self, **changes):
        return self.asked(**changes).json()["session_id"]

    def recording(self, *names, **changes):
        session = self.session(**changes)
        for name in names or ("audio_0.wav",):
            assert self.upload(session, name).status_code < 300
        return session

    def again(self, session, name="audio_0.wav"):
        """Send what was sent last once more, by its name or by its number."""
        self._sent[session] -= 1
        return self.upload(session, name)

    def in_work(self, **changes):
        session = self.recording(**changes)
        assert self.end(session).status_code == self.ended
        return session

    def done(self, state, **changes):
        session = self.in_work(**changes)
        assert self.wait(session, state).status_code == 200
        return session

    def failed(self):
        session = self.session()
        assert self.end(session).status_code == self.ended
        assert self.wait(session, "failed").status_code == 200
        return session

    def expired(self, **changes):
        session = self.session(**changes)
        self.advance(601)
        return session


def _letters(client):
    ids = "".join(client.asked().json()["session_id"].removeprefix("ses_") for _ in range(_MANY))
    return bool(re.search("[a-z]", ids)), bool(re.search("[A-Z]", ids)), bool(re.search("[_-]", ids))


def _posted(client, url, headers):
    """The status of audio that is sent to an upload_url, which may be one below base_url."""
    url = url if url.startswith("http") else client.discovery()["endpoints"]["base_url"] + url
    if client.numbered:
        numbered = {"X-Chunk-Index": "0", "Content-Type": "audio/wav"}
        return httpx.post(url, content=SHORT.read(), headers=numbered | headers).status_code
    return httpx.post(url, files={"file": ("a.wav", SHORT.read(), "audio/wav")}, headers=headers).status_code


def _ticketed(client):
    made = client.asked().json()
    url, session_id = made["upload_url"], made["session_id"]
    assert _posted(client, url, {"X-API-Key": client.key}) == 200
    assert client.get(session_id).json()["status"] == "recording"
    return session_id in url, re.sub(r"[A-Za-z0-9_-]{40,}", "T", url.replace(session_id, "ID"))


def _without_key(client):
    return _posted(client, client.asked().json()["upload_url"], {})


def _forms(client):
    path = f"/v1/sessions/{client.session()}/audio"
    form = client.http.post(path, files={"file": ("a.wav", SHORT.read(), "audio/wav")})
    return form.status_code, client.http.post(f"{path}/b.wav", content=SHORT.read()).status_code


def _second_single(client):
    return client.upload(client.recording(upload_type="single"), "audio_1.wav").status_code


def _based(client):
    base = client.discovery()["endpoints"]["base_url"]
    made = client.http.post(f"{base}/sessions", json=client.body())
    assert made.json()["upload_url"].startswith(f"{base}/sessions/")
    assert client.http.get(made.json()["upload_url"].removesuffix("/audio")).status_code == client.polled
    return base


def _lifetime(client, **changes):
    session = client.session(**changes)
    client.advance(599)
    before = client.get(session).status_code
    client.advance(2)
    return before, client.get(session).status_code


def _unknown_template(client):
    made = client.asked(templates=["soap", "nonsense"])
    if made.status_code != 201:
        return made.status_code, made.json()["error"]["code"]
    lost = "partial" if "partial" in client.text.lifecycle.states else "completed"
    session = client.done(lost, templates=["soap", "nonsense"])
    return client.get(session).status_code, client.get(session).json()["status"]


def _unknown_language(client):
    one = client.text.printed.languages == "string"
    return client.asked(language_hint="xx" if one else ["xx"]).status_code


def _result(client):
    return client.get(client.done("completed", templates=["soap"])).json()["templates"]


def _partial(client):
    return client.get(client.done("partial", templates=["soap", "nonsense"])).json()


def _type_of_data(client):
    data = _result(client)["soap"]
    data = data if client.text.printed.templates == "bare" else data["data"]
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
        made = client.asked(model=name).json()
        assert _seconds(made) == seconds
    for name in {"lite", "pro"} - told.keys():
        assert client.asked(model=name).status_code == 400
    return list(told.items())


def _seconds(made):
    stamps = [time.strptime(made[name][:19], "%Y-%m-%dT%H:%M:%S") for name in ("created_at", "expires_at")]
    return time.mktime(stamps[1]) - time.mktime(stamps[0])


def _methods(client):
    told = client.discovery()["capabilities"].get("upload_methods")
    for method in ("chunked", "single"):
        wanted = 201 if told is None or method in told else 400
        assert client.asked(upload_type=method).status_code == wanted
    return told


def _streams(client):
    order = {"upload_type": "stream", "communication_protocol": "websocket"}
    told = "stream" in client.discovery()["capabilities"]["upload_methods"]
    assert client.asked(**order).status_code == (201 if told else 400)
    return told


def _listed(client):
    names = ("audio_2.wav", "audio_1.wav", "audio_3.wav")
    return client.get(client.recording(*names)).json()["audio_files"]


def _arrived(client, session):
    return client.get(session).json()["audio_duration_ms" if client.numbered else "audio_files_received"] > 0


def _lag(client):
    session = client.recording()
    told = [_arrived(client, session)]
    client.advance(1)
    told.append(_arrived(client, session))
    client.advance(1)
    assert _arrived(client, session)
    return told


def _expired_upload(client):
    return client.upload(client.expired()).status_code


def _late(client):
    return client.upload(client.in_work(), "late.wav")


def _passed(client, session, data="absent"):
    return client.get(session).json().get(client.passed, data)


#: Choice -> what a client sees of it; where a value shows only beside another choice, that is in BESIDE.
SEEN = {
    "target": _ticketed,
    "ticket_suffices": _without_key,
    "named": lambda client: client.http.put(f"/v1/sessions/{client.session()}/audio", content=SHORT.read()).status_code,
    "forms": _forms,
    "upload_body": lambda client: (
        client.upload(client.session()).content and sorted(client.upload(client.session()).json())
    ),
    "upload_status": lambda client: client.upload(client.session()).status_code,
    "same_name": lambda client: client.again(client.recording()).status_code,
    "second_single": _second_single,
    "late_upload": lambda client: _late(client).status_code,
    "late_code": lambda client: _late(client).json()["error"]["code"],
    "expired_upload": _expired_upload,
    "base": _based,
    "discovery_at": _origin,
    "formats": _capability("audio_formats"),
    "chunk_seconds": _capability("max_chunk_duration_seconds"),
    "upload_methods": _methods,
    "streams": _streams,
    "models": _models,
    "languages": lambda client: "languages" in client.discovery(),
    "features": _model("features"),
    "response_speed": _model("response_speed"),
    "service": lambda client: client.discovery()["service"],
    "template_list": lambda client: [each["id"] for each in _limited(client).json()["templates"]],
    "discovery_cache": _cached,
    "id_length": lambda client: len(client.asked().json()["session_id"]),
    "id_alphabet": _letters,
    "stamps": lambda client: _shape(client.asked().json()["expires_at"]),
    "credential": _credentials,
    "other_client": lambda client: client.get(client.foreign()).status_code,
    "unknown_version": _version,
    "version_echo": lambda client: _limited(client).headers.get("msa-version"),
    "malformed_id": lambda client: client.get("nonsense").status_code,
    "needs_protocol": lambda client: client.asked("communication_protocol").status_code,
    "needs_upload_type": lambda client: client.asked("upload_type").status_code,
    "language_forms": lambda client: client.asked(language_hint="en").status_code,
    "unknown_language": lambda client: (
        client.asked(language_hint="xx" if client.text.printed.languages == "string" else ["xx"]).status_code
    ),
    "most_templates": lambda client: client.asked(templates=["soap", "hpi", "vitals"]).status_code,
    "no_templates": lambda client: client.asked(templates=[]).status_code,
    "protocols": lambda client: client.asked(communication_protocol="rpc").status_code,
    "refused_create": lambda client: client.asked(templates="soap").status_code,
    "default_model": lambda client: _seconds(client.asked("model").json()),
    "location": lambda client: "location" in client.asked().headers,
    "data_in_answers": lambda client: client.asked(**{client.passed: {"a": 1}}).json().get(client.passed),
    "unknown_template": _unknown_template,
    "long_poll_s": lambda client: client.get(client.in_work()).status_code,
    "read_lag_ms": _lag,
    "list_order": _listed,
    "open_status": lambda client: client.get(client.session()).status_code,
    "created_word": lambda client: client.asked().json()["status"],
    "open_word": lambda client: client.get(client.session()).json()["status"],
    "processing_word": lambda client: client.get(client.in_work()).json()["status"],
    "open_data": lambda client: _passed(client, client.session(**{client.passed: {"a": 1}})),
    "no_data_processing": lambda client: _passed(client, client.in_work()),
    "no_data_elsewhere": lambda client: _passed(client, client.session()),
    "poll_cache": lambda client: client.get(client.session()).headers.get("cache-control"),
    "poll_retry_after": lambda client: client.get(client.in_work()).headers.get("retry-after"),
    "poll_etag": lambda client: "etag" in client.get(client.session()).headers,
    "data_shape": _type_of_data,
    "string_errors": lambda client: type(_partial(client)["templates"]["nonsense"]["error"]).__name__,
    "templates_shape": lambda client: type(_result(client)).__name__,
    "partial_completed_at": lambda client: _partial(client)["completed_at"] is None,
    "processing_errors": lambda client: "processing_errors" in _partial(client),
    "failed_status": lambda client: client.get(client.failed()).status_code,
    "end_empty": lambda client: client.end(client.session()).status_code,
    "end_again": lambda client: client.end(client.in_work()).status_code,
    "end_again_done": lambda client: client.end(client.done("completed")).status_code,
    "end_expired": lambda client: client.end(client.expired()).status_code,
    "end_count": lambda client: client.http.post(f"/v1/sessions/{client.recording()}/end").status_code,
    "expired_extras": lambda client: "transcript" in client.get(client.expired()).json(),
    "expired_body": lambda client: client.get(client.expired()).json().keys() & {"error", "session_id"},
    "throttled": _throttled,
    "head": lambda client: client.http.head(LIMITED).status_code,
    "other_methods": lambda client: client.http.delete(LIMITED).status_code,
    "trailing_slash": lambda client: client.http.get(LIMITED + "/").status_code,
    "error_details": lambda client: client.asked(templates=1).json()["error"].get("details"),
    "more_members": lambda client: "x_vendor" in client.asked().json(),
    "member_order": lambda client: list(client.asked().json()),
    "json_style": lambda client: _limited(client).text,
    "non_ascii": lambda client: "\\u00e9" in client.get(client.session(**{client.passed: {"é": 1}})).text,
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
    "ticket_suffices": {"target": "signed"},
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


#: What a client does otherwise in the first revision to see a choice, though its values are the same there.
OTHERWISE = {"target", "ticket_suffices", "same_name", "data_in_answers", "read_lag_ms", "data_shape"}


def _differing(revision):
    """The choices that a revision words otherwise than the default one."""
    own = catalogue(revision).items()
    differing = [name for name, choice in own if choice.described() != CATALOGUE[name].described()]
    return [*differing, *(sorted(OTHERWISE) if revision == FIRST else [])]


def test_there_are_forty_choices_and_more_and_each_is_looked_at():
    assert all(len(catalogue(revision)) >= 40 for revision in REVISIONS)
    assert SEEN.keys() | TIMED | STRANGERS == CATALOGUE.keys()
    assert all(catalogue(revision).keys() <= CATALOGUE.keys() for revision in REVISIONS)
    assert all(_differing(revision) for revision in REVISIONS if revision != REVISION)


@pytest.mark.parametrize(
    ("revision", "name"),
    [(REVISION, name) for name in SEEN]
    + [(revision, name) for revision in REVISIONS if revision != REVISION for name in _differing(revision)],
)
def test_a_client_can_tell_each_value_of_a_choice_from_the_others(servers, revision, name):
    told = {}
    for value in catalogue(revision)[name].all_values:
        client = Client(servers, BESIDE.get(name, {}) | {name: value}, revision)
        told[value if not isinstance(value, bool) else str(value)] = repr(SEEN[name](client))
        client.close()
    assert len(set(told.values())) == len(told), told


def test_work_and_answers_take_at_least_as_long_as_was_chosen(servers):
    for value in CATALOGUE["work_delay_ms"].all_values:
        client = Client(servers, {"work_delay_ms": value})
        began = time.monotonic()
        client.done("completed")
        assert time.monotonic() - began >= value / 1000
        client.close()
    least = {}
    for value in CATALOGUE["answer_delay_ms"].all_values:
        client = Client(servers, {"answer_delay_ms": value})
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


@pytest.mark.parametrize("revision", REVISIONS)
def test_each_erratum_and_requirement_that_is_cited_is_of_the_revision(revision):
    spec = load("medscribe", revision)
    cited = {
        found
        for choice in catalogue(revision).values()
        for found in re.findall(r"E[0-9]+|[A-Z]+(?:-[A-Z]+)*-[0-9]+", choice.allowed_by)
    }
    known = set(spec.errata) | set(spec.requirements)
    assert cited <= known
    assert all(choice.allowed_by and len(choice.all_values) > 1 for choice in catalogue(revision).values())


def test_the_page_is_what_the_catalogue_says():
    checked = subprocess.run(
        [sys.executable, "-m", "mock_server.choices.page", "--check"], capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_the_command_lists_the_catalogue_of_a_revision():
    command = [sys.executable, "-m", "mock_server.cli", "choices", "--json", "--revision", FIRST]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    assert [choice["name"] for choice in json.loads(told.stdout)["catalogue"]] == list(catalogue(FIRST))
