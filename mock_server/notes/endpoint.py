"""A chat endpoint as OpenAI has it and local servers copy it: one question, one JSON document back, bounded."""

from __future__ import annotations

import asyncio
import re
import threading
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx

from scribe_data.nesting import DEEPEST, DepthError, loads

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

#: Bytes of an answer: a hundred times what a long consultation's notes take.
_MOST_BYTES: Final = 2 << 20
#: Seconds for everything, from the first byte to the last and both tries: a model on two cores writes a page in one
#: minute. Nothing that an endpoint sends slowly (heads, 1xx, packed bytes) makes it longer.
_LONGEST_S: Final = 180.0
_CONNECT_S: Final = 5.0
_LISTING_S: Final = 10.0
#: An endpoint that is told to wait longer has no time for us.
_LONGEST_PAUSE_S: Final = 20.0
_PAUSE_S: Final = 1.0
_TRIES: Final = 2
#: Models that are named to a person, and letters of each.
_NAME: Final = re.compile(r"[!-~]{1,120}\Z")


class Unanswered(Exception):  # noqa: N818 - says what came instead of an answer
    """The endpoint gave nothing to use; the message says why, with nothing of what it said and never the key."""


class Endpoint:
    """Asks the server at a URL below which `/chat/completions` lies."""

    def __init__(self, url: str, model: str, key: str | None = None) -> None:
        self.url = url
        self.model = model
        self._key = key
        self._lock = threading.Lock()
        self._closed = False
        self._asking: dict[asyncio.Task[Any], asyncio.AbstractEventLoop] = {}

    def ask(self, messages: Sequence[Mapping[str, str]], schema: Mapping[str, Any]) -> dict[str, Any]:
        """The JSON object it answers with, in a thread of the caller's; raises Unanswered after a second try."""
        found: dict[str, Any] = self._run(self._asked(list(messages), schema))
        return found

    def models(self) -> list[str]:
        """The models it has, as far as they can be named; raises Unanswered."""
        try:
            _, _, body = self._run(self._exchanged("GET", "models", None, _LISTING_S))
            found = [each["id"] for each in loads(body)["data"]]
        except (Unanswered, ValueError, KeyError, TypeError) as error:
            raise Unanswered(f"{self._shown()} lists no models; --notes-model names one.") from error
        return [name for name in found if isinstance(name, str) and _NAME.match(name)]

    def close(self) -> None:
        """End what is being asked, from any thread: whoever asked gets Unanswered, and so does whoever asks later."""
        with self._lock:
            self._closed = True
            for task, loop in self._asking.items():
                loop.call_soon_threadsafe(task.cancel)

    def _run(self, asking: Any) -> Any:
        async def run() -> Any:
            task = asyncio.ensure_future(asking)
            with self._lock:
                if self._closed:
                    task.cancel()
                self._asking[task] = asyncio.get_running_loop()
            try:
                return await task
            except asyncio.CancelledError:
                raise Unanswered(f"{self._shown()} was not waited for: the server ends.") from None
            finally:
                with self._lock:
                    del self._asking[task]

        return asyncio.run(run())

    async def _asked(self, messages: list[Mapping[str, str]], schema: Mapping[str, Any]) -> dict[str, Any]:
        form: dict[str, Any] = {
            "type": "json_schema",
            "json_schema": {"name": "notes", "strict": True, "schema": schema},
        }
        why = ""
        try:
            async with asyncio.timeout(_LONGEST_S):
                for attempt in range(_TRIES):
                    sent = {"model": self.model, "messages": messages, "temperature": 0, "seed": 0}
                    pause = _PAUSE_S
                    try:
                        status, headers, body = await self._exchanged(
                            "POST", "chat/completions", {**sent, "response_format": form}, _LONGEST_S
                        )
                    except Unanswered as error:
                        status, why = 0, str(error)
                    else:
                        pause, why = _pause(headers), f"{self._shown()} answered {status}."
                    if status == 200:
                        try:
                            return self._document(body)
                        except ValueError as error:
                            why = f"{self._shown()} answered with {error}."
                    if status in {400, 422} and form["type"] == "json_schema":
                        # older servers know no schema here; what they answer is checked all the same
                        form = {"type": "json_object"}
                    elif status in {401, 403, 404}:
                        break
                    elif attempt + 1 < _TRIES:
                        await asyncio.sleep(pause)
        except TimeoutError:
            why = f"{self._shown()} did not answer within {_LONGEST_S:g} s."
        raise Unanswered(why)

    async def _exchanged(
        self, method: str, path: str, sent: Mapping[str, Any] | None, longest_s: float
    ) -> tuple[int, httpx.Headers, bytes]:
        headers = {"Accept-Encoding": "identity", **({"Authorization": f"Bearer {self._key}"} if self._key else {})}
        limits = httpx.Timeout(longest_s, connect=_CONNECT_S)
        body = bytearray()
        try:
            async with (
                asyncio.timeout(longest_s),
                httpx.AsyncClient(headers=headers, timeout=limits, follow_redirects=False) as client,
                client.stream(method, f"{self.url}/{path}", json=sent) as answer,
            ):
                async for piece in answer.aiter_raw():  # packed bytes are not unpacked: they may become any number
                    body += piece
                    if len(body) > _MOST_BYTES:
                        raise Unanswered(f"{self._shown()} answered with more than {_MOST_BYTES} bytes.")
                return answer.status_code, answer.headers, bytes(body)
        except httpx.HTTPError as error:
            raise Unanswered(f"{self._shown()} could not be asked ({type(error).__name__}).") from error
        except TimeoutError:
            raise Unanswered(f"{self._shown()} did not answer within {longest_s:g} s.") from None

    def _document(self, body: bytes) -> dict[str, Any]:
        """The JSON object in the message of a completion; raises ValueError, saying what there is instead."""
        try:
            content = loads(body)["choices"][0]["message"]["content"]
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise ValueError("what is no chat completion") from error
        try:
            found = loads(content)
            texts = list(_strings(found))
            for text in texts:
                text.encode()
        except DepthError as error:
            raise ValueError(f"a message that is nested deeper than {DEEPEST} levels") from error
        except (ValueError, TypeError) as error:  # half a surrogate pair is no text
            raise ValueError("a message that is no JSON") from error
        if self._key and any(self._key in text for text in texts):
            raise ValueError("the key that it was asked with")
        if isinstance(found, dict):
            return found
        raise ValueError("JSON that is no object")

    def _shown(self) -> str:
        """The endpoint by its URL, without what may be secret in it."""
        parts = urlsplit(self.url)
        place = f"{parts.scheme}://{parts.hostname}{f':{parts.port}' if parts.port else ''}{parts.path}"
        return f"The endpoint for notes at {place}"


def _strings(value: Any) -> Iterator[str]:
    """Every text in a JSON value, names of members included, however deep."""
    left = [value]
    while left:
        one = left.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            left += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            left += one


def _pause(headers: httpx.Headers) -> float:
    try:
        return min(_LONGEST_PAUSE_S, max(0.0, float(headers.get("retry-after", _PAUSE_S))))
    except ValueError:
        return _PAUSE_S
