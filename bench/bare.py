"""The floor for sessions: the same four operations in FastAPI, everything in memory, nothing checked, nothing kept."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request

from bench import server

app = FastAPI(title="floor")
_sessions: dict[str, dict[str, Any]] = {}
_audio: dict[tuple[str, str], bytes] = {}


@app.get("/health/ready")
async def ready() -> dict[str, str]:
    return {"status": "ready"}


@app.post("/v1/sessions", status_code=201)
async def create(body: dict[str, Any]) -> dict[str, Any]:
    session_id = uuid4().hex
    session = {"session_id": session_id, "status": "created", "templates": body["templates"]}
    _sessions[session_id] = session
    return {"session_id": session_id, "status": "created"}


@app.put("/v1/sessions/{session_id}/audio/{name}")
async def upload(session_id: str, name: str, request: Request) -> dict[str, Any]:
    body = await request.body()
    _audio[session_id, name] = body
    return {"session_id": session_id, "status": "received", "file_name": name, "size_bytes": len(body)}


@app.post("/v1/sessions/{session_id}/end", status_code=202)
async def end(session_id: str) -> dict[str, Any]:
    _sessions[session_id]["status"] = "processing"
    return {"session_id": session_id, "status": "processing"}


@app.get("/v1/sessions/{session_id}")
async def get(session_id: str) -> dict[str, Any]:
    return _sessions[session_id]


if __name__ == "__main__":
    server.run(app)
