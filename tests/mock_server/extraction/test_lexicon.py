"""The word lists: big enough, with their source named, and consistent."""

from __future__ import annotations

from importlib.resources import files

import pytest

from mock_server.extraction.lexicon import drug_names, findings
from mock_server.extraction.sentence import words
from mock_server.extraction.spelling import distance, nearest

DATA = files("mock_server.extraction.data")


def rows(name: str) -> list[list[str]]:
    lines = (DATA / name).read_text(encoding="utf-8").splitlines()
    return [line.split("\t") for line in lines if line and not line.startswith("#")]


def test_there_are_more_than_a_thousand_drugs_and_two_hundred_findings() -> None:
    assert len({drug.generic for drug in drug_names().values()}) > 1000
    assert len(rows("findings.tsv")) > 200


def test_the_exported_list_names_its_source_and_licence() -> None:
    head = (DATA / "drugs.tsv").read_text(encoding="utf-8")[:400]
    assert "drug-named-entity-recognition" in head
    assert "MIT" in head


def test_every_common_name_is_a_known_drug() -> None:
    assert [name for (name,) in rows("drugs_common.txt") if name not in drug_names()] == []


def test_no_drug_or_finding_is_listed_twice() -> None:
    for name in ("drugs.tsv", "drugs_own.tsv", "findings.tsv", "allergens.tsv"):
        listed = [row[0] for row in rows(name)]
        assert len(listed) == len(set(listed)), name


def test_the_longest_name_wins() -> None:
    found = [match.entry.name for match in findings().find(words("sore throat and pain in my lower back"))]
    assert found == ["sore throat", "back pain"]


@pytest.mark.parametrize("word", ["", "take", "singular", "warfare", "x" * 5000, "métforminé"])
def test_no_name_is_guessed_for_other_words(word: str) -> None:
    assert nearest(word) is None


@pytest.mark.parametrize(
    ("one", "other", "apart"), [("", "", 0), ("abc", "abd", 1), ("abc", "ac", 1), ("abcdef", "x", 3)]
)
def test_distance_counts_edits_up_to_its_limit(one: str, other: str, apart: int) -> None:
    assert distance(one, other, 2) == apart
