"""What every store promises of live sessions, whatever it is made of."""

from __future__ import annotations

import asyncio
import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mock_server.session.dalston.model import Dictation, Spoken, Utterance, Wanted
from mock_server.session.dalston.table import State
from mock_server.storage.dictation import Selection
from mock_server.storage.unit import Search

NOW = datetime(2026, 1, 29, 9, 0, 0, 123456, tzinfo=UTC)
WANTED = Wanted("auto", "fast", "mulaw", 8000, store_audio=True, vocabulary=("Ramipril", "ü"))


def dictation(name="sess_1", namespace="ns", at=NOW, **given) -> Dictation:
    known = {"state": State.ACTIVE, "wanted": WANTED, "engine": "tiny.en", "worker": "w", "client_ip": "127.0.0.1"}
    return Dictation(name, namespace, created_at=at, updated_at=at, **known | given)


def ended(before: Dictation, **given) -> Dictation:
    known = {"state": State.INTERRUPTED, "ended_at": NOW + timedelta(seconds=9), "error": "lost"} | given
    return replace(before, **known)


def said(number=0, text="The cough is better.") -> Utterance:
    words = (Spoken("The", 0.1, 0.25, 0.9), Spoken("cough", 0.3, 0.5, 0.75))
    return Utterance(number, 0.1, 1.25, text, 0.875, "en", words)


def test_a_session_and_what_was_said_come_back_as_they_were_kept(reopened):
    before = dictation()
    after = ended(
        before,
        audio_s=9.125,
        utterances=2,
        words=7,
        language="en",
        audio_key="ab" * 16,
        audio_size=144_044,
        audio_sha256="cd" * 32,
        continued_at=3.5,
        job_id="ses_1",
        job_due=True,
    )

    def change(unit):
        unit.dictations.create(before)
        unit.dictations.save(before, after)
        unit.dictations.keep("sess_1", [said(0)])
        unit.dictations.keep("sess_1", [said(1, "No fever."), said(2, "")])

    look = lambda view: (view.dictations.load("sess_1"), view.dictations.said("sess_1"))  # noqa: E731
    assert reopened(change, look=look) == (after, [said(0), said(1, "No fever."), said(2, "")])


def test_what_is_not_there_is_none(store):
    look = lambda view: (view.dictations.load("sess_0"), view.dictations.said("sess_0"))  # noqa: E731
    assert asyncio.run(store.read(look)) == (None, [])


def fill(unit):
    for number in range(6):
        made = dictation(f"sess_{number}", at=NOW + timedelta(seconds=number // 2))
        unit.dictations.create(made)
        if number % 3 == 0:
            unit.dictations.save(made, ended(made))
    unit.dictations.create(dictation("sess_x", "others"))


@pytest.mark.parametrize(
    ("meant", "found"),
    [
        ({}, [5, 4, 3, 2, 1, 0]),
        ({"state": "interrupted"}, [3, 0]),
        ({"state": "error"}, []),
        ({"since": NOW + timedelta(seconds=1)}, [5, 4, 3, 2]),
        ({"until": NOW}, [1, 0]),
        ({"since": NOW, "until": NOW, "state": "active"}, [1]),
    ],
)
def test_pages_have_what_is_meant_the_latest_first(reopened, meant, found):
    chosen = Selection("ns", **meant)

    def look(view):
        pages = [view.dictations.page(chosen, limit=2, skip=skip) for skip in (0, 2, 4)]
        return [each.id for page in pages for each in page], view.dictations.count(chosen)

    assert reopened(fill, look=look) == ([f"sess_{number}" for number in found], len(found))


def test_lists_of_the_console_go_on_behind_a_session_and_find_words(reopened):
    def change(unit):
        fill(unit)
        unit.dictations.keep("sess_2", [said(0, "Ibuprofen 100% of the time")])

    def look(view):
        whole = view.dictations.latest("ns", limit=10)
        pages = [view.dictations.latest("ns", limit=10, after=whole[2])]
        words = [view.dictations.latest("ns", limit=10, search=Search(words=word)) for word in ("ibuprofen 100%", "%")]
        words.append(view.dictations.latest("ns", limit=10, search=Search(frozenset({"interrupted"}))))
        return [[each.id for each in page] for page in (whole, *pages, *words)]

    whole, behind, *found = reopened(change, look=look)
    assert whole == ["sess_5", "sess_4", "sess_3", "sess_2", "sess_1", "sess_0"]
    assert behind == whole[3:]
    assert found == [["sess_2"], ["sess_2"], ["sess_3", "sess_0"]]


def test_a_start_finds_what_was_active_and_what_is_due(reopened):
    due = dictation("sess_d")

    def change(unit):
        fill(unit)
        unit.dictations.create(due)
        unit.dictations.save(due, ended(due, job_due=True, job_id="ses_1"))

    def look(view):
        return [[each.id for each in some] for some in (view.dictations.active(), view.dictations.due())]

    assert reopened(change, look=look) == [["sess_1", "sess_2", "sess_4", "sess_5", "sess_x"], ["sess_d"]]


def test_audio_of_live_sessions_is_no_orphan_and_goes_with_them(reopened):
    keys = [digit * 32 for digit in "ab"]

    def change(unit):
        for number, key in enumerate(keys):
            unit.dictations.create(dictation(f"sess_{number}", audio_key=key))
        unit.dictations.create(dictation("sess_2"))

    freed = []

    def remove(unit):
        freed.append(unit.audio_keys())
        freed.append(unit.dictations.remove(unit.dictations.load("sess_0")))
        freed.append(unit.dictations.remove(unit.dictations.load("sess_2")))
        freed.append(unit.clear("ns"))

    assert reopened(change, remove, look=lambda view: view.audio_keys()) == set()
    everything, first, none, (removed, left) = freed
    assert everything == set(keys)
    assert (first, none) == ([keys[0]], [])
    assert (removed, left) == (1, [keys[1]])


def test_a_removed_session_leaves_its_last_line_and_no_link_to_it(reopened):
    def change(unit):
        made = dictation()
        unit.dictations.create(made)
        unit.dictations.create(dictation("sess_2", previous_id="sess_1"))
        unit.dictations.keep("sess_1", [said()])
        for kind in ("created", "completed", "deleted"):
            unit.note(made, NOW, kind, {})
        unit.dictations.remove(made)

    def look(view):
        kinds = [row.kind for row in view.history("sess_1")]
        return view.dictations.load("sess_1"), view.dictations.said("sess_1"), kinds, view.dictations.load("sess_2")

    gone, words, kinds, later = reopened(change, look=look)
    assert (gone, words, kinds) == (None, [], ["deleted"])
    assert later.previous_id is None


def test_what_another_hand_has_moved_or_made_is_refused(store):
    made = dictation()

    async def scenario():
        await store.write(lambda unit: unit.dictations.create(made))
        await store.write(lambda unit: unit.dictations.save(made, ended(made)))
        await store.write(lambda unit: unit.dictations.keep("sess_1", [said()]))
        for change in (
            lambda unit: unit.dictations.create(made),
            lambda unit: unit.dictations.save(made, ended(made)),
            lambda unit: unit.dictations.keep("sess_1", [said()]),
        ):
            with pytest.raises(RuntimeError):
                await store.write(change)
        return await store.read(lambda view: view.dictations.said("sess_1"))

    assert asyncio.run(scenario()) == [said()]


def test_a_change_that_fails_leaves_nothing(store):
    made = dictation()

    def change(unit):
        unit.dictations.create(made)
        unit.dictations.keep("sess_1", [said()])
        raise ValueError

    async def scenario():
        with pytest.raises(ValueError, match=r"\A\Z"):
            await store.write(change)
        return await store.read(lambda view: (view.dictations.load("sess_1"), view.dictations.said("sess_1")))

    assert asyncio.run(scenario()) == (None, [])


@pytest.mark.parametrize("oldest_first", [False, True])
def test_pages_go_on_behind_a_place_whether_or_not_its_session_is_there(store, oldest_first):
    asyncio.run(store.write(fill))
    order = [f"sess_{number}" for number in range(6)][:: 1 if oldest_first else -1]
    meant = Selection("ns", oldest_first=oldest_first, placed=True)

    def look(view):
        found, behind = [], None
        while page := view.dictations.page(replace(meant, behind=behind), limit=2, skip=0):
            found += [each.id for each in page]
            behind = page[-1]
        return found

    assert asyncio.run(store.read(look)) == order
    nowhere = dictation("sess_2x", at=NOW + timedelta(seconds=1))
    rest = asyncio.run(store.read(lambda view: view.dictations.page(replace(meant, behind=nowhere), limit=9, skip=0)))
    assert [each.id for each in rest] == (
        [f"sess_{n}" for n in (3, 4, 5)] if oldest_first else [f"sess_{n}" for n in (2, 1, 0)]
    )


def test_the_first_stands_first_where_that_is_meant(store):
    asyncio.run(store.write(fill))
    page = asyncio.run(
        store.read(lambda view: view.dictations.page(Selection("ns", oldest_first=True), limit=3, skip=1))
    )
    assert [each.id for each in page] == ["sess_1", "sess_2", "sess_3"]


def test_a_session_is_a_former_one_as_long_as_another_goes_on_from_it(store):
    later = dictation("sess_2", previous_id="sess_1")

    def change(unit):
        unit.dictations.create(dictation())
        unit.dictations.create(later)

    asyncio.run(store.write(change))
    look = lambda view: (view.dictations.is_former("sess_1"), view.dictations.is_former("sess_2"))  # noqa: E731
    assert asyncio.run(store.read(look)) == (True, False)
    asyncio.run(store.write(lambda unit: unit.dictations.remove(later)))
    assert asyncio.run(store.read(look)) == (False, False)


def test_what_is_kept_for_days_is_found_until_it_is_forgotten(reopened):
    def kept(name, days, namespace="ns", **given):
        before = dictation(name, namespace, wanted=replace(WANTED, retention=days))
        return before, ended(before, **given)

    pairs = [
        kept("sess_1", 7),
        kept("sess_2", -1),
        kept("sess_3", 0),
        kept("sess_4", None),
        kept("sess_5", 1, "others"),
    ]
    pairs.append(kept("sess_6", 7, forgotten_at=NOW))

    def change(unit):
        for before, after in pairs:
            unit.dictations.create(before)
            unit.dictations.save(before, after)
        unit.dictations.create(dictation("sess_7", wanted=replace(WANTED, retention=3)))
        unit.dictations.keep("sess_1", [said(0)])
        unit.dictations.forget("sess_1")

    def look(view):
        ours, all_ = view.dictations.forgetful("ns"), view.dictations.forgetful()
        return (
            [each.id for each in ours],
            {each.id for each in all_},
            view.dictations.said("sess_1"),
            view.dictations.load("sess_6"),
        )

    assert reopened(change, look=look) == (["sess_1"], {"sess_1", "sess_5"}, [], pairs[-1][1])


def test_a_session_that_goes_on_has_all_that_was_said_and_the_former_one_keeps_it(reopened):
    known = [said(number, f"Sentence {number}.") for number in range(20)]

    def change(unit):
        unit.dictations.create(dictation("sess_1"))
        unit.dictations.keep("sess_1", known)
        for name in ("sess_2", "sess_3"):
            unit.dictations.create(dictation(name))
        unit.dictations.take_over("sess_1", "sess_2")
        unit.dictations.keep("sess_2", [said(20, "And on.")])
        unit.dictations.take_over("sess_3", "sess_3")

    def look(view):
        last = [view.dictations.last_said(f"sess_{number}") for number in (1, 2, 3)]
        return [view.dictations.said(f"sess_{number}") for number in (1, 2, 3)], last

    found, last = reopened(change, look=look)
    assert found == [known, [*known, said(20, "And on.")], []]
    assert last == [known[-1], said(20, "And on."), None]


def test_more_is_kept_at_once_than_a_statement_has_variables(store):
    known = [said(number) for number in range(300)]

    def change(unit):
        driver = unit.connection.connection.driver_connection if hasattr(unit, "connection") else None
        if isinstance(driver, sqlite3.Connection):
            driver.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 999)
        unit.dictations.create(dictation("sess_1"))
        unit.dictations.keep("sess_1", known)
        unit.dictations.create(dictation("sess_2"))
        unit.dictations.take_over("sess_1", "sess_2")

    asyncio.run(store.write(change))
    assert asyncio.run(store.read(lambda view: view.dictations.said("sess_2"))) == known


@pytest.mark.parametrize("again", ["keep", "take_over"])
def test_an_utterance_that_is_kept_already_takes_the_whole_change_back(store, again):
    def first(unit):
        for name in ("sess_1", "sess_2"):
            unit.dictations.create(dictation(name))
            unit.dictations.keep(name, [said(0)])

    def change(unit):
        unit.dictations.create(dictation("sess_3"))
        if again == "keep":
            unit.dictations.keep("sess_1", [said(1), said(0)])
        else:
            unit.dictations.take_over("sess_1", "sess_2")

    asyncio.run(store.write(first))
    with pytest.raises(RuntimeError):
        asyncio.run(store.write(change))
    look = lambda view: (view.dictations.load("sess_3"), view.dictations.said("sess_1"))  # noqa: E731
    assert asyncio.run(store.read(look)) == (None, [said(0)])
