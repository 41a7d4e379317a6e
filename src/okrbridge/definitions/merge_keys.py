"""Merge keys (``<<``) of YAML 1.1: other tools' files may have them, okrbridge's own are YAML 1.2 and may not.

Source: https://yaml.org/type/merge.html.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from okrbridge.definitions.foreign import is_foreign
from okrbridge.definitions.nodes import Document, Node, Path, format_path, position_of
from okrbridge.errors import Fault

MERGE_KEY = "<<"


def with_merged(written: Mapping[str, Node], sources: Iterable[Node]) -> dict[str, Node]:
    """The keys of a mapping and those merged into it, which keep the places where they stand in the text.

    Args:
        written: the keys of the mapping itself; each wins over a merged one.
        sources: the merged mappings; of equal keys that of the first counts.
    """
    children = {key: child for key, child in written.items() if key != MERGE_KEY}
    for source in sources:
        for key, child in source.children:
            children.setdefault(str(key), child)
    return children


def merge_sources(value: Node) -> list[Node] | None:
    """The mappings that the value of a merge key names; None when it is anything else."""
    sources = [value] if value.is_mapping or value.is_empty else [child for _, child in value.children]
    return sources if sources and all(source.is_mapping for source in sources) else None


def refused_merge_keys(document: Document, places: Mapping[int, Path]) -> list[Fault]:
    """A fault for each merge key of a document that may have none.

    Args:
        places: of its merge keys, packed, each with the path that ends with it.
    """
    if not places or is_foreign(document):
        return []
    message = "merge keys are not part of YAML 1.2; write the keys out, or repeat a whole value with an alias"
    return [
        Fault(document.file, *position_of(place), format_path(path), message, "merge_key")
        for place, path in places.items()
    ]
