"""Word error rate, after a plain normaliser: enough to compare a transcript with what was said."""

import re

_ONES = "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
_ONES += " seventeen eighteen nineteen"
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBERS = {word: value for value, word in enumerate(_ONES.split())}
_NUMBERS |= {word: 20 + 10 * place for place, word in enumerate(_TENS.split())}
_SPELLINGS = {"alright": "all right", "mg": "milligrams"}


def words(text: str) -> list[str]:
    """Lower-case words without labels and punctuation, "one hundred fifty" being "150"."""
    bare = re.sub(r"(?m)^(Doctor|Patient):", " ", text).lower()
    bare = re.sub(r"(?<=\d)(?=[a-z])", " ", bare)
    for spelling, plain in _SPELLINGS.items():
        bare = re.sub(rf"\b{spelling}\b", plain, bare)
    found: list[str] = []
    number: int | None = None
    for word in re.findall(r"[a-z0-9']+", bare):
        if word == "hundred" and number is not None:
            number *= 100
        elif word in _NUMBERS and (number is None or number % 100 == 0 or (number % 10 == 0 and _NUMBERS[word] < 10)):
            number = (number or 0) + _NUMBERS[word]
        else:
            if number is not None:
                found.append(str(number))
            number = _NUMBERS.get(word)
            if number is None:
                found.append(word)
    return found + ([str(number)] if number is not None else [])


def error_rate(heard: str, said: str) -> float:
    """Edits by word from what was said to what was heard, as a share of what was said."""
    expected, actual = words(said), words(heard)
    row = list(range(len(actual) + 1))
    for place, word in enumerate(expected, 1):
        diagonal, row[0] = row[0], place
        for column, other in enumerate(actual, 1):
            diagonal, row[column] = (
                row[column],
                min(row[column] + 1, row[column - 1] + 1, diagonal + (word != other)),
            )
    return row[-1] / len(expected)
