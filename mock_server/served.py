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
        profile = "" if self.profiles == (PROFILE,) else f" --profile {','.join(self.profiles)}"
        told = PROFILE in self.profiles and self.revision != REVISION
        return f"{profile} --revision {self.revision}" if told else profile
