"""Values with the places they were read from."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple

from okrbridge.errors import Fault

Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys of mappings and indexes of lists."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


_NO_CHILDREN: Mapping[str | int, Node] = MappingProxyType({})
_NO_KEYS: Mapping[str, Position] = MappingProxyType({})


class Position(NamedTuple):
    """A place in a text; both numbers count from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Node:
    """A YAML value.

    Attributes:
        value: as plain Python: mappings, lists, text, numbers, booleans, None.
        children: the nodes inside, by key or index.
        keys: where each key of a mapping stands.
        size: how many nodes it is when every alias is written out.
        depth: how many levels it has.
    """

    value: object
    position: Position
    children: Mapping[str | int, Node] = field(default_factory=lambda: _NO_CHILDREN)
    keys: Mapping[str, Position] = field(default_factory=lambda: _NO_KEYS)
    size: int = 1
    depth: int = 1


@dataclass(frozen=True, slots=True)
class Document:
    """One YAML document whose root is a mapping.

    Attributes:
        file: the name for people, as the file was given.
    """

    file: str
    root: Node

    @property
    def value(self) -> Mapping[str, object]:
        """The whole document as plain Python."""
        assert isinstance(self.root.value, dict), "documents are made of mappings only"  # noqa: S101 - narrows the type
        return self.root.value

    @property
    def place(self) -> str:
        """``file:line`` of its first key."""
        return f"{self.file}:{self.root.position.line}"

    def node(self, path: Path) -> Node | None:
        """The node at a path, if there is one."""
        node: Node | None = self.root
        for part in path:
            node = node.children.get(part) if node else None
        return node

    def get(self, *path: str | int) -> object:
        """The value at a path; None when there is none."""
        node = self.node(path)
        return node.value if node else None

    def text(self, *path: str | int) -> str:
        """The text at a path; empty when there is none or it is no text."""
        value = self.get(*path)
        return value if isinstance(value, str) else ""

    def matching(self, pattern: Path) -> Iterator[tuple[Path, object]]:
        """All values at a path in which ``*`` stands for any key or index."""
        yield from _matching(self.root, pattern, ())

    def position(self, path: Path, *, of_key: bool = False) -> Position:
        """Where the value (or its key) stands; for a path that is not there, where the nearest value above stands."""
        node = self.root
        for index, part in enumerate(path):
            if of_key and index == len(path) - 1 and part in node.keys:
                return node.keys[str(part)]
            if part not in node.children:
                break
            node = node.children[part]
        return node.position

    def fault(self, path: Path, message: str, code: str, *, of_key: bool = False) -> Fault:
        """A fault at a path of this document."""
        line, column = self.position(path, of_key=of_key)
        return Fault(self.file, line, column, format_path(path), message, code)


def _matching(node: Node, pattern: Path, path: Path) -> Iterator[tuple[Path, object]]:
    for place, part in enumerate(pattern):
        if part == "*":
            for key, child in node.children.items():
                yield from _matching(child, pattern[place + 1 :], (*path, *pattern[:place], key))
            return
        if part not in node.children:
            return
        node = node.children[part]
    yield (*path, *pattern), node.value


def format_path(path: Sequence[str | int]) -> str:
    """A path for people: ``spec.keyResults[1].measure``; odd keys are quoted."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif _PLAIN_KEY.fullmatch(part):
            text += f".{part}" if text else part
        else:
            text += f"[{shortened(part)}]"
    return text


def shortened(value: object) -> str:
    """A value in quotes for a message, cut when it is long; never spans lines."""
    text = value if isinstance(value, str) else str(value)
    return repr(text if len(text) <= 60 else f"{text[:57]}...")
