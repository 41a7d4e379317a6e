"""From a declared data source to a connection; nothing is asked."""

import traceback
from datetime import timedelta

import pytest
import requests

from okrbridge.definitions.openslo import ConnectionDetails
from okrbridge.domain.definition_set import DataSource
from okrbridge.domain.windows import Grid
from okrbridge.errors import ConfigurationError
from okrbridge.sources.prometheus.declaration import DETAIL_KEYS, from_declaration
from okrbridge.sources.prometheus.http.connection import Connection

GRID = Grid(timedelta(minutes=1))


def declared(**details: str) -> DataSource:
    return DataSource("metrics", "Prometheus", details)


def test_values_with_a_dollar_come_from_the_environment_and_stay_secret():
    details = {"url": "$PROM_URL", "username": "okr", "password": "${PROM_PASSWORD}"}
    environment = {"PROM_URL": "https://prom.example/prefix/", "PROM_PASSWORD": "s3cret"}
    source = from_declaration(DataSource("metrics", "Prometheus", details), GRID, environment=environment)
    assert source.name == "metrics"
    assert source._client.url == "https://prom.example/prefix"
    assert "s3cret" not in repr(source._client)
    source.close()


@pytest.mark.parametrize(
    ("details", "words"),
    [
        ({}, "url is missing"),
        ({"url": "prometheus:9090"}, "must look like http://prometheus:9090"),
        ({"url": "ftp://prometheus"}, "must look like"),
        ({"url": "http://prometheus:9090/?token=abc"}, "must end before any ?"),
        ({"url": "http://p", "tokn": "x"}, "unknown key 'tokn'"),
        ({"url": "http://p", "password": "$UNSET"}, "environment variable UNSET, which is unset"),
        ({"url": "http://p", "bearer_token_file": "/t", "username": "u"}, "not both"),
        ({"url": "http://p", "key_file": "/k"}, "needs cert_file"),
        ({"url": "http://p", "insecure_skip_verify": "maybe"}, "true or false"),
        ({"url": "http://p", "org_id": "a\nb"}, "printable ASCII"),
        ({"url": "http://u:s3cret@p?x"}, "must end before"),
    ],
)
def test_a_declaration_that_cannot_work_names_the_source_and_the_remedy(details, words):
    with pytest.raises(ConfigurationError) as caught:
        from_declaration(declared(**details), GRID, environment={})
    assert words in str(caught.value)
    assert "'metrics'" in str(caught.value)
    assert "s3cret" not in str(caught.value)
    assert "abc" not in str(caught.value)


def test_a_password_file_is_read_when_the_source_is_opened(tmp_path):
    (tmp_path / "password").write_text("s3cret\n")
    environment = {"PASSWORD_FILE": str(tmp_path / "password")}
    for path in (str(tmp_path / "password"), "$PASSWORD_FILE"):
        source = from_declaration(
            declared(url="http://p", username="okr", password_file=path), GRID, environment=environment
        )
        request = requests.Request("GET", "http://p").prepare()
        source._client._transport.auth(request)
        # okr:s3cret in base64, without the line break
        assert request.headers["Authorization"] == "Basic b2tyOnMzY3JldA=="
        assert "s3cret" not in repr(source._client)
        source.close()


@pytest.mark.parametrize(
    ("content", "details", "words"),
    [
        (None, {}, "cannot be read: No such file or directory"),
        (b"", {}, "is empty"),
        (b" \n", {}, "is empty"),
        (b"s3cret\xff", {}, "cannot be read as UTF-8 text"),
        (b"s3cret", {"password": "$OTHER"}, "either password or passwordFile, not both"),
        (b"s3cret", {"bearer_token_file": "/t"}, "not both"),
    ],
)
def test_a_password_file_that_cannot_work_is_named_and_its_content_is_not(tmp_path, content, details, words):
    file = tmp_path / "password"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        from_declaration(
            declared(url="http://p", username="okr", password_file=str(file), **details),
            GRID,
            environment={"OTHER": "hidden"},
        )
    assert words in str(caught.value)
    assert "'metrics'" in str(caught.value)
    assert details or str(file) in str(caught.value)
    shown = "".join(traceback.format_exception(caught.value))
    assert "s3cret" not in shown
    assert "hidden" not in shown


def test_everything_that_documents_can_declare_is_known():
    assert frozenset(ConnectionDetails.model_fields) == DETAIL_KEYS


def test_credentials_in_a_url_are_moved_out_of_it():
    connection = Connection("http://maria:p%40ss@prom:9090/").checked()
    assert connection.url == "http://prom:9090"
    assert (connection.username, connection.password) == ("maria", "p@ss")
    assert "p@ss" not in repr(connection)
