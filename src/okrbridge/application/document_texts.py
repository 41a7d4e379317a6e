"""Texts of documents made over HTTP: not endless, and without characters that a terminal would obey."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from okrbridge.errors import Fault

LONGEST_TEXT = 20_000
"""Characters; files have no such limit."""
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
"""Everything that controls but tabs and ends of lines, which a query may have. YAML refuses them in files."""


def unfit_texts(document: str, value: Any, path: str = "") -> Iterator[Fault]:  # noqa: ANN401 - any JSON
    """A fault for every text that cannot be, each with its path.

    Args:
        document: what the faults are told of, such as ``http:Team/growth``.
        value: the document, or a value inside it at the path.
    """
    if isinstance(value, str):
        message = _unfit(value)
        if message:
            yield Fault(document, 0, 0, path, message, "wrong_value")
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from unfit_texts(document, one, f"{path}.{key}" if path else str(key))
    elif isinstance(value, Sequence):
        for place, one in enumerate(value):
            yield from unfit_texts(document, one, f"{path}[{place}]")


def _unfit(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        return f"has {len(text):,} characters; a text has at most {LONGEST_TEXT:,}"
    found = _CONTROL.search(text)
    return f"has the control character U+{ord(found[0]):04X}; leave it out" if found else ""
