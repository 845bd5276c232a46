"""What a peer offers and says it offers: its addresses, discovery, templates and the bodies it takes."""

from __future__ import annotations

from typing import Any, ClassVar

from .admission import Admission
from .exchange import Answer

#: The two clients every peer knows: key -> client.
KEYS = {"peer-key-one": "one", "peer-key-two": "two"}
CLOCK_PATH = "/_peer/clock"


class Offering:
    """The facts of a server; a peer changes them by name."""

    #: Path of the origin below which everything lives, discovery and clock too.
    root: ClassVar[str] = ""
    #: Path below `root` of the operations of the API.
    base: ClassVar[str] = "/v1"
    has_clock = True
    processing_seconds = 0.25
    versions = ("0.1",)
    formats: tuple[str, ...] = ("audio/wav", "audio/webm;codecs=opus", "audio/ogg;codecs=opus")
    upload_methods: tuple[str, ...] | None = ("chunked", "single")
    chunk_seconds = 20
    limits: ClassVar[dict[str, int]] = {"lite": 600, "pro": 3600}
    templates: tuple[str, ...] = ("soap", "medications", "vitals")
    late_upload = 409
    refuses_long_chunks = True

    origin = ""

    @property
    def base_url(self) -> str:
        return self.origin + self.root + self.base

    def discovery(self) -> dict[str, Any]:
        capabilities: dict[str, Any] = {
            "audio_formats": list(self.formats),
            "max_chunk_duration_seconds": self.chunk_seconds,
        }
        if self.upload_methods is not None:
            capabilities["upload_methods"] = list(self.upload_methods)
        return {
            "protocol": "medscribealliance",
            "protocol_version": self.versions[0],
            "supported_versions": list(self.versions),
            "service": {
                "name": type(self).__name__,
                "changelog_url": f"{self.origin}{self.root}/changelog",
                "security_contact": "security@peer.example",
            },
            "endpoints": {"base_url": self.base_url},
            "authentication": {"supported_methods": ["api_key"]},
            "capabilities": capabilities,
            "models": [self.model(name) for name in self.limits],
        }

    def model(self, name: str) -> dict[str, Any]:
        return {
            "id": name,
            "display_name": name.capitalize(),
            "languages": ["en"],
            "max_session_duration_seconds": self.limits[name],
        }

    def list_templates(self) -> Answer:
        entries = [{"id": t, "name": t.replace("_", " ").title(), "description": f"A {t} note"} for t in self.templates]
        return Answer(200, {"templates": entries})

    def admission(self) -> Admission:
        """What a create body has to be."""
        methods = self.upload_methods or ("chunked", "single")
        return Admission(models=tuple(self.limits), default_model=next(iter(self.limits)), methods=methods)

    def key(self, client: str = "one") -> str:
        """A credential of one of the two clients."""
        return next(key for key, owner in KEYS.items() if owner == client)
