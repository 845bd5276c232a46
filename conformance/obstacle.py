"""Why a run cannot begin, each with the exit code of the command."""

from __future__ import annotations


class TargetError(Exception):
    """The run cannot begin; the message is one line that says what to do. `exit_code` is the command's."""

    exit_code = 3


class BadOption(TargetError, ValueError):  # noqa: N818 - says what is wrong, as the message does
    """An option cannot be used as given."""

    exit_code = 2


class TargetUnreachable(TargetError):  # noqa: N818 - as above
    """Nothing that speaks the protocol answered."""


class CredentialsRefused(TargetError):  # noqa: N818 - as above
    """The target answers, but no spelling of the key lets the kit in."""
