"""Refusing what was sent in: well formed, and it cannot be."""

from __future__ import annotations

from collections.abc import Iterable

from okrbridge.errors import Fault, OkrbridgeError


class RefusedInputError(OkrbridgeError):
    """What was sent says something that cannot be; nothing was kept.

    Attributes:
        faults: what is wrong, each with the field as its path.
    """

    def __init__(self, what: str, found: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(Fault(what, 0, 0, path, message, "wrong_value") for path, message in found)
        super().__init__("; ".join(f"{one.path}: {one.message}" for one in self.faults[:3]))
