"""The commands of a page, sent as they stand there, and what each answer is shown to be."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_RULE = "\n----\n"


def works(block: str, url: str, folder: Path) -> int:
    """Run a block in which a line `# answer` follows each command that shows one; returns how many answers fitted.

    A command whose answer goes into a file shows none, and a loop its last answer; … in an answer stands for anything.
    """
    lines = block.strip().replace("http://127.0.0.1:8080", url).splitlines()
    told = [line[2:] for line in lines if line.startswith("# ")]
    commands = [
        (line, after.startswith("# "))
        for line, after in zip(lines, [*lines[1:], ""], strict=True)
        if not line.startswith("# ")
    ]
    assert [line for line, shows in commands if not shows and line.startswith("curl") and ">" not in line] == []
    script = "\n".join(f"{line}; echo; echo ----" if shows else line for line, shows in commands)
    done = subprocess.run(
        ["bash", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120, check=True
    )
    answers = [answer.strip() for answer in done.stdout.split(_RULE)][:-1]
    assert len(answers) == len(told)
    for answer, shown in zip(answers, told, strict=True):
        json.loads(answer)
        pattern = ".*".join(re.escape(piece) for piece in shown.split("…"))
        assert re.fullmatch(pattern, answer, re.DOTALL), (shown, answer)
    return len(answers)
