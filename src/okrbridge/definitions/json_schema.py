"""One JSON Schema of all documents, for editors and other tools."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from pydantic.json_schema import models_json_schema

from okrbridge.definitions.kinds import document_shapes

SCHEMA_ID = "https://okrbridge.dev/schemas/v1/documents.json"


def json_schema() -> dict[str, object]:
    """The schema (draft 2020-12) that each document of a file satisfies.

    It knows keys, types and ranges; references, units and queries are checked by the loader alone.
    """
    shapes = document_shapes()
    references, schema = models_json_schema([(shape, "validation") for shape in shapes], by_alias=True)
    branches = [references[shape, "validation"] for shape in shapes]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "okrbridge documents",
        "description": "OpenSLO v1 and okrbridge.dev/v1 documents as okrbridge reads them.",
        "oneOf": branches,
        "$defs": _in_use(branches, schema["$defs"]),
    }


def _in_use(roots: object, definitions: Mapping[str, object]) -> dict[str, object]:
    """The definitions that something refers to; pydantic also lists types that describe themselves in other words."""
    used: dict[str, object] = {}
    waiting = _references(roots)
    while waiting:
        name = waiting.pop()
        if name not in used:
            used[name] = _plain(definitions[name])
            waiting |= _references(used[name])
    return dict(sorted(used.items()))


def _plain(definition: object) -> object:
    """A definition without what pydantic adds: titles made from keys, and null for keys that may be left out."""
    if not isinstance(definition, dict) or "properties" not in definition:
        return definition
    return {**definition, "properties": {key: _plain_key(value) for key, value in definition["properties"].items()}}


def _plain_key(schema: Mapping[str, object]) -> dict[str, object]:
    plain = {key: value for key, value in schema.items() if key != "title" and (key, value) != ("default", None)}
    choices = plain.get("anyOf")
    if isinstance(choices, list) and {"type": "null"} in choices:
        del plain["anyOf"]
        (choice,) = [each for each in choices if each != {"type": "null"}]
        plain = {**choice, **plain}
    return plain


def _references(value: object) -> set[str]:
    return set(re.findall(r'"#/\$defs/([^"]+)"', json.dumps(value)))
