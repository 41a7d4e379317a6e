"""``okrbridge``, run inside the test's process as the command is, in an empty folder and a clean environment."""

import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from tests.fakes.process_state import logging_restored, settings_in_environment

from okrbridge.cli import run


@dataclass(frozen=True)
class Outcome:
    """How a command ended and what it wrote."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """The result, read as JSON."""
        return orjson.loads(self.stdout)


Okrbridge = Callable[..., Outcome]


@pytest.fixture
def okrbridge(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Okrbridge]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TERMINAL_WIDTH", "200")
    for name in settings_in_environment():
        monkeypatch.delenv(name)

    def okrbridge(*arguments: object) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["okrbridge", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as left:
            run()
        written = capsys.readouterr()
        return Outcome(left.value.code or 0, written.out, written.err)  # type: ignore[arg-type]  # ours are numbers

    with logging_restored():
        yield okrbridge
