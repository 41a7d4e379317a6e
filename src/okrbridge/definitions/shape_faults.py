"""The errors of a model as faults for people."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic_core import ErrorDetails

from okrbridge.definitions.nodes import Document, Path, shortened
from okrbridge.definitions.shapes import Shape, refusal_of, shape_at
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.errors import Fault


def faults_of(document: Document, shape: type[Shape], details: list[ErrorDetails]) -> list[Fault]:
    """Faults of a model's errors; what a refused key explains is not told again."""
    refused = {
        detail["loc"][:-1]
        for detail in details
        if detail["type"] == "extra_forbidden" and refusal_of(shape, detail["loc"]) is not None
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
        return document.fault(path, f"is missing{_example(path)}", "missing_key")
    message, code = _explained(kind, value, context)
    hint = _example(path) if code == "wrong_type" else ""
    return document.fault(path, f"{message}{hint}", code)


def _example(path: Path) -> str:
    """What to write under a key that people leave out, or write as a word alone; empty for most keys."""
    example = _EXAMPLES.get(str(path[-1]) if path else "")
    return f"; write {example}" if example else ""


_EXAMPLES = {
    "metadata": "metadata: {name: NAME}",
    "measure": "measure: {slo: NAME}, {promql: QUERY} or {manual: {expiresAfter: 14d}}",
    "manual": "manual: {expiresAfter: 14d}",
    "expiresAfter": "expiresAfter: 14d",
}


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
    if refusal := refusal_of(shape, path):
        return document.fault(path, refusal.message, refusal.code, of_key=True)
    owner = shape_at(shape, path[:-1])
    known = [field.alias or name for name, field in owner.model_fields.items()] if owner else []
    hint = did_you_mean(str(path[-1]), known) or f"; known here: {', '.join(known)}"
    return document.fault(path, f"unknown key{hint}", "unknown_key", of_key=True)


def _not_one_of(expected: str, value: object) -> str:
    words = expected.replace(" or ", ", ").replace("'", "").split(", ")
    hint = did_you_mean(_SIGNS.get(value, value), words) if isinstance(value, str) else ""
    return f"{shortened(value)} is not one of {', '.join(words)}{hint}"


_SIGNS = {">=": "ge", "=>": "ge", "≥": "ge", ">": "gt", "<=": "le", "=<": "le", "≤": "le", "<": "lt"}
"""Operators as they are written elsewhere."""
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
