"""A research service of its own making: short work, ids that are UUIDs, and its own way wherever none is told."""

from __future__ import annotations

import json
import secrets
import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from scribe_data.nesting import loads

from .exchange import Answer, Call, Refusal, read, write
from .folio import docx, markdown, pdf

if TYPE_CHECKING:
    from collections.abc import Callable

CLOCK_PATH = "/_peer/clock"
ROOT = "/api/v1/sessions"
KINDS = ("research", "analysis", "synthesis")
LEVELS = ("view", "edit", "collaborate")
NEEDED = {"comments": 1, "pause": 2, "resume": 2, "cancel": 2, "share": 3}
OVER = ("completed", "failed", "cancelled", "timeout")


@dataclass
class Inquiry:
    """One session: what is left of its work, in seconds of each stage, and what has happened to it."""

    owner: str
    prompt: str
    kind: str
    made: datetime
    looked: float
    name: str = field(default_factory=lambda: str(uuid.uuid4()))
    #: Seconds until it runs, and seconds of its work that are done.
    ahead: float = 0.0
    status: str = "queued"
    done: float = 0.0
    worked: timedelta = timedelta()
    seen: datetime | None = None
    events: list[dict[str, str]] = field(default_factory=list)
    remarks: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True)
class Share:
    """Who holds a secret, and what it opens until when; to whom it is meant."""

    name: str
    level: str
    until: datetime
    people: tuple[str, ...]


class Scholar:
    """A server that keeps every rule of the text, and has an answer of its own wherever there is none."""

    #: Seconds of waiting, setting up and working.
    waits, sets_up, works = 0.3, 0.3, 0.9
    limit: ClassVar[timedelta] = timedelta(minutes=50)
    header: ClassVar[str] = "authorization"
    #: What another user's session is answered with.
    foreign: ClassVar[tuple[int, str]] = (404, "session_not_found")
    unpausable: ClassVar[tuple[str, ...]] = ("synthesis",)
    usual_page, largest_page = 7, 25
    latest_first = False
    refunds = False
    #: Whether a resumed session waits for a place first.
    queues_again = True
    typeless: ClassVar[int] = 201

    def __init__(self) -> None:
        self.keys = {"key-of-one-1a2b3c4d5e6f": "one", "key-of-two-6f5e4d3c2b1a": "two"}
        self.inquiries: dict[str, Inquiry] = {}
        self.shares: dict[str, Share] = {}
        self._moved = timedelta()

    def key(self, user: str) -> str:
        return next(key for key, name in self.keys.items() if name == user)

    # Time and work

    def now(self) -> datetime:
        return datetime.now(UTC) + self._moved

    def settle(self, each: Inquiry) -> None:
        """Work on a session for the time since it was looked at; a clock that was moved counts for its limit."""
        spent, each.looked = monotonic() - each.looked, monotonic()
        now = self.now()
        passed, each.seen = now - (each.seen or each.made), now
        if each.status in (*OVER, "paused"):
            return
        waited = min(spent, each.ahead)
        each.ahead -= waited
        each.done = min(each.done + spent - waited, self.works)
        if each.status == "queued" and each.ahead <= self.sets_up:
            self.move(each, "initializing")
        if each.status == "initializing" and each.ahead <= 0:
            self.move(each, "running")
        each.worked += passed
        if each.worked >= self.limit:
            self.move(each, "timeout")
        elif each.status == "running" and each.done >= self.works:
            self.move(each, "completed")

    def move(self, each: Inquiry, status: str, what: str = "") -> None:
        each.status = status
        self.tell(each, what or status)

    def tell(self, each: Inquiry, what: str) -> None:
        each.events.append({"timestamp": stamp(self.now()), "event": what})

    # What it answers

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] != "http":
            return
        call = await read(scope, receive)
        try:
            answer = self.answered(call)
        except Refusal as refusal:
            answer = Answer(refusal.status, self.error(refusal))
        await write(send, answer)

    def error(self, refusal: Refusal) -> Any:
        told = {"error": refusal.code, "message": refusal.message, "code": refusal.status}
        return {**told, "timestamp": stamp(self.now())}

    def answered(self, call: Call) -> Answer:
        if call.path == CLOCK_PATH:
            return self.clock(call)
        if call.path.startswith("/s/"):
            return self.shared(call)
        user = self.user(call)
        if call.path == ROOT:
            if call.method not in ("GET", "POST"):
                raise Refusal(405, "method_not_allowed", "GET lists, POST makes")
            return self.list(call, user) if call.method == "GET" else self.create(call, user)
        name, _, what = call.path.removeprefix(f"{ROOT}/").partition("/")
        known = self.routes().get(what) if call.path.startswith(f"{ROOT}/") else None
        if known is None:
            raise Refusal(404, "not_found", "there is no such address")
        method, answer = known
        if call.method != method:
            raise Refusal(405, "method_not_allowed", f"{method} is wanted")
        return answer(call, self.found(name, user, what))

    def routes(self) -> dict[str, tuple[str, Callable[[Call, Inquiry], Answer]]]:
        return {
            "": ("GET", self.show),
            "cancel": ("POST", self.cancel),
            "pause": ("POST", self.pause),
            "resume": ("POST", self.resume),
            "results": ("GET", self.results),
            "export": ("GET", self.export),
            "metrics": ("GET", self.metrics),
            "history": ("GET", self.history),
            "share": ("POST", self.share),
            "comments": ("POST", self.comment),
        }

    def user(self, call: Call) -> str:
        key = call.headers.get(self.header, "").removeprefix("Bearer ")
        if key not in self.keys:
            raise Refusal(401, "who_are_you", "a key is needed")
        return self.keys[key]

    def found(self, name: str, user: str, what: str) -> Inquiry:
        each = self.inquiries.get(name)
        if each is None:
            raise Refusal(404, "session_not_found", "there is no such session")
        if each.owner != user and not self.let_in(each, user, what):
            raise Refusal(*self.foreign, "there is no such session")
        self.settle(each)
        return each

    def let_in(self, _each: Inquiry, _user: str, _what: str) -> bool:
        """Whether a share lets another user in with a key: who was sent its URL needs none."""
        return False

    def author(self, each: Inquiry) -> dict[str, str]:
        return {"name": each.owner}

    def clock(self, call: Call) -> Answer:
        if call.method == "POST":
            for each in self.inquiries.values():
                self.settle(each)
            self._moved += timedelta(seconds=json.loads(call.body)["advance_seconds"])
            for each in self.inquiries.values():
                self.settle(each)
        return Answer(200, {"now": stamp(self.now())})

    # Sessions

    def create(self, call: Call, user: str) -> Answer:
        told = given(call)
        text(told, "prompt")
        kind = told.get("session_type")
        if kind is None and self.typeless != 201:
            raise Refusal(self.typeless, "bad_input", "session_type is needed")
        if "session_type" in told and kind not in KINDS:
            raise Refusal(400, "bad_input", f"session_type is one of {', '.join(KINDS)}")
        for name in ("budget", "preferences", "metadata"):
            if not isinstance(told.get(name, {}), dict):
                raise Refusal(400, "bad_input", f"{name} is an object")
        each = Inquiry(user, told["prompt"], str(kind or "research"), self.now(), monotonic())
        each.ahead = self.waits + self.sets_up
        self.inquiries[each.name] = each
        self.tell(each, "ordered")
        estimate = {"low": "0.10", "high": "0.25", "currency": "EUR"}
        made = {"session_id": each.name, "status": each.status, "created_at": stamp(each.made)}
        return Answer(201, {**made, "estimated_duration": 1, "cost_estimate": estimate})

    def shown(self, each: Inquiry) -> dict[str, Any]:
        progress = 100 if each.status == "completed" else min(99, int(100 * each.done / self.works))
        told = {"session_id": each.name, "status": each.status, "progress": progress, "current_stage": each.status}
        told |= {"resource_usage": {"seconds": round(each.done, 3)}, "updated_at": each.events[-1]["timestamp"]}
        if each.status == "completed":
            told["results"] = self.found_out(each)
        return told

    def found_out(self, each: Inquiry) -> dict[str, Any]:
        return {"answer": f"Of {each.prompt!r} nothing is known for certain.", "kind": each.kind}

    def show(self, _call: Call, each: Inquiry) -> Answer:
        return Answer(200, self.shown(each))

    def list(self, call: Call, user: str) -> Answer:
        query = parse_qs(call.query, keep_blank_values=True)
        for each in self.inquiries.values():
            self.settle(each)
        kept = [each for each in self.inquiries.values() if each.owner == user]
        for name, value in (("status", "status"), ("session_type", "kind")):
            if name in query:
                kept = [each for each in kept if getattr(each, value) == query[name][0]]
        for name, sign in (("date_from", 1), ("date_to", -1)):
            if name in query:
                bound = moment(query[name][0])
                kept = [each for each in kept if (each.made - bound).total_seconds() * sign >= 0]
        page, limit = number(query, "page", 1), min(number(query, "limit", self.usual_page), self.largest_page)
        first = (page - 1) * limit
        kept = kept[::-1] if self.latest_first else kept
        entries = [self.entry(each) for each in kept[first : first + limit]]
        summary = {"by_status": Counter(each.status for each in kept)}
        return Answer(200, {"sessions": entries, "total_count": len(kept), "page": page, "summary": summary})

    def entry(self, each: Inquiry) -> dict[str, Any]:
        told = {"session_id": each.name, "status": each.status, "session_type": each.kind}
        return {**told, "created_at": stamp(each.made)}

    # Control

    def cancel(self, call: Call, each: Inquiry) -> Answer:
        told = given(call) if call.body else {}
        if not isinstance(told.get("reason", ""), str):
            raise Refusal(400, "bad_input", "reason is a text")
        if each.status in OVER:
            raise Refusal(400, "session_cannot_be_cancelled", f"it is {each.status}")
        self.move(each, "cancelled")
        answer = {"session_id": each.name, "status": each.status}
        if self.refunds:
            used = Decimal("0.25") * Decimal(each.done / self.works)
            answer["refund_amount"] = str(round(Decimal("0.25") - used, 4))
        return Answer(200, answer)

    def pause(self, _call: Call, each: Inquiry) -> Answer:
        if each.status != "running" or each.kind in self.unpausable:
            raise Refusal(400, "it_goes_on", f"a session that is {each.status} and {each.kind} has no pause")
        self.move(each, "paused")
        return Answer(200)

    def resume(self, _call: Call, each: Inquiry) -> Answer:
        if each.status != "paused":
            raise Refusal(400, "it_stands_not", f"it is {each.status}")
        self.move(each, "queued" if self.queues_again else "running", "resumed")
        each.ahead = self.waits + self.sets_up if self.queues_again else 0.0
        return Answer(200)

    # What came of it

    def results(self, call: Call, each: Inquiry) -> Answer:
        query = parse_qs(call.query)
        if each.status != "completed":
            raise Refusal(404, "nothing_yet", f"it is {each.status}")
        form = query.get("format", ["json"])[0]
        if form in ("markdown", "pdf"):
            return self.file(form, each)
        told = {
            "session_id": each.name,
            "results": self.found_out(each),
            "summary": "Nothing is known.",
            "citations": [],
        }
        if query.get("include_metadata", ["true"])[0] != "false":
            told["execution_metadata"] = {"seconds": round(each.done, 3)}
        return Answer(200, {**told, "confidence_score": 0.5})

    def file(self, form: str, each: Inquiry) -> Answer:
        title = f"On {each.prompt}"
        made, kind = {
            "pdf": lambda: (pdf(title), "application/pdf"),
            "docx": lambda: (docx(title), "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            "markdown": lambda: (markdown(title), "text/markdown; charset=utf-8"),
        }[form]()
        named = {"content-type": kind, "content-disposition": f'attachment; filename="{each.name}.{form}"'}
        return Answer(200, body=made, headers=named)

    def export(self, call: Call, each: Inquiry) -> Answer:
        query = parse_qs(call.query)
        form = query.get("format", ["pdf"])[0]
        if form not in ("pdf", "docx", "markdown", "json"):
            raise Refusal(400, "bad_input", "format is pdf, docx, markdown or json")
        if each.status != "completed":
            raise Refusal(404, "nothing_yet", f"it is {each.status}")
        if form != "json":
            return self.file(form, each)
        told = {"of": each.name, "results": self.found_out(each)}
        if query.get("include_raw_data", ["false"])[0] == "true":
            told["raw"] = each.events
        return Answer(200, told)

    def metrics(self, _call: Call, each: Inquiry) -> Answer:
        usage = {"resource_usage": {"seconds": round(each.done, 3)}, "cost_breakdown": {"work": "0.25"}}
        return Answer(
            200, {"execution_time": int(each.done), **usage, "performance_metrics": {}, "efficiency_score": 1}
        )

    def history(self, _call: Call, each: Inquiry) -> Answer:
        empty = {"stage_transitions": [], "resource_allocations": [], "decision_points": []}
        return Answer(200, {"session_id": each.name, "timeline": each.events, **empty})

    # Others

    def share(self, call: Call, each: Inquiry) -> Answer:
        told = given(call)
        people, level = told.get("recipients"), told.get("permissions")
        if not isinstance(people, list) or not people or not all(isinstance(one, str) and one for one in people):
            raise Refusal(400, "bad_input", "recipients are those who get in")
        if level not in LEVELS:
            raise Refusal(400, "bad_input", f"permissions is one of {', '.join(LEVELS)}")
        if not isinstance(told.get("message", ""), str):
            raise Refusal(400, "bad_input", "message is a text")
        until = self.now() + timedelta(days=7)
        if "expiration" in told:
            until = moment(told["expiration"])
            if until <= self.now():
                raise Refusal(400, "bad_input", "expiration lies in the past")
        secret = secrets.token_urlsafe(24)
        self.shares[secret] = Share(each.name, level, until, tuple(people))
        known = {"share_id": str(uuid.uuid4()), "share_url": f"{call.origin}/s/{secret}"}
        return Answer(201, {**known, "recipients": list(dict.fromkeys(people)), "expires_at": stamp(until)})

    def shared(self, call: Call) -> Answer:
        secret, _, what = call.path.removeprefix("/s/").partition("/")
        share = self.shares.get(secret)
        if share is None or share.until <= self.now():
            raise Refusal(404, "session_not_found", "nothing is shared here")
        each, allowed = self.inquiries[share.name], LEVELS.index(share.level)
        self.settle(each)
        needed = NEEDED.get(what, 0)
        known = self.routes().get(what)
        if known is None or call.method != known[0]:
            raise Refusal(404, "not_found", "there is no such address")
        if allowed < needed:
            raise Refusal(403, "session_not_accessible", f"a share to {share.level} does not allow this")
        return known[1](call, each)

    def comment(self, call: Call, each: Inquiry) -> Answer:
        told = given(call)
        text(told, "content")
        if told.get("comment_type", "note") not in ("note", "question", "insight"):
            raise Refusal(400, "bad_input", "comment_type is note, question or insight")
        if not isinstance(told.get("reference_point", ""), str):
            raise Refusal(400, "bad_input", "reference_point is a text")
        remark = {"comment_id": secrets.token_hex(4), "content": told["content"], "author": self.author(each)}
        each.remarks.append({**remark, "created_at": stamp(self.now())})
        return Answer(201, each.remarks[-1])


class Reader(Scholar):
    """Another one: a key in a header of its own, sessions of others forbidden, refunds told, a type wanted.

    Users have numbers, by which sessions are shared with them; the URL of a share leads to a page that wants a login.
    """

    header = "x-api-key"
    foreign = (403, "session_not_accessible")
    unpausable = ()
    refunds, queues_again, typeless = True, False, 400
    usual_page, largest_page = 50, 500
    latest_first = True

    def author(self, each: Inquiry) -> dict[str, str]:
        return {"name": "Somebody", "id": numbered(each.owner)}

    def let_in(self, each: Inquiry, user: str, what: str) -> bool:
        return any(
            share.name == each.name
            and numbered(user) in share.people
            and share.until > self.now()
            and LEVELS.index(share.level) >= NEEDED.get(what, 0)
            for share in self.shares.values()
        )

    def shared(self, _call: Call) -> Answer:
        raise Refusal(401, "who_are_you", "a login is needed")


def numbered(user: str) -> str:
    return f"usr-{100 + len(user) * 7 + ord(user[0])}"


def given(call: Call) -> dict[str, Any]:
    try:
        told = loads(call.body)
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Refusal(400, "bad_input", "an object is wanted")
    return told


def text(told: dict[str, Any], name: str) -> None:
    if not isinstance(told.get(name), str) or not told[name].strip():
        raise Refusal(400, "bad_input", f"{name} is needed")


def number(query: dict[str, list[str]], name: str, usual: int) -> int:
    told = query.get(name, [str(usual)])[0]
    if not told.isascii() or not told.isdecimal() or int(told[:9]) < 1:
        raise Refusal(400, "bad_input", f"{name} is a number from 1 on")
    return int(told[:9])


def moment(told: object) -> datetime:
    """A moment with its zone; nothing else is taken."""
    try:
        found = datetime.fromisoformat(str(told))
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise Refusal(400, "bad_input", "a date has its time and its zone")
    return found


def stamp(at: datetime) -> str:
    return at.isoformat()
