import os
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import pytest

from okrbridge.application.access import AccessRules
from okrbridge.errors import ConfigurationError
from okrbridge.settings import load_settings


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("OKRBRIDGE_")]:
        monkeypatch.delenv(name)


def environment(monkeypatch: pytest.MonkeyPatch, variables: Mapping[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"OKRBRIDGE_{name}", value)


def test_without_a_word_it_listens_on_this_machine_only():
    settings = load_settings({})
    assert (settings.host, settings.port, settings.config) == ("127.0.0.1", 8080, Path("config"))
    assert (settings.grid.step, settings.ingest_delay) == (timedelta(minutes=1), timedelta(seconds=10))
    assert settings.enable_reload is False
    assert (settings.late, settings.keep_slices) == (timedelta(minutes=10), timedelta(days=30))
    assert settings.keep_hours == timedelta(days=396)
    assert (settings.keep_records, settings.keep_record_hours) == (timedelta(days=7), timedelta(days=100))


def test_writing_asks_for_a_token_unless_that_is_switched_off(monkeypatch: pytest.MonkeyPatch):
    assert load_settings({}).access == AccessRules(is_on=True, anonymous_read=True)
    environment(monkeypatch, {"AUTH": "OFF", "ANONYMOUS_READ": "false"})
    assert load_settings({}).access == AccessRules(is_on=False, anonymous_read=False)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch):
    environment(
        monkeypatch,
        {"CONFIG": "elsewhere", "PORT": "9000", "TICK_SECONDS": "15", "ENABLE_RELOAD": "true", "LOG_LEVEL": "WARNING"},
    )
    settings = load_settings({})
    assert (settings.config, settings.port, settings.enable_reload) == (Path("elsewhere"), 9000, True)
    assert settings.grid.step == timedelta(seconds=15)
    assert settings.log_level == "warning"


def test_a_setting_is_read_from_the_file_that_its_variable_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    secret = tmp_path / "database-url"
    secret.write_text("postgresql://okr:pässword@db/okr\n", encoding="utf-8")
    environment(monkeypatch, {"DATABASE_URL_FILE": str(secret)})
    assert load_settings({}).database_url == "postgresql://okr:pässword@db/okr"


def test_options_win_over_the_environment_and_the_environment_over_files(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "port"
    file.write_text("1001")
    environment(monkeypatch, {"PORT_FILE": str(file)})
    assert load_settings({}).port == 1001
    environment(monkeypatch, {"PORT": "1002"})
    assert load_settings({}).port == 1002
    assert load_settings({"port": 1003}).port == 1003


def test_an_option_that_was_not_given_leaves_the_environment_alone(monkeypatch: pytest.MonkeyPatch):
    environment(monkeypatch, {"DATABASE_URL": "sqlite:///elsewhere.db"})
    assert load_settings({"database_url": None}).database_url == "sqlite:///elsewhere.db"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("PORT", "many", "valid integer"),
        ("PORT", "65536", "less than or equal to 65535"),
        ("TICK_SECONDS", "0", "greater than or equal to 1"),
        ("TICK_SECONDS", "7", "7 does not divide an hour; write 60, 30, 15, 10"),
        ("TICK_SECONDS", "59", "59 does not divide an hour"),
        # A slice of ten minutes would outlast the shortest look-back of burn rates, five minutes.
        ("TICK_SECONDS", "600", "less than or equal to 300"),
        ("HOST", "", "must not be empty"),
        ("HOST", " ", "must not be empty"),
        ("CONFIG", "", "must not be empty"),
        ("INGEST_DELAY_SECONDS", "-1", "greater than or equal to 0"),
        ("INGEST_DELAY_SECONDS", "nan", "less than or equal to 300"),
        ("LATE_SECONDS", "-1", "greater than or equal to 0"),
        ("LATE_SECONDS", "1e9", "less than or equal to 86400"),
        ("RETENTION_RECORDS", "23h", "23h is shorter than a day; write 1d or more"),
        ("RETENTION_RECORD_HOURS", "1h", "1h is shorter than a day; write 1d or more"),
        ("RETENTION_SLICES", "long", "is not a duration"),
        ("RETENTION_SLICES", "2d", "2d is shorter than the longest burn window; write 3d or more"),
        ("RETENTION_HOURS", "13M", "months, quarters and years have no fixed length"),
        ("QUERY_TIMEOUT_SECONDS", "0", "greater than 0"),
        ("QUERY_TIMEOUT_SECONDS", "inf", "less than or equal to 600"),
        ("QUERY_CONCURRENCY", "0", "greater than or equal to 1"),
        ("METRICS_MAX_SERIES", "-1", "greater than or equal to 0"),
        ("ENABLE_RELOAD", "perhaps", "valid boolean"),
        ("AUTH", "maybe", "'on' or 'off'"),
        ("ANONYMOUS_READ", "perhaps", "valid boolean"),
        ("LOG_LEVEL", "loud", "'debug', 'info', 'warning' or 'error'"),
        ("LOG_FORMAT", "xml", "'auto', 'console' or 'json'"),
    ],
)
def test_a_value_that_cannot_work_is_refused_by_the_name_of_its_variable(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, words: str
):
    environment(monkeypatch, {name: value})
    with pytest.raises(ConfigurationError) as raised:
        load_settings({})
    assert str(raised.value).startswith(f"OKRBRIDGE_{name}: ")
    assert words in str(raised.value)
    assert "Value error" not in str(raised.value)


def test_all_values_that_cannot_work_are_told_at_once(monkeypatch: pytest.MonkeyPatch):
    environment(monkeypatch, {"PORT": "many", "TICK_SECONDS": "7"})
    with pytest.raises(ConfigurationError) as raised:
        load_settings({})
    assert [line.partition(":")[0] for line in str(raised.value).splitlines()] == [
        "OKRBRIDGE_PORT",
        "OKRBRIDGE_TICK_SECONDS",
    ]


def test_records_are_not_thinned_to_days_before_they_are_thinned_to_hours(monkeypatch: pytest.MonkeyPatch):
    environment(monkeypatch, {"RETENTION_RECORD_HOURS": "6d"})
    with pytest.raises(ConfigurationError) as raised:
        load_settings({})
    assert str(raised.value) == (
        "OKRBRIDGE_RETENTION_RECORD_HOURS, 6d, must not be shorter than OKRBRIDGE_RETENTION_RECORDS, 7d"
    )


def test_sums_of_hours_are_not_forgotten_before_their_slices(monkeypatch: pytest.MonkeyPatch):
    environment(monkeypatch, {"RETENTION_SLICES": "500d"})
    with pytest.raises(ConfigurationError) as raised:
        load_settings({})
    assert str(raised.value) == (
        "OKRBRIDGE_RETENTION_HOURS, 396d, must not be shorter than OKRBRIDGE_RETENTION_SLICES, 500d"
    )


@pytest.mark.parametrize("seconds", [1, 10, 12, 15, 30, 60, 300])
def test_slices_that_divide_an_hour_are_accepted(seconds: int):
    assert load_settings({"tick_seconds": seconds}).grid.step_seconds == seconds


def test_a_file_that_is_not_there_is_told_with_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    environment(monkeypatch, {"DATABASE_URL_FILE": str(tmp_path / "nothing")})
    with pytest.raises(ConfigurationError) as raised:
        load_settings({})
    assert str(raised.value) == f"OKRBRIDGE_DATABASE_URL_FILE={tmp_path}/nothing: No such file or directory"


def test_a_folder_in_place_of_a_file_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    environment(monkeypatch, {"PORT_FILE": str(tmp_path)})
    with pytest.raises(ConfigurationError, match=r"OKRBRIDGE_PORT_FILE=.*: Is a directory"):
        load_settings({})


def test_a_file_that_is_not_text_is_told_without_its_content(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    file = tmp_path / "secret"
    file.write_bytes(b"\xff\xfehidden")
    environment(monkeypatch, {"DATABASE_URL_FILE": str(file)})
    with pytest.raises(ConfigurationError, match=r"OKRBRIDGE_DATABASE_URL_FILE=.*UTF-8") as raised:
        load_settings({})
    assert "hidden" not in str(raised.value)


def test_a_value_that_is_refused_is_not_repeated_when_it_may_be_a_secret(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    file = tmp_path / "port"
    file.write_text("s3cret")
    environment(monkeypatch, {"PORT_FILE": str(file)})
    with pytest.raises(ConfigurationError) as raised:
        load_settings({})
    assert "s3cret" not in str(raised.value)
