"""The scripts of languages that are not written in Latin letters."""

from __future__ import annotations

import unicodedata

#: ISO 639-1 -> how the Unicode names of its letters begin.
SCRIPTS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("hi", "mr", "ne"), ("DEVANAGARI",)),
    **dict.fromkeys(("bn", "as"), ("BENGALI",)),
    **dict.fromkeys(("ar", "fa", "ur"), ("ARABIC",)),
    **dict.fromkeys(("ru", "uk", "bg"), ("CYRILLIC",)),
    "ta": ("TAMIL",),
    "te": ("TELUGU",),
    "kn": ("KANNADA",),
    "ml": ("MALAYALAM",),
    "gu": ("GUJARATI",),
    "pa": ("GURMUKHI",),
    "or": ("ORIYA",),
    "el": ("GREEK",),
    "he": ("HEBREW",),
    "th": ("THAI",),
    "ko": ("HANGUL",),
    "zh": ("CJK",),
    "ja": ("HIRAGANA", "KATAKANA", "CJK"),
}


def written_in(language: object, text: str) -> float | None:
    """The share of a text's letters that belong to the script of a language; None for a language not in the table."""
    names = SCRIPTS.get(language) if isinstance(language, str) else None
    letters = [c for c in text if c.isalpha()]
    if names is None or not letters:
        return None
    return sum(unicodedata.name(c, "").startswith(names) for c in letters) / len(letters)
