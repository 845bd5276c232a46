"""What a server is started with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from mock_server.served import LIVE_REVISION, Served
from scribe_data import REVISION

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.clock import Clock
    from mock_server.database import DatabaseUrl
    from mock_server.direct import Way
    from mock_server.mirror.address import RedisUrl
    from mock_server.storage.place import Place

#: The one key that is valid when none was given; documented, so not a secret.
DEFAULT_KEY = "sk_test_development"
#: Versions of the protocol this server speaks (§3.2); all three revisions call themselves 0.1 (E68).
VERSIONS = ("0.1",)
#: Protocols that have a face here, by their folders below spec/.
PROFILES = ("medscribe", "session_manager", "prsm", "dalston")
#: The index of what research sessions look for things in, in the data directory.
CORPUS = "corpus.sqlite"
#: Of places that all share, a namespace may have so many times as many as are left: alone it fills three quarters, the
#: next one three quarters of the rest, and so on.
SHARE = 3


@dataclass(frozen=True)
class Limits:
    """Bounds: bytes a file, a session and its data, files a session, sessions in processing, pauses in seconds."""

    upload_bytes: int = 100 * 1024 * 1024
    session_bytes: int = 1024 * 1024 * 1024
    #: What a client may leave with a session for itself: far above what the text shows (E52).
    data_bytes: int = 64 * 1024
    #: An hour in chunks of six seconds.
    files: int = 600
    #: Two hundred consultations ended within a minute is a clinic's whole day.
    queue: int = 256
    #: Sessions in processing a namespace may have for every place that is left in the queue.
    share: int = SHARE
    #: Sessions in work: two of one namespace, so that one is heard while another's notes are written, and one of
    #: somebody else.
    at_once: int = 3
    reconcile_s: float = 20.0
    retry_after_s: int = 5


@dataclass(frozen=True)
class ModelOffer:
    """A model as discovery lists it: `limit_s` is how long a session may stay open, in seconds (§4.5)."""

    id: str
    display_name: str
    limit_s: int
    speed: str


@dataclass(frozen=True)
class Settings:
    """All a server needs to know; `base_url` None takes scheme and host from each request.

    `console_origins` are the pages, besides the server's own, that may use the control plane; spelled as browsers do.
    """

    data_dir: Path
    api_keys: tuple[str, ...] = (DEFAULT_KEY,)
    transcriber: Literal["auto", "whisper", "scripted"] = "auto"
    model: str | None = None
    #: Whether what hears is tried out before the server calls itself ready.
    tried_out: bool = True
    #: Who writes notes, as openai:URL, and the model that is asked there; None for the rules.
    notes: str | None = None
    notes_model: str | None = None
    base_url: str | None = None
    #: What every path begins with, such as /scribe; none for a server at the root.
    base_path: str = ""
    console_origins: tuple[str, ...] = ()
    #: Where sessions are kept, beside audio in the data directory; None is a file there.
    database: DatabaseUrl | None = None
    #: Where audio is kept; None for the data directory.
    audio_store: Place | None = None
    #: Where others may look at live sessions, at what happens and at what is spent; None for nowhere.
    redis: RedisUrl | None = None
    #: The data directory is scratch: sessions and audio may be gone on with by a process that has another one.
    scattered: bool = False
    #: How clients put audio there by themselves; None for uploads to this server alone.
    direct_uploads: Way | None = None
    #: Nothing is kept: what is in memory is all there is.
    in_memory: bool = False
    templates_shape: Literal["object", "array", "auto"] = "auto"
    open_namespaces: bool = False
    faithful: bool = False
    #: What the server's own OpenAPI document forbids is refused, and not taken with a warning.
    strict: bool = False
    faults: tuple[str, ...] = ()
    #: NAME[:param=value,...] each, armed for every namespace by itself.
    scenarios: tuple[str, ...] = ()
    #: YAML with steps, likewise, read again whenever it is saved.
    scenario_file: Path | None = None
    #: SEED or SEED:strict, that what the text leaves open is drawn from; None leaves it as it is.
    vary: str | None = None
    #: NAME=VALUE each, over what is drawn.
    choices: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ("medscribe",)
    #: The text of the profile medscribe that is served.
    revision: str = REVISION
    #: The text of the profile dalston that is served.
    live_revision: str = LIVE_REVISION
    #: Seconds after which the session manager ends a session that nobody ended.
    session_limit_s: int = 3600
    #: What research sessions look for things in; None is the project's own requirements and errata.
    corpus: Path | None = None
    #: Seconds that a research session lasts at least, so that clients can see it run.
    research_s: float = 1.5
    #: Whether what comes and goes is recorded for its namespace; a faithful server records nothing.
    records_traffic: bool = True
    models: tuple[ModelOffer, ...] = (
        ModelOffer("lite", "Lite", 600, "fast"),
        ModelOffer("pro", "Pro", 3600, "standard"),
    )
    max_json_bytes: int = 1024 * 1024
    max_chunk_seconds: int = 20
    most_at_once: int = 256
    #: Sockets that are open at once, of all clients.
    most_streams: int = 256
    #: And live sessions of one namespace.
    most_live: int = 10
    #: Streams that are listened to at once, of all clients; None is what two cores can follow.
    most_heard: int | None = None
    #: Seconds that a socket may stay open without a word.
    stream_idle_s: float = 60.0
    limits: Limits = field(default_factory=Limits)
    clock: Clock | None = None

    @property
    def served(self) -> Served:
        """The profiles that are served, medscribe first, and which text of that and of dalston."""
        return Served(self.revision, tuple(name for name in PROFILES if name in self.profiles), self.live_revision)

    def offer(self, model_id: str) -> ModelOffer | None:
        """The model with this id."""
        return next((offer for offer in self.models if offer.id == model_id), None)
