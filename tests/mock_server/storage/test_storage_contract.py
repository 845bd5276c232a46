"""What every store promises, whatever it is made of: one suite over all of them."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from mock_server.clock import Mode, Pace
from mock_server.session.model import AudioFile, Failure, Order, ProcessingError, Session, TemplateResult
from mock_server.session.table import State
from mock_server.storage import StorageError
from mock_server.storage.unit import Held, Search, Stretch
from tests.whole import some

NOW = datetime(2026, 1, 27, 12, 0, 0, 123456, tzinfo=UTC)
PACE = Pace(Mode.FROZEN, NOW, NOW - timedelta(days=1), 0.0)
KEY = "0123456789abcdef0123456789abcdef"
OTHER = "f123456789abcdef0123456789abcdef"


def session(name="ses_1", namespace="ns", **given) -> Session:
    order = Order(
        ("soap", "vitals"), "lite", ("en",), (), additional_data={"a": [1, 1.5, None, "ü", {"deep": "\u2028"}]}
    )
    return Session(name, namespace, State.CREATED, order, NOW, NOW + timedelta(seconds=600), **given)


def file(name="a_1.wav", key=KEY) -> AudioFile:
    return AudioFile(name, key, "ab", 2**40, "audio/wav", NOW, 1)


def stretch(namespace="ns", first=1, last=2) -> Stretch:
    return Stretch(namespace, first, last, f'["{first} \u00fc","\U0001f4a5"]')


def test_a_session_comes_back_as_it_was_kept(reopened):
    before = session()
    after = replace(
        before,
        state=State.PARTIAL,
        files=(file(), replace(file("b.wav", OTHER), duration_ms=5120)),
        ended_at=NOW + timedelta(seconds=1),
        completed_at=NOW + timedelta(seconds=2),
        audio_files_sent=3,
        templates_as_array=True,
        engine="fake",
        language_detected="en",
        transcript="Doctor: hello\nPatient: \U0001f600",
        files_processed=1,
        results=(
            TemplateResult("soap", "success", {"plan": ["rest", None]}),
            TemplateResult("x", "failed", None, "template_not_found", "no"),
        ),
        losses=(ProcessingError("audio_file_skipped", "noise", "b.wav"), ProcessingError("audio_files_missing", "1")),
        failure=Failure("internal_error", "why"),
        expiry_noted=True,
    )

    def change(unit):
        unit.create(before)
        unit.save(before, after)

    assert reopened(change, look=lambda view: view.load("ses_1")) == after


def test_a_changed_order_comes_back_as_it_was_changed(reopened):
    before = session()
    changed = {
        "templates": ("vitals",),
        "additional_data": {"b": 1},
        "patient_details": {"name": "N"},
        "include_transcript": False,
    }
    after = replace(before, order=replace(before.order, **changed))

    def change(unit):
        unit.create(before)
        unit.save(before, after)

    assert reopened(change, look=lambda view: view.load("ses_1")) == after


def test_an_order_changed_in_a_later_change_is_kept(reopened):
    before = session()
    after = replace(before, order=replace(before.order, language_hint=("hi",)))
    changes = (lambda unit: unit.create(before), lambda unit: unit.save(before, after))
    assert reopened(*changes, look=lambda view: view.load("ses_1")) == after


def test_a_replaced_file_keeps_its_place(reopened):
    before = session()
    two = replace(before, files=(file("a", KEY), file("b", OTHER)))
    replaced = replace(two, files=(file("a", "9" * 32), two.files[1]))

    def change(unit):
        unit.create(before)
        unit.save(before, two)
        unit.save(two, replaced)

    assert reopened(change, look=lambda view: view.load("ses_1")).files == replaced.files


def test_an_unknown_session_is_none(store):
    assert asyncio.run(store.read(lambda unit: unit.load("ses_0"))) is None


def test_a_change_is_seen_by_readers_once_it_is_written(store):
    async def scenario():
        await store.write(lambda unit: unit.create(session()))
        return store.at_hand("ses_1"), await store.read(lambda unit: unit.load("ses_1"))

    assert asyncio.run(scenario()) == (session(), session())


def test_a_save_over_a_state_that_moved_on_is_refused(store):
    async def scenario():
        before = session()
        await store.write(lambda unit: unit.create(before))
        ended = replace(before, state=State.PROCESSING, ended_at=NOW)
        await store.write(lambda unit: unit.save(before, ended))
        with pytest.raises(RuntimeError):
            await store.write(lambda unit: unit.save(before, replace(before, state=State.RECORDING)))

    asyncio.run(scenario())


def test_an_attempt_is_claimed_once(store):
    async def scenario():
        before = session()
        await store.write(lambda unit: unit.create(before))
        ended = replace(before, state=State.PROCESSING, ended_at=NOW)
        await store.write(lambda unit: unit.save(before, ended))
        claims = [store.write(lambda unit: unit.claim(["ses_1"], 0)) for _ in range(3)]
        return await asyncio.gather(*claims), await store.read(lambda view: view.unfinished())

    assert asyncio.run(scenario()) == ([("ses_1",), (), ()], [("ses_1", "ns", 1)])


def test_a_writer_that_is_no_longer_waited_for_still_writes(store):
    async def scenario():
        waiting = asyncio.ensure_future(store.write(lambda unit: unit.create(session())))
        await asyncio.sleep(0)
        waiting.cancel()
        await store.write(lambda _unit: None)
        return await store.read(lambda unit: unit.load("ses_1"))

    assert asyncio.run(scenario()) == session()


def test_a_closed_store_refuses(store):
    store.close()
    with pytest.raises(StorageError):
        asyncio.run(store.write(lambda unit: None))
    with pytest.raises(StorageError):
        asyncio.run(store.read(lambda view: None))


def test_clearing_a_namespace_leaves_the_others(store):
    async def scenario():
        for name, namespace, key in (("ses_1", "ns", KEY), ("ses_2", "other", OTHER)):
            before = session(name, namespace)
            await store.write(lambda unit, before=before: unit.create(before))
            held = replace(before, files=(file(key=key),))
            await store.write(lambda unit, b=before, h=held: unit.save(b, h))
            await store.write(lambda unit, b=before: unit.note(b, NOW, "created", {}))
        await store.write(lambda unit: unit.set_clock("ns", PACE))
        await store.write(lambda unit: unit.keep_traffic([stretch("ns"), stretch("other")]))
        cleared = await store.write(lambda unit: unit.clear("ns"))
        left = await store.read(lambda view: view.audio_keys()), await store.read(lambda view: view.clocks())
        journals = [await store.read(lambda unit, n=name: unit.history(n)) for name in ("ses_1", "ses_2")]
        assert [*await store.read(lambda view: view.traffic_held())] == ["other"]
        return cleared, left, [len(lines) for lines in journals], store.at_hand("ses_1"), store.at_hand("ses_2")

    cleared, left, journals, gone, kept = asyncio.run(scenario())
    assert cleared == (1, [KEY])
    assert left == ({OTHER}, {})
    assert journals == [0, 1]
    assert gone is None
    assert kept is not None


def test_the_journal_keeps_the_order_of_events(store):
    async def scenario():
        for kind in ("created", "ended", "completed"):
            await store.write(lambda unit, kind=kind: unit.note(session(), NOW, kind, {"k": kind}))
        return await store.read(lambda unit: unit.history("ses_1"))

    lines = asyncio.run(scenario())
    assert [(line.kind, line.at, line.detail) for line in lines] == [
        (kind, NOW, {"k": kind}) for kind in ("created", "ended", "completed")
    ]


def ended(before, at=NOW):
    return replace(before, state=State.PROCESSING, ended_at=at)


def _filled(unit):
    """Something of everything, in two namespaces."""
    for name, namespace, key in (("ses_1", "ns", KEY), ("ses_2", "ns", None), ("ses_3", "other", OTHER)):
        before = session(name, namespace)
        unit.create(before)
        unit.note(before, NOW, "created", {"n": 1})
        if key:
            held = replace(before, state=State.RECORDING, files=(file(key=key),))
            unit.save(before, held)
    before = unit.load("ses_2")
    unit.save(before, ended(before))
    unit.set_clock("ns", PACE)
    unit.keep_traffic([stretch("ns"), stretch("ns", 3, 3), stretch("other")])


def _everything(view):
    names = ("ses_1", "ses_2", "ses_3", "ses_4")
    return (
        [view.load(name) for name in names],
        [[(line.kind, line.detail) for line in view.history(name)] for name in names],
        [[found.id for found in view.page(namespace, limit=9)] for namespace in ("ns", "other")],
        dict(view.in_work()),
        view.unfinished(),
        view.audio_keys(),
        view.clocks(),
        view.traffic_held(),
    )


def _moved(unit):
    before = unit.load("ses_1")
    unit.save(
        before, replace(ended(before), transcript="words", results=(TemplateResult("soap", "success", {"a": 1}),))
    )


CHANGES = {
    "create": lambda unit: unit.create(session("ses_4")),
    "save": _moved,
    "note": lambda unit: unit.note(unit.load("ses_1"), NOW, "again", {}),
    "claim": lambda unit: unit.claim(["ses_2"], 0),
    "clear": lambda unit: unit.clear("ns"),
    "clock": lambda unit: unit.set_clock("other", PACE),
    "recorded": lambda unit: unit.keep_traffic([stretch("other", 3, 9)]),
    "dropped": lambda unit: unit.drop_traffic("ns", 2),
}


@pytest.mark.parametrize(("first", "last"), some(4, product(CHANGES, [*CHANGES, None])))
def test_a_change_that_raises_leaves_nothing(store, first, last):
    def refused(unit):
        CHANGES[first](unit)
        if last:
            CHANGES[last](unit)
        raise LookupError("refused")

    async def scenario():
        await store.write(_filled)
        before = await store.read(_everything)
        with pytest.raises(Exception):  # noqa: B017 - the second may be refused itself after the first
            await store.write(refused)
        known = [store.at_hand(name) for name in ("ses_1", "ses_2", "ses_4")]
        return before, await store.read(_everything), known

    before, after, known = asyncio.run(scenario())
    assert after == before
    assert [found for found in known if found is not None and found not in before[0]] == []
    assert store.at_hand("ses_4") is None


@pytest.mark.parametrize("name", CHANGES)
def test_the_same_change_that_does_not_raise_is_kept(store, name):
    async def scenario():
        await store.write(_filled)
        before = await store.read(_everything)
        await store.write(CHANGES[name])
        return before, await store.read(_everything)

    before, after = asyncio.run(scenario())
    assert after != before


def test_a_refused_change_takes_nobody_down_with_it(store):
    def refused(unit):
        unit.create(session("ses_bad"))
        unit.note(session("ses_bad"), NOW, "created", {})
        raise LookupError("refused")

    async def scenario():
        changes = [lambda unit, n=n: unit.create(session(f"ses_{n}")) for n in (1, 2)]
        together = (store.write(changes[0]), store.write(refused), store.write(changes[1]))
        outcome = await asyncio.gather(*together, return_exceptions=True)
        found = await store.read(lambda view: [view.load(f"ses_{n}") is not None for n in (1, 2, "bad")])
        return [type(each) for each in outcome], found, await store.read(lambda view: view.history("ses_bad"))

    assert asyncio.run(scenario()) == ([type(None), LookupError, type(None)], [True, True, False], [])


def test_a_change_sees_what_it_has_changed_itself(store):
    def look_again(unit):
        _filled(unit)
        return _everything(unit)

    async def scenario():
        return await store.write(look_again), await store.read(_everything)

    inside, outside = asyncio.run(scenario())
    assert inside == outside
    assert inside[3] == {"ns": 1}


@pytest.mark.parametrize("again", [False, True])
def test_an_id_is_taken_once(opening, again):
    async def scenario():
        store = opening()
        await store.write(lambda unit: unit.create(session()))
        if again:
            store = opening()
        with pytest.raises(RuntimeError):
            await store.write(lambda unit: unit.create(replace(session(), namespace="thief")))
        return await store.read(lambda view: view.load("ses_1"))

    assert asyncio.run(scenario()) == session()


@pytest.mark.parametrize("begun", [-1, 1, 7])
def test_an_attempt_out_of_its_turn_is_not_claimed(store, begun):
    async def scenario():
        await store.write(_filled)
        return await store.write(lambda unit: unit.claim(["ses_2"], begun))

    assert not asyncio.run(scenario())


@pytest.mark.parametrize("name", ["ses_1", "ses_0"])
def test_a_session_that_is_not_in_work_is_not_claimed(store, name):
    async def scenario():
        await store.write(_filled)
        return await store.write(lambda unit: unit.claim([name], 0)), await store.read(lambda view: view.unfinished())

    assert asyncio.run(scenario()) == ((), [("ses_2", "ns", 0)])


def test_of_several_those_are_claimed_that_can_be_in_the_order_asked(store):
    async def scenario():
        await store.write(_filled)
        for name in ("ses_8", "ses_9"):
            await store.write(lambda unit, name=name: unit.create(session(name)))
            await store.write(lambda unit, name=name: unit.save(session(name), ended(session(name))))
        await store.write(lambda unit: unit.claim(["ses_8"], 0))
        return await store.write(lambda unit: unit.claim(["ses_9", "ses_8", "ses_1", "none", "ses_2"], 0))

    assert asyncio.run(scenario()) == ("ses_9", "ses_2")


def test_who_waits_longest_is_told_first(store):
    async def scenario():
        for place, name in enumerate(("ses_b", "ses_a", "ses_c")):
            before = session(name)
            await store.write(lambda unit, before=before: unit.create(before))
            after = ended(before, NOW + timedelta(seconds=10 - place))
            await store.write(lambda unit, before=before, after=after: unit.save(before, after))
        return [found.id for found in await store.read(lambda view: view.unfinished())]

    assert asyncio.run(scenario()) == ["ses_c", "ses_a", "ses_b"]


def test_a_namespace_sees_and_clears_its_own_only(store):
    async def scenario():
        await store.write(_filled)
        pages = await store.read(lambda view: [[s.id for s in view.page(name, limit=9)] for name in ("ns", "other")])
        cleared = await store.write(lambda unit: unit.clear("ns"))
        return pages, cleared, await store.read(_everything)

    pages, cleared, left = asyncio.run(scenario())
    assert [sorted(page) for page in pages] == [["ses_1", "ses_2"], ["ses_3"]]
    assert cleared == (2, [KEY])
    assert left[0] == [
        None,
        None,
        replace(session("ses_3", "other"), state=State.RECORDING, files=left[0][2].files),
        None,
    ]
    assert left[1:] == (
        [[], [], [("created", {"n": 1})], []],
        [[], ["ses_3"]],
        {},
        [],
        {OTHER},
        {},
        {"other": [Held(2, 2, 11)]},
    )


def test_a_cleared_id_may_be_used_again_and_brings_nothing_along(store):
    async def scenario():
        await store.write(_filled)
        await store.write(lambda unit: unit.claim(["ses_2"], 0))
        await store.write(lambda unit: unit.clear("ns"))
        await store.write(lambda unit: unit.create(session("ses_2")))
        await store.write(lambda unit: unit.save(session("ses_2"), ended(session("ses_2"))))
        return await store.read(lambda view: (view.unfinished(), view.history("ses_2")))

    assert asyncio.run(scenario()) == ([("ses_2", "ns", 0)], [])


@pytest.mark.parametrize("limit", [1, 3, 10, 11])
def test_pages_show_every_session_once_latest_first(store, limit):
    made = [replace(session(f"ses_{n}"), created_at=NOW + timedelta(seconds=n // 3)) for n in range(10)]

    async def scenario():
        for each in made:
            await store.write(lambda unit, each=each: unit.create(each))
        seen, last = [], None
        while page := await store.read(lambda view, last=last: view.page("ns", limit=limit, after=last)):
            assert len(page) <= limit
            seen += page
            last = page[-1]
            late = replace(session(f"late_{len(seen)}"), created_at=NOW + timedelta(seconds=100))
            await store.write(lambda unit, late=late: unit.create(late))  # moves no page that is still to come
        return seen

    seen = asyncio.run(scenario())
    assert seen == sorted(made, key=lambda each: (each.created_at, each.id), reverse=True)


def test_a_page_goes_on_behind_a_session_that_is_no_more(store):
    made = [replace(session(f"ses_{n}"), created_at=NOW + timedelta(seconds=n)) for n in range(3)]

    async def scenario():
        await store.write(lambda unit: unit.create(made[0]))
        return await store.read(lambda view: view.page("ns", limit=9, after=made[2]))

    assert asyncio.run(scenario()) == [made[0]]


def test_the_journal_only_gets_longer(store):
    async def scenario():
        for number in range(4):
            await store.write(lambda unit, n=number: unit.note(session(), NOW - timedelta(days=n), "said", {"n": n}))
            await store.write(lambda unit: unit.note(session("ses_2", "other"), NOW, "said", {}))
        told = await store.read(lambda view: view.history("ses_1"))
        told[0].detail["n"] = "changed by whoever was told"
        told.clear()
        return await store.read(lambda view: view.history("ses_1"))

    lines = asyncio.run(scenario())
    assert [line.detail["n"] for line in lines[1:]] == [1, 2, 3]
    assert [line.at for line in lines] == [NOW - timedelta(days=n) for n in range(4)]
    assert sorted({line.number for line in lines}) == [line.number for line in lines]


def test_clocks_are_kept_to_the_microsecond_and_replaced(reopened):
    latest = Pace(Mode.SCALED, NOW + timedelta(microseconds=1), NOW, 0.1)
    changes = [lambda unit, pace=pace: unit.set_clock("ns", pace) for pace in (PACE, latest)]
    found = reopened(*changes, look=lambda view: (view.clocks(), view.clock("ns"), view.clock("o")))
    assert found == ({"ns": latest}, latest, None)


def test_sessions_that_nobody_ended_come_in_the_order_of_their_deadlines(reopened):
    made = [replace(session(f"ses_{n}"), expires_at=NOW + timedelta(seconds=9 - n)) for n in range(4)]
    over = [replace(session("ended"), ended_at=NOW), replace(session("noted"), expiry_noted=True)]
    changes = [
        lambda unit, each=each: unit.create(each)
        for each in (*made, *over, replace(session("other"), namespace="other"))
    ]
    unended = reopened(*changes, look=lambda view: view.unended("ns"))
    assert unended == [(each.id, each.expires_at) for each in reversed(made)]


def test_what_follows_a_change_follows_once_it_is_kept_and_before_its_caller_goes_on(store):
    told = []

    def change(unit):
        unit.create(session())
        unit.afterwards(lambda: told.append(store.at_hand("ses_1")))
        assert not told

    async def scenario():
        await store.write(change)
        told.append("its caller")
        await store.write(lambda unit: None)

    asyncio.run(scenario())
    assert told == [session(), "its caller"]


def test_nothing_follows_a_change_that_is_not_kept(store):
    told = []

    def change(unit):
        unit.afterwards(lambda: told.append("followed"))
        raise LookupError

    async def scenario():
        with pytest.raises(LookupError):
            await store.write(change)
        await store.write(lambda unit: None)

    asyncio.run(scenario())
    assert told == []


def test_what_follows_may_break_and_follows_though_nobody_waits(store):
    told = []

    def change(unit):
        unit.afterwards(lambda: {}["missing"])
        unit.afterwards(lambda: told.append("followed"))

    async def scenario():
        waiting = asyncio.ensure_future(store.write(change))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await store.write(lambda unit: None)

    asyncio.run(scenario())
    assert told == ["followed"]


def test_traffic_comes_back_in_its_order_as_it_was_kept(reopened):
    kept = [stretch("ns", 3, 3), stretch("ns", 4, 200), stretch("other")]
    traffic, held = reopened(
        lambda unit: unit.keep_traffic([stretch()]),
        lambda unit: unit.keep_traffic(kept),
        lambda unit: unit.keep_traffic([]),
        look=lambda view: ([view.traffic(name) for name in ("ns", "other", "nobody")], view.traffic_held()),
    )
    assert traffic == [[stretch(), *kept[:2]], [stretch("other")], []]
    lengths = [len(each.told) for each in (stretch(), *kept)]
    assert held == {
        "ns": [Held(2, 2, lengths[0]), Held(3, 1, lengths[1]), Held(200, 197, lengths[2])],
        "other": [Held(2, 2, lengths[3])],
    }


def test_traffic_is_dropped_up_to_a_number_or_all_of_it(reopened):
    left = reopened(
        lambda unit: unit.keep_traffic([stretch(), stretch("ns", 3, 3), stretch("ns", 4, 9), stretch("other")]),
        lambda unit: unit.drop_traffic("ns", 3),
        lambda unit: unit.drop_traffic("other", None),
        lambda unit: unit.drop_traffic("nobody", 3),
        look=lambda view: (view.traffic_held("ns"), view.traffic_held("other")),
    )
    assert left == ({"ns": [Held(9, 6, len(stretch("ns", 4, 9).told))]}, {})


def _found(store, **search):
    """The ids of those of four sessions that a search finds: open, out of time, noted as expired, and completed."""
    past = NOW - timedelta(seconds=1)
    made = [
        session("ses_open"),
        replace(session("ses_late"), expires_at=past),
        session("ses_noted", expiry_noted=True),
        replace(
            session("ses_done"),
            expires_at=past,
            state=State.COMPLETED,
            ended_at=NOW - timedelta(seconds=2),
            transcript="Doctor: 100% Oxygen_flow",
        ),
    ]

    async def scenario():
        for each in made:
            await store.write(lambda unit, each=each: unit.create(each))
        page = await store.read(lambda view: view.page("ns", limit=9, search=Search(**search)))
        return {each.id for each in page}

    return asyncio.run(scenario())


@pytest.mark.parametrize(
    "search, found",
    [
        ({}, {"ses_open", "ses_late", "ses_noted", "ses_done"}),
        ({"states": frozenset({"created"})}, {"ses_open", "ses_late", "ses_noted"}),
        ({"states": frozenset({"created"}), "expired_at": NOW}, {"ses_open"}),
        ({"expired_at": NOW, "expired": True}, {"ses_late", "ses_noted"}),
        ({"words": "OXYGEN_f"}, {"ses_done"}),
        ({"words": "0% o"}, {"ses_done"}),
        ({"words": "oxygen%"}, set()),
        ({"words": "ses_L"}, {"ses_late"}),
        ({"words": "vitals"}, {"ses_open", "ses_late", "ses_noted", "ses_done"}),
        ({"words": "vitals", "states": frozenset({"completed"})}, {"ses_done"}),
    ],
)
def test_a_search_finds_what_fits_all_of_it(store, search, found):
    assert _found(store, **search) == found


def test_a_namespace_counts_its_own_sessions(store):
    async def scenario():
        await store.write(_filled)
        return await store.read(lambda view: [view.number(name) for name in ("ns", "other", "none")])

    assert asyncio.run(scenario()) == [2, 1, 0]


def test_news_are_the_lines_of_a_namespace_behind_a_number(store):
    def change(unit):
        for number, namespace in enumerate(("ns", "other", "ns", "ns", "other")):
            unit.note(session(f"ses_{number}", namespace), NOW, "said", {"n": number})
        seen = unit.news("ns", 0, 9)
        assert unit.last_line("ns") == seen[-1].number
        return seen

    async def scenario():
        told = await store.write(change)
        behind = await store.read(lambda view: view.news("ns", told[0].number, 9))
        one = await store.read(lambda view: view.news("ns", 0, 1))
        last = await store.read(lambda view: [view.last_line(name) for name in ("ns", "none", None)])
        return told, behind, one, last

    told, behind, one, last = asyncio.run(scenario())
    assert [row.session_id for row in told] == ["ses_0", "ses_2", "ses_3"]
    assert (behind, one, last[:2]) == (told[1:], told[:1], [told[-1].number, 0])
    assert last[2] > last[0], "anybody's"


def test_a_session_is_removed_with_all_that_is_its_own(store):
    made = replace(session(), files=(file(), file("b.wav", OTHER)), ended_at=NOW, results=(TemplateResult("x", "y"),))

    def fill(unit):
        for each in (session("ses_2"), made):
            unit.create(each)
            unit.note(each, NOW, "created", {})

    def remove(unit):
        before = unit.last_line("ns")
        unit.note(session("ses_1"), NOW, "deleted", {})
        freed = unit.remove(unit.load("ses_1"))
        assert unit.last_line("ns") > before  # whoever has read up to there reads that it was removed
        return freed

    async def scenario():
        await store.write(fill)
        freed = await store.write(remove)
        left = await store.read(lambda view: (view.load("ses_1"), view.audio_keys(), view.number("ns")))
        lines = await store.read(lambda view: [(row.session_id, row.kind) for row in view.news("ns", 0, 9)])
        await store.write(lambda unit: unit.create(session("ses_1")))  # nothing of it stands in the way
        return freed, left, store.at_hand("ses_1"), lines

    freed, left, again, lines = asyncio.run(scenario())
    assert (freed, left, again) == ([KEY, OTHER], (None, set(), 1), session("ses_1"))
    assert lines == [("ses_2", "created"), ("ses_1", "deleted")]


def test_a_removal_that_is_refused_removes_nothing(store):
    def refused(unit):
        unit.remove(unit.load("ses_1"))
        raise ValueError

    async def scenario():
        await store.write(_filled)
        before = await store.read(_everything)
        with pytest.raises(ValueError):
            await store.write(refused)
        return before, await store.read(_everything), await store.read(lambda view: view.last_line("ns"))

    before, after, last = asyncio.run(scenario())
    assert before == after
    assert last


def test_clearing_a_namespace_leaves_no_news_of_it(store):
    async def scenario():
        await store.write(_filled)
        await store.write(lambda unit: unit.note(session("ses_gone"), NOW, "deleted", {}))
        await store.write(lambda unit: unit.clear("ns"))
        return await store.read(lambda view: (view.news("ns", 0, 9), view.last_line("ns"), view.history("ses_gone")))

    assert asyncio.run(scenario()) == ([], 0, [])


ANY_TEXT = "a\0b\uffff0\uffff\0\uffff1 \u00fc\U0001f4a5\\ %s %% '\""


def test_any_text_of_unicode_comes_back_as_it_was_kept(reopened):
    before = session(ANY_TEXT, "n\0s")
    after = replace(
        before,
        files=(replace(file(), name=ANY_TEXT, content_type=ANY_TEXT),),
        ended_at=NOW,
        transcript=ANY_TEXT,
        results=(TemplateResult(ANY_TEXT, "failed", {"\0": [ANY_TEXT]}, "template_not_found", ANY_TEXT),),
    )

    def change(unit):
        unit.create(before)
        unit.save(before, after)
        unit.note(after, NOW, "created", {"text": ANY_TEXT})

    def look(view):
        found = [each.id for each in view.page("n\0s", limit=9, search=Search(words=ANY_TEXT))]
        return view.load(ANY_TEXT), found, [line.detail for line in view.history(ANY_TEXT)]

    assert reopened(change, look=look) == (after, [ANY_TEXT], [{"text": ANY_TEXT}])


def test_sessions_of_one_moment_stand_in_the_order_of_their_code_points(store):
    names = ["a", "B", "_", "-", "Z", "a_", "\u00e4", "\uffff", "\U0001f4a5", "10", "9"]

    def fill(unit):
        for name in names:
            unit.create(session(name))

    async def scenario():
        await store.write(fill)
        first = await store.read(lambda view: view.page("ns", limit=4))
        rest = await store.read(lambda view: view.page("ns", limit=9, after=first[-1]))
        return [each.id for each in (*first, *rest)]

    assert asyncio.run(scenario()) == sorted(names, reverse=True)


def test_words_are_found_in_any_case_of_a_to_z(store):
    def fill(unit):
        for name, transcript in (("ses_1", "ÄRZTIN Anna"), ("ses_2", "ärztin anna"), ("ses_3", "ARZTIN")):
            unit.create(session(name, transcript=transcript))

    async def found(words):
        return {each.id for each in await store.read(lambda view: view.page("ns", limit=9, search=Search(words=words)))}

    async def scenario():
        await store.write(fill)
        return [await found(words) for words in ("anna", "ANNA", "arztin")]

    first, second, third = asyncio.run(scenario())
    assert first == second == {"ses_1", "ses_2"}
    assert third == {"ses_3"}
