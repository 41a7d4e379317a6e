"""The starting points that okrbridge brings along: documents with places to fill in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

from okrbridge.definitions.suggestions import close_match
from okrbridge.errors import NotFoundError

_HEAD = re.compile(r"# (?P<title>.+)\n# (?P<group>.+); layers (?P<layers>.+)\n")
_PLACE = re.compile(r"\{\{(name|cycle|team|owner|service|state)\}\}")
_SUFFIX = ".yaml"


@dataclass(frozen=True, slots=True)
class Template:
    """A starting point.

    Attributes:
        group: ``metric M1`` to ``metric M15``, ``use case``, ``scenario 1`` to ``scenario 4``, ``pattern 5``.
        layers: the layers it is about, the first first.
        text: YAML with comments and places such as ``{{cycle}}``.
    """

    name: str
    title: str
    group: str
    layers: tuple[str, ...]
    text: str

    def filled(self, values: Mapping[str, str]) -> str:
        """The documents with every place filled in.

        Args:
            values: name, cycle, team, owner, service and state; checked by the caller to be plain words.
        """
        return _PLACE.sub(lambda place: values[place[1]], self.text)


def all_templates() -> list[Template]:
    """Every template, metrics in their order and then the others by group and name."""
    folder = resources.files("okrbridge") / "templates"
    found = [
        _template(each.name.removesuffix(_SUFFIX), each.read_text(encoding="utf-8"))
        for each in folder.iterdir()
        if each.name.endswith(_SUFFIX)
    ]
    return sorted(found, key=lambda one: (one.group.rstrip("0123456789"), _number(one.group), one.name))


def template(name: str) -> Template:
    """One template.

    Raises:
        NotFoundError: none has this name.
    """
    found = {one.name: one for one in all_templates()}
    if name not in found:
        close = close_match(name, found)
        raise NotFoundError("template", name, close=[close] if close else [])
    return found[name]


def _template(name: str, text: str) -> Template:
    head = _HEAD.match(text)
    assert head is not None, f"the template {name} has no head"  # noqa: S101 - ours; a test looks at every one
    return Template(name, head["title"], head["group"], tuple(head["layers"].split()), text)


def _number(group: str) -> int:
    digits = re.search(r"\d+$", group)
    return int(digits[0]) if digits else 0
