"""What all declared data sources have in common: keys that are known, and values from the environment or a file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path

from okrbridge.domain.definition_set import DataSource
from okrbridge.errors import ConfigurationError


def resolved(
    source: DataSource, known: Collection[str], environment: Mapping[str, str], *, needed: str, example: str
) -> Mapping[str, str]:
    """The connection details of a source, with ``$NAME`` replaced by the environment variable.

    Args:
        known: keys that may be there.
        needed: the key that must be there.
        example: what it looks like.

    Raises:
        ConfigurationError: an unknown key, the needed key is missing, or a variable that is not set.
    """
    if unknown := sorted(source.details.keys() - set(known)):
        listed = ", ".join(sorted(known))
        raise ConfigurationError(f"data source {source.name!r}: unknown key {unknown[0]!r}; known are {listed}")
    if not source.details.get(needed):
        raise ConfigurationError(f"data source {source.name!r}: {needed} is missing, such as {example}")
    return {key: _value(source.name, key, value, environment) for key, value in source.details.items()}


def _value(source: str, key: str, value: str, environment: Mapping[str, str]) -> str:
    if not value.startswith("$"):
        return value
    name = value[1:].strip("{}")
    if name not in environment:
        raise ConfigurationError(f"data source {source!r}: {key} names the environment variable {name}, which is unset")
    return environment[name]


def password_of(name: str, details: Mapping[str, str]) -> str | None:
    """The password of a source, as declared or in its file; None without one.

    Raises:
        ConfigurationError: both are declared, or the file has none; the content is never told.
    """
    if "password_file" not in details:
        return details.get("password")
    if "password" in details:
        raise ConfigurationError(f"data source {name!r}: declare either password or passwordFile, not both")
    try:
        return _password_in(Path(details["password_file"]))
    except ConfigurationError as error:
        raise ConfigurationError(f"data source {name!r}: {error}") from error


def _password_in(file: Path) -> str:
    try:
        password = file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ConfigurationError(f"passwordFile {file} cannot be read: {error.strerror}") from error
    except ValueError:
        # Not chained: the error would carry the content.
        raise ConfigurationError(f"passwordFile {file} cannot be read as UTF-8 text") from None
    if not password:
        raise ConfigurationError(f"passwordFile {file} is empty")
    return password
