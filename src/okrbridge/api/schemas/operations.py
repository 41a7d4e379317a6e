"""Health and reload."""

from __future__ import annotations

from typing import Literal

from okrbridge.api.schemas.base import Schema


class Health(Schema):
    """The process answers."""

    status: Literal["ok"]


class CheckResult(Schema):
    """One readiness check."""

    name: str
    ok: bool
    detail: str


class Readiness(Schema):
    """okrbridge takes requests; `checks` is filled with `?verbose`."""

    status: Literal["ok"]
    checks: list[CheckResult]


class Reloaded(Schema):
    """The definitions were loaded anew."""

    status: Literal["reloaded"]
