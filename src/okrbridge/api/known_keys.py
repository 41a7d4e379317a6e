"""Which keys a body may have at a place, to tell somebody who misspelt one what was meant."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, get_args

from fastapi import Request
from pydantic import BaseModel

from okrbridge.definitions.suggestions import did_you_mean

_MOST_LISTED = 12


def unknown_key(request: Request, place: Sequence[str | int]) -> str:
    """What to say of a key that a request's body must not have.

    Args:
        place: of the key in the body, as the framework tells it; the key stands last.
    """
    *above, key = place
    body = getattr(request.scope.get("route"), "body_field", None)
    models = _models(body.field_info.annotation, above) if body is not None else ()
    known = sorted({field.alias or name for model in models for name, field in model.model_fields.items()})
    listed = f"; known here: {', '.join(known)}" if 0 < len(known) <= _MOST_LISTED else ""
    return f"unknown key{did_you_mean(str(key), known) or listed}"


def _models(annotation: Any, place: Sequence[str | int]) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any type
    """The models that say which keys there are at a place inside a value of a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        if not place:
            yield annotation
        for name, field in annotation.model_fields.items() if place else ():
            if place[0] == (field.alias or name):
                yield from _models(field.annotation, place[1:])
        return
    for inner in get_args(annotation):
        yield from _models(inner, place)
        # The place of an item in a list, or the kind of body that was taken out of several.
        yield from _models(inner, place[1:]) if place else ()
