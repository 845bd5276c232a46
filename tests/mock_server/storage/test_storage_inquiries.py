"""What every store promises of research sessions, whatever it is made of."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import event

from mock_server.session.prsm.model import Commission, Failure, Inquiry, Share
from mock_server.session.prsm.table import State
from mock_server.storage.inquiry import Sieve
from mock_server.storage.sqlite import SqliteStore
from mock_server.storage.unit import Search

NOW = datetime(2026, 1, 29, 9, 0, 0, 123456, tzinfo=UTC)
ASKED = Commission("Wozu \u2028?", "analysis", {"max_cost": "2.50"}, None, {"deep": [1, {"a": None}]})


def inquiry(name="ses_1", namespace="ns", owner="lee", **given) -> Inquiry:
    known = {"state": State.QUEUED, "asked": ASKED, "created_at": NOW, "updated_at": NOW} | given
    return Inquiry(name, namespace, owner, limit_s=600.0, steps=30, reserved=40, stage="queued", **known)


def running(before: Inquiry, since=NOW) -> Inquiry:
    return replace(before, state=State.RUNNING, began_at=NOW, since=since, stage="counting")


def share(name="shr_1", session_id="ses_1", namespace="ns") -> Share:
    return Share(name, session_id, namespace, "lee", "ab" * 32, ("kim",), "view", None, NOW, NOW + timedelta(days=1))


def test_a_session_comes_back_as_it_was_kept(reopened):
    before = inquiry()
    after = replace(
        running(before),
        state=State.FAILED,
        done=7,
        attempts=2,
        worked_s=1.25,
        busy_s=0.5,
        usage={"documents": 3},
        ended_at=NOW + timedelta(seconds=3),
        failure=Failure("internal_error", "why"),
    )

    def change(unit):
        unit.inquiries.create(before)
        unit.inquiries.save(before, after)

    assert reopened(change, look=lambda view: view.inquiries.load("ses_1")) == after


def test_findings_take_the_place_of_those_before(reopened):
    def change(unit):
        unit.inquiries.create(inquiry())
        unit.inquiries.keep_findings("ses_1", {"quotes": [1]})
        unit.inquiries.keep_findings("ses_1", {"quotes": [1, 2], "ü": "\u0000"})

    look = lambda view: (view.inquiries.findings("ses_1"), view.inquiries.findings("ses_2"))  # noqa: E731
    assert reopened(change, look=look) == ({"quotes": [1, 2], "ü": "\u0000"}, None)


def test_what_is_not_there_is_none(store):
    async def scenario():
        return await store.read(
            lambda view: (view.inquiries.load("ses_0"), view.inquiries.share("shr_0"), view.inquiries.balance("ns"))
        )

    assert asyncio.run(scenario()) == (None, None, None)


def test_a_share_and_a_balance_come_back(reopened):
    def change(unit):
        unit.inquiries.create(inquiry())
        unit.inquiries.add_share(share())
        unit.inquiries.set_balance("ns", 100)
        unit.inquiries.set_balance("ns", 60)

    def look(view):
        return view.inquiries.share("shr_1"), view.inquiries.shares("ses_1"), view.inquiries.balance("ns")

    assert reopened(change, look=look) == (share(), [share()], 60)


@pytest.mark.parametrize(
    "change", [lambda unit: unit.inquiries.create(inquiry()), lambda unit: unit.inquiries.add_share(share())]
)
def test_an_id_is_taken_once(store, change):
    async def scenario():
        await store.write(lambda unit: unit.inquiries.create(inquiry("ses_0")))
        await store.write(lambda unit: unit.inquiries.create(inquiry()))
        await store.write(lambda unit: unit.inquiries.add_share(share()))
        with pytest.raises(RuntimeError):
            await store.write(change)
        return await store.read(lambda view: view.inquiries.load("ses_0"))

    assert asyncio.run(scenario()) == inquiry("ses_0")


def test_a_save_over_a_state_that_moved_on_is_refused(store):
    async def scenario():
        await store.write(lambda unit: unit.inquiries.create(inquiry()))
        await store.write(lambda unit: unit.inquiries.save(inquiry(), running(inquiry())))
        with pytest.raises(RuntimeError):
            await store.write(lambda unit: unit.inquiries.save(inquiry(), replace(inquiry(), state=State.CANCELLED)))

    asyncio.run(scenario())


def _filled(unit):
    """Ten sessions of one user, some of others, a second apart."""
    for number in range(10):
        kind = "research" if number % 2 else "analysis"
        state = State.COMPLETED if number % 3 == 0 else State.QUEUED
        at = NOW + timedelta(seconds=number // 2)
        unit.inquiries.create(
            inquiry(f"ses_{number}", asked=replace(ASKED, kind=kind), state=state, created_at=at, updated_at=at)
        )
    unit.inquiries.create(inquiry("ses_other", owner="kim"))
    unit.inquiries.create(inquiry("ses_far", namespace="far"))
    unit.inquiries.add_share(share())
    unit.inquiries.add_share(share("shr_far", "ses_far", "far"))
    unit.inquiries.keep_findings("ses_1", {"a": 1})
    unit.inquiries.set_balance("ns", 7)
    unit.inquiries.set_balance("far", 8)
    unit.note(inquiry("ses_1"), NOW, "created", {})


def _everything(view):
    sieve = Sieve("ns", "lee")
    return (
        view.inquiries.page(sieve, limit=99, skip=0),
        dict(view.inquiries.counts(sieve)),
        view.inquiries.unfinished(),
        dict(view.inquiries.open("ns")),
        view.inquiries.findings("ses_1"),
        [view.inquiries.share(name) for name in ("shr_1", "shr_2")],
        view.inquiries.balance("ns"),
        len(view.history("ses_1")),
    )


def listed(store, *, limit=99, skip=0, **given):
    sieve = Sieve("ns", "lee", **given)

    async def scenario():
        await store.write(_filled)
        return await store.read(
            lambda view: (
                [each.id for each in view.inquiries.page(sieve, limit=limit, skip=skip)],
                view.inquiries.counts(sieve),
            )
        )

    return asyncio.run(scenario())


def test_a_page_has_the_order_in_which_sessions_were_made_also_those_of_one_moment(store):
    ids, counts = listed(store, limit=4, skip=3)
    assert ids == ["ses_3", "ses_4", "ses_5", "ses_6"]
    assert sum(counts.values()) == 10
    assert counts["completed", "research"] == 2


def test_filters_leave_what_fits_all_of_them(store):
    ids, counts = listed(store, state="completed", kind="analysis", since=NOW + timedelta(seconds=1))
    assert ids == ["ses_6"]
    assert dict(counts) == {("completed", "analysis"): 1}


def test_both_moments_of_a_filter_belong_to_it(store):
    ids, _ = listed(store, since=NOW + timedelta(seconds=1), until=NOW + timedelta(seconds=2))
    assert ids == ["ses_2", "ses_3", "ses_4", "ses_5"]


def test_a_page_behind_the_last_is_empty(store):
    assert listed(store, limit=5, skip=10)[0] == []


def test_sessions_are_due_once_they_worked_as_long_as_they_may(store):
    def change(unit):
        for name, since in (
            ("ses_a", NOW),
            ("ses_b", NOW - timedelta(seconds=5)),
            ("ses_c", NOW + timedelta(seconds=9)),
        ):
            unit.inquiries.create(inquiry(name))
            unit.inquiries.save(inquiry(name), running(inquiry(name), since))
        unit.inquiries.create(inquiry("ses_waits"))

    async def scenario():
        await store.write(change)
        at = NOW + timedelta(seconds=600)
        return await store.read(lambda view: (view.inquiries.due("ns", at), view.inquiries.due("far", at)))

    at = NOW + timedelta(seconds=600)
    assert asyncio.run(scenario()) == ([("ses_b", at - timedelta(seconds=5)), ("ses_a", at)], [])


def test_sessions_that_stand_or_are_final_are_not_worked_on(store):
    states = {"ses_p": State.PAUSED, "ses_c": State.COMPLETED, "ses_q": State.QUEUED, "ses_r": State.RUNNING}

    def change(unit):
        for place, (name, state) in enumerate(reversed(states.items())):
            unit.inquiries.create(inquiry(name, state=state, created_at=NOW + timedelta(seconds=place)))

    async def scenario():
        await store.write(change)
        return await store.read(lambda view: (view.inquiries.unfinished(), dict(view.inquiries.open("ns"))))

    assert asyncio.run(scenario()) == ([("ns", "ses_r"), ("ns", "ses_q")], {"lee": 3})


def test_lines_of_the_journal_are_counted_by_kind_those_of_the_same_change_too(store):
    def change(unit):
        _filled(unit)
        for kind in ("paused", "resumed", "paused"):
            unit.note(inquiry("ses_1"), NOW, kind, {"by": "lee"})
        unit.note(inquiry("ses_far", "far"), NOW, "paused", {})
        return unit.inquiries.noted("ses_1", "paused")

    async def scenario():
        within = await store.write(change)
        return within, await store.read(
            lambda view: [view.inquiries.noted(name, "paused") for name in ("ses_1", "ses_far", "ses_0")]
        )

    assert asyncio.run(scenario()) == (2, [2, 1, 0])


def test_clearing_a_namespace_leaves_the_others(store):
    async def scenario():
        await store.write(_filled)
        cleared = await store.write(lambda unit: unit.clear("ns"))
        left = await store.read(
            lambda view: (
                view.inquiries.load("ses_far"),
                view.inquiries.share("shr_far"),
                view.inquiries.balance("far"),
            )
        )
        return cleared, await store.read(_everything), left

    cleared, gone, left = asyncio.run(scenario())
    assert cleared == (11, [])
    assert gone == ([], {}, [("far", "ses_far")], {}, None, [None, None], None, 0)
    assert left == (inquiry("ses_far", namespace="far"), share("shr_far", "ses_far", "far"), 8)


CHANGES = {
    "create": lambda unit: unit.inquiries.create(inquiry("ses_new")),
    "save": lambda unit: unit.inquiries.save(unit.inquiries.load("ses_1"), running(unit.inquiries.load("ses_1"))),
    "findings": lambda unit: unit.inquiries.keep_findings("ses_1", {"b": 2}),
    "share": lambda unit: unit.inquiries.add_share(share("shr_2")),
    "balance": lambda unit: unit.inquiries.set_balance("ns", 1),
    "clear": lambda unit: unit.clear("ns"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_raises_leaves_nothing_and_one_that_does_not_is_kept(store, name):
    def refused(unit):
        CHANGES[name](unit)
        raise LookupError("refused")

    async def scenario():
        await store.write(_filled)
        before = await store.read(_everything)
        with pytest.raises(LookupError):
            await store.write(refused)
        after = await store.read(_everything)
        await store.write(CHANGES[name])
        return before, after, await store.read(_everything)

    before, after, kept = asyncio.run(scenario())
    assert after == before
    assert kept != before


def test_a_directory_of_the_version_before_gets_the_tables(tmp_path):
    path = tmp_path / "scribe.sqlite"
    store = SqliteStore(path)

    def older(unit):
        for name in ("commissions", "findings", "shares", "balances", "inquiries"):
            unit.connection.exec_driver_sql(f"DROP TABLE scribe_{name}")
        unit.connection.exec_driver_sql("UPDATE scribe_meta SET value = '3' WHERE key = 'schema_version'")

    asyncio.run(store.write(older))
    store.close()
    store = SqliteStore(path)
    asyncio.run(store.write(_filled))
    assert len(asyncio.run(store.read(lambda view: view.inquiries.page(Sieve("ns", "lee"), limit=99, skip=0)))) == 10
    store.close()


def test_a_directory_with_what_was_asked_among_all_the_rest_is_brought_up(tmp_path):
    path = tmp_path / "scribe.sqlite"
    store = SqliteStore(path)

    def older(unit):
        run = unit.connection.exec_driver_sql
        run(
            "UPDATE scribe_inquiries SET told = json_set(told, '$.asked', json((SELECT told FROM scribe_commissions"
            " WHERE inquiry_id = id)))"
        )
        run("DROP TABLE scribe_commissions")
        run("UPDATE scribe_meta SET value = '4' WHERE key = 'schema_version'")

    asyncio.run(store.write(_filled))
    before = asyncio.run(store.read(lambda view: [view.inquiries.load(name) for name in ("ses_1", "ses_far")]))
    asyncio.run(store.write(older))
    store.close()
    store = SqliteStore(path)
    after = asyncio.run(store.read(lambda view: [view.inquiries.load(name) for name in ("ses_1", "ses_far")]))
    asyncio.run(store.write(lambda unit: unit.inquiries.save(after[0], running(after[0]))))
    saved = asyncio.run(store.read(lambda view: view.inquiries.load("ses_1")))
    store.close()
    assert after == before
    assert saved == running(before[0])


def test_what_was_asked_is_written_once_and_no_page_reads_it(tmp_path):
    store = SqliteStore(tmp_path / "scribe.sqlite")
    sent = []
    before = inquiry(asked=replace(ASKED, prompt="why " * 10))
    asyncio.run(store.write(lambda unit: unit.inquiries.create(before)))
    event.listen(store._engine, "before_cursor_execute", lambda *told: sent.append((told[2], str(told[3]))))
    asyncio.run(store.write(lambda unit: unit.inquiries.save(before, running(before))))
    page = asyncio.run(store.read(lambda view: view.inquiries.page(Sieve("ns", "lee"), limit=9, skip=0)))
    store.close()
    assert page == [running(before).entry]
    assert len(sent) == 2
    assert not [told for told in sent if "commissions" in told[0] or "why" in told[1]]


def test_a_page_and_its_counts_are_read_off_the_index(tmp_path):
    store = SqliteStore(tmp_path / "scribe.sqlite")

    def plans(unit):
        found = []
        ours = "FROM scribe_inquiries WHERE namespace='a' AND owner='b'"
        for statement in (
            f"SELECT id {ours} ORDER BY number LIMIT 20 OFFSET 40",
            f"SELECT state, kind, count(*) {ours} GROUP BY state, kind",
        ):
            found += [row[3] for row in unit.connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}")]
        return found

    told = asyncio.run(store.write(plans))
    store.close()
    covering = [line for line in told if "COVERING INDEX scribe_inquiries_by_owner" in line]
    assert len(covering) == 2, told
    assert not any("ORDER BY" in line for line in told), told


def test_the_latest_sessions_of_all_users_come_in_pages_and_by_what_is_looked_for(store):
    async def scenario():
        await store.write(_filled)

        def ids(**given):
            return store.read(lambda view: [each.id for each in view.inquiries.latest("ns", **given)])

        everything = await ids(limit=99)
        number = await store.read(lambda view: view.inquiries.number("ns"))
        seen, last = [], None
        while page := await store.read(lambda view, last=last: view.inquiries.latest("ns", limit=4, after=last)):
            seen += [each.id for each in page]
            last = page[-1]
        completed = await ids(limit=99, search=Search(states=frozenset({"completed"})))
        kims = await ids(limit=99, search=Search(words="KIM"))
        return everything, number, seen, completed, kims

    everything, number, seen, completed, kims = asyncio.run(scenario())
    assert len(everything) == number == 11
    assert seen == everything
    assert set(completed) < set(everything)
    assert completed
    assert kims == ["ses_other"]


def test_a_research_session_is_removed_with_all_that_is_its_own(store):
    def remove(unit):
        unit.note(inquiry("ses_1"), NOW, "deleted", {})
        unit.inquiries.remove(unit.inquiries.load("ses_1"))
        return unit.inquiries.load("ses_1"), unit.inquiries.findings("ses_1"), unit.inquiries.shares("ses_1")

    async def scenario():
        await store.write(_filled)
        gone = await store.write(remove)
        number = await store.read(lambda view: view.inquiries.number("ns"))
        left = number, await store.read(lambda view: [row.kind for row in view.history("ses_1")])
        return gone, left, await store.read(lambda view: view.inquiries.load("ses_other") is not None)

    assert asyncio.run(scenario()) == ((None, None, []), (10, ["deleted"]), True)
