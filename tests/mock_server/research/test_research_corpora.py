"""Corpora: what is read, what is told of the rest, and what happens when files change."""

from __future__ import annotations

import os
import socket
import sqlite3
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

import scribe_data
from mock_server.research import Corpus, CorpusError, Kind, corpus, folder, passage, prose, standing
from mock_server.research.index import PARTS
from mock_server.research.letters import line
from mock_server.research.reading import Reader
from mock_server.research.term import roots
from tests.mock_server.research.files import entity, hostile_pdf, pdf, word_of_kind, word_with
from tests.mock_server.research.work import report

if TYPE_CHECKING:
    from pathlib import Path

    from mock_server.research.folder import Source
    from mock_server.research.passage import Document


def places(found: Corpus, word: str) -> set[tuple[str, str]]:
    return {(row.document, row.place) for part in range(PARTS) for row in found.search([roots(word)], part, 50)}


def test_four_kinds_of_files_are_read_each_with_places_of_its_own(gardening: Corpus) -> None:
    assert places(gardening, "ferns") == {
        ("ferns.txt", "line 1"),
        ("ferns.txt", "line 3"),
        ("ferns.txt", "line 5"),
        ("manual.md", "Garden manual › Watering, line 5"),
        ("manual.md", "Garden manual › Watering, line 10"),
        ("pots.pdf", "page 1"),
        ("deep/soil.docx", "Soil, paragraph 2"),
        ("deep/soil.docx", "table 1, row 1"),
        ("wide.txt", "line 1"),
    }


def test_each_file_that_is_not_read_is_told_with_the_reason(gardening: Corpus) -> None:
    told = {refused.name: refused.reason for refused in gardening.refused}
    assert told.pop("cut.pdf").startswith("is broken: ")
    assert told == {
        "binary.txt": "holds zero bytes: it is no text",
        "bomb.docx": "unfolds to 73,400,320 bytes in 1 members: more than a Word file may",
        "empty.md": "holds no text",
        "latin.txt": "is no UTF-8 text: wrong byte at 4",
        "named.docx": "is no Word file: it is no archive, or a broken one",
        "named.pdf": "is no PDF by its first bytes",
        "out.txt": "is a symbolic link that leads out of the folder: it is not followed",
        "outer": "is a symbolic link that leads out of the folder: it is not followed",
        "picture.png": "is of no kind that is read (.txt, .md, .pdf, .docx)",
    }
    assert gardening.documents == 5


def test_a_link_out_of_the_folder_shows_nothing_of_what_it_leads_to(gardening: Corpus) -> None:
    assert places(gardening, "elsewhere") == set()


def test_the_builtin_corpus_has_every_requirement_and_erratum(builtin: Corpus) -> None:
    rows = builtin._index._connection.execute(
        "SELECT name, place, group_concat(text, ' ') FROM (SELECT * FROM passage ORDER BY id)"
        " JOIN document ON document.id = document GROUP BY name, place"
    )
    held = {(name, place): text for name, place, text in rows}
    for profile in scribe_data.profiles():
        for item in scribe_data.catalogue(profile).values():
            name = f"{profile}/requirements/{item.chapter}"
            assert held.pop((name, item.id)) == line(item.statement)
            assert held.pop((name, f"{item.id}, observable")) == line(item.observable)
        for erratum in scribe_data.load(profile).errata.values():
            assert held.pop((f"{profile}/errata", f"{erratum.id}, note")) == line(erratum.note)
            assert held.pop((f"{profile}/errata", f"{erratum.id}, strict reading")) == line(erratum.strict)
            assert held.pop((f"{profile}/errata", f"{erratum.id}, lenient reading")) == line(erratum.lenient)
            assert held.pop((f"{profile}/errata", f"{erratum.id}, title")) == line(erratum.title)
    assert held == {}


def test_a_count_names_each_document_once_in_whatever_parts(builtin: Corpus) -> None:
    counted = [entry for part in range(PARTS) for entry in builtin.count(roots("session"), part)]
    assert len(counted) == len({title for title, _ in counted})
    assert sum(count for _, count in counted) > 100


def test_a_changed_file_is_read_again_and_a_deleted_one_forgotten(tmp_path: Path) -> None:
    files, index = tmp_path / "files", tmp_path / "index.sqlite"
    files.mkdir()
    (files / "a.txt").write_text("Ferns like shade.")
    (files / "b.txt").write_text("Moss likes shade.")
    first = Corpus.open(index, files)
    assert places(first, "shade") == {("a.txt", "line 1"), ("b.txt", "line 1")}
    (files / "a.txt").write_text("Ferns like the sun now.")
    (files / "b.txt").unlink()
    (files / "c.txt").write_text("\n\nShade is scarce.")
    first.close()
    again = Corpus.open(index, files)
    assert (places(again, "shade"), places(again, "sun")) == ({("c.txt", "line 3")}, {("a.txt", "line 1")})
    assert (again.documents, again.passages) == (2, 2)
    again.close()


def test_a_kept_index_is_not_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, index = tmp_path / "files", tmp_path / "index.sqlite"
    files.mkdir()
    (files / "a.txt").write_text("Ferns like shade.")
    (files / "b.txt").write_bytes(b"\0")
    Corpus.open(index, files).close()
    monkeypatch.setattr(corpus, "_document", lambda *_: pytest.fail("it was read again"))
    again = Corpus.open(index, files)
    assert (places(again, "shade"), again.refused[0].name) == ({("a.txt", "line 1")}, "b.txt")
    again.close()


@pytest.mark.parametrize("damage", ["bytes", "version"])
def test_an_index_that_cannot_be_used_is_made_anew(tmp_path: Path, damage: str) -> None:
    files, index = tmp_path / "files", tmp_path / "index.sqlite"
    files.mkdir()
    (files / "a.txt").write_text("Ferns like shade.")
    Corpus.open(index, files).close()
    if damage == "bytes":
        index.write_bytes(b"no database at all" * 500)
    else:
        with sqlite3.connect(index) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    again = Corpus.open(index, files)
    assert places(again, "shade") == {("a.txt", "line 1")}
    again.close()


def test_another_folder_in_the_same_index_takes_the_place_of_the_first(tmp_path: Path) -> None:
    index = tmp_path / "index.sqlite"
    for name, text in (("one", "Ferns grow."), ("two", "Mosses dry.")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(text)
        os.utime(tmp_path / name / "a.txt", ns=(1, 1))
    Corpus.open(index, tmp_path / "one").close()
    second = Corpus.open(index, tmp_path / "two")
    assert (places(second, "ferns"), places(second, "mosses")) == (set(), {("a.txt", "line 1")})
    second.close()


def test_what_lies_beyond_a_bound_is_told_and_the_rest_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_TOTAL_BYTES", 60)
    monkeypatch.setattr(folder, "FILE_BYTES", 40)
    monkeypatch.setattr(corpus, "_PASSAGES", 3)
    (tmp_path / "a.txt").write_text("Ferns.\n\nMoss.")
    (tmp_path / "b.txt").write_text("One.\n\nTwo.\n\nThree.")
    (tmp_path / "c.txt").write_text("x" * 41)
    (tmp_path / "d.txt").write_text("y" * 40)
    found = Corpus.open(None, tmp_path)
    assert {refused.name: refused.reason for refused in found.refused} == {
        "b.txt": "the corpus has as many passages as it may (3)",
        "c.txt": "is larger than 0 MiB (41 bytes)",
        "d.txt": "the corpus is as large as it may be (0 MiB)",
    }
    assert found.passages == 2


def test_what_is_no_file_is_told_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(str(tmp_path / "s.md"))
    found = Corpus.open(None, tmp_path)
    assert [(item.name, item.reason) for item in found.refused] == [
        ("pipe.txt", "is no regular file"),
        ("s.md", "is no regular file"),
    ]


def test_text_of_any_shape_is_read_in_one_go(tmp_path: Path) -> None:
    length = 1 << 18
    for name, text in (("dots", "."), ("spaces", "# # "), ("one", "x"), ("bars", "| "), ("hashes", "#"), ("cjk", "会")):
        (tmp_path / f"{name}.md").write_text((text * length)[:length] + " ferns")
    found = Corpus.open(None, tmp_path)
    assert {document for document, _ in places(found, "ferns")} == {
        "dots.md",
        "one.md",
        "hashes.md",
        "bars.md",
        "cjk.md",
    }
    longest = found._index._connection.execute("SELECT max(length(text)) FROM passage").fetchone()[0]
    assert longest <= 2_000


def test_hostile_files_cost_neither_memory_nor_the_others(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY {one} "{f"&{two};" * 10}">' for one, two in pairwise("zyxwvutsr")) + '<!ENTITY r "ha">'
    (tmp_path / "secret.png").write_text("secret moss")
    files = {
        "bomb.pdf": hostile_pdf(zlib.compress(bytes(64 << 20))),
        "laughs.docx": word_with(entity(laughs)),
        "outward.docx": word_with(entity(f'<!ENTITY z SYSTEM "file://{tmp_path}/secret.png">')),
        "sound.pdf": pdf("Ferns are well."),
    }
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = Corpus.open(None, tmp_path)
    told = {refused.name: refused.reason for refused in found.refused}
    assert "bomb.pdf" in told
    assert "entity" in told["laughs.docx"]
    assert places(found, "well") == {("sound.pdf", "page 1")}
    assert places(found, "secret") == places(found, "moss") == set()


def test_a_file_that_takes_too_long_is_told_and_the_next_one_read(tmp_path: Path) -> None:
    (tmp_path / "slow.pdf").write_bytes(pdf("Ferns."))
    (tmp_path / "b.txt").write_text("Moss.")
    (slow,) = (source for source in folder.listing(tmp_path).sources if source.name == "slow.pdf")
    with Reader(seconds=0.0) as reader, pytest.raises(folder.Unreadable, match="takes longer than 0 s to read"):
        reader.read(slow)
    with Reader() as reader:
        assert reader.read(slow)[0].passages[0].text == "Ferns."


def test_an_index_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(CorpusError, match=r"The index .* cannot be used"):
        Corpus.open(tmp_path / "file" / "index.sqlite")


def test_many_threads_find_the_same(gardening: Corpus) -> None:
    with ThreadPoolExecutor(8) as threads:
        made = list(threads.map(lambda _: report(gardening, "ferns and moss", Kind.SYNTHESIS), range(24)))
    assert all(each == made[0] for each in made)


def test_an_empty_folder_is_a_corpus_with_nothing_in_it(tmp_path: Path) -> None:
    found = report(Corpus.open(None, tmp_path), "ferns", Kind.RESEARCH)
    assert found.summary == "Nothing was found: the corpus is empty."


def test_a_folder_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="is no folder that can be read"):
        Corpus.open(None, tmp_path / "nowhere")


def test_progress_is_told_while_a_file_takes_long(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus, "_SILENT_S", 0.001)
    monkeypatch.setattr(corpus, "_EVERY_S", 0.001)
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text("Ferns.")
    told: list[tuple[int, int, str]] = []
    read = corpus._document

    def long(reader: Reader, source: Source) -> tuple[Document, str]:
        until = time.monotonic() + 10
        while not told or told[-1][2] != source.name:
            assert time.monotonic() < until, "nothing is told"
            time.sleep(0.001)
        return read(reader, source)

    monkeypatch.setattr(corpus, "_document", long)
    Corpus.open(None, tmp_path, lambda *facts: told.append(facts))
    assert list(dict.fromkeys(told))[-3:] == [(0, 2, "a.txt"), (1, 2, "b.txt"), (2, 2, "")]
    assert [standing(*facts) for facts in ((0, 0, ""), (0, 2, "a.txt"), (2, 2, ""))] == [
        "the corpus is being listed",
        "the corpus is being read: 0 of 2 files, now a.txt",
        "the corpus is being read: 2 of 2 files",
    ]


@pytest.mark.parametrize(
    ("text", "times"), [(">\n", 50_000), ("> |\n", 50_000), ("a\n", 200_000), ("\u0301\u0316", 30_000)]
)
def test_reading_a_text_takes_as_long_as_the_text_is(text: str, times: int) -> None:
    """Each of them takes a small part of a second, and takes minutes where a line costs what all before it hold."""
    since = time.process_time()
    prose.plain("a.txt", (text * times).encode())
    prose.markdown("a.md", (text * times).encode())
    assert time.process_time() - since < 5


def test_quotation_lines_that_say_nothing_part_paragraphs() -> None:
    found = prose.markdown("a.md", b"> Ferns grow.\n>\n> Moss\n> dries.\n")
    assert [(passage.place, passage.text) for passage in found.passages] == [
        ("line 1", "Ferns grow."),
        ("line 3", "Moss dries."),
    ]


def test_a_heap_of_marks_stays_on_its_letter() -> None:
    assert line("e\u0301 f" + "\u0301" * 40) == "\u00e9 f" + "\u0301" * 30 + "\u034f" + "\u0301" * 10
    assert line("\u2500" * 40) == "\u2500" * 40


def test_a_long_text_is_read_within_the_bounds_of_every_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "long.md").write_text("Ferns grow.\n\n" * 6_000)
    (source,) = folder.listing(tmp_path).sources
    with Reader(seconds=0.0) as reader, pytest.raises(folder.Unreadable, match="takes longer than 0 s to read"):
        reader.read(source)
    assert len(prose.markdown("long.md", source.path.read_bytes()).passages) == 6_000
    monkeypatch.setattr(passage, "MOST", 3)
    assert len(prose.markdown("long.md", source.path.read_bytes()).passages) == 4


def test_what_is_told_of_a_file_does_nothing_to_a_terminal(tmp_path: Path) -> None:
    kind = "A\x9b31mRED\x9b2J&#13;scribe-mock listens on http://evil.example/\u202ex"
    (tmp_path / "said.docx").write_bytes(word_of_kind(kind))
    (tmp_path / "named\n\x1b[31m\x9b.txt").write_bytes(b"\0")
    for refused in Corpus.open(None, tmp_path).refused:
        told = f"{refused.name} {refused.reason}"
        assert told.isprintable(), told
        assert "RED" in told or "named" in told


def test_a_file_that_no_corpus_has_room_for_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, index = tmp_path / "files", tmp_path / "index.sqlite"
    files.mkdir()
    (files / "long.txt").write_text("One.\n\nTwo.\n\nThree.")
    monkeypatch.setattr(corpus, "_PASSAGES", 2)
    Corpus.open(index, files).close()
    monkeypatch.setattr(corpus, "_document", lambda *_: pytest.fail("it was read again"))
    again = Corpus.open(index, files)
    assert [refused.reason for refused in again.refused] == ["the corpus has as many passages as it may (2)"]
    again.close()
