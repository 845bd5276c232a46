"""Products: files of the right type that other programs open, with all that a report has."""

from __future__ import annotations

import io
import json
import re
import sys
from typing import TYPE_CHECKING

import pytest
from docx import Document as Word
from PIL import Image
from pypdf import PdfReader

from mock_server.research import Corpus, Kind, Report, render
from mock_server.research.render import font
from tests.mock_server.research.work import report

if TYPE_CHECKING:
    from pathlib import Path

    from docx.document import Document

PROMPT = "How often does a gardener water ferns before April, and how does moss differ from a zebra?"
HEADINGS = ["Question", "Summary", "Where the topics stand", "Passages by document", "Sources", "Citations"]


@pytest.fixture(scope="module")
def made(gardening: Corpus) -> Report:
    return report(gardening, PROMPT, Kind.ANALYSIS)


@pytest.fixture(scope="module")
def nothing(gardening: Corpus) -> Report:
    return report(gardening, "<script>zebra</script> & 会话", Kind.RESEARCH)


def meta(prompt: str = PROMPT, *, raw: bool = False) -> render.Meta:
    execution = {"execution_time": 3, "resource_usage": {"queries": 8}}
    return render.Meta("prs_1", prompt, "2026-11-29T07:00:00Z", "2026-11-29T07:00:03Z", execution, raw)


def pages(data: bytes) -> str:
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages))


def words(data: bytes) -> Document:
    return Word(io.BytesIO(data))


@pytest.mark.parametrize("name", render.FORMATS)
def test_the_same_report_gives_the_same_bytes(made: Report, name: str) -> None:
    assert render.FORMATS[name].render(made, meta()) == render.FORMATS[name].render(made, meta())


@pytest.mark.parametrize(
    ("name", "begins", "file_name"),
    [
        ("json", b"{", "session-prs_1.json"),
        ("markdown", b"# How", "session-prs_1.md"),
        ("pdf", b"%PDF-", "session-prs_1.pdf"),
        ("docx", b"PK\x03\x04", "session-prs_1.docx"),
    ],
)
def test_a_product_begins_as_its_type_does_and_is_named_by_it(
    made: Report, name: str, begins: bytes, file_name: str
) -> None:
    assert render.FORMATS[name].render(made, meta()).startswith(begins)
    assert render.FORMATS[name].file_name(meta()) == file_name


def test_a_pdf_has_everything_in_it(made: Report) -> None:
    data = render.pdf(made, meta())
    text = pages(data)
    for heading in [*HEADINGS, *(section.heading for section in made.sections), "Passages that hold each topic"]:
        assert heading in text
    for each in made.citations:
        assert each.quote in text
    assert "execution time: 3".casefold() in text.casefold()
    facts = PdfReader(io.BytesIO(data)).metadata
    assert facts is not None
    assert (facts.title, facts.subject) == (PROMPT, "Session prs_1")


def test_the_font_of_a_pdf_is_within_it(made: Report) -> None:
    fonts = [
        each.get_object()
        for page in PdfReader(io.BytesIO(render.pdf(made, meta()))).pages
        for each in page["/Resources"]["/Font"].values()  # type: ignore[index]
    ]
    used = [each for each in fonts if "NotoSans" in str(each["/BaseFont"])]
    assert used
    assert all("/FontFile2" in each["/FontDescriptor"] for each in used)


def test_a_word_file_has_everything_in_it(made: Report) -> None:
    word = words(render.docx(made, meta()))
    headings = [each.text for each in word.paragraphs if each.style and str(each.style.name).startswith("Heading")]
    assert headings[:2] == HEADINGS[:2]
    assert set(HEADINGS) <= set(headings)
    text = "\n".join(each.text for each in word.paragraphs)
    for number, each in enumerate(made.citations, 1):
        assert f"[{number}] {each.title}, {each.place}: “{each.quote}”" in text
    cells = [[cell.text for cell in row.cells] for row in word.tables[0].rows]
    assert cells == [[str(cell) for cell in row] for row in (made.tables[0].columns, *made.tables[0].rows)]
    picture = word.part.related_parts[word.inline_shapes[0]._inline.graphic.graphicData.pic.blipFill.blip.embed]
    with Image.open(io.BytesIO(picture.blob)) as image:
        assert image.format == "PNG"
        assert len(image.getcolors(1 << 20) or ()) > 3  # bars, letters and paper
    assert word.core_properties.title == PROMPT


def test_markdown_has_everything_in_it(made: Report) -> None:
    text = render.markdown(made, meta()).decode()
    assert [heading for heading in HEADINGS if f"\n## {heading}\n" not in text] == []
    assert "](data:image/svg+xml;base64," in text
    unescaped = re.sub(r"\\(.)", r"\1", text)
    for number, each in enumerate(made.citations, 1):
        assert f"\n{number}. {each.title}, {each.place}: “{each.quote}”\n" in unescaped


def test_json_has_the_members_that_results_have(made: Report) -> None:
    found = json.loads(render.json(made, meta()))
    assert list(found) == [
        "session_id", "results", "summary", "citations", "confidence_score", "execution_metadata",
    ]  # fmt: skip
    assert found["results"] == json.loads(json.dumps(made.results))
    assert json.loads(render.json(made, meta(raw=True))) == found | {"raw_data": json.loads(json.dumps(made.raw))}


def test_raw_data_is_in_a_product_only_where_it_is_asked_for(made: Report) -> None:
    for read in (
        lambda raw: render.markdown(made, meta(raw=raw)).decode(),
        lambda raw: pages(render.pdf(made, meta(raw=raw))),
        lambda raw: "\n".join(each.text for each in words(render.docx(made, meta(raw=raw))).paragraphs),
    ):
        assert ("sentences_weighed" in read(True), "sentences_weighed" in read(False)) == (True, False)


@pytest.mark.parametrize("name", render.FORMATS)
@pytest.mark.parametrize(
    "prompt",
    [
        "ferns " * 200_000,
        "f" * 1_000_000,
        "a\x00b\x1b[31m\ud800 \u202eferns\u202c \ufffe",
        "मरीज़ का रक्तचाप, 会话超时, مريض, 🩺 ferns",
        "<b>ferns</b> & ]]> <!-- | ` * _ [x](y) {{ }} %s",
    ],
    ids=["long", "one word", "controls", "scripts", "markup"],
)
def test_any_prompt_has_products(gardening: Corpus, name: str, prompt: str) -> None:
    data = render.FORMATS[name].render(report(gardening, prompt, Kind.SYNTHESIS), meta(prompt))
    assert len(data) < 300_000


def test_letters_that_the_font_lacks_are_told(nothing: Report, made: Report) -> None:
    assert "Letters that the font of this file lacks" in pages(render.pdf(nothing, meta("会话")))
    assert "Letters that the font of this file lacks" not in pages(render.pdf(made, meta()))
    assert "会话" in render.markdown(nothing, meta("会话")).decode()
    assert "会话" in "\n".join(each.text for each in words(render.docx(nothing, meta("会话"))).paragraphs)


def test_nothing_found_is_said_plainly_in_every_product(nothing: Report) -> None:
    assert "Nothing was found" in pages(render.pdf(nothing, meta()))
    assert "Nothing was found" in "\n".join(each.text for each in words(render.docx(nothing, meta())).paragraphs)
    assert "Nothing was found" in render.markdown(nothing, meta()).decode()
    assert "<script>" not in render.markdown(nothing, meta("<script>")).decode()


@pytest.mark.parametrize(("name", "library"), [("pdf", "reportlab"), ("docx", "docx"), ("docx", "PIL")])
def test_without_its_library_a_product_says_what_to_install(
    made: Report, monkeypatch: pytest.MonkeyPatch, name: str, library: str
) -> None:
    for loaded in [each for each in sys.modules if each.startswith("mock_server.research.render.")]:
        monkeypatch.delitem(sys.modules, loaded)
    for loaded in [each for each in sys.modules if each == library or each.startswith(f"{library}.")]:
        monkeypatch.setitem(sys.modules, loaded, None)
    with pytest.raises(render.Unavailable, match=r"pip install '\.\[prsm\]'"):
        render.FORMATS[name].render(made, meta())


def test_a_font_that_is_not_the_pinned_one_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(font, "_SHA256", "0" * 64)
    font.path.cache_clear()
    with pytest.raises(render.Unavailable, match=r"pip install '\.\[prsm\]'"):
        font.path()
    font.path.cache_clear()
