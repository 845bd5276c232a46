"""Reports: every sentence rests on quotes that really stand where it says, and nothing is made up."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from docx import Document as Word
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pypdf import PdfReader

import scribe_data
from mock_server.research import Corpus, Findings, Kind, Plan, Report
from mock_server.research.index import Index
from mock_server.research.passage import Document, passages
from tests.mock_server.research.work import findings, report

if TYPE_CHECKING:
    from pathlib import Path

ABOUT_SESSIONS = "Compare what is answered when a session is ended twice with when it has expired: status 409 or 410?"
ABOUT_FERNS = "How often does a gardener water ferns before April, and how does moss differ?"


def one_line(text: str) -> str:
    return re.sub(r"\s+", " ", text)


def texts_of(path: Path) -> str:
    """All text of a file, read by other means than the corpus does."""
    if path.suffix == ".pdf":
        return one_line(" ".join(page.extract_text() for page in PdfReader(path).pages))
    if path.suffix == ".docx":
        word = Word(str(path))
        cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        return one_line(" ".join([*(paragraph.text for paragraph in word.paragraphs), *cells]))
    return one_line(path.read_text("utf-16" if path.name == "wide.txt" else "utf-8"))


def stands_at(place: str) -> str:
    """What `spec/` has at a place of the built-in corpus, of any profile."""
    name = place.split(",", maxsplit=1)[0]
    found = []
    for profile in scribe_data.profiles():
        text = scribe_data.load(profile)
        if (item := scribe_data.catalogue(profile).get(name)) is not None:
            found += [item.statement, item.observable]
        if (erratum := text.errata.get(name)) is not None:
            found += [erratum.title, erratum.note, erratum.strict, erratum.lenient]
    return one_line(" ".join(found))


def said(made: Report) -> list[dict[str, Any]]:
    return [each for section in made.results["sections"] for each in section["statements"]]


@pytest.mark.parametrize("kind", Kind)
def test_every_quote_stands_in_the_file_it_is_cited_from(gardening: Corpus, garden: Path, kind: Kind) -> None:
    made = report(gardening, ABOUT_FERNS, kind)
    assert len({each.document for each in made.citations}) >= 3
    for each in made.citations:
        assert each.quote in texts_of(garden / each.document)


@pytest.mark.parametrize("kind", Kind)
def test_every_quote_of_the_builtin_corpus_stands_at_the_place_it_names(builtin: Corpus, kind: Kind) -> None:
    made = report(builtin, ABOUT_SESSIONS, kind)
    assert len(made.citations) > 10
    for each in made.citations:
        assert each.quote in stands_at(each.place), each


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("prompt", [ABOUT_SESSIONS, "webhook", 'What must a client do with "upload_url"?'])
def test_every_sentence_cites_and_every_quote_in_it_is_one_it_cites(builtin: Corpus, kind: Kind, prompt: str) -> None:
    made = report(builtin, prompt, kind)
    quotes = {each.number: each.quote for each in made.citations}
    statements = [*said(made), *(each.as_json() for each in made.said)]
    assert statements
    for each in statements:
        assert each["citations"], each
        assert set(each["citations"]) <= quotes.keys()
        for number in each["citations"]:
            each["text"] = each["text"].replace(quotes[number], "")
        # what is left is the rule's own words: labels of topics are the only quotations in it
        labels = {topic.label for topic in Plan.of(prompt, kind).question.topics}
        assert set(re.findall("“([^“”]*)”", each["text"])) <= labels | {""}


@pytest.mark.parametrize("kind", Kind)
def test_the_summary_is_its_sentences_with_their_numbers(builtin: Corpus, kind: Kind) -> None:
    made = report(builtin, ABOUT_SESSIONS, kind)
    rest = made.summary
    for each in made.said:
        numbers = "".join(f"[{number}]" for number in each.citations)
        assert rest.startswith(f"{each.text} {numbers}")
        rest = rest.removeprefix(f"{each.text} {numbers}").lstrip()
    assert rest == ""


def test_research_gathers_by_theme_and_source(gardening: Corpus) -> None:
    headings = [section["heading"] for section in report(gardening, ABOUT_FERNS, Kind.RESEARCH).results["sections"]]
    assert headings[-1] == "By source"
    assert {"On “gardener”", "On “moss”"} <= set(headings)


def test_analysis_counts_what_really_stands_there(gardening: Corpus) -> None:
    made = report(gardening, ABOUT_FERNS, Kind.ANALYSIS)
    counted = {row[0]: row[1:3] for row in made.results["tables"][0]["rows"]}
    # by hand, from the files: ferns 3 + 2 + 1 + 2 + 1 passages
    assert counted == {
        "gardener": [3, 3],
        "water": [8, 4],
        "ferns": [9, 5],
        "April": [2, 2],
        "moss": [1, 1],
    }
    for row in made.results["tables"][1]["rows"]:
        assert sum(row[1:]) == counted[row[0]][0]
    assert "“ferns” stands in 9 and “moss” in 1 passage: 9.0 times as many." in [each["text"] for each in said(made)]


def test_synthesis_finds_where_sources_agree_and_differ(gardening: Corpus) -> None:
    sections = report(gardening, ABOUT_FERNS, Kind.SYNTHESIS).results["sections"]
    told = {section["heading"]: [each["text"] for each in section["statements"]] for section in sections}
    assert any("7 days" in text and "pots.pdf" in text for text in told["Where the sources agree"])
    differ = " ".join(told["Where the sources differ"])
    assert "One names 7 where the other names 3" in differ or "One names 3 where the other names 7" in differ
    assert "holds a denial, the other none" in differ


def test_the_same_prompt_and_corpus_give_the_same_report(garden: Path, gardening: Corpus) -> None:
    again = Corpus.open(None, garden)
    for kind in Kind:
        plan = Plan.of(ABOUT_FERNS, kind)
        assert Report.of(plan, findings(again, plan)) == report(gardening, ABOUT_FERNS, kind)
    again.close()


def test_findings_are_kept_as_json_between_any_two_steps(builtin: Corpus) -> None:
    plan = Plan.of(ABOUT_SESSIONS, Kind.SYNTHESIS)
    state = Findings.empty()
    for step in plan.steps:
        kept = json.dumps(state.to_json())
        assert len(kept) < 100_000
        assert Findings.from_json(json.loads(kept)) == state
        state = step.carry_out(builtin, Findings.from_json(json.loads(kept)))
    assert state == findings(builtin, plan)


@pytest.mark.parametrize("kept", [{}, {"documents": 1}, {**Findings.empty().to_json(), "quotes": [{"text": "?"}]}])
def test_what_are_no_findings_is_refused(kept: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="no findings"):
        Findings.from_json(kept)


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("prompt", "plain"),
    [
        (
            "zebra xylophone",
            "Nothing was found: “zebra” and “xylophone” stand in none of the 13 passages of 5 documents.",
        ),
        ("quagga", "Nothing was found: “quagga” stands in none of the 13 passages of 5 documents."),
        ("the of and", "Nothing was looked for: the prompt has no word that says what is asked for."),
    ],
)
def test_a_question_that_nothing_answers_is_told_so(gardening: Corpus, kind: Kind, prompt: str, plain: str) -> None:
    made = report(gardening, prompt, kind)
    assert (made.summary, made.citations, made.confidence.score) == (plain, (), 0.0)
    assert (made.results["found"], made.results["sections"], made.results["chart"]) == (False, [], None)


def test_what_is_asked_for_and_stands_nowhere_is_told_beside_what_was_found(gardening: Corpus) -> None:
    made = report(gardening, "ferns and zebras", Kind.RESEARCH)
    assert (made.found, made.unanswered) == (True, ("zebras",))
    assert made.confidence.coverage < 1


def test_confidence_is_the_sum_it_says_it_is(gardening: Corpus) -> None:
    score = report(gardening, ABOUT_FERNS, Kind.RESEARCH).confidence
    worked_out = 0.5 * score.coverage + 0.3 * score.independence + 0.2 * score.agreement
    assert score.score == pytest.approx(worked_out, abs=0.0002)
    pairs = findings(gardening, Plan.of(ABOUT_FERNS, Kind.RESEARCH)).pairs
    alike = [pair for pair in pairs if pair.relation == "alike"]
    assert 0 < len(alike) < len(pairs)
    assert score.agreement == pytest.approx(len(alike) / len(pairs), abs=0.0001)
    assert report(gardening, "quagga", Kind.RESEARCH).confidence.score == 0
    assert report(gardening, f"{ABOUT_FERNS} quagga", Kind.RESEARCH).confidence.coverage < score.coverage


def test_the_chart_is_svg_of_the_counts(gardening: Corpus) -> None:
    made = report(gardening, 'moss, ferns and "<b>&"', Kind.ANALYSIS)
    root = ET.fromstring(made.results["chart"]["svg"])
    bars = [float(each.get("width") or 0) for each in root.iter("{http://www.w3.org/2000/svg}rect")][1:]
    assert [round(9 * bar / max(bars)) for bar in bars] == [row[1] for row in made.tables[0].rows]
    assert root.find("{http://www.w3.org/2000/svg}desc").text.startswith("moss: 1; ferns: 9")  # type: ignore[union-attr]


def test_usage_counts_searches_and_what_they_read(gardening: Corpus) -> None:
    plan = Plan.of("moss", Kind.RESEARCH)
    usage = findings(gardening, plan).usage
    assert (usage.queries, usage.passages_read, usage.sentences_weighed) == (8, 1, 1)
    assert usage.bytes_read == len("Moss needs no watering at all.")


@settings(max_examples=60)
@given(st.text(min_size=1, max_size=300), st.sampled_from(Kind))
def test_a_text_that_is_asked_about_itself_is_found_and_quoted(text: str, kind: Kind) -> None:
    index = Index(None)
    held = tuple(passages("line 1", text))
    index.replace([(Document("a", "a", held), "", "")], ())
    corpus = Corpus(index)
    corpus.documents, corpus.passages = 1, len(held)
    made = report(corpus, text, kind)
    said = " ".join(passage.text for passage in held)
    assert all(each.quote in said for each in made.citations)
    assert all(statement.citations for section in made.sections for statement in section.statements)
    corpus.close()


def test_what_two_documents_say_in_the_same_words_is_quoted_of_both_and_counts_as_agreement(tmp_path: Path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text("Ferns thrive on wet slate.\n\nFerns thrive on wet slate.")
    made = report(Corpus.open(None, tmp_path), "ferns on slate", Kind.SYNTHESIS)
    assert [each.document for each in made.citations] == ["a.txt", "b.txt"]
    assert made.confidence.agreement == 1.0


def test_a_corpus_that_has_shrunk_at_a_restart_does_not_stop_a_session(tmp_path: Path) -> None:
    files, index = tmp_path / "files", tmp_path / "index.sqlite"
    files.mkdir()
    for number in range(9):
        (files / f"{number}.txt").write_text(f"Ferns of bed {number}.")
    corpus = Corpus.open(index, files)
    plan = Plan.of("ferns of any bed", Kind.ANALYSIS)
    state = Findings.empty()
    for number, step in enumerate(plan.steps):
        if number == 8:
            for name in range(8):
                (files / f"{name}.txt").unlink()
            corpus.close()
            corpus = Corpus.open(index, files)
        state = step.carry_out(corpus, state)
    corpus.close()
    assert [each.document for each in Report.of(plan, state).citations] == ["8.txt"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(st.text(max_size=200) | st.from_regex(r"(?:fern|moss|NEAR\(|\"|\*|AND|-|:|\^| ){1,20}"), st.sampled_from(Kind))
def test_any_prompt_ends_in_a_report_of_json_values(gardening: Corpus, prompt: str, kind: Kind) -> None:
    made = report(gardening, prompt, kind)
    json.dumps([made.results, made.summary, [each.as_json() for each in made.citations], made.raw])
    assert made.found or made.summary.startswith("Nothing was")
