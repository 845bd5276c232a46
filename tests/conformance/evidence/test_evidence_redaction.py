"""No spelling of a key reaches what is kept."""

from __future__ import annotations

import json
from base64 import b64encode
from urllib.parse import quote, quote_plus

from hypothesis import assume, given
from hypothesis import strategies as st

from conformance.evidence import Facts, Label, Note
from conformance.evidence.curl import curl
from conformance.evidence.har import har
from conformance.evidence.recorder import AUDIO_BOUND, Recorder
from conformance.evidence.redaction import Redactor

#: What --api-key accepts (conformance.target), long enough to be unmistakable.
KEYS = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40)
SPELLINGS = [
    str,
    quote,
    quote_plus,
    str.upper,
    lambda key: quote(key, safe=""),
    lambda key: json.dumps(key)[1:-1],
    lambda key: b64encode(key.encode()).decode(),
    lambda key: b64encode(f"{key}:".encode()).decode(),
]


def everything_kept(key, told, around, label):
    """All values that evidence, archive and curl lines hold when `told` went everywhere it can go."""
    recorder = Recorder(Redactor({"<key>": key}))
    said = f"{around}{told}{around}"
    for body in (said.encode("utf-8", "replace"), b"x" * (AUDIO_BOUND - 3) + told.encode()):
        pending = recorder.begin(label, "POST", f"https://a.test/v1/{told}?k={told}", [("X-API-Key", told)], body)
        recorder.answered(pending, 200, [("X-Echo", said), (told, "name")], body)
    recorder.troubled(recorder.begin(label, "GET", "https://a.test", (), b""), f"trouble {told}")
    recorder.note(Note("trial", "kit_error", said))
    evidence = recorder.freeze(Facts(f"https://a.test/{told}", "2026-01-27"))
    kept = [repr(evidence), json.dumps(har(evidence, version="0"), ensure_ascii=False)]
    kept += [curl(x) for x in evidence.exchanges]
    kept += [x.response.body.decode("utf-8", "replace") for x in evidence.exchanges if x.response]
    return "\n".join(kept).lower()


@given(KEYS, st.sampled_from(SPELLINGS), st.text(max_size=20), st.booleans())
def test_no_spelling_of_a_key_is_kept_anywhere(key, spelling, around, audio):
    label = Label("upload" if audio else "create", "trial")
    told = spelling(key)
    # A key that is itself a word of the surroundings, such as "application", proves nothing.
    assume(told.lower() not in everything_kept(key, "", around, label))
    assert told.lower() not in everything_kept(key, told, around, label)


def test_a_key_that_begins_another_does_not_uncover_it():
    redactor = Redactor({"<key>": "sk_test_one", "<second-key>": "sk_test_one_more"})
    assert redactor.text("sk_test_one_more and sk_test_one") == "<second-key> and <key>"


def test_a_short_key_is_replaced_only_where_it_stands_alone():
    redactor = Redactor({"<key>": "test"})
    assert redactor.text("Bearer test, latest, test_1, ?key=test") == "Bearer <key>, latest, <key>_1, ?key=<key>"


def test_json_stays_json_when_a_key_is_taken_out():
    key = 'quote"back\\slash'
    body = json.dumps({"echo": f"is {key}"}).encode()
    assert json.loads(Redactor({"<key>": key}).body(body)) == {"echo": "is <key>"}
