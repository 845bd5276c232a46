"""The options of `scribe-mock serve` as the settings of a server."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Final

from mock_server.api.origin import normal
from mock_server.api.wording import wording
from mock_server.auth import LONGEST_KEY
from mock_server.database import database_url
from mock_server.mirror.address import redis_url
from mock_server.served import LIVE, revisions
from mock_server.settings import DEFAULT_KEY, PROFILES, Settings
from mock_server.storage.place import place
from mock_server.suggestion import hint

if TYPE_CHECKING:
    from collections.abc import Collection

    from mock_server.storage.place import Place

#: Where things are kept unless --data-dir says otherwise.
DATA_DIR: Final = Path("scribe-mock-data")
_KEY = re.compile(rf"[!-~]{{1,{LONGEST_KEY}}}\Z")
_BASE_PATH = re.compile(r"(?:/[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,63}){1,4}\Z")
_BASE_URL = re.compile(r"https?://[A-Za-z0-9._\-\[\]:]+(?:/[A-Za-z0-9._~\-]+)*/?\Z")


class Transcriber(StrEnum):
    """Who hears."""

    AUTO = "auto"
    WHISPER = "whisper"
    SCRIPTED = "scripted"


class DirectUploads(StrEnum):
    """How clients put audio into the store by themselves."""

    PUT = "put"
    FORM = "form"


class Shape(StrEnum):
    """How results show templates."""

    OBJECT = "object"
    ARRAY = "array"
    AUTO = "auto"


def _origin(given: str) -> str:
    found = normal(given.removesuffix("/"))
    if found is None:
        told = "is not an origin of a page: http://host or https://host:port is, without a path."
        raise ValueError(f"--console-origin {given!r} {told}")
    return found


def profiles(given: str) -> tuple[str, ...]:
    """The profiles of a list with commas; raises ValueError for an unknown one, with those there are."""
    found = tuple(dict.fromkeys(name.strip() for name in given.split(",") if name.strip()))
    for name in found:
        if name not in PROFILES:
            told = f"--profile {name!r} is not served here; {' and '.join(PROFILES)} are."
            raise ValueError(f"{told}{hint(name, PROFILES)}")
    if not found:
        told = f"--profile names no profile; {' and '.join(PROFILES)} are served, or several with commas."
        raise ValueError(told)
    return found


def _check_direct(
    asked: DirectUploads,
    store: Place | None,
    served: Collection[str],
    revision: str,
    *,
    in_memory: bool,
    faithful: bool,
) -> None:
    """Refuse uploads to the store where there is none, or none that they could go to."""
    told = "--direct-uploads has clients put audio into the bucket of --audio-store s3://bucket/prefix"
    if in_memory:
        raise ValueError(f"{told}, and --in-memory keeps nothing; leave one of them out.")
    if store is None:
        raise ValueError(f"{told}; name that too.")
    if store.scheme != "s3":
        raise ValueError(f"{told}; addresses of {store.scheme}:// are not signed here.")
    if store.keys is None:
        named = "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
        raise ValueError(f"{told}, and signs addresses with the keys of that URL, or of {named}; none are told.")
    if "medscribe" not in served:
        raise ValueError(f"{told}, as sessions of medscribe have it; --profile serves none.")
    if wording(revision).numbered:
        raise ValueError(f"{told}; revision {revision} measures audio as it comes, so it has to come to the server.")
    if faithful and asked is DirectUploads.FORM:
        raise ValueError(
            "--direct-uploads form has an upload_url that is no URL; --faithful has only what the text has."
        )


def settings(
    *,
    data_dir: Path | None,
    database: str | None,
    audio_store: str | None,
    redis: str | None,
    direct_uploads: DirectUploads | None,
    api_keys: Collection[str],
    transcriber: Transcriber,
    model: str | None,
    notes: str | None,
    notes_model: str | None,
    base_url: str | None,
    base_path: str,
    in_memory: bool,
    console_origins: Collection[str],
    shape: Shape,
    faults: Collection[str],
    scenarios: Collection[str],
    scenario_file: Path | None,
    vary: str | None,
    choices: Collection[str],
    open_namespaces: bool,
    faithful: bool,
    strict: bool,
    profile: str,
    revision: str,
    session_timeout: int,
    corpus: Path | None,
    research_seconds: float,
) -> Settings:
    """What was asked for; raises ValueError for what cannot be meant."""
    for key in api_keys:
        if not _KEY.match(key):
            raise ValueError(f"An --api-key has 1 to {LONGEST_KEY} printable ASCII characters and no blank.")
    if base_url is not None and not _BASE_URL.match(base_url):
        raise ValueError(f"--base-url {base_url!r} is not an http:// or https:// address of a host.")
    if base_path and not _BASE_PATH.match(base_path):
        raise ValueError(f"--base-path {base_path[:80]!r} is not a path such as /scribe or /api/scribe.")
    origins = [_origin(given) for given in console_origins]
    served = profiles(profile)
    revision, live_revision = revisions(revision, served)
    if in_memory and "session_manager" in served:
        raise ValueError(
            "--in-memory keeps nothing, and the log of session_manager is to be kept; leave one of them out."
        )
    if corpus is not None and not corpus.is_dir():
        raise ValueError(f"--corpus {str(corpus)!r} is no folder that can be read.")
    if corpus is not None and "prsm" not in served:
        raise ValueError("--corpus is what sessions of prsm look for things in; --profile serves none.")
    kept = {"--data-dir": data_dir, "--database": database, "--audio-store": audio_store}
    if in_memory and (places := [name for name, value in kept.items() if value is not None]):
        raise ValueError(f"--in-memory keeps nothing, and {places[0]} says where to keep it; leave one of them out.")
    store = None if audio_store is None else place(audio_store)
    if direct_uploads is not None:
        _check_direct(direct_uploads, store, served, revision, in_memory=in_memory, faithful=faithful)
    return Settings(
        audio_store=store,
        direct_uploads=None if direct_uploads is None else direct_uploads.value,
        data_dir=(data_dir or DATA_DIR).absolute(),
        database=None if database is None else database_url(database),
        redis=None if redis is None else redis_url(redis),
        api_keys=tuple(dict.fromkeys(api_keys)) or (DEFAULT_KEY,),
        # nobody is heard where no profile takes audio
        transcriber=transcriber.value if {"medscribe", LIVE} & {*served} else "scripted",
        model=model,
        notes=notes,
        notes_model=notes_model,
        base_url=base_url,
        base_path=base_path,
        in_memory=in_memory,
        console_origins=tuple(dict.fromkeys(origins)),
        templates_shape=shape.value,
        open_namespaces=open_namespaces,
        faithful=faithful,
        strict=strict,
        faults=tuple(dict.fromkeys(faults)),
        scenarios=tuple(scenarios),
        scenario_file=scenario_file,
        vary=vary,
        choices=tuple(choices),
        profiles=served,
        revision=revision,
        live_revision=live_revision,
        session_limit_s=session_timeout,
        corpus=corpus.absolute() if corpus else None,
        research_s=research_seconds,
    )
