"""How messages speak of what this release does not do."""

from __future__ import annotations

from okrbridge import __version__

RELEASE = f"okrbridge {'.'.join(__version__.split('.')[:2])}"
NOT_YET = f"not supported by {RELEASE} yet"
