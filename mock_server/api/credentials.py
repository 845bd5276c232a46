"""The credentials that no line may show, in the spellings in which somebody may say them again."""

from __future__ import annotations

from base64 import b64encode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Shorter keys are words that stand in texts for other reasons too.
TELLING: Final = 8


@dataclass(frozen=True, slots=True)
class Secrets:
    """What is hidden wherever it stands: the credentials of a request, also as encoders write them, and valid keys.

    Those of a request are few; the valid ones are one set that all requests share.
    """

    own: tuple[str, ...]
    valid: frozenset[str]

    @classmethod
    def of(cls, own: frozenset[str], valid: frozenset[str]) -> Self:
        """Of a request that came with credentials of its `own`."""
        return cls(_spelt(own), valid)

    def __iter__(self) -> Iterator[str]:
        yield from self.own
        yield from self.valid

    def __len__(self) -> int:
        return len(self.own) + len(self.valid)

    def __contains__(self, text: object) -> bool:
        return text in self.own or text in self.valid


@lru_cache(256)
def _spelt(own: frozenset[str]) -> tuple[str, ...]:
    """Credentials as they are, and those that are long enough to be told from words in base64 and in hexadecimal."""
    found = dict.fromkeys(sorted(own))
    for each in own:
        raw = each.encode("utf-8", "surrogateescape")
        if len(raw) < TELLING:
            continue
        # the last characters of base64 depend on what stands behind: all that is sure is looked for
        whole = len(raw) // 3 * 4
        found |= dict.fromkeys((b64encode(raw).decode()[:whole], urlsafe_b64encode(raw).decode()[:whole]))
        found |= dict.fromkeys((raw.hex(), raw.hex().upper()))
    return tuple(found)
