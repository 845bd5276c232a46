"""The tester's key where a command of the operator's prints it, as its one line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.drive.command import CommandFailed, run, words_of
from conformance.target import BadOption, is_key

if TYPE_CHECKING:
    from conformance.target import Options

#: Seconds a command may take: it asks an identity provider at most.
LONGEST_S = 30.0
#: Bytes read of what it prints: the longest tokens in use fit into a header of 8 KiB.
MOST_PRINTED = 64 * 1024


async def token(options: Options) -> str:
    """The key that `--token-command` prints; raises BadOption, which says what is wrong with the command."""
    name, command = options.named("token-command"), options.token_command or ""
    try:
        printed = await run(command, LONGEST_S, MOST_PRINTED)
    except CommandFailed as error:
        raise BadOption(f"{name}: {error}") from error
    return _only_line(printed, f"{name}: {words_of(command)[0]}")


def _only_line(printed: bytes, whose: str) -> str:
    if len(printed) > MOST_PRINTED:
        raise BadOption(f"{whose} prints more than {MOST_PRINTED} bytes; the key or token alone is wanted")
    lines = [line.strip() for line in printed.decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) != 1:
        told = f"{len(lines)} lines" if lines else "nothing"
        raise BadOption(f"{whose} prints {told}; one line with the key or token is wanted")
    if not is_key(lines[0]):
        raise BadOption(f"{whose} prints what no header can carry; printable ASCII is wanted")
    return lines[0]
