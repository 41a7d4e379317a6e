"""Values with the places they were read from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from okrbridge.errors import Fault

Path = tuple[str | int, ...]
"""The way from a document's root to a value: keys of mappings and indexes of lists."""

_PLAIN_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class Position(NamedTuple):
    """A place in a text; both numbers count from 1."""

    line: int
    column: int


_COLUMNS = 1 << 32


class Node:
    """A YAML value.

    Thousands of documents are hundreds of thousands of nodes at once, so that places are whole numbers in here, a
    scalar has no containers, and the plain value of a mapping or list is put together when somebody asks for it.

    Attributes:
        place: where it begins, packed.
        key_place: where its key stands, packed; where it begins itself, when it has none.
    """

    __slots__ = ("_children", "_scalar", "key_place", "place")

    def __init__(self, place: int, scalar: object = None, children: Children | None = None) -> None:
        self.place = self.key_place = place
        self._scalar = scalar
        self._children = children

    def at(self, place: int) -> Node:
        """The same value at another place, as an alias has it."""
        return Node(place, self._scalar, self._children)

    def extent(self) -> tuple[int, int]:
        """How many nodes it is when every alias is written out, and how many levels it has."""
        inside = [child.extent() for _, child in self.children]
        return 1 + sum(size for size, _ in inside), 1 + max((depth for _, depth in inside), default=0)

    @property
    def value(self) -> object:
        """As plain Python: mappings, lists, text, numbers, booleans, None."""
        if self._children is None:
            return self._scalar
        if isinstance(self._children, dict):
            return {key: child.value for key, child in self._children.items()}
        return [child.value for child in self._children]

    @property
    def is_mapping(self) -> bool:
        """Whether it has keys."""
        return isinstance(self._children, dict)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is written there, or null."""
        return self._children is None and self._scalar is None

    @property
    def children(self) -> Iterable[tuple[str | int, Node]]:
        """The nodes inside, with their keys or indexes."""
        if self._children is None:
            return ()
        return self._children.items() if isinstance(self._children, dict) else enumerate(self._children)

    def child(self, part: str | int) -> Node | None:
        """The node inside at a key or an index, if there is one."""
        if isinstance(self._children, dict):
            return self._children.get(part) if isinstance(part, str) else None
        if self._children is None or not isinstance(part, int) or not 0 <= part < len(self._children):
            return None
        return self._children[part]

    @property
    def position(self) -> Position:
        """Where it begins."""
        return position_of(self.place)

    @property
    def key_position(self) -> Position:
        """Where its key stands; where it begins itself, when it has none."""
        return position_of(self.key_place)


Children = dict[str, Node] | list[Node]
"""What a mapping or a list holds."""


def packed(line: int, column: int) -> int:
    """A place as one whole number."""
    return line * _COLUMNS + column


def position_of(place: int) -> Position:
    """The place that a whole number tells."""
    return Position(*divmod(place, _COLUMNS))


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
        value = self.root.value
        assert isinstance(value, dict), "documents are made of mappings only"  # noqa: S101 - narrows the type
        return value

    @property
    def place(self) -> str:
        """``file:line`` of its first key."""
        return f"{self.file}:{self.root.position.line}"

    def __contains__(self, key: str) -> bool:
        """Whether the document has a key at its top."""
        return self.root.child(key) is not None

    def node(self, path: Path) -> Node | None:
        """The node at a path, if there is one."""
        node: Node | None = self.root
        for part in path:
            node = node.child(part) if node else None
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
            child = node.child(part)
            if child is None:
                break
            if of_key and index == len(path) - 1:
                return child.key_position
            node = child
        return node.position

    def fault(self, path: Path, message: str, code: str, *, of_key: bool = False) -> Fault:
        """A fault at a path of this document."""
        line, column = self.position(path, of_key=of_key)
        return Fault(self.file, line, column, format_path(path), message, code)


def _matching(node: Node, pattern: Path, path: Path) -> Iterator[tuple[Path, object]]:
    for place, part in enumerate(pattern):
        if part == "*":
            for key, child in node.children:
                yield from _matching(child, pattern[place + 1 :], (*path, *pattern[:place], key))
            return
        inside = node.child(part)
        if inside is None:
            return
        node = inside
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
