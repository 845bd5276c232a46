"""What a server serves: its profiles, and the revision of medscribe."""

from __future__ import annotations

from typing import NamedTuple

from scribe_data import PROFILE, REVISION

#: The profile of research sessions.
RESEARCH = "prsm"


class Served(NamedTuple):
    """The profiles, the first of them first, and which text of medscribe."""

    revision: str = REVISION
    profiles: tuple[str, ...] = (PROFILE,)

    @property
    def named(self) -> str:
        """As a sentence that tells what there is not begins with it."""
        return f"Revision {self.revision}" if PROFILE in self.profiles else f"The profile {self.profiles[0]}"

    @property
    def options(self) -> str:
        """What a command that lists what there is has to be told."""
        if PROFILE not in self.profiles:
            return f" --profile {','.join(self.profiles)}"
        return f" --revision {self.revision}" if self.revision != REVISION else ""
