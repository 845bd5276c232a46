"""The server under test: what the operator says of it, and what preparation found."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import unquote, urlsplit

import scribe_data
from conformance.certificates import trusted
from conformance.drive.command import words_of
from conformance.drive.forms import Form
from conformance.evidence.address import is_public, split_origin
from conformance.evidence.redaction import KEY, SECOND_KEY, Redactor, is_short, placeholder_of
from conformance.obstacle import BadOption, CredentialsRefused, TargetError, TargetUnreachable
from conformance.vocabulary.naming import Naming

if TYPE_CHECKING:
    import ssl
    from collections.abc import Mapping
    from pathlib import Path

    import httpx

    from conformance.verdict import Reading
    from scribe_data import Spec
    from scribe_data.model import Revision

__all__ = [
    "BadOption",
    "CredentialsRefused",
    "EndForm",
    "Options",
    "Target",
    "TargetError",
    "TargetUnreachable",
    "UploadForm",
    "is_key",
    "is_public",
    "split_origin",
]

#: The ways to hand an audio file over: (7.2) multipart and raw to upload_url; (E44) raw by POST or PUT, or as a form,
#: to upload_url + name; (7.4) PUT to storage, with the name in the path for chunks, or a form with the signature;
#: (E45) raw with a header for its number, and no name.
UploadForm = Literal[
    "multipart", "raw", "named-post", "named-put", "named-form", "storage-put", "storage-form", "numbered"
]
#: What an end carries: nothing, {}, or {"audio_files_sent": n} (E38); of a session manager, an input without or with
#: the end_time that some want.
EndForm = Literal["none", "empty", "count", "untimed", "timed"]

#: RFC 9110 §5.1 and §5.5, without what no terminal should print.
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_FIELD = re.compile(r"[\x20-\x7e]*")
_KEY = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")
#: Long enough for a cold start behind a load balancer, short enough to tell an operator of a typing slip.
FIRST_TIMEOUT_S = 15.0


def is_key(text: str) -> bool:
    """Whether a text can travel in a header as a credential."""
    return _KEY.fullmatch(text) is not None


@dataclass(frozen=True)
class Options:
    """What the operator says; times are seconds.

    `processing_timeout` bounds the wait for one session's results (counted anew whenever the target finishes another
    session), `budget` the whole run. `request_timeout` bounds one exchange from connecting to the last byte;
    `first_timeout` those made before anything has answered. `concurrency` is how many requests may be on their way.
    `extra_origins` are further origins that the operator names as the service's own (rule 8). `transport` replaces
    the network, so that a run can stay in one process.
    """

    target: str
    #: Not shown: a traceback with locals would print it.
    api_key: str = field(repr=False)
    second_api_key: str | None = field(default=None, repr=False)
    reading: Reading = "lenient"
    #: Which protocol, and which revision of it.
    profile: str = scribe_data.PROFILE
    revision: str = scribe_data.REVISION
    #: Why it is this revision, where nobody named it.
    picked: str = ""
    seed: int = 0
    #: Random examples of each random layer, and the steps of a sequence. Bounded: their cost is linear.
    examples: int = 25
    steps: int = 45
    #: Not shown either: a password may stand in it.
    test_clock: str | None = field(default=None, repr=False)
    processing_timeout: float = 180.0
    budget: float = 900.0
    #: A server may transcribe before it acknowledges; 60 s is where proxies give up by default.
    request_timeout: float = 60.0
    first_timeout: float = FIRST_TIMEOUT_S
    concurrency: int = 8
    #: Requests a second, and requests in all, that a service is asked to bear; None for as many as it takes.
    rate: float | None = None
    max_requests: int | None = None
    only: tuple[str, ...] = ()
    extra_origins: tuple[str, ...] = ()
    #: The root of all operations, where discovery is missing or wrong about it.
    base_url: str | None = None
    #: A template id that the service fills, where its list cannot be read.
    template: str | None = None
    #: Headers that go with every request, such as a gateway's own key. Not shown: they may be secrets.
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    #: A file of certificates to trust besides none, and a client's own; whether anybody's are.
    ca_file: Path | None = None
    cert_file: Path | None = None
    insecure: bool = False
    #: A command that prints the key, without a shell; it takes the place of `api_key`. Not shown: it may hold a secret.
    token_command: str | None = field(default=None, repr=False)
    #: A command that starts the service again, without a shell, and comes back when that is done.
    restart_command: str | None = field(default=None, repr=False)
    #: A command after which the next session that is made fails, without a shell.
    failing_command: str | None = field(default=None, repr=False)
    #: What stands before the names of options where the operator gave them.
    prefix: str = "--"
    transport: httpx.AsyncBaseTransport | None = None

    @property
    def text(self) -> Spec:
        """The text that this run is driven by; SpecError for a revision that does not exist."""
        return scribe_data.load(self.profile, self.revision)

    @property
    def printed(self) -> Revision:
        """What the text of this run's revision prints that requests depend on."""
        return self.text.printed

    def named(self, option: str) -> str:
        """An option as the operator spells it."""
        return f"{self.prefix}{option}"

    @cached_property
    def redactor(self) -> Redactor:
        """Takes whatever the operator keeps to himself out of all that is kept or shown of a run."""
        clock = urlsplit(self.test_clock).password if self.test_clock and split_origin(self.test_clock) else None
        told = {placeholder_of(name): value for name, value in self.headers}
        told |= {
            KEY: self.api_key,
            SECOND_KEY: self.second_api_key or "",
            placeholder_of("test clock"): unquote(clock or ""),
        }
        return Redactor({name: secret for name, secret in told.items() if secret})

    @property
    def short_keys(self) -> tuple[str, ...]:
        """The options whose key may be a part of ordinary words."""
        keys = (("api-key", self.api_key), ("second-api-key", self.second_api_key))
        return tuple(self.named(name) for name, key in keys if key and is_short(key))

    def __post_init__(self) -> None:
        self._check_addresses()
        self._check_keys()
        self._check_commands()
        for name, seconds in (
            ("processing-timeout", self.processing_timeout),
            ("first-timeout", self.first_timeout),
            ("max-time", self.budget),
        ):
            if not 0 < seconds < float("inf"):
                raise BadOption(f"{self.named(name)} must be a number of seconds above 0")
        if self.rate is not None and not 0 < self.rate < float("inf"):
            raise BadOption(f"{self.named('rate')} must be a number of requests a second above 0")
        if self.max_requests is not None and self.max_requests < 1:
            raise BadOption(f"{self.named('max-requests')} must be a number of at least 1")
        for name, count, most in (("examples", self.examples, 10_000), ("steps", self.steps, 200)):
            if not 0 <= count <= most:
                raise BadOption(f"{self.named(name)} must be a number from 0 to {most}")
        for name, value in self.headers:
            if not _TOKEN.fullmatch(name) or not _FIELD.fullmatch(value):
                raise BadOption(f"{self.named('header')} takes 'Name: value' in printable ASCII; {name[:40]!r} is none")
        self.tls(verified=True)

    def _check_addresses(self) -> None:
        if split_origin(self.target) is None and split_origin(self.api_key) is not None:
            raise BadOption(
                f"{self.named('api-key')} is an address and {self.named('target')} is none: the two are exchanged"
            )
        origins = (("upload-origin", url) for url in self.extra_origins)
        named = (("target", self.target), ("test-clock", self.test_clock), ("base-url", self.base_url))
        for name, url in (*named, *origins):
            if url is not None and split_origin(url) is None:
                told = f"{self.named(name)} must be an http:// or https:// URL with a host{_advice(url)}"
                raise BadOption(self.redactor.text(told))
        parts = urlsplit(self.target)
        if "@" in parts.netloc or parts.query or parts.fragment:
            raise BadOption(
                f"{self.named('target')} must be a plain address, without password, ? or #; the key goes into"
                f" {self.named('api-key')}"
            )

    def _check_keys(self) -> None:
        for name, key in (("api-key", self.api_key), ("second-api-key", self.second_api_key)):
            missing = name == "api-key" and not key and self.token_command is not None
            if key is not None and not missing and not is_key(key):
                raise BadOption(
                    f"{self.named(name)} must be printable ASCII without spaces around it: it travels in a header"
                )
        if self.api_key == self.second_api_key:
            raise BadOption(
                f"{self.named('second-api-key')} must belong to another client than {self.named('api-key')}: both are"
                " the same"
            )

    def _check_commands(self) -> None:
        for name, command in (
            ("token-command", self.token_command),
            ("restart-command", self.restart_command),
            ("failing-command", self.failing_command),
        ):
            if command is None:
                continue
            try:
                words_of(command)
            except ValueError as error:
                raise BadOption(f"{self.named(name)} {error}") from error

    def tls(self, *, verified: bool = False) -> ssl.SSLContext | bool:
        """Which certificates a target may show; raises BadOption for files that hold none.

        `verified` asks for what it would be without --insecure.
        """
        insecure = self.insecure and not verified
        return trusted(self.ca_file, self.cert_file, insecure=insecure, named=self.named)


def _advice(url: str) -> str:
    """What is wrong with an address, or one like it that would do."""
    try:
        port = urlsplit(url if "://" in url else f"http://{url}").port
    except ValueError as error:
        return f" and a port of at most 65535 ({error})" if "port" in str(error).lower() else ""
    example = f"http://{_bare(url)}" if port and _is_local(_bare(url)) else f"https://{_bare(url)}"
    return f", for example {example}"


def _is_local(bare: str) -> bool:
    return bare.startswith(("localhost", "127.", "[::1]"))


def _bare(url: str) -> str:
    """What stands behind a scheme that is missing or wrong, for the advice."""
    # a name before a port is a host and no scheme
    found = re.fullmatch(r"(?!https?:)[A-Za-z0-9.-]+:[0-9]+(?:/.*)?", url)
    bare = url if found else re.sub(r"^[a-zA-Z][a-zA-Z0-9+.-]*:/*", "", url)
    bare = bare.rpartition("@")[2]  # what stands before an @ may be secret
    return bare.strip("/") or "scribe.example.com"


@dataclass(frozen=True)
class Target:
    """What preparation found out; journeys go by it and change nothing in it.

    `base_url` has no trailing slash. `templates` are the listed ids, transcript last. `model` is the model of the
    kit's requests: an object of discovery, or an empty one. `form` is the create body that is taken, `end_form` what
    an end has to carry, `naming` how files are listed, `upload_form` the way audio is handed over: None when none
    worked or none could be tried. `max_chunk_seconds` is None when not declared.
    """

    base_url: str
    #: Where discovery is served; None where nothing was found.
    discovery_url: str | None = None
    discovery: Mapping[str, Any] = field(default_factory=dict)
    templates: tuple[str, ...] = ()
    models: tuple[Mapping[str, Any], ...] = ()
    model: Mapping[str, Any] = field(default_factory=dict)
    audio_formats: tuple[str, ...] = ()
    upload_methods: tuple[str, ...] = ("chunked", "single")
    #: Whether discovery lists audio over a socket.
    streams: bool = False
    form: Form = field(default_factory=Form)
    end_form: EndForm = "none"
    naming: Naming = Naming.AS_SENT
    upload_form: UploadForm | None = None
    api_target: bool | None = None
    max_chunk_seconds: float | None = None
    second_key: bool = False
    public_host: bool = False
    #: The status of POST /sessions where no form of a create body is taken.
    refused: int | None = None
    #: Members of a create that open most of what a session can do at this target.
    order: Mapping[str, str] = field(default_factory=dict)
    #: Operations that no service has to offer, and this one does not.
    absent: frozenset[str] = frozenset()

    @property
    def upload_type(self) -> str:
        """The kit's default."""
        return self.form.upload_type

    def offer(self, model: object) -> Mapping[str, Any] | None:
        """What discovery says of a model, if it lists it."""
        return next((offer for offer in self.models if offer["id"] == model), None)
