"""What can go wrong in the demo, in words for the user."""

from __future__ import annotations

from okrbridge.errors import OkrbridgeError


class DemoError(OkrbridgeError):
    """The demo cannot go on; everything it started is stopped."""
