"""Keys and namespaces, without a server."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers

from mock_server.auth import Keys, named, namespace_of, presented, user_of
from mock_server.problems import Problem

KEYS = Keys(["sk_test_mine", "sk_test_mine_2", "live-key"])


def headers(*pairs):
    return Headers(raw=[(name.lower().encode(), value.encode("latin-1")) for name, value in pairs])


def refusal(*pairs, keys=KEYS):
    with pytest.raises(Problem) as problem:
        keys.namespace(headers(*pairs))
    assert problem.value.status == 401
    return problem.value.code


@pytest.mark.parametrize(
    "pair",
    [
        ("Authorization", "sk_test_mine"),
        ("Authorization", "Bearer"),
        ("Authorization", "Basic c2tfdGVzdF9taW5l"),
        ("Authorization", "Token sk_test_mine"),
        ("X-API-Key", ""),
    ],
)
def test_the_refusal_of_what_is_in_no_form_of_a_key_shows_the_forms_and_not_the_key(pair):
    with pytest.raises(Problem) as problem:
        KEYS.namespace(headers(pair))
    assert (problem.value.status, problem.value.code) == (401, "invalid_api_key")
    assert "'Authorization: Bearer <key>' or 'X-API-Key: <key>'" in problem.value.message
    assert "mine" not in problem.value.message


@pytest.mark.parametrize(
    "pair",
    [
        ("X-API-Key", "sk_test_mine"),
        ("X-API-Key", "  sk_test_mine "),
        ("Authorization", "X-API-Key sk_test_mine"),
        ("Authorization", "x-api-key sk_test_mine"),
        ("Authorization", "X-API-Key | sk_test_mine"),
        ("Authorization", "Bearer sk_test_mine"),
    ],
)
def test_a_key_is_taken_in_each_spelling_the_text_shows(pair):
    assert KEYS.namespace(headers(pair)) == "mine"


def test_the_same_key_twice_is_one_credential():
    assert KEYS.namespace(headers(("X-API-Key", "live-key"), ("Authorization", "Bearer live-key"))) != "mine"


@pytest.mark.parametrize(
    "pairs",
    [
        [("X-API-Key", "sk_test_mine"), ("Authorization", "Bearer live-key")],
        [("X-API-Key", "sk_test_mine"), ("X-API-Key", "sk_test_mine_2")],
        [("X-API-Key", "sk_test_mine"), ("Authorization", "Basic c2s6")],
        [("Authorization", "Bearer sk_test_mine"), ("Authorization", "Bearer nobody")],
    ],
)
def test_two_different_credentials_are_none(pairs):
    assert refusal(*pairs) == "authentication_failed"


def test_no_credential_is_told_from_a_wrong_one():
    assert refusal() == "authentication_failed"
    assert refusal(("X-API-Key", "nobody's")) == "invalid_api_key"


@pytest.mark.parametrize("value", ["Basic c2s6", "Bearer", "X-API-Key", "Digest a=b", "Bearer " + "x" * 10_000])
def test_what_is_no_key_is_a_wrong_one(value):
    assert refusal(("Authorization", value)) == "invalid_api_key"


def test_a_prefix_of_a_key_is_not_the_key():
    assert refusal(("X-API-Key", "sk_test_min")) == "invalid_api_key"
    assert refusal(("X-API-Key", "sk_test_mine_")) == "invalid_api_key"


@pytest.mark.parametrize(
    ("key", "namespace"),
    [("sk_test_mine", "mine"), ("sk_test_mine_2", "mine"), ("sk_test_Mine", "Mine"), ("sk_test_a1_b_c", "a1")],
)
def test_the_namespace_is_what_stands_before_the_next_underscore(key, namespace):
    assert namespace_of(key) == namespace


def test_keys_of_a_namespace_that_differ_behind_it_have_a_user_each_one_of_the_namespaces_name_too():
    users = {key: user_of(key) for key in ("sk_test_a", "sk_test_a_a", "sk_test_a_a_a", "sk_test_a_ann", "sk_test_a_A")}
    assert len(set(users.values())) == len(users)
    assert (users["sk_test_a"], users["sk_test_a_ann"]) == ("a", "ann")
    assert user_of("sk_test_a_") == user_of("sk_test_a")  # neither names one


def test_namespaces_are_told_with_how_many_keys_open_each():
    keys = ["sk_test_clinic_north", "sk_test_clinic_south", "sk_test_Clinic", "sk_test_mine", "live-key", "sk_test_"]
    assert named(keys) == {"clinic": 2, "Clinic": 1, "mine": 1}


def test_keys_of_another_form_have_a_namespace_each_that_does_not_tell_them():
    one, other = namespace_of("live-key"), namespace_of("live-kez")
    assert one != other
    assert "live" not in one


def test_open_namespaces_take_any_sandbox_key_and_no_other():
    keys = Keys([], open_namespaces=True)
    assert keys.namespace(headers(("X-API-Key", "sk_test_new_1"))) == "new"
    assert refusal(("X-API-Key", "sk_live_new"), keys=keys) == "invalid_api_key"
    assert refusal(("X-API-Key", "sk_test_"), keys=keys) == "invalid_api_key"


@given(st.text(st.characters(max_codepoint=255), max_size=60), st.sampled_from(["X-API-Key", "Authorization"]))
def test_no_text_in_a_header_is_anything_but_a_credential_or_a_refusal(text, name):
    found = headers((name, text))
    assert all(isinstance(value, str) for value in presented(found))
    if presented(found) != {"live-key"}:
        with pytest.raises(Problem):
            Keys(["live-key"]).namespace(found)
