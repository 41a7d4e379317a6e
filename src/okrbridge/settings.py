"""Settings from the environment: ``OKRBRIDGE_…``, and ``OKRBRIDGE_…_FILE`` for each, read from that file."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from okrbridge.application.access import AccessRules
from okrbridge.domain.windows import Grid, parse_duration
from okrbridge.errors import ConfigurationError
from okrbridge.observability.log_format import LogFormat

PREFIX = "OKRBRIDGE_"

SHORTEST_RETENTION = timedelta(days=3)
"""The longest burn window: whatever is kept for less is missed at once."""

SHORTEST_RECORDS = timedelta(days=1)
"""The day that is running is looked at minute by minute."""


class Settings(BaseSettings):
    """How one process runs. Every field is the variable ``OKRBRIDGE_`` + its name in capitals."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore")

    config: Annotated[Path, Field(description="Folder or file with the definitions.")] = Path("config")
    database_url: Annotated[
        str, Field(description="SQLAlchemy URL: sqlite:///FILE or postgresql://USER@HOST/NAME.")
    ] = "sqlite:///okrbridge.db"
    host: Annotated[str, Field(description="Address to listen on.")] = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535, description="Port to listen on; 0 picks a free one.")] = 8080
    tick_seconds: Annotated[
        int, Field(ge=1, le=300, description="Length of a slice and time between ticks; divides an hour, at most 300.")
    ] = 60
    ingest_delay_seconds: Annotated[
        float, Field(ge=0, le=300, description="How long after a boundary its samples are trusted to be in.")
    ] = 10.0
    late_seconds: Annotated[
        float,
        Field(ge=0, le=86_400, description="How long after its end a slice is read again, for late samples; 0: never."),
    ] = 600.0
    retention_slices: Annotated[
        str, Field(description="How long slices are kept at least; windows in force keep what they need.")
    ] = "30d"
    retention_hours: Annotated[str, Field(description="How long sums of whole hours are kept at least.")] = "396d"
    retention_records: Annotated[
        str,
        Field(description="How long every measurement of a key result is kept; older ones are thinned to two an hour."),
    ] = "7d"
    retention_record_hours: Annotated[
        str, Field(description="How long two measurements an hour are kept; then it is two a day, for ever.")
    ] = "100d"
    prometheus_url: Annotated[str, Field(description="The default source; `simulated:` is the built-in fleet.")] = (
        "http://127.0.0.1:9090"
    )
    query_timeout_seconds: Annotated[float, Field(gt=0, le=600, description="Deadline of one query.")] = 30.0
    query_concurrency: Annotated[int, Field(ge=1, le=64, description="Queries at once, for each source.")] = 4
    metrics_max_series: Annotated[int, Field(ge=0, description="Cap on the series of /metrics; 0 is none.")] = 100_000
    enable_reload: Annotated[bool, Field(description="Whether POST /-/reload works; SIGHUP always does.")] = False
    auth: Annotated[
        Literal["on", "off"],
        Field(description="Whether writing asks for a token; `off` lets everybody do all, on a loopback address only."),
    ] = "on"
    anonymous_read: Annotated[bool, Field(description="Whether reading asks for no token.")] = True
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], Field(description="debug, info, warning or error.")
    ] = "info"
    log_format: Annotated[LogFormat, Field(description="auto, console or json.")] = "auto"

    @field_validator("config", "host", mode="before")
    @classmethod
    def _not_empty(cls, given: object) -> object:
        # An empty host would listen on every address, an empty path would be the working directory.
        if isinstance(given, str) and not given.strip():
            raise ValueError("must not be empty; leave it out for the default")
        return given

    @field_validator("tick_seconds")
    @classmethod
    def _divides_an_hour(cls, seconds: int) -> int:
        if 3600 % seconds:
            raise ValueError(f"{seconds} does not divide an hour; write 60, 30, 15, 10, …")
        return seconds

    @field_validator("retention_slices", "retention_hours")
    @classmethod
    def _long_enough(cls, text: str) -> str:
        if parse_duration(text) < SHORTEST_RETENTION:
            raise ValueError(f"{text} is shorter than the longest burn window; write 3d or more, such as 30d")
        return text

    @field_validator("retention_records", "retention_record_hours")
    @classmethod
    def _a_day_at_least(cls, text: str) -> str:
        if parse_duration(text) < SHORTEST_RECORDS:
            raise ValueError(f"{text} is shorter than a day; write 1d or more, such as 7d")
        return text

    @model_validator(mode="after")
    def _record_hours_outlast_records(self) -> Self:
        if self.keep_record_hours < self.keep_records:
            raise ValueError(
                f"OKRBRIDGE_RETENTION_RECORD_HOURS, {self.retention_record_hours}, must not be shorter than "
                f"OKRBRIDGE_RETENTION_RECORDS, {self.retention_records}"
            )
        return self

    @model_validator(mode="after")
    def _hours_outlast_slices(self) -> Self:
        if self.keep_hours < self.keep_slices:
            raise ValueError(
                f"OKRBRIDGE_RETENTION_HOURS, {self.retention_hours}, must not be shorter than "
                f"OKRBRIDGE_RETENTION_SLICES, {self.retention_slices}"
            )
        return self

    @field_validator("log_level", "auth", mode="before")
    @classmethod
    def _lower_case(cls, word: object) -> object:
        return word.lower() if isinstance(word, str) else word

    @property
    def access(self) -> AccessRules:
        """What is asked of callers of the API."""
        return AccessRules(is_on=self.auth == "on", anonymous_read=self.anonymous_read)

    @property
    def grid(self) -> Grid:
        """The grid of slices."""
        return Grid(timedelta(seconds=self.tick_seconds))

    @property
    def ingest_delay(self) -> timedelta:
        """How long after a boundary its samples are trusted to be in."""
        return timedelta(seconds=self.ingest_delay_seconds)

    @property
    def late(self) -> timedelta:
        """How long after its end a slice is read again; zero for never."""
        return timedelta(seconds=self.late_seconds)

    @property
    def keep_slices(self) -> timedelta:
        """How long slices are kept at least."""
        return parse_duration(self.retention_slices)

    @property
    def keep_hours(self) -> timedelta:
        """How long sums of hours are kept at least."""
        return parse_duration(self.retention_hours)

    @property
    def keep_records(self) -> timedelta:
        """How long every measurement of a key result is kept."""
        return parse_duration(self.retention_records)

    @property
    def keep_record_hours(self) -> timedelta:
        """How long two measurements an hour are kept."""
        return parse_duration(self.retention_record_hours)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the signature is the library's
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - as above
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments win over the environment, the environment over files named in it."""
        return init_settings, env_settings, _FileVariables(settings_cls)


class _FileVariables(PydanticBaseSettingsSource):
    """Reads ``OKRBRIDGE_X`` from the file that ``OKRBRIDGE_X_FILE`` names, as container secrets come."""

    def get_field_value(self, _field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """The field's value from its file, None when no file is named."""
        variable = f"{PREFIX}{field_name.upper()}_FILE"
        path = os.environ.get(variable)
        if path is None:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except OSError as problem:
            raise ConfigurationError(f"{variable}={path}: {problem.strerror}") from problem
        except ValueError as problem:
            raise ConfigurationError(f"{variable}={path}: the file does not hold UTF-8 text") from problem

    def __call__(self) -> dict[str, Any]:
        """All fields that have a file."""
        found = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in found.items() if value is not None}


def load_settings(overrides: Mapping[str, object]) -> Settings:
    """Settings from the environment, with the command's own options over them.

    Raises:
        ConfigurationError: a variable's value cannot work; the message names the variable.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as problem:
        lines = [_line(error["loc"], error["msg"].removeprefix("Value error, ")) for error in problem.errors()]
        raise ConfigurationError("\n".join(lines)) from problem


def _line(place: tuple[int | str, ...], message: str) -> str:
    """A fault of one variable begins with its name; one between variables names them itself."""
    return f"{PREFIX}{'_'.join(map(str, place)).upper()}: {message}" if place else message
