"""Data sources other than Prometheus: their models, and the domain's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from okrbridge.definitions.fields import FilledText, refusal
from okrbridge.definitions.findings import Spot
from okrbridge.definitions.nodes import Document, shortened
from okrbridge.definitions.okr_fields import web_address
from okrbridge.definitions.release import NOT_YET
from okrbridge.definitions.shapes import Metadata, Refusal, Shape
from okrbridge.domain.definition_set import DataSource

_VARIABLE = re.compile(r"\$[A-Za-z_][A-Za-z0-9_]*")
_DATABASE = re.compile(r"[a-z][a-z0-9_]*(?:\+[a-z0-9_]+)?://\S*")


def _variable(value: str) -> str:
    if not _VARIABLE.fullmatch(value):
        message = "secrets do not stand in documents; write passwordFile: PATH, or $NAME for an environment variable"
        raise refusal("secret_in_document", message)
    return value


def _database_url(value: str) -> str:
    if _VARIABLE.fullmatch(value):
        return value
    if not _DATABASE.fullmatch(value):
        # The text is not repeated: it may hold a password.
        raise refusal("wrong_value", "is no SQLAlchemy URL, such as postgresql://reader@db.example:5432/billing")
    if _has_password(value):
        raise refusal("secret_in_document", "an address holds no password; write passwordFile: PATH beside it")
    return value


def _has_password(url: str) -> bool:
    try:
        return urlsplit(url).password is not None
    except ValueError:
        return ":" in url.partition("://")[2].rpartition("@")[0]


def _http_url(value: str) -> str:
    return value if _VARIABLE.fullmatch(value) else web_address(value).rstrip("/")


def _delimiter(value: str) -> str:
    if len(value) != 1:
        raise refusal("wrong_value", f"must be one character, such as ;, not {shortened(value)}")
    return value


def _type_pattern(name: str) -> str:
    return "^" + "".join(f"[{letter.upper()}{letter.lower()}]" for letter in name) + "$"


PasswordVariable = Annotated[
    str, AfterValidator(_variable), Field(json_schema_extra={"pattern": "^\\$[A-Za-z_][A-Za-z0-9_]*$"})
]


class SqlConnection(Shape):
    """How a database is reached. Paths and the values of $NAME are those of okrbridge's process."""

    url: Annotated[str, AfterValidator(_database_url)]
    """SQLAlchemy URL with the user and without the password, such as postgresql://reader@db:5432/billing; or $NAME."""
    password: PasswordVariable | None = None
    """The password, as $NAME of the environment variable that holds it; never the password."""
    password_file: FilledText | None = None
    """File with the password."""


class HttpConnection(Shape):
    """How JSON documents are fetched. Paths and the values of $NAME are those of okrbridge's process."""

    url: Annotated[str, AfterValidator(_http_url)]
    """Base address, http or https; or $NAME."""
    bearer_token_file: FilledText | None = None
    """File with the bearer token."""
    username: FilledText | None = None
    """User name of basic authentication."""
    password: PasswordVariable | None = None
    """Password of basic authentication, as $NAME of the environment variable that holds it; never the password."""
    password_file: FilledText | None = None
    """File with the password of basic authentication."""
    ca_file: FilledText | None = None
    """Certificates to trust beside the system's, PEM."""
    cert_file: FilledText | None = None
    """Own certificate for mutual TLS, PEM."""
    key_file: FilledText | None = None
    """Key of the own certificate, PEM."""

    refused_keys: ClassVar[Mapping[str, Refusal]] = {
        "bearerToken": Refusal("secret_in_document", "secrets do not stand in documents; write bearerTokenFile: PATH"),
        "headers": Refusal("unsupported", f"free headers are {NOT_YET}; write bearerTokenFile, or username"),
    }


class CsvConnection(Shape):
    """Where a CSV file lies."""

    path: FilledText
    """The file, seen from the folder of the document, or absolute; or $NAME."""
    delimiter: Annotated[str, AfterValidator(_delimiter)] = ","
    """What stands between cells."""


class SqlSourceSpec(Shape):
    """A database that is asked with queries that only read."""

    description: str = ""
    """Text for people."""
    type: Annotated[str, Field(json_schema_extra={"pattern": _type_pattern("SQL")})]
    """SQL."""
    connection_details: SqlConnection
    """How it is reached."""


class HttpSourceSpec(Shape):
    """A server of JSON documents."""

    description: str = ""
    """Text for people."""
    type: Annotated[str, Field(json_schema_extra={"pattern": _type_pattern("HTTP")})]
    """HTTP."""
    connection_details: HttpConnection
    """How it is reached."""


class CsvSourceSpec(Shape):
    """A CSV file."""

    description: str = ""
    """Text for people."""
    type: Annotated[str, Field(json_schema_extra={"pattern": _type_pattern("CSV")})]
    """CSV."""
    connection_details: CsvConnection
    """Where it lies."""


class SqlSourceDocument(Shape):
    """A database that is asked with queries that only read."""

    api_version: Literal["openslo/v1"]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: SqlSourceSpec


class HttpSourceDocument(Shape):
    """A server of JSON documents."""

    api_version: Literal["openslo/v1"]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: HttpSourceSpec


class CsvSourceDocument(Shape):
    """A CSV file."""

    api_version: Literal["openslo/v1"]
    kind: Literal["DataSource"]
    metadata: Metadata
    spec: CsvSourceSpec


VALUE_SOURCES: Mapping[str, type[SqlSourceDocument | HttpSourceDocument | CsvSourceDocument]] = {
    "sql": SqlSourceDocument,
    "http": HttpSourceDocument,
    "csv": CsvSourceDocument,
}
"""Models of data sources by their type, in small letters; all others are read as a Prometheus."""


def value_source_shape(document: Document) -> type[Shape] | None:
    """The model of a data source that gives values only; None for any other document."""
    if document.text("kind") != "DataSource":
        return None
    return VALUE_SOURCES.get(document.text("spec", "type").casefold())


def value_source_of(spot: Spot, model: SqlSourceDocument | HttpSourceDocument | CsvSourceDocument) -> DataSource:
    """A data source; details that were not given are left out, and the path of a file is absolute or of the process."""
    details = model.spec.connection_details
    place = spot.at("spec", "connectionDetails")
    if isinstance(details, CsvConnection):
        given = {"path": _path_of(spot.document, details.path), "delimiter": details.delimiter}
    else:
        _check_credentials(place, details)
        given = details.model_dump(exclude_none=True)
    return DataSource(model.metadata.name, model.spec.type.upper(), given)


def _path_of(document: Document, path: str) -> str:
    return path if _VARIABLE.fullmatch(path) else str(Path(document.file).parent / path)


def _check_credentials(spot: Spot, details: SqlConnection | HttpConnection) -> None:
    if details.password and details.password_file:
        spot.fault("needs one of password and passwordFile, not both", "wrong_value")
    if isinstance(details, SqlConnection):
        return
    if (details.password or details.password_file) and not details.username:
        spot.fault("a password needs a username beside it", "missing_key")
    if details.bearer_token_file and details.username:
        spot.fault("needs one of bearerTokenFile and username, not both", "wrong_value")
    if (details.cert_file is None) != (details.key_file is None):
        spot.fault("certFile and keyFile are needed together", "missing_key")
