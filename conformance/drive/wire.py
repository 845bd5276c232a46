"""The one place that talks HTTP: adds credentials, bounds time and size, and has every exchange recorded."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from contextlib import AsyncExitStack
from copy import copy
from dataclasses import dataclass
from http.cookiejar import CookieJar, DefaultCookiePolicy
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

import httpx
from websockets.exceptions import WebSocketException

from conformance.drive.allowance import Allowance
from conformance.drive.budget import BudgetSpent
from conformance.drive.conversation import Conversation
from conformance.drive.course import Course
from conformance.drive.handshake import Unable, Witness, context_for
from conformance.drive.socket import Refused, inside, networked, talk
from conformance.drive.token import token
from conformance.evidence.exchange import Response
from conformance.evidence.handshake import Handshake
from conformance.evidence.redaction import KEY, is_short
from conformance.target import BadOption, split_origin
from conformance.version import suite_version
from conformance.vocabulary.operation import Credential

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from conformance.drive.budget import Budget
    from conformance.drive.handle import Handle
    from conformance.drive.socket import Line, Message
    from conformance.evidence import Exchange, Label, Offer
    from conformance.evidence.recorder import Recorder
    from conformance.evidence.socket import Socket, Turn
    from conformance.target import Options
    from scribe_data import Spec

#: The name of a spelling.
Spelling = str

#: What is read of an answer: more than any transcript needs, less than hurts.
ANSWER_BOUND = 8 * 1024 * 1024
#: Seconds the whole run stands still for one 429: one path that is always throttled must not stop the others.
LONGEST_HOLD = 5.0
_LOOPBACK = ("all://127.0.0.1", "all://localhost", "all://[::1]")
#: Places for reads that a target holds back, which would leave none for anything else.
PLACES_ASIDE = 32
#: Seconds that a client gives a service to close a socket once it has said that all is said.
CLOSED_WITHIN = 10.0
#: Idle connections are dropped before common servers drop them, so that no request meets a closing one.
KEEPALIVE = 1.0
#: Bytes of a piece of a body that goes without its length: small enough that every body is several.
_PIECE = 64


def spellings(text: Spec) -> tuple[Spelling, ...]:
    """The spellings of an API key that a text has (E47), the most usual first."""
    return tuple(text.protocol.credentials)


def spell(text: Spec, spelling: Spelling, key: str) -> tuple[str, str]:
    """The header that carries a key."""
    known = text.protocol.credentials[spelling]
    return known.header, known.value.replace("{key}", key)


@dataclass(frozen=True)
class Heard:
    """A recorded exchange, and the answer as it really came: what the kit drives by may hold a key."""

    exchange: Exchange
    answer: Response | None
    #: How often the key had been renewed when this was asked.
    renewals: int = 0
    #: Whether the connection broke before the answer was whole.
    broke: bool = False
    #: Whether this refuses a repeat, and the target may have done what was asked the first time.
    unsure: bool = False


class Wire:
    """An HTTP client that never sends a key to a foreign origin, follows no redirect and keeps no cookie."""

    def __init__(self, options: Options, recorder: Recorder, budget: Budget) -> None:
        self.options = options
        self.recorder = recorder
        self.budget = budget
        self.spelling: Spelling = spellings(options.text)[0]
        self.course = Course()
        self._allowance = Allowance(options.rate, options.max_requests)
        #: Every session that was made, whatever became of it.
        self.made: list[Handle] = []
        #: Session id -> its socket, where a session is one that is open.
        self.calls: dict[str, Conversation] = {}
        #: Sockets on their way to be open.
        self.opening = 0
        #: How often a command gave a new key during the run.
        self.renewals = 0
        #: W3C Trace Context: one for the run; every exchange is a span of its own in it.
        self.trace_id = secrets.token_hex(16)
        self._places = asyncio.Semaphore(options.concurrency)
        self._aside = asyncio.Semaphore(PLACES_ASIDE)
        self._own = {split_origin(url) for url in (options.target, *options.extra_origins)}
        made_up = hashlib.sha256(f"nobody's key {options.seed}".encode()).hexdigest()[:32]
        self._keys: dict[str, str | None] = {
            "right": options.api_key,
            "second": options.second_api_key,
            "wrong": f"nobody_{made_up}",
        }
        self._client = self._connecting(options.tls())

    def _connecting(self, verify: ssl.SSLContext | bool) -> httpx.AsyncClient:
        """A client with connections of its own."""
        transport = self.options.transport
        return httpx.AsyncClient(
            transport=transport,
            # proxies and CAs as the environment names them; a loopback is nobody's to pass on
            trust_env=True,
            mounts=dict.fromkeys(_LOOPBACK) if transport is None else None,
            verify=verify,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
            follow_redirects=False,
            timeout=None,  # noqa: S113 - `exchange` bounds the whole, which also stops a server that drips bytes
            limits=httpx.Limits(max_connections=64, keepalive_expiry=KEEPALIVE),
            headers={
                "User-Agent": f"scribe-conformance/{suite_version()}",
                "Accept": "application/json, */*;q=0.1",
            },
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for call in self.calls.values():
            await call.drop()
        await self._client.aclose()

    @property
    def held(self) -> int:
        """How many sockets of sessions are open, or about to be."""
        return self.opening + sum(not call.is_over for call in self.calls.values())

    @property
    def key(self) -> str:
        """The tester's key as it is now."""
        return self._keys["right"] or ""

    @property
    def throttled(self) -> bool:
        """Whether any answer of the run was 429."""
        return self.course.throttled

    def apart(self, recorder: Recorder) -> Wire:
        """The same wire with a record of its own: what goes over it is no part of the run's evidence."""
        other = copy(self)
        other.recorder, other.made = recorder, []
        return other

    @property
    def short_keys(self) -> tuple[str, ...]:
        """The options whose key may be a part of ordinary words."""
        printed = self.options.token_command is not None and is_short(self.key)
        return (*self.options.short_keys, *([self.options.named("token-command")] if printed else ()))

    async def renew(self) -> None:
        """Have the operator's command print a new key and go on with it; raises BadOption where it does not."""
        key = await token(self.options)
        if key == self.options.second_api_key:
            told = f"{self.options.named('token-command')} prints the key of {self.options.named('second-api-key')}"
            raise BadOption(f"{told}: it must belong to another client")
        self.options.redactor.learn(KEY, key)
        self._keys["right"] = key
        self.renewals += 1

    def trust(self, url: str) -> None:
        """Count the origin of a URL as the service's own (rule 8)."""
        self._own.add(split_origin(url))

    def hold(self, seconds: float) -> None:
        """Send nothing for so long, within bounds: who is throttled and goes on asking is throttled again."""
        self.course.resumed = max(self.course.resumed, monotonic() + min(seconds, LONGEST_HOLD))

    @property
    def origins(self) -> list[str]:
        """The origins that count as the service's own, as text."""
        return sorted("{}://{}:{}".format(*origin) for origin in self._own if origin is not None)

    def owns(self, url: str) -> bool:
        """Whether a URL lies on an origin of the service."""
        origin = split_origin(url)
        return origin is not None and origin in self._own

    def credentials(self, url: str, credential: Credential, spelling: Spelling | None = None) -> dict[str, str]:
        """The headers that carry a credential; none for a foreign origin, whatever was asked."""
        if credential == Credential.NONE or not self.owns(url):
            return {}
        key = self._keys["right" if credential == Credential.OTHER_USER else credential]
        if key is None:
            raise ValueError(f"there is no {credential} credential in this run")
        name, value = spell(self.options.text, spelling or self.spelling, key)
        return {name: value}

    async def exchange(
        self,
        label: Label,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: float | None = None,  # noqa: ASYNC109 - one bound over connect, send and read, in one place
        aside: bool = False,
    ) -> Heard:
        """Send one request and record what came of it; trouble on the way is recorded, never raised.

        Waits for one of the run's places first: `concurrency` bounds what is on its way at a time, not what waits for
        a result; what is sent `aside` has places of its own. Raises BudgetSpent when the run's time is over, and
        RunEnded when its requests are; an exchange that is cut off is not graded.
        """
        async with self._aside if aside else self._places:
            await self._turn(label)
            heard: Heard | None = None
            try:
                heard = await self._exchange(label, method, url, headers=headers, content=content, timeout=timeout)
            finally:
                self._allowance.give_back(label, heard.exchange if heard else None)
            return heard

    async def _turn(self, label: Label) -> None:
        """Wait until the next request may go out; raises BudgetSpent and RunEnded when none may any more."""
        while (rest := self.course.resumed - monotonic()) > 0:
            await self.budget.pause(rest)
        if (rest := self._allowance.wait()) > 0:
            await self.budget.pause(rest)
        self.budget.check()
        self._allowance.take(label)

    async def look(self, label: Label, url: str, offer: Offer | None) -> Exchange:
        """GET an address over a connection of its own, with nothing that is secret, and keep how it was secured.

        `offer` is what is offered of TLS; None where the address is one of plain HTTP. Raises BudgetSpent.
        """
        async with self._places:
            await self._turn(label)
            try:
                verify = context_for(self.options, offer) if offer else False
            except Unable as unable:
                pending = self.recorder.begin(label, "GET", url, (), b"")
                seen = Handshake(offer, "unknown", trouble=str(unable)) if offer else None
                return self.recorder.troubled(pending, str(unable), handshake=seen)
            async with self._connecting(verify) as client:
                first = self.options.first_timeout
                heard = await self._exchange(label, "GET", url, timeout=first, client=client, witness=Witness(offer))
                return heard.exchange

    async def speak(
        self, label: Label, url: str, messages: Sequence[Message], *, apart: float, turns: Sequence[Turn] = ()
    ) -> Exchange:
        """Open a socket, send messages so many seconds apart and see how it is closed; no key goes along.

        The id in the address is the credential of a stream. Trouble is recorded, never raised; raises BudgetSpent, and
        RunEnded where no request may be sent any more.
        """

        async def said(way: AbstractAsyncContextManager[Line]) -> Socket:
            async with way as line:
                patience = min(CLOSED_WITHIN, self.budget.left)
                return await talk(line, messages, apart=apart, patience=patience, turns=turns)

        allowed = self.options.request_timeout + apart * len(messages)
        return await self._over(label, url, {}, allowed + CLOSED_WITHIN, said)

    async def converse(
        self, label: Label, url: str, headers: Mapping[str, str], welcomed: Callable[[tuple[dict[str, Any], ...]], bool]
    ) -> tuple[Exchange, Conversation | None]:
        """Open a socket that stays open, and wait until what the service said is a welcome, or it is closed.

        The exchange has the socket up to there; no conversation where there was no welcome. As `speak` else.
        """
        begun: list[Conversation] = []

        async def opened(way: AbstractAsyncContextManager[Line]) -> Socket:
            stack = AsyncExitStack()
            line = await stack.enter_async_context(way)
            begun.append(Conversation(url, headers, line, stack))
            await begun[0].until(welcomed, min(self.options.request_timeout, self.budget.left))
            return begun[0].seen()

        exchange = await self._over(label, url, headers, self.options.request_timeout * 2, opened)
        for call in begun:
            if exchange.socket is not None and not call.is_over and welcomed(call.messages):
                return exchange, call
            await call.drop()
        return exchange, None

    async def _over(
        self,
        label: Label,
        url: str,
        headers: Mapping[str, str],
        allowed: float,
        talking: Callable[[AbstractAsyncContextManager[Line]], Awaitable[Socket]],
    ) -> Exchange:
        """What came of talking over a socket of this address, within so many seconds."""
        async with self._places:
            await self._turn(label)
            own = (dict(self.options.headers) | dict(headers)) if self.owns(url.replace("ws", "http", 1)) else {}
            pending = self.recorder.begin(label, "GET", url, list(own.items()), b"")
            app = getattr(self.options.transport, "app", None)
            if app is None and self.options.transport is not None:
                return self.recorder.troubled(pending, "the transport of this run has no sockets", graded=False)
            way = networked(url, own, self.options.tls()) if app is None else inside(app, url, own)
            try:
                async with asyncio.timeout(min(allowed, self.budget.left)):
                    seen = await talking(way)
            except Refused as refused:
                told = refused.response
                return self.recorder.answered(pending, told.status, told.headers, told.body)
            except TimeoutError:
                if self.budget.left <= 0:
                    self.recorder.troubled(pending, "cut off: the time of the run was over", graded=False)
                    raise BudgetSpent from None
                return self.recorder.troubled(pending, f"no end of the socket within {allowed:g} s")
            except asyncio.CancelledError:
                self.recorder.troubled(pending, "cut off: the run was broken off", graded=False)
                raise
            except (OSError, WebSocketException, ValueError) as error:
                return self.recorder.troubled(pending, f"no socket came about: {error}")
            return self.recorder.answered(pending, 101, (), b"", socket=seen)

    async def _exchange(
        self,
        label: Label,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes = b"",
        timeout: float | None = None,  # noqa: ASYNC109 - as above
        client: httpx.AsyncClient | None = None,
        witness: Witness | None = None,
    ) -> Heard:
        # what the operator gives along may be a key to a gateway, and is for the service alone
        own = self.options.headers if client is None and self.owns(url) else ()
        meant = {name.lower() for name in headers or {}}
        added = {name: value for name, value in own if name.lower() not in meant}
        if not any(name.lower() == "traceparent" for name in (*added, *meant)):
            added = {"traceparent": self._span(), **added}
        given = [(name.encode(), value.encode("utf-8")) for name, value in (added | dict(headers or {})).items()]
        client = client or self._client
        try:
            seen = {"trace": witness} if witness else {}
            carried = _carried(content, headers or {})
            request = client.build_request(method, url, headers=given, content=carried, extensions=seen)
        except (httpx.InvalidURL, ValueError, TypeError) as error:
            pending = self.recorder.begin(label, method, url, (), content)
            return Heard(self.recorder.troubled(pending, f"no request could be made for this URL: {error}"), None)
        sent = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw]
        pending = self.recorder.begin(label, method, str(request.url), sent, content)
        allowed = timeout or self.options.request_timeout
        witness = witness or Witness()
        try:
            async with asyncio.timeout(min(allowed, self.budget.left)):
                answer, cut = await _send(client, request)
        except TimeoutError:
            if self.budget.left <= 0:
                self.recorder.troubled(pending, "cut off: the time of the run was over", graded=False)
                raise BudgetSpent from None
            late = TimeoutError(f"no complete answer within {allowed:g} s")
            return Heard(self.recorder.troubled(pending, str(late), **witness.told(late)), None)
        except asyncio.CancelledError:
            self.recorder.troubled(pending, "cut off: the run was broken off", graded=False)
            raise
        except (httpx.HTTPError, OSError) as error:
            return Heard(self.recorder.troubled(pending, _words(error), **witness.told(error)), None, broke=True)
        self.course.throttled = self.course.throttled or answer.status == 429
        notes: dict[str, Any] = {"cut": f"only the first {ANSWER_BOUND} bytes were read"} if cut else {}
        notes |= witness.told(None)
        return Heard(self.recorder.answered(pending, answer.status, answer.headers, answer.body, **notes), answer)

    def _span(self) -> str:
        """A new span of the run's trace, as W3C Trace Context writes it (https://www.w3.org/TR/trace-context/)."""
        return f"00-{self.trace_id}-{secrets.token_hex(8)}-01"


async def _send(client: httpx.AsyncClient, request: httpx.Request) -> tuple[Response, bool]:
    """The answer, and whether it was longer than the bound."""
    response = await client.send(request, stream=True)
    body = bytearray()
    try:
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > ANSWER_BOUND:
                break
    finally:
        await response.aclose()
    headers = tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in response.headers.raw)
    return Response(response.status_code, headers, bytes(body[:ANSWER_BOUND])), len(body) > ANSWER_BOUND


def _carried(content: bytes, headers: Mapping[str, str]) -> bytes | AsyncIterator[bytes] | None:
    """A body as the client takes it: in pieces where no length is to go with it, as it is else; None for no body."""
    if headers.get("Transfer-Encoding") != "chunked":
        return content or None

    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(content), _PIECE):
            yield content[start : start + _PIECE]

    return pieces()


def _words(error: Exception) -> str:
    """Trouble of the transport in words."""
    kinds = {
        httpx.ConnectError: "could not connect",
        httpx.RemoteProtocolError: "the server broke off or does not speak HTTP",
        httpx.ReadError: "the connection broke while reading the answer",
        httpx.WriteError: "the connection broke while sending",
        httpx.DecodingError: "the answer cannot be decoded as its Content-Encoding says",
        httpx.UnsupportedProtocol: "neither http nor https",
        httpx.ProxyError: "the proxy named in the environment did not connect",
    }
    if isinstance(error, httpx.ConnectError) and not str(error):
        # what fails before TLS has words of the system
        return "the server closed the connection in the TLS handshake"
    said = next((words for kind, words in kinds.items() if isinstance(error, kind)), type(error).__name__)
    return f"{said}: {error}" if str(error) else said
