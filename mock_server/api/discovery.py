"""The discovery document and the template list (chapters 4 and 8)."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from mock_server.api.label import FORMATS
from mock_server.extraction import TEMPLATES
from mock_server.session.model import STREAM
from mock_server.settings import VERSIONS

if TYPE_CHECKING:
    from mock_server.api.face import Face

_PROJECT = "https://github.com/MedScribeAlliance/scribe-emr-protocol"


def _service(face: Face) -> dict[str, Any]:
    name = "scribe-conformance reference server"
    remarks = []
    if face.transcriber.engine == "scripted":
        remarks.append("scripted transcripts")
    if face.settings.open_namespaces:
        remarks.append("open namespaces: any sandbox key is accepted")
    if remarks:
        name += f" ({'; '.join(remarks)})"
    return {
        "name": name,
        "documentation_url": _PROJECT,
        "changelog_url": f"{_PROJECT}/blob/main/CHANGELOG.md",
        "security_policy_url": f"{_PROJECT}/security/policy",
    }


def document(face: Face, base_url: str) -> dict[str, Any]:
    """What GET /.well-known/medscribealliance answers."""
    languages = list(face.transcriber.languages)
    models = [
        {
            "id": offer.id,
            "display_name": offer.display_name,
            "languages": languages,
            "max_session_duration_seconds": offer.limit_s,
            "response_speed": offer.speed,
            "features": {
                "realtime_transcription": False,
                "speaker_diarization": face.transcriber.diarizes,
                "custom_templates": False,
            },
        }
        for offer in face.settings.models
    ]
    return {
        "protocol": "medscribealliance",
        "protocol_version": VERSIONS[0],
        "supported_versions": list(VERSIONS),
        "service": _service(face),
        "endpoints": {"base_url": base_url},
        "authentication": {"supported_methods": ["api_key"]},
        "capabilities": {
            "audio_formats": list(FORMATS),
            "max_chunk_duration_seconds": face.settings.max_chunk_seconds,
            "upload_methods": ["chunked", "single", *([STREAM] if face.wording.stream else [])],
            "webhook_delivery": False,
            "client_sdk_delivery": False,
        },
        "languages": {"supported": languages, "auto_detection": len(languages) > 1},
        "models": models,
    }


def caching(body: dict[str, Any]) -> dict[str, str]:
    """An hour, and a validator (§4.1, E58)."""
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]
    return {"Cache-Control": "public, max-age=3600", "ETag": f'"{digest}"'}


def templates() -> dict[str, Any]:
    """What GET /templates answers."""
    return {"templates": [{"id": t.id, "name": t.name, "description": t.description} for t in TEMPLATES.values()]}
