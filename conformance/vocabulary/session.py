"""The names that journeys give their sessions: the same on the create, the uploads, the reads and the end of one."""

from __future__ import annotations

from conformance.vocabulary.name import Name


class Session(Name):
    """A session of a run, by what it is for."""

    TRIED_OUT = (
        "preparation",
        "How the target is created, fed, ended and read is found out on it; it is never graded.",
        "/",
    )
    VISIT = "visit", "A long consultation of two voices in chunks, read in every state."
    PLAIN = "plain", "It was created without any optional member."
    PLAIN_WITHOUT = (
        "plain without",
        "One optional member was left out: without all of them a create is refused.",
        " ",
    )
    SHORT = "short", "One recording with words of its own.", "/"
    LEFT_OUT = "left out of", "It is sent once more what another session's transcript leaves out.", " "
    STRANGER = "stranger to", "Nobody made it; its id has the shape of another session's.", " "

    MACHINE = "machine", "A sequence of the state machine is about it; the name goes on with the sequence's.", "/"
    RACE = "race", "Requests about it are on their way at the same time; the name goes on with the race.", "/"
    WALK = "walk", "It is led to a state of the lifecycle, and asked everything there.", "/"

    ORDER_OF_FOUR = "audio/order of four", "Four chunks are sent in another order than their numbers."
    ORDER_OF_TWELVE = "audio/order of twelve", "Twelve chunks are sent in another order than their numbers."
    NUMBERED = "audio/numbered", "Chunks are sent in the order of their numbers, which stand in a header."
    GAP = "audio/gap", "The number of a chunk leaves one out."
    FORMAT = "audio/format", "Good speech in one of the listed formats, which the name goes on with.", " "
    RUBBISH = "audio/rubbish", "Its only file is random bytes under a listed type."
    UNLISTED = "audio/unlisted", "Its only file is random bytes under a type that is not listed."
    MISLABELLED = "audio/mislabelled", "Its only file is good audio under another listed type."
    NOISE = "audio/noise between", "Noise stands between two pieces of good speech."
    LONG_CHUNK = "audio/long chunk", "Its only file is longer than a chunk may be."
    REFUSALS = "audio/refusals", "Uploads that have to be refused, then a good one."
    MULTIPART = "audio/multipart", "Its file is uploaded as a form."
    RAW = "audio/raw", "Its file is uploaded as a raw body."
    PUT_BY_NAME = "audio/put by name", "Its file is PUT to upload_url with its name behind it, as to a storage."
    TWICE = "audio/twice", "The same file is sent twice under one name."
    SINGLE = "audio/single", "The whole recording goes in one request."
    STREAMED = (
        "audio/streamed",
        "Its audio goes over a socket, in the form of messages that the name goes on with.",
        " ",
    )
    ACKNOWLEDGEMENT = "audio/acknowledgement", "Short and longer files, for the time each takes to acknowledge."
    PACE = "extraction/pace", "It is polled at the pace that clients are told to keep."

    STATES = "authentication/states", "Strangers knock at it in every state."
    LEFT_ALONE = "authentication/left alone", "Nobody but its owner asks for it: the control for FOREIGN."
    FOREIGN = "authentication/foreign", "The second client asks for it in every state."

    UPLOAD_TYPE = "creation/upload", "It was created with one of the upload types.", " "
    MODEL = "creation/model", "It was created with one of the models.", " "
    NO_HINT = "creation/no hint", "It was created without language_hint."
    NO_TRANSCRIPT_LANGUAGE = "creation/no transcript language", "It was created without transcript_language."
    NO_MODEL = "creation/no model", "It was created without model."
    TWO_TEMPLATES = "creation/two templates", "Two listed templates are asked for."
    THREE_TEMPLATES = "creation/three templates", "Three listed templates are asked for."
    ONE = "creation/one", "The first of two sessions of the very same body: it is sent audio."
    OTHER = "creation/other", "The second of two sessions of the very same body: it is left alone."
    OTHER_SCRIPT = "creation/other script", "Its transcript is asked for in another script than the speech."
    DEFAULT_UPLOAD = "creation/default upload", "It was created without upload_type, and is sent a chunk."

    BODILESS = "ending/bodiless", "It is ended without a body, where the run has to send one."
    OTHER_COUNT = "ending/other count", "Its end counts one file more than it was sent."
    WITHOUT_AUDIO = "ending/without audio", "It is ended without any audio."
    TOGETHER = "ending/together", "Several files are sent to it at the same time."
    ODD_NAMES = "errors/odd names", "Good audio is sent to it under odd file names."

    EXPIRES_EMPTY = "expiry/empty", "It is left alone past its deadline, without any audio."
    EXPIRES_SPOKEN = "expiry/spoken", "It is left alone past its deadline, with one file."
    ENDED_IN_TIME = "expiry/ended in time", "It is ended shortly before its deadline."

    DRAWN_OPEN = "fuzz/open", "Drawn reads and uploads are sent to it."
    DRAWN_ENDED = "fuzz/ended", "It is sent one file, and is what drawn ends are for."
    MUTATION_CONTROL = "fuzz/mutations/control", "The control for changed bodies: a plain create, before any of them."
    RAW_CONTROL = "fuzz/raw/control", "The control for bodies that are hardly JSON: a plain create, before any of them."
    RAW_AFTERWARDS = "fuzz/raw/afterwards", "A plain create after the last of those bodies."
    GENERATED = "generated", "A create that nobody wrote by hand; its journey and a number follow.", " "

    FOUR_KB = "passthrough/4 KB", "Its additional_data are of the recommended maximum."
    SIXTY_FOUR_KB = "passthrough/64 KB", "Its additional_data are far beyond the recommended maximum."
    PARALLEL = "passthrough/parallel", "It runs beside others, each with data of its own.", " "
    EMPTY_DATA = "passthrough/empty", "The same audio as TEMPTING_DATA, with an empty object."
    TEMPTING_DATA = "passthrough/tempting", "Its data name what a careless service might read them for."

    TEMPLATES_LISTED = "templates/listed", "Two listed templates are asked for.", " "
    TEMPLATES_UNKNOWN = "templates/unknown", "A listed template is asked for beside an unknown one."
    ORIGIN = "starts/origins/from", "It was started by one of the three origins.", " "
    TOGETHER_OF = "starts/together/of", "It was started at the same time as others, some of the same user.", " "
    DEFECTIVE = "starts/defective", "A start with one thing about it wrong; it should not be there."
    CURRENT_OF = "starts/current/open", "It is open while somebody asks for a current session."
    ENDED_BADLY = "ends/badly", "It is sent ends with one thing about them wrong."
    ENDED_ONCE = "ends/ended once", "It is ended by another user, by its own, and once more."
    ENDED_TOGETHER = "ends/ended together", "Its user ends it twice at the same time."
    TIMED_OUT = "ends/timed out", "Nobody ends it before its time is up."
    RESTARTED = "ends/restarted", "It is open while the service is started again."
    RESTED = "ends/rested", "It has ended when the service is started again."
    TOLD_OF = "workers/told of", "Messages of it go to a worker."
    ORDERED = "orders/as", "A create of one type, or in one form that is valid.", " "
    CONTROLLED = "orders/control", "The plain create beside creates that have something wrong about them."
    PAUSED = "control/paused", "It is paused while it runs, looked at, resumed and waited for; a type follows.", " "
    CANCELLED = "control/cancelled", "It is cancelled, with or without a reason.", " "
    READ_OUT = "results/read", "It is waited for, and what came of it is read in every form."
    LISTED = "list/of", "It is to be found in lists.", " "
    INSERTED = "list/inserted", "It is made while the pages of a list are read."
    SHARED = "shares/of", "It is shared on a level, and used by the holder of the share.", " "
    RECEIVED = "shares/received", "It is shared with the second client on a level, which uses it.", " "
    SECOND_OWN = (
        "shares/the second client's",
        "The second client remarks on it, which shows what that client is called.",
    )
    REMARKED = "comments/on", "Comments are added to it."
    OVERDUE = "limit/overdue", "It is left to work until its time is up, by the target's clock."
    SHARED_FOR_A_TIME = "shares/for a time", "A share of it ends, by the target's clock."
    DICTATED = "dictation/as", "Speech goes over its socket until its client ends it; the parameters follow.", " "
    SILENT = "dictation/silent", "It is to keep its audio, and is sent none."
    WATCHED = "dictation/watched", "It is sent silence and then nothing, until its figures have to be refreshed."
    RESUMED = "resume/of", "It resumes another session, and is spoken into as that one was.", " "
    PREDECESSOR = "resume/predecessor", "It is resumed by another one."
    LOST = "leaving/lost", "Its connection breaks in the middle of speech."
    LEFT = "leaving/left", "Its client closes the socket without an end."
    LISTED_LIVE = "list/live", "It is to be found in lists of realtime sessions, active and ended.", " "
    REMOVED = "removal/of", "It is deleted, by whom and when follows.", " "
    ENHANCED = "dictation/enhanced", "Its end is to begin a batch job."
    VERSIONED = "versioning/session", "It is read by requests that name a version of the protocol."


#: Uploads to these may be refused: chunks out of order (AUD-013), a format (AUD-016), noise (SES-PART-009).
REFUSABLE = frozenset({Session.ORDER_OF_FOUR, Session.ORDER_OF_TWELVE, Session.FORMAT, Session.NOISE})
