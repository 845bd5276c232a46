"""Dose, frequency, route and duration as said around a drug's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from mock_server.extraction.number import Number, number_at
from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mock_server.extraction.sentence import Word

_STRENGTH = {
    spelt: unit
    for unit, spellings in {
        "mg": "mg mgs milligram milligrams",
        "mcg": "mcg microgram micrograms",
        "g": "g gram grams gm",
        "mL": "ml milliliter milliliters millilitre millilitres cc ccs",
        "units": "unit units",
        "IU": "iu",
        "mEq": "meq milliequivalent milliequivalents",
    }.items()
    for spelt in spellings.split()
}
_COUNT = {
    spelt: unit
    for unit, spellings in {
        "tablets": "tablet tablets tab tabs",
        "pills": "pill pills",
        "capsules": "capsule capsules",
        "puffs": "puff puffs",
        "drops": "drop drops",
        "sprays": "spray sprays",
    }.items()
    for spelt in spellings.split()
}
#: Units read out letter by letter.
_SPELT_OUT = (
    (["m", "c", "g"], "mcg"),
    (["m", "e", "q"], "meq"),
    (["m", "g"], "mg"),
    (["m", "l"], "ml"),
    (["i", "u"], "iu"),
)
#: A bare number before one of these counts time, people or results, not milligrams.
_COUNTED = vocabulary(
    """year years month months week weeks day days hour hours minute minutes time times percent % o'clock am pm a p
    more people of out to or / point pounds lbs degrees old different other weeks st nd rd th refill refills"""
)
#: Bare numbers below are counts far more often than strengths.
_LEAST_BARE = 2.5


def dose(said: Sequence[Word], start: int, end: int, *, bare: bool = False) -> str | None:
    """The last strength in words[start:end] ("40 mg"), else a count ("2 puffs"), else a bare number if allowed.

    A bare number counts as a strength only right after the name ("metformin 500").
    """
    strength = count = None
    at = start
    while at < end:
        number = number_at(said, at)
        if number is None or number.end > end:
            at += 1
            continue
        unit = _unit(said, number)
        if unit in _STRENGTH:
            strength = f"{number} {_STRENGTH[unit]}"
        elif unit in _COUNT:
            count = f"{number} {_COUNT[unit] if number.value > 1 else _COUNT[unit][:-1]}"
        elif bare and strength is None and at - start <= 1 and _is_bare(said, number):
            strength = str(number)
        at = number.end
    return strength or count


def _unit(said: Sequence[Word], number: Number) -> str:
    at = number.end
    while at < len(said) and said[at].text in {"of", "a", ",", "half"} and at < number.end + 1:
        at += 1
    text = said[at].text if at < len(said) else ""
    for letters, unit in _SPELT_OUT:
        if [word.text for word in said[at : at + len(letters)]] == letters:
            return unit
    return text if at == number.end or text in _STRENGTH else ""


def _is_bare(said: Sequence[Word], number: Number) -> bool:
    after = said[number.end].text if number.end < len(said) else ""
    return number.value >= _LEAST_BARE and after not in _COUNTED


_COUNTS = "one two three four five six seven eight nine ten"
_N = rf"({_COUNTS.replace(' ', '|')}|twelve|twenty four|\d{{1,2}})"
_DIGIT = {word: str(value) for value, word in enumerate(_COUNTS.split(), 1)} | {"twelve": "12", "twenty four": "24"}
_HOW_OFTEN = {"1": "once", "2": "twice", "3": "three times", "4": "four times", "5": "five times", "6": "six times"}
_TIMES = rf"(?:(once|twice|thrice)|{_N}(?: to {_N})? times?)"
_FREQUENCIES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), form)
    for pattern, form in (
        (rf"{_TIMES}(?: ,)? (?:a|per|each|every) (day|week|month|year)", "{times} {per}"),
        (rf"{_TIMES} (daily|weekly|monthly|yearly)", "{times} {per}"),
        (r"b i d|bid|b\.i\.d", "twice daily"),
        (r"t i d|tid", "three times daily"),
        (r"q i d|qid", "four times daily"),
        (rf"every {_N}(?: (?:to|or) {_N})? (hours?|days?|weeks?|months?)", "every {n} {unit}"),
        (r"every other (day|week|night)", "every other {0}"),
        (r"every (morning|evening|night|hour)|(nightly)", "every {0}"),
        (r"(?:at|before) (?:bedtime|bed|night)|before (?:you )?(?:go|going) to (?:bed|sleep)|q h s", "at bedtime"),
        (r"in the (mornings?|evenings?|afternoons?)", "in the {0}"),
        (r"with (?:each |every |your )?(meals?|food|breakfast|lunch|dinner)", "with {0}"),
        (r"as needed|when needed|p r n|prn|as required|if needed|when you need it|when i need it", "as needed"),
        (r"daily|a day|per day|every day|each day|once day", "daily"),
        (r"weekly|a week|per week|every week|once week", "weekly"),
        (r"monthly|a month|per month|every month", "monthly"),
    )
)
_PER = {"day": "daily", "week": "weekly", "month": "monthly", "year": "yearly"}


def frequency(text: str) -> str | None:
    """How often, from lower-case words: "twice daily, as needed"; None where it is not said."""
    found: list[tuple[int, str]] = []
    for pattern, form in _FREQUENCIES:
        match = pattern.search(text)
        if match:
            found.append((match.start(), _spell(form, match)))
            text = text[: match.start()] + " " * (match.end() - match.start()) + text[match.end() :]
    kept = [form for at, form in sorted(found)]
    if len(kept) > 1:
        kept = [form for form in kept if form not in {"daily", "weekly", "monthly"}] or kept[:1]
    return ", ".join(dict.fromkeys(kept)) or None


def _spell(form: str, match: re.Match[str]) -> str:
    groups = [group for group in match.groups() if group]
    if form == "{times} {per}":
        times = groups[0] if groups[0] in {"once", "twice"} else _HOW_OFTEN.get(_digit(groups[0]), f"{groups[0]} times")
        if len(groups) == 3:
            times = f"{_digit(groups[0])} to {_digit(groups[1])} times"
        return f"{times} {_PER.get(groups[-1], groups[-1])}"
    if form.startswith("every {n}"):
        count = " to ".join(_digit(group) for group in groups[:-1])
        return f"every {count} {groups[-1]}"
    return form.format(*(group if group != "nightly" else "night" for group in groups))


def _digit(text: str) -> str:
    return _DIGIT.get(text, text)


_ROUTES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"\b(?:{pattern})\b"), route)
    for pattern, route in (
        (r"by mouth|orally|oral|p o|swallow", "oral"),
        (r"intravenous(?:ly)?|i v|iv|drip|infusion", "intravenous"),
        (r"intramuscular(?:ly)?|i m injection", "intramuscular"),
        (r"under the tongue|sublingual(?:ly)?", "sublingual"),
        (r"inhalers?|inhaled|inhale|puffs?|nebulizer|nebulized|nebs?", "inhaled"),
        (r"nasal spray|nasal|up (?:your|each|the) (?:nose|nostrils?)|nostrils?", "nasal"),
        (r"eye drops?|in (?:the|your|each|both) eyes?", "ophthalmic"),
        (r"ear drops?|in (?:the|your|each|both) ears?", "otic"),
        (r"patch|patches", "transdermal"),
        (r"cream|ointment|gel|lotion|topical(?:ly)?|shampoo", "topical"),
        (r"suppository|suppositories|rectally", "rectal"),
        (r"inject|injections?|injected|injecting|shots?|subcutaneous(?:ly)?", "injection"),
    )
)


def route(text: str) -> str | None:
    """By which way, from lower-case words; None where it is not said."""
    for pattern, name in _ROUTES:
        if pattern.search(text):
            return name
    return None


_FOR = re.compile(
    rf"\bfor (?:the )?(?:next |another |about |at least )?(a|{_N}(?: (?:to|or) {_N})?|fourteen|thirty) (?:more )?"
    r"(days?|weeks?|months?)\b"
)
_SO_FAR = re.compile(r"\b(?:been|past|last|since|ago|already|was|had|'ve)\b")


def duration(text: str) -> str | None:
    """For how long it is to be taken; how long it has been taken is something else."""
    match = _FOR.search(text)
    if match is None or _SO_FAR.search(text):
        return None
    count = {"a": "1", "fourteen": "14", "thirty": "30"}.get(match[1])
    if count is None:
        count = " to ".join(_digit(group) for group in match.groups()[1:3] if group)
    return f"{count} {match.groups()[-1]}"


def dose_of(said: Sequence[Word], first: int, name: int) -> str | None:
    """A bare strength right before "of" and a name: "five of Norvasc"."""
    if name - first < 2 or said[name - 1].text not in {"of", "the", "your"}:
        return None
    of = next((at for at in range(name - 1, max(first, name - 3), -1) if said[at].text == "of"), None)
    if of is None:
        return None
    for at in range(max(first, of - 4), of):
        number = number_at(said, at)
        if number is not None and number.end == of and number.value >= _LEAST_BARE:
            return str(number)
    return None
