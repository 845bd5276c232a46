"""Requirements, checks and journeys name each other, in both directions."""

from __future__ import annotations

import subprocess
from pathlib import Path

import spec
from conformance.checks import all_checks
from fixtures.build import check

ROOT = Path(__file__).parents[2]
SEEN_ON_THE_WIRE = ("black-box", "needs-time-control", "needs-fault-injection")


def test_every_requirement_names_exactly_the_checks_that_judge_it() -> None:
    judged = {name: tuple(found.name for found in checks) for name, checks in all_checks().items()}
    named = {r.id: r.checks for r in spec.load().requirements.values() if r.checks}
    assert named == judged


def test_every_service_requirement_that_shows_on_the_wire_has_a_check() -> None:
    service = [r for r in spec.load().requirements.values() if r.subject == "service"]
    assert [r.id for r in service if r.testability in SEEN_ON_THE_WIRE and not r.checks] == []


def test_the_audio_is_what_the_manifest_says() -> None:
    assert check(ROOT / "fixtures") == []


def test_no_tracked_text_names_a_developers_machine() -> None:
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    places = ("/" + "work/", "/" + "root/", "/" + "home/")
    found = []
    for name in tracked:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".yaml", ".json", ".ini", "") and path.is_file():
            text = path.read_text("utf-8", "replace")
            found += [(name, place) for place in places if place in text]
    assert found == []
