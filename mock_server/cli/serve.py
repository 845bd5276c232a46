"""`scribe-mock serve`."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - typer reads the annotations
from typing import Annotated

import typer

from mock_server.cli import cluster
from mock_server.cli.arguments import DATA_DIR, DirectUploads, Shape, Transcriber, settings
from mock_server.cli.banner import address, banner
from mock_server.cli.cluster import Role  # noqa: TC001 - typer reads the annotations
from mock_server.cli.logs import LogFormat, begin_json
from mock_server.cli.readiness import Readiness, emptied
from mock_server.cli.refusal import USAGE, refuse
from mock_server.cli.running import GRACE_S, listen, opened, run
from mock_server.cluster import MOST_SHARDS
from mock_server.session.dalston.table import MACHINES as LIVE_MACHINES
from mock_server.session.table import MACHINES
from mock_server.settings import DEFAULT_KEY, PROFILES
from scribe_data import REVISION

#: A year: nobody's interaction lasts longer.
_LONGEST_SESSION_S = 366 * 86_400


def serve(
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one and prints it.")] = 8080,
    data_dir: Annotated[
        Path | None,
        typer.Option(help="Where sessions and audio are kept; made when it is not there.", show_default=str(DATA_DIR)),
    ] = None,
    database: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="postgresql://user:password@host/name: keep sessions there, and only audio in the data directory."
            " The password may stand in PGPASSWORD. Without: a file of SQLite in the data directory.",
        ),
    ] = None,
    in_memory: Annotated[
        bool, typer.Option("--in-memory", help="Keep nothing on the disk, and be ready sooner. For tests.")
    ] = False,
    audio_store: Annotated[
        str | None,
        typer.Option(
            metavar="s3://BUCKET/PREFIX?endpoint=URL",
            help="Where audio is kept, gs:// and az:// too; credentials come from the environment. Without: DATA_DIR.",
        ),
    ] = None,
    redis: Annotated[
        str | None,
        typer.Option(
            metavar="redis://HOST:PORT/DB",
            help="Show live sessions and what happens there too, and remember there what is spent of rate limits; it"
            " may be lost at any time. rediss:// and unix:// too; the password may stand in REDIS_PASSWORD. Example:"
            " --redis redis://127.0.0.1:6379/0",
        ),
    ] = None,
    direct_uploads: Annotated[
        DirectUploads | None,
        typer.Option(
            help="Let clients put audio there by themselves, at addresses that are signed for one session: put has an"
            " upload_url for one file, and sends each of several on; form has a form that they post. Example:"
            " --audio-store s3://clinic-audio --direct-uploads put",
        ),
    ] = None,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            help="A valid key; may be repeated. sk_test_clinic_north opens the namespace clinic (letters and digits up "
            f"to the next underscore); keys of one namespace see the same sessions. Without: {DEFAULT_KEY}"
        ),
    ] = None,
    transcriber: Annotated[
        Transcriber, typer.Option(help="Who hears; auto takes Whisper when a model is found.")
    ] = Transcriber.AUTO,
    model: Annotated[
        str | None, typer.Option(help="Folder of a CTranslate2 Whisper model, or tiny.en, or base.")
    ] = None,
    notes: Annotated[
        str | None,
        typer.Option(
            metavar="openai:URL",
            help="Who writes notes, by the API of OpenAI; what nobody said is dropped. The key is taken from"
            " OPENAI_API_KEY. Without: rules.",
        ),
    ] = None,
    notes_model: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model to ask there; the only one, if there is one.")
    ] = None,
    templates_shape: Annotated[
        Shape, typer.Option(help="Results as object, array, or as the client's end implies.")
    ] = Shape.AUTO,
    open_namespaces: Annotated[
        bool, typer.Option("--open-namespaces", help="Accept any sk_test_ key. For tests.")
    ] = False,
    fault: Annotated[
        list[str] | None, typer.Option(help="Switch a defect on; may be repeated. See `scribe-mock faults`.")
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME[:PARAM=VALUE,...]", help="Arm a scenario; may be repeated. See `scribe-mock scenarios`."
        ),
    ] = None,
    scenarios: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Arm the steps of a YAML file, which is read again whenever it is saved."),
    ] = None,
    vary: Annotated[
        str | None,
        typer.Option(
            metavar="SEED[:strict]", help="Draw what the text leaves open from a seed. See `scribe-mock choices`."
        ),
    ] = None,
    choice: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Choose one of these by name; may be repeated."),
    ] = None,
    faithful: Annotated[
        bool, typer.Option("--faithful", help="No control plane, nothing that is not the protocol's.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse what /openapi.json forbids, instead of taking it with a warning.")
    ] = False,
    base_url: Annotated[str | None, typer.Option(help="Scheme and host clients use, where a proxy hides them.")] = None,
    base_path: Annotated[
        str,
        typer.Option(metavar="/PATH", help="Serve below this path; discovery, health and metrics lie at the root too."),
    ] = "",
    console_origin: Annotated[
        list[str] | None,
        typer.Option(
            metavar="URL", help="Origin of another server's page that may use the control plane; may be repeated."
        ),
    ] = None,
    profile: Annotated[
        str, typer.Option(metavar="NAME[,NAME]", help=f"What to serve, side by side: {' or '.join(PROFILES)}.")
    ] = PROFILES[0],
    revision: Annotated[
        str,
        typer.Option(
            metavar="DATE[,DATE]",
            help=f"The text to serve, of medscribe: {', '.join(MACHINES)}; of dalston: {', '.join(LIVE_MACHINES)}.",
        ),
    ] = REVISION,
    session_timeout: Annotated[
        int,
        typer.Option(
            metavar="SECONDS", min=1, max=_LONGEST_SESSION_S, help="When session_manager ends what nobody ended."
        ),
    ] = 3600,
    corpus: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Text, Markdown, PDF and DOCX that prsm looks for things in. Without: the spec's own."
        ),
    ] = None,
    research_seconds: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=3600, help="What a session of prsm lasts at least, to be seen."),
    ] = 1.5,
    ready_file: Annotated[
        Path | None,
        typer.Option(metavar="PATH", help="Where to write, once it is ready, the line of JSON that stdout gets too."),
    ] = None,
    role: Annotated[
        Role | None,
        typer.Option(
            help="Be one of many processes on one --database and --audio-store: api has sessions, worker hears,"
            " gateway sends requests on to whoever has the session, all does what api and worker do.",
            show_default="the only one",
        ),
    ] = None,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_SHARDS, help="Of how many parts a new cluster is made, which its processes share out."
        ),
    ] = None,
    advertise: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where the other processes of the cluster reach this one. Without: --host and --port."
        ),
    ] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="A line a request on stderr: how it was answered, and why.")
    ] = False,
    grace: Annotated[
        float,
        typer.Option(metavar="SECONDS", min=0, max=3600, help="How long what is open may go on after SIGTERM."),
    ] = GRACE_S,
    log_format: Annotated[
        LogFormat, typer.Option(help="Lines on stderr for people, or one JSON object each, the banner included.")
    ] = LogFormat.HUMAN,
) -> None:
    """Serve until interrupted. Example: scribe-mock serve --port 8080 --api-key sk_test_mine"""
    if log_format is LogFormat.JSON:
        begin_json(api_key or [])
    try:
        wanted = settings(
            data_dir=data_dir,
            database=database,
            audio_store=audio_store,
            redis=redis,
            direct_uploads=direct_uploads,
            api_keys=api_key or [],
            transcriber=transcriber,
            model=model,
            notes=notes,
            notes_model=notes_model,
            base_url=base_url,
            base_path=base_path,
            in_memory=in_memory,
            console_origins=console_origin or [],
            shape=templates_shape,
            faults=fault or [],
            scenarios=scenario or [],
            scenario_file=scenarios,
            vary=vary,
            choices=choice or [],
            open_namespaces=open_namespaces,
            faithful=faithful,
            strict=strict,
            profile=profile,
            revision=revision,
            session_timeout=session_timeout,
            corpus=corpus,
            research_seconds=research_seconds,
        )
        cluster.check(wanted, role, shards=shards, advertise=advertise)
    except ValueError as error:
        raise refuse(str(error), USAGE) from error
    told_in = emptied(ready_file)
    listening = listen(host, port)
    port = listening.getsockname()[1]
    if role is None:
        app, face, notice = opened(wanted)
    else:
        app, face, notice = cluster.opened(wanted, role, cluster.advertised(advertise, host, port), shards, grace)
    readiness = Readiness(address(wanted, host, port), host, port, told_in)
    run(
        app,
        face,
        listening,
        lambda: banner(wanted, readiness.url, host, notice, face.around),
        readiness,
        verbose=verbose,
        grace_s=grace,
    )
