"""A measured figure, what it was measured on, and how both are shown and kept."""

from __future__ import annotations

import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # has no types, and no stubs are needed for five calls
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Enough for a median; of new files, too few to slow the next ones down when they are removed.
_SAMPLES = 32
#: What a figure depends on besides the machine.
_VERSIONS = (
    "fastapi",
    "uvicorn",
    "uvloop",
    "httptools",
    "httpx",
    "dbos",
    "sqlalchemy",
    "faster-whisper",
    "ctranslate2",
)


@dataclass(frozen=True)
class Spread:
    """Rounds of one quantity: median, least and most."""

    median: float
    least: float
    most: float
    rounds: tuple[float, ...]

    @classmethod
    def of(cls, rounds: Sequence[float]) -> Spread:
        """Of at least one round."""
        kept = tuple(round(value, 4) for value in rounds)
        return cls(round(statistics.median(rounds), 4), min(kept), max(kept), kept)

    def __str__(self) -> str:
        return f"{self.median:.4g} ({self.least:.4g} to {self.most:.4g})"


@dataclass(frozen=True)
class Figure:
    """One line of the table; `met` None is a figure without a limit, or one that could not be taken."""

    name: str
    value: str
    limit: str = ""
    met: bool | None = None
    detail: dict[str, Any] = field(default_factory=dict)


def at_most(name: str, spread: Spread, bound: float, unit: str, **detail: Any) -> Figure:
    """A figure that may not exceed its limit; judged by the median."""
    return _judged(name, spread, f"at most {bound:.4g} {unit}".strip(), met=spread.median <= bound, **detail)


def at_least(name: str, spread: Spread, bound: float, unit: str = "", **detail: Any) -> Figure:
    """A figure that may not fall below its limit; judged by the median."""
    return _judged(name, spread, f"at least {bound:.4g} {unit}".strip(), met=spread.median >= bound, **detail)


def plain(name: str, spread: Spread, unit: str) -> Figure:
    """A figure without a limit, for reading the others."""
    return Figure(name, f"{spread} {unit}".strip(), detail={"spread": asdict(spread)})


def _judged(name: str, spread: Spread, limit: str, *, met: bool, **detail: Any) -> Figure:
    return Figure(name, str(spread), limit, met, {"spread": asdict(spread), **detail})


def _fsync_ms(folder: Path) -> float:
    """Median time of a 4 KiB write with fsync where the servers keep their data."""
    with tempfile.NamedTemporaryFile(dir=folder) as file:

        def append(_number: int) -> None:
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())

        return _median_ms(append)


def _new_file_ms(folder: Path) -> float:
    """Making a file. Where thousands were removed minutes ago, ext4 searches long for an inode it may use again."""
    with tempfile.TemporaryDirectory(dir=folder) as made:
        return _median_ms(lambda number: os.close(os.open(f"{made}/{number}", os.O_CREAT | os.O_EXCL | os.O_WRONLY)))


def _median_ms(act: Callable[[int], object]) -> float:
    took = []
    for number in range(_SAMPLES):
        began = time.perf_counter()
        act(number)
        took.append((time.perf_counter() - began) * 1000)
    return round(statistics.median(took), 3)


def _cpu() -> str:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.exists() else []
    return next(
        (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.processor()
    )


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def machine() -> dict[str, Any]:
    """What the figures were taken on, and how busy it was before they were."""
    folder = Path(tempfile.gettempdir())
    return {
        "taken": datetime.now(UTC).isoformat(timespec="seconds"),
        "cpu": _cpu(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_mib": psutil.virtual_memory().total // 2**20,
        "load_before": [round(load, 2) for load in os.getloadavg()],
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in _VERSIONS if (found := _installed(name))},
        "fsync_ms": _fsync_ms(folder),
        "new_file_ms": _new_file_ms(folder),
    }


def table(figures: Sequence[Figure]) -> Table:
    """For people: value, limit, and whether it is met."""
    shown = Table("figure", "median (least to most)", "limit", "", box=None, header_style="dim")
    words = {True: "[green]met[/]", False: "[bold red]missed[/]", None: ""}
    for figure in figures:
        shown.add_row(figure.name, figure.value, figure.limit, words[figure.met])
    return shown


def keep(folder: Path, described: dict[str, Any], figures: Sequence[Figure]) -> Path:
    """Write the results under the time they were taken; returns the file."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{described['taken'][:19].replace(':', '')}Z.json"
    document = {"machine": described, "figures": [asdict(figure) for figure in figures]}
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return path
