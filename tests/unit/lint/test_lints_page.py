"""The page of lints and findings tells every code there is, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from okrbridge.application.check_ins import DISCUSS
from okrbridge.application.finding_codes import FINDING_CODES
from okrbridge.domain.lint.titles import REMEDIES

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "reference" / "lints.md").read_text(encoding="utf-8")
SOURCES = [
    *(ROOT / "src" / "okrbridge" / "domain" / "lint").glob("*.py"),
    *(ROOT / "src" / "okrbridge" / "application").glob("self_diagnosis*.py"),
]


def codes_in_the_source() -> Iterator[str]:
    """First arguments of all findings that are made."""
    for file in SOURCES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.args:
                first = node.args[0]
                if node.func.id in {"LintFinding", "noticed"} and isinstance(first, ast.Constant):
                    yield str(first.value)


def test_r177_every_mistake_that_can_be_detected_is_told():
    rows = re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE)
    told = [code for row in rows for code in re.findall(r"`(\w+)`", row)]
    assert len(told) == len(set(told))
    assert set(told) == set(FINDING_CODES) == {*codes_in_the_source(), *REMEDIES, DISCUSS}
