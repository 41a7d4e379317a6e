import io
import json
import logging
import re
import sys
from collections.abc import Callable
from typing import Any, Literal

import pytest
import structlog

from okrbridge.observability.logs import configure_logging

HIDDEN = "s3cret-of-a-variable"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def pipe(capsys: pytest.CaptureFixture[str]) -> Callable[[], str]:
    """What was written to stderr, which is no terminal here."""
    return lambda: capsys.readouterr().err


def lines(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def test_each_event_is_one_line_of_json_where_no_terminal_is(pipe: Callable[[], str]):
    configure_logging("info")
    structlog.get_logger("okrbridge.test").info("tick", slos=3, at="two\nlines")
    [line] = lines(pipe())
    assert line.pop("timestamp").endswith("Z")
    assert line == {"event": "tick", "slos": 3, "at": "two\nlines", "level": "info", "logger": "okrbridge.test"}


def test_a_terminal_gets_readable_lines(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    configure_logging("info")
    structlog.get_logger("okrbridge.test").info("tick", slos=3)
    assert "tick" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")


@pytest.mark.parametrize(("log_format", "begin"), [("json", "{"), ("console", "20")])
def test_a_named_format_wins_over_the_kind_of_stream(
    monkeypatch: pytest.MonkeyPatch, log_format: Literal["json", "console"], begin: str
):
    monkeypatch.setattr(sys, "stderr", terminal := Terminal())
    configure_logging("info", log_format)
    structlog.get_logger("okrbridge.test").info("tick")
    assert re.sub(r"\x1b\[\d*m", "", terminal.getvalue()).startswith(begin)


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn.error", "uvicorn.access", "apscheduler.scheduler"])
def test_the_lines_of_the_libraries_have_the_same_form(pipe: Callable[[], str], name: str):
    configure_logging("info")
    logging.getLogger(name).error("%s went wrong", "something")
    [line] = lines(pipe())
    assert (line["event"], line["level"], line["logger"]) == ("something went wrong", "error", name)


def test_less_than_the_level_is_left_out(pipe: Callable[[], str]):
    configure_logging("warning")
    log = structlog.get_logger("okrbridge.test")
    log.info("not this")
    log.warning("but this")
    assert [line["event"] for line in lines(pipe())] == ["but this"]


def test_the_scheduler_does_not_tell_every_run(pipe: Callable[[], str]):
    configure_logging("info")
    logging.getLogger("apscheduler.executors.default").info("Running job")
    logging.getLogger("apscheduler.scheduler").warning("maximum number of running instances reached")
    assert pipe() == ""


def test_configured_again_it_still_tells_each_event_once(pipe: Callable[[], str]):
    configure_logging("info")
    configure_logging("info")
    structlog.get_logger("okrbridge.test").info("tick")
    assert len(lines(pipe())) == 1


def fail_with(_secret: str) -> None:
    raise RuntimeError("the database went away")


@pytest.mark.parametrize("log_format", ["json", "console"])
def test_a_traceback_says_where_but_not_what_the_variables_held(
    pipe: Callable[[], str], log_format: Literal["json", "console"]
):
    configure_logging("info", log_format)
    try:
        fail_with(HIDDEN)
    except RuntimeError:
        structlog.get_logger("okrbridge.test").exception("tick failed")
    told = pipe()
    assert "in fail_with" in told or '"name": "fail_with"' in told
    assert "the database went away" in told
    assert HIDDEN not in told


def test_a_library_s_traceback_is_one_json_line_too(pipe: Callable[[], str]):
    configure_logging("info")
    try:
        fail_with("nothing")
    except RuntimeError:
        logging.getLogger("uvicorn.error").exception("a request failed")
    [line] = lines(pipe())
    assert line["exception"][0]["exc_value"] == "the database went away"


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_token_stands_in_no_log_wherever_somebody_wrote_it(pipe: Callable[[], str], form: Literal["json", "console"]):
    token = "okrb_" + "aB3-_" * 8 + "xyz"
    configure_logging("debug", form)
    logging.getLogger("uvicorn.access").info('%s - "%s %s"', "127.0.0.1", "GET", f"/api/v1/slos?token={token}&a=1")
    structlog.get_logger("okrbridge.test").warning("refused", given=[token])
    written = pipe()

    assert "okrb_(left out)&a=1" in written
    assert token not in written
    assert written.count("okrb_(left out)") == 2
