"""No spelling of a key reaches what is kept."""

from __future__ import annotations

import json
import re
import time
import zlib

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from conformance.evidence import Facts, Label, Note
from conformance.evidence.curl import curl
from conformance.evidence.har import har
from conformance.evidence.recorder import AUDIO_BOUND, TEXT_BOUND, Recorder
from conformance.evidence.redaction import HALF, Redactor, placeholder_of
from conformance.evidence.signature import hidden
from tests.conformance.evidence.spellings import KEYS, TOKENS, WAYS, bare, mixtures, tells

KEY = "sk_test+Key/93&quite"
OTHER = "sk_test_of.the=other"


def everything_kept(key, told, around, label):
    """All values that evidence, archive and curl lines hold when `told` went everywhere it can go."""
    recorder = Recorder(Redactor({"<key>": key}))
    said = f"{around}{told}{around}"
    for body in (said.encode("utf-8", "replace"), b"x" * (AUDIO_BOUND - 3) + told.encode()):
        pending = recorder.begin(label, "POST", f"https://a.test/v1/{told}?k={told}", [("X-API-Key", told)], body)
        headers = [("X-Echo", said), (told, "name"), ("Location", f"/v1?{told}"), ("Set-Cookie", f"k={told}; Path=/")]
        recorder.answered(pending, 200, headers, b"\xff\0\x80" + body)
    recorder.troubled(recorder.begin(label, "GET", "https://a.test", (), b""), f"trouble {told}")
    recorder.note(Note("trial", "kit_error", said))
    evidence = recorder.freeze(Facts(f"https://a.test/{told}", "2026-01-27"))
    kept = [repr(evidence), json.dumps(har(evidence, version="0"), ensure_ascii=False)]
    kept += [curl(x) for x in evidence.exchanges]
    kept += [x.response.body.decode("utf-8", "replace") for x in evidence.exchanges if x.response]
    return "\n".join(kept).lower()


@given(KEYS, st.sampled_from(list(WAYS.values())), st.text(max_size=20), st.booleans())
def test_no_spelling_of_a_key_is_kept_anywhere(key, spelling, around, audio):
    label = Label("upload" if audio else "create", "trial")
    told = spelling(key)
    # A key that is itself a word of the surroundings, such as "application", proves nothing.
    assume(told.lower() not in everything_kept(key, "", around, label))
    assert told.lower() not in everything_kept(key, told, around, label)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "key", [KEY, "sk_live_51H8xQ2eZvKYlo2C", "a1b2c3d4", "%41\\n&amp;=2Bxyz", 'quo"te\\back/slash']
)
def test_a_key_is_taken_out_of_all_that_a_reader_could_get_it_from(way, key):
    told = WAYS[way](key)
    redactor = Redactor({"<key>": key})
    for around in ("", "«", "a ", '{"echo": "'):
        assert not tells(redactor.text(around + told + around[::-1]), key), told
        kept = redactor.body((around + told + around[::-1]).encode()).decode()
        # Nobody gets a key back whose own "=2B" an encoder for mail left as it was.
        assert "<key>" in kept or not tells(told, key)
        assert not tells(kept, key), (told, kept)


def test_the_reader_of_these_tests_gets_a_key_back_from_every_way():
    assert [way for way, spelled in WAYS.items() if not tells(spelled(KEY), KEY)] == []


@given(mixtures(), st.text(max_size=10), st.text(max_size=10))
@settings(max_examples=200, deadline=None)
def test_spellings_may_be_mixed_and_wrapped(mixture, before, after):
    key, told = mixture
    kept = Redactor({"<key>": key}).body(f"{before} {told} {after}".encode("utf-8", "replace")).decode()
    assert "<key>" in kept
    assert not tells(kept, key, depth=2)


@given(TOKENS, st.sampled_from(list(WAYS)), st.integers(0, 400), st.binary(max_size=40))
@settings(max_examples=150, deadline=None)
def test_no_half_of_a_key_is_left_at_the_cut(key, way, missing, noise):
    told = WAYS[way](key).encode()
    bound = len(noise) + 1 + max(1, len(told) - missing)
    kept, whole = Redactor({"<key>": key}).beginning(noise + b" " + told + b"!", bound)
    assert not whole
    assert len(kept) <= bound
    if way in ("plain", "json, all", "html, decimal", "address, all", "mail, all", "html in json"):
        assert not tells(kept[len(noise) :].decode("utf-8", "replace"), key[: HALF + 1], depth=2)


def test_a_key_at_the_bound_of_a_long_body_is_not_kept_in_half():
    redactor = Redactor({"<key>": KEY})
    for bound in (AUDIO_BOUND, TEXT_BOUND):
        for told in (KEY, "".join(f"\\u{ord(c):04x}" for c in KEY)):
            for kept_of_it in range(1, len(told)):
                if bound == TEXT_BOUND and kept_of_it % 40 != 11:
                    continue
                value = b"\xfe" * (bound - kept_of_it) + told.encode() + b"more"
                kept, _ = redactor.beginning(value, bound)
                assert not tells(kept[-200:].decode("utf-8", "replace"), KEY[: HALF + 1], depth=1)


def test_a_key_that_begins_another_does_not_uncover_it():
    redactor = Redactor({"<key>": "sk_test_one", "<second-key>": "sk_test_one_more"})
    assert redactor.text("sk_test_one_more and sk_test_one") == "<second-key> and <key>"
    escaped = redactor.text("sk_test_one\\u005fmore and sk_test%5Fone")
    assert escaped == "<second-key> and <key>"


def test_any_number_of_secrets_is_taken_out_each_under_its_name():
    tenant = placeholder_of("X-Tenant Token")
    assert tenant == "<secret-x-tenant-token>"
    redactor = Redactor({"<key>": KEY, "<second-key>": OTHER, tenant: "tenant-token-77"})
    told = f"{WAYS['html, named'](KEY)}|{WAYS['address, all'](OTHER)}|tenant-token-77|{WAYS['base64'](OTHER)}"
    assert redactor.text(told) == f"<key>|<second-key>|{tenant}|<second-key>"


def test_a_further_secret_is_a_variable_of_its_own_in_the_repro():
    recorder = Recorder(Redactor({"<key>": KEY, placeholder_of("x-tenant"): "tenant-token-77"}))
    sent = [("X-API-Key", KEY), ("X-Tenant", "tenant-token-77")]
    pending = recorder.begin(Label("get", "a"), "GET", "https://a.test", sent, b"")
    told = curl(recorder.answered(pending, 200, (), b""))
    assert '"$SCRIBE_API_KEY"' in told
    assert '"$SCRIBE_SECRET_X_TENANT"' in told


def test_a_short_key_is_replaced_only_where_it_stands_alone():
    redactor = Redactor({"<key>": "test"})
    assert redactor.text("Bearer test, latest, test_1, ?key=test") == "Bearer <key>, latest, <key>_1, ?key=<key>"
    assert redactor.body(b'{"echo": "t\\u0065st", "latest": 1}') == b'{"echo": "<key>", "latest": 1}'


@pytest.mark.parametrize("key", ["a", "80", "200"])
def test_a_key_that_could_be_any_word_leaves_the_evidence_as_it_is(key):
    redactor = Redactor({"<key>": key})
    body = json.dumps({"text": f"take {key} pill, {key}.", "n": 200}).encode()
    assert redactor.body(body) == body
    assert [redactor.text(told) for told in (key, f"Bearer {key}", f"/v1?api_key={key}&x=1")] == [
        "<key>",
        "Bearer <key>",
        "/v1?api_key=<key>&x=1",
    ]
    assert redactor.text(f"https://a{key}.test/{key}/b") == f"https://a{key}.test/{key}/b"


@pytest.mark.parametrize(
    "key", ['quote"back\\slash', "nabcdefgh", "ends-with-\\", '"in-quotes"', "12345678", "1.25e+10"]
)
@pytest.mark.parametrize("depth", [0, 1, 2])
def test_json_stays_json_when_a_key_is_taken_out(key, depth):
    said = f"is {key}"
    for _ in range(depth):
        said = json.dumps({"inner": said})
    body = json.dumps({"echo": said, key: ["line\n" + key, key + '"'], "before\n": 1}).encode()
    kept = json.loads(Redactor({"<key>": key}).body(body))
    assert "<key>" in json.dumps(kept)
    assert not tells(json.dumps(kept), key)


@pytest.mark.parametrize("key", ["12345678", "1234567890123"])
def test_a_number_that_is_the_key_becomes_a_string(key):
    body = f'{{"n": {key}, "list": [{key}, 1.5, null], "s": "{key}"}}'.encode()
    kept = json.loads(Redactor({"<key>": key}).body(body))
    assert kept == {"n": "<key>", "list": ["<key>", 1.5, None], "s": "<key>"}


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be", "utf-8-sig"])
@pytest.mark.parametrize("way", ["plain", "json, all", "base64"])
def test_wide_characters_hide_nothing_and_stay_readable(encoding, way):
    body = ('{"echo": "' + WAYS[way](KEY) + '", "name": "Zoë"}').encode(encoding)
    assert json.loads(Redactor({"<key>": KEY}).body(body)) == {"echo": "<key>", "name": "Zoë"}


def test_what_holds_no_key_is_kept_to_the_byte():
    redactor = Redactor({"<key>": KEY, "<second-key>": OTHER})
    for value in (
        b"",
        b"\xff\xfe",
        b"\\u0",
        b"%",
        b"&#",
        b"=\r\n",
        b"100%25 sure &amp; \\\\ sk_test+Key",
        bytes(range(256)) * 40,
    ):
        assert redactor.body(value) == value
        assert redactor.beginning(value, TEXT_BOUND) == (value, True)
    assert redactor.text("\ud800 \N{SNOWMAN} sk_test%2BKey") == "\ud800 \N{SNOWMAN} sk_test%2BKey"


def test_a_key_that_is_a_word_of_a_placeholder_is_named_once():
    assert Redactor({"<second-key>": "second-key"}).text("a second-key, second%2Dkey") == "a <second-key>, <second-key>"


def test_labels_named_after_what_the_target_said_hold_no_key():
    recorder = Recorder(Redactor({"<key>": KEY}))
    label = Label("create", "a", session=f"creation/model {KEY}", probe=f"type {KEY}", file=f"{KEY}.wav")
    kept = recorder.answered(recorder.begin(label, "POST", "https://a.test", (), b""), 201, (), b"").label
    assert (kept.session, kept.probe, kept.file) == ("creation/model <key>", "type <key>", "<key>.wav")


@pytest.mark.parametrize(
    "hostile",
    [
        b"\\" * TEXT_BOUND,
        b"%25" * 340_000,
        b"&#" + b"0" * 1_000_000,
        b"&" * TEXT_BOUND,
        b"%26%2337%3B" * 95_000,
        b"s " * 500_000,
    ],
    ids=["backslashes", "percent", "zeros", "ampersands", "alternating", "spaces"],
)
def test_no_body_takes_long_to_look_through(hostile):
    redactor = Redactor({"<key>": KEY, "<second-key>": OTHER})
    began = time.process_time()
    redactor.beginning(hostile, TEXT_BOUND)
    # Some two seconds on a slow machine; a pattern that goes back over what it has read would take hours.
    assert time.process_time() - began < 20


def test_bare_is_what_a_reader_compares():
    assert bare("S K\n_\N{ZERO WIDTH SPACE}x") == "sk_x"


@pytest.mark.parametrize("later", ["sk_test_minted_later", "short", "tok"])
def test_a_secret_learned_later_is_replaced_like_the_first(later: str) -> None:
    redactor = Redactor({"<key>": "sk_test_of_the_start"})
    assert redactor.text(f"X-API-Key={later}") == f"X-API-Key={later}"
    redactor.learn("<key>", later)
    assert redactor.text(f"X-API-Key={later}") == "X-API-Key=<key>"
    assert redactor.text("about sk_test_of_the_start") == "about <key>"
    if len(later) > 8:
        assert redactor.body(later.encode().hex().encode()) == b"<key>"


SIGNATURE = "2f8a99c1d0" * 6 + "abcd"
SIGNED = {
    "S3": f"https://b.s3.test/k?X-Amz-Credential=AK%2F20260127&X-Amz-Expires=900&X-Amz-Signature={SIGNATURE}",
    "session of S3": f"https://b.s3.test/k?X-Amz-Security-Token={SIGNATURE}%2F%3D&X-Amz-Date=20260127T120000Z",
    "Google": f"https://storage.test/b/k?X-Goog-Signature={SIGNATURE}&X-Goog-Expires=900",
    "Google, older": f"https://storage.test/b/k?GoogleAccessId=a&Signature={SIGNATURE}%3D%3D&Expires=1",
    "Azure": f"https://a.blob.test/c/k?sv=2024-01-01&sig={SIGNATURE}%3D&se=2026",
}


@pytest.mark.parametrize("address", SIGNED.values(), ids=SIGNED)
@pytest.mark.parametrize("escaped", [lambda body: body, lambda body: body.replace("&", "\\u0026").replace("/", "\\/")])
def test_the_signature_of_a_storage_is_hidden_wherever_its_address_stands(address, escaped):
    recorder = Recorder(Redactor({"<key>": KEY}))
    pending = recorder.begin(Label("upload", "trial"), "PUT", address, (), b"x")
    body = escaped(json.dumps({"upload_url": address, "session_id": "ses_1"})).encode()
    recorder.answered(pending, 307, [("Location", address)], body)
    evidence = recorder.freeze(Facts("https://a.test", "2026-01-27"))
    [kept] = evidence.exchanges
    assert SIGNATURE not in repr(evidence)
    shown = json.loads(kept.response.body)["upload_url"]
    assert (
        shown
        == kept.request.url
        == dict(kept.response.headers)["Location"]
        == re.sub(SIGNATURE + "(?:%[0-9A-F]{2})*", "hidden", address)
    )


@pytest.mark.parametrize("address", SIGNED.values(), ids=SIGNED)
def test_a_long_body_with_a_signature_is_not_kept_whole(address):
    """What a run keeps for its scripts, compressed, is looked through as well."""
    recorder = Recorder(Redactor({"<key>": KEY}))
    for body in (b"x" * 1000, b"x" * 1000 + address.encode() + b" ", b"y" * 1000):
        recorder.begin(Label("upload", "trial"), "PUT", "https://a.test/", (), body)
    kept = recorder.freeze(Facts("https://a.test", "2026-01-27")).bodies.values()
    assert [zlib.decompress(packed)[:1] for packed in kept] == [b"x", b"y"]
    assert not any(SIGNATURE.encode() in zlib.decompress(packed) for packed in kept)


def test_the_signature_of_a_form_is_hidden_in_the_answer_and_where_it_is_sent():
    fields = {"key": "k", "policy": "cG9saWN5", "x-amz-signature": SIGNATURE, "X-Amz-Security-Token": SIGNATURE + "/=="}
    recorder = Recorder(Redactor({"<key>": KEY}))
    sent = "".join(f'--b\r\nContent-Disposition: form-data; name="{each}"\r\n\r\n{fields[each]}\r\n' for each in fields)
    pending = recorder.begin(Label("storage-post", "trial"), "POST", "https://b.s3.test", (), sent.encode())
    recorder.answered(
        pending, 200, (), json.dumps({"upload_url": {"url": "https://b.s3.test", "fields": fields}}).encode()
    )
    evidence = recorder.freeze(Facts("https://a.test", "2026-01-27"))
    assert SIGNATURE not in repr(evidence)
    [kept] = evidence.exchanges
    assert json.loads(kept.response.body)["upload_url"]["fields"] == fields | dict.fromkeys(list(fields)[2:], "hidden")


@pytest.mark.parametrize(
    "said",
    [
        "X-MSA-Signature: t=1769515200,v1=" + SIGNATURE,
        '{"signature": "Dr. A. Physician, MD"}',
        "/v1?sig=short",
        "design=" + SIGNATURE,
    ],
)
def test_other_signatures_are_kept(said):
    assert hidden(said.encode()) == said.encode()
