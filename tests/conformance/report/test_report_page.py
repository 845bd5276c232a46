"""report.html is one file that a stranger can read: whose service it is, what was expected, seen, sent and answered."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

import scribe_data
from conformance.report import page
from conformance.report.citation import cited, plain
from conformance.report.passage import MOST_STEPS, MOST_TOLD, passage
from conformance.verdict import Verdict
from tests.peers.framework_defaults import FrameworkDefaults
from tests.peers.production import Production
from tests.peers.runs import judged

if TYPE_CHECKING:
    from conformance.run import Run

SPEC = scribe_data.load()
JARGON = re.compile(r"seed \d{3}|@[0-9a-f]{7}\b|\br[0-2]\b|observations? that hold|\bprobe:|upstream HEAD")


class Reader(HTMLParser):
    """Tags with their attributes, and the text outside scripts and styles, `pre` left out."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self._within: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style", "pre"):
            self._within.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self._within and self._within[-1] == tag:
            self._within.pop()

    def handle_data(self, data: str) -> None:
        if not self._within:
            self.words.append(data)


@pytest.fixture(scope="module", params=[FrameworkDefaults, Production], ids=["framework_defaults", "production"])
def run(request: pytest.FixtureRequest) -> Run:
    return judged(request.param())


@pytest.fixture(scope="module")
def text(run: Run) -> str:
    return page.render(run)


@pytest.fixture(scope="module")
def read(text: str) -> Reader:
    return Reader(text)


def test_the_page_loads_nothing_from_anywhere(text: str, read: Reader) -> None:
    for tag, attributes in read.tags:
        assert tag not in ("link", "iframe", "img", "object", "embed", "base", "form"), tag
        assert "src" not in attributes, (tag, attributes)
        if "href" in attributes:
            assert str(attributes["href"]).startswith("#"), attributes
    style = text[text.index("<style>") : text.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    script = text[text.rindex("<script>") :]
    assert not re.search(r"fetch\(|XMLHttp|import\(|https?:", script)


def test_no_short_name_of_the_kit_is_left_in_the_words_of_the_page(read: Reader) -> None:
    assert [words for words in read.words if JARGON.search(words)] == []


def test_the_headline_names_the_service_and_counts(run: Run, text: str) -> None:
    head = text[text.index("<h1>") : text.index("</h1>")]
    assert f"{run.count(Verdict.PASS)} hold, {run.count(Verdict.FAIL)} broken" in head
    name = run.evidence.discovery.get("service", {}).get("name")
    assert (page.service(run) == name) if name else page.service(run) == ""


def test_every_verdict_has_a_shape_of_its_own(text: str) -> None:
    shapes = dict(re.findall(r"\.v-(\w+)\{--c:[^;]+;--g:'([^']+)'\}", text))
    assert set(shapes) == {verdict.value for verdict in Verdict}
    assert len(set(shapes.values())) == len(shapes)


def test_every_failure_shows_what_was_sent_and_answered_and_what_led_to_it(run: Run, text: str) -> None:
    cards = {
        found[1]: found[0]
        for found in re.finditer(r'<details class="req [^"]*" id="([A-Z0-9-]+)".*?\n</details>', text, re.DOTALL)
    }
    failed = [each for each in run.graded if each.verdict is Verdict.FAIL]
    assert failed
    longer = 0
    for graded in failed:
        card = cards[graded.requirement.id]
        assert f"Chapter {graded.requirement.chapter}, " in card
        numbers = [f.exchange for f in graded.findings if f.kind.value == "violates" and f.exchange is not None]
        if numbers:
            assert ">Sent<" in card
            assert ">Answered<" in card
        for number in numbers[:MOST_TOLD]:
            steps = passage(run, graded, number)
            assert steps[-1]["number"] == number
            assert len(steps) <= MOST_STEPS + 1
            longer += len(steps) > 1
    assert longer
    assert text.count("requests that lead here") >= 1


def test_a_link_to_a_card_that_a_filter_hides_shows_it(text: str) -> None:
    script = text[text.rindex("<script>") :]
    assert "closest('.hidden')) showAll()" in script
    assert "scroll-margin-top" in text


def test_a_reader_can_skip_to_the_requirements(read: Reader) -> None:
    links = [attributes.get("href") for tag, attributes in read.tags if tag == "a"]
    ids = [attributes.get("id") for _, attributes in read.tags if attributes.get("id")]
    assert links[0] == "#requirements"
    assert "requirements" in ids
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("seed 000 §6.2 (response fields), schema", "§6.2 (response fields), schema"),
        ("seed 000 §6.1, §6.7; seed 003 §6.7", "§6.1, §6.7"),
        ("seed 003 §6.2", "§6.2 (revision 2026-01-19)"),
        ("spec §4.5 @ecf560c", "§4.5 (revision 2026-01-19)"),
        ("spec §4.2; §4.4 @ecf560c", "§4.2"),
        ("seed 000 §6.3, spec §9.3", "§6.3, §9.3"),
        ("upstream HEAD §6.4", "§6.4 (revision 2026-01-29)"),
        ("undefined (seed 000 §6.4)", "the text does not say (revision 2026-01-27 §6.4)"),
    ],
)
def test_a_source_is_told_in_sections_and_days(source: str, told: str) -> None:
    assert cited(source, SPEC, "2026-01-27") == told


def test_no_source_and_no_erratum_keeps_a_short_name() -> None:
    told = [cited(each.source, SPEC, SPEC.revision) for each in SPEC.requirements.values()]
    told += [plain(words, SPEC) for each in SPEC.errata.values() for words in (each.title, each.strict, each.lenient)]
    assert [words for words in told if JARGON.search(words) or not words] == []
