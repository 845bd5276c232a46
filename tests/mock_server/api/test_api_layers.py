"""Layers around the operations, faults among them: what one namespace meets is no other one's affair."""

from __future__ import annotations

import pytest

from mock_server.api.answer import Answer
from tests.mock_server.stage import LIVE, MINE, OTHERS, code_of

STRANGER = "sk_test_nobody_knows"


@pytest.fixture
def faulty(mock):
    """Turns faults on for one namespace."""
    yield lambda *names, namespace="other": mock.app.state.faults.switch(names, namespace)
    mock.run(mock.face.service.reset("other"))


def _create(mock, key, **changes):
    body = {"templates": ["soap"], "upload_type": "chunked", "communication_protocol": "http"} | changes
    return mock.post("/v1/sessions", key=key, json=body).status_code


def _late(mock, key):
    session = mock.create(key=key)
    mock.advance(700, key=key)
    return mock.read(session, key=key).status_code


def _end(mock, key, **given):
    session = mock.create(key=key)
    return mock.end(session, key=key, **given).status_code


def _id(mock, key):
    return len(mock.create(key=key)["session_id"])


def _after_the_end(mock, key):
    session = mock.create(key=key)
    mock.end(session, key=key)
    return mock.upload(session, key=key).status_code


@pytest.mark.parametrize(
    ("fault", "asked", "told"),
    [
        ("lives_for_ever", _late, (410, 202)),
        ("shortens_ids", _id, (28, 12)),
        ("listens_after_the_end", _after_the_end, (400, 200)),
        ("wants_a_count", _end, (202, 403)),
        ("ends_with_200", _end, (202, 200)),
        ("takes_any_model", lambda mock, key: _create(mock, key, model="nope"), (400, 201)),
        ("needs_no_templates", lambda mock, key: _create(mock, key, templates=7), (400, 201)),
        ("takes_any_data", lambda mock, key: _create(mock, key, additional_data=[]), (400, 201)),
        ("takes_any_upload_type", lambda mock, key: _create(mock, key, upload_type="by post"), (400, 201)),
    ],
)
def test_two_namespaces_of_one_server_may_meet_different_conducts(mock, faulty, fault, asked, told):
    honest, bent = told
    faulty(fault)
    assert [asked(mock, key) for key in (MINE, OTHERS, MINE)] == [honest, bent, honest]


def test_the_work_asks_for_the_conduct_towards_the_session_s_namespace(mock, faulty):
    faulty("stops_listening", namespace="mine")
    bent = mock.processed(None).json()["transcript"]
    faulty(namespace="mine")
    assert len(bent.split()) == 8
    assert mock.processed(None).json()["transcript"].startswith(bent.split()[0])
    assert len(mock.processed(None).json()["transcript"].split()) > 8


def test_a_namespace_s_own_faults_stand_instead_of_everybody_s(mock, faulty):
    mock.app.state.faults.switch(("ends_with_200",))
    faulty("wants_a_count")
    assert [_end(mock, key) for key in (MINE, OTHERS)] == [200, 403]
    mock.app.state.faults.switch(())
    assert [_end(mock, key) for key in (MINE, OTHERS)] == [202, 202]


def test_what_a_fault_remembers_of_one_namespace_it_does_not_know_of_another(mock, faulty):
    """This one answers a wrong create with the last right one's session."""
    for namespace in ("mine", "other"):
        faulty("takes_truth_for_data", namespace=namespace)
    mine = mock.create()
    wrong = {"templates": ["soap"], "additional_data": True}
    assert mock.post("/v1/sessions", json=wrong).json()["session_id"] == mine["session_id"]
    assert mock.post("/v1/sessions", json=wrong, key=OTHERS).status_code == 400


@pytest.mark.parametrize(("key", "fault"), [(None, "lets_everybody_in"), (STRANGER, "takes_any_key")])
def test_who_is_let_in_without_a_key_acts_for_whom_the_fault_is_on(mock, faulty, key, fault):
    faulty(fault)
    mine, theirs = mock.create(), mock.create(key=OTHERS)
    assert mock.read(theirs, key=key).status_code == 202
    assert mock.read(mine, key=key).status_code == 404
    mock.read(mine)
    assert code_of(mock.read(mine, key=key)) in ("authentication_failed", "invalid_api_key")


def test_a_member_that_may_pass_takes_no_other_with_it(mock, faulty):
    faulty("takes_any_model")
    assert _create(mock, OTHERS, model=7, templates="soap") == 400
    assert _create(mock, OTHERS, model=7) == 201


def test_an_unknown_fault_is_refused_with_the_nearest_and_changes_nothing(mock, faulty):
    faulty("ends_with_200")
    with pytest.raises(ValueError, match="ends_with_200"):
        faulty("ends_with_20")
    assert [_end(mock, key) for key in (MINE, OTHERS)] == [202, 200]


def test_layers_stand_around_each_other_and_may_answer_themselves(mock, monkeypatch):
    told = []

    def named(name, *, answers=False):
        async def layer(call, onward):
            told.append(name)
            if answers and call.operation == "templates":
                return Answer(418, {"status": name})
            answer = await onward()
            told.append(answer.status)
            return answer

        return layer

    monkeypatch.setattr(mock.face, "layers", (named("outer"), named("inner", answers=True)))
    assert mock.get("/v1/templates").status_code == 418
    assert told == ["outer", "inner", 418]
    told.clear()
    assert mock.get("/v1/sessions/ses_0", key=LIVE).status_code == 404
    assert told == ["outer", "inner", 404, 404]
