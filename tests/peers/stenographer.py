"""A service of realtime sessions of its own: it hears how loud it is, and keeps what it hears as the text says."""

from __future__ import annotations

import io
import json
import uuid
import wave
from array import array
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs

from .exchange import Answer, Call, Refusal, read, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .exchange import Receive, Send

STREAM = "/v1/audio/transcriptions/stream"
ROOT = "/v1/realtime/sessions"
SIZES = {"pcm_s16le": 2, "pcm_f32le": 4, "mulaw": 1, "alaw": 1}
FLAGS = ("store_audio", "store_transcript", "enhance_on_end")
#: Seconds of one look at the audio, and of the longest utterance.
LOOK, LONGEST = 0.25, 2.0
WORDS = ("hush", "low", "plain", "clear", "loud", "shout")


@dataclass
class Utterance:
    start: float
    end: float
    words: list[dict[str, Any]]

    @property
    def text(self) -> str:
        return " ".join(word["word"] for word in self.words)

    @property
    def sure(self) -> float:
        return 0.5


@dataclass
class Session:
    """One session: who owns it, how it was asked for, what came, and what was told."""

    owner: str
    query: dict[str, str]
    name: str = ""
    status: str = "active"
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended: datetime | None = None
    previous: str | None = None
    size: int = 0
    samples: array[int] = field(default_factory=lambda: array("h"))
    told: list[Utterance] = field(default_factory=list)
    looked: int = 0
    open: list[dict[str, Any]] = field(default_factory=list)
    job: str | None = None

    def flag(self, name: str) -> bool:
        return self.query.get(name, "false").lower() in ("true", "1", "yes")

    @property
    def encoding(self) -> str:
        return self.query.get("encoding", "pcm_s16le")

    @property
    def rate(self) -> int:
        return int(self.query.get("sample_rate", "16000"))

    @property
    def seconds(self) -> float:
        return self.size / SIZES[self.encoding] / self.rate

    def take(self, message: bytes) -> None:
        """Keep what came as 16 bit."""
        self.size += len(message)
        if self.encoding == "pcm_s16le":
            self.samples.frombytes(message)
        elif self.encoding == "pcm_f32le":
            self.samples.extend(max(-32768, min(32767, int(each * 32767))) for each in array("f", message))
        else:
            self.samples.extend(map(_expanded, message))


class Stenographer:
    """A server that keeps every rule of the text, and has an answer of its own wherever there is none."""

    revision: ClassVar[str] = "2026-02-11"
    foreign: ClassVar[int] = 403
    worker: ClassVar[str | None] = "booth-3"
    #: Whether a predecessor is deleted, and its link cleared.
    unlinks = True

    def __init__(self) -> None:
        self.keys = {"key-of-one-1a2b3c4d5e6f": "one", "key-of-two-6f5e4d3c2b1a": "two"}
        self.sessions: dict[str, Session] = {}

    def key(self, tenant: str) -> str:
        return next(key for key, name in self.keys.items() if name == tenant)

    def new_name(self) -> str:
        return str(uuid.uuid4())

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            return await self.listen(scope, receive, send)
        if scope["type"] != "http":
            return None
        call = await read(scope, receive)
        try:
            answer = self.answered(call)
        except Refusal as refusal:
            answer = Answer(refusal.status, self.error(refusal))
        return await write(send, answer)

    def error(self, refusal: Refusal) -> Any:
        return {"detail": refusal.message}

    # The socket

    async def listen(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        await receive()
        headers = {name.decode().lower(): value.decode() for name, value in scope["headers"]}
        query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
        key = headers.get("authorization", "").removeprefix("Bearer ") or query.get("token") or query.get("api_key", "")
        await send({"type": "websocket.accept"})
        code = self.wrong(key, query)
        if code is not None:
            return await send({"type": "websocket.close", "code": code[0], "reason": code[1]})
        session = self.begin(self.keys[key], query)
        try:
            await self.say(send, self.begun(session))
            await self.heed(session, receive, send)
        except OSError:  # who is gone cannot be told anything
            pass
        finally:
            if session.status == "active":
                self.over(session, self.left_as(1006))

    def wrong(self, key: str, query: dict[str, str]) -> tuple[int, str] | None:
        if key not in self.keys:
            return 4001, "a key is needed"
        flags = [query.get(name, "false").lower() for name in FLAGS]
        rate = query.get("sample_rate", "16000")
        if (
            set(flags) - {"true", "false", "1", "0"}
            or not rate.isdecimal()
            or query.get("encoding", "mulaw") not in SIZES
        ):
            return 4400, "a parameter is wrong"
        if flags[2] == "true" and flags[0] != "true":
            return 4400, "a job needs audio"
        former = self.sessions.get(query.get("resume_session_id", ""))
        if "resume_session_id" in query and (former is None or former.owner != self.keys[key]):
            return 4400, "there is no such session"
        return None

    def begin(self, tenant: str, query: dict[str, str]) -> Session:
        session = Session(tenant, query, self.new_name(), previous=query.get("resume_session_id"))
        self.sessions[session.name] = session
        return session

    def begun(self, session: Session) -> dict[str, Any]:
        told = {"type": "session.begin", "session_id": session.name}
        return told if session.previous is None else {**told, "resumed_from": session.previous}

    async def say(self, send: Send, document: dict[str, Any]) -> None:
        await send({"type": "websocket.send", "text": json.dumps(document)})

    async def heed(self, session: Session, receive: Receive, send: Send) -> None:
        while (message := await receive())["type"] == "websocket.receive":
            if message.get("bytes") is not None:
                session.take(message["bytes"])
                for each in self.hear(session):
                    await self.say(send, self.final(each))
                continue
            try:
                said = json.loads(message["text"]).get("type")
            except (ValueError, AttributeError):
                said = None
            if said == "end":
                for each in self.hear(session, whole=True):
                    await self.say(send, self.final(each))
                self.over(session, "completed")
                await self.say(send, {"type": "session.end", "session_id": session.name, "segments": []})
                return await send({"type": "websocket.close", "code": 1000})
            if said not in ("config", "flush", "clear"):
                told = {"type": "error", "code": "invalid_message", "message": "what is that?", "recoverable": True}
                await self.say(send, told)
        list(self.hear(session, whole=True))  # nobody is there to be told
        return self.over(session, self.left_as(message.get("code", 1006)))

    def left_as(self, code: int) -> str:
        return "completed" if code == 1000 else "interrupted"

    def over(self, session: Session, status: str) -> None:
        session.status, session.ended = status, datetime.now(UTC)
        if session.flag("enhance_on_end"):
            session.job = f"job-{uuid.uuid4().hex[:8]}"

    def hear(self, session: Session, *, whole: bool = False) -> Iterator[Utterance]:
        """Utterances that are over by now: one ends with a quiet look, or when it is long."""
        size, samples = int(session.rate * LOOK), session.samples
        for at in range(session.looked, len(samples) // size):
            session.looked = at + 1
            piece = samples[at * size : (at + 1) * size]
            loud = sum(map(abs, piece)) / len(piece)
            if loud > 200:
                word = WORDS[min(len(WORDS) - 1, int(loud // 600))]
                begin = round(at * LOOK, 3)
                session.open.append({"word": word, "start": begin, "end": begin + LOOK, "confidence": 0.5})
            if session.open and (loud <= 200 or len(session.open) * LOOK >= LONGEST):
                yield self.uttered(session)
        if whole and session.open:
            yield self.uttered(session)

    def uttered(self, session: Session) -> Utterance:
        made = Utterance(session.open[0]["start"], session.open[-1]["end"], list(session.open))
        session.open.clear()
        session.told.append(made)
        return made

    def final(self, each: Utterance) -> dict[str, Any]:
        return {
            "type": "transcript.final", "text": each.text, "start": each.start, "end": each.end,
            "confidence": each.sure, "words": each.words,
        }  # fmt: skip

    # REST

    def answered(self, call: Call) -> Answer:
        if call.path == STREAM:
            raise Refusal(426, "", "this is a socket")
        tenant = self.tenant(call)
        if call.path == ROOT:
            return self.list(call, tenant)
        if not call.path.startswith(f"{ROOT}/"):
            raise Refusal(404, "", "there is no such address")
        name, _, what = call.path.removeprefix(f"{ROOT}/").partition("/")
        answer = self.routes().get((call.method, what))
        if answer is None:
            raise Refusal(405 if what in ("", "audio", "transcript") else 404, "", "there is no such thing to do")
        return answer(call, self.found(name, tenant))

    def routes(self) -> dict[tuple[str, str], Callable[[Call, Session], Answer]]:
        return {
            ("GET", ""): lambda _, each: Answer(200, self.details(each)),
            ("DELETE", ""): self.delete,
            ("GET", "audio"): self.download,
            ("GET", "transcript"): lambda _, each: Answer(200, self.transcript(each)),
        }

    def tenant(self, call: Call) -> str:
        key = call.headers.get("authorization", "").removeprefix("Bearer ")
        if key not in self.keys:
            raise Refusal(401, "", "a key is needed")
        return self.keys[key]

    def found(self, name: str, tenant: str) -> Session:
        session = self.sessions.get(name)
        if session is None:
            raise Refusal(404, "", "there is no such session")
        if session.owner != tenant:
            raise Refusal(self.foreign, "", "there is no such session")
        return session

    def item(self, each: Session) -> dict[str, Any]:
        return {
            "id": each.name, "status": each.status, "language": each.query.get("language", "auto"),
            "model": each.query.get("model"), "audio_duration_seconds": round(each.seconds, 3),
            **self.counted(each), "started_at": stamp(each.started),
            "ended_at": stamp(each.ended) if each.ended else None, **self.flags(each),
        }  # fmt: skip

    def counted(self, each: Session) -> dict[str, Any]:
        return {"utterance_count": len(each.told), "word_count": sum(len(one.words) for one in each.told)}

    def flags(self, each: Session) -> dict[str, Any]:
        return {name: each.flag(name) for name in FLAGS[:2]}

    def details(self, each: Session) -> dict[str, Any]:
        kept = each.status != "active"
        return self.item(each) | {
            "encoding": each.encoding, "sample_rate": each.rate, "enhance_on_end": each.flag("enhance_on_end"),
            "audio_uri": f"tape:{each.name}" if kept and self.has_audio(each) else None,
            "transcript_uri": f"paper:{each.name}" if kept and self.has_transcript(each) else None,
            "worker_id": self.worker, "client_ip": "127.0.0.1", "previous_session_id": each.previous,
            "enhancement_job_id": each.job,
        }  # fmt: skip

    def has_audio(self, each: Session) -> bool:
        return each.flag("store_audio") and bool(each.size)

    def has_transcript(self, each: Session) -> bool:
        return each.flag("store_transcript")

    def file(self, each: Session) -> bytes:
        samples, times = each.samples, 16000 // each.rate
        if times > 1:
            samples = array("h", (sample for sample in samples for _ in range(times)))
        out = io.BytesIO()
        with wave.open(out, "wb") as file:
            file.setparams((1, 2, 16000, 0, "NONE", ""))
            file.writeframes(samples.tobytes())
        return out.getvalue()

    def download(self, call: Call, each: Session) -> Answer:
        if each.status == "active" or not self.has_audio(each):
            raise Refusal(404, "", "no audio is kept")
        whole, wanted = self.file(each), call.headers.get("range", "")
        headers = {"content-type": "audio/wav", "accept-ranges": "bytes"}
        if not wanted.startswith("bytes=0-"):
            return Answer(200, headers=headers, body=whole)
        last = int(wanted.removeprefix("bytes=0-") or len(whole) - 1)
        headers["content-range"] = f"bytes 0-{last}/{len(whole)}"
        return Answer(206, headers=headers, body=whole[: last + 1])

    def transcript(self, each: Session) -> dict[str, Any]:
        if each.status == "active" or not self.has_transcript(each):
            raise Refusal(404, "", "no transcript is kept")
        said = [
            {"id": at, "start": one.start, "end": one.end, "text": one.text, "confidence": one.sure, "words": one.words}
            for at, one in enumerate(each.told)
        ]
        told = {"created_at": stamp(each.ended or each.started), "worker_id": self.worker}
        return {
            "session_id": each.name, "language": each.query.get("language", "auto"), "model": each.query.get("model"),
            "duration_seconds": round(each.seconds, 3), "text": "\n".join(one.text for one in each.told),
            "utterances": said, "metadata": {**told, "encoding": each.encoding, "sample_rate": each.rate},
        }  # fmt: skip

    def delete(self, _call: Call, each: Session) -> Answer:
        if each.status == "active":
            raise Refusal(409, "", "it is still going on")
        later = [other for other in self.sessions.values() if other.previous == each.name]
        if later and not self.unlinks:
            raise Refusal(409, "", "another session goes on from it")
        for other in later:
            other.previous = None
        del self.sessions[each.name]
        return Answer(200, {"deleted": True, "session_id": each.name})

    def listed(self, call: Call, tenant: str) -> tuple[list[Session], dict[str, str]]:
        """The sessions that the filters leave, the latest first."""
        if call.method != "GET":
            raise Refusal(405, "", "sessions are listed")
        query = {name: values[0] for name, values in parse_qs(call.query).items()}
        kept = sorted((s for s in self.sessions.values() if s.owner == tenant), key=lambda s: s.started, reverse=True)
        if query.get("status", "active") not in ("active", "completed", "interrupted", "error"):
            raise Refusal(422, "", "there is no such status")
        if "status" in query:
            kept = [each for each in kept if each.status == query["status"]]
        if "since" in query:
            kept = [each for each in kept if each.started > moment(query["since"])]
        if "until" in query:
            kept = [each for each in kept if each.started < moment(query["until"])]
        if not query.get("limit", "50").isdecimal() or not 1 <= int(query.get("limit", "50")) <= 200:
            raise Refusal(422, "", "limit is a number of sessions")
        return kept, query

    def list(self, call: Call, tenant: str) -> Answer:
        kept, query = self.listed(call, tenant)
        limit, offset = int(query.get("limit", "50")), int(query.get("offset", "0"))
        page = [self.item(each) for each in kept[offset : offset + limit]]
        return Answer(200, {"sessions": page, "total": len(kept), "limit": limit, "offset": offset})


def stamp(when: datetime) -> str:
    return when.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Refusal(422, "", f"{text} is no moment") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _expanded(code: int) -> int:
    """A sample of ITU-T G.711 mu-law."""
    code = ~code & 0xFF
    value = ((code & 0x0F) << 3) + 0x84 << ((code & 0x70) >> 4)
    return 0x84 - value if code & 0x80 else value - 0x84
