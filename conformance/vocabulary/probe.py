"""The names of probes: deliberate departures from a valid request, and what the kit asks before and after a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.vocabulary.name import Name
from conformance.vocabulary.operation import Credential
from conformance.vocabulary.session import Session

if TYPE_CHECKING:
    from collections.abc import Mapping

#: A version no revision of the protocol has.
UNKNOWN_VERSION = "99.0"


class Probe(Name):
    """In what a request departs from a valid one, or why it is asked at all."""

    LOOKING_FOR_DISCOVERY = "looking for discovery", "Discovery is looked for where the text does not have it."
    DISCOVERY_WITH_KEY = "discovery with the key", "Discovery was refused, and is asked for with the key."
    LOOKING_FOR_API = "looking for the API", "The root of the operations is looked for."
    TEMPLATES_URL = "endpoints.templates_url", "The list of templates is read where discovery says."
    SPELLING = "credential", "The key is spelled in one of the ways in use; nothing else is odd.", ": "
    KEY_STILL_OPENS = "does the key still open", "A request that the key opened is sent again."
    CLOSING = "closing", "A session that nobody needs any more is ended."

    NO_CREDENTIAL = "none credential", "No key goes along; the name goes on with the state of the session.", " in "
    WRONG_CREDENTIAL = "wrong credential", "A made-up key goes along; as above.", " in "
    KEY_IN_QUERY = "key in the query as", "The right key stands in the query string, under this name.", " "
    OUT_OF_TURN = "out of turn", "What has to be refused is asked in a state, or by an outsider.", ": "
    OUT_OF_ORDER = "out of order", "A sequence uploads a file before one with a lower number, or once more."
    FOREIGN = "another client's session", "The second client asks for the first one's session."

    TEMPLATES_MISSING = "templates missing", "A create without templates."
    TEMPLATES_STRING = "templates a string", "A create whose templates are a string."
    TEMPLATES_OBJECT = "templates an object", "A create whose templates are an object."
    TEMPLATES_NUMBER = "templates with a number", "A create with a number among its templates."
    TEMPLATES_EMPTY = "templates empty", "A create whose templates are an empty array."
    TEMPLATES_THREE = "three templates", "A create with three listed templates (E14)."
    TEMPLATE_UNKNOWN = "one unknown template", "A create with a listed template and an unknown one (E27)."
    TEMPLATES_UNKNOWN = "unknown templates only", "A create with unknown templates only."
    MODEL_UNKNOWN = "model unknown", "A create with a model that no service offers."
    HINT_STRING = "language_hint a string", "A create whose language_hint is a string."
    HINT_ARRAY = "language_hint an array", "A create whose language_hint is an array, where the text has a string (E6)."
    HINT_TOO_LONG = "language_hint too long", "A create with a word for a language that is not a code."
    HINT_UNLISTED = "language_hint unlisted", "A create with a language that no model lists."
    LANGUAGE_STRING = "transcript_language a string", "A create whose transcript_language is a string."
    LANGUAGE_UNLISTED = "transcript_language unlisted", "A create with a transcript_language that no model lists."
    UPLOAD_TYPE_MISSING = "upload_type missing", "A create without upload_type."
    UPLOAD_TYPE_USED = "upload_type missing, used", "A create without upload_type, whose session is sent a chunk."
    UPLOAD_TYPE_UNKNOWN = "upload_type unknown", "A create with an upload_type that the text does not have."
    UPLOAD_TYPE_STREAM = "upload_type stream", "A create with upload_type stream."
    UPLOAD_TYPE_UNLISTED = "upload_type not listed", "A create with an upload_type that discovery does not list."
    PROTOCOL_MISSING = "communication_protocol missing", "A create without communication_protocol."
    PROTOCOL_UNKNOWN = "communication_protocol unknown", "A create with a protocol that the text does not have."
    PROTOCOL_WEBSOCKET = "communication_protocol websocket", "A create with communication_protocol websocket."
    PROTOCOL_RPC = "communication_protocol rpc", "A create with communication_protocol rpc."
    DATA_ARRAY = "additional_data an array", "A create whose additional_data are an array."
    DATA_STRING = "additional_data a string", "A create whose additional_data are a string."
    DATA_NUMBER = "additional_data a number", "A create whose additional_data are a number."
    DATA_NULL = "additional_data null", "A create whose additional_data are null."
    DATA_OVERSIZE = "additional_data of 64 KB", "A create, or a read of its session, far above the maximum of E52."
    MEMBER_UNKNOWN = "unknown member", "A create with a member that the text does not have."
    BODY_BROKEN = "body broken JSON", "A create whose body breaks off."
    BODY_ARRAY = "body an array", "A create whose body is an array."
    BODY_EMPTY = "body empty", "A create without a body."

    DECLARED = "declared", "An address that discovery names beside the operations is asked for.", " "
    SESSION_UNKNOWN = "unknown session", "A session that nobody made is read or ended."
    SESSION_MALFORMED = "malformed session id", "A session is read under an id of no form at all."
    ROUTE_UNKNOWN = "unknown route", "A route below the root that the protocol does not have."
    METHOD_WRONG = "wrong method", "A method that the route does not have.", " "
    NONSENSE = "nonsense", "A malformed request, which is sent twice in a row.", ": "
    ODD_FILE_NAME = "nonsense: odd file name", "Good audio under a name that breaks careless servers, sent twice.", " "
    SECURITY_TXT = "security.txt", "/.well-known/security.txt is asked for."
    VERSION_UNKNOWN = f"version {UNKNOWN_VERSION}", "MSA-Version names a version that no revision of the protocol has."
    VERSION_SUPPORTED = "supported version", "MSA-Version names a version that discovery calls supported.", " "
    VERSION_DEPRECATED = "deprecated version", "MSA-Version names a version that discovery calls deprecated.", " "

    UPLOAD_FORM = "upload as", "An upload in one of the forms of §7.2, which the name goes on with.", " "
    UPLOAD_WITHOUT_CREDENTIAL = "upload without credential", "An upload without a key."
    UPLOAD_WRONG_KEY = "upload with a made-up key", "An upload with a key that nobody has."
    UPLOAD_OTHER_PART = "upload with another part name", "A form whose part is not called file."
    UPLOAD_RUBBISH = "upload of rubbish", "An upload of random bytes, among good ones."
    UPLOAD_UNKNOWN_SESSION = "upload to an unknown session", "An upload to a session that nobody made."
    UPLOAD_GAP = "a chunk too early", "A chunk whose number leaves one out (E83)."
    UPLOAD_AGAIN = "the same file again", "An upload under a name that is taken."
    UPLOAD_DEFAULT = "chunk into a session without upload_type", "A chunk for a session that named no upload_type."
    UPLOAD_FORMAT = "audio in a format that is not listed", "The kit has a recording in no listed format."
    UPLOAD_OVERLONG = "a chunk over the limit", "The kit has no clip as short as a chunk has to be."
    ONLY_RUBBISH = Session.RUBBISH, "The one file of that session."
    ONLY_UNLISTED = Session.UNLISTED, "The one file of that session."
    ONLY_MISLABELLED = Session.MISLABELLED, "The one file of that session."
    ONLY_LONG_CHUNK = Session.LONG_CHUNK, "The one file of that session."

    STREAM_OVER = "a stream over", "A create with upload_type stream over a protocol, which the name goes on with.", " "
    STREAM = "audio over a socket", "Good speech goes over the socket of a session, and a word that it is over."
    STREAM_UNKNOWN = "audio over a socket of nobody", "The same where upload_url has another id than was given out."
    STREAM_LATE = "audio over a socket afterwards", "The same once the session was ended."

    END_WITHOUT_AUDIO = "end without audio", "An end of a session that was sent nothing (E36)."
    END_UNCOUNTED = "end without a count", "An end without a body, where the text has a count of files in it (E38)."
    END_MISCOUNTED = "end with a count that is none", "An end whose count of files is not a whole number.", ": "
    PACED = "at the recommended pace", "A read at the pace that clients are told to keep."

    INPUT_LACKS = "input without", "A start or an end that lacks a member it needs.", " "
    STAMPED = "timestamp", "A start or an end whose timestamp has another form, or names no moment.", " "
    SESSION_BROUGHT = "a start with a session_id", "A start that brings an id of its own."
    NO_PERFORMER = "a person's input without performer_id", "A start that says it comes from a person, not from whom."
    ANOTHER_USER = "another user's session", "An end in the name of a user whose session it is not."
    END_AGAIN = "a second end", "An end of a session that has ended."
    CURRENT = "current session at", "A current session is asked for, where no address tells one.", " "
    WITHOUT_SESSION = "a message without session_id", "A message to a worker that names no session."

    DEFECT = "with a defect", "A body with one member missing or of another form, which the name goes on with.", ": "
    IN_FORM = "in the form of", "Results in a form that is not the usual one.", " "
    FORMAT_UNKNOWN = "an unknown format", "Results or an export in a format that the text does not have."
    FORMAT_MISSING = "no format", "An export without a format."
    FILTER_UNKNOWN = "a filter that names nothing", "A list by a word or a date that is none.", ": "
    DATE_FORM = "a date in the form", "A list by a date that is written otherwise than the printed one (E7).", " "
    PAGE_BEYOND = "beyond the pages", "A list with a page or a limit out of bounds.", ": "
    HOLDER = "by the share's holder", "The URL of a share is used without a key; the level follows.", ": "
    RECIPIENT = "by a recipient", "The second client uses what is shared with it; the level follows.", ": "
    DROPPED = "the connection breaks", "A session's connection is broken off without a word."
    HUNG_UP = "closed without an end", "A client closes the socket of a session, and says no end (E15)."
    LINKED = "where a link leads", "The address that an answer told for the audio of a session is fetched."
    PART_OF_AUDIO = "a part of the audio", "A download asks for a range of bytes."
    PARAMETER_ODD = "a parameter with another value", "A socket with a parameter that cannot have its value.", ": "
    UNSTORED = "enhance_on_end without store_audio", "A socket that asks for a job without audio (E21)."
    RESUMING = "resume of", "A socket resumes what it may not: a session of nobody, or of another tenant.", " "
    HOLDER_LATE = "by the share's holder afterwards", "The URL of a share is used once it has ended."

    # Requests that nobody wrote by hand: what of one is not as the text has it; the name goes on with the place and
    # what became of it, in the words of whoever drew or changed it.
    ODD_BODY = "body", "A body that its schema may not take.", ": "
    ODD_PATH = "path", "A parameter in the path that its schema does not take.", ": "
    ODD_HEADER = "header", "A header that its schema does not take.", ": "
    ODD_QUERY = "query", "A parameter in the query that its schema does not take.", ": "
    ODD_METHOD = "method", "A method that the text does not have there.", ": "
    ODD_TYPE = "content type", "A media type that the text does not have there.", ": "
    ODD_SYNTAX = "syntax", "A body that is not JSON, or hardly.", ": "
    ODD_TRANSPORT = "transport", "An odd way, but one of HTTP, to send what is valid.", ": "
    ODD_SESSION = "an id nobody gave out", "A read or an end of a well-formed id that was drawn."


#: The probe of a request that carries a credential which opens nothing.
UNCREDENTIALED = {Credential.NONE: Probe.NO_CREDENTIAL, Credential.WRONG: Probe.WRONG_CREDENTIAL}
#: Malformed requests that are sent twice in a row: the text wants a 4xx to each (ERR-020).
MALFORMED = frozenset({Probe.NONSENSE, Probe.ODD_FILE_NAME})
#: No check selects these. Of the first the text alone judges the answer: the cells of its state, the contract and what
#: the lists of its session show. The next two are never judged: the kit has no audio that fits the target. The one that
#: follows is sent because the table has it, which judges it too. The last three were generated: cells judge the
#: strange id, the tables of `fuzz.yaml` a body by what its schema says.
UNSELECTED = frozenset(
    {
        Probe.UPLOAD_RUBBISH,
        Probe.UPLOAD_FORMAT,
        Probe.UPLOAD_OVERLONG,
        Probe.OUT_OF_ORDER,
        Probe.ODD_SESSION,
        Probe.ODD_BODY,
        Probe.ODD_QUERY,
    }
)
#: What is asked before and after the journeys, to find the way or to tidy up: never graded, and no check selects it.
UNGRADED = frozenset(
    {
        Probe.LOOKING_FOR_DISCOVERY,
        Probe.DISCOVERY_WITH_KEY,
        Probe.LOOKING_FOR_API,
        Probe.TEMPLATES_URL,
        Probe.KEY_STILL_OPENS,
        Probe.CLOSING,
    }
)
#: The member that a create lacks.
LACKING: Mapping[Probe | None, str] = {
    Probe.TEMPLATES_MISSING: "templates",
    Probe.UPLOAD_TYPE_MISSING: "upload_type",
    Probe.UPLOAD_TYPE_USED: "upload_type",
    Probe.PROTOCOL_MISSING: "communication_protocol",
}
