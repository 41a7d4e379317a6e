"""YAML text becomes documents whose every value knows its place.

The text is read event by event, so that bombs (endless nesting, aliases of aliases) are refused before they grow.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import yaml

from okrbridge.definitions.core_schema import plain_scalar, tagged_scalar, unknown_tag
from okrbridge.definitions.nodes import Document, Node, Path, Position, format_path
from okrbridge.errors import Fault

MAX_BYTES = 5_000_000
MAX_DEPTH = 50
MAX_ALIASED_NODES = 100_000
UNREADABLE_VALUE = "yaml_scalar"
"""The code of the fault for a value that has no meaning; its text is kept so that the rest can be read."""

_COLLECTION_TAGS = (None, "!", "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")
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
    events: Iterator[yaml.Event] = yaml.parse(text, Loader=yaml.CSafeLoader)
    for event in events:
        if isinstance(event, yaml.DocumentStartEvent):
            root = _Composer(events, file, read.faults).compose()
            if root.is_mapping:
                read.documents.append(Document(file, root))
            elif not root.is_empty:
                message = "a document is a mapping that begins with apiVersion and kind"
                read.faults.append(Fault(file, *root.position, "", message, "not_a_document"))


def _stop(read: ReadText, text: str, file: str, reason: _StoppedError) -> None:
    read.faults.append(Fault(file, *reason.position, format_path(reason.path), str(reason), reason.code))
    last = max((document.root.position.line for document in read.documents), default=0)
    read.unread = "\n".join(lines_of(text)[last:])


class _Composer:
    """Builds the tree of one document from its events."""

    def __init__(self, events: Iterator[yaml.Event], file: str, faults: list[Fault]) -> None:
        self._events = events
        self._file = file
        self._faults = faults
        self._anchors: dict[str, Node] = {}
        self._open_anchors: set[str] = set()
        self._aliased = 0

    def compose(self) -> Node:
        return self._node(next(self._events), ())

    def _fault(self, position: Position, path: Path, message: str, code: str) -> None:
        self._faults.append(Fault(self._file, *position, format_path(path), message, code))

    def _node(self, event: yaml.Event, path: Path) -> Node:
        position = _position(event.start_mark)
        if len(path) >= MAX_DEPTH:
            raise _StoppedError(position, f"nested deeper than {MAX_DEPTH} levels", "too_deep")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event.anchor or "", position, path)
        anchor: str | None = getattr(event, "anchor", None)
        if anchor is None:
            return self._fresh_node(event, position, path)
        self._open_anchors.add(anchor)
        node = self._anchors[anchor] = self._fresh_node(event, position, path)
        self._open_anchors.discard(anchor)
        return node

    def _fresh_node(self, event: yaml.Event, position: Position, path: Path) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Node(position, self._scalar(event, position, path))
        if (tag := getattr(event, "tag", None)) not in _COLLECTION_TAGS:
            self._fault(position, path, unknown_tag(str(tag)), "yaml_tag")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(position, path)
        return self._list(position, path)

    def _alias(self, anchor: str, position: Position, path: Path) -> Node:
        if anchor in self._open_anchors:
            raise _StoppedError(position, f"the alias *{anchor} stands inside the value it repeats", "yaml_alias", path)
        if anchor not in self._anchors:
            raise _StoppedError(position, f"there is no anchor &{anchor} before this alias", "yaml_alias", path)
        original = self._anchors[anchor]
        self._aliased += original.size
        if self._aliased > MAX_ALIASED_NODES or len(path) + original.depth > MAX_DEPTH:
            message = f"the alias *{anchor} grows the document beyond all measure; write the values out"
            raise _StoppedError(position, message, "yaml_alias", path)
        return original.at(position)

    def _scalar(self, event: yaml.ScalarEvent, position: Position, path: Path) -> object:
        try:
            if event.tag is not None:
                return tagged_scalar(event.tag, event.value)
            return plain_scalar(event.value) if event.implicit[0] else event.value
        except ValueError as error:
            self._fault(position, path, str(error), UNREADABLE_VALUE)
            return event.value

    def _list(self, position: Position, path: Path) -> Node:
        children: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            children.append(self._node(event, (*path, len(children))))
        return Node(position, children=children)

    def _mapping(self, position: Position, path: Path) -> Node:
        children: dict[str, Node] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path)
            child = self._node(next(self._events), (*path, key or "?"))
            if key is None:
                continue
            child.key_position = place = _position(event.start_mark)
            if key in children:
                message = f"this key stands twice, first in line {children[key].key_position.line}; remove one"
                self._fault(place, (*path, key), message, "duplicate_key")
                continue
            children[key] = child
        return Node(position, children=children)

    def _key(self, event: yaml.Event, path: Path) -> str | None:
        """A key is the text that is written; None when it is a mapping, a list or an alias."""
        if not isinstance(event, yaml.ScalarEvent):
            self._node(event, (*path, "?"))
            message = "a key is plain text, not a mapping, a list or an alias"
            self._fault(_position(event.start_mark), path, message, "yaml_key")
            return None
        if event.value == "<<" and event.implicit[0]:
            message = "merge keys are not part of YAML 1.2; write the keys out, or repeat a whole value with an alias"
            self._fault(_position(event.start_mark), (*path, "<<"), message, "merge_key")
            return None
        return str(event.value)


def _position(mark: yaml.Mark | yaml._yaml.Mark | None) -> Position:
    assert mark is not None, "events of a text know their place"  # noqa: S101 - narrows the type
    return Position(mark.line + 1, mark.column + 1)


def _end_of(text: str) -> Position:
    lines = lines_of(text)
    return Position(len(lines), len(lines[-1]) + 1)


def _explained(error: yaml.YAMLError, text: str) -> _StoppedError:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        position = _position(error.problem_mark)
        context = f" {error.context}" if error.context else ""
        since = f" that begins in line {error.context_mark.line + 1}" if context and error.context_mark else ""
        return _StoppedError(position, f"not valid YAML: {error.problem}{context}{since}{_tab_hint(position, text)}")
    if isinstance(error, yaml.reader.ReaderError):
        position = _end_of(text[: error.position])
        return _StoppedError(
            position, f"not valid YAML: the character {_name(error.character)} is not allowed; remove it"
        )
    return _StoppedError(Position(1, 1), f"not valid YAML: {str(error).splitlines()[0]}")


def _name(character: str | int | bytes) -> str:
    code = character if isinstance(character, int) else ord(character[:1])
    return f"U+{code:04X}"


def _tab_hint(position: Position, text: str) -> str:
    lines = lines_of(text)
    line = lines[position.line - 1] if position.line <= len(lines) else ""
    return "; indent with spaces, not with tabs" if "\t" in line[: position.column] else ""
