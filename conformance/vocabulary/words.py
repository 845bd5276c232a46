"""Whether a transcript belongs to its audio: content words matched loosely, markers found in order."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

#: Words too common to show that a text is about the same thing.
_COMMON = frozenset(
    (
        "about",
        "after",
        "again",
        "also",
        "been",
        "before",
        "being",
        "both",
        "could",
        "does",
        "doing",
        "done",
        "down",
        "each",
        "even",
        "every",
        "from",
        "gets",
        "give",
        "goes",
        "going",
        "good",
        "have",
        "having",
        "here",
        "into",
        "just",
        "know",
        "like",
        "made",
        "make",
        "many",
        "more",
        "most",
        "much",
        "need",
        "only",
        "other",
        "over",
        "really",
        "same",
        "should",
        "some",
        "such",
        "take",
        "than",
        "that",
        "their",
        "them",
        "then",
        "there",
        "these",
        "they",
        "thing",
        "things",
        "think",
        "this",
        "those",
        "through",
        "time",
        "very",
        "want",
        "well",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "will",
        "with",
        "would",
        "year",
        "years",
        "your",
        "doctor",
        "patient",
        "okay",
        "yeah",
        "right",
        "sure",
    )
)
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")
#: Fewer content words than this in a stretch of speech prove nothing about it (EXT-012).
FEWEST = 10
#: The same for a file of its own, of which not one word may be found.
FEWEST_OWN = 3


def content_words(text: str) -> list[str]:
    """Lower-case words of four letters and more that are not among the most common ones, in order."""
    words = (word.lower().replace("\u2019", "'") for word in _WORD.findall(text))
    return [word for word in words if len(word) >= 4 and word not in _COMMON]


def _alike(said: str, heard: str) -> bool:
    """The same word but for inflection or one letter."""
    if said == heard:
        return True
    shorter, longer = sorted((said, heard), key=len)
    if len(longer) - len(shorter) <= 3 and longer.startswith(shorter[: max(4, len(shorter) - 1)]):
        return True
    if len(longer) - len(shorter) > 1:
        return False
    return _one_letter_apart(shorter, longer)


def found_in(word: str, heard: Collection[str]) -> bool:
    """Whether a word is among others, matched loosely."""
    return word in heard or any(_alike(word, other) for other in heard)


def _one_letter_apart(shorter: str, longer: str) -> bool:
    at = next((i for i, (a, b) in enumerate(zip(shorter, longer, strict=False)) if a != b), len(shorter))
    if len(shorter) == len(longer):
        return shorter[at + 1 :] == longer[at + 1 :]
    return shorter[at:] == longer[at + 1 :]


@dataclass(frozen=True)
class Coverage:
    """For each quarter of what was said: its content words, and how many of them the transcript has."""

    said: tuple[int, ...]
    heard: tuple[int, ...]

    def lowest(self) -> float | None:
        """The smallest share heard among quarters with enough words; None when no quarter has enough."""
        shares = [h / s for s, h in zip(self.said, self.heard, strict=True) if s >= FEWEST]
        return min(shares) if shares else None


def coverage(said: str, transcript: str) -> Coverage:
    """Match each quarter of the spoken text against the whole transcript."""
    words, heard = content_words(said), set(content_words(transcript))
    size = -(-len(words) // 4) or 1
    quarters = [words[i : i + size] for i in range(0, len(words), size)] or [[]]
    found = tuple(sum(found_in(word, heard) for word in quarter) for quarter in quarters)
    return Coverage(tuple(len(quarter) for quarter in quarters), found)


def _own_words(texts: Sequence[str]) -> dict[str, list[str]]:
    """Text -> its content words that no other text has."""
    words = {text: content_words(text) for text in texts}
    having = Counter(word for mine in words.values() for word in set(mine))
    return {text: [word for word in mine if having[word] == 1] for text, mine in words.items()}


def marker_positions(texts: Sequence[str], transcript: str) -> list[int | None]:
    """For each chunk's text: where its own words (words no other chunk has) first stand in the transcript."""
    heard = [word.lower() for word in _WORD.findall(transcript)]
    first = {
        text: next((at for at, word in enumerate(heard) if any(_alike(marker, word) for marker in markers)), None)
        for text, markers in _own_words(texts).items()
    }
    return [first[text] for text in texts]


def shares_heard(texts: Sequence[str], transcript: str) -> list[float | None]:
    """For each chunk's text: the share of its own words the transcript has; None where too few prove anything."""
    heard = content_words(transcript)
    shares = {
        text: sum(found_in(word, heard) for word in own) / len(own) if len(own) >= FEWEST_OWN else None
        for text, own in _own_words(texts).items()
    }
    return [shares[text] for text in texts]


def ends_unheard(texts: Sequence[str], transcript: str) -> list[bool | None]:
    """For each chunk's text: whether half of its first third or more is heard, and not one word of its last.

    Only words that stand nowhere else in the session count; None where too few prove anything.
    """
    heard = content_words(transcript)
    each = dict.fromkeys(texts)
    unheard = {text: _end_unheard(text, [other for other in each if other != text], heard) for text in each}
    return [unheard[text] for text in texts]


def _end_unheard(text: str, others: Sequence[str], heard: Collection[str]) -> bool | None:
    words = content_words(text)
    third = len(words) // 3
    head, tail = words[:third], words[len(words) - third :]
    known = set(words[: len(words) - third]).union(*map(content_words, others))
    own = [word for word in dict.fromkeys(tail) if not found_in(word, known)]
    if len(own) < FEWEST_OWN or not head:
        return None
    begins = sum(found_in(word, heard) for word in head) >= len(head) / 2
    return begins and not any(found_in(word, heard) for word in own)


def inverted(positions: Sequence[int | None]) -> bool:
    """Whether recognised markers stand in another order than their chunks."""
    found = [position for position in positions if position is not None]
    return any(after < before for before, after in pairwise(found))


def recognised(positions: Sequence[int | None]) -> int:
    """How many markers the transcript shows."""
    return sum(position is not None for position in positions)


def same_words(one: str, other: str) -> bool:
    """Whether two transcripts say the same, labels, punctuation and case aside."""
    return content_words(one) == content_words(other)
