"""The OpenAPI document for files and for comparison."""

from __future__ import annotations

from typing import Any

from okrbridge.api.app import bare_app


def openapi_document() -> dict[str, Any]:
    """The OpenAPI document of the API; needs no services."""
    return bare_app().openapi()
