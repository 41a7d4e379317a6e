"""What a YAML scalar means: the core schema of YAML 1.2.

``on``, ``off``, ``yes``, ``no``, ``1:30`` and timestamps are text, ``010`` is ten, ``0o10`` is eight.
Source: YAML 1.2.2, section 10.3.2, "Tag Resolution".
"""

from __future__ import annotations

import math
import re

Scalar = str | int | float | bool | None

_LONGEST_NUMBER = 64
_WORDS: dict[str, bool | None] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_OCTAL = re.compile(r"0o[0-7]+")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_PREFIX = "tag:yaml.org,2002:"
_TYPES: dict[str, tuple[type, ...]] = {
    "null": (type(None),),
    "bool": (bool,),
    "int": (int,),
    "float": (int, float),
}


def plain_scalar(text: str) -> Scalar:
    """The value of an unquoted scalar.

    Raises:
        ValueError: a number that no calculation can use; the message is for the user.
    """
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "+-.0123456789":
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} is not a finite number")
    return _number(text)


def tagged_scalar(tag: str, text: str) -> Scalar:
    """The value of a scalar with an explicit tag, such as ``!!str 12``.

    Raises:
        ValueError: an unknown tag, or a text that does not have the tag's form.
    """
    name = tag.removeprefix(_PREFIX)
    if tag == "!" or name == "str":
        return text
    if not tag.startswith(_PREFIX) or name not in _TYPES:
        raise ValueError(unknown_tag(tag))
    value = plain_scalar(text)
    if type(value) not in _TYPES[name]:
        raise ValueError(f"{text!r} does not fit the tag !!{name}")
    return float(value) if name == "float" and isinstance(value, int) else value


def unknown_tag(tag: str) -> str:
    """The message for a tag that has no meaning here."""
    return f"the tag {tag.replace(_PREFIX, '!!')} is not known here; remove it"


def _number(text: str) -> Scalar:
    base = (
        10 if _DECIMAL.fullmatch(text) else 8 if _OCTAL.fullmatch(text) else 16 if _HEXADECIMAL.fullmatch(text) else 0
    )
    if not base and not _FLOAT.fullmatch(text):
        return text
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(f"a number of {len(text)} characters; write it shorter, or in quotes if it is text")
    if base:
        return int(text, base)
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is not a finite number")
    return value
