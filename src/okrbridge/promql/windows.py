"""Windows that other tools leave open in a query, to be filled in: ``[{{.window}}]`` and ``[$__rate_interval]``.

Sources: Sloth, "SLI plugins and templates", for ``{{.window}}``; Grafana, "Global variables", for the others.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from okrbridge.promql.syntax import STRING_OR_COMMENT

_WINDOW = r"\{\{-?\s*\.window\s*-?\}\}|\$\{?__(?:rate_interval|interval|range)\}?"
_TOKEN = re.compile(rf"(?P<kept>{STRING_OR_COMMENT.pattern})|(?P<window>{_WINDOW})|(?P<other>\w+|.)", re.DOTALL)


def with_windows(query: str, length: str) -> str:
    """The query with one length, such as ``5m``, in every window that is left open."""
    return with_windows_by_function(query, lambda _: length)


def with_windows_by_function(query: str, length_in: Callable[[str], str]) -> str:
    """The query with a length in every window that is left open.

    Args:
        length_in: the length for a window, given the function around it; empty when there is none.
    """
    if "{{" not in query and "$" not in query:
        return query
    filled: list[str] = []
    around, last_word = [""], ""
    for token in _TOKEN.finditer(query):
        text = token.group()
        if token["window"]:
            text = length_in(around[-1])
        elif text == "(":
            around.append(last_word)
        elif text == ")" and len(around) > 1:
            around.pop()
        if not text.isspace():
            last_word = text
        filled.append(text)
    return "".join(filled)
