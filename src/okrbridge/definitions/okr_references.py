"""Key results that name each other, and rings of what must not lead back to itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter

from okrbridge.definitions.nodes import Document, Path
from okrbridge.definitions.suggestions import did_you_mean
from okrbridge.errors import Fault

_ITEMS = ("spec", "keyResults", "*")
_REFERENCES: Mapping[str, tuple[Path, ...]] = {
    "Objective": (
        ("spec", "parentKeyResult"),
        (*_ITEMS, "guards", "*"),
        (*_ITEMS, "bestOf", "*"),
        (*_ITEMS, "parts", "*", "keyResult"),
        (*_ITEMS, "measure", "keyResult"),
    ),
    "Initiative": (_ITEMS,),
}
"""Where a document of a kind names key results."""

_FOLLOWED = ("bestOf", "parts", "measure")
"""Under these keys a key result names others whose progress it takes."""

_PARENTS: Mapping[str, tuple[tuple[str, ...], str]] = {
    "Objective": (("parent", "parentKeyResult"), "objectives are parents of each other"),
    "Cycle": (("parent",), "cycles are parents of each other"),
    "Team": (("parent",), "teams are parents of each other"),
}


@dataclass(frozen=True, slots=True)
class _Reference:
    """A place where a key result is named, in full, and the one that names it, if a key result does."""

    document: Document
    path: Path
    named: str
    by: str


def check_key_results(documents: Sequence[Document], unread: Sequence[str]) -> Iterator[Fault]:
    """A fault for each named key result that is nowhere, and for each ring of those that take others' progress.

    Args:
        documents: all documents, faulty ones included.
        unread: texts that could not be read; a name that occurs in one of them may well be declared there.
    """
    known = _key_results(documents)
    followed: dict[str, list[_Reference]] = {name: [] for name in known}
    for reference in _references(documents):
        if reference.named in known:
            if reference.by and reference.path[3] in _FOLLOWED:
                followed[reference.by].append(reference)
            elif reference.named == reference.by:
                message = "is this key result itself; name another one"
                yield reference.document.fault(reference.path, message, "self_reference")
        elif not any(reference.named.rpartition("/")[2] in text for text in unread):
            yield _dangling(reference, known)
    yield from _followed_rings(followed)


def _key_results(documents: Sequence[Document]) -> dict[str, None]:
    """All key results by ``OBJECTIVE/NAME``, in reading order."""
    objectives = [each for each in documents if each.text("kind") == "Objective"]
    return {
        f"{each.text('metadata', 'name')}/{name}": None
        for each in objectives
        for _, name in each.matching((*_ITEMS, "name"))
        if isinstance(name, str)
    }


def _references(documents: Sequence[Document]) -> Iterator[_Reference]:
    for document in documents:
        objective = document.text("metadata", "name")
        for pattern in _REFERENCES.get(document.text("kind"), ()):
            for path, value in document.matching(pattern):
                # Only inside an objective a name alone will do; elsewhere it is a fault of the shape.
                if isinstance(value, str) and ("/" in value or len(path) > len(_ITEMS)):
                    yield _reference(document, path, value.strip(), objective)


def _reference(document: Document, path: Path, value: str, objective: str) -> _Reference:
    named = value if "/" in value else f"{objective}/{value}"
    own = document.text(*path[:3], "name") if path[1] == "keyResults" and len(path) > 3 else ""
    return _Reference(document, path, named, f"{objective}/{own}" if own else "")


def _dangling(reference: _Reference, known: Mapping[str, None]) -> Fault:
    objective = reference.named.partition("/")[0]
    beside = [each for each in known if each.startswith(f"{objective}/")]
    hint = did_you_mean(reference.named, beside) or did_you_mean(reference.named, known)
    if not hint and beside:
        hint = f"; {objective} has {', '.join(each.partition('/')[2] for each in beside[:5])}"
    message = f"there is no key result {reference.named!r}{hint or '; write OBJECTIVE/NAME'}"
    return reference.document.fault(reference.path, message, "dangling_reference")


def _followed_rings(followed: Mapping[str, Sequence[_Reference]]) -> Iterator[Fault]:
    for ring in rings({by: [each.named for each in references] for by, references in followed.items()}):
        (reference,) = [each for each in followed[ring[0]] if each.named == ring[1 % len(ring)]][:1]
        way = " -> ".join((*ring, ring[0]))
        message = f"key results take their progress from each other: {way}"
        yield reference.document.fault(reference.path, message, "key_result_ring")


def check_parents(documents: Sequence[Document]) -> Iterator[Fault]:
    """A fault for each ring of objectives, cycles or teams that are parents of each other, at its first member."""
    for kind, (keys, message) in _PARENTS.items():
        named = ((each.text("metadata", "name"), each) for each in documents if each.text("kind") == kind)
        family = _Family({name: each for name, each in named if name})
        for name, document in family.members.items():
            for key in keys:
                family.add(name, key, document.text("spec", key).partition("/")[0])
        for ring in rings(family.parents):
            first = family.members[ring[0]]
            way = " -> ".join((*ring, ring[0]))
            yield first.fault(("spec", family.keys[ring[0]]), f"{message}: {way}", "parent_ring")


@dataclass(slots=True)
class _Family:
    """Documents of one kind and the parents that they name."""

    members: Mapping[str, Document]
    parents: dict[str, list[str]] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)

    def add(self, name: str, key: str, parent: str) -> None:
        if parent in self.members:
            self.parents.setdefault(name, []).append(parent)
            self.keys.setdefault(name, key)


def rings(followed: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Each ring once: names of which each follows the next, and the last one the first.

    A ring begins with its member that comes first in ``followed``. Names that several rings share are told with one.
    """
    left = {name: set(others) for name, others in followed.items()}
    order = {name: place for place, name in enumerate(followed)}
    while ring := _some_ring(left):
        start = min(range(len(ring)), key=lambda place: order[ring[place]])
        yield ring[start:] + ring[:start]
        for name in ring:
            del left[name]


def _some_ring(followed: Mapping[str, Iterable[str]]) -> list[str]:
    try:
        TopologicalSorter(followed).prepare()
    except CycleError as error:
        # Python tells it from the followed one on; the first name stands at both ends.
        return list(reversed(error.args[1][1:]))
    return []
