"""What all documents have in common, and the reading of a document into its model with every fault named."""

from __future__ import annotations

import bisect
import difflib
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, ClassVar, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, ConfigDict, Field, JsonValue, PlainValidator, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

from okrbridge.definitions.fields import FilledText, Name, refusal
from okrbridge.definitions.nodes import Document, Node, Path, shortened
from okrbridge.errors import Fault


def exactly_one_of(*keys: str) -> dict[str, JsonValue]:
    """The JSON Schema for keys of which a mapping has exactly one."""
    return {"oneOf": [{"required": [key]} for key in keys]}


class Refusal(NamedTuple):
    """Why a key that others know is not accepted here."""

    code: str
    message: str


class Shape(BaseModel):
    """A mapping in a document; its keys are the fields in camelCase, and no others."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        alias_generator=to_camel,
        arbitrary_types_allowed=True,
        use_attribute_docstrings=True,
    )

    refused_keys: ClassVar[Mapping[str, Refusal]] = {}
    """Keys of the format that this version does not take, each with the reason and the remedy."""

    independent_items: ClassVar[Mapping[Path, type[Shape]]] = {}
    """Lists whose entries can be checked without each other: a faulty one does not hide faults of the rest."""

    stand_ins: ClassVar[Mapping[Path, object]] = {}
    """Values to read on with where the document's own are missing or wrong; nothing that is loaded ever holds them."""

    @property
    def is_readable(self) -> bool:
        """Whether this was read from a document; False for what stands in for a faulty entry of a list."""
        return bool(self.model_fields_set)


def _label_value(value: object) -> str:
    """OpenSLO allows a list of texts; okrbridge keeps it as one text with commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return ",".join(value)
    raise refusal("wrong_type", f"must be text or a list of texts; put {shortened(value)} in quotes")


LabelValue = Annotated[
    str,
    PlainValidator(_label_value),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]


class Metadata(Shape):
    """What names a document."""

    name: Name
    """Unique among documents of one kind: a-z, 0-9, - and ., at most 63 characters."""
    display_name: FilledText | None = None
    """A name for people."""
    labels: dict[str, LabelValue] = Field(default_factory=dict)
    """Free labels; a value is a text or a list of texts."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Notes for tools. Those with the prefix okrbridge.dev/ are read here, all others are ignored."""


AnyShape = TypeVar("AnyShape", bound=Shape)
_REMOVED = object()
_MOST_COMPARED = 200


def read_shape(document: Document, shape: type[AnyShape], faults: list[Fault]) -> AnyShape | None:
    """Read a document into its model; every fault of its shape is added to ``faults``.

    Unknown keys and faulty entries of independent lists do not keep the rest from being read, so that all faults
    are found at once.

    Returns:
        The model, or None when the document cannot be read.
    """
    empty = [path for path in _empty_values(document.root, ()) if not _is_kept(shape, path)]
    faults.extend(document.fault(path, "has no value; write one or remove the key", "empty") for path in empty)
    value = _replaced(document.value, dict.fromkeys(empty, _REMOVED))
    try:
        return shape.model_validate(value)
    except ValidationError as error:
        details = error.errors(include_url=False)
    faults.extend(_faults_of(document, shape, [detail for detail in details if detail["loc"] not in empty]))
    try:
        return shape.model_validate(_replaced(value, _repairs(shape, details)))
    except ValidationError:
        return None


def _empty_values(node: Node, path: Path) -> Iterator[Path]:
    """Keys without a value; an empty entry of a list is left to the model."""
    for part, child in node.children.items():
        if child.value is None and isinstance(part, str):
            yield (*path, part)
        yield from _empty_values(child, (*path, part))


def _is_kept(shape: type[Shape], path: Path) -> bool:
    """Whether a value stands where anything may stand."""
    return any(_is_free(shape, path[:length]) for length in range(1, len(path) + 1))


def _is_free(shape: type[Shape], path: Path) -> bool:
    owner = _shape_at(shape, path[:-1])
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
        if detail["type"] == "extra_forbidden" and _refusal(shape, path) is None:
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


def close_match(word: str, known: Iterable[str]) -> str | None:
    """The known word that a word most likely means."""
    folded = word[:100].casefold()
    by_folded = {each.casefold(): each for each in known}
    if len(by_folded) > _MOST_COMPARED:
        # Comparing is slow: of thousands of names, those that begin alike are compared.
        ordered = sorted(by_folded)
        middle = bisect.bisect(ordered, folded)
        nearby = ordered[max(0, middle - _MOST_COMPARED // 2) : middle + _MOST_COMPARED // 2]
        by_folded = {each: by_folded[each] for each in nearby}
    found = difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """``; did you mean 'x'?`` for the known word closest to a word; empty when none is close."""
    close = close_match(word, known)
    return f"; did you mean {close!r}?" if close else ""


def _faults_of(document: Document, shape: type[Shape], details: list[ErrorDetails]) -> list[Fault]:
    """Faults of a model's errors; what a refused key explains is not told again."""
    refused = {
        detail["loc"][:-1]
        for detail in details
        if detail["type"] == "extra_forbidden" and _refusal(shape, detail["loc"]) is not None
    }
    faults: dict[tuple[Path, str], Fault] = {}
    for detail in details:
        path = _existing(document, detail)
        if detail["type"] == "missing" and path[:-1] in refused:
            continue
        fault = _fault(document, shape, detail, path)
        once = (path[:-1], "unsupported") if fault.code == "unsupported" else (path, fault.message)
        faults.setdefault(once, fault)
    return list(faults.values())


def _existing(document: Document, detail: ErrorDetails) -> Path:
    """The error's path without the parts that pydantic adds for alternatives."""
    path = detail["loc"]
    while path and detail["type"] != "missing" and document.node(path) is None:
        path = path[:-1]
    return path


def _fault(document: Document, shape: type[Shape], detail: ErrorDetails, path: Path) -> Fault:
    kind, value = detail["type"], detail["input"]
    context = detail.get("ctx", {})
    if kind == "okrbridge":
        return document.fault(path, str(context["message"]), str(context["code"]))
    if kind == "extra_forbidden":
        return _unknown_key(document, shape, path)
    if kind == "missing":
        return document.fault(path, "is missing", "missing_key")
    message, code = _explained(kind, value, context)
    return document.fault(path, message, code)


def _explained(kind: str, value: object, context: Mapping[str, object]) -> tuple[str, str]:
    """What is wrong with a value, and the code of the fault."""
    if value is None:
        return "has no value; write one or remove the entry", "empty"
    if kind == "literal_error":
        return _not_one_of(str(context["expected"]), value), "wrong_value"
    if kind == "too_short":
        return "needs at least one entry", "empty"
    if kind == "too_long":
        return f"has more than {context['max_length']} entries", "wrong_value"
    return _wrong_type(kind, value), "wrong_type"


def _unknown_key(document: Document, shape: type[Shape], path: Path) -> Fault:
    if refusal := _refusal(shape, path):
        return document.fault(path, refusal.message, refusal.code, of_key=True)
    owner = _shape_at(shape, path[:-1])
    known = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
    hint = did_you_mean(str(path[-1]), known) or f"; known here: {', '.join(known)}"
    return document.fault(path, f"unknown key{hint}", "unknown_key", of_key=True)


def _refusal(shape: type[Shape], path: Path) -> Refusal | None:
    owner = _shape_at(shape, path[:-1])
    return owner.refused_keys.get(str(path[-1])) if owner else None


def _shape_at(shape: type[Shape], path: Path) -> type[Shape] | None:
    """The model of the mapping at a path."""
    current: type[Shape] | None = shape
    for part in path:
        if isinstance(part, int) or current is None:
            continue
        fields = {field.alias or name: field for name, field in current.model_fields.items()}
        current = _shape_inside(fields[part].annotation) if part in fields else None
    return current


def _shape_inside(annotation: object) -> type[Shape] | None:
    if isinstance(annotation, type) and issubclass(annotation, Shape):
        return annotation
    return next((found for each in get_args(annotation) if (found := _shape_inside(each))), None)


def _not_one_of(expected: str, value: object) -> str:
    words = expected.replace(" or ", ", ").replace("'", "").split(", ")
    hint = did_you_mean(value, words) if isinstance(value, str) else ""
    return f"{shortened(value)} is not one of {', '.join(words)}{hint}"


_TYPE_NAMES = {
    "string_type": "text",
    "bool_type": "true or false",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}


def _wrong_type(kind: str, value: object) -> str:
    wanted = _TYPE_NAMES.get(kind, kind.replace("_", " "))
    if isinstance(value, dict | list):
        return f"must be {wanted}, not a {'mapping' if isinstance(value, dict) else 'list'}"
    hint = "; put it in quotes" if wanted == "text" else ""
    return f"must be {wanted}, not {shortened(value) if isinstance(value, str) else str(value).lower()}{hint}"
