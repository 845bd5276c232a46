"""What a server serves: its profiles, and the revisions of those that have several."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import scribe_data
from mock_server.session.dalston.table import DALSTON_2026_02_11
from mock_server.session.dalston.table import MACHINES as LIVE_MACHINES
from mock_server.session.table import MACHINES
from mock_server.suggestion import hint
from scribe_data import PROFILE, REVISION

if TYPE_CHECKING:
    from collections.abc import Collection

#: The profile of research sessions.
RESEARCH = "prsm"
#: The profile of sessions that are started and ended, and logged.
WINDOWS = "session_manager"
#: The profile of live sessions, which are their sockets.
LIVE = "dalston"
#: The text of live sessions that is served where nobody names another.
LIVE_REVISION: Final = DALSTON_2026_02_11.revision


class Served(NamedTuple):
    """The profiles, the first of them first, and which text of medscribe and of live sessions."""

    revision: str = REVISION
    profiles: tuple[str, ...] = (PROFILE,)
    live: str = LIVE_REVISION

    @property
    def revisions(self) -> dict[str, str]:
        """The text of each profile that is served; of one that has a single text, that."""
        chosen = {PROFILE: self.revision, LIVE: self.live}
        return {name: chosen.get(name) or scribe_data.revisions(name)[-1] for name in self.profiles}

    @property
    def named(self) -> str:
        """As a sentence that tells what there is not begins with it."""
        if PROFILE in self.profiles:
            return f"Revision {self.revision}"
        return (
            f"The profile {self.profiles[0]}"
            if len(self.profiles) == 1
            else f"A server of {' and '.join(self.profiles)}"
        )

    @property
    def options(self) -> str:
        """What a command that lists what there is has to be told."""
        profile = "" if self.profiles == (PROFILE,) else f" --profile {','.join(self.profiles)}"
        told = [self.revision] if PROFILE in self.profiles and self.revision != REVISION else []
        told += [self.live] if LIVE in self.profiles and self.live != LIVE_REVISION else []
        return f"{profile} --revision {','.join(told)}" if told else profile


def revisions(given: str, profiles: Collection[str]) -> tuple[str, str]:
    """The texts of medscribe and of live sessions that a list with commas names, in any order.

    Raises ValueError for a name that no text has, and for two of one profile; one that is not named is the usual one.
    """
    found: dict[str, str] = {}
    names = [name.strip() for name in given.split(",") if name.strip()]
    known = {PROFILE: tuple(MACHINES), **({LIVE: tuple(LIVE_MACHINES)} if LIVE in profiles else {})}
    for name in names:
        profile = next((each for each, those in known.items() if name in those), None)
        if profile is None:
            all_names = [each for those in known.values() for each in those]
            told = f"Revision {name[:40]!r} is not served; {', '.join(all_names)} are."
            if name in LIVE_MACHINES:
                told += f" It is one of the profile {LIVE}, which --profile does not name."
            raise ValueError(f"{told}{hint(name, all_names)}")
        if found.setdefault(profile, name) != name:
            raise ValueError(f"Revisions {found[profile]} and {name} are both of {profile}; one of them is served.")
    return found.get(PROFILE, REVISION), found.get(LIVE, LIVE_REVISION)
