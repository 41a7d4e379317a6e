"""The texts that stand below the fields of a model, which are their descriptions in its JSON Schema.

pydantic would read them out of the source whenever a model is made, which is a tenth of the start of every command;
only who asks for the schema needs them.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator
from itertools import pairwise


def field_texts(model: type) -> dict[str, str]:
    """The text below each field of a class, by the field's name; those of its own over those of its bases."""
    return {name: text for base in reversed(model.__mro__[:-1]) for name, text in _own_texts(base)}


def _own_texts(model: type) -> Iterator[tuple[str, str]]:
    if not inspect.get_annotations(model):
        return
    [definition] = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(definition, ast.ClassDef)  # noqa: S101 - narrows the type
    for field, text in pairwise(definition.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(written))):
                yield name, inspect.cleandoc(written)
