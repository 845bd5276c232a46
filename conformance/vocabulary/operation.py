"""The operations of the protocol, and the credentials a request can carry, as labels name them."""

from __future__ import annotations

from enum import StrEnum


class Operation(StrEnum):
    """What a request asks for; each but OTHER stands in a profile under the same name."""

    #: The discovery document is read.
    DISCOVERY = "discovery"
    #: The list of templates is read.
    TEMPLATES = "templates"
    #: A session is made.
    CREATE = "create"
    #: An audio file is handed over.
    UPLOAD = "upload"
    #: A session is closed, so that its audio is worked on.
    END = "end"
    #: A session is read.
    GET = "get"
    #: The log of a user is read, or the results of a session as a file.
    EXPORT = "export"
    #: A message of a session goes to a worker.
    MESSAGE = "message"
    #: The sessions of the caller are listed.
    LIST = "list"
    #: A session is stopped for good.
    CANCEL = "cancel"
    #: A session is made to stand still.
    PAUSE = "pause"
    #: A session that stands still goes on.
    RESUME = "resume"
    #: What a session found is read.
    RESULTS = "results"
    #: What a session took and cost is read.
    METRICS = "metrics"
    #: What happened to a session is read.
    HISTORY = "history"
    #: Others are let see a session.
    SHARE = "share"
    #: Something is said about a session.
    COMMENT = "comment"
    #: The audio of a session is fetched.
    AUDIO = "audio"
    #: What was said in a session is read.
    TRANSCRIPT = "transcript"
    #: A session is deleted with all that is kept of it.
    DELETE = "delete"
    #: The protocol has no such operation: an odd route, an address that discovery names, the test clock.
    OTHER = "other"


class Credential(StrEnum):
    """With whose key a request is sent."""

    #: The tester's own key.
    RIGHT = "right"
    #: No key at all.
    NONE = "none"
    #: A key that the kit made up.
    WRONG = "wrong"
    #: The key of the second client.
    SECOND = "second"
    #: The tester's own key, in the name of a user whose session it is not.
    OTHER_USER = "other_user"


#: The operations that some protocol has.
PROTOCOL = tuple(each for each in Operation if each is not Operation.OTHER)
#: Credentials that open nothing.
BAD = (Credential.NONE, Credential.WRONG)
