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
_TO = "(?:to|or|-)"
_TIMES = rf"(?:(once|twice|thrice)|{_N}(?: {_TO} {_N})? times?)"
_FREQUENCIES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), form)
    for pattern, form in (
        (rf"{_TIMES}(?: ,)? (?:a|per|each|every) (day|week|month|year)", "{times} {per}"),
        (rf"{_TIMES} (daily|weekly|monthly|yearly)", "{times} {per}"),
        (r"b i d|bid|b\.i\.d|b d|bd", "twice daily"),
        (r"t i d|tid|t d s|tds", "three times daily"),
        (r"q i d|qid|q d s|qds", "four times daily"),
        (rf"every {_N}(?: {_TO} {_N})? (hours?|days?|weeks?|months?)", "every {n} {unit}"),
        (r"every other (day|week|night)", "every other {0}"),
        (r"every (morning|evening|night|hour)|(nightly)", "every {0}"),
        (
            r"(?:at|before) (?:bedtime|bed|night)|before (?:you )?(?:go|going) to (?:bed|sleep)|q h s|nocte",
            "at bedtime",
        ),
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
        (r"under (?:the|your|his|her) tongue|sublingual(?:ly)?", "sublingual"),
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
    rf"\bfor (?:the )?(?:next |another |about |at least )?(a|{_N}(?: {_TO} {_N})?|fourteen|thirty) (?:more )?"
    r"(days?|nights?|weeks?|months?|fortnight)\b"
)


def duration(text: str) -> str | None:
    """For how long, from lower-case words; None where it is not said."""
    match = _FOR.search(text)
    if match is None:
        return None
    count = {"a": "1", "fourteen": "14", "thirty": "30"}.get(match[1])
    if count is None:
        count = " to ".join(_digit(group) for group in match.groups()[1:3] if group)
    return "2 weeks" if match.groups()[-1] == "fortnight" else f"{count} {match.groups()[-1]}"


_DAYS = r"(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|weekdays?)"
_WEEKDAY = re.compile(r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)day")
_PART_OF_DAY: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(rf"(?<!\S)(?:{pattern})(?!\S)"), form)
    for pattern, form in (
        (r"(?:in the |every |each |on the )?(morning|afternoon|evening)s?", "in the {0}"),
        (
            r"(?:at|every|each|before) (?:bedtime|bed)|before (?:you )?(?:go|going) to (?:bed|sleep)|q h s|bedtime",
            "at bedtime",
        ),
        (r"(?:at|every|each|for the) nights?|nights|nightly", "at night"),
        (r"(?:at|every|each|for) (breakfast|lunch|dinner|supper|noon|midday)(?: ?time)?", "at {0}"),
        (r"(with|before|after) (?:your |my )?(breakfast|lunch|dinner|supper)", "{0} {1}"),
        (r"when (?:i|you|he|she|they) (?:wakes?|gets?) up|on waking|first thing(?: in the morning)?", "on waking"),
        (rf"(?:on |at |every )?(?:the )?({_DAYS}(?: (?:, )?(?:(?:and|to|through) )?{_DAYS})*)", "on {0}"),
        (r"(?:at|on) (?:the )?weekends?", "at weekends"),
        (r"(?:on )?(?:all )?(?:the )?other days|(?:for )?the rest of the (?:week|time)", "on the other days"),
        (r"a ?m|a\.m|am", "a.m."),
        (r"p ?m|p\.m|pm", "p.m."),
    )
)


def daypart(text: str) -> str | None:
    """The first time of the day or week in lower-case words: "in the morning", "at night"; None where none is."""
    found = [(match.start(), form, match) for pattern, form in _PART_OF_DAY if (match := pattern.search(text))]
    if not found:
        return None
    _, form, match = min(found, key=lambda one: one[0])
    named = _WEEKDAY.sub(lambda day: day[0].capitalize(), form.format(*match.groups()))
    return named.removeprefix("on ") if " to " in named or " through " in named else named


_FIRST = re.compile(
    rf"\b(?:for|during) the first (?:{_N} )?(days?|weeks?|months?)\b|\bon (?:the )?(?:first day|day (?:one|1))\b"
)


def span(text: str) -> str | None:
    """For how long a step of a course lasts: "3 days" for "for three days", "1 day" for "on day one"."""
    first = _FIRST.search(text)
    if first is not None:
        return f"{_digit(first[1] or 'one')} {first[2] or 'day'}"
    return duration(text)
