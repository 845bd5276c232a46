"""What a transcriber may have made of a drug's name."""

from __future__ import annotations

from functools import cache, lru_cache
from importlib.resources import files

#: Shorter words lie too close to ordinary ones.
_SHORTEST = 6
_VOWELS = str.maketrans("", "", "aeiouyhw")
_SOUNDS = (("ph", "f"), ("ck", "k"), ("x", "ks"), ("z", "s"), ("c", "k"), ("q", "k"))


@cache
def _common() -> dict[str, tuple[str, ...]]:
    """Names worth guessing at, by the sound they begin with: rare ones would only collect accidents."""
    text = (files("mock_server.extraction.data") / "drugs_common.txt").read_text(encoding="utf-8")
    by_sound: dict[str, list[str]] = {}
    for name in text.split("\n"):
        if name and not name.startswith("#"):
            by_sound.setdefault(_sound(name)[0], []).append(name)
    return {sound: tuple(names) for sound, names in by_sound.items()}


@cache
def _ordinary() -> frozenset[str]:
    text = (files("mock_server.extraction.data") / "not_drugs.txt").read_text(encoding="utf-8")
    return frozenset(word for line in text.splitlines() if not line.startswith("#") for word in line.split())


def _sound(word: str) -> str:
    for spelt, sound in _SOUNDS:
        word = word.replace(spelt, sound)
    return word


@lru_cache(maxsize=8192)
def _skeleton(word: str) -> str:
    """The consonants as heard, doubles written once."""
    bare = _sound(word).translate(_VOWELS)
    return "".join(letter for at, letter in enumerate(bare) if at == 0 or bare[at - 1] != letter)


@lru_cache(maxsize=8192)
def nearest(word: str, *, parts: int = 1) -> str | None:
    """The one common drug a misspelling stands for; None where no name or more than one is near."""
    if not _SHORTEST <= len(word) <= 24 or not word.isascii() or not word.isalpha() or word in _ordinary():
        return None
    heard = _sound(word)
    best: list[tuple[int, str]] = []
    for name in _common().get(heard[0], ()):
        allowed = _allowed(len(name), parts)
        if abs(len(name) - len(word)) > allowed or allowed == 0:
            continue
        apart = distance(heard, _sound(name), allowed)
        if apart <= allowed and distance(_skeleton(word), _skeleton(name), 1) <= 1:
            best.append((apart, name))
    best.sort()
    if not best or (len(best) > 1 and best[0][0] == best[1][0]):
        return None
    return best[0][1]


def _allowed(length: int, parts: int) -> int:
    if length < _SHORTEST:
        return 0
    if length < 8:
        return 1
    return 2 if length < 10 else 2 + (parts > 1)


def distance(one: str, other: str, limit: int) -> int:
    """The edit distance of two words, or limit + 1 once it is larger."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        above, row[0] = row[0], at
        for to, against in enumerate(other, 1):
            above, row[to] = row[to], min(row[to] + 1, row[to - 1] + 1, above + (letter != against))
        if min(row) > limit:
            return limit + 1
    return row[-1]
