"""What somebody may be allergic to, where a sentence names it: drugs, classes of them, foods, and what no list has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from mock_server.extraction.lexicon import allergens, drugs
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from mock_server.extraction.drug import Mention
    from mock_server.extraction.sentence import Word

#: After these the talk is of something else than what is not borne.
_STOPS = vocabulary(
    """so but because therefore instead since although however then will i'll we'll prescribe prescribing start take
    taking takes use using give giving switch try tolerate tolerates fine okay with when if which that it he she i we
    is was were are can can't cannot not never do does did feel felt now today currently still there from they make
    my your his her their me you gives gave makes made causes caused get got have has had for please known bad badly
    very really last this next year years month months week weeks ago as since again once childhood time times"""
)
_SEPARATORS = vocabulary(", and or also the a an to any of both all like such plus some certain things only just uh um")
#: Words after "allergic to" that name nothing.
_NOTHING = vocabulary(
    """anything any something nothing it that them this these those medication medications medicine medicines drug
    drugs food foods everything what everybody substances things one ones you me know of all else so far lot several
    many few pills pill yes no none not aware yet particular general stuff certain some work working exercise
    housework homework mornings mondays school"""
)
#: What is told of an item of a list begins with these and has so many words at most.
_ASIDE = frozenset({"which", "that", "it", "they", "gives", "causes", "makes"})
_LONGEST_ASIDE = 12
#: What is said while a name is looked for.
_SEARCHING = tuple(
    tuple(said.split())
    for said in (
        "what's that one", "what's it called", "what is it called", "what's the name", "what do you call it",
        "what is it", "what's it", "what was it", "let me think", "how do you say it", "you know",
    )
)  # fmt: skip
#: A name has so many words at most.
LONGEST = 3


@dataclass(frozen=True, slots=True)
class Substance:
    """Named in words[start:end] of a sentence."""

    name: str
    kind: str
    start: int
    end: int
    recognised: bool = True


def substances(said: Sequence[Word], mentions: Sequence[Mention], start: int = 0) -> list[Substance]:
    """Those of the word lists in words[start:], from left to right; `mentions` are the drugs of the sentence."""
    found: dict[int, Substance] = {}
    for one in sorted(_known(said, mentions, start), key=lambda item: -item.end):
        found.setdefault(one.start, one)
    kept: list[Substance] = []
    for at in sorted(found):
        if not kept or at >= kept[-1].end:
            kept.append(found[at])
    return kept


def listed(said: Sequence[Word], mentions: Sequence[Mention], start: int) -> list[Substance]:
    """Those of a list that begins at words[start], known or not; it ends where something else is said."""
    known = {one.start: one for one in substances(said, mentions, start)}
    kept: list[Substance] = []
    at = start
    while at < len(said):
        text = said[at].text
        one = known.get(at)
        searched = 0 if one or kept else _searching(said, at)
        if searched:
            at += searched
            continue
        if one is None and (text in _STOPS or (kept and text in {"no", "not"})):
            again = _resumed(said, at, known) if kept and text in _ASIDE else None
            if again is None:
                break
            at = again
            continue
        if one is None and text in _SEPARATORS | _NOTHING:
            at += 1
            continue
        one = one or _unknown(said, at)
        if one is None:
            break
        kept.append(one)
        at = one.end
    return kept


def _searching(said: Sequence[Word], at: int) -> int:
    """How many words are said at words[at] while a name is looked for."""
    texts = tuple(word.text for word in said[at : at + _LONGEST_ASIDE])
    return next((len(one) for one in _SEARCHING if texts[: len(one)] == one), 0)


def together(said: Sequence[Word], items: Sequence[Substance], at: int) -> tuple[int, int]:
    """Where those before items[at] end that something else is told of, and where those end that stand with it."""
    first, last = at, at
    while first and _joined(said, items[first - 1], items[first]):
        first -= 1
    while last + 1 < len(items) and _joined(said, items[last], items[last + 1]):
        last += 1
    return items[first - 1].end if first else 0, items[last].end


def _joined(said: Sequence[Word], one: Substance, other: Substance) -> bool:
    return all(word.text in _SEPARATORS | _NOTHING for word in said[one.end : other.start])


def _resumed(said: Sequence[Word], at: int, known: Mapping[int, Substance]) -> int | None:
    """Where a list goes on after what is told of one of its items: "codeine, which makes me sick, and strawberries"."""
    for comma in range(at, min(at + _LONGEST_ASIDE, len(said))):
        first = comma + 1
        while first < len(said) and said[first].text in _SEPARATORS:
            first += 1
        one = known.get(first)
        if said[comma].text == "," and one is not None and first > comma + 1:
            after = said[one.end].text if one.end < len(said) else ","
            return first if after in _SEPARATORS else None
    return None


def _known(said: Sequence[Word], mentions: Sequence[Mention], start: int) -> Iterator[Substance]:
    for mention in mentions:
        if mention.start >= start:
            yield Substance(mention.drug.name, "drug", mention.start, mention.end)
    for drug in drugs().find(said[start:]):
        if not drug.entry.needs_cue:
            yield Substance(drug.entry.name, "drug", start + drug.start, start + drug.end)
    for match in allergens().find(said[start:]):
        name = " ".join(word.text for word in said[start + match.start : start + match.end])
        yield Substance(name, match.entry.kind, start + match.start, start + match.end)


def _unknown(said: Sequence[Word], at: int) -> Substance | None:
    end = at
    while end < min(len(said), at + LONGEST) and _nameable(said[end].text):
        end += 1
    name = " ".join(word.text for word in said[at:end])
    return Substance(name, "unknown", at, end, recognised=False) if end > at else None


def _nameable(text: str) -> bool:
    return len(text) > 2 and text.isalpha() and text not in _STOPS | _NOTHING | _SEPARATORS
