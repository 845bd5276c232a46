"""A file of scenarios: YAML, steps in their order, read again whenever it is saved."""

from __future__ import annotations

import asyncio
import logging
import re
from typing import TYPE_CHECKING, Any, Final

import yaml

from mock_server.problems import Problem
from mock_server.scenarios.armed import known, ordered
from mock_server.scenarios.roster import MOST_ARMED
from mock_server.served import Served
from mock_server.suggestion import listed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mock_server.scenarios.armed import Armed

log = logging.getLogger("scribe.mock")

#: Bytes: fifty steps with a transcript each.
_LARGEST: Final = 1024 * 1024
#: How often the file is looked at, in seconds; it is read once it has stayed the same from one look to the next.
_GLANCE_S: Final = 0.2
_USUAL: Final = Served()
_MEMBERS: Final = ("steps",)
#: Levels: what a step takes are four.
_DEEPEST: Final = 20


_TAG: Final = "tag:yaml.org,2002:"
_BOOLEAN, _STAMP, _TEXT = f"{_TAG}bool", f"{_TAG}timestamp", f"{_TAG}str"
#: What JSON has; nothing else is constructed, whatever an explicit tag asks for.
_TAGS: Final = (*(_TAG + kind for kind in ("null", "bool", "int", "float", "str", "seq", "map")), None)


class _Loader(yaml.SafeLoader):
    """YAML as JSON has it: a stamp is a text, `on` is a name, and nothing refers to anything else."""

    depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node; an alias is refused, since a few of them may stand for more than any machine holds."""
        mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "an alias is not taken", mark)
        if self.depth >= _DEEPEST:
            raise yaml.composer.ComposerError(None, None, f"it is nested deeper than {_DEEPEST} levels", mark)
        self.depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self.depth -= 1

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        """What a node stands for; what cannot be read as its tag says is refused with its line."""
        try:
            found = super().construct_object(node, deep)
            if isinstance(found, str):
                found.encode()  # half of a surrogate pair is written nowhere
        except yaml.YAMLError:
            raise
        except Exception:  # noqa: BLE001 - constructors raise whatever the conversion of a text does
            kind = node.tag.removeprefix(_TAG)
            raise yaml.constructor.ConstructorError(None, None, f"this is no {kind}", node.start_mark) from None
        return found


_Loader.yaml_constructors = {tag: yaml.SafeLoader.yaml_constructors[tag] for tag in _TAGS}
_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in (_BOOLEAN, _STAMP)]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOLEAN, re.compile(r"(?:true|false)\Z"), list("tf"))


class UnusableFileError(ValueError):
    """A file of scenarios that cannot be used: file, line and reason in one line."""


class ScenarioFile:
    """The steps as they were last good, and what is wrong with the file since, if anything is."""

    def __init__(self, path: Path, served: Served = _USUAL) -> None:
        """Raises ValueError with file, line and reason."""
        self.path = path
        self._served = served
        self.error: str | None = None
        self._seen = _look(path)
        self.steps = read(path, served)

    def described(self) -> dict[str, Any]:
        """As the control plane tells it."""
        return {"path": str(self.path), "steps": len(self.steps), "error": self.error}

    async def follow(self, edit: Callable[[tuple[Armed, ...]], None]) -> None:
        """Hand on the steps of every edition that is good, until cancelled; of one that is not the log tells."""
        looked = self._seen
        while True:
            await asyncio.sleep(_GLANCE_S)
            before, looked = looked, _look(self.path)
            if looked == self._seen or looked != before:
                continue
            self._seen = looked
            try:
                self.steps = await asyncio.to_thread(read, self.path, self._served)
            except ValueError as error:
                self.error = str(error)
                log.warning("%s The steps before stay.", error)
            else:
                self.error = None
                edit(self.steps)


def _look(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def read(path: Path, served: Served = _USUAL) -> tuple[Armed, ...]:
    """The steps of a file for what is served; raises ValueError with file, line and reason."""
    try:
        loader = _Loader(_content(path).decode("utf-8"))
        try:
            node = loader.get_single_node()
            return tuple(_step(path, loader, each, served) for each in _steps(path, node))
        finally:
            loader.dispose()
    except OSError as error:
        raise _wrong(path, None, f"it cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise _wrong(path, None, f"it is not UTF-8 (byte {error.start})") from None
    except yaml.MarkedYAMLError as error:
        told = ", ".join(filter(None, (error.context, error.problem)))
        raise _wrong(path, error.problem_mark or error.context_mark, told) from None
    except yaml.YAMLError as error:
        raise _wrong(path, None, str(error).splitlines()[0]) from None
    except UnusableFileError:
        raise
    except Exception as error:  # an edition ends neither the following of the file nor the server
        raise _wrong(path, None, f"it cannot be read ({type(error).__name__})") from error


def _content(path: Path) -> bytes:
    with path.open("rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise _wrong(path, None, f"it has more than {_LARGEST} bytes")
    return content


def _wrong(path: Path, mark: yaml.error.Mark | None, reason: str) -> UnusableFileError:
    line, told = f" line {mark.line + 1}" if mark else "", " ".join(reason.split())
    return UnusableFileError(f"--scenarios {path}{line}: {told if told.endswith(('?', '.')) else f'{told}.'}")


def _steps(path: Path, node: yaml.Node | None) -> list[yaml.Node]:
    members = _members(path, node, "the file")
    for name, (key, _) in members.items():
        _asked(path, key, lambda name=name: known("member", name, _MEMBERS, name))  # type: ignore[misc]  # bound early
    steps = members.get("steps")
    if steps is None or not isinstance(steps[1], yaml.SequenceNode):
        raise _wrong(path, steps[1].start_mark if steps else None, "it has to hold `steps`, a list")
    found: list[yaml.Node] = steps[1].value
    if len(found) > MOST_ARMED:
        raise _wrong(path, found[MOST_ARMED].start_mark, f"there are more than {MOST_ARMED} steps")
    return found


def _members(path: Path, node: yaml.Node | None, what: str) -> dict[str, tuple[yaml.Node, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        raise _wrong(path, node.start_mark if node else None, f"{what} has to be a mapping")
    found: dict[str, tuple[yaml.Node, yaml.Node]] = {}
    for key, value in node.value:
        if key.tag != _TEXT or not isinstance(key, yaml.ScalarNode):
            shown = f" {key.value[:40]}" if isinstance(key, yaml.ScalarNode) else ""
            raise _wrong(path, key.start_mark, f"the name of a member is a text, and{shown or ' this'} is none")
        if key.value in found:
            raise _wrong(path, key.start_mark, f"the member {key.value[:40]!r} stands twice")
        found[key.value] = key, value
    return found


def _step(path: Path, loader: _Loader, node: yaml.Node, served: Served) -> Armed:
    members = _members(path, node, "a step")
    for name in ("on", "parameters"):
        if name in members and isinstance(members[name][1], yaml.MappingNode):
            _members(path, members[name][1], name)
    step: dict[str, Any] = loader.construct_document(node)
    armed: Armed = _asked(path, node, lambda: ordered(step, served), listed("scenarios", served))
    return armed


def _asked(path: Path, node: yaml.Node, ask: Callable[[], Any], more: str = "") -> Any:
    """What asking gives; a refusal is told with the line of the member that it is about, `more` behind a scenario's."""
    try:
        return ask()
    except Problem as problem:
        field = str((problem.details or {}).get("field", ""))
        raise _wrong(path, _place(node, field), problem.message + (more if field == "scenario" else "")) from None


def _place(node: yaml.Node, field: str) -> yaml.error.Mark:
    """Where a member stands, or whatever of its path there is."""
    for name in filter(None, field.split(".")):
        if not isinstance(node, yaml.MappingNode):
            break
        inner = next((value for key, value in node.value if key.value == name), None)
        if inner is None:
            break
        node = inner
    return node.start_mark
