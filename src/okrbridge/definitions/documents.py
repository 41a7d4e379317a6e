"""YAML text becomes documents whose every value knows its place.

The text is read event by event, so that bombs (endless nesting, aliases of aliases) are refused before they grow.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import yaml

from okrbridge.definitions.core_schema import plain_scalar, tagged_scalar, unknown_tag
from okrbridge.definitions.merge_keys import MERGE_KEY, merge_sources, refused_merge_keys, with_merged
from okrbridge.definitions.nodes import Document, Node, Path, Position, format_path, packed, position_of
from okrbridge.errors import Fault

MAX_BYTES = 5_000_000
MAX_DEPTH = 50
MAX_ALIASED_NODES = 100_000
UNREADABLE_VALUE = "yaml_scalar"
"""The code of the fault for a value that has no meaning; its text is kept so that the rest can be read."""

_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
_NextEvent = Callable[[], Any]
"""Gives the next event, None after the last; the stubs of yaml do not tell events apart."""
_ValueEvent = yaml.AliasEvent | yaml.ScalarEvent | yaml.CollectionStartEvent
"""What a value begins with."""
_Mark = yaml.Mark | yaml._yaml.Mark  # noqa: SLF001 - the C parser's marks have no public name
_LINE_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")


@dataclass(slots=True)
class ReadText:
    """What one text holds.

    Attributes:
        unread: the text after the fault that stopped the reading; empty when all was read.
    """

    documents: list[Document] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    unread: str = ""


class _StoppedError(Exception):
    """A fault after which the rest of the text cannot be understood."""

    def __init__(self, position: Position, message: str, code: str = "yaml_syntax", path: Path = ()) -> None:
        super().__init__(message)
        self.position = position
        self.code = code
        self.path = path


def read_bytes(content: bytes, file: str) -> ReadText:
    """Read the content of a file; text that is not UTF-8 is a fault with its place."""
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        position = _end_of(content[: error.start].decode())
        fault = Fault(file, *position, "", "the file is not UTF-8 text; save it as UTF-8", "not_utf8")
        return ReadText(faults=[fault], unread=content.decode(errors="replace"))
    return read_text(text, file)


def read_text(text: str, file: str) -> ReadText:
    """Read all documents of a text, and all faults up to the one after which it cannot be understood.

    Args:
        text: YAML, any number of documents.
        file: the name that faults carry.
    """
    text = text.removeprefix("\ufeff")
    read = ReadText()
    if len(text) > MAX_BYTES:
        return too_large(file)
    try:
        _read_stream(text, file, read)
    except yaml.YAMLError as error:
        _stop(read, text, file, _explained(error, text))
    except _StoppedError as stopped:
        _stop(read, text, file, stopped)
    return read


def too_large(file: str) -> ReadText:
    """The answer to a text that is longer than documents ever are."""
    return ReadText(
        faults=[Fault(file, 1, 1, "", f"longer than {MAX_BYTES // 1_000_000} MB; split the file", "too_large")]
    )


def lines_of(text: str) -> list[str]:
    """The lines of a text, broken where YAML breaks them."""
    return _LINE_BREAK.split(text)


def _read_stream(text: str, file: str, read: ReadText) -> None:
    # The parser's own generator of events takes longer than making them.
    next_event: _NextEvent = yaml.CSafeLoader(text).get_event
    while (event := next_event()) is not None:
        if isinstance(event, yaml.DocumentStartEvent):
            composer = _Composer(next_event, file, read.faults)
            root = composer.compose()
            if root.is_mapping:
                read.documents.append(Document(file, root))
                read.faults.extend(refused_merge_keys(read.documents[-1], composer.merge_keys))
            elif not root.is_empty:
                message = "a document is a mapping that begins with apiVersion and kind"
                read.faults.append(Fault(file, *root.position, "", message, "not_a_document"))


def _stop(read: ReadText, text: str, file: str, reason: _StoppedError) -> None:
    read.faults.append(Fault(file, *reason.position, format_path(reason.path), str(reason), reason.code))
    last = max((document.root.position.line for document in read.documents), default=0)
    read.unread = "\n".join(lines_of(text)[last:])


class _Composer:
    """Builds the tree of one document from its events; the way to the value that is read is a stack."""

    def __init__(self, next_event: _NextEvent, file: str, faults: list[Fault]) -> None:
        self._next = next_event
        self._file = file
        self._faults = faults
        self._path: list[str | int] = []
        self._anchors: dict[str, Node] = {}
        self._open_anchors: set[str] = set()
        self._aliased = 0
        self.merge_keys: dict[int, Path] = {}

    def compose(self) -> Node:
        return self._node(self._next())

    def _fault(self, position: Position, message: str, code: str) -> None:
        self._faults.append(Fault(self._file, *position, format_path(self._path), message, code))

    def _stopped(self, event: yaml.Event, message: str) -> _StoppedError:
        return _StoppedError(_position(event.start_mark), message, "yaml_alias", tuple(self._path))

    def _node(self, event: _ValueEvent) -> Node:
        if len(self._path) >= MAX_DEPTH:
            raise _StoppedError(_position(event.start_mark), f"nested deeper than {MAX_DEPTH} levels", "too_deep")
        anchor = event.anchor
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, anchor or "")
        if anchor is None:
            return self._fresh_node(event)
        self._open_anchors.add(anchor)
        node = self._anchors[anchor] = self._fresh_node(event)
        self._open_anchors.discard(anchor)
        return node

    def _fresh_node(self, event: yaml.ScalarEvent | yaml.CollectionStartEvent) -> Node:
        place = _place(event.start_mark)
        if isinstance(event, yaml.ScalarEvent):
            return Node(place, self._scalar(event))
        if event.tag not in _COLLECTION_TAGS:
            self._fault(position_of(place), unknown_tag(str(event.tag)), "yaml_tag")
        children = self._mapping() if isinstance(event, yaml.MappingStartEvent) else self._list()
        return Node(place, children=children)

    def _alias(self, event: yaml.AliasEvent, anchor: str) -> Node:
        if anchor in self._open_anchors:
            raise self._stopped(event, f"the alias *{anchor} stands inside the value it repeats")
        if anchor not in self._anchors:
            raise self._stopped(event, f"there is no anchor &{anchor} before this alias")
        original = self._anchors[anchor]
        size, depth = original.extent()
        self._aliased += size
        if self._aliased > MAX_ALIASED_NODES or len(self._path) + depth > MAX_DEPTH:
            raise self._stopped(
                event, f"the alias *{anchor} grows the document beyond all measure; write the values out"
            )
        return original.at(_place(event.start_mark))

    def _scalar(self, event: yaml.ScalarEvent) -> object:
        try:
            if event.tag is not None:
                return tagged_scalar(event.tag, event.value)
            return plain_scalar(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self._fault(_position(event.start_mark), str(error), UNREADABLE_VALUE)
            return event.value

    def _list(self) -> list[Node]:
        children: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            self._path.append(len(children))
            children.append(self._node(event))
            self._path.pop()
        return children

    def _mapping(self) -> dict[str, Node]:
        children: dict[str, Node] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key = self._key(event)
            self._path.append(key or "?")
            child = self._node(self._next())
            if key is not None:
                child.key_place = _place(event.start_mark)
                self._add(children, key, child)
            self._path.pop()
        merging = children.get(MERGE_KEY)
        return self._merged(children, merging) if merging and merging.key_place in self.merge_keys else children

    def _merged(self, children: dict[str, Node], merging: Node) -> dict[str, Node]:
        sources = merge_sources(merging)
        if sources is None:
            message = "a merge key takes a mapping or a list of mappings, such as <<: *name; write one of these"
            self._path.append(MERGE_KEY)
            self._fault(merging.position, message, "merge_key")
            self._path.pop()
        return with_merged(children, sources or ())

    def _add(self, children: dict[str, Node], key: str, child: Node) -> None:
        """Put a value under the key that the stack ends with."""
        if key in children:
            message = f"this key stands twice, first in line {children[key].key_position.line}; remove one"
            self._fault(child.key_position, message, "duplicate_key")
        else:
            children[key] = child

    def _key(self, event: _ValueEvent) -> str | None:
        """A key is the text that is written; None when it is a mapping, a list or an alias."""
        if not isinstance(event, yaml.ScalarEvent):
            self._path.append("?")
            self._node(event)
            self._path.pop()
            message = "a key is plain text, not a mapping, a list or an alias"
            self._fault(_position(event.start_mark), message, "yaml_key")
            return None
        if event.value == MERGE_KEY and event.implicit[0]:
            self.merge_keys[_place(event.start_mark)] = (*self._path, MERGE_KEY)
        # The same few keys stand in thousands of documents.
        return sys.intern(event.value)


def _position(mark: _Mark | None) -> Position:
    return position_of(_place(mark))


def _place(mark: _Mark | None) -> int:
    assert mark is not None, "events of a text know their place"  # noqa: S101 - narrows the type
    return packed(mark.line + 1, mark.column + 1)


def _end_of(text: str) -> Position:
    lines = lines_of(text)
    return Position(len(lines), len(lines[-1]) + 1)


def _explained(error: yaml.YAMLError, text: str) -> _StoppedError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        position = _position(error.problem_mark)
        context = f" {error.context}" if error.context else ""
        since = f" that begins in line {error.context_mark.line + 1}" if context and error.context_mark else ""
        return _StoppedError(
            position, f"not valid YAML: {error.problem}{context}{since}{_remedy(error, position, text)}"
        )
    if isinstance(error, yaml.reader.ReaderError):
        position = _end_of(text[: error.position])
        return _StoppedError(
            position, f"not valid YAML: the character {_name(error.character)} is not allowed; remove it"
        )
    return _StoppedError(Position(1, 1), f"not valid YAML: {str(error).splitlines()[0]}")


def _name(character: str | int | bytes) -> str:
    code = character if isinstance(character, int) else ord(character[:1])
    return f"U+{code:04X}"


def _remedy(error: yaml.MarkedYAMLError, position: Position, text: str) -> str:
    """What to do about the usual slips; empty for others."""
    lines = lines_of(text)
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    if "\t" in line[: position.column]:
        return "; indent with spaces, not with tabs"
    return next((remedy for slip, remedy in _REMEDIES.items() if slip in str(error.problem)), "")


_REMEDIES = {
    "mapping values are not allowed": "; put text with a colon in it into quotes",
    "did not find expected key": "; let the keys of one mapping begin in the same column",
}
