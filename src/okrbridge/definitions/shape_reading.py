"""Reading a document into its model, with all faults of its shape at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from okrbridge.definitions.nodes import Document, Node, Path
from okrbridge.definitions.shape_faults import faults_of
from okrbridge.definitions.shapes import Shape, refusal_of, shape_at
from okrbridge.errors import Fault

AnyShape = TypeVar("AnyShape", bound=Shape)
_REMOVED = object()


def read_shape(document: Document, shape: type[AnyShape], faults: list[Fault]) -> AnyShape | None:
    """Read a document into its model; every fault of its shape is added to ``faults``.

    Unknown keys and faulty entries of independent lists do not keep the rest from being read, so that all faults
    are found at once.

    Returns:
        The model, or None when the document cannot be read.
    """
    # Nearly every document holds none, which a look at the bare values tells fastest.
    plain = document.value
    found = _empty_values(document.root, ()) if _holds_empty(plain) else ()
    empty = [path for path in found if not _is_kept(shape, path)]
    if not shape.empty_is_absent:
        faults.extend(document.fault(path, "has no value; write one or remove the key", "empty") for path in empty)
    value = _replaced(plain, dict.fromkeys(empty, _REMOVED)) if empty else plain
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
    faults.extend(faults_of(document, shape, [detail for detail in details if detail["loc"] not in empty]))
    try:
        return shape.model_validate(_replaced(value, _repairs(shape, details)))
    except ValidationError:
        return None


def _holds_empty(value: object) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return any(one is None or (isinstance(one, dict | list) and _holds_empty(one)) for one in inner)


def _empty_values(node: Node, path: Path) -> Iterator[Path]:
    """Keys without a value; an empty entry of a list is left to the model."""
    for part, child in node.children:
        if child.is_empty and isinstance(part, str):
            yield (*path, part)
        yield from _empty_values(child, (*path, part))


def _is_kept(shape: type[Shape], path: Path) -> bool:
    """Whether a value stands where anything may stand."""
    return any(_is_free(shape, path[:length]) for length in range(1, len(path) + 1))


def _is_free(shape: type[Shape], path: Path) -> bool:
    owner = shape_at(shape, path[:-1])
    if owner is None:
        return False
    if owner.model_config.get("extra") == "allow":
        return True
    field = next((field for name, field in owner.model_fields.items() if (field.alias or name) == path[-1]), None)
    return field is not None and field.annotation == list[Any]


def _repairs(shape: type[Shape], details: list[ErrorDetails]) -> dict[Path, object]:
    """What to put in place of faulty values so that the rest can be read."""
    repairs: dict[Path, object] = {}
    for detail in details:
        path = detail["loc"]
        if detail["type"] == "extra_forbidden" and refusal_of(shape, path) is None:
            repairs[path] = _REMOVED
            continue
        if path in shape.stand_ins:
            repairs[path] = shape.stand_ins[path]
        for prefix, item in shape.independent_items.items():
            if path[: len(prefix)] == prefix and len(path) > len(prefix):
                repairs[path[: len(prefix) + 1]] = item.model_construct()
    return repairs


def _replaced(value: object, repairs: Mapping[Path, object]) -> object:
    """A copy of a value with other values at some paths."""
    if () in repairs:
        return repairs[()]
    inner: dict[str | int, dict[Path, object]] = {}
    for path, replacement in repairs.items():
        inner.setdefault(path[0], {})[path[1:]] = replacement
    if isinstance(value, dict):
        added = {
            key: replacements[()] for key, replacements in inner.items() if key not in value and () in replacements
        }
        items = {key: _replaced(item, inner[key]) if key in inner else item for key, item in value.items()}
        return {key: item for key, item in (added | items).items() if item is not _REMOVED}
    if isinstance(value, list):
        return [_replaced(item, inner[index]) if index in inner else item for index, item in enumerate(value)]
    return value
