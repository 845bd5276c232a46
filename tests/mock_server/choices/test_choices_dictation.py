"""Each value of each choice of live sessions, seen by a client over real sockets of one server process."""

from __future__ import annotations

import itertools
import json
import re
import time
from contextlib import suppress
from urllib.parse import urlsplit

import httpx
import pytest
from websockets.exceptions import InvalidStatus

import scribe_data
from mock_server.choices.catalogue import catalogue
from mock_server.served import Served
from tests.mock_server.cli.test_cli_socket import Server
from tests.mock_server.dalston.speaking import SECOND, SESSIONS, STREAM, Client

SPEC = scribe_data.load("dalston")
CATALOGUE = catalogue(*Served(profiles=("dalston",)))
OPTIONS = ("--transcriber", "scripted", "--profile", "dalston", "--open-namespaces")
#: Nothing is said in it.
BEFORE = "before it is opened"
SILENCE = bytes(SECOND // 5)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    running = Server(tmp_path_factory.mktemp("data"), *OPTIONS)
    yield running
    running.stop()


class Chooser(Client):
    """Somebody with a namespace of their own, towards which the server has made choices."""

    numbers = itertools.count()

    def __init__(self, url, choices=None):
        super().__init__(url, f"sk_test_chosen{next(self.numbers)}")
        if choices:
            made = self.http.post("/_mock/v1/choices", json={"choices": choices})
            assert made.status_code == 200, made.text
            assert made.json()["choices"].items() >= choices.items()

    def ended(self, pcm=b"", **asked):
        """The id of a session that has ended in order, in which nothing was said."""
        with self.talk(**asked) as talk:
            if pcm:
                talk.send(pcm)
            talk.end()
        return talk.session_id

    def attempt(self, **asked):
        """What a socket comes to: the status that refuses it, the code that closes it, or that it begins."""
        try:
            with self.socket(**asked) as talk:
                first = talk.hear()
                if first["type"] == "session.begin":
                    talk.end()
                    return first
                return first["code"], talk.to_the_end()
        except InvalidStatus as refused:
            body = json.loads(refused.response.body)
            return body["code"], refused.response.status_code

    def unknown(self):
        return self.get("sess_0000000000000000")


def live_id(client):
    found = {client.ended() for _ in range(4)}
    assert len(found) == 4
    assert all(client.look(each)["id"] == each for each in found)
    forms = (r"sess_[0-9a-f]{16}", r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", r"[0-9]+", r"[A-Za-z0-9_-]{22}")
    return [form for form in forms if all(re.fullmatch(form, each) for each in found)]


def socket_refusal(client):
    told = client.attempt(encoding="opus")
    assert told[0] == "invalid_parameter"
    assert client.attempt(resume_session_id="sess_0000000000000000") == told
    recorded = client.http.get("/_mock/v1/requests").json()["requests"][-1]
    assert (recorded["operation"], recorded["code"]) == ("dalston.create", "invalid_parameter")
    assert client.page()["total"] == 0
    return told[1]


def wrong_parameter(client):
    told = client.attempt(encoding="opus", store_audio="perhaps", language="kl", sample_rate="fast")
    return told["config"] if isinstance(told, dict) else told


def enhanced_without_audio(client):
    told = client.attempt(enhance_on_end=True)
    if not isinstance(told, dict):
        return told
    shown = client.look(told["session_id"])
    assert shown["enhance_on_end"] is True
    assert shown["enhancement_job_id"] is None, "there is never a job without audio"
    return shown["store_audio"]


def no_such_session(client):
    told = client.attempt(resume_session_id="sess_0000000000000000")
    if not isinstance(told, dict):
        return told
    assert client.attempt(resume_session_id="sess_0000000000000000", resume="hard", store_transcript=True)[1] == 4400
    return "resumed_from" in told


def begin(client):
    with client.talk() as talk:
        talk.end()
    return sorted(talk.told[0])


def told(client):
    with client.talk() as talk:
        talk.speak_haltingly(partial=client.chosen["told"] == "all")
        talk.end()
    assert talk.of("transcript.final"), "finals are always told"
    return sorted({message["type"] for message in talk.told})


def final_words(client):
    with client.talk(word_timestamps=True, store_transcript=True) as talk:
        talk.speak()
        talk.end()
    final = talk.of("transcript.final")[0]
    kept = client.transcript(talk.session_id)["utterances"][0]["words"]
    assert kept[0]["word"] == "The", "what is kept has its words"
    return sorted(final["words"][0]) if "words" in final else None


def account(client):
    with client.talk() as talk:
        return sorted(talk.end())


def lost_client(client):
    with client.talk(store_audio=True) as talk:
        talk.send(SILENCE)
        talk.drop()
    found = client.over(talk.session_id)
    assert (found["error"] is None) == (found["status"] == "completed")
    return found["status"]


def closed_client(client):
    with client.talk() as talk:
        talk.ws.close(1000)
    return client.over(talk.session_id)["status"]


def figures_s(client):
    with client.talk() as talk:
        talk.send(SILENCE)
        began = time.monotonic()
        client.until(talk.session_id, lambda shown: shown["audio_duration_seconds"] > 0)
        waited = time.monotonic() - began
        talk.end()
    value = client.http.get("/_mock/v1/choices").json()["choices"]["figures_s"]
    assert waited >= value - 1, "they are no younger than was chosen"
    return value


def former_deletion(client):
    former = client.ended(store_audio=True)
    later = client.ended(resume_session_id=former)
    answer = client.delete(former)
    assert client.get(former).status_code == (404 if answer.status_code == 200 else 200)
    assert client.delete(later).status_code == 200
    if answer.status_code == 409:
        assert answer.json()["code"] == "session_linked"
        assert client.delete(former).status_code == 200, "nothing refers to it any more"
    return answer.status_code


def other_client(client):
    mine = client.ended()
    other = Chooser(client.url, client.http.get("/_mock/v1/choices").json()["choices"] and None)
    other.http.post("/_mock/v1/choices", json={"choices": {"other_client": client.chosen["other_client"]}})
    answers = [other.get(mine), other.delete(mine), other.get(mine, "audio"), other.get(mine, "transcript")]
    assert client.get(mine).status_code == 200
    assert other.unknown().status_code == 404
    return [answer.status_code for answer in answers]


def audio_download(client):
    said = client.spoken()
    answer = client.get(said, "audio")
    if answer.headers.get("content-type") == "audio/wav":
        return "file"
    assert (answer.status_code == 200) == bool(answer.content), "a redirect has nothing but the address"
    assert client.look(said)["audio_uri"]
    address = answer.headers.get("location") or next(v for v in answer.json().values() if str(v).startswith("http"))
    stranger = httpx.get(address)
    assert (stranger.status_code, stranger.content[:4]) == (200, b"RIFF"), "the address alone opens it"
    assert stranger.content == client.http.get(address).content
    assert httpx.get(address, headers={"Range": "bytes=0-3"}).content == b"RIFF"
    away = urlsplit(address)
    assert httpx.get(f"{client.url}{away.path}").status_code == 401
    assert httpx.get(f"{address[:-2]}xx").status_code == 401, "a signature of nobody's"
    other = client.spoken()
    assert httpx.get(f"{client.url}{SESSIONS}/{other}/audio?{away.query}").status_code == 401, "it is of another one"
    assert away.query.partition("=")[2] not in client.http.get("/_mock/v1/traffic").text
    return answer.status_code, sorted(answer.json()) if answer.status_code == 200 else None


def ranges(client):
    answer = client.get(client.spoken(), "audio", headers={"Range": "bytes=0-43"})
    assert ("accept-ranges" in answer.headers) == (answer.status_code == 206)
    return answer.status_code


def silent_audio(client):
    silent = client.ended(store_audio=True)
    answer, shown = client.get(silent, "audio"), client.look(silent)["audio_uri"]
    assert (shown is not None) == (answer.status_code == 200)
    assert client.get(client.ended(), "audio").status_code == 404, "nothing was to be kept"
    return len(answer.content) if answer.status_code == 200 else answer.status_code


def active_downloads(client):
    with client.talk(store_audio=True, store_transcript=True) as talk:
        statuses = [client.get(talk.session_id, part).status_code for part in ("audio", "transcript")]
        talk.end()
    assert client.get(talk.session_id, "transcript").status_code == 200
    assert client.get(client.ended(), "transcript").status_code == 404
    return statuses


def lost_transcript(client):
    with client.talk(store_transcript=True) as talk:
        talk.drop()
    shown = client.over(talk.session_id)
    answer = client.get(talk.session_id, "transcript")
    assert (shown["transcript_uri"] is not None) == (answer.status_code == 200)
    assert client.get(client.ended(store_transcript=True), "transcript").status_code == 200
    return answer.status_code


def transcript_text(client):
    with client.talk(store_transcript=True) as talk:
        for _ in range(2):
            talk.speak()
            talk.send({"type": "flush"})
            talk.until("transcript.final")
        talk.end()
    kept = client.transcript(talk.session_id)
    assert kept["text"].split() == " ".join(each["text"] for each in kept["utterances"]).split()
    first = kept["utterances"][0]["text"]
    return kept["text"][len(first) :][:2]


def shown_model(client):
    session = client.ended(store_transcript=True, model="accurate")
    told = {client.look(session)["model"], client.page()["sessions"][0]["model"], client.transcript(session)["model"]}
    assert len(told) == 1
    return told


def caller_details(client):
    session = client.ended(store_transcript=True)
    shown, kept = client.look(session), client.transcript(session)["metadata"]
    return [(name in each, each.get(name) is None) for name, each in (("worker_id", kept), ("client_ip", shown))]


def table_members(client):
    shown = client.look(client.ended())
    return [name in shown for name in ("previous_session_id", "enhancement_job_id", "error")]


def no_value(client):
    with client.talk() as talk:
        shown = client.look(talk.session_id), client.page()["sessions"][0]
        talk.end()
    assert "ended_at" in client.look(talk.session_id)
    return ["ended_at" in shown[0], "audio_uri" in shown[0], "ended_at" in shown[1]]


def rest_id(client):
    first = client.ended(store_transcript=True)
    shown = client.look(first)["id"]
    assert client.look(shown)["id"] == shown
    assert client.page()["sessions"][0]["id"] == client.transcript(first)["session_id"] == shown
    later = client.ended(resume_session_id=shown)
    assert client.look(later)["previous_session_id"] == shown
    assert client.delete(shown).json()["session_id"] == shown
    assert client.get(first).status_code == 404
    return shown == first


def session_order(client):
    made = [client.ended() for _ in range(3)]
    found = [each["id"] for each in client.page()["sessions"]]
    paged = [client.page(limit=1, offset=at)["sessions"][0]["id"] for at in range(3)]
    assert found == paged
    return found == made, found == made[::-1]


def page_bounds(client):
    client.ended()
    answers = [client.http.get(SESSIONS, params=given) for given in ({"limit": 0}, {"limit": 5000}, {"offset": -1})]
    assert client.http.get(SESSIONS, params={"limit": "many"}).status_code == 400
    return [(each.status_code, each.json().get("limit")) for each in answers]


def live_filter(client):
    client.ended()
    asked = ({"status": "asleep"}, {"since": "yesterday"}, {"status": "asleep", "limit": 5})
    answers = [client.http.get(SESSIONS, params=given) for given in asked]
    assert len(client.page(status="completed")["sessions"]) == 1
    return [(each.status_code, len(each.json().get("sessions", ()))) for each in answers]


def credential(client):
    spelled = ({"X-API-Key": client.key}, {"Authorization": f"Bearer {client.key}"})
    return [httpx.get(f"{client.url}{SESSIONS}", headers=given).status_code for given in spelled]


def stamps(client):
    with client.talk(store_transcript=True) as talk:
        talk.end()
    shown = client.look(talk.session_id)
    told = shown["started_at"], shown["ended_at"], client.transcript(talk.session_id)["metadata"]["created_at"]
    return [re.sub("[0-9]", "0", each) for each in told]


def throttled(client):
    for _ in range(101):
        answer = client.http.get(SESSIONS)
        if answer.status_code == 429:
            assert answer.json()["code"] == "rate_limit_exceeded"
            return answer.headers["retry-after"].isdecimal()
    return None


def headers_of(client):
    raw = client.http.get(SESSIONS).headers.raw
    file = client.get(client.spoken(), "audio")
    assert len(file.headers.get_list("content-length")) == 1
    assert int(file.headers["content-length"]) == len(file.content)
    return [name.decode() for name, _ in raw if name.lower() == b"cache-control"]


def raw_refusal(client):
    return client.http.get(SESSIONS, params={"status": "d\u00e9j\u00e0"}).text


def live_refusal(client):
    with client.talk() as talk:
        answers = [client.unknown(), client.delete(talk.session_id), client.get(talk.session_id, "audio")]
        talk.end()
    assert [each.status_code for each in answers] == [404, 409, 404]
    told = answers[0].json() if answers[0].content else None
    return told and sorted(told)


SEEN = {
    "live_id": live_id,
    "socket_refusal": socket_refusal,
    "close_codes": lambda client: client.attempt(encoding="opus"),
    "wrong_parameter": wrong_parameter,
    "enhanced_without_audio": enhanced_without_audio,
    "no_such_session": no_such_session,
    "begin": begin,
    "told": told,
    "final_words": final_words,
    "account": account,
    "lost_client": lost_client,
    "closed_client": closed_client,
    "figures_s": figures_s,
    "former_deletion": former_deletion,
    "other_client": other_client,
    "audio_download": audio_download,
    "ranges": ranges,
    "silent_audio": silent_audio,
    "active_downloads": active_downloads,
    "lost_transcript": lost_transcript,
    "transcript_text": transcript_text,
    "shown_model": shown_model,
    "caller_details": caller_details,
    "table_members": table_members,
    "no_value": no_value,
    "rest_id": rest_id,
    "session_order": session_order,
    "page_bounds": page_bounds,
    "live_filter": live_filter,
    "wrong_query": lambda client: client.http.get(SESSIONS, params={"limit": 0}).status_code,
    "plain_request": lambda client: client.http.get(STREAM).status_code,
    "credential": credential,
    "stamps": stamps,
    "throttled": throttled,
    "other_methods": lambda client: client.http.put(SESSIONS).status_code,
    "trailing_slash": lambda client: client.http.get(f"{SESSIONS}/").status_code,
    "more_members": lambda client: "x_vendor" in client.page(),
    "member_order": lambda client: client.http.get(SESSIONS).text,
    "json_style": raw_refusal,
    "non_ascii": raw_refusal,
    "charset": lambda client: client.http.get(SESSIONS).headers["content-type"],
    "request_id": lambda client: "x-request-id" in client.http.get(SESSIONS).headers,
    "rate_headers": lambda client: "x-ratelimit-limit" in client.http.get(SESSIONS).headers,
    "server_name": lambda client: "server" in client.http.get(SESSIONS).headers,
    "connection": lambda client: client.http.get(SESSIONS).headers.get("connection"),
    "gzip": lambda client: client.http.get(SESSIONS).headers.get("content-encoding"),
    "in_chunks": lambda client: client.http.get(SESSIONS).headers.get("transfer-encoding"),
    "header_case": headers_of,
    "live_refusal": live_refusal,
}
#: What is made for a whole server only, or is told of by a test of its own.
SERVERS = {"no_credential", "www_authenticate"}
ELSEWHERE = {"answer_delay_ms"}


def test_every_choice_is_looked_at():
    assert SEEN.keys() | SERVERS | ELSEWHERE == CATALOGUE.keys()
    assert {each.name for each in CATALOGUE.values() if each.scope == "server"} == SERVERS


@pytest.mark.parametrize("name", SEEN)
def test_a_client_can_tell_each_value_of_a_choice_from_the_others(server, name):
    seen = {}
    for value in CATALOGUE[name].all_values:
        client = Chooser(server.url, {name: value})
        client.chosen = {name: value}
        seen[str(value)] = repr(SEEN[name](client))
        client.http.close()
    assert len(set(seen.values())) == len(seen), seen


def test_answers_take_at_least_as_long_as_was_chosen(server):
    for value in CATALOGUE["answer_delay_ms"].all_values:
        client = Chooser(server.url, {"answer_delay_ms": value})
        assert client.http.get(SESSIONS).elapsed.total_seconds() >= value / 1000


def test_strangers_meet_the_choices_of_the_whole_server(tmp_path):
    given = [
        part
        for name in ("no_credential=403", "www_authenticate=true", f"socket_refusal={BEFORE}")
        for part in ("--choice", name)
    ]
    running = Server(tmp_path, "--transcriber", "scripted", "--profile", "dalston", *given)
    try:
        answer = httpx.get(f"{running.url}{SESSIONS}")
        assert (answer.status_code, answer.json()["code"]) == (403, "unauthorized")
        assert Client(running.url, "sk_test_nobody").http.get(SESSIONS).status_code == 403
        with pytest.raises(InvalidStatus) as refused, Client(running.url, "sk_test_nobody").socket():
            pytest.fail("a socket without a valid key is opened")
        assert refused.value.response.status_code == 401
    finally:
        running.stop()


def test_each_erratum_that_is_cited_is_the_document_s():
    cited = {found for each in CATALOGUE.values() for found in re.findall(r"\bE[0-9]+", each.allowed_by)}
    assert cited <= set(SPEC.errata)
    assert all(len(each.all_values) > 1 for each in CATALOGUE.values())


@pytest.mark.parametrize("others", [("medscribe",), ("prsm",), ("medscribe", "prsm"), ("session_manager",)])
def test_a_server_of_several_profiles_has_the_choices_of_all_and_one_where_they_share_it(others):
    beside = catalogue(*Served(profiles=others))
    both = catalogue(*Served(profiles=(*others, "dalston")))
    assert both.keys() == beside.keys() | CATALOGUE.keys()
    for name in CATALOGUE.keys() - beside.keys():
        assert both[name] == CATALOGUE[name]
    for name in CATALOGUE.keys() & beside.keys():
        assert set(both[name].all_values) == set(beside[name].all_values)


def test_a_server_of_both_profiles_orders_the_lists_of_each(tmp_path):
    running = Server(tmp_path, "--transcriber", "scripted", "--profile", "medscribe,prsm,dalston", "--open-namespaces")
    try:
        client = Chooser(running.url, {"session_order": "the first", "stamps": "seconds", "other_client": 403})
        made = [client.ended() for _ in range(2)]
        assert [each["id"] for each in client.page()["sessions"]] == made
        assert "." not in client.look(made[0])["started_at"]
        assert Chooser(running.url, {"other_client": 403}).get(made[0]).status_code == 403
    finally:
        running.stop()


def test_a_choice_that_nobody_would_see_is_refused_with_the_one_it_needs(server):
    client = Chooser(server.url)
    for name, value in (("close_codes", "1008"), ("rest_id", "a UUID")):
        other, values = CATALOGUE[name].needs
        wrong = next(each for each in CATALOGUE[other].values if each not in values)
        told = client.http.post("/_mock/v1/choices", json={"choices": {name: value, other: wrong}})
        assert (told.status_code, told.json()["error"]["details"]["needs"]) == (400, {other: list(values)})


def test_a_seed_draws_for_a_namespace_and_a_socket_goes_by_it(server):
    client = Chooser(server.url)
    asked = {"seed": 5, "reading": "strict", "choices": {"live_id": "digits"}}
    drawn = client.http.post("/_mock/v1/choices", json=asked).json()
    assert drawn == client.http.post("/_mock/v1/choices", json=asked).json()
    assert all(value in CATALOGUE[name].values for name, value in drawn["choices"].items())
    assert client.ended().isdecimal()
    with suppress(InvalidStatus):
        assert client.attempt(encoding="opus")
    client.http.delete("/_mock/v1/choices")
    assert client.ended().startswith("sess_")
