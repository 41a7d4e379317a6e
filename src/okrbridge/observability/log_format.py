"""What lines of the log look like; apart from ``logs``, so that whoever reads settings need not load structlog."""

from __future__ import annotations

from typing import Literal

LogFormat = Literal["auto", "console", "json"]
