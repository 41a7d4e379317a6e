"""The Prometheus text format 0.0.4: labels, numbers, heads of families."""

from __future__ import annotations

from okrbridge.application.metric_catalogue import BY_NAME

_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n"})


def label(name: str, value: str) -> str:
    """One label pair, escaped."""
    return f'{name}="{value.translate(_ESCAPES)}"'


def number(value: float) -> str:
    """A finite number as the text format writes it: whole numbers without a point."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def family_head(name: str) -> bytes:
    """The HELP and TYPE lines of a family, without the end of the last line."""
    metric = BY_NAME[name]
    told = metric.help.replace("\\", "\\\\").replace("\n", "\\n")
    return f"# HELP {name} {told}\n# TYPE {name} {metric.type}".encode()
