"""How often, which way and how long a medicine is to be taken."""

from __future__ import annotations

import re

_COUNTS = "one two three four five six seven eight nine ten"
_N = rf"({_COUNTS.replace(' ', '|')}|twelve|twenty four|\d{{1,2}})"
_DIGIT = {word: str(value) for value, word in enumerate(_COUNTS.split(), 1)} | {"twelve": "12", "twenty four": "24"}
_HOW_OFTEN = {"once": "once", "twice": "twice", "thrice": "three times"} | {
    "1": "once",
    "2": "twice",
    "3": "three times",
    "4": "four times",
    "5": "five times",
    "6": "six times",
}
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
        (r"daily|(?<!for )(?<!in )(?<!within )a day|per day|every day|each day|once day", "daily"),
        (r"weekly|(?<!for )(?<!in )(?<!about )(?<!within )(?<!half )a week|per week|every week|once week", "weekly"),
        (r"monthly|(?<!for )(?<!in )(?<!about )(?<!within )(?<!half )a month|per month|every month", "monthly"),
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
        times = _HOW_OFTEN.get(_digit(groups[0]), f"{_digit(groups[0])} times")
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


def duration(text: str) -> str | None:
    """For how long, from lower-case words; None where it is not said."""
    match = _FOR.search(text)
    if match is None:
        return None
    count = {"a": "1", "fourteen": "14", "thirty": "30"}.get(match[1])
    if count is None:
        count = " to ".join(_digit(group) for group in match.groups()[1:3] if group)
    return f"{count} {match.groups()[-1]}"
