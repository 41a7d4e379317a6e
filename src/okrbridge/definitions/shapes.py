"""What the models of all documents have in common."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, NamedTuple, get_args

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, JsonValue, PlainValidator, WithJsonSchema
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from okrbridge.definitions.field_texts import field_texts
from okrbridge.definitions.fields import FilledText, Name, refusal
from okrbridge.definitions.nodes import Path, shortened


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
    )

    refused_keys: ClassVar[Mapping[str, Refusal]] = {}
    """Keys of the format that this version does not take, each with the reason and the remedy."""

    independent_items: ClassVar[Mapping[Path, type[Shape]]] = {}
    """Lists whose entries can be checked without each other: a faulty one does not hide faults of the rest."""

    empty_is_absent: ClassVar[bool] = False
    """Whether a key without a value is as good as no key, as other tools read their documents."""

    stand_ins: ClassVar[Mapping[Path, object]] = {}
    """Values to read on with where the document's own are missing or wrong; nothing that is loaded ever holds them."""

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """The JSON Schema, in which the text below each field describes it."""
        found = handler(schema)
        keys = handler.resolve_ref_schema(found)["properties"]
        for name, text in field_texts(cls).items():
            if name in cls.model_fields:
                keys[cls.model_fields[name].alias].setdefault("description", text)
        return found

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


def shape_at(shape: type[Shape], path: Path) -> type[Shape] | None:
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


def refusal_of(shape: type[Shape], path: Path) -> Refusal | None:
    """Why the key at a path is not accepted; None for other keys."""
    owner = shape_at(shape, path[:-1])
    return owner.refused_keys.get(str(path[-1])) if owner else None
