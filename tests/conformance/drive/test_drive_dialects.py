"""Servers that differ from the text in one way each: the run finds that way once, says it, and goes along with it."""

from __future__ import annotations

import asyncio
import json
import re

import pytest

from conformance.checks import all_checks
from conformance.drive import asking, course
from conformance.drive.forms import STANDARD_TEMPLATES
from conformance.evidence import Dimension
from conformance.runner import drive_all
from conformance.target import CredentialsRefused, TargetUnreachable
from tests.conformance.miniature import HOST, KEY, OTHER_KEY, Answer, Miniature, refusal
from tests.conformance.stage import AUDIO, TEXTS, miniature, on_stage, options

WELL_KNOWN = "/.well-known/medscribealliance"
#: What is judged by the names in lists.
FOLLOWED = ("SES-GET-025", "SES-END-007", "SES-GET-015", "SES-GET-026", "CONF-003")


def negotiated(app, **changes):
    """Target, spelling and departures once everything is negotiated."""

    async def run():
        async with on_stage(app, **changes) as stage:
            return stage.drive.target, stage.wire.spelling, stage.evidence

    return asyncio.run(run())


def consulted(app, **changes):
    """The departures, and the status and files of a consultation after them."""

    async def run():
        async with on_stage(app, **changes) as stage:
            handle = await stage.drive.create("visit")
            await stage.drive.upload(handle, "short", name="audio_0.wav")
            await stage.drive.end(handle)
            final = await stage.drive.finish(handle)
            return stage.evidence, final.document

    return asyncio.run(run())


def departures(evidence, dimension):
    return [(each.member, each.expected, each.actual) for each in evidence.dialect if each.dimension is dimension]


class Below(Miniature):
    """Serves discovery below a prefix and nothing at the origin."""

    prefix = "/v1"

    def route(self, asked):
        if asked.path == self.prefix + WELL_KNOWN:
            return "discovery", Answer(200, self.discovery(), {"cache-control": "public, max-age=3600"})
        if asked.path == WELL_KNOWN:
            return "other", refusal(404, "invalid_request", "Nothing lives here.")
        return super().route(asked)


@pytest.mark.parametrize("prefix", ["/v1", "/api", "/api/v1"])
def test_discovery_below_a_prefix_is_found_and_said(prefix):
    app = Below(TEXTS, root=prefix)
    app.prefix = prefix
    target, _, evidence = negotiated(app)
    assert target.base_url == f"{HOST}{prefix}"
    wanted, found = f"{HOST}{WELL_KNOWN}", f"{HOST}{prefix}{WELL_KNOWN}"
    assert departures(evidence, Dimension.DISCOVERY) == [("", wanted, found)]


@pytest.mark.parametrize("given", [HOST + "/v1", HOST + "/v1/", HOST + "/v1" + WELL_KNOWN])
def test_the_address_given_may_be_the_prefix_or_the_document_itself(given):
    target, _, evidence = negotiated(Below(TEXTS, root="/v1"), target=given)
    assert target.base_url == f"{HOST}/v1"
    assert not departures(evidence, Dimension.DISCOVERY)


def test_a_declared_host_that_cannot_be_reached_is_replaced_by_the_one_that_answers():
    class Foreign(Miniature):
        async def __call__(self, scope, receive, send):
            headers = dict(scope["headers"])
            if headers[b"host"] == b"api.nowhere.test":
                raise OSError("no such host")
            await super().__call__(scope, receive, send)

    app = Foreign(TEXTS, host="https://api.nowhere.test", processing=0.05)
    evidence, final = consulted(app)
    assert final["status"] == "completed"
    declared = "https://api.nowhere.test/scribe/api"
    assert departures(evidence, Dimension.ADDRESS) == [("base_url", declared, f"{HOST}/scribe/api")]
    assert departures(evidence, Dimension.UPLOAD_URL)


class Redirecting(Miniature):
    """A gateway that wants a slash at the end of every address of the API, and sends everybody on to it."""

    status = 307

    def route(self, asked):
        if asked.path.startswith(self.root) and not asked.path.endswith("/"):
            return "other", Answer(self.status, {}, {"location": f"{asked.path}/"})
        asked.path = asked.path.rstrip("/")
        return super().route(asked)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_to_a_slash_are_followed_with_method_and_body_and_learned(status):
    app = Redirecting(TEXTS, processing=0.05)
    app.status = status
    evidence, final = consulted(app)
    assert final["status"] == "completed"
    assert {member for member, _, _ in departures(evidence, Dimension.REDIRECT)} >= {"create", "end", "get"}
    answered = [x for x in evidence.exchanges if x.label.graded and x.label.session == "visit"]
    assert not [x for x in answered if 300 <= x.status < 400]


def test_a_key_never_follows_a_redirect_to_another_origin():
    def away(operation, asked, answer):
        return Answer(307, {}, {"location": "https://thief.test/v1/sessions"}) if operation == "create" else answer

    app = miniature(twist=away)
    _, _, evidence = negotiated(app)
    assert not [asked for asked in app.seen if "thief" in asked.url]
    assert not departures(evidence, Dimension.REDIRECT)


class Broken(Miniature):
    """Takes Bearer only; its template list always breaks."""

    def operate(self, asked, owner, parts):
        if parts == ["templates"]:
            return "templates", refusal(500, "internal_error", "Sorry.")
        return super().operate(asked, owner, parts)

    def route(self, asked):
        operation, answer = super().route(asked)
        return (operation, Answer(403, {"detail": "missing_token"})) if operation == "refused" else (operation, answer)


def test_the_spelling_is_judged_by_who_is_let_in_and_not_by_what_the_operation_answers():
    target, spelling, evidence = negotiated(Broken(TEXTS, spellings=("Bearer",)))
    assert spelling == "Authorization Bearer"
    assert departures(evidence, Dimension.CREDENTIAL) == [("Authorization Bearer", "X-API-Key header", 403)]
    assert target.templates == ()
    assert target.form.template in STANDARD_TEMPLATES


class Particular(Miniature):
    """Answers a key in another spelling than its own with a status of its own, as it does a request without one."""

    refused = 400
    lists = True

    def route(self, asked):
        if asked.path.startswith(self.root) and self.owner(asked.headers) is None:
            own = "Bearer" in self.spellings and asked.headers.get("authorization", "").startswith("Bearer ")
            code = (401, "invalid_api_key") if own else (self.refused, "invalid_request")
            return "refused", refusal(*code, "A key is needed.")
        return super().route(asked)

    def operate(self, asked, owner, parts):
        if parts == ["templates"] and not self.lists:
            return "templates", refusal(500, "internal_error", "Sorry.")
        return super().operate(asked, owner, parts)


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("refused", [400, 406, 422])
@pytest.mark.parametrize(
    "taken, chosen",
    [("Bearer", "Authorization Bearer"), ("Authorization", "Authorization X-API-Key"), ("X-API-Key", None)],
)
def test_a_spelling_that_gets_what_a_made_up_key_gets_is_not_let_in(lists, refused, taken, chosen):
    app = Particular(TEXTS, spellings=(taken,))
    app.refused, app.lists = refused, lists
    _, spelling, evidence = negotiated(app)
    assert spelling == chosen or (chosen is None and spelling == "X-API-Key header")
    assert [member for member, _, _ in departures(evidence, Dimension.CREDENTIAL)] == ([chosen] if chosen else [])


def test_a_second_key_that_gets_what_a_made_up_one_gets_is_refused():
    with pytest.raises(CredentialsRefused, match="--second-api-key"):
        negotiated(Particular(TEXTS, spellings=("X-API-Key",)), second_api_key="sk_test_mistyped")


@pytest.mark.parametrize(
    "listing",
    [
        ["soap", "letter"],
        {"templates": ["soap", "letter"]},
        {"items": [{"id": "soap", "title": "S"}, {"id": "letter", "title": "L"}]},
        [{"template_id": "soap"}, {"template_id": "letter"}],
        {"templates": {"soap": {}, "letter": {}}},
    ],
)
def test_template_ids_are_read_in_any_shape_that_has_them(listing):
    app = miniature(twist=lambda op, _asked, answer: Answer(200, listing) if op == "templates" else answer)
    app.templates_offered = ["soap", "letter"]
    target, _, evidence = negotiated(app)
    assert target.templates == ("soap", "letter")
    assert len(departures(evidence, Dimension.TEMPLATES)) == 1


def test_template_ids_are_read_from_where_discovery_says():
    class Elsewhere(Broken):
        def discovery(self):
            told = super().discovery()
            endpoints = told["endpoints"] | {"templates_url": f"{HOST}{self.root}/library"}
            return told | {"endpoints": endpoints}

        def operate(self, asked, owner, parts):
            if parts == ["library"]:
                return "other", Answer(200, {"items": [{"id": "letter", "title": "A letter"}]})
            return super().operate(asked, owner, parts)

    app = Elsewhere(TEXTS, processing=0.05)
    app.templates_offered = ["letter"]
    target, _, _ = negotiated(app)
    assert target.templates == ("letter",)


def test_a_template_the_operator_names_is_used():
    app = miniature(twist=lambda op, _a, answer: refusal(404, "invalid_request", "?") if op == "templates" else answer)
    target, _, _ = negotiated(app, template="medications")
    assert target.templates == ("medications",)


def particular(**wanted):
    """A server that takes a create only where each member is in its own form; None: absent."""

    class Particular(Miniature):
        def wrong_member(self, asked):
            for name, form in wanted.items():
                if (type(asked[name]) if name in asked else None) not in form:
                    return name
            return None

        def create(self, asked, owner):
            answer = super().create(asked, owner)
            if answer.status >= 400:  # without a word of which member it was
                return refusal(400, "invalid_request", "No.")
            return answer

    return Particular(TEXTS, processing=0.05)


@pytest.mark.parametrize(
    "wanted, expected",
    [
        ({"transcript_language": (str, None)}, {"transcript_language": "string"}),
        ({"language_hint": (str,)}, {"language_hint": "string"}),
        ({"transcript_language": (None,)}, {"transcript_language": "absent"}),
        (
            {"transcript_language": (str,), "language_hint": (str,)},
            {"transcript_language": "string", "language_hint": "string"},
        ),
        ({"model": (None,)}, {"model": False}),
        (
            {"communication_protocol": (None,), "transcript_language": (str,)},
            {"communication_protocol": False, "transcript_language": "string"},
        ),
    ],
)
def test_the_nearest_create_body_that_is_taken_is_used_from_then_on(wanted, expected):
    app = particular(**wanted)
    evidence, final = consulted(app)
    assert final["status"] == "completed"
    assert {member: actual for member, _, actual in departures(evidence, Dimension.CREATE)} == expected
    assert all(x.accepted for x in evidence.select("create"))


def test_a_server_without_a_list_is_asked_for_the_standard_ids():
    class Own(Miniature):
        def operate(self, asked, owner, parts):
            if parts == ["templates"]:
                return "templates", refusal(404, "invalid_request", "No such page.")
            return super().operate(asked, owner, parts)

        def wrong_member(self, wanted):
            return None if wanted["templates"] == ["discharge"] else "templates"

    app = Own(TEXTS, processing=0.05)
    app.templates_offered = ["discharge"]
    evidence, final = consulted(app)
    assert final["templates"].keys() == {"discharge"}
    assert not departures(evidence, Dimension.CREATE)


def test_a_create_that_is_never_taken_ends_in_a_note_and_not_in_a_thousand_tries():
    app = particular(templates=(int,))
    target, _, evidence = negotiated(app)
    assert target.refused == 400
    assert target.form.transcript_language == "array"
    assert [note.reason for note in evidence.notes] == ["set_up_refused"]
    assert sum("/sessions" in asked.path and asked.method == "POST" for asked in app.seen) < 80


class Presigned(Miniature):
    """Hands out an object with form fields for an upload_url, as storages do."""

    def create(self, asked, owner):
        answer = super().create(asked, owner)
        if answer.status == 201:
            session_id = answer.document["session_id"]
            fields = {"key": f"incoming/{session_id}/${{filename}}", "policy": "p0l1cy"}
            answer.document["upload_url"] = {
                "uploadData": {"url": f"{HOST}/store", "fields": fields},
                "folderPath": "x",
            }
        return answer

    def route(self, asked):
        if asked.path != "/store":
            return super().route(asked)
        assert "x-api-key" not in asked.headers
        sent = {
            name.decode(): (file.decode() if file else None, data)
            for name, file, data in re.findall(
                rb'name="([^"]+)"(?:; filename="([^"]+)"\r\nContent-Type: [^\r]+)?\r\n\r\n(.*?)\r\n--',
                asked.body,
                re.DOTALL,
            )
        }
        _, session_id, name = sent["key"][1].decode().split("/")
        assert list(sent)[-1] == "file"
        self.sessions[session_id].files[name] = sent["file"][1]
        return "upload", Answer(204, raw=b"")


def test_an_upload_url_with_form_fields_is_used_as_a_form():
    evidence, final = consulted(Presigned(TEXTS, processing=0.05))
    assert final["status"] == "completed"
    assert final["audio_files"] == ["audio_0.wav"]
    assert [member for member, _, _ in departures(evidence, Dimension.UPLOAD_URL)] == ["upload_url"]


@pytest.mark.parametrize("given", [None, 5, "", "inbox", "/scribe/api/sessions/{}/inbox", []])
def test_an_upload_url_that_is_none_is_built_or_joined_and_said(given):
    class Odd(Miniature):
        def create(self, asked, owner):
            answer = super().create(asked, owner)
            session_id = answer.document.get("session_id")
            answer.document["upload_url"] = given.format(session_id) if isinstance(given, str) else given
            return answer

        def operate(self, asked, owner, parts):
            return super().operate(asked, owner, ["inbox" if part == "audio" else part for part in parts])

    app = Odd(TEXTS, processing=0.05)
    _, _, evidence = negotiated(app)
    assert departures(evidence, Dimension.UPLOAD_URL)


def _listed_as(rename):
    class Renaming(Miniature):
        def count(self, session):
            return super().count(session) | {"audio_files": [rename(name) for name in session.files]}

    return Renaming(TEXTS, processing=0.05)


@pytest.mark.parametrize(
    "rename, shown", [(lambda name: name.split("_")[-1], "0.wav"), (lambda name: name.split(".")[0], "audio_0")]
)
def test_a_renamed_file_is_followed_under_its_new_name(rename, shown):
    evidence, final = consulted(_listed_as(rename))
    assert final["audio_files"] == [shown]
    assert [(expected, actual) for _, expected, actual in departures(evidence, Dimension.FILE_NAME)] == [
        ("audio_0.wav", shown)
    ]
    assert evidence.stories["visit"].acknowledged == (shown,)


@pytest.mark.parametrize("before", ["https://store.test/7/", "recordings/7/", "/7/"])
@pytest.mark.parametrize("behind", ["", "?signature=a/b"])
def test_a_file_listed_by_an_address_is_followed_under_its_name(before, behind):
    evidence, final = consulted(_listed_as(lambda name: f"{before}{name}{behind}"))
    assert final["audio_files"] == [f"{before}audio_0.wav{behind}"]
    assert len(departures(evidence, Dimension.FILE_NAME)) == 1
    assert evidence.stories["visit"].acknowledged == ("audio_0.wav",)
    by_id = {name: [f.kind for check in all_checks()[name] for f in check.judge(evidence)] for name in FOLLOWED}
    assert {name: kinds.count("violates") for name, kinds in by_id.items()} == dict.fromkeys(FOLLOWED, 0) | {
        "SES-GET-025": 1,
        "SES-END-007": 1,
    }


@pytest.mark.parametrize("listed", ["https://store.test/7/", "https://[store/audio_1.wav", "a/audio_1.wav"])
def test_a_file_listed_by_an_address_of_something_else_is_lost(listed):
    evidence, _ = consulted(_listed_as(lambda _name: listed))
    assert departures(evidence, Dimension.FILE_NAME) == []
    found = [f for check in all_checks()["SES-END-007"] for f in check.judge(evidence)]
    assert [f.kind for f in found] == ["violates"]


def test_a_second_key_that_is_refused_is_said_before_the_run():
    with pytest.raises(CredentialsRefused, match="--second-api-key"):
        negotiated(miniature(), second_api_key="sk_test_mistyped")


def test_a_second_key_of_a_server_that_asks_for_none_is_no_trouble():
    class Open(Miniature):
        def owner(self, _headers):
            return "everybody"

    negotiated(Open(TEXTS))


def test_a_target_that_only_ever_puts_off_is_given_up_soon(monkeypatch):
    monkeypatch.setattr(asking, "LONGEST_PUT_OFF_S", 0.2)
    answer = Answer(503, {}, {"retry-after": "0"})
    slow = miniature(twist=lambda *_: Answer(503, {}, {"retry-after": "1"}))
    with pytest.raises(TargetUnreachable, match="answers 503 again and again"):
        negotiated(slow)
    assert answer.status == 503


class Ceasing(Miniature):
    """Takes the key for so many requests, then no more."""

    lives = 60
    refused = Answer(401, {"error": {"code": "authentication_failed", "message": "The token has expired."}})

    def route(self, asked):
        if len(self.seen) > self.lives and asked.path.startswith(self.root):
            return "refused", self.refused
        return super().route(asked)


@pytest.mark.parametrize(
    "refused",
    [
        Answer(401, {}),
        Answer(403, {"detail": "token_expired"}),
        Answer(302, {}, {"location": "https://login.test/start"}),
        Answer(302, raw=b""),
    ],
)
def test_a_key_that_ceases_ends_the_run_and_nothing_that_it_caused_is_graded(refused):
    app = Ceasing(TEXTS, processing=0.05)
    app.refused = refused
    evidence = asyncio.run(drive_all(options(app), audio=AUDIO))
    assert {note.reason for note in evidence.notes} >= {"credential_ended"}
    ended = next(note.text for note in evidence.notes if note.reason == "credential_ended")
    assert "ceased to be accepted" in ended
    late = [x for x in evidence.exchanges if x.number > app.lives + 20 and x.label.graded]
    assert not [x for x in late if x.status == refused.status]


def test_a_key_that_still_opens_does_not_excuse_a_refusal():
    def twist(operation, _asked, answer):
        return refusal(401, "authentication_failed", "Not you.") if operation == "end" else answer

    evidence = asyncio.run(drive_all(options(miniature(twist=twist)), audio=AUDIO))
    assert "credential_ended" not in {note.reason for note in evidence.notes}
    assert [x for x in evidence.select("end", valid=True) if x.status == 401]


def test_a_quota_that_is_used_up_does_not_hold_the_run(monkeypatch):
    monkeypatch.setattr(course, "LONGEST_PUT_OFF_S", 0.0)  # what is put off twice is put off for good

    class Quota(Miniature):
        def route(self, asked):
            if len(self.seen) > 80:
                return "other", Answer(429, {}, {"retry-after": "0"})
            return super().route(asked)

    evidence = asyncio.run(drive_all(options(Quota(TEXTS, processing=0.05)), audio=AUDIO))
    assert "put_off" in {note.reason for note in evidence.notes}


def test_keys_appear_in_no_departure():
    app = Broken(TEXTS, spellings=("Bearer",))
    _, _, evidence = negotiated(app)
    told = json.dumps([str(each) for each in evidence.dialect])
    assert KEY not in told
    assert OTHER_KEY not in told
